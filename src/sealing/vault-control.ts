// The vault as an operator has it: names and dates, never a value.
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { Secret } from '../ir/secret.ts'
import type { Clock, VaultRecord } from '../ports/index.ts'
import { seal, type WrappingKey } from './envelope.ts'
import { openRecord, placeOf, wrappingKeys, writeSealed, type VaultAccess } from './vault.ts'

/** The vault of this gateway. Every call rejects with the store's own error where the store fails. */
export interface VaultControl {
  /** Names with their dates and key ids; never a value. */
  list(): Promise<readonly VaultEntry[]>
  /** Seals and stores; returns the version. Fails with `not_configured` where there is no key to seal with. */
  set(name: string, value: Secret): Promise<Outcome<number>>
  remove(name: string): Promise<boolean>
  /** Seals everything anew under the first key of the ring. May be stopped and started again. */
  rewrap(): Promise<Outcome<Rewrapped>>
}

export interface VaultEntry {
  readonly name: string
  readonly keyId: string
  readonly version: number
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Whether a key of this gateway opens it. */
  readonly opens: boolean
}

export interface Rewrapped {
  readonly rewrapped: number
  /** Those that were under the first key already. */
  readonly kept: number
  /** Names of those that no key opens; they were left as they are. */
  readonly unopened: readonly string[]
  /** Names of keys that nothing in the vault needs any more. */
  readonly unusedKeys: readonly string[]
}

/** Records of the vault that no key of the ring opens. */
export interface UnopenedRecords {
  readonly keyId: string
  readonly count: number
}

// Somebody who writes to one entry faster than it can be sealed is not waited for.
const maxAttempts = 5

/** The vault over its store; asks for nothing before it is used. */
export function createVaultControl(access: VaultAccess & { readonly clock: Pick<Clock, 'now'> }): VaultControl {
  const store = () => access.stores.vault
  return {
    async list() {
      const keys = await wrappingKeys(access.secrets)
      const records = await store().list()
      return Promise.all(records.map((record) => entryOf(record, keys.ok ? keys.value : [])))
    },
    set: (name, value) => writeSealed(access, name, value, null),
    remove: (name) => store().remove(name),
    async rewrap() {
      const keys = await wrappingKeys(access.secrets)
      if (!keys.ok) return keys
      return rewrapAll(access, keys.value)
    },
  }
}

/** How many records of the vault the ring does not open, by the key they name. Rejects where the store fails. */
export async function unopenedRecords(access: VaultAccess): Promise<readonly UnopenedRecords[]> {
  const records = await access.stores.vault.list()
  if (records.length === 0) return []
  const keys = await wrappingKeys(access.secrets)
  const counts = new Map<string, number>()
  for (const record of records) {
    if (keys.ok && (await openRecord(keys.value, record)) !== undefined) continue
    counts.set(record.keyId, (counts.get(record.keyId) ?? 0) + 1)
  }
  return [...counts].map(([keyId, count]) => ({ keyId, count }))
}

async function entryOf(record: VaultRecord, keys: readonly WrappingKey[]): Promise<VaultEntry> {
  const { name, keyId, version, createdAt, updatedAt } = record
  const opened = await openRecord(keys, record)
  return { name, keyId, version, createdAt, updatedAt, opens: opened !== undefined }
}

type Rewrapping = VaultAccess & { readonly clock: Pick<Clock, 'now'> }

/**
 * One record after the other, each in one step of the store: whoever is killed in between leaves every record whole, under
 * the old key or the new one, and the next run goes on with what is left.
 */
async function rewrapAll(access: Rewrapping, keys: readonly WrappingKey[]): Promise<Outcome<Rewrapped>> {
  const [first] = keys
  if (first === undefined) return failed('not_configured')
  const unopened: string[] = []
  const stillNeeded = new Set([first.id])
  let rewrapped = 0
  let kept = 0
  for (const record of await access.stores.vault.list()) {
    const result = await rewrapOne(access, keys, first, record)
    if (result === 'rewrapped') rewrapped += 1
    if (result === 'kept') kept += 1
    if (result === 'busy') return failed('conflict', { message: `${record.name} is being changed: run it again` })
    if (result !== 'unopened') continue
    unopened.push(record.name)
    stillNeeded.add(record.keyId)
  }
  const unusedKeys = keys.map(({ id }) => id).filter((id) => !stillNeeded.has(id))
  return ok({ rewrapped, kept, unopened, unusedKeys })
}

async function rewrapOne(
  access: Rewrapping,
  keys: readonly WrappingKey[],
  first: WrappingKey,
  listed: VaultRecord,
): Promise<'rewrapped' | 'kept' | 'unopened' | 'gone' | 'busy'> {
  let record: VaultRecord | undefined = listed
  for (let attempt = 0; attempt < maxAttempts; attempt++) {
    if (record === undefined) return 'gone'
    const opened = await openRecord(keys, record)
    if (opened === undefined) return 'unopened'
    // The name alone is not enough: a key without a name has one by its position.
    if (opened.keyId === first.id && record.keyId === first.id) return 'kept'
    const { name, version } = record
    const sealed = await seal(first, placeOf(name), opened.value)
    const put = await access.stores.vault.put({ name, sealed, keyId: first.id }, version, access.clock.now())
    if (put.ok) return 'rewrapped'
    record = await access.stores.vault.get(name)
  }
  return 'busy'
}
