// How long a gateway keeps what it recorded.
import { describe, expect, it } from 'vitest'
import { startRetention } from '../../node-adapter/retention.ts'
import type { Log, LogFields, TraceRow } from '../../src/ports/index.ts'
import { guardLog } from '../../src/redaction/log.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { createVirtualClock, drainMicrotasks } from '../support/virtual-clock.ts'

const hour = 60 * 60 * 1000

function recorder() {
  const lines: [string, LogFields | undefined][] = []
  const take = (event: string, fields?: LogFields): void => void lines.push([event, fields])
  const log: Log = { debug: take, info: take, warn: take, error: take }
  // As a gateway has it: a field that may not be logged fails here.
  return { lines, log: guardLog(log, { scrub: (text) => text, unknown: 'throw' }) }
}

const access = { credential: 'c', source: 'env', reason: 'first', outcome: 'ok', durationMs: 1 }

function trace(requestId: string, startedAt: number): TraceRow {
  return {
    requestId,
    startedAt,
    revision: 'r',
    dialect: 'openai-chat',
    path: '/v1/chat/completions',
    keyId: null,
    tenant: null,
    inboundModel: 'm',
    route: null,
    provider: null,
    account: null,
    model: null,
    upstreamDialect: null,
    streamed: false,
    status: 200,
    outcome: 'succeeded',
    errorCode: null,
    finish: null,
    durationMs: 1,
    ttftMs: null,
    inputTokens: null,
    cacheReadTokens: null,
    cacheWriteTokens: null,
    outputTokens: null,
    reasoningTokens: null,
    usageEvidence: null,
    detail: '{}',
  }
}

describe('traces and the access audit', () => {
  it('are pruned at the start and every hour, in batches, and no longer once the gateway stops', async () => {
    const clock = createVirtualClock()
    const { ledger } = createMemoryStores()
    const now = clock.now()
    const old = Array.from({ length: 2500 }, (_, index) => now - 10_000 - index)
    await ledger.appendAccesses([...old.map((at) => ({ ...access, at })), { ...access, at: now - 10 }])
    await ledger.appendTraces([...old.map((at) => trace(`t${at}`, at)), trace('young', now - 10)])
    const left = async () => [
      (await ledger.accesses({ limit: 10_000 })).length,
      (await ledger.traces({ limit: 10_000 })).length,
    ]
    const { lines, log } = recorder()
    const stop = startRetention({ ledger, clock, log, retentionMs: () => 5000 })
    await drainMicrotasks()
    expect(await left()).toEqual([1, 1])
    await clock.advance(hour)
    await drainMicrotasks()
    expect(await left()).toEqual([0, 0])
    stop()
    await ledger.appendAccesses([{ ...access, at: 0 }])
    await ledger.appendTraces([trace('late', 0)])
    await clock.advance(10 * hour)
    await drainMicrotasks()
    expect(await left()).toEqual([1, 1])
    expect(lines).toEqual([])
  })

  it('of which one cannot be pruned leaves the other its turn, and the next hour', async () => {
    const clock = createVirtualClock()
    const { lines, log } = recorder()
    const calls = { traces: 0, accesses: 0 }
    const ledger = {
      pruneTraces: () => (++calls.traces === 1 ? Promise.reject(new TypeError('canary')) : Promise.resolve(0)),
      pruneAccesses: () => Promise.resolve(++calls.accesses === 0 ? 1 : 0),
    }
    const stop = startRetention({ ledger, clock, log, retentionMs: () => 5000 })
    await drainMicrotasks()
    expect(lines).toEqual([['not_pruned', { name: 'traces', reason: 'TypeError' }]])
    expect(calls).toEqual({ traces: 1, accesses: 1 })
    await clock.advance(hour)
    await drainMicrotasks()
    expect(calls).toEqual({ traces: 2, accesses: 2 })
    stop()
  })
})
