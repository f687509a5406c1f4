// Digests that tell whether a value is still the same, and nothing else.
import { utf8 } from '../sealing/utf8.ts'
import type { Secret } from '../ir/secret.ts'
import type { Random } from '../ports/index.ts'

const encoder = new TextEncoder()
const printBytes = 16

/** Whether a secret has this value; null has none. */
export function isValue(secret: Secret | null, value: string): boolean {
  return secret === null ? value === '' : secret.reveal() === value
}

/** Whether two secrets have the same value, or both none. */
export function isSameValue(left: Secret | null, right: Secret | null): boolean {
  return isValue(left, right === null ? '' : right.reveal())
}

/** Digests under a salt of this process, so that none can be compared with one made elsewhere. */
export function createPrinter(random: Random): (secrets: readonly Secret[]) => Promise<string> {
  let salt: string | undefined
  return async (secrets) => {
    salt ??= random.id()
    return hex(await crypto.subtle.digest('SHA-256', bytesOf([salt, ...secrets.map((secret) => secret.reveal())])))
  }
}

/** A key for such digests, of one that seals. https://www.rfc-editor.org/rfc/rfc5869 */
export async function printingKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey'])
  const info = encoder.encode('signalbox credential rotation v1')
  const purpose = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info }
  return crypto.subtle.deriveKey(purpose, base, { name: 'HMAC', hash: 'SHA-256', length: 256 }, false, ['sign'])
}

/** A digest of the values of a credential that only the key's holder can make or compare. */
export async function keyedPrint(key: CryptoKey, id: string, secrets: readonly Secret[]): Promise<string> {
  const parts = [id, ...secrets.map((secret) => secret.reveal())]
  return hex(await crypto.subtle.sign('HMAC', key, bytesOf(parts)))
}

/** A name without the letters that a store does not take. */
export async function nameDigest(name: string): Promise<string> {
  return hex(await crypto.subtle.digest('SHA-256', bytesOf([name])))
}

function bytesOf(parts: readonly string[]): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify(parts))
}

function hex(digest: ArrayBuffer): string {
  const bytes = new Uint8Array(digest).subarray(0, printBytes)
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}
