// What is kept of each credential, and under which name. Bounded; a credential that a new configuration says in the same
// words keeps what was made of it.
import type { Material } from '../auth/material.ts'
import type { CredentialRecord, SecretSource, Snapshot } from '../catalog/snapshot.ts'
import type { Outcome } from '../ir/error.ts'
import type { Secret } from '../ir/secret.ts'
import { newFlightLog, type FlightLog } from './flight.ts'
import type { Use } from './handed-out.ts'
import type { Lease } from './keeper.ts'

/** Why a source is asked, in the words of the access audit. */
export type AccessReason = 'first' | 'expired' | 'refused' | 'rotation' | 'check' | 'operator'

/** A value that was made and may be used for a while. */
export interface Kept {
  readonly lease: Lease
  /** What a lease answers: the same object each time. */
  readonly answer: Outcome<Lease>
  /** Monotonic milliseconds until which its source need not be asked again. */
  readonly freshUntil: number
  /** Unix milliseconds from which on it is not to be used; Infinity where it has no end of its own. */
  readonly endsAt: number
  /** With less than this many milliseconds left, it is made anew in the background. */
  readonly aheadMs: number
  /** Digest of the value. */
  readonly print: string
  readonly use: Use
}

/** A failure that is remembered for a short time, so that a dead source is not hammered. */
interface Failure {
  readonly answer: Outcome<Lease>
  /** Monotonic milliseconds. */
  readonly until: number
}

/** Everything that is known of one credential. */
export interface Entry {
  readonly record: CredentialRecord
  readonly region: string | null
  kept: Kept | undefined
  failure: Failure | undefined
  /** The value that a provider refused, and that must not be taken again. */
  spent: { readonly material: Material; readonly print: string } | undefined
  /** Monotonic milliseconds of the last refusal that was acted on. */
  refusedAt: number | undefined
  readonly flights: FlightLog<Outcome<Lease>>
  /** How many questions began. */
  asked: number
  /** What comes of this question and of those before it is no longer kept: a newer answer is there, or the value changed. */
  overtaken: number
  /** Digest of the secrets that the newest value was made from; outlives it. */
  print: string | undefined
  /** Unix milliseconds; null: never yet. */
  readAt: number | null
  changedAt: number | null
  /** Our code of the last failure; null after a success. */
  problem: string | null
  /** What its environment variables held when they were last read; null: nothing. */
  readonly variables: Map<string, Secret | null>
}

export interface CredentialCache {
  /** The entry of a credential, made at its first use. */
  entry(record: CredentialRecord, region: string | null, snapshot: Snapshot): Entry
  entries(): Iterable<Entry>
}

/** More credentials than this, and the one that came first is forgotten. */
export const maxEntries = 1024

/** An empty cache. */
export function createCredentialCache(): CredentialCache {
  // By identity of the record first: within one configuration that needs no text to be made.
  const known = new WeakMap<CredentialRecord, Entry>()
  const entries = new Map<string, Entry>()

  function find(record: CredentialRecord, region: string | null, snapshot: Snapshot): Entry {
    const name = nameOf(record, region, snapshot)
    const present = entries.get(name)
    if (present !== undefined) return present
    const made = newEntry(record, region)
    entries.set(name, made)
    if (entries.size > maxEntries) dropOldest(entries)
    return made
  }

  return {
    entry(record, region, snapshot) {
      const present = known.get(record)
      if (present !== undefined) return present
      if (dependsOnRegion(record)) return find(record, region, snapshot)
      const entry = find(record, null, snapshot)
      known.set(record, entry)
      return entry
    },
    entries: () => entries.values(),
  }
}

function newEntry(record: CredentialRecord, region: string | null): Entry {
  return {
    record,
    region,
    kept: undefined,
    failure: undefined,
    spent: undefined,
    refusedAt: undefined,
    flights: newFlightLog(),
    asked: 0,
    overtaken: 0,
    print: undefined,
    readAt: null,
    changedAt: null,
    problem: null,
    variables: new Map(),
  }
}

// Not one that somebody is waiting for.
function dropOldest(entries: Map<string, Entry>): void {
  for (const [name, entry] of entries)
    if (entry.flights.current === undefined) {
      entries.delete(name)
      return
    }
}

// A workload's role is taken at the token service of the region that it works in.
function dependsOnRegion({ recipe }: CredentialRecord): boolean {
  return recipe.type === 'aws' && recipe.keys.from === 'web_identity'
}

/** Whether the machine itself gives it out: its services do not tell a role that was taken away from one that they cannot say. */
export function isOfMachine({ recipe }: CredentialRecord): boolean {
  if (recipe.type === 'aws') return recipe.keys.from === 'instance_profile'
  return recipe.type === 'azure' && (recipe.access.by === 'managed_identity' || recipe.access.by === 'environment')
}

// The record holds names and no values, so its text can be a name. A key that stands in the file is a function in it.
function nameOf(record: CredentialRecord, region: string | null, snapshot: Snapshot): string {
  const reader = sourcesOf(record).map((source) =>
    source.source === 'aws_secrets' && source.credential !== null ? snapshot.credentials.get(source.credential) : null,
  )
  return JSON.stringify([record, region, reader])
}

/** Where a credential's secrets are kept. */
export function sourcesOf({ recipe }: CredentialRecord): readonly SecretSource[] {
  switch (recipe.type) {
    case 'api_key':
    case 'google_service_account':
      return [recipe.secret]
    case 'aws':
      return recipe.keys.from === 'secret' ? [recipe.keys.secret] : []
    case 'azure':
      return recipe.access.by === 'key'
        ? [recipe.access.secret]
        : recipe.access.by === 'client_credentials'
          ? [recipe.access.clientSecret]
          : []
    case 'oauth':
      return recipe.clientSecret === null ? [recipe.refresh] : [recipe.refresh, recipe.clientSecret]
    case 'codex_oauth':
    case 'claude_code_oauth':
      return []
  }
}

/** Whether a value may be used without asking its source. */
export function isFresh(kept: Kept, mono: number, now: number): boolean {
  return mono < kept.freshUntil && now < kept.endsAt
}

/** Whether it is time to make the next one while this one still serves. */
export function isNearItsEnd({ kept }: Entry, mono: number, now: number): boolean {
  return kept !== undefined && Math.min(kept.freshUntil - mono, kept.endsAt - now) < kept.aheadMs
}
