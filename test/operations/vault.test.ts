// The operations on the vault: what they answer, what they make a gateway forget, and that no answer holds a value.
import { describe, expect, it } from 'vitest'
import { operations } from '../../src/operations/index.ts'
import { vaultList } from '../../src/operations/vault-list.ts'
import { vaultRewrap } from '../../src/operations/vault-rewrap.ts'
import { vaultRm } from '../../src/operations/vault-rm.ts'
import { vaultSet } from '../../src/operations/vault-set.ts'
import { createVaultControl } from '../../src/sealing/vault-control.ts'
import { keyA, keyB, ringSecrets } from '../sealing/support.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { contextOf, dataOf, errorOf, noon } from './context.ts'

const canary = 'sk-canary-operation-1414'
const document = {
  storage: { kind: 'sqlite', path: '/nowhere/x.sqlite' },
  credentials: {
    one: { type: 'api_key', source: 'sealed', name: 'shared' },
    two: {
      type: 'oauth',
      refresh: { source: 'sealed', name: 'refresh' },
      client_secret: { source: 'sealed', name: 'shared' },
      token_url: 'https://auth.example.com/token',
      client_id: 'c',
    },
    three: { type: 'api_key', source: 'env', env: 'shared' },
  },
  providers: {
    a: {
      type: 'openai',
      accounts: [
        { id: 'x', credential: 'one' },
        { id: 'y', credential: 'two' },
      ],
    },
    b: {
      type: 'openai',
      accounts: [
        { id: 'x', credential: 'one' },
        { id: 'y', credential: 'three' },
      ],
    },
  },
}

function scene(ring: string | undefined = `a:${keyA}`, config: unknown = document) {
  const stores = createMemoryStores()
  const dropped: string[] = []
  const context = contextOf(config, {
    stores,
    vault: createVaultControl({ secrets: ringSecrets(ring), stores, clock: { now: () => noon } }),
    dropCredential: (id) => void dropped.push(id),
  })
  return { context, stores, dropped }
}

describe('vault set', () => {
  it('seals, counts versions, names who reads the entry, and lets the gateway forget what it kept of it', async () => {
    const { context, stores, dropped } = scene()
    const set = { name: 'shared', value: canary }
    expect(await dataOf(vaultSet, context, set)).toEqual({ name: 'shared', version: 1, used_by: ['one', 'two'] })
    expect(dropped).toEqual(['one', 'two'])
    expect(await dataOf(vaultSet, context, set)).toMatchObject({ version: 2 })
    expect(await dataOf(vaultSet, context, { name: 'refresh', value: canary })).toMatchObject({ used_by: ['two'] })
    expect(await dataOf(vaultSet, context, { name: 'nobody', value: canary })).toMatchObject({ used_by: [] })
    expect(JSON.stringify(await stores.vault.list())).not.toContain(canary)
  })

  it('also names who keeps its rotated token there, and who only opens other secrets with it', async () => {
    const oauth = { type: 'oauth', token_url: 'https://auth.example.com/token', client_id: 'c' }
    const { context, dropped } = scene(undefined, {
      ...document,
      credentials: {
        ...document.credentials,
        'me+work': { ...oauth, refresh: { source: 'env', env: 'REFRESH' } },
        reader: { type: 'aws', source: 'sealed', name: 'aws-keys' },
      },
    })
    const nameOf = async (name: string) => await dataOf(vaultSet, context, { name, value: canary })
    expect(await nameOf('oauth/me:work')).toMatchObject({ used_by: ['me+work'] })
    expect(await nameOf('aws-keys')).toMatchObject({ used_by: ['reader'] })
    expect(dropped).toEqual(['me+work', 'reader'])
  })

  it.each([
    [{ name: 'k', value: '' }, 'invalid_value', 'value'],
    [{ name: 'a b', value: canary }, 'invalid_value', 'name'],
    [{ name: 'k', value: `${canary}\uD800` }, 'invalid_value', 'value'],
    [{ name: '', value: canary }, 'invalid_value', 'name'],
    [{ name: 'k' }, 'missing_required_parameter', 'value'],
    [{ name: 'k', value: { key: canary } }, 'invalid_value', 'value'],
    [{ name: 'k', value: canary, extra: canary }, 'invalid_value', undefined],
  ])('refuses %j and does not repeat it', async (input, code, param) => {
    const { context, stores } = scene()
    const error = await errorOf(vaultSet, context, input)
    expect([error.code, param === undefined ? undefined : error.param]).toEqual([code, param])
    expect(JSON.stringify(error)).not.toContain('canary')
    expect(await stores.vault.list()).toEqual([])
  })

  it('needs a key, a vault and a store that outlives the command', async () => {
    const input = { name: 'k', value: canary }
    expect(await errorOf(vaultSet, scene('').context, input)).toMatchObject({ code: 'not_configured' })
    expect(await errorOf(vaultSet, contextOf(document), input)).toMatchObject({ message: 'there is no vault here' })
    const inMemory = { ...document, storage: { kind: 'memory' } }
    expect(await errorOf(vaultSet, scene(undefined, inMemory).context, input)).toMatchObject({
      message: expect.stringContaining('keeps the vault in memory') as string,
    })
  })
})

describe('vault list', () => {
  it('shows names, keys and dates, and which entries do not open', async () => {
    const { context, stores } = scene()
    await dataOf(vaultSet, context, { name: 'shared', value: canary })
    const other = createVaultControl({ secrets: ringSecrets(`b:${keyB}`), stores, clock: { now: () => noon + 1 } })
    expect(await dataOf(vaultList, { ...context, vault: other })).toEqual([
      {
        name: 'shared',
        version: 1,
        key_id: 'a',
        opens: false,
        used_by: ['one', 'two'],
        created_at: '2026-03-01T12:00:00.000Z',
        updated_at: '2026-03-01T12:00:00.000Z',
      },
    ])
    expect(await dataOf(vaultList, context)).toMatchObject([{ opens: true }])
  })
})

describe('vault rm', () => {
  it('removes, and lets the gateway forget the value at once', async () => {
    const { context, dropped } = scene()
    await dataOf(vaultSet, context, { name: 'refresh', value: canary })
    dropped.length = 0
    expect(await dataOf(vaultRm, context, { name: 'refresh' })).toEqual({
      name: 'refresh',
      removed: true,
      used_by: ['two'],
    })
    expect(dropped).toEqual(['two'])
    expect(await errorOf(vaultRm, context, { name: 'refresh' })).toMatchObject({ code: 'not_found', param: 'name' })
  })
})

describe('vault rewrap', () => {
  it('says what it did, what is left, and which keys nothing needs', async () => {
    const { context, stores } = scene()
    await dataOf(vaultSet, context, { name: 'k', value: canary })
    await stores.vault.put({ name: 'lost', sealed: 'sbx1:gone:AAAA:AAAA', keyId: 'gone' }, 0, 1)
    const rotated = createVaultControl({
      secrets: ringSecrets(`b:${keyB},a:${keyA}`),
      stores,
      clock: { now: () => noon },
    })
    expect(await dataOf(vaultRewrap, { ...context, vault: rotated })).toEqual({
      rewrapped: 1,
      kept: 0,
      unopened: ['lost'],
      unused_keys: ['a'],
    })
  })
})

describe('a store that fails', () => {
  it('is said as that by every operation, without what it said', async () => {
    const fail = (): Promise<never> => Promise.reject(new Error(canary))
    const stores = {
      ...createMemoryStores(),
      vault: { exclusive: true, get: fail, list: fail, put: fail, remove: fail },
    }
    const vault = createVaultControl({ secrets: ringSecrets(`a:${keyA}`), stores, clock: { now: () => noon } })
    const context = { ...contextOf(document), vault }
    for (const [operation, input] of [
      [vaultList, {}],
      [vaultSet, { name: 'k', value: 'v' }],
      [vaultRm, { name: 'k' }],
      [vaultRewrap, {}],
    ] as const) {
      const error = await errorOf(operation, context, input)
      expect(error.code).toBe('store_unavailable')
      expect(JSON.stringify(error)).not.toContain(canary)
    }
  })
})

describe('the operations on the vault', () => {
  it('are privileged, all of them', () => {
    const ours = operations.filter(({ verb }) => verb.startsWith('vault '))
    expect(ours.map(({ verb, tier }) => [verb, tier])).toEqual([
      ['vault list', 'privileged'],
      ['vault set', 'privileged'],
      ['vault rm', 'privileged'],
      ['vault rewrap', 'privileged'],
    ])
  })
})
