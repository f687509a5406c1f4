// What differs between two configurations, by the names of the file: for answers and logs. Never a value.
import { canonicalJson } from '../catalog/digest.ts'
import type { SecretOverrides } from '../catalog/documents.ts'
import type { Account, Snapshot } from '../catalog/snapshot.ts'
import { isSameCredential } from '../credentials/same-credential.ts'

/** A configuration with the values that come before the environment's. */
export interface Configured {
  readonly snapshot: Snapshot
  readonly secrets: SecretOverrides
}

type Reader = (snapshot: Snapshot) => ReadonlyMap<string, unknown>

/** Every member of a snapshot, by the section of the file that it comes from; null: it follows from others. */
const sections: Readonly<Record<keyof Snapshot, readonly [name: string, read: Reader] | null>> = {
  revision: null,
  server: ['server', whole((snapshot) => snapshot.server)],
  keys: ['keys', (snapshot) => byId(snapshot.keys)],
  credentials: ['credentials', (snapshot) => snapshot.credentials],
  providers: ['providers', (snapshot) => snapshot.providers],
  models: ['models', (snapshot) => snapshot.models],
  routes: ['routes', (snapshot) => snapshot.routes],
  // Their order counts, and belongs to no single name.
  globRoutes: ['routes', whole((snapshot) => snapshot.globRoutes.map((route) => route.name))],
  policy: ['policy', whole((snapshot) => snapshot.policy)],
  clientProfiles: ['client_profiles', (snapshot) => byId(snapshot.clientProfiles)],
  egress: ['egress', egressOf],
  storage: ['storage', whole((snapshot) => [snapshot.storage, snapshot.reasoningState])],
  reasoningState: null,
  coordination: ['coordination', whole((snapshot) => snapshot.coordination)],
  observability: ['observability', whole((snapshot) => snapshot.observability)],
  mcpTiers: ['mcp', whole((snapshot) => snapshot.mcpTiers)],
  benchmark: ['benchmark', whole((snapshot) => snapshot.benchmark)],
}

/**
 * The names of what was added, removed or changed: `routes.fast`, `keys.ci`, `server`, `secrets.OPENAI_API_KEY`. Empty
 * where both mean the same.
 */
export function changesBetween(before: Configured, after: Configured): readonly string[] {
  const changed = Object.values(sections).flatMap((section) => {
    if (section === null) return []
    const [name, read] = section
    return differing(read(before.snapshot), read(after.snapshot)).map((key) => (key === '' ? name : `${name}.${key}`))
  })
  const secrets = [...new Set([...before.secrets.names(), ...after.secrets.names()])]
    .filter((name) => before.secrets.get(name) !== after.secrets.get(name))
    .map((name) => `secrets.${name}`)
  return [...changed, ...secrets]
}

/** A section without names: one entry without one. */
function whole(read: (snapshot: Snapshot) => unknown): Reader {
  return (snapshot) => new Map([['', read(snapshot)]])
}

function byId<T extends { readonly id: string }>(records: readonly T[]): ReadonlyMap<string, T> {
  return new Map(records.map((record) => [record.id, record]))
}

function egressOf({ egress }: Snapshot): ReadonlyMap<string, unknown> {
  const { proxies, ...settings } = egress
  return new Map<string, unknown>([...proxies, ['', settings]])
}

function differing(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): readonly string[] {
  const names = new Set([...before.keys(), ...after.keys()])
  return [...names].filter((name) => {
    const [left, right] = [before.get(name), after.get(name)]
    return left !== right && (canonicalJson(left) !== canonicalJson(right) || !isSameKey(left, right))
  })
}

// A key that stands in the file is a function in its record, so the text of the record does not tell.
function isSameKey(left: unknown, right: unknown): boolean {
  const [before, after] = [accountsOf(left), accountsOf(right)]
  return before.every((account, at) => isSameCredential(account.credential, after[at]?.credential ?? null))
}

function accountsOf(record: unknown): readonly Account[] {
  if (typeof record !== 'object' || record === null || !('accounts' in record)) return []
  return Array.isArray(record.accounts) && record.accounts.every(isAccount) ? record.accounts : []
}

function isAccount(value: unknown): value is Account {
  return typeof value === 'object' && value !== null && 'credential' in value
}
