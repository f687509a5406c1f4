// `vault export` and `vault import`: a vault on its way between machines, encrypted with age, and records of LLM-switcher.
import process from 'node:process'
import { Secret } from '../../src/ir/secret.ts'
import { legacyKey, openLegacy } from '../../src/sealing/legacy.ts'
import { readSealed, readSealedVersion, writeSealed } from '../../src/sealing/vault.ts'
import { CommandFailure, usageFailure } from '../cli/failure.ts'
import { note } from '../cli/terminal.ts'
import { systemClock } from '../clock.ts'
import { OwnerFileRefused, readOwnerFile } from '../owner-file.ts'
import { decryptAge, encryptAge, identitiesIn } from './age-file.ts'
import { checkedEntry, haveSameValue, readDump, readRecords, writeDump } from './dump.ts'
import type { OpenVault } from './open-vault.ts'
import { readInputBytes } from './standard-input.ts'

export interface ExportFlags {
  readonly age: readonly string[]
  readonly passphraseEnv: string | undefined
  readonly force: boolean
}

/** The vault as an age file, with the number of entries in it. Throws `CommandFailure`. */
export async function exportVault(
  vault: OpenVault,
  flags: ExportFlags,
): Promise<{ readonly text: string; readonly entries: number }> {
  const passphrase = passphraseOf(flags.passphraseEnv)
  if (flags.age.length === 0 && passphrase === undefined)
    throw usageFailure(
      'missing_flag',
      'name who may open it: --age RECIPIENT (age1…), or --passphrase-env NAME',
      '--age',
    )
  if (flags.age.length > 0 && passphrase !== undefined)
    throw usageFailure('conflicting_flags', 'an age file has recipients or a passphrase, not both', '--passphrase-env')
  const entries: Secret[] = []
  const unopened: string[] = []
  for (const { name } of await vault.stores.vault.list()) {
    const read = await readSealed(vault, name)
    vault.checkKeys()
    if (read.ok) entries.push(read.value)
    else if (flags.force) unopened.push(name)
    else throw new CommandFailure(read.error.code, `${read.error.message} (--force leaves such entries out)`)
  }
  if (unopened.length > 0) note(`warning: left out, as no key opens them: ${unopened.join(', ')}`)
  const text = await encryptAge(writeDump(entries, new Date()), { recipients: flags.age, passphrase })
  const at = systemClock.now()
  await vault.stores.ledger.appendAccesses(
    entries.map(({ name }) => ({
      at,
      credential: name,
      source: 'sealed',
      reason: 'operator',
      outcome: 'ok',
      durationMs: 0,
    })),
  )
  return { text, entries: entries.length }
}

export interface ImportFlags {
  readonly format: 'age' | 'ls'
  /** The path of a file of identities. */
  readonly age: string | undefined
  readonly passphraseEnv: string | undefined
  readonly force: boolean
}

export interface Imported {
  readonly added: number
  readonly replaced: number
  /** Those that were there with the same value. */
  readonly same: number
  /** Those that were there with another value, and stay. */
  readonly skipped: readonly string[]
}

/** Merges what is on standard input into the vault. Throws `CommandFailure`; nothing is written before all of it is read. */
export async function importVault(vault: OpenVault, flags: ImportFlags): Promise<Imported> {
  const entries = flags.format === 'ls' ? await legacyEntries() : await ageEntries(flags)
  const counts = { added: 0, replaced: 0, same: 0 }
  const skipped: string[] = []
  for (const entry of entries) {
    const result = await merge(vault, entry, flags.force)
    if (result === 'skipped') skipped.push(entry.name)
    else counts[result] += 1
  }
  return { ...counts, skipped }
}

async function merge(
  vault: OpenVault,
  entry: Secret,
  force: boolean,
): Promise<'added' | 'replaced' | 'same' | 'skipped'> {
  const record = await vault.stores.vault.get(entry.name)
  if (record !== undefined) {
    const present = await readSealedVersion(vault, entry.name)
    if (present.ok && haveSameValue(present.value.value, entry)) return 'same'
    if (!force) return 'skipped'
  }
  const written = await writeSealed({ ...vault, clock: systemClock }, entry.name, entry, record?.version ?? 0)
  vault.checkKeys()
  if (!written.ok) throw new CommandFailure(written.error.code, written.error.message)
  return record === undefined ? 'added' : 'replaced'
}

async function ageEntries(flags: ImportFlags): Promise<readonly Secret[]> {
  const passphrase = passphraseOf(flags.passphraseEnv)
  if (flags.age === undefined && passphrase === undefined)
    throw usageFailure('missing_flag', 'name what opens it: --age IDENTITY_FILE, or --passphrase-env NAME', '--age')
  const identities = flags.age === undefined ? [] : identitiesIn(readIdentities(flags.age))
  return readDump(await decryptAge(await readInputBytes(), { identities, passphrase }))
}

const maxIdentityBytes = 64 * 1024

function readIdentities(path: string): string {
  try {
    const text = readOwnerFile(path, maxIdentityBytes)
    if (text !== undefined) return text
  } catch (cause) {
    if (cause instanceof OwnerFileRefused) throw new CommandFailure('identity_refused', cause.message, { exit: 78 })
    throw cause
  }
  throw usageFailure('invalid_flag', `--age: there is no file ${path}`, '--age')
}

async function legacyEntries(): Promise<readonly Secret[]> {
  const key = await legacyKey({ kmsKey: variable('ROUTER_KMS_KEY'), adminKey: variable('ROUTER_ADMIN_KEY') })
  if (!key.ok) throw usageFailure(key.error.code, key.error.message)
  const entries: Secret[] = []
  const records = readRecords((await readInputBytes()).toString('utf8'))
  for (const [name, record] of records) {
    const value = await openLegacy(key.value, name, record)
    if (value === undefined)
      throw new CommandFailure('record_not_opened', `${name} does not open with this key: nothing was imported`)
    entries.push(checkedEntry(name, value))
  }
  return entries
}

function variable(name: string): Secret | undefined {
  const value = process.env[name]
  return value === undefined ? undefined : new Secret(name, value)
}

function passphraseOf(name: string | undefined): string | undefined {
  if (name === undefined) return undefined
  const value = process.env[name]
  if (value !== undefined && value !== '') return value
  throw usageFailure(
    'invalid_flag',
    `--passphrase-env: the environment variable ${name} is not set`,
    '--passphrase-env',
  )
}
