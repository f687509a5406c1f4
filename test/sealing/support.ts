// A vault in memory with a ring, and AES-GCM and HKDF of node:crypto as the second opinion on ours.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Secrets } from '../../src/ports/index.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { readKeyring } from '../../src/sealing/keyring.ts'
import { wrappingKey, type SealedPlace, type WrappingKey } from '../../src/sealing/envelope.ts'

export const keyA = Buffer.alloc(32, 'a').toString('base64')
export const keyB = Buffer.alloc(32, 'b').toString('base64')
export const keyC = Buffer.alloc(32, 'c').toString('base64')

/** Secrets that hold a ring, and whatever else is given. */
export function ringSecrets(ring: string | undefined, others: Readonly<Record<string, string>> = {}): Secrets {
  return { get: (name) => (name === 'SIGNALBOX_KEK' ? ring : others[name]) }
}

export function memoryVault(ring: string | undefined = `a:${keyA}`) {
  return { secrets: ringSecrets(ring), stores: createMemoryStores(), clock: { now: () => 1000 } }
}

export async function keysOf(ring: string): Promise<readonly WrappingKey[]> {
  const reading = readKeyring(ring)
  if (!reading.ok) throw new Error(reading.problem)
  return Promise.all(reading.keys.map(wrappingKey))
}

export async function keyOf(ring: string): Promise<WrappingKey> {
  const [key] = await keysOf(ring)
  if (key === undefined) throw new Error('no key')
  return key
}

export function place(changes: Partial<SealedPlace> = {}): SealedPlace {
  return { tenant: 'default', table: 'vault', record: 'openai-key', field: 'value', ...changes }
}

/** The wrapping key of a ring's key, as RFC 5869 has it, by node:crypto. */
export function oracleWrappingKey(kek: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', kek, Buffer.alloc(0), 'signalbox vault v1 wrap', 32))
}

export function oracleSeal(key: Buffer, plain: Buffer, aad: string): Buffer {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(aad))
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()])
}

export function oracleOpen(key: Buffer, sealed: Buffer, aad: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
  decipher.setAAD(Buffer.from(aad)).setAuthTag(sealed.subarray(-16))
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()])
}

/** The whole form by node:crypto alone. */
export function oracleForm(kek: string, keyId: string, record: string, value: string): string {
  const dataKey = randomBytes(32)
  const about = (field: string): string => `sbx1|default|vault|${record}|${field}|${keyId}`
  const wrapped = oracleSeal(oracleWrappingKey(Buffer.from(kek, 'base64')), dataKey, about('value.key'))
  const data = oracleSeal(dataKey, Buffer.from(value), about('value'))
  return `sbx1:${keyId}:${wrapped.toString('base64')}:${data.toString('base64')}`
}
