// Records of LLM-switcher: read here so that they can be brought into the vault, and never written.
// What its documentation says is the cipher (AES-256-GCM) and the key; how a record is laid out it does not, so the usual
// layouts are tried, and the cipher's own tag tells which one it is.
import { utf8 } from './utf8.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { Secret } from '../ir/secret.ts'
import { decodeBase64 } from './base64.ts'
import { keyLength, type KeyEncryptionKey } from './keyring.ts'

const ivLength = 12
const tagLength = 16

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The two secrets from which LLM-switcher took its key. */
export interface LegacySecrets {
  /** `ROUTER_KMS_KEY`: 32 bytes in base64. */
  readonly kmsKey: Secret | undefined
  /** `ROUTER_ADMIN_KEY`: its SHA-256 is the key where there is no other. */
  readonly adminKey: Secret | undefined
}

/** LLM-switcher's key. Fails with `missing_credential` without either secret, with `invalid_value` for a key that is none. */
export async function legacyKey({ kmsKey, adminKey }: LegacySecrets): Promise<Outcome<CryptoKey>> {
  if (kmsKey !== undefined && !kmsKey.isEmpty) {
    const bytes = decodeBase64(kmsKey.reveal().trim())
    if (bytes?.length !== keyLength)
      return failed('invalid_value', { message: `${kmsKey.name} is not the base64 of ${keyLength} bytes` })
    return ok(await importKey(bytes))
  }
  if (adminKey === undefined || adminKey.isEmpty)
    return failed('missing_credential', { message: 'set ROUTER_KMS_KEY, or ROUTER_ADMIN_KEY where it was not used' })
  return ok(await importKey(new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(adminKey.reveal())))))
}

/**
 * Opens a record: `iv:tag:ciphertext` or `iv:ciphertext:tag` in base64 or hex, or one base64 or hex text of the three in
 * either order. Undefined where it does not open. The record's name is tried as additional data as well.
 */
export async function openLegacy(key: CryptoKey, name: string, text: string): Promise<string | undefined> {
  for (const { iv, sealed } of layoutsOf(text.trim()))
    for (const additionalData of [undefined, utf8(name)]) {
      const value = await decrypt(key, { iv, sealed, additionalData })
      if (value !== undefined) return value
    }
  return undefined
}

/**
 * A key of the ring made from an administrator's secret with HKDF-SHA-256 (https://www.rfc-editor.org/rfc/rfc5869). The
 * salt is the key's name, so that the secret and a record together are enough to make the key again. Fails with
 * `invalid_value` for a secret that is not 32 random bytes in base64 or hex: a phrase can be guessed.
 * @param salt 16 bytes or more
 */
export async function keyFromAdminSecret(secret: Secret, salt: Uint8Array): Promise<Outcome<KeyEncryptionKey>> {
  const material = randomMaterial(secret.reveal().trim())
  if (material === undefined)
    return failed('invalid_value', { message: `${secret.name} is not the base64 or hex of 32 random bytes or more` })
  const base = await crypto.subtle.importKey('raw', material, 'HKDF', false, ['deriveBits'])
  const info = utf8('signalbox key ring v1')
  const bits = await crypto.subtle.deriveBits(
    { name: 'HKDF', hash: 'SHA-256', salt: Uint8Array.from(salt), info },
    base,
    8 * keyLength,
  )
  return ok({ id: `${derivedPrefix}${hexOf(salt)}`, bytes: new Uint8Array(bits) })
}

/** The salt that the name of a derived key holds; undefined for other names. */
export function saltOf(keyId: string): Uint8Array | undefined {
  return keyId.startsWith(derivedPrefix) ? decodeHex(keyId.slice(derivedPrefix.length)) : undefined
}

const derivedPrefix = 'hkdf-'
// Of 32 random bytes, about 30 differ; fewer than 16 do so once in 10^12 times.
const minDistinctBytes = 16

function randomMaterial(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = decodeHex(text) ?? decodeBase64(text)
  if (bytes === undefined || bytes.length < keyLength) return undefined
  return new Set(bytes).size < minDistinctBytes ? undefined : bytes
}

interface Layout {
  readonly iv: Uint8Array<ArrayBuffer>
  /** Ciphertext and tag, as WebCrypto wants them. */
  readonly sealed: Uint8Array<ArrayBuffer>
}

function layoutsOf(text: string): readonly Layout[] {
  return [decodeHex, decodeBase64].flatMap((decode) => {
    const parts = text.split(':').map((part) => decode(part))
    const [first, second, third, ...rest] = parts
    if (first === undefined || rest.length > 0) return []
    if (parts.length === 1) return packedLayouts(first)
    if (second === undefined || third === undefined || first.length !== ivLength) return []
    return [
      ...(second.length === tagLength ? [{ iv: first, sealed: joined(third, second) }] : []),
      ...(third.length === tagLength ? [{ iv: first, sealed: joined(second, third) }] : []),
    ]
  })
}

function packedLayouts(bytes: Uint8Array<ArrayBuffer>): readonly Layout[] {
  if (bytes.length < ivLength + tagLength) return []
  const iv = bytes.subarray(0, ivLength)
  const rest = bytes.subarray(ivLength)
  return [
    { iv, sealed: joined(rest.subarray(tagLength), rest.subarray(0, tagLength)) },
    { iv, sealed: rest },
  ]
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(left.length + right.length)
  bytes.set(left)
  bytes.set(right, left.length)
  return bytes
}

async function decrypt(
  key: CryptoKey,
  { iv, sealed, additionalData }: Layout & { readonly additionalData: Uint8Array<ArrayBuffer> | undefined },
): Promise<string | undefined> {
  const how = { name: 'AES-GCM', iv, ...(additionalData !== undefined && { additionalData }) }
  try {
    return decoder.decode(await crypto.subtle.decrypt(how, key, sealed))
  } catch {
    return undefined
  }
}

function importKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['decrypt'])
}

function decodeHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^(?:[\da-f]{2})+$/i.test(text)) return undefined
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
