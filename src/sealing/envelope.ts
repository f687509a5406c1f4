// One value sealed for one place: a key of its own (AES-256-GCM), wrapped by a key of the ring. Both layers are bound to the
// place and to the key's name, so that a record that was moved, renamed or given another key's name does not open.
//
// The form, all bytes in base64: `sbx1:<key id>:<iv 12 | wrapped key 32 | tag 16>:<iv 12 | ciphertext | tag 16>`.
// https://csrc.nist.gov/pubs/sp/800/38/d/final
import { utf8 } from './utf8.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import type { KeyEncryptionKey } from './keyring.ts'

/** Where a sealed value belongs. No part may hold a `|`. */
export interface SealedPlace {
  readonly tenant: string
  readonly table: string
  readonly record: string
  readonly field: string
}

/** A key of the ring that is ready to wrap. */
export interface WrappingKey {
  readonly id: string
  readonly cipher: CryptoKey
}

export interface Opened {
  readonly value: string
  /** The key that opened it, by its name in the ring. */
  readonly keyId: string
}

const version = 'sbx1'
const ivLength = 12
const tagLength = 16
const dataKeyLength = 32

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The wrapping key of a key of the ring. Derived (https://www.rfc-editor.org/rfc/rfc5869), as the same bytes also make the
 * ciphers of reasoning state; they are uniform, so a salt would add nothing.
 */
export async function wrappingKey({ id, bytes }: KeyEncryptionKey): Promise<WrappingKey> {
  const base = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey'])
  const purpose = {
    name: 'HKDF',
    hash: 'SHA-256',
    salt: new Uint8Array(0),
    info: utf8('signalbox vault v1 wrap'),
  }
  const shape = { name: 'AES-GCM', length: 256 }
  return { id, cipher: await crypto.subtle.deriveKey(purpose, base, shape, false, ['encrypt', 'decrypt']) }
}

/** Seals a text for a place under a key of the ring, with a data key that is used for this once. */
export async function seal(key: WrappingKey, place: SealedPlace, value: string): Promise<string> {
  const dataKey = randomBytes(dataKeyLength)
  const cipher = await dataCipher(dataKey)
  const data = await encrypt(cipher, utf8(value), boundTo(place, place.field, key.id))
  const wrapped = await encrypt(key.cipher, dataKey, boundTo(place, `${place.field}.key`, key.id))
  return [version, key.id, encodeBase64(wrapped), encodeBase64(data)].join(':')
}

/** Opens what `seal` made for this place. Undefined where no key opens it, whatever the reason. */
export async function open(
  keys: readonly WrappingKey[],
  place: SealedPlace,
  text: string,
): Promise<Opened | undefined> {
  const parts = partsOf(text)
  if (parts === undefined) return undefined
  // A key without a name has one by its position, so its records may carry a name that means another key by now.
  const ordered = [...keys].sort((left, right) => Number(right.id === parts.keyId) - Number(left.id === parts.keyId))
  for (const key of ordered) {
    const dataKey = await decrypt(key.cipher, parts.wrapped, boundTo(place, `${place.field}.key`, parts.keyId))
    if (dataKey === undefined) continue
    const data = await decrypt(await dataCipher(dataKey), parts.data, boundTo(place, place.field, parts.keyId))
    return data === undefined ? undefined : textOf(data, key.id)
  }
  return undefined
}

/** The name of the key that a sealed text was made under; undefined where it is no sealed text. */
export function keyIdOf(text: string): string | undefined {
  return partsOf(text)?.keyId
}

interface Parts {
  readonly keyId: string
  readonly wrapped: Uint8Array<ArrayBuffer>
  readonly data: Uint8Array<ArrayBuffer>
}

function partsOf(text: string): Parts | undefined {
  const [form, keyId, wrappedText, dataText, ...rest] = text.split(':')
  if (form !== version || keyId === undefined || rest.length > 0) return undefined
  const wrapped = canonicalBytes(wrappedText)
  const data = canonicalBytes(dataText)
  if (wrapped?.length !== ivLength + dataKeyLength + tagLength) return undefined
  if (data === undefined || data.length < ivLength + tagLength) return undefined
  return { keyId, wrapped, data }
}

// One text for one record: spare bits and the other alphabet would make two texts that open alike.
function canonicalBytes(text: string | undefined): Uint8Array<ArrayBuffer> | undefined {
  const bytes = text === undefined ? undefined : decodeBase64(text)
  return bytes !== undefined && encodeBase64(bytes) === text ? bytes : undefined
}

function boundTo({ tenant, table, record }: SealedPlace, field: string, keyId: string): Uint8Array<ArrayBuffer> {
  return utf8([version, tenant, table, record, field, keyId].join('|'))
}

function dataCipher(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
}

async function encrypt(
  key: CryptoKey,
  bytes: Uint8Array<ArrayBuffer>,
  additionalData: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const iv = randomBytes(ivLength)
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, bytes)
  const joined = new Uint8Array(ivLength + sealed.byteLength)
  joined.set(iv)
  joined.set(new Uint8Array(sealed), ivLength)
  return joined
}

async function decrypt(
  key: CryptoKey,
  bytes: Uint8Array<ArrayBuffer>,
  additionalData: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const iv = bytes.subarray(0, ivLength)
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, bytes.subarray(ivLength)),
    )
  } catch {
    return undefined
  }
}

function textOf(bytes: Uint8Array<ArrayBuffer>, keyId: string): Opened | undefined {
  try {
    return { value: decoder.decode(bytes), keyId }
  } catch {
    return undefined
  }
}

// Not the `Random` port: that one may be seeded in a simulator, and a key that can be foretold is none. No outcome of the
// gateway depends on these bytes.
function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length))
}
