// The keys that seal, for a gateway of this machine that was given none: made once, kept in an owner-only file of this
// user or in the system's keychain, apart from the databases, so that a copy of one opens nothing. Never printed.
import { randomBytes } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { keyringName, readKeyring } from '../src/sealing/keyring.ts'
import type { Secrets } from '../src/ports/index.ts'
import { isObject, parseJson } from '../src/wire/json-parse.ts'
import { codeOf } from './error-code.ts'
import { takeFileLock } from './file-lock.ts'
import { openKeychain, type Keychain, type KeyringModule } from './keychain.ts'
import { createOwnerFile, OwnerFileRefused, prepareOwnerFolder, readOwnerFile, replaceOwnerFile } from './owner-file.ts'
import { stateFolder } from './run-file.ts'

/** The file is there and must not be used: not this user's alone, or not what was written. */
export { OwnerFileRefused as KeyFileRefused } from './owner-file.ts'

const maxBytes = 64 * 1024

/** The file of this user. */
export function keyFilePath(env: NodeJS.ProcessEnv = process.env): string {
  return join(stateFolder(env), 'keys.json')
}

/** What came of looking for keys. */
export interface LocalKeys {
  readonly secrets: Secrets
  /** Why there are none, where the file could be neither read nor made. The gateway then works without. */
  readonly missing?: string
  /** What a person should know of where they are kept. */
  readonly note?: string
}

export interface KeyFileOptions {
  /** Where new keys are wanted in the system's keychain; absent: where `SIGNALBOX_KEYCHAIN` is 1. */
  readonly wantsKeychain?: boolean
  /** The keychain's package; a test hands one in. */
  readonly module?: () => KeyringModule
}

/** Where the keys of this machine are. */
export interface KeyPlace {
  readonly place: string
  /** Names of the keys, the one that seals first. */
  readonly ids: readonly string[]
  readonly made: boolean
  readonly note?: string
}

const none: Secrets = { get: () => undefined }

/**
 * The secrets of the key file, made at the first start. The file is not touched where `given` has the keys already.
 * Throws `KeyFileRefused`.
 */
export function openLocalKeys(given: Secrets, path: string = keyFilePath(), options: KeyFileOptions = {}): LocalKeys {
  if (given.get(keyringName)) return { secrets: none }
  try {
    const { note } = initKeys(path, options)
    return { secrets: followed(path, options), ...(note !== undefined && { note }) }
  } catch (cause) {
    if (cause instanceof OwnerFileRefused) throw cause
    return { secrets: none, missing: `${path} could not be made (${codeOf(cause)})` }
  }
}

/** `openLocalKeys` for who only wants to read: makes nothing. Throws `KeyFileRefused`. */
export function readLocalKeys(given: Secrets, path: string = keyFilePath(), options: KeyFileOptions = {}): Secrets {
  if (given.get(keyringName) || readRing(path, options) === undefined) return none
  return followed(path, options)
}

/** Makes the first key where there is none, and says where the keys are. Throws `KeyFileRefused`, or what the disk says. */
export function initKeys(path: string = keyFilePath(), options: KeyFileOptions = {}): KeyPlace {
  const found = readRing(path, options)
  if (found !== undefined) return { place: found.place, ids: idsOf(found.text), made: false }
  const { made, note } = make(path, options)
  const ring = readRing(path, options)
  if (ring === undefined) throw new OwnerFileRefused(`${path} was taken away while it was made`)
  return { place: ring.place, ids: idsOf(ring.text), made, ...(note !== undefined && { note }) }
}

/**
 * Puts a new key in front of the ring; the older ones stay behind it. Throws `KeyFileRefused` where there is no ring yet,
 * or where another process is doing the same.
 * @param key an id that is not in the ring (absent: one made of the date) and 32 bytes
 */
export function addKey(
  path: string,
  key: { readonly id?: string; readonly bytes: Uint8Array },
  options: KeyFileOptions & { readonly now: Date },
): KeyPlace {
  const release = holdRing(path)
  try {
    const ring = readRing(path, options)
    if (ring === undefined) throw new OwnerFileRefused(`there are no keys yet. Run: signalbox vault init`)
    const taken = idsOf(ring.text)
    const id = key.id ?? dateId(options.now, taken)
    if (taken.includes(id)) throw new OwnerFileRefused(`the ring has a key ${id} already`)
    const text = `${id}:${Buffer.from(key.bytes).toString('base64')},${ring.text}`
    ring.write(text)
    return { place: ring.place, ids: [id, ...taken], made: true }
  } finally {
    release()
  }
}

/**
 * Takes a key out of the ring. Whoever calls has made sure that nothing needs it. Throws `KeyFileRefused`, also for the
 * only key.
 */
export function removeKey(path: string, id: string, options: KeyFileOptions = {}): KeyPlace {
  const release = holdRing(path)
  try {
    const ring = readRing(path, options)
    const entries = ring?.text.split(',') ?? []
    const ids = ring === undefined ? [] : idsOf(ring.text)
    if (ring === undefined || !ids.includes(id)) throw new OwnerFileRefused(`the ring has no key ${id}`)
    if (ids.length === 1) throw new OwnerFileRefused(`${id} is the only key: make another with vault keygen first`)
    // Keys without a name are named by their position, which would shift: from here on each carries its name.
    const kept = entries.flatMap((entry, index) => {
      const name = ids[index] ?? ''
      return name === id ? [] : [`${name}:${entry.slice(entry.indexOf(':') + 1).trim()}`]
    })
    ring.write(kept.join(','))
    return { place: ring.place, ids: ids.filter((other) => other !== id), made: false }
  } finally {
    release()
  }
}

/** Takes the ring for one change. A lock whose process lives is never broken: a key that is lost opens nothing any more. */
function holdRing(path: string): () => void {
  prepareOwnerFolder(path)
  const release = takeFileLock(path, Infinity)
  if (release !== undefined) return release
  throw new OwnerFileRefused(`another process changes the keys. If none does, run: rm '${path}.lock'`)
}

/** A name for a key that was made on a day: `2026-01-31`, and `2026-01-31b` for the second. */
export function dateId(now: Date, taken: readonly string[]): string {
  const day = now.toISOString().slice(0, 10)
  const names = [day, ...[...'bcdefghijklmnopqrstuvwxyz'].map((letter) => day + letter)]
  return names.find((name) => !taken.includes(name)) ?? `${day}-${randomBytes(6).toString('hex')}`
}

interface Ring {
  readonly text: string
  /** For people. */
  readonly place: string
  write(text: string): void
}

/** The ring that is kept; undefined where none was ever made. Throws `KeyFileRefused`. */
function readRing(path: string, options: KeyFileOptions): Ring | undefined {
  const content = readOwnerFile(path, maxBytes)
  if (content === undefined) return undefined
  const value = parseJson(content)
  const text: unknown = isObject(value) ? value[keyringName] : undefined
  const user: unknown = isObject(value) ? value['keychain'] : undefined
  if (typeof user === 'string' && user !== '') return ringInKeychain(path, user, options)
  // Written over, everything that was sealed under the old key would be lost.
  if (typeof text !== 'string' || text === '')
    throw new OwnerFileRefused(`${path} holds no ${keyringName}; restore it, or remove it for a new key`)
  return checked({ text, place: `file ${path}`, write: (next) => replaceOwnerFile(path, fileText(next)) }, path)
}

function ringInKeychain(path: string, user: string, { module }: KeyFileOptions): Ring {
  const opening = openKeychain(user, module)
  if (!opening.ok)
    throw new OwnerFileRefused(
      `the keys are in the system's keychain, which cannot be opened (${opening.problem}): unlock it, or set ${keyringName}`,
    )
  const text = awaited(opening.keychain)
  if (text === undefined)
    throw new OwnerFileRefused(
      `the system's keychain holds no entry "${user}" of signalbox; restore it, or remove ${path} for a new key`,
    )
  const write = (next: string): void => {
    opening.keychain.set(next)
    // Gateways that run look whether the file has changed.
    replaceOwnerFile(path, pointerText(user))
  }
  return checked({ text, place: `keychain "${user}"`, write }, 'the keychain')
}

function checked(ring: Ring, where: string): Ring {
  const reading = readKeyring(ring.text)
  if (!reading.ok) throw new OwnerFileRefused(`${where}: ${keyringName}: ${reading.problem}; restore it`)
  return ring
}

// Whoever makes the keys writes the file that points to the keychain first, so the entry may be a moment late.
function awaited(keychain: Keychain): string | undefined {
  for (let attempt = 0; attempt < 20; attempt++) {
    const text = keychain.get()
    if (text !== undefined) return text
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 25)
  }
  return undefined
}

function make(path: string, options: KeyFileOptions): { readonly made: boolean; readonly note?: string } {
  const text = `local:${randomBytes(32).toString('base64')}`
  if (!(options.wantsKeychain ?? process.env['SIGNALBOX_KEYCHAIN'] === '1'))
    return { made: createOwnerFile(path, fileText(text)) }
  const user = `${keyringName} ${path}`
  const opening = openKeychain(user, options.module)
  const problem = opening.ok ? putIntoKeychain(path, user, opening.keychain, text) : opening.problem
  if (problem === undefined) return { made: true }
  const note = `no keychain could be used (${problem}): the keys are kept in ${path}, which only you can read`
  return { made: createOwnerFile(path, fileText(text)), note }
}

/** Undefined where the keychain holds the keys now, else why not. */
function putIntoKeychain(path: string, user: string, keychain: Keychain, text: string): string | undefined {
  // The file comes first and is made once: of two first starts at once, one makes the entry and the other reads it.
  if (!createOwnerFile(path, pointerText(user))) return undefined
  try {
    // One that is there already is the one of a file that was lost.
    if (keychain.get() === undefined) keychain.set(text)
    if (keychain.get() !== undefined) return undefined
    throw new Error('what was written did not come back')
  } catch (cause) {
    rmSync(path, { force: true })
    return cause instanceof Error ? (cause.message.split('\n')[0] ?? '').slice(0, 200) : 'unknown error'
  }
}

function pointerText(user: string): string {
  return `${JSON.stringify({ keychain: user })}\n`
}

function fileText(ring: string): string {
  return `${JSON.stringify({ [keyringName]: ring })}\n`
}

function idsOf(ring: string): readonly string[] {
  const reading = readKeyring(ring)
  return reading.ok ? reading.keys.map(({ id }) => id) : []
}

/** The ring as it is now: a running gateway then opens what was sealed under a key that was added meanwhile. */
function followed(path: string, options: KeyFileOptions): Secrets {
  let seen = stampOf(path)
  let text = readRing(path, options)?.text
  return {
    get(name) {
      if (name !== keyringName) return undefined
      const stamp = stampOf(path)
      if (stamp === seen || stamp === undefined) return text
      seen = stamp
      try {
        text = readRing(path, options)?.text ?? text
      } catch {
        // What was read before still opens what it sealed; the next start says what is wrong with the file.
      }
      return text
    },
  }
}

function stampOf(path: string): string | undefined {
  try {
    const { ino, mtimeMs, size } = statSync(path)
    return `${ino} ${mtimeMs} ${size}`
  } catch {
    return undefined
  }
}
