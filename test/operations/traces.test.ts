import { describe, expect, it } from 'vitest'
import { status } from '../../src/operations/status.ts'
import { traceList } from '../../src/operations/trace-list.ts'
import { traceShow } from '../../src/operations/trace-show.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { contextOf, dataOf, errorOf, noon, traceRow } from './context.ts'

async function contextWith(rows: readonly Parameters<typeof traceRow>[0][]) {
  const stores = createMemoryStores()
  await stores.ledger.appendTraces(rows.map(traceRow))
  return contextOf({}, { stores })
}

function ids(data: unknown): readonly string[] {
  return (data as readonly { readonly request_id: string }[]).map((row) => row.request_id)
}

describe('trace list', () => {
  it('shows the newest fifty where nothing else was asked', async () => {
    const rows = Array.from({ length: 60 }, (_, index) => ({ requestId: `req_${index}`, startedAt: noon + index }))
    const found = ids(await dataOf(traceList, await contextWith(rows)))
    expect(found).toHaveLength(50)
    expect(found[0]).toBe('req_59')
    expect(found.at(-1)).toBe('req_10')
  })

  it.each([
    ['limit', 0],
    ['limit', 1001],
    ['limit', 1.5],
    ['outcome', 'succeded'],
    ['before', 'yesterday'],
    ['before', '2026-02-30T00:00:00Z'],
  ])('refuses %s %j', async (field, value) => {
    expect(await errorOf(traceList, contextOf({}), { [field]: value })).toMatchObject({
      code: 'invalid_value',
      param: field,
    })
  })

  it.each([
    ['route', 'slow'],
    ['provider', 'openai'],
    ['outcome', 'failed'],
  ])('keeps to one %s', async (field, value) => {
    const context = await contextWith([
      { requestId: 'req_a' },
      { requestId: 'req_b', route: 'slow', provider: 'openai', outcome: 'failed' },
    ])
    expect(ids(await dataOf(traceList, context, { [field]: value }))).toEqual(['req_b'])
  })

  it('says whose word the tokens are', async () => {
    const context = await contextWith([{ requestId: 'req_a', outputTokens: 7, usageEvidence: 'counted' }])
    expect(await dataOf(traceList, context)).toMatchObject([{ output_tokens: 7, usage_evidence: 'counted' }])
  })

  it('goes on where the last page ended', async () => {
    const rows = Array.from({ length: 5 }, (_, index) => ({
      requestId: `req_${index}`,
      startedAt: noon + index * 1000,
    }))
    const context = await contextWith(rows)
    const first = (await dataOf(traceList, context, { limit: 2 })) as readonly { readonly started_at: string }[]
    expect(ids(first)).toEqual(['req_4', 'req_3'])
    expect(ids(await dataOf(traceList, context, { limit: 2, before: first[1]?.started_at }))).toEqual([
      'req_2',
      'req_1',
    ])
  })

  it('takes a time with an offset', async () => {
    const context = await contextWith([
      { requestId: 'req_a', startedAt: noon - 1 },
      { requestId: 'req_b', startedAt: noon },
    ])
    expect(ids(await dataOf(traceList, context, { before: '2026-03-01T13:00:00+01:00' }))).toEqual(['req_a'])
  })

  it('says that the store is away, and not why', async () => {
    const stores = createMemoryStores()
    const broken = {
      ...stores,
      ledger: { ...stores.ledger, traces: () => Promise.reject(new Error('disk at /secret/path')) },
    }
    const error = await errorOf(traceList, contextOf({}, { stores: broken }))
    expect(error.code).toBe('store_unavailable')
    expect(error.message).not.toContain('/secret/path')
  })
})

describe('trace show', () => {
  it('shows the row with its decision, attempts and losses', async () => {
    const detail = JSON.stringify({
      decision: { requested: 'fast', selected: { target: 'mock/echo' } },
      attempts: [{ target: 'mock/echo', status: 200 }],
      losses: [{ path: 'top_k', action: 'dropped', reason: 'x' }],
      answer_losses: [],
      upstream_error: { status: 500 },
    })
    const data = await dataOf(traceShow, await contextWith([{ requestId: 'req_x', detail, tenant: 'acme' }]), {
      request_id: 'req_x',
    })
    expect(data).toMatchObject({
      request_id: 'req_x',
      started_at: '2026-03-01T12:00:00.000Z',
      tenant: 'acme',
      decision: { requested: 'fast', selected: { target: 'mock/echo' } },
      attempts: [{ target: 'mock/echo', status: 200 }],
      losses: [{ path: 'top_k' }],
      answer_losses: [],
      upstream_error: { status: 500 },
      omitted: null,
    })
  })

  it('shows what there is where the detail was too long to be kept', async () => {
    const detail = '{"omitted":"detail of 70000 characters"}'
    const data = await dataOf(traceShow, await contextWith([{ requestId: 'req_x', detail }]), { request_id: 'req_x' })
    expect(data).toMatchObject({ decision: null, attempts: [], omitted: 'detail of 70000 characters' })
  })

  it('does not find what is not there', async () => {
    const error = await errorOf(traceShow, contextOf({}), { request_id: 'req_none' })
    expect(error).toMatchObject({ code: 'not_found', param: 'request_id' })
  })
})

describe('status', () => {
  const running = () => ({
    version: '1.2.3',
    runtime: 'node',
    startedAt: noon - 5000,
    url: 'http://127.0.0.1:1',
    pid: 4,
    inFlight: 2,
    traces: { queued: 1, dropped: 0, failed: 0 },
  })

  it('tells what the runtime knows, with the uptime and whether the store answers', async () => {
    const context = contextOf({ storage: { kind: 'memory' } }, { status: running })
    expect(await dataOf(status, context)).toMatchObject({
      version: '1.2.3',
      uptime_ms: 5000,
      revision: context.snapshot.revision,
      in_flight: 2,
      store: { kind: 'memory', ok: true },
      traces: { queued: 1 },
    })
  })

  it('says that the store is away instead of failing', async () => {
    const stores = createMemoryStores()
    const broken = { ...stores, ledger: { ...stores.ledger, check: () => Promise.reject(new Error('gone')) } }
    expect(await dataOf(status, contextOf({}, { status: running, stores: broken }))).toMatchObject({
      store: { ok: false },
    })
  })

  it('has nothing to tell where no gateway runs', async () => {
    expect(await errorOf(status, contextOf({}))).toMatchObject({ code: 'not_configured' })
  })
})
