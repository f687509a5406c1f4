// Which key was sent, and whose it is. Knows three headers, one query parameter and one rule: exactly one credential.
import type { KeyRecord, Role, Snapshot } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import type { Clock, Secrets } from '../ports/index.ts'
import { createSecretDigester, sameDigest } from './constant-time.ts'
import type { Principal } from './principal.ts'

/** Where the gateway listens, as far as it decides who may come in without a key. */
export type Surface =
  /** Reached from this machine only. */
  | 'loopback'
  /** Bound to an address that others can reach. */
  | 'network'
  /** A Worker: never local. */
  | 'edge'

export interface Authenticator {
  /** The caller, or a refusal as `GatewayError`. One message for a missing, unknown, expired and revoked key. */
  authenticate(headers: Headers, snapshot: Snapshot, queryKey?: string): Promise<Principal>
}

interface AuthenticatorOptions {
  readonly secrets: Secrets
  readonly clock: Clock
  readonly surface: Surface
  /** The run file's token: admin, for the command line of this machine. */
  readonly adminToken: string | undefined
}

/** Static keys shorter than this are refused at the start. */
export const minKeyLength = 24
const cacheSize = 10_000

interface KeyTable {
  readonly entries: readonly { readonly record: KeyRecord; readonly digest: Uint8Array }[]
  /** Tokens that were verified against this snapshot; never outlives it, so a reload revokes at once. */
  readonly verified: Map<string, KeyRecord>
}

const openPrincipal: Principal = { keyId: null, roles: new Set<Role>(['client', 'agent']), tenant: null }
const openAdminPrincipal: Principal = { keyId: null, roles: new Set<Role>(['client', 'agent', 'admin']), tenant: null }
const localAdmin: Principal = { keyId: null, roles: new Set<Role>(['admin']), tenant: null }

/** Builds the authenticator of one gateway; keys come from the environment by the names the snapshot gives. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const digester = createSecretDigester()
  // Finished tables only: on Workers one request may not wait for a promise of another.
  const tables = new WeakMap<Snapshot, KeyTable>()
  let adminDigest: Uint8Array | undefined

  async function tableOf(snapshot: Snapshot): Promise<KeyTable> {
    const known = tables.get(snapshot)
    if (known !== undefined) return known
    const made = await buildTable(snapshot, options.secrets, digester.digest)
    tables.set(snapshot, made)
    return made
  }

  async function isAdminToken(token: string): Promise<boolean> {
    if (options.adminToken === undefined) return false
    adminDigest ??= await digester.digest(options.adminToken)
    return sameDigest(adminDigest, await digester.digest(token))
  }

  return {
    async authenticate(headers, snapshot, queryKey) {
      const token = credentialOf(headers, queryKey)
      const open = openAs(snapshot, options.surface)
      if (open !== undefined) return token !== undefined && (await isAdminToken(token)) ? localAdmin : open
      if (snapshot.keys.length === 0 && options.adminToken === undefined) throw new GatewayError('not_configured')
      if (token === undefined) throw new GatewayError('invalid_api_key')
      const table = await tableOf(snapshot)
      const record = table.verified.get(token) ?? (await find(table, token, digester.digest))
      if (record === undefined) {
        if (await isAdminToken(token)) return localAdmin
        if (snapshot.keys.length === 0 && options.surface === 'edge') throw new GatewayError('not_configured')
        throw new GatewayError('invalid_api_key')
      }
      if (record.revoked || (record.expiresAt !== null && record.expiresAt <= options.clock.now()))
        throw new GatewayError('invalid_api_key')
      return { keyId: record.id, roles: new Set(record.roles), tenant: record.tenant }
    },
  }
}

/** The principal of a caller without a key, where the configuration lets such a caller in. */
function openAs(snapshot: Snapshot, surface: Surface): Principal | undefined {
  const { allowUnauthenticated, allowOpenAdmin } = snapshot.server
  const hasKeys = snapshot.keys.length > 0
  if (surface === 'loopback' && allowUnauthenticated !== false && (!hasKeys || allowUnauthenticated === true))
    return openPrincipal
  // The loud opt-in: a bind that others can reach, without keys.
  if (surface === 'network' && !hasKeys && allowOpenAdmin && allowUnauthenticated !== false) return openAdminPrincipal
  return undefined
}

async function buildTable(
  snapshot: Snapshot,
  secrets: Secrets,
  digest: (secret: string) => Promise<Uint8Array>,
): Promise<KeyTable> {
  const entries: { record: KeyRecord; digest: Uint8Array }[] = []
  for (const record of snapshot.keys) {
    const value = secrets.get(record.env)
    if (value !== undefined && value.length >= minKeyLength) entries.push({ record, digest: await digest(value) })
  }
  return { entries, verified: new Map() }
}

async function find(
  table: KeyTable,
  token: string,
  digest: (secret: string) => Promise<Uint8Array>,
): Promise<KeyRecord | undefined> {
  const given = await digest(token)
  let found: KeyRecord | undefined
  // Every key is compared, so that the time does not tell which one came close.
  for (const entry of table.entries) if (sameDigest(entry.digest, given)) found = entry.record
  if (found !== undefined) {
    if (table.verified.size >= cacheSize) table.verified.clear()
    table.verified.set(token, found)
  }
  return found
}

/** The one credential of a request. Throws `ambiguous_credentials` where two differ. */
function credentialOf(headers: Headers, queryKey: string | undefined): string | undefined {
  const found = new Set<string>(queryKey === undefined ? [] : [queryKey.trim()])
  const authorization = headers.get('authorization')
  if (authorization !== null) {
    const bearer = /^bearer +([^\s,]+)$/i.exec(authorization.trim())
    // Two headers arrive joined by a comma: refused rather than guessed at.
    if (bearer?.[1] === undefined && authorization.includes(',')) throw new GatewayError('ambiguous_credentials')
    found.add(bearer?.[1] ?? '')
  }
  for (const name of ['x-api-key', 'x-goog-api-key']) {
    const value = headers.get(name)
    if (value !== null) found.add(value.trim())
  }
  if (found.size > 1) throw new GatewayError('ambiguous_credentials')
  const [only] = found
  return only === undefined || only === '' ? undefined : only
}
