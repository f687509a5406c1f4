// The keys that seal: read from one secret, `SIGNALBOX_KEK`, and turned into ciphers at their first use.
// Owns which key seals and which ones may still open. Knows nothing of what is sealed.
import type { Secrets } from '../ports/index.ts'
import { decodeBase64 } from './base64.ts'

/** The secret that holds the keys. */
export const keyringName = 'SIGNALBOX_KEK'

/** One key: its name is for people, who rotate keys by it. */
export interface KeyEncryptionKey {
  readonly id: string
  readonly bytes: Uint8Array<ArrayBuffer>
}

export type KeyringReading =
  | { readonly ok: true; readonly keys: readonly KeyEncryptionKey[] }
  /** What is wrong, without a letter of the secret. */
  | { readonly ok: false; readonly problem: string }

const keyLength = 32

/**
 * Reads `name:base64,name:base64`, or a bare base64 key. The first key seals, all of them open: a new key is put in
 * front, and the old one stays behind it for as long as what it sealed may come back.
 */
export function readKeyring(text: string): KeyringReading {
  const keys: KeyEncryptionKey[] = []
  for (const [index, entry] of text.split(',').entries()) {
    const colon = entry.indexOf(':')
    const id = colon < 0 ? `key${index + 1}` : entry.slice(0, colon).trim()
    const bytes = decodeBase64(entry.slice(colon + 1).trim())
    if (!/^[\w.-]{1,64}$/.test(id)) return { ok: false, problem: `the name of key ${index + 1} is not usable` }
    if (keys.some((key) => key.id === id)) return { ok: false, problem: `two keys have the name of key ${index + 1}` }
    if (bytes?.length !== keyLength)
      return { ok: false, problem: `key ${index + 1} is not the base64 of ${keyLength} bytes` }
    keys.push({ id, bytes })
  }
  return { ok: true, keys }
}

/** What is wrong with the secret, where it is there and not usable. */
export function keyringProblem(secrets: Secrets): string | undefined {
  const text = secrets.get(keyringName)
  if (text === undefined || text === '') return undefined
  const reading = readKeyring(text)
  return reading.ok ? undefined : `${keyringName}: ${reading.problem}`
}

/** The ciphers of one key. */
export interface SealingKey {
  /** Tells the keys of a ring apart; derived, so it says nothing of the key. */
  readonly tag: Uint8Array
  readonly cipher: CryptoKey
  /** Makes nonces and record keys. */
  readonly digest: CryptoKey
}

export const tagLength = 3

/** The keys of a ring, derived once; the first seals. */
export interface Keyring {
  keys(): Promise<readonly SealingKey[]>
}

/**
 * The ring in the secret; undefined where there is none, or none that can be used (`keyringProblem` says why). Never
 * makes a key up: what was sealed under it could not be opened after a restart or on another instance.
 */
export function openKeyring(secrets: Secrets): Keyring | undefined {
  const text = secrets.get(keyringName)
  if (text === undefined || text === '') return undefined
  const reading = readKeyring(text)
  if (!reading.ok) return undefined
  // The finished keys, never the promise of them: on Workers one request may not wait for what another one started.
  let derived: readonly SealingKey[] | undefined
  return {
    async keys() {
      derived ??= await Promise.all(reading.keys.map((key) => derive(key.bytes)))
      return derived
    },
  }
}

const encoder = new TextEncoder()

// https://www.rfc-editor.org/rfc/rfc5869: one secret, several keys that know nothing of each other.
async function derive(secret: Uint8Array<ArrayBuffer>): Promise<SealingKey> {
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits', 'deriveKey'])
  const purpose = (name: string) => ({
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(0),
    info: encoder.encode(`signalbox reasoning state v1 ${name}`),
  })
  const [tag, cipher, digest] = await Promise.all([
    crypto.subtle.deriveBits(purpose('tag'), base, 8 * 32),
    crypto.subtle.deriveKey(purpose('cipher'), base, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']),
    crypto.subtle.deriveKey(purpose('digest'), base, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign']),
  ])
  return { tag: new Uint8Array(tag).subarray(0, tagLength), cipher, digest }
}
