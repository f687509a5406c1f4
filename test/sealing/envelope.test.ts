// The form of a sealed value: what it is bound to, what breaks it, and that another implementation reads and writes it.
import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyIdOf, open, seal, type SealedPlace } from '../../src/sealing/envelope.ts'
import { rounds } from '../support/full-run.ts'
import { keyA, keyB, keyOf, keysOf, oracleForm, oracleOpen, oracleWrappingKey, place } from './support.ts'

const value = 'sk-canary-value-äöü-😀'

async function opens(text: string, at: SealedPlace = place(), ring = `a:${keyA}`): Promise<string | undefined> {
  return (await open(await keysOf(ring), at, text))?.value
}

describe('a sealed value', () => {
  it('opens where it belongs and nowhere shows the value', async () => {
    const text = await seal(await keyOf(`a:${keyA}`), place(), value)
    expect(await opens(text)).toBe(value)
    expect(text).toMatch(/^sbx1:a:[\w+/]+=*:[\w+/]+=*$/)
    expect(Buffer.from(text.split(':')[3] ?? '', 'base64').includes('canary')).toBe(false)
    expect(keyIdOf(text)).toBe('a')
  })

  it.each<[string, Partial<SealedPlace>]>([
    ['another tenant', { tenant: 'other' }],
    ['another table', { table: 'tokens' }],
    ['another record', { record: 'anthropic-key' }],
    ['another field', { field: 'refresh' }],
    ['a field that is named like its key', { field: 'value.key' }],
    ['a record whose name runs into the field', { record: 'openai-key|value', field: 'value' }],
  ])('does not open for %s', async (_name, changes) => {
    const text = await seal(await keyOf(`a:${keyA}`), place(), value)
    expect(await opens(text, place(changes))).toBeUndefined()
  })

  it('does not open under the name of another key, even where both keys are there', async () => {
    const text = await seal(await keyOf(`a:${keyA}`), place(), value)
    const renamed = text.replace('sbx1:a:', 'sbx1:b:')
    expect(await opens(renamed, place(), `a:${keyA},b:${keyB}`)).toBeUndefined()
    expect(await opens(renamed, place(), `b:${keyA}`)).toBeUndefined()
  })

  it('does not open with another key', async () => {
    const text = await seal(await keyOf(`a:${keyA}`), place(), value)
    expect(await opens(text, place(), `a:${keyB}`)).toBeUndefined()
    expect(await open([], place(), text)).toBeUndefined()
  })

  it('opens as long as its key is anywhere in the ring, also under another name', async () => {
    const text = await seal(await keyOf(`a:${keyA}`), place(), value)
    expect(await open(await keysOf(`b:${keyB},a:${keyA}`), place(), text)).toEqual({ value, keyId: 'a' })
    expect(await open(await keysOf(`b:${keyB},renamed:${keyA}`), place(), text)).toEqual({ value, keyId: 'renamed' })
    // Keys without a name are named by their position, which changes when a new one comes in front.
    const bare = await seal(await keyOf(keyA), place(), value)
    expect(keyIdOf(bare)).toBe('key1')
    expect(await open(await keysOf(`${keyB},${keyA}`), place(), bare)).toEqual({ value, keyId: 'key2' })
  })

  it('does not take a part of another value of the same place', async () => {
    const key = await keyOf(`a:${keyA}`)
    const [one, two] = [await seal(key, place(), 'one'), await seal(key, place(), 'two')].map((text) => text.split(':'))
    expect(await opens([...(one ?? []).slice(0, 3), two?.[3]].join(':'))).toBeUndefined()
  })

  it('does not open with any byte of it flipped', async () => {
    const text = await seal(await keyOf(`a:${keyA}`), place(), value)
    const [form = '', id = '', ...parts] = text.split(':')
    let flipped = 0
    for (const [index, part] of parts.entries()) {
      const bytes = Buffer.from(part, 'base64')
      for (let at = 0; at < bytes.length; at++) {
        const changed = Buffer.from(bytes)
        changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
        const broken = [...parts]
        broken[index] = changed.toString('base64')
        expect(await opens([form, id, ...broken].join(':'))).toBeUndefined()
        flipped += 1
      }
    }
    expect(flipped).toBe(12 + 32 + 16 + 12 + Buffer.byteLength(value) + 16)
  })

  it('does not open with any character of it changed, cut off or added', async () => {
    const text = await seal(await keyOf(`a:${keyA}`), place(), value)
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'A' ? 'B' : 'A'
      expect(await opens(text.slice(0, at) + other + text.slice(at + 1))).toBeUndefined()
      expect(await opens(text.slice(0, at))).toBeUndefined()
      expect(await opens(text.slice(0, at) + text.slice(at + 1))).toBeUndefined()
    }
    for (const extra of ['=', 'A', ':', ':AAAA', '\n', ' ']) expect(await opens(text + extra)).toBeUndefined()
  })

  it.each(['', 'sbx1', 'sbx1:a', 'sbx1:a::', 'sbx2:a:AAAA:AAAA', 'sbx1:a:%%:%%', 'sk-plain-text', '{"a":1}'])(
    'is not %j',
    async (text) => {
      expect(await opens(text)).toBeUndefined()
      expect(keyIdOf(text)).toBeUndefined()
    },
  )

  it('holds any text whole', async () => {
    const key = await keyOf(`a:${keyA}`)
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', maxLength: 300 }), async (text) => {
        expect(await opens(await seal(key, place(), text))).toBe(text)
      }),
      { numRuns: 200 },
    )
  })

  it('opens for the place it was sealed for and for no other, whatever the names', async () => {
    const key = await keyOf(`a:${keyA}`)
    const name = fc.stringMatching(/^[\w.:@/-]{1,20}$/)
    const anyPlace = fc.record({ tenant: name, table: name, record: name, field: name })
    await fc.assert(
      fc.asyncProperty(anyPlace, anyPlace, async (here, there) => {
        const text = await seal(key, here, 'x')
        expect(await opens(text, here)).toBe('x')
        if (JSON.stringify(here) !== JSON.stringify(there)) expect(await opens(text, there)).toBeUndefined()
      }),
      { numRuns: 200 },
    )
  })

  const seals = rounds(10_000, 1000)
  it(`never uses a nonce or a data key twice in ${seals} seals`, async () => {
    const key = await keyOf(`a:${keyA}`)
    const wrapping = oracleWrappingKey(Buffer.from(keyA, 'base64'))
    const nonces = new Set<string>()
    const dataKeys = new Set<string>()
    for (let round = 0; round < seals; round++) {
      const [, , wrapped = '', data = ''] = (await seal(key, place(), 'same')).split(':')
      const bytes = Buffer.from(wrapped, 'base64')
      nonces.add(bytes.subarray(0, 12).toString('hex'))
      nonces.add(Buffer.from(data, 'base64').subarray(0, 12).toString('hex'))
      dataKeys.add(oracleOpen(wrapping, bytes, 'sbx1|default|vault|openai-key|value.key|a').toString('hex'))
    }
    expect([nonces.size, dataKeys.size]).toEqual([2 * seals, seals])
  })
})

describe('another implementation of the form', () => {
  it('reads what was sealed here', async () => {
    const text = await seal(await keyOf(`a:${keyA}`), place(), value)
    const [, , wrapped = '', data = ''] = text.split(':').map((part) => Buffer.from(part, 'base64'))
    const wrapping = oracleWrappingKey(Buffer.from(keyA, 'base64'))
    const dataKey = oracleOpen(wrapping, Buffer.from(wrapped), 'sbx1|default|vault|openai-key|value.key|a')
    expect(dataKey.length).toBe(32)
    expect(oracleOpen(dataKey, Buffer.from(data), 'sbx1|default|vault|openai-key|value|a').toString()).toBe(value)
  })

  it('writes what is opened here', async () => {
    expect(await opens(oracleForm(keyA, 'a', 'openai-key', value))).toBe(value)
    expect(await opens(oracleForm(keyA, 'a', 'other-key', value))).toBeUndefined()
  })
})

describe('the cipher', () => {
  // Test case 16 of the GCM specification (AES-256, 60 bytes of text, additional data):
  // https://csrc.nist.rip/groups/ST/toolkit/BCM/documents/proposedmodes/gcm/gcm-spec.pdf
  const key = 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'
  const iv = 'cafebabefacedbaddecaf888'
  const plain =
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39'
  const aad = 'feedfacedeadbeeffeedfacedeadbeefabaddad2'
  const sealed =
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662'
  const tag = '76fc6ece0f4e1768cddf8853bb2d551b'

  it('of this runtime and the second opinion both give the answer that the specification gives', async () => {
    const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
    const ours = await crypto.subtle.importKey('raw', bytes(key), 'AES-GCM', false, ['encrypt'])
    const how = { name: 'AES-GCM', iv: bytes(iv), additionalData: bytes(aad) }
    const answer = await crypto.subtle.encrypt(how, ours, bytes(plain))
    expect(Buffer.from(answer).toString('hex')).toBe(sealed + tag)
    const theirs = createCipheriv('aes-256-gcm', bytes(key), bytes(iv)).setAAD(bytes(aad))
    const text = Buffer.concat([theirs.update(bytes(plain)), theirs.final()])
    expect(text.toString('hex') + theirs.getAuthTag().toString('hex')).toBe(sealed + tag)
  })
})
