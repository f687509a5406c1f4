// What every driver of the stores has to do, as cases that throw. No test runner in here: Bun and Deno run the same list.
import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import type { CoordinationStore, Stores, TraceRow } from '../../src/ports/index.ts'
import { accessCases, stateHeadCases, vaultCases } from './contract-vault.ts'

export interface ContractCase {
  readonly name: string
  /** Runs against stores that nothing was written to. */
  run(stores: Stores): Promise<void>
}

/** Cases that a driver cannot pass by its nature. They are printed with the reason. */
export interface Skip {
  readonly reason: string
  readonly cases: readonly string[]
}

const start = 1_790_000_000_000
const most = Number.MAX_SAFE_INTEGER

/** Text that broke some storage somewhere: quotes, wildcards, statements, astral characters, line separators. */
export const awkwardTexts: readonly string[] = [
  '',
  ' ',
  ' leading and trailing ',
  `it's "quoted" \`three\` ways \\`,
  '100% _under_ %s %00 %2F',
  "'); DROP TABLE traces;--",
  "' OR '1'='1",
  '?1 $name @x :y {{z}} ${w}',
  'line\nfeed\r\n\ttab',
  '\u2028\u2029\u0085\uFEFF',
  '😀 é e\u0301 漢字 עברית \u{10FFFF}',
  '\u0001\u001F\u007F',
  'null',
  '9007199254740993',
  '{"json":[1,2]}',
  '__proto__',
]

/** A trace with every field set, with what is given in place of the defaults. */
export function traceRow(requestId: string, changes: Partial<TraceRow> = {}): TraceRow {
  return {
    requestId,
    startedAt: start,
    revision: 'r1',
    dialect: 'openai-chat',
    path: '/v1/chat/completions',
    keyId: 'key-1',
    tenant: 'tenant-1',
    inboundModel: 'fast',
    route: 'fast',
    provider: 'openai',
    account: 'main',
    model: 'gpt-5-mini',
    upstreamDialect: 'openai-chat',
    streamed: true,
    status: 200,
    outcome: 'succeeded',
    errorCode: 'none',
    finish: 'stop',
    durationMs: 1200,
    ttftMs: 300,
    inputTokens: 10,
    cacheReadTokens: 2,
    cacheWriteTokens: 3,
    outputTokens: 20,
    reasoningTokens: 5,
    usageEvidence: 'provider',
    detail: '{"attempts":[],"losses":[]}',
    ...changes,
  }
}

const nothingKnown: Partial<TraceRow> = {
  keyId: null,
  tenant: null,
  inboundModel: null,
  route: null,
  provider: null,
  account: null,
  model: null,
  upstreamDialect: null,
  streamed: false,
  errorCode: null,
  finish: null,
  ttftMs: null,
  inputTokens: null,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  outputTokens: null,
  reasoningTokens: null,
  usageEvidence: null,
}

function coordination(stores: Stores): CoordinationStore {
  ok(stores.coordination !== undefined, 'this driver has no CoordinationStore')
  return stores.coordination
}

function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index))
}

function ids(rows: readonly TraceRow[]): string[] {
  return rows.map((row) => row.requestId)
}

const configCases: readonly ContractCase[] = [
  {
    name: 'config: nothing is published at first',
    run: async ({ config }) => {
      equal(await config.load(), undefined)
      equal(await config.revision(), undefined)
      deepEqual(await config.history(10), [])
    },
  },
  {
    name: 'config: the revision says which document is the newest',
    run: async ({ config }) => {
      await config.publish('{"n":1}', 0, start)
      deepEqual(await config.revision(), { revision: 1, publishedAt: start })
      await config.publish('{"n":2}', 1, start + 7)
      deepEqual(await config.revision(), { revision: 2, publishedAt: start + 7 })
    },
  },
  {
    name: 'config: the newest document comes back as it was published',
    run: async ({ config }) => {
      const document = JSON.stringify({ texts: awkwardTexts, big: most })
      deepEqual(await config.publish('{"first":1}', 0, start), { ok: true, revision: 1 })
      deepEqual(await config.publish(document, 1, start + 5), { ok: true, revision: 2 })
      deepEqual(await config.load(), { revision: 2, document, publishedAt: start + 5 })
    },
  },
  {
    name: 'config: a document of 300 KB is kept whole',
    run: async ({ config }) => {
      const document = JSON.stringify({ filler: 'é'.repeat(150_000) })
      await config.publish(document, 0, start)
      equal((await config.load())?.document, document)
    },
  },
  {
    name: 'config: history is newest first and at most as long as asked',
    run: async ({ config }) => {
      for (const index of [0, 1, 2, 3]) await config.publish(`{"n":${index}}`, index, start + index)
      deepEqual(
        (await config.history(3)).map(({ revision, document }) => [revision, document]),
        [
          [4, '{"n":3}'],
          [3, '{"n":2}'],
          [2, '{"n":1}'],
        ],
      )
      equal((await config.history(100)).length, 4)
      deepEqual(await config.history(0), [])
    },
  },
  {
    name: 'config: publishing on a revision that is not the newest is refused and changes nothing',
    run: async ({ config }) => {
      equal(config.exclusive, true)
      deepEqual(await config.publish('{}', 1, start), { ok: false, current: 0 })
      await config.publish('{"n":1}', 0, start)
      deepEqual(await config.publish('{"n":2}', 0, start), { ok: false, current: 1 })
      deepEqual(await config.publish('{"n":2}', 2, start), { ok: false, current: 1 })
      equal((await config.load())?.document, '{"n":1}')
      equal((await config.history(10)).length, 1)
    },
  },
  {
    name: 'config: of 50 concurrent publishers on one revision exactly one wins',
    run: async ({ config }) => {
      await config.publish('{"base":true}', 0, start)
      const results = await Promise.all(times(50, (index) => config.publish(`{"n":${index}}`, 1, start + index)))
      const winners = results.flatMap((result, index) => (result.ok ? [index] : []))
      equal(winners.length, 1)
      equal((await config.load())?.document, `{"n":${winners[0]}}`)
      for (const result of results) if (!result.ok) equal(result.current, 2)
    },
  },
  {
    name: 'config: where the last writer wins, a stale publish gets a higher revision',
    run: async ({ config }) => {
      equal(config.exclusive, false)
      deepEqual(await config.publish('{"n":1}', 0, start), { ok: true, revision: 1 })
      deepEqual(await config.publish('{"n":2}', 0, start + 1), { ok: true, revision: 2 })
      // The caller has seen a newer document than this replica.
      deepEqual(await config.publish('{"n":3}', 8, start + 2), { ok: true, revision: 9 })
      equal((await config.load())?.document, '{"n":3}')
      deepEqual(
        (await config.history(10)).map(({ revision }) => revision),
        [9, 2, 1],
      )
    },
  },
]

const leaseCases: readonly ContractCase[] = [
  {
    name: 'leases: one owner at a time, who may renew',
    run: async (stores) => {
      const store = coordination(stores)
      equal(await store.acquire('probe', 'a', start, 1000), true)
      equal(await store.acquire('probe', 'b', start, 1000), false)
      equal(await store.acquire('probe', 'a', start + 500, 1000), true)
      equal(await store.acquire('probe', 'b', start + 1400, 1000), false, 'the renewal has to last')
      equal(await store.acquire('other', 'b', start, 1000), true)
    },
  },
  {
    name: 'leases: another owner takes over when it has expired and not a millisecond before',
    run: async (stores) => {
      const store = coordination(stores)
      await store.acquire('refresh', 'a', start, 1000)
      equal(await store.acquire('refresh', 'b', start + 999, 1000), false)
      equal(await store.acquire('refresh', 'b', start + 1000, 1000), true)
      equal(await store.acquire('refresh', 'a', start + 1001, 1000), false)
    },
  },
  {
    name: 'leases: only the owner gives one back',
    run: async (stores) => {
      const store = coordination(stores)
      await store.acquire('slot', 'a', start, 1000)
      await store.release('slot', 'b')
      equal(await store.acquire('slot', 'b', start + 1, 1000), false)
      await store.release('slot', 'a')
      equal(await store.acquire('slot', 'b', start + 1, 1000), true)
      await store.release('never taken', 'a')
    },
  },
  {
    name: 'leases: of 50 concurrent owners exactly one gets it',
    run: async (stores) => {
      const store = coordination(stores)
      const results = await Promise.all(times(50, (index) => store.acquire('single', `owner-${index}`, start, 1000)))
      equal(results.filter(Boolean).length, 1)
    },
  },
]

const counterCases: readonly ContractCase[] = [
  {
    name: 'counters: a sum may reach the limit and not pass it',
    run: async (stores) => {
      const store = coordination(stores)
      deepEqual(await store.add('spend', 6, 10, start, 1000), { ok: true, value: 6 })
      deepEqual(await store.add('spend', 5, 10, start, 1000), { ok: false, value: 6 })
      deepEqual(await store.add('spend', 4, 10, start, 1000), { ok: true, value: 10 })
      deepEqual(await store.add('spend', 1, 10, start, 1000), { ok: false, value: 10 })
      equal(await store.peek('spend', start), 10)
    },
  },
  {
    name: 'counters: a first amount above the limit leaves no counter behind',
    run: async (stores) => {
      const store = coordination(stores)
      deepEqual(await store.add('big', 11, 10, start, 1000), { ok: false, value: 0 })
      equal(await store.peek('big', start), 0)
      deepEqual(await store.add('big', 0, 0, start, 1000), { ok: true, value: 0 })
    },
  },
  {
    name: 'counters: amounts are given back with a negative amount',
    run: async (stores) => {
      const store = coordination(stores)
      await store.add('held', 8, 10, start, 1000)
      deepEqual(await store.add('held', -5, null, start, 1000), { ok: true, value: 3 })
      deepEqual(await store.add('held', 7, 10, start, 1000), { ok: true, value: 10 })
      deepEqual(await store.add('held', -20, null, start, 1000), { ok: true, value: -10 })
      deepEqual(await store.add('held', 12, 5, start, 1000), { ok: true, value: 2 })
    },
  },
  {
    name: 'counters: one starts again at 0 when its time has passed, and adding does not prolong it',
    run: async (stores) => {
      const store = coordination(stores)
      await store.add('window', 3, 3, start, 1000)
      deepEqual(await store.add('window', 1, 3, start + 999, 1000), { ok: false, value: 3 })
      deepEqual(await store.add('window', 0, 3, start + 999, 5000), { ok: true, value: 3 })
      equal(await store.peek('window', start + 999), 3)
      equal(await store.peek('window', start + 1000), 0)
      deepEqual(await store.add('window', 2, 3, start + 1000, 1000), { ok: true, value: 2 })
      equal(await store.peek('window', start + 1999), 2)
      equal(await store.peek('window', start + 2000), 0)
    },
  },
  {
    name: 'counters: 50 concurrent additions against a limit of 30 admit exactly 30',
    run: async (stores) => {
      const store = coordination(stores)
      const results = await Promise.all(times(50, () => store.add('rate', 1, 30, start, 60_000)))
      equal(results.filter((result) => result.ok).length, 30)
      equal(await store.peek('rate', start), 30)
      // Each admitted one saw its own value: none was counted twice.
      const values = results.flatMap((result) => (result.ok ? [result.value] : [])).sort((a, b) => a - b)
      deepEqual(
        values,
        times(30, (index) => index + 1),
      )
    },
  },
  {
    name: 'counters: sums stay exact up to 2^53 - 1 and never pass it',
    run: async (stores) => {
      const store = coordination(stores)
      deepEqual(await store.add('nano', most - 1, null, start, 1000), { ok: true, value: most - 1 })
      deepEqual(await store.add('nano', 1, null, start, 1000), { ok: true, value: most })
      deepEqual(await store.add('nano', 1, null, start, 1000), { ok: false, value: most })
      deepEqual(await store.add('nano', -2, null, start, 1000), { ok: true, value: most - 2 })
      deepEqual(await store.add('nano', 2, most - 1, start, 1000), { ok: false, value: most - 2 })
    },
  },
  {
    name: 'counters and leases: reading changes nothing, and names are compared exactly',
    run: async (stores) => {
      const store = coordination(stores)
      const names = [...awkwardTexts, 'name', 'NAME', 'name ', 'nam%', 'name\u0000', 'name\u0000x', 'é', 'e\u0301']
      for (const name of names) equal(await store.peek(name, start), 0)
      for (const [index, name] of names.entries()) {
        deepEqual(await store.add(name, index + 1, null, start, 1000), { ok: true, value: index + 1 })
        equal(await store.acquire(name, `owner of ${name}`, start, 1000), true)
      }
      for (const [index, name] of names.entries()) {
        equal(await store.peek(name, start), index + 1)
        equal(await store.acquire(name, `owner of ${name}`, start, 1000), true)
      }
    },
  },
]

const ledgerCases: readonly ContractCase[] = [
  {
    name: 'ledger: an empty store answers, and takes an empty append',
    run: async ({ ledger }) => {
      await ledger.check()
      await ledger.appendTraces([])
      equal(await ledger.trace('nobody'), undefined)
      deepEqual(await ledger.traces({ limit: 10 }), [])
      equal(await ledger.pruneTraces(most, 10), 0)
    },
  },
  {
    name: 'ledger: a row comes back with every field as it was',
    run: async ({ ledger }) => {
      const full = traceRow('full')
      const bare = traceRow('bare', { ...nothingKnown, startedAt: start - 1 })
      await ledger.appendTraces([full, bare])
      deepEqual(await ledger.trace('full'), full)
      deepEqual(await ledger.trace('bare'), bare)
      deepEqual(await ledger.traces({ limit: 10 }), [full, bare])
    },
  },
  {
    name: 'ledger: awkward text survives in every place',
    run: async ({ ledger }) => {
      const rows = awkwardTexts.map((text, index) =>
        traceRow(`id ${text}`, {
          startedAt: start - index,
          path: text,
          keyId: text,
          inboundModel: text,
          route: text,
          outcome: text,
          detail: JSON.stringify([text]),
        }),
      )
      await ledger.appendTraces(rows)
      for (const row of rows) deepEqual(await ledger.trace(row.requestId), row)
      deepEqual(await ledger.traces({ limit: 100 }), rows)
      await ledger.check()
    },
  },
  {
    name: 'ledger: NUL and lone surrogates come back as U+FFFD, the same on every backend',
    run: async ({ ledger }) => {
      await ledger.appendTraces([traceRow('a\u0000b', { inboundModel: 'x\u0000y\uD800', route: '\uDC00\uD800' })])
      const row = await ledger.trace('a\u0000b')
      equal(row?.requestId, 'a\uFFFDb')
      equal(row?.inboundModel, 'x\uFFFDy\uFFFD')
      equal((await ledger.traces({ limit: 10, route: '\uDC00\uD800' })).length, 1)
    },
  },
  {
    name: 'ledger: integers are exact up to 2^53 - 1',
    run: async ({ ledger }) => {
      const row = traceRow('big', { inputTokens: most, outputTokens: most - 1, durationMs: most, ttftMs: 0 })
      await ledger.appendTraces([row])
      deepEqual(await ledger.trace('big'), row)
    },
  },
  {
    name: 'ledger: a row that no backend could hold is made to fit, and does not stop its neighbours',
    run: async ({ ledger }) => {
      const huge = traceRow('huge', {
        inboundModel: 'm'.repeat(3_000_000),
        detail: JSON.stringify('d'.repeat(3_000_000)),
        durationMs: 12.6,
        ttftMs: Number.NaN,
        inputTokens: Number.POSITIVE_INFINITY,
        outputTokens: 2 ** 60,
      })
      await ledger.appendTraces([traceRow('before'), huge, traceRow('after')])
      const row = await ledger.trace('huge')
      equal(row?.inboundModel, 'm'.repeat(1024))
      equal(row?.detail, '{"omitted":"detail of 3000002 characters"}')
      deepEqual([row?.durationMs, row?.ttftMs, row?.inputTokens, row?.outputTokens], [13, null, most, most])
      equal((await ledger.traces({ limit: 10 })).length, 3)
      await ledger.appendTraces([traceRow('i'.repeat(5000))])
      notEqual(await ledger.trace('i'.repeat(5000)), undefined)
    },
  },
  {
    name: 'ledger: a listing is newest first, and in order of request id within a millisecond',
    run: async ({ ledger }) => {
      const order = ['c', 'a', 'e', 'b', 'd']
      await ledger.appendTraces(order.map((id, index) => traceRow(id, { startedAt: start + (index % 2) })))
      await ledger.appendTraces([traceRow('old', { startedAt: start - 5 }), traceRow('new', { startedAt: start + 5 })])
      deepEqual(ids(await ledger.traces({ limit: 10 })), ['new', 'a', 'b', 'c', 'd', 'e', 'old'])
      deepEqual(ids(await ledger.traces({ limit: 2 })), ['new', 'a'])
      deepEqual(await ledger.traces({ limit: 0 }), [])
    },
  },
  {
    name: 'ledger: a request id is kept once, as it was first',
    run: async ({ ledger }) => {
      await ledger.appendTraces([traceRow('x', { status: 200 }), traceRow('x', { status: 500 })])
      await ledger.appendTraces([traceRow('y'), traceRow('x', { status: 404, startedAt: start + 9 })])
      equal((await ledger.trace('x'))?.status, 200)
      deepEqual(ids(await ledger.traces({ limit: 10 })), ['x', 'y'])
    },
  },
  {
    name: 'ledger: concurrent appends of overlapping rows keep each row once',
    run: async ({ ledger }) => {
      await Promise.all(
        times(10, (index) => ledger.appendTraces(times(5, (offset) => traceRow(`r${(index + offset) % 12}`)))),
      )
      const found = ids(await ledger.traces({ limit: 100 }))
      equal(found.length, 12)
      equal(new Set(found).size, 12)
    },
  },
  {
    name: 'ledger: filters match exactly and combine',
    run: async ({ ledger }) => {
      const rows = [
        traceRow('1', { route: 'fast', provider: 'openai', outcome: 'succeeded' }),
        traceRow('2', { route: 'fast', provider: 'groq', outcome: 'failed' }),
        traceRow('3', { route: 'fas%', provider: 'openai', outcome: 'failed' }),
        traceRow('4', { route: 'FAST', provider: 'fast', outcome: 'succeeded' }),
        traceRow('5', { ...nothingKnown, outcome: 'rejected' }),
      ].map((row, index) => ({ ...row, startedAt: start - index }))
      await ledger.appendTraces(rows)
      const found = async (query: object): Promise<string[]> => ids(await ledger.traces({ limit: 10, ...query }))
      deepEqual(await found({ route: 'fast' }), ['1', '2'])
      deepEqual(await found({ route: 'fas%' }), ['3'])
      deepEqual(await found({ provider: 'openai' }), ['1', '3'])
      deepEqual(await found({ outcome: 'failed' }), ['2', '3'])
      deepEqual(await found({ route: 'fast', provider: 'openai', outcome: 'succeeded' }), ['1'])
      deepEqual(await found({ route: 'fast', outcome: 'rejected' }), [])
      deepEqual(await found({ route: '' }), [])
      deepEqual(await found({ outcome: 'failed', before: start - 1 }), ['3'])
      deepEqual(await found({ outcome: 'failed', limit: 1 }), ['2'])
    },
  },
  {
    name: 'ledger: paging by start time walks over every row once',
    run: async ({ ledger }) => {
      await ledger.appendTraces(times(23, (index) => traceRow(`r${index}`, { startedAt: start + index })))
      const seen: string[] = []
      let before: number | undefined
      for (;;) {
        const page = await ledger.traces({ limit: 5, ...(before === undefined ? {} : { before }) })
        seen.push(...ids(page))
        before = page.at(-1)?.startedAt
        if (page.length < 5) break
      }
      deepEqual(
        seen,
        times(23, (index) => `r${22 - index}`),
      )
    },
  },
  {
    name: 'ledger: pruning removes the oldest first, in batches, and nothing younger',
    run: async ({ ledger }) => {
      await ledger.appendTraces(times(12, (index) => traceRow(`r${index}`, { startedAt: start + index })))
      equal(await ledger.pruneTraces(start + 7, 5), 5)
      equal(await ledger.trace('r4'), undefined)
      notEqual(await ledger.trace('r5'), undefined)
      equal(await ledger.pruneTraces(start + 7, 0), 0)
      equal(await ledger.pruneTraces(start + 7, 5), 2)
      equal(await ledger.pruneTraces(start + 7, 5), 0)
      deepEqual(ids(await ledger.traces({ limit: 100 })), ['r11', 'r10', 'r9', 'r8', 'r7'])
      // What was pruned is gone: its id may come again.
      await ledger.appendTraces([traceRow('r0', { startedAt: start + 100 })])
      equal((await ledger.trace('r0'))?.startedAt, start + 100)
    },
  },
  {
    name: 'ledger: 1,000 rows in one append are all there',
    run: async ({ ledger }) => {
      const detail = JSON.stringify({ filler: 'é'.repeat(1000) })
      await ledger.appendTraces(times(1000, (index) => traceRow(`r${index}`, { startedAt: start + index, detail })))
      const found = await ledger.traces({ limit: 2000 })
      equal(found.length, 1000)
      equal(found[0]?.requestId, 'r999')
      ok(found.every((row) => row.detail === detail))
    },
  },
]

function stateKey(index: number): string {
  return `${'K-_'.repeat(13)}${String(index).padStart(4, '0')}`
}

const stateCases: readonly ContractCase[] = [
  {
    name: 'state: what was put comes back for the keys that are asked for, and nothing for others',
    run: async ({ state }) => {
      const records = times(5, (index) => ({ key: stateKey(index), sealed: `s${index}`, expiresAt: start + 100_000 }))
      await state.put(records, start)
      const found = await state.get([stateKey(3), stateKey(1), stateKey(99)], start + 1)
      deepEqual([...found].sort(), [
        [stateKey(1), 's1'],
        [stateKey(3), 's3'],
      ])
      equal((await state.get([], start)).size, 0)
      await state.put([], start)
    },
  },
  {
    name: 'state: a later record takes the place of the earlier, with its own end',
    run: async ({ state }) => {
      await state.put([{ key: stateKey(1), sealed: 'old', expiresAt: start + 100_000 }], start)
      await state.put([{ key: stateKey(1), sealed: 'new', expiresAt: start + 300_000 }], start + 10)
      deepEqual([...(await state.get([stateKey(1)], start + 200_000))], [[stateKey(1), 'new']])
    },
  },
  {
    name: 'state: at its end a record counts as absent, also before it is removed',
    run: async ({ state }) => {
      await state.put([{ key: stateKey(1), sealed: 'x', expiresAt: start + 100_000 }], start)
      equal((await state.get([stateKey(1)], start + 99_999)).size, 1)
      equal((await state.get([stateKey(1)], start + 100_000)).size, 0)
    },
  },
  {
    name: 'state: a record of 900 KB is kept whole',
    run: async ({ state }) => {
      const sealed = 'Ab+/'.repeat(225_000)
      await state.put([{ key: stateKey(1), sealed, expiresAt: start + 100_000 }], start)
      equal((await state.get([stateKey(1)], start)).get(stateKey(1)), sealed)
    },
  },
  {
    name: 'state: 300 keys are answered in one call',
    run: async ({ state }) => {
      const records = times(300, (index) => ({ key: stateKey(index), sealed: `s${index}`, expiresAt: start + 100_000 }))
      await state.put(records, start)
      const found = await state.get(
        times(400, (index) => stateKey(399 - index)),
        start,
      )
      equal(found.size, 300)
      for (const { key, sealed } of records) equal(found.get(key), sealed)
    },
  },
  {
    name: 'state: a sweep removes what has expired, oldest first and in batches, and nothing that is alive',
    run: async ({ state }) => {
      const records = times(10, (index) => ({ key: stateKey(index), sealed: 'x', expiresAt: start + index }))
      await state.put(records, start - 1)
      equal(await state.sweep(start + 6, 4), 4)
      equal(await state.sweep(start + 6, 100), 3)
      equal(await state.sweep(start + 6, 100), 0)
      const left = await state.get(
        records.map(({ key }) => key),
        start - 1,
      )
      deepEqual([...left.keys()].sort(), [stateKey(7), stateKey(8), stateKey(9)])
    },
  },
]

export const storeContract: readonly ContractCase[] = [
  ...configCases,
  ...leaseCases,
  ...counterCases,
  ...ledgerCases,
  ...stateCases,
  ...stateHeadCases,
  ...vaultCases,
  ...accessCases,
]

const lastWriterWins: Skip = {
  reason: 'this driver has a true compare-and-set',
  cases: [
    'config: where the last writer wins, a stale publish gets a higher revision',
    'vault: where the last writer wins, a version that this replica has not seen yet is written upon',
  ],
}

/** The declared skips of each driver. */
export const skips = {
  memory: [lastWriterWins],
  'node:sqlite': [lastWriterWins],
  'bun:sqlite': [lastWriterWins],
  'node:sqlite on Deno': [lastWriterWins],
  D1: [lastWriterWins],
  KV: [
    {
      reason: 'KV has no compare-and-set: the last publisher wins',
      cases: [
        'config: publishing on a revision that is not the newest is refused and changes nothing',
        'config: of 50 concurrent publishers on one revision exactly one wins',
      ],
    },
    {
      reason: 'KV has no compare-and-set: of two who write at once the last one stays',
      cases: [
        'vault: a version that is not there yet is refused and changes nothing',
        'vault: of 100 parallel writers that take whatever is there, each gets a version of its own',
        'vault: of 100 parallel writers on one version exactly one wins, the first time and the second',
        'vault: 20 parallel writers that read, write and try again lose no write',
      ],
    },
    {
      reason: 'KV cannot look into values without reading them all',
      cases: stateHeadCases.map(({ name }) => name),
    },
    {
      reason: 'KV is eventually consistent and has no atomic step, so it has no CoordinationStore',
      cases: [...leaseCases, ...counterCases].map(({ name }) => name),
    },
    {
      reason: 'KV takes 1,000 operations in one invocation and a row needs three',
      cases: ['ledger: 1,000 rows in one append are all there'],
    },
    {
      reason: 'KV removes expired values by itself',
      cases: ['state: a sweep removes what has expired, oldest first and in batches, and nothing that is alive'],
    },
  ],
} satisfies Readonly<Record<string, readonly Skip[]>>

export type DriverName = keyof typeof skips

/** Why a driver does not run a case; undefined where it does. */
export function skipReason(driver: DriverName, caseName: string): string | undefined {
  return skips[driver].find((skip: Skip) => skip.cases.includes(caseName))?.reason
}
