// What is particular to KV and not in the contract: what it costs, and what its adapter asks of Cloudflare.
import { expect, test } from 'vitest'
import { kvNamespace } from '../../src/adapters/workers/kv.ts'
import type { KvNamespace } from '../../src/adapters/workers/kv.ts'
import { createKvStores } from '../../src/store/kv.ts'
import { traceRow } from './contract.ts'

interface Call {
  readonly name: string
  readonly key: string
  readonly options?: { readonly expirationTtl?: number; readonly metadata?: unknown }
}

/** A namespace in memory that lists `pageSize` keys at a time and writes down what it was asked. */
function namespaceInMemory(pageSize: number): { readonly namespace: KvNamespace; readonly calls: Call[] } {
  const values = new Map<string, { readonly value: string; readonly metadata: unknown }>()
  const calls: Call[] = []
  const namespace: KvNamespace = {
    get: (key) => {
      calls.push({ name: 'get', key })
      const found = values.get(key)
      return Promise.resolve(found === undefined ? null : (JSON.parse(found.value) as unknown))
    },
    put: (key, value, options) => {
      calls.push({ name: 'put', key, ...(options === undefined ? {} : { options }) })
      values.set(key, { value, metadata: options?.metadata ?? null })
      return Promise.resolve()
    },
    list: ({ prefix, limit, cursor }) => {
      calls.push({ name: 'list', key: prefix })
      const names = [...values.keys()].filter((key) => key.startsWith(prefix)).sort()
      const from = cursor === undefined ? 0 : Number(cursor)
      const until = Math.min(names.length, from + Math.min(limit, pageSize))
      const keys = names.slice(from, until).map((name) => ({ name, metadata: values.get(name)?.metadata }))
      return Promise.resolve(
        until === names.length
          ? { keys, list_complete: true as const }
          : { keys, list_complete: false as const, cursor: String(until) },
      )
    },
    delete: (key) => {
      calls.push({ name: 'delete', key })
      values.delete(key)
      return Promise.resolve()
    },
  }
  return { namespace, calls }
}

function count(calls: readonly Call[], name: string): number {
  return calls.filter((call) => call.name === name).length
}

test('a listing reads only the values it returns, over as many pages of keys as it takes', async () => {
  const { namespace, calls } = namespaceInMemory(10)
  const { ledger } = createKvStores(kvNamespace(namespace))
  const rows = Array.from({ length: 45 }, (_, index) =>
    traceRow(`r${index}`, { startedAt: 1000 + index, outcome: index % 20 === 0 ? 'failed' : 'succeeded' }),
  )
  await ledger.appendTraces(rows)
  calls.length = 0
  const failed = await ledger.traces({ limit: 10, outcome: 'failed' })
  expect(failed.map((row) => row.requestId)).toEqual(['r40', 'r20', 'r0'])
  expect([count(calls, 'list'), count(calls, 'get')]).toEqual([5, 3])
  calls.length = 0
  expect((await ledger.traces({ limit: 4 })).map((row) => row.requestId)).toEqual(['r44', 'r43', 'r42', 'r41'])
  expect([count(calls, 'list'), count(calls, 'get')]).toEqual([1, 4])
})

test('rows get the configured life, which Cloudflare wants to be a minute at least', async () => {
  for (const [traceTtlMs, seconds] of [
    [null, undefined],
    [86_400_000, 86_400],
    [90_500, 91],
    [5, 60],
  ] as const) {
    const { namespace, calls } = namespaceInMemory(10)
    await createKvStores(kvNamespace(namespace), { traceTtlMs }).ledger.appendTraces([traceRow('a')])
    const puts = calls.filter((call) => call.name === 'put')
    expect(puts.map((call) => call.options?.expirationTtl)).toEqual([seconds, seconds])
  }
})

test('keys and notes stay within the limits of Cloudflare for the longest ids and names', async () => {
  const { namespace, calls } = namespaceInMemory(10)
  const { ledger } = createKvStores(kvNamespace(namespace))
  for (const char of ['漢', '\u0001', '%', '"', '😀']) {
    const long = char.repeat(2000)
    await ledger.appendTraces([traceRow(long, { route: long, provider: char.repeat(90), outcome: char.repeat(90) })])
    expect((await ledger.traces({ limit: 1, route: long })).length).toBe(1)
  }
  const bytes = (value: unknown): number => new TextEncoder().encode(String(value)).length
  for (const { key, options } of calls) {
    expect(bytes(key)).toBeLessThanOrEqual(512)
    expect(bytes(JSON.stringify(options?.metadata ?? ''))).toBeLessThanOrEqual(1024)
  }
})

test('a prune stays within the operations of one invocation', async () => {
  const { namespace, calls } = namespaceInMemory(1000)
  const { ledger } = createKvStores(kvNamespace(namespace))
  await ledger.appendTraces(Array.from({ length: 600 }, (_, index) => traceRow(`r${index}`, { startedAt: index })))
  calls.length = 0
  expect(await ledger.pruneTraces(1000, 5000)).toBe(400)
  expect(calls.length).toBeLessThan(1000)
  expect(await ledger.pruneTraces(1000, 5000)).toBe(200)
})

test('a value that somebody else wrote under our keys does no harm', async () => {
  const { namespace } = namespaceInMemory(10)
  const { config, ledger } = createKvStores(kvNamespace(namespace))
  await namespace.put('config/current', '"nonsense"')
  await namespace.put('config/revision/1', '{"revision":"x"}')
  await namespace.put('trace/0000000000000001/x', '[1]')
  await namespace.put('trace-id/x', '17')
  expect(await config.load()).toBe(undefined)
  expect(await config.history(10)).toEqual([])
  expect(await ledger.trace('x')).toBe(undefined)
  expect((await ledger.traces({ limit: 10 })).length).toBe(1)
})

test('rows of the access audit vanish after 30 days unless somebody says otherwise', async () => {
  const row = { at: 5, credential: 'c', source: 'env', reason: 'first', outcome: 'ok', durationMs: 2 }
  for (const [options, seconds] of [
    [undefined, 30 * 86_400],
    [{ traceTtlMs: null }, 30 * 86_400],
    [{ traceTtlMs: null, accessTtlMs: 3_600_000 }, 3600],
    [{ traceTtlMs: null, accessTtlMs: null }, undefined],
  ] as const) {
    const { namespace, calls } = namespaceInMemory(10)
    await createKvStores(kvNamespace(namespace), options).ledger.appendAccesses([row])
    expect(calls.map((call) => call.options?.expirationTtl)).toEqual([seconds])
  }
})

test('the access audit is listed from the keys alone, and stays within the limits of Cloudflare', async () => {
  const { namespace, calls } = namespaceInMemory(10)
  const { ledger } = createKvStores(kvNamespace(namespace))
  const row = { credential: 'c', source: 'env', reason: 'first', outcome: 'ok', durationMs: 2 }
  await ledger.appendAccesses(Array.from({ length: 25 }, (_, at) => ({ ...row, at })))
  calls.length = 0
  expect((await ledger.accesses({ limit: 12 })).map(({ at }) => at)).toEqual([
    24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13,
  ])
  expect([count(calls, 'list'), count(calls, 'get')]).toEqual([2, 0])
  for (const char of ['漢', '%', '"', '😀', '\uD800']) {
    const long = char.repeat(200)
    await ledger.appendAccesses([{ ...row, at: 100, credential: long, source: long, reason: long, outcome: long }])
  }
  const bytes = (value: unknown): number => new TextEncoder().encode(String(value)).length
  for (const { key, options } of calls) {
    expect(bytes(key)).toBeLessThanOrEqual(512)
    expect(bytes(JSON.stringify(options?.metadata ?? ''))).toBeLessThanOrEqual(1024)
    expect(key.isWellFormed()).toBe(true)
  }
  expect((await ledger.accesses({ limit: 5 }))[0]).toMatchObject({ at: 100 })
})

test('a vault on a replica that lags refuses what it knows to be late and nothing else', async () => {
  const { namespace } = namespaceInMemory(10)
  const { vault } = createKvStores(kvNamespace(namespace))
  const draft = { name: 'n', sealed: 's', keyId: 'k' }
  expect(await vault.put(draft, 4, 1)).toEqual({ ok: true, version: 5 })
  expect(await vault.put(draft, 4, 1)).toEqual({ ok: false, current: 5 })
  expect(await vault.put(draft, null, 1)).toEqual({ ok: true, version: 6 })
})

test('a vault that is too large to be listed in one invocation says so', async () => {
  const { namespace } = namespaceInMemory(1000)
  const { vault } = createKvStores(kvNamespace(namespace))
  for (let index = 0; index < 500; index++) await vault.put({ name: `n${index}`, sealed: 's', keyId: 'k' }, null, 1)
  expect((await vault.list()).length).toBe(500)
  await vault.put({ name: 'one-more', sealed: 's', keyId: 'k' }, null, 1)
  await expect(vault.list()).rejects.toThrow('a vault in KV is listed up to 500 entries: use D1')
})

test('what somebody else wrote under a key of the vault is no entry', async () => {
  const { namespace } = namespaceInMemory(10)
  const { vault } = createKvStores(kvNamespace(namespace))
  for (const value of ['1', '"x"', '[]', '{"name":"n"}', '{"name":"n","sealed":1,"keyId":"k"}']) {
    await namespace.put('vault/n', value)
    expect(await vault.get('n')).toBeUndefined()
    expect(await vault.list()).toEqual([])
  }
})
