// The ciphers of reasoning state, derived from the keys that seal. Knows nothing of what is sealed.
import type { Secrets } from '../../ports/index.ts'
import { keyringOf } from '../../sealing/keyring.ts'

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
  const reading = keyringOf(secrets)
  if (reading?.ok !== true) return undefined
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
