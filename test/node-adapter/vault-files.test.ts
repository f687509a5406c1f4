// What goes through standard input and output: age files, dumps of a vault, records of another gateway.
import * as age from 'age-encryption'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decryptAge, encryptAge, identitiesIn } from '../../node-adapter/vault/age-file.ts'
import { readDump, readRecords, writeDump } from '../../node-adapter/vault/dump.ts'
import { vaultSetInput } from '../../node-adapter/vault/set-input.ts'
import { Secret } from '../../src/ir/secret.ts'

const canary = 'sk-canary-1618033988'

describe('an age file', () => {
  it('that we write is read by the library, and one of the library is read by us, armored or not', async () => {
    const identity = await age.generateIdentity()
    const recipient = await age.identityToRecipient(identity)
    const ours = await encryptAge(canary, { recipients: [recipient], passphrase: undefined })
    const decrypter = new age.Decrypter()
    decrypter.addIdentity(identity)
    expect(await decrypter.decrypt(age.armor.decode(ours), 'text')).toBe(canary)

    const encrypter = new age.Encrypter()
    encrypter.addRecipient(recipient)
    const theirs = await encrypter.encrypt(canary)
    const mine = { identities: [identity], passphrase: undefined }
    expect(await decryptAge(theirs, mine)).toBe(canary)
    expect(await decryptAge(Buffer.from(`\r\n${age.armor.encode(theirs)}\n`), mine)).toBe(canary)
  })

  it('is opened with what an identity file holds besides comments', () => {
    expect(identitiesIn('# created: 2026\n\n  AGE-SECRET-KEY-1X\r\n# public key: age1x\n')).toEqual([
      'AGE-SECRET-KEY-1X',
    ])
  })

  it('needs the right passphrase', async () => {
    const file = Buffer.from(await encryptAge(canary, { recipients: [], passphrase: 'correct' }))
    expect(await decryptAge(file, { identities: [], passphrase: 'correct' })).toBe(canary)
    await expect(decryptAge(file, { identities: [], passphrase: 'wrong' })).rejects.toMatchObject({
      code: 'age_not_opened',
      exit: 2,
    })
  })

  it.each([
    ['AGE-SECRET-KEY-1CANARY', 'that is an identity, which decrypts; a recipient begins with age1'],
    ['age1nonsense', '"age1nonsense" is no age recipient'],
    ['ssh-ed25519 AAAA', '"ssh-ed25519 AAAA" is no age recipient'],
  ])('is not written for %s', async (recipient, message) => {
    const refused = encryptAge('x', { recipients: [recipient], passphrase: undefined })
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.not.toThrow('1CANARY')
  })

  it.each(['', 'no age file', '-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n-----END AGE ENCRYPTED FILE-----'])(
    'is not %j',
    async (text) => {
      const identity = await age.generateIdentity()
      const read = decryptAge(Buffer.from(text), { identities: [identity], passphrase: undefined })
      await expect(read).rejects.toMatchObject({ code: 'age_not_opened' })
    },
  )

  it('that was changed does not open', async () => {
    const identity = await age.generateIdentity()
    const recipient = await age.identityToRecipient(identity)
    const bytes = age.armor.decode(await encryptAge(canary, { recipients: [recipient], passphrase: undefined }))
    for (const at of [5, 40, bytes.length - 40, bytes.length - 1]) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      await expect(decryptAge(changed, { identities: [identity], passphrase: undefined })).rejects.toThrow(
        'could not be opened',
      )
    }
  })

  it('is opened with identities only', async () => {
    const read = decryptAge(Buffer.from('x'), { identities: ['canary-line'], passphrase: undefined })
    await expect(read).rejects.toThrow('--age: the file holds a line that is no age identity')
  })
})

describe('a dump', () => {
  it('holds every entry whole, whatever its name', async () => {
    const name = fc.stringMatching(/^[\w.:@/-]{1,30}$/)
    const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 50 })
    await fc.assert(
      fc.property(fc.dictionary(name, value, { noNullPrototype: true }), (entries) => {
        const secrets = Object.entries(entries).map(([key, text]) => new Secret(key, text))
        const back = readDump(writeDump(secrets, new Date(0)))
        expect(back.map((entry) => [entry.name, entry.reveal()])).toEqual(Object.entries(entries))
      }),
    )
    const odd = ['__proto__', 'constructor', 'toString'].map((key) => new Secret(key, 'v'))
    expect(readDump(writeDump(odd, new Date(0))).map((entry) => entry.name)).toEqual([
      '__proto__',
      'constructor',
      'toString',
    ])
  })

  it.each([
    [`{"signalbox_vault":1,"entries":{"a b":"${canary}"}}`, 'entry "a b": a vault name is 1 to 128'],
    ['{"signalbox_vault":1,"entries":{"a":5}}', 'entry "a": the value is empty'],
    ['{"signalbox_vault":1,"entries":{"a":""}}', 'entry "a": the value is empty'],
    ['{"signalbox_vault":1,"entries":[]}', 'this is no export of a vault'],
    ['{"signalbox_vault":1}', 'this is no export of a vault'],
    ['[]', 'this is no export of a vault'],
    [canary, 'this is no export of a vault'],
    ['{"signalbox_vault":2,"entries":{}}', 'this export was made by a newer version of Signalbox'],
  ])('is refused whole where it holds anything else: %s', (text, message) => {
    let problem = ''
    try {
      readDump(text)
    } catch (error) {
      problem = error instanceof Error ? error.message : ''
    }
    expect(problem).toContain(message)
    expect(problem).not.toContain(canary)
  })
})

describe('records', () => {
  it('are lines or JSON', () => {
    const expected = [
      ['a', 'x='],
      ['b/c', 'y:z:w'],
    ]
    expect([...readRecords('# comment\na=x=\n\nb/c  y:z:w\r\n')]).toEqual(expected)
    expect([...readRecords('{"a":"x=","b/c":"y:z:w"}')]).toEqual(expected)
  })

  it.each([
    ['only-a-name', 'line 1 is not name=record'],
    ['a=b\nc d e', 'line 2 is not name=record'],
    ['{"a":{"iv":1}}', '"a" is no text'],
  ])('are not %j', (text, message) => {
    expect(() => readRecords(text)).toThrow(message)
  })
})

describe('the input of vault set', () => {
  it('is a variable or a flag where one is given', async () => {
    process.env['SB_TEST_VALUE'] = canary
    expect(await vaultSetInput({ name: 'n', from_env: 'SB_TEST_VALUE' })).toEqual({ name: 'n', value: canary })
    expect(await vaultSetInput({ name: 'n', value: 'v' })).toEqual({ name: 'n', value: 'v' })
    delete process.env['SB_TEST_VALUE']
    await expect(vaultSetInput({ name: 'n', from_env: 'SB_TEST_VALUE' })).rejects.toThrow('SB_TEST_VALUE is not set')
    await expect(vaultSetInput({ name: 'n', from_env: 'X', value: 'v' })).rejects.toThrow('cannot be combined')
  })
})
