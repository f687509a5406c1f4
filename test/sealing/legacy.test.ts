// Records of LLM-switcher, made with node:crypto after its documentation, and keys made from an administrator's secret.
import { createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/ir/secret.ts'
import { keyFromAdminSecret, legacyKey, openLegacy, saltOf } from '../../src/sealing/legacy.ts'

const kms = randomBytes(32)
const adminKey = 'an admin key that people chose'

function parts(key: Buffer, value: string, aad?: string) {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  if (aad !== undefined) cipher.setAAD(Buffer.from(aad))
  const text = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()])
  return { iv, text, tag: cipher.getAuthTag() }
}

type Parts = ReturnType<typeof parts>

const layouts: readonly [string, (record: Parts) => string][] = [
  ['iv, tag, ciphertext in base64', ({ iv, tag, text }) => Buffer.concat([iv, tag, text]).toString('base64')],
  ['iv, ciphertext, tag in base64', ({ iv, tag, text }) => Buffer.concat([iv, text, tag]).toString('base64')],
  ['iv, tag, ciphertext in base64url', ({ iv, tag, text }) => Buffer.concat([iv, tag, text]).toString('base64url')],
  ['iv, ciphertext, tag in hex', ({ iv, tag, text }) => Buffer.concat([iv, text, tag]).toString('hex')],
  [
    'iv:tag:ciphertext in base64',
    ({ iv, tag, text }) => [iv, tag, text].map((part) => part.toString('base64')).join(':'),
  ],
  [
    'iv:ciphertext:tag in base64',
    ({ iv, tag, text }) => [iv, text, tag].map((part) => part.toString('base64')).join(':'),
  ],
  ['iv:tag:ciphertext in hex', ({ iv, tag, text }) => [iv, tag, text].map((part) => part.toString('hex')).join(':')],
]

async function keyOf(secrets: { kmsKey?: string; adminKey?: string }): Promise<CryptoKey> {
  const secret = (name: string, value: string | undefined) =>
    value === undefined ? undefined : new Secret(name, value)
  const key = await legacyKey({
    kmsKey: secret('ROUTER_KMS_KEY', secrets.kmsKey),
    adminKey: secret('ROUTER_ADMIN_KEY', secrets.adminKey),
  })
  if (!key.ok) throw key.error
  return key.value
}

describe.each(layouts)('a record as %s', (_name, write) => {
  it.each(['sk-old-key', 'x'.repeat(16), 'x'.repeat(32), 'ä', '{"api_key":"sk"}'])(
    'opens with the KMS key: %s',
    async (value) => {
      const key = await keyOf({ kmsKey: kms.toString('base64'), adminKey })
      expect(await openLegacy(key, 'p1', write(parts(kms, value)))).toBe(value)
      expect(await openLegacy(key, 'p1', ` ${write(parts(kms, value, 'p1'))}\n`)).toBe(value)
      expect(await openLegacy(key, 'p2', write(parts(kms, value, 'p1')))).toBeUndefined()
    },
  )

  it('opens with the SHA-256 of the admin key where there is no other', async () => {
    const derived = createHash('sha256').update(adminKey).digest()
    expect(await openLegacy(await keyOf({ adminKey }), 'p1', write(parts(derived, 'sk-old')))).toBe('sk-old')
    expect(await openLegacy(await keyOf({ adminKey: 'other' }), 'p1', write(parts(derived, 'sk-old')))).toBeUndefined()
  })
})

describe('a record of LLM-switcher', () => {
  it.each(['', 'x', 'AAAA', ':::', 'a:b:c', 'a:b:c:d', '00'.repeat(40)])('is not %j', async (text) => {
    expect(await openLegacy(await keyOf({ adminKey }), 'p', text)).toBeUndefined()
  })

  it.each([
    [{ kmsKey: 'short' }, 'ROUTER_KMS_KEY is not the base64 of 32 bytes'],
    [{ kmsKey: randomBytes(31).toString('base64') }, 'ROUTER_KMS_KEY is not the base64 of 32 bytes'],
    [{}, 'set ROUTER_KMS_KEY, or ROUTER_ADMIN_KEY where it was not used'],
    [{ kmsKey: '', adminKey: '' }, 'set ROUTER_KMS_KEY, or ROUTER_ADMIN_KEY where it was not used'],
  ])('needs a usable key: %j', async (secrets, message) => {
    await expect(keyOf(secrets)).rejects.toThrow(message)
  })
})

describe('a key from an administrator secret', () => {
  const secret = randomBytes(32).toString('base64')
  const salt = randomBytes(16)

  it('is HKDF-SHA-256 of its bytes with the salt that its name holds', async () => {
    const made = await keyFromAdminSecret(new Secret('ADMIN', secret), salt)
    if (!made.ok) throw made.error
    const info = 'signalbox key ring v1'
    expect(Buffer.from(made.value.bytes)).toEqual(
      Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64'), salt, info, 32)),
    )
    expect(made.value.id).toBe(`hkdf-${salt.toString('hex')}`)
    expect(Buffer.from(saltOf(made.value.id) ?? [])).toEqual(salt)
    expect(saltOf('2026-01-31')).toBeUndefined()
  })

  it('may be hex, and differs with the salt', async () => {
    const hex = new Secret('ADMIN', randomBytes(40).toString('hex'))
    const one = await keyFromAdminSecret(hex, salt)
    const two = await keyFromAdminSecret(hex, randomBytes(16))
    expect(one.ok && two.ok && Buffer.from(one.value.bytes).equals(Buffer.from(two.value.bytes))).toBe(false)
  })

  it.each([
    'a long phrase that people can remember and others can guess',
    'short',
    '',
    randomBytes(31).toString('base64'),
    'A'.repeat(44),
    '00'.repeat(32),
    'abcd'.repeat(12),
  ])('is refused without 32 random bytes: %j', async (text) => {
    const made = await keyFromAdminSecret(new Secret('ADMIN', text), salt)
    expect(made.ok ? '' : made.error.message).toBe('ADMIN is not the base64 or hex of 32 random bytes or more')
  })
})
