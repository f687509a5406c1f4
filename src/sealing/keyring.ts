// The keys that seal: read from one secret, `SIGNALBOX_KEK`. Owns which key seals and which ones may still open; the
// ciphers that come of them belong to those who use them.
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

/** Bytes of a key. */
export const keyLength = 32

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
    if (!isKeyId(id)) return { ok: false, problem: `the name of key ${index + 1} is not usable` }
    if (keys.some((key) => key.id === id)) return { ok: false, problem: `two keys have the name of key ${index + 1}` }
    if (bytes?.length !== keyLength)
      return { ok: false, problem: `key ${index + 1} is not the base64 of ${keyLength} bytes` }
    keys.push({ id, bytes })
  }
  return { ok: true, keys }
}

/** Whether a text may name a key. */
export function isKeyId(text: string): boolean {
  return /^[\w.-]{1,64}$/.test(text)
}

/** The ring in the secret; undefined where there is no secret. */
export function keyringOf(secrets: Secrets): KeyringReading | undefined {
  const text = secrets.get(keyringName)
  return text === undefined || text === '' ? undefined : readKeyring(text)
}

/** What is wrong with the secret, where it is there and not usable. */
export function keyringProblem(secrets: Secrets): string | undefined {
  const reading = keyringOf(secrets)
  return reading === undefined || reading.ok ? undefined : `${keyringName}: ${reading.problem}`
}
