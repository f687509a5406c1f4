// Reading and writing single entries of the vault. Nothing is kept in memory here but the wrapping keys.
import { failed, ok, type GatewayError, type Outcome } from '../ir/error.ts'
import { Secret } from '../ir/secret.ts'
import type { Clock, Secrets, VaultRecord, VaultStore } from '../ports/index.ts'
import { keyIdOf, open, seal, wrappingKey, type Opened, type SealedPlace, type WrappingKey } from './envelope.ts'
import { keyringName, keyringOf, keyringProblem } from './keyring.ts'

/** What the vault needs: the keys, and where the records are. */
export interface VaultAccess {
  readonly secrets: Secrets
  readonly stores: { readonly vault: VaultStore }
}

/** A value with the version that `writeSealed` wants to hear again. */
export interface VersionedSecret {
  readonly value: Secret
  readonly version: number
}

/** The longest value of an entry, in bytes of UTF-8: ten times a service account's JSON. */
export const maxVaultValueBytes = 65_536

/** The longest name of an entry, in characters. */
export const maxVaultNameLength = 128

/**
 * The value of an entry. Fails with `missing_credential` where it is not there or no key opens it, with `not_configured`
 * where there is no usable `SIGNALBOX_KEK`, with `store_unavailable` where the store fails. All of them let a caller go on
 * to its next target; no message holds any part of a value.
 */
export async function readSealed(access: VaultAccess, name: string): Promise<Outcome<Secret>> {
  const read = await readSealedVersion(access, name)
  return read.ok ? ok(read.value.value) : read
}

/** `readSealed` with the entry's version, for a later `writeSealed` on top of it. Fails as `readSealed`. */
export async function readSealedVersion(access: VaultAccess, name: string): Promise<Outcome<VersionedSecret>> {
  const keys = await wrappingKeys(access.secrets)
  if (!keys.ok) return keys
  const found = await fromStore(() => access.stores.vault.get(name))
  if (!found.ok) return found
  const record = found.value
  if (record === undefined) return unreadable(`the vault has no entry ${name}: signalbox vault set ${name}`)
  const opened = await openRecord(keys.value, record)
  if (opened === undefined) return unreadable(unopened(record, keys.value))
  return ok({ value: new Secret(name, opened.value), version: record.version })
}

/**
 * Seals a value and stores it on top of version `expectedVersion` (0: it must not be there; null: whatever is there).
 * Returns the new version. Fails with `conflict` where somebody wrote in between, with `not_configured` and
 * `store_unavailable` as `readSealed`, with `invalid_value` for a name or a value that the vault does not take.
 * On KV two who write at once may both succeed, and the last one stays (`VaultStore.exclusive` says so).
 */
export async function writeSealed(
  access: VaultAccess & { readonly clock: Pick<Clock, 'now'> },
  name: string,
  value: Secret,
  expectedVersion: number | null,
): Promise<Outcome<number>> {
  const problem = vaultNameProblem(name) ?? vaultValueProblem(value)
  if (problem !== undefined) return failed('invalid_value', { message: problem.message, param: problem.param })
  const keys = await wrappingKeys(access.secrets)
  if (!keys.ok) return keys
  const [key] = keys.value
  if (key === undefined) return notConfigured()
  const sealed = await seal(key, placeOf(name), value.reveal())
  const put = await fromStore(() =>
    access.stores.vault.put({ name, sealed, keyId: key.id }, expectedVersion, access.clock.now()),
  )
  if (!put.ok) return put
  if (put.value.ok) return ok(put.value.version)
  return failed('conflict', { message: `the vault entry ${name} was changed by somebody else: read it again` })
}

interface InputProblem {
  readonly message: string
  readonly param: 'name' | 'value'
}

/** Why a name cannot be one of an entry. */
export function vaultNameProblem(name: string): InputProblem | undefined {
  if (/^[\w.:@/-]{1,128}$/.test(name)) return undefined
  const message = `a vault name is 1 to ${maxVaultNameLength} letters, digits and . : @ / _ -`
  return { message, param: 'name' }
}

/** Why a value is not taken. */
export function vaultValueProblem(value: Secret): InputProblem | undefined {
  if (value.isEmpty) return { message: 'the value is empty', param: 'value' }
  // What cannot be written as UTF-8 would come back as something else.
  if (!value.reveal().isWellFormed()) return { message: 'the value is not text', param: 'value' }
  const length = new TextEncoder().encode(value.reveal()).length
  if (length <= maxVaultValueBytes) return undefined
  return { message: `the value is longer than ${maxVaultValueBytes} bytes`, param: 'value' }
}

/** The value of a record; undefined where no key of these opens it, or where it says another key than it was sealed with. */
export async function openRecord(keys: readonly WrappingKey[], record: VaultRecord): Promise<Opened | undefined> {
  if (keyIdOf(record.sealed) !== record.keyId) return undefined
  return open(keys, placeOf(record.name), record.sealed)
}

/** What an entry is bound to. */
export function placeOf(name: string): SealedPlace {
  // One gateway is one tenant so far; the place for it is in the form already.
  return { tenant: 'default', table: 'vault', record: name, field: 'value' }
}

interface DerivedRing {
  readonly text: string | undefined
  readonly keys: readonly WrappingKey[]
}

// The finished keys by the secrets they came from, never a promise: on Workers one request may not wait for another's.
const derivedRings = new WeakMap<Secrets, DerivedRing>()

/** The wrapping keys of the ring, the one that seals first. Fails with `not_configured`. */
export async function wrappingKeys(secrets: Secrets): Promise<Outcome<readonly WrappingKey[]>> {
  const text = secrets.get(keyringName)
  const known = derivedRings.get(secrets)
  if (known !== undefined && known.text === text) return ok(known.keys)
  const reading = keyringOf(secrets)
  if (reading === undefined) return notConfigured()
  if (!reading.ok) return notConfigured(keyringProblem(secrets))
  const keys = await Promise.all(reading.keys.map(wrappingKey))
  derivedRings.set(secrets, { text, keys })
  return ok(keys)
}

function notConfigured(problem?: string): { ok: false; error: GatewayError } {
  const message = problem ?? `the vault has no key: set ${keyringName}, or run: signalbox vault init`
  return failed('not_configured', { message, retry: 'next' })
}

function unreadable(message: string): { ok: false; error: GatewayError } {
  return failed('missing_credential', { message })
}

function unopened({ name, keyId }: VaultRecord, keys: readonly WrappingKey[]): string {
  return keys.some((key) => key.id === keyId)
    ? `the vault entry ${name} was changed outside of the vault, or its key ${keyId} is not the one it was sealed with`
    : `the vault entry ${name} is sealed with key ${keyId}, which ${keyringName} does not hold: put it back behind the first`
}

async function fromStore<T>(call: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return ok(await call())
  } catch (cause) {
    return failed('store_unavailable', { message: 'the vault cannot be reached', retry: 'next', cause })
  }
}
