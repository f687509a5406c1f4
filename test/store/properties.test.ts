// Random text and random histories: every driver keeps text as it was, and does step by step what the memory store does.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openNodeSqlite } from '../../node-adapter/sqlite-node.ts'
import type { CoordinationStore, LedgerStore, TraceQuery, TraceRow } from '../../src/ports/index.ts'
import { createKvStores } from '../../src/store/kv.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { createSqlStores } from '../../src/store/sql-stores.ts'
import type { SqlStores } from '../../src/store/sql-stores.ts'
import { migrate } from '../../src/store/sql/migrate.ts'
import { storedTrace, traceFields } from '../../src/store/trace-row.ts'
import { traceRow } from './contract.ts'
import { startWorkerd } from './drivers.ts'
import type { Workerd } from './drivers.ts'

let workerd: Workerd
let nextDatabase = 0

beforeAll(async () => {
  workerd = await startWorkerd(80)
})

afterAll(() => workerd.dispose())

async function fileStores(): Promise<SqlStores> {
  const sql = openNodeSqlite(':memory:')
  await migrate(sql)
  return createSqlStores(sql)
}

async function d1Stores(): Promise<SqlStores> {
  const sql = await workerd.d1(nextDatabase++)
  await migrate(sql)
  return createSqlStores(sql)
}

async function kvLedger(): Promise<LedgerStore> {
  return createKvStores(await workerd.kv(nextDatabase++)).ledger
}

// Any code point, the odd ones often. NUL is left out: the contract says what becomes of it.
const anyText = fc
  .oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ unit: 'grapheme', maxLength: 30 }))
  .map((text) => text.replaceAll('\u0000', ''))
const anyCount = fc.oneof(fc.constant(null), fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }))

const anyRow: fc.Arbitrary<TraceRow> = fc
  .record({
    requestId: anyText,
    startedAt: fc.nat(20),
    path: anyText,
    keyId: fc.option(anyText),
    inboundModel: fc.option(anyText),
    route: fc.constantFrom('fast', 'slow', null),
    provider: fc.constantFrom('openai', 'groq', null),
    outcome: fc.constantFrom('succeeded', 'failed'),
    streamed: fc.boolean(),
    inputTokens: anyCount,
    outputTokens: anyCount,
    detail: anyText,
  })
  .map((fields) => traceRow(fields.requestId, fields))

const sqlDrivers: readonly [string, number, () => Promise<SqlStores>][] = [
  ['node:sqlite', 100, fileStores],
  ['D1', 3, d1Stores],
]

describe.each(sqlDrivers)('%s', (_, numRuns, open) => {
  test('keeps random text and numbers unchanged', async () => {
    const { ledger, config } = await open()
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(anyRow, { selector: (row) => row.requestId, maxLength: 30 }), async (rows) => {
        // Ids of earlier runs are kept as they were first, so each run gets its own.
        const run = await config.history(1)
        const revision = run[0]?.revision ?? 0
        await config.publish('{}', revision, 0)
        const own = rows.map((row) => ({ ...row, requestId: `${revision} ${row.requestId}` }))
        await ledger.appendTraces(own)
        for (const row of own.slice(0, 5)) expect(await ledger.trace(row.requestId)).toEqual(row)
        const stored = new Map((await ledger.traces({ limit: 100_000 })).map((row) => [row.requestId, row]))
        for (const row of own) expect(stored.get(row.requestId)).toEqual(row)
      }),
      { numRuns },
    )
  })

  test('answers a random history of leases and counters as the memory store does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
        const reference = createMemoryStores().coordination
        const { coordination } = await open()
        let now = 1000
        for (const { later, call } of steps) {
          now += later
          expect(await call(coordination, now)).toEqual(await call(reference, now))
        }
      }),
      { numRuns },
    )
  })
})

interface Step {
  readonly later: number
  readonly call: (store: CoordinationStore, now: number) => Promise<unknown>
}

const anyName = fc.constantFrom('a', 'b', 'A')
const anyOwner = fc.constantFrom('x', 'y')
const anyTtl = fc.constantFrom(0, 1, 5, 20)
const anyCall: fc.Arbitrary<Step['call']> = fc.oneof(
  fc.tuple(anyName, anyOwner, anyTtl).map(
    ([name, owner, ttl]): Step['call'] =>
      (store, now) =>
        store.acquire(name, owner, now, ttl),
  ),
  fc.tuple(anyName, anyOwner).map(
    ([name, owner]): Step['call'] =>
      (store) =>
        store.release(name, owner),
  ),
  fc.tuple(anyName, fc.integer({ min: -5, max: 9 }), fc.constantFrom(null, -2, 0, 5, 12), anyTtl).map(
    ([name, amount, limit, ttl]): Step['call'] =>
      (store, now) =>
        store.add(name, amount, limit, now, ttl),
  ),
  anyName.map(
    (name): Step['call'] =>
      (store, now) =>
        store.peek(name, now),
  ),
)
const anyStep: fc.Arbitrary<Step> = fc.record({ later: fc.constantFrom(0, 0, 1, 5, 20), call: anyCall })

const anyQuery: fc.Arbitrary<TraceQuery> = fc.record(
  {
    limit: fc.nat(12),
    before: fc.nat(22),
    route: fc.constantFrom('fast', 'slow', 'other'),
    provider: fc.constantFrom('openai', 'groq'),
    outcome: fc.constantFrom('succeeded', 'failed'),
  },
  { requiredKeys: ['limit'] },
)

const ledgers: readonly [string, number, () => Promise<LedgerStore>][] = [
  ['node:sqlite', 100, async () => (await fileStores()).ledger],
  ['D1', 3, async () => (await d1Stores()).ledger],
  ['KV', 3, kvLedger],
]

describe.each(ledgers)('the ledger of %s', (_, numRuns, open) => {
  test('lists and prunes random rows as the memory store does', async () => {
    const history = fc.record({
      // ASCII ids: UTF-8 and UTF-16 order other text differently, and no order is promised for it.
      rows: fc.array(
        fc.tuple(anyRow, fc.nat(40)).map(([row, id]): TraceRow => ({ ...row, requestId: `r${id}` })),
        { maxLength: 15 },
      ),
      queries: fc.array(anyQuery, { maxLength: 6 }),
      prune: fc.record({ before: fc.nat(22), batch: fc.nat(6) }),
    })
    await fc.assert(
      fc.asyncProperty(history, async ({ rows, queries, prune }) => {
        const reference = createMemoryStores().ledger
        const ledger = await open()
        for (const store of [reference, ledger]) await store.appendTraces(rows)
        for (const query of queries) expect(await ledger.traces(query)).toEqual(await reference.traces(query))
        expect(await ledger.pruneTraces(prune.before, prune.batch)).toBe(
          await reference.pruneTraces(prune.before, prune.batch),
        )
        expect(await ledger.traces({ limit: 100 })).toEqual(await reference.traces({ limit: 100 }))
      }),
      { numRuns },
    )
  })
})

test('a stored row is stored again unchanged, whatever it was made from', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...traceFields), fc.anything()), (source) => {
      const row = storedTrace(source)
      expect(storedTrace(row)).toEqual(row)
      expect(Object.keys(row)).toEqual(traceFields)
    }),
    { numRuns: 500 },
  )
})
