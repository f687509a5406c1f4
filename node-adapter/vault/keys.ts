// `vault init`, `vault keygen` and `vault retire`: the keys of this machine, by name. No verb shows one but `--print`.
import { randomBytes } from 'node:crypto'
import process from 'node:process'
import { Secret } from '../../src/ir/secret.ts'
import { keyFromAdminSecret } from '../../src/sealing/legacy.ts'
import { isKeyId, keyLength, keyringName, keyringOf } from '../../src/sealing/keyring.ts'
import { openRecord, wrappingKeys } from '../../src/sealing/vault.ts'
import { CommandFailure, exitCodes, usageFailure } from '../cli/failure.ts'
import { note, write } from '../cli/terminal.ts'
import { addKey, dateId, initKeys, KeyFileRefused, keyFilePath, removeKey, type KeyPlace } from '../key-file.ts'
import type { OpenVault } from './open-vault.ts'

/** Where the keys are after this call; makes the first one where there is none. Throws `CommandFailure`. */
export function initVaultKeys(wantsKeychain: boolean): KeyPlace {
  const given = keysOfEnvironment()
  if (given !== undefined) return given
  const wanted = wantsKeychain || process.env['SIGNALBOX_KEYCHAIN'] === '1'
  const keys = refusedAsFailure(() => initKeys(keyFilePath(), { wantsKeychain: wanted }))
  if (keys.note !== undefined) note(keys.note)
  return keys
}

export interface KeygenFlags {
  readonly print: boolean
  readonly id: string | undefined
  /** The variable that holds an administrator's secret, to make the key from. */
  readonly fromEnv: string | undefined
  /** In hex; absent: a fresh one. */
  readonly salt: string | undefined
}

/** A new key in front of the ring. Throws `CommandFailure`. */
export async function generateKey(flags: KeygenFlags): Promise<KeyPlace | undefined> {
  if (flags.id !== undefined && !isKeyId(flags.id))
    throw usageFailure('invalid_flag', '--id: up to 64 letters, digits and . _ -', '--id')
  const key = flags.fromEnv === undefined ? { bytes: randomBytes(keyLength) } : await derivedKey(flags)
  const named = { ...key, ...(flags.id !== undefined && { id: flags.id }) }
  if (flags.print) return printKey(named)
  if (keysOfEnvironment() !== undefined)
    throw new CommandFailure(
      'keys_are_given',
      `${keyringName} is set and comes before the keys of this machine: run it with --print, and put the new key in front`,
    )
  return refusedAsFailure(() => addKey(keyFilePath(), named, { now: new Date() }))
}

interface NewKey {
  readonly id?: string
  readonly bytes: Uint8Array
}

async function derivedKey({ fromEnv = '', id, salt }: KeygenFlags): Promise<NewKey> {
  const value = process.env[fromEnv] ?? ''
  if (value === '')
    throw usageFailure('invalid_flag', `--from-env: the environment variable ${fromEnv} is not set`, '--from-env')
  // The salt is kept as the key's name.
  if (id !== undefined) throw usageFailure('conflicting_flags', '--id cannot be combined with --from-env', '--id')
  if (salt !== undefined && !/^(?:[\da-f]{2}){16,29}$/i.test(salt))
    throw usageFailure('invalid_flag', '--salt: 16 to 29 bytes in hex', '--salt')
  const bytes = salt === undefined ? randomBytes(16) : Buffer.from(salt, 'hex')
  const key = await keyFromAdminSecret(new Secret(fromEnv, value), bytes)
  if (!key.ok) throw usageFailure('invalid_flag', `--from-env: ${key.error.message}`, '--from-env')
  return key.value
}

async function printKey({ id, bytes }: NewKey): Promise<undefined> {
  note(
    `warning: the next line is the key itself. Pipe it (| wrangler secret put ${keyringName}); where there are keys ` +
      'already, put it in front of them with a comma',
  )
  await write(process.stdout, `${id ?? dateId(new Date(), [])}:${Buffer.from(bytes).toString('base64')}\n`)
  return undefined
}

/** Takes a key out of the ring of this machine, unless an entry of the vault still needs it. Throws `CommandFailure`. */
export async function retireKey(vault: OpenVault, id: string): Promise<KeyPlace> {
  if (keysOfEnvironment() !== undefined)
    throw new CommandFailure('keys_are_given', `${keyringName} is set: take the key out of it yourself`)
  const keys = await wrappingKeys(vault.secrets)
  vault.checkKeys()
  if (!keys.ok) throw new CommandFailure(keys.error.code, keys.error.message)
  const doomed = keys.value.filter((key) => key.id === id)
  if (doomed.length === 0)
    throw usageFailure(
      'unknown_key',
      `no key ${JSON.stringify(id)}, known: ${keys.value.map((key) => key.id).join(', ')}`,
    )
  let needed = 0
  for (const record of await vault.stores.vault.list())
    if (record.keyId === id || (await openRecord(doomed, record)) !== undefined) needed += 1
  if (needed > 0)
    throw new CommandFailure(
      'key_in_use',
      `${needed} entries of the vault are sealed with ${id}. ${
        keys.value[0]?.id === id ? 'It is the key that seals. Run: signalbox vault keygen, and then' : 'Run:'
      } signalbox vault rewrap`,
      { exit: exitCodes.refused },
    )
  return refusedAsFailure(() => removeKey(keyFilePath(), id))
}

function keysOfEnvironment(): KeyPlace | undefined {
  const reading = keyringOf({ get: (name) => process.env[name] })
  if (reading === undefined) return undefined
  if (!reading.ok) throw new CommandFailure('keys_not_usable', `${keyringName}: ${reading.problem}`, { exit: 78 })
  return { place: `environment ${keyringName}`, ids: reading.keys.map(({ id }) => id), made: false }
}

function refusedAsFailure<T>(call: () => T): T {
  try {
    return call()
  } catch (cause) {
    if (cause instanceof KeyFileRefused)
      throw new CommandFailure('key_file_refused', cause.message, { exit: exitCodes.refused, cause })
    throw cause
  }
}
