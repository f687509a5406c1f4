// The vault over a store: what it answers, what it refuses, and how keys are changed without losing anything.
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/ir/secret.ts'
import type { VaultStore } from '../../src/ports/index.ts'
import { createVaultControl, unopenedRecords } from '../../src/sealing/vault-control.ts'
import { maxVaultValueBytes, readSealed, readSealedVersion, writeSealed } from '../../src/sealing/vault.ts'
import { keyA, keyB, keyC, memoryVault, oracleForm, ringSecrets } from './support.ts'

const canary = 'sk-canary-31415926'
const secret = new Secret('x', canary)

function errorOf(outcome: { readonly ok: boolean; readonly error?: unknown }): unknown {
  return outcome.error
}

describe('an entry of the vault', () => {
  it('is written and read, with the version that a later write has to name', async () => {
    const vault = memoryVault()
    expect(await writeSealed(vault, 'k', secret, 0)).toEqual({ ok: true, value: 1 })
    const read = await readSealed(vault, 'k')
    expect(read.ok && read.value.reveal()).toBe(canary)
    expect(read.ok && read.value.name).toBe('k')
    const versioned = await readSealedVersion(vault, 'k')
    expect(versioned.ok && versioned.value.version).toBe(1)
    expect(await writeSealed(vault, 'k', new Secret('x', 'next'), 1)).toEqual({ ok: true, value: 2 })
    expect(await writeSealed(vault, 'k', new Secret('x', 'more'), null)).toEqual({ ok: true, value: 3 })
  })

  it('is not written upon where somebody else was faster', async () => {
    const vault = memoryVault()
    await writeSealed(vault, 'k', secret, 0)
    for (const expected of [0, 2]) {
      const late = await writeSealed(vault, 'k', new Secret('x', 'late'), expected)
      expect(errorOf(late)).toMatchObject({ code: 'conflict' })
    }
    const read = await readSealed(vault, 'k')
    expect(read.ok && read.value.reveal()).toBe(canary)
  })

  it('that is not there is a missing credential, with the command that makes it', async () => {
    expect(errorOf(await readSealed(memoryVault(), 'k'))).toMatchObject({
      code: 'missing_credential',
      retry: 'next',
      message: 'the vault has no entry k: signalbox vault set k',
    })
  })

  it.each([
    [undefined, 'the vault has no key: set SIGNALBOX_KEK, or run: signalbox vault init'],
    ['', 'the vault has no key: set SIGNALBOX_KEK, or run: signalbox vault init'],
    ['canary-key', 'SIGNALBOX_KEK: key 1 is not the base64 of 32 bytes'],
  ])('needs a usable key, and without one the next target is tried: %j', async (ring, message) => {
    const vault = { ...memoryVault(), secrets: ringSecrets(ring) }
    const expected = { code: 'not_configured', retry: 'next', message }
    expect(errorOf(await readSealed(vault, 'k'))).toMatchObject(expected)
    expect(errorOf(await writeSealed(vault, 'k', secret, null))).toMatchObject(expected)
    expect(errorOf(await createVaultControl(vault).rewrap())).toMatchObject(expected)
    expect(await vault.stores.vault.list()).toEqual([])
  })

  it('whose key is gone says which one, and opens again when it is back', async () => {
    const vault = memoryVault(`old:${keyA}`)
    await writeSealed(vault, 'k', secret, 0)
    const without = { ...vault, secrets: ringSecrets(`new:${keyB}`) }
    expect(errorOf(await readSealed(without, 'k'))).toMatchObject({
      code: 'missing_credential',
      message:
        'the vault entry k is sealed with key old, which SIGNALBOX_KEK does not hold: put it back behind the first',
    })
    const back = await readSealed({ ...vault, secrets: ringSecrets(`new:${keyB},old:${keyA}`) }, 'k')
    expect(back.ok && back.value.reveal()).toBe(canary)
  })

  it.each([
    ['moved to another name', 'b', 'a'],
    ['given another key id', 'a', 'other'],
  ])('that was %s does not open', async (_name, name, keyId) => {
    const vault = memoryVault(`a:${keyA},other:${keyB}`)
    await writeSealed(vault, 'a', secret, 0)
    const record = await vault.stores.vault.get('a')
    await vault.stores.vault.put({ name, sealed: record?.sealed ?? '', keyId }, null, 1)
    expect(errorOf(await readSealed(vault, name))).toMatchObject({
      code: 'missing_credential',
      message: `the vault entry ${name} was changed outside of the vault, or its key ${keyId} is not the one it was sealed with`,
    })
  })

  it('that another implementation sealed is read', async () => {
    const vault = memoryVault()
    await vault.stores.vault.put({ name: 'k', sealed: oracleForm(keyA, 'a', 'k', canary), keyId: 'a' }, 0, 1)
    const read = await readSealed(vault, 'k')
    expect(read.ok && read.value.reveal()).toBe(canary)
  })

  it.each(['', 'a b', 'a|b', 'ä', 'x'.repeat(129), 'a\nb', '../a b'])('cannot have the name %j', async (name) => {
    const written = await writeSealed(memoryVault(), name, secret, null)
    expect(errorOf(written)).toMatchObject({ code: 'invalid_value', param: 'name' })
  })

  it.each(['openai-key', 'oauth/google:user@example.com', 'A_b.c-1', 'x'.repeat(128), '__proto__'])(
    'may have the name %j',
    async (name) => {
      const vault = memoryVault()
      expect(await writeSealed(vault, name, secret, 0)).toEqual({ ok: true, value: 1 })
      const read = await readSealed(vault, name)
      expect(read.ok && read.value.reveal()).toBe(canary)
    },
  )

  it.each([
    ['', 'the value is empty'],
    ['\uD800', 'the value is not text'],
    ['ä'.repeat(maxVaultValueBytes / 2 + 1), 'the value is longer than 65536 bytes'],
  ])('cannot hold everything', async (value, message) => {
    const written = await writeSealed(memoryVault(), 'k', new Secret('x', value), null)
    expect(errorOf(written)).toMatchObject({ code: 'invalid_value', param: 'value', message })
  })

  it('holds a value of the greatest length', async () => {
    const vault = memoryVault()
    const value = 'ä'.repeat(maxVaultValueBytes / 2)
    await writeSealed(vault, 'k', new Secret('x', value), 0)
    const read = await readSealed(vault, 'k')
    expect(read.ok && read.value.reveal()).toBe(value)
  })

  it('in a store that fails is an error of the store, and no value is in it', async () => {
    const refuse = (): Promise<never> => Promise.reject(new Error(`cannot bind ${canary}`))
    const broken: VaultStore = { exclusive: true, get: refuse, list: refuse, put: refuse, remove: refuse }
    const vault = { ...memoryVault(), stores: { vault: broken } }
    for (const outcome of [await readSealed(vault, 'k'), await writeSealed(vault, 'k', secret, null)])
      expect(errorOf(outcome)).toMatchObject({
        code: 'store_unavailable',
        retry: 'next',
        message: 'the vault cannot be reached',
      })
  })

  it('follows the ring when the secret changes while the gateway runs', async () => {
    let ring = `a:${keyA}`
    const vault = { ...memoryVault(), secrets: { get: () => ring } }
    await writeSealed(vault, 'k', secret, 0)
    ring = `b:${keyB}`
    expect((await readSealed(vault, 'k')).ok).toBe(false)
    ring = `b:${keyB},a:${keyA}`
    expect((await readSealed(vault, 'k')).ok).toBe(true)
  })
})

describe('the control of the vault', () => {
  it('lists names, dates and keys, and whether they open, and never a value', async () => {
    const vault = memoryVault(`a:${keyA}`)
    await writeSealed(vault, 'one', secret, 0)
    await writeSealed({ ...vault, secrets: ringSecrets(`b:${keyB}`) }, 'two', secret, 0)
    const listed = await createVaultControl(vault).list()
    expect(listed).toEqual([
      { name: 'one', keyId: 'a', version: 1, createdAt: 1000, updatedAt: 1000, opens: true },
      { name: 'two', keyId: 'b', version: 1, createdAt: 1000, updatedAt: 1000, opens: false },
    ])
    expect(await unopenedRecords(vault)).toEqual([{ keyId: 'b', count: 1 }])
    const blind = { ...vault, secrets: ringSecrets(undefined) }
    expect((await createVaultControl(blind).list()).map(({ opens }) => opens)).toEqual([false, false])
    expect(await unopenedRecords(blind)).toEqual([
      { keyId: 'a', count: 1 },
      { keyId: 'b', count: 1 },
    ])
  })

  it('sets over what is there, and removes', async () => {
    const control = createVaultControl(memoryVault())
    expect(await control.set('k', secret)).toEqual({ ok: true, value: 1 })
    expect(await control.set('k', secret)).toEqual({ ok: true, value: 2 })
    expect(await control.remove('k')).toBe(true)
    expect(await control.remove('k')).toBe(false)
  })
})

describe('a rewrap', () => {
  it('seals everything anew under the first key, once, and leaves what does not open', async () => {
    const vault = memoryVault(`a:${keyA}`)
    for (const name of ['1', '2', '3']) await writeSealed(vault, name, new Secret(name, `value ${name}`), 0)
    await writeSealed({ ...vault, secrets: ringSecrets(`lost:${keyC}`) }, 'lost', secret, 0)
    const rotated = { ...vault, secrets: ringSecrets(`b:${keyB},a:${keyA},unused:${keyC.replace('Y', 'Z')}`) }
    await writeSealed(rotated, '4', new Secret('4', 'value 4'), 0)
    const before = await vault.stores.vault.get('lost')
    expect(await createVaultControl(rotated).rewrap()).toEqual({
      ok: true,
      value: { rewrapped: 3, kept: 1, unopened: ['lost'], unusedKeys: ['a', 'unused'] },
    })
    expect(await createVaultControl(rotated).rewrap()).toMatchObject({ value: { rewrapped: 0, kept: 4 } })
    expect(await vault.stores.vault.get('lost')).toEqual(before)
    const alone = { ...vault, secrets: ringSecrets(`b:${keyB}`) }
    for (const name of ['1', '2', '3', '4']) {
      const read = await readSealed(alone, name)
      expect(read.ok && read.value.reveal()).toBe(`value ${name}`)
    }
  })

  it('says that a key is still needed where only a lost record names it', async () => {
    const vault = memoryVault(`b:${keyB}`)
    await writeSealed(vault, 'lost', secret, 0)
    const rotated = { ...vault, secrets: ringSecrets(`a:${keyA},b:${keyC}`) }
    expect(await createVaultControl(rotated).rewrap()).toMatchObject({ value: { unopened: ['lost'], unusedKeys: [] } })
  })

  it('names keys by what they open, where they have no name of their own', async () => {
    const vault = memoryVault(keyA)
    await writeSealed(vault, 'k', secret, 0)
    const rotated = { ...vault, secrets: ringSecrets(`${keyB},${keyA}`) }
    expect(await createVaultControl(rotated).rewrap()).toMatchObject({ value: { rewrapped: 1, unusedKeys: ['key2'] } })
    expect((await readSealed({ ...vault, secrets: ringSecrets(keyB) }, 'k')).ok).toBe(true)
  })

  it('never writes over a value that was set meanwhile', async () => {
    const vault = memoryVault(`a:${keyA}`)
    await writeSealed(vault, 'k', new Secret('k', 'old'), 0)
    const rotated = { ...vault, secrets: ringSecrets(`b:${keyB},a:${keyA}`) }
    const { vault: store } = vault.stores
    let races = 2
    const raced: VaultStore = {
      ...store,
      put: async (record, expected, now) => {
        // Somebody sets the value between the rewrap's reading and its writing, under the old key at first.
        if (races-- > 0) await writeSealed(races === 1 ? vault : rotated, 'k', new Secret('k', `new ${races}`), null)
        return store.put(record, expected, now)
      },
    }
    const done = await createVaultControl({ ...rotated, stores: { vault: raced } }).rewrap()
    expect(done).toMatchObject({ ok: true, value: { rewrapped: 0, kept: 1 } })
    const read = await readSealed(rotated, 'k')
    expect(read.ok && read.value.reveal()).toBe('new 0')
  })

  it('passes over an entry that was removed meanwhile, and gives up on one that never stands still', async () => {
    const vault = memoryVault(`a:${keyA}`)
    await writeSealed(vault, 'k', secret, 0)
    const rotated = { ...vault, secrets: ringSecrets(`b:${keyB},a:${keyA}`) }
    const { vault: store } = vault.stores
    const busy: VaultStore = { ...store, put: () => Promise.resolve({ ok: false, current: 9 }) }
    const gaveUp = await createVaultControl({ ...rotated, stores: { vault: busy } }).rewrap()
    expect(errorOf(gaveUp)).toMatchObject({ code: 'conflict', message: 'k is being changed: run it again' })
    const gone: VaultStore = { ...busy, get: () => Promise.resolve(undefined) }
    const passed = await createVaultControl({ ...rotated, stores: { vault: gone } }).rewrap()
    expect(passed).toMatchObject({ value: { rewrapped: 0, kept: 0, unopened: [] } })
  })
})
