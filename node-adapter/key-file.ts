// The keys that seal, for a gateway of this machine that was given none: made once, kept in an owner-only file of this
// user, apart from the databases, so that a copy of one opens nothing. Never printed.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { keyringName } from '../src/sealing/keyring.ts'
import type { Secrets } from '../src/ports/index.ts'
import { isObject, parseJson } from '../src/wire/json-parse.ts'
import { descriptorNotOurs, notOurs, openUnlinked } from './owner-only.ts'
import { stateFolder } from './run-file.ts'

const maxBytes = 64 * 1024

/** The file of this user. */
export function keyFilePath(env: NodeJS.ProcessEnv = process.env): string {
  return join(stateFolder(env), 'keys.json')
}

/** The file is there and must not be used: not this user's alone, or not what was written. */
export class KeyFileRefused extends Error {
  override readonly name = 'KeyFileRefused'
}

/** What came of looking for keys. */
export interface LocalKeys {
  readonly secrets: Secrets
  /** Why there are none, where the file could be neither read nor made. The gateway then works without. */
  readonly missing?: string
}

const none: Secrets = { get: () => undefined }

/**
 * The secrets of the key file, made at the first start. The file is not touched where `given` has the keys already.
 * Throws `KeyFileRefused`.
 */
export function openLocalKeys(given: Secrets, path: string = keyFilePath()): LocalKeys {
  if (given.get(keyringName)) return { secrets: none }
  try {
    return { secrets: read(path) ?? make(path) }
  } catch (cause) {
    if (cause instanceof KeyFileRefused) throw cause
    return { secrets: none, missing: `${path} could not be made (${codeOf(cause)})` }
  }
}

function read(path: string): Secrets | undefined {
  let descriptor: number
  try {
    descriptor = openUnlinked(path)
  } catch (cause) {
    const code = codeOf(cause)
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP' || code === 'EMLINK') throw new KeyFileRefused(`${path} is a symbolic link`, { cause })
    throw cause
  }
  try {
    const refusal = descriptorNotOurs(descriptor, { kind: 'file', maxBytes })
    if (refusal !== undefined) throw new KeyFileRefused(`${path} ${refusal}. Run: chmod 600 '${path}'`)
    const value = parseJson(readFileSync(descriptor, 'utf8'))
    const ring: unknown = isObject(value) ? value[keyringName] : undefined
    // Written over, everything that was sealed under the old key would be lost.
    if (typeof ring !== 'string' || ring === '')
      throw new KeyFileRefused(`${path} holds no ${keyringName}; restore it, or remove it for a new key`)
    return { get: (name) => (name === keyringName ? ring : undefined) }
  } finally {
    closeSync(descriptor)
  }
}

function make(path: string): Secrets {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // Who can write here could put a key of his own in the place of ours.
  const refusal = notOurs(lstatSync(folder), { kind: 'folder', mayBeRead: true })
  if (refusal !== undefined) throw new KeyFileRefused(`${folder} ${refusal}. Run: chmod go-w '${folder}'`)
  const text = `${JSON.stringify({ [keyringName]: `local:${randomBytes(32).toString('base64')}` })}\n`
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    write(draft, text)
    // Unlike a rename, a link never takes the place of a file: of two first starts at once, one key stays.
    linkSync(draft, path)
  } catch (cause) {
    const code = codeOf(cause)
    // Some file systems have no links: there the file itself is made, if nobody was faster.
    if (linkless.has(code)) writeUnlessThere(path, text)
    else if (code !== 'EEXIST') throw cause
  } finally {
    rmSync(draft, { force: true })
  }
  return read(path) ?? none
}

const linkless: ReadonlySet<string> = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'])

function writeUnlessThere(path: string, text: string): void {
  try {
    write(path, text)
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw cause
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
}

function write(path: string, text: string): void {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0)
  const descriptor = openSync(path, flags, 0o600)
  try {
    // A umask can only take bits away; a mount's default ACL can add some.
    if (process.platform !== 'win32') fchmodSync(descriptor, 0o600)
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
