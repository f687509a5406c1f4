// Requests that wait for a slot: in their order, for so long, and holding nothing when they leave.
import { describe, expect, it } from 'vitest'
import type { AdmissionAsk, Coordinator, Session } from '../../src/coordination/coordinator.ts'
import { createMemoryCoordinator } from '../../src/coordination/memory.ts'
import { admit, queueLimits, type AdmissionQueue } from '../../src/http/admission.ts'
import { failed, type Outcome } from '../../src/ir/error.ts'
import type { FetchResponse } from '../../src/ports/index.ts'
import { chatProvider, createTestApp, jsonAnswer, streamAnswer, type TestApp } from '../support/app.ts'
import { chatAnswer, chatChunk } from '../support/upstream.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts'

interface Gate {
  readonly test: TestApp
  /** Lets the n-th call of the provider (from 0) answer. */
  readonly release: ((answer: FetchResponse) => void)[]
  ask(init?: RequestInit & { readonly json?: unknown }): Promise<Response>
}

function gateway(limits: object = {}): Gate {
  const release: ((answer: FetchResponse) => void)[] = []
  const test = createTestApp({
    env: { K: 'sk-key-of-everybody-1234' },
    upstream: () => new Promise<FetchResponse>((resolve) => release.push(resolve)),
    config: {
      config_version: 1,
      server: { limits: { max_concurrency: 1, ...limits }, compat: { headers: ['switchback'] } },
      credentials: { k: { type: 'api_key', source: 'env', env: 'K' } },
      providers: { one: chatProvider('one', { accounts: [{ id: 'a', credential: 'k' }] }) },
      routes: { r: { targets: [{ provider: 'one', model: 'm' }] } },
      storage: { kind: 'memory' },
    },
  })
  const json = { model: 'r', messages: [{ role: 'user', content: 'hi' }] }
  return { test, release, ask: (init = {}) => test.request('/v1/chat/completions', { json, ...init }) }
}

const whole = (): FetchResponse => jsonAnswer(chatAnswer())

describe('a request that finds no slot', () => {
  it('waits for one and says how long', async () => {
    const { test, release, ask } = gateway()
    const first = ask()
    await test.clock.advance(0)
    const second = ask()
    await test.clock.advance(400)
    expect(test.sent).toHaveLength(1)
    release[0]?.(whole())
    const served = await first
    expect(served.headers.get('x-signalbox-queue-ms')).toBeNull()
    await test.clock.advance(20)
    release[1]?.(whole())
    const queued = await second
    expect(queued.status).toBe(200)
    expect(Number(queued.headers.get('x-signalbox-queue-ms'))).toBeGreaterThanOrEqual(400)
    expect(Number(queued.headers.get('x-signalbox-queue-ms'))).toBeLessThan(430)
    expect(queued.headers.get('x-switchback-queue-ms')).toBe(queued.headers.get('x-signalbox-queue-ms'))
    const details = test.traces.map((row) => JSON.parse(row.detail))
    expect(details.map((detail) => detail.queue_ms ?? null)).toEqual([null, expect.any(Number)])
    expect(test.clock.pending()).toBe(0)
  })

  it('is served in its turn, whoever comes later', async () => {
    const { test, release, ask } = gateway()
    const order: string[] = []
    const asked: Promise<unknown>[] = []
    for (const name of ['first', 'second', 'third', 'fourth', 'fifth']) {
      asked.push(ask().then(() => order.push(name)))
      await test.clock.advance(1)
    }
    for (let n = 0; n < 5; n++) {
      release[n]?.(whole())
      await test.clock.advance(50)
    }
    await Promise.all(asked)
    expect(order).toEqual(['first', 'second', 'third', 'fourth', 'fifth'])
    expect(test.sent).toHaveLength(5)
  })

  it('is not overtaken by one that comes when a slot is just free', async () => {
    const { test, release, ask } = gateway()
    void ask()
    await test.clock.advance(0)
    const second = ask()
    await test.clock.advance(1)
    release[0]?.(whole())
    await test.clock.advance(0)
    const third = ask()
    await test.clock.advance(30)
    release[1]?.(whole())
    expect((await second).status).toBe(200)
    await test.clock.advance(30)
    release[2]?.(whole())
    expect((await third).status).toBe(200)
  })

  it('is refused after limits.admission_timeout_ms, with 503 and when to come again', async () => {
    const { test, ask } = gateway({ admission_timeout_ms: 700 })
    void ask()
    await test.clock.advance(0)
    const second = ask()
    await test.clock.advance(699)
    expect(test.traces).toHaveLength(0)
    await test.clock.advance(1)
    const refused = await second
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect((await refused.json()).error.code).toBe('overloaded')
    expect(test.sent).toHaveLength(1)
    expect(JSON.parse(test.traces[0]?.detail ?? '').queue_ms).toBe(700)
    expect(refused.headers.get('x-signalbox-queue-ms')).toBe('700')
  })

  it('is refused at once where admission_timeout_ms is 0', async () => {
    const { test, ask } = gateway({ admission_timeout_ms: 0 })
    void ask()
    await test.clock.advance(0)
    const refused = await ask()
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('1')
  })

  it('F-59: leaves the line at once when its client goes, holds nothing and calls nobody', async () => {
    const { test, release, ask } = gateway()
    void ask()
    await test.clock.advance(0)
    const leave = new AbortController()
    const second = ask({ signal: leave.signal })
    const third = ask()
    await test.clock.advance(5)
    leave.abort()
    await test.clock.advance(0)
    expect((await second).status).toBe(499)
    expect(test.traces.map((row) => row.outcome)).toEqual(['cancelled'])
    release[0]?.(whole())
    await test.clock.advance(30)
    release[1]?.(whole())
    expect((await third).status).toBe(200)
    expect(test.sent).toHaveLength(2)
    const view = await test.app.operations().coordination?.look()
    expect([...(view?.slots ?? [])].filter(([, used]) => used > 0)).toEqual([])
    expect(test.clock.pending()).toBe(0)
  })

  it('gets the slot of a stream when its last byte is out, not before', async () => {
    const { test, release, ask } = gateway()
    const first = ask({
      json: { model: 'r', stream: true, messages: [{ role: 'user', content: 'hi' }] },
    } as RequestInit)
    await test.clock.advance(0)
    release[0]?.(streamAnswer([chatChunk({ content: 'hello' }), chatChunk({}, 'stop'), 'data: [DONE]\n\n']))
    const reader = (await first).body?.getReader()
    await reader?.read()
    const second = ask()
    await test.clock.advance(1000)
    expect(test.sent).toHaveLength(1)
    for (;;) if ((await reader?.read())?.done !== false) break
    await test.clock.advance(30)
    release[1]?.(whole())
    expect((await second).status).toBe(200)
  })
})

/** A coordinator of `slots` slots, far away or not, that counts how often it is asked. */
function counting(clock: VirtualClock, isFar: boolean): { readonly coordinator: Coordinator; asked(): number } {
  const inner = createMemoryCoordinator(clock, { next: () => 0.5, id: () => 'x' })
  let asked = 0
  const coordinator: Coordinator = {
    ...inner,
    admit(ask) {
      asked++
      const admitted = inner.admit(ask)
      return isFar ? Promise.resolve(admitted) : admitted
    },
  }
  return { coordinator, asked: () => asked }
}

const ask = (requestId: string): AdmissionAsk => ({
  requestId,
  tenant: null,
  slots: [{ name: 'global', limit: 1 }],
  watch: () => ({ locks: [], targets: [], providers: [], homes: [], routes: [] }),
  settings: { backend: 'auto', objects: 'one', slice: 1 },
})

describe('the line', () => {
  const setup = (isFar = false, clock = createVirtualClock()) => {
    const queue: AdmissionQueue = []
    const { coordinator, asked } = counting(clock, isFar)
    const enter = (id: string, signal = new AbortController().signal): Outcome<Session> | Promise<Outcome<Session>> =>
      admit(ask(id), {
        coordinator,
        queue,
        clock,
        random: { next: () => 0.5, id: () => 'x' },
        clientSignal: signal,
        timeoutMs: 10_000,
        onWaited: () => {},
      })
    return { clock, queue, coordinator, asked, enter }
  }

  it('costs a request nothing that finds a slot: the answer is there at once', () => {
    const { enter, queue } = setup()
    expect(enter('r1')).toMatchObject({ ok: true })
    expect(queue).toHaveLength(0)
  })

  it('goes on behind a request that its runtime ended in the middle of its wait', async () => {
    const { enter, queue, clock } = setup()
    queue.push({ until: clock.mono() + 1000 })
    const behind = enter('r1')
    await clock.advance(1000 + queueLimits.goneMs - 100)
    expect(queue).toHaveLength(2)
    await clock.advance(400)
    expect(await behind).toMatchObject({ ok: true })
    expect(enter('r2')).toBeInstanceOf(Promise)
    expect(queue).toHaveLength(1)
  })

  it('holds queueLimits.maxWaiting; whoever comes then is refused at once', async () => {
    const { enter, queue, clock } = setup()
    enter('r0')
    const leave = new AbortController()
    const waiting = Array.from({ length: queueLimits.maxWaiting }, (_, n) => enter(`r${n + 1}`, leave.signal))
    expect(queue).toHaveLength(queueLimits.maxWaiting)
    expect(await enter('late')).toMatchObject({ ok: false, error: { code: 'overloaded', retryAfterMs: 1000 } })
    leave.abort()
    for (const outcome of await Promise.all(waiting))
      expect(outcome).toMatchObject({ ok: false, error: { code: 'client_cancelled' } })
    expect(queue).toHaveLength(0)
    expect(clock.pending()).toBe(0)
  })

  it('asks a coordinator that is far away for its first request alone, and not too often', async () => {
    const { enter, clock, asked } = setup(true)
    await enter('r0')
    const waiting = [enter('r1'), enter('r2'), enter('r3')]
    await clock.advance(0)
    const before = asked()
    await clock.advance(1000)
    expect(asked() - before).toBeLessThanOrEqual(6)
    await clock.advance(7000)
    const late = asked()
    await clock.advance(1000)
    expect(asked() - late).toBeLessThanOrEqual(1000 / queueLimits.maxRemotePollMs + 1)
    await clock.advance(10_000)
    for (const outcome of await Promise.all(waiting)) expect(outcome).toMatchObject({ ok: false })
  })

  it('gives a slot back that comes when its client has just gone', async () => {
    const { enter, clock, coordinator } = setup(true)
    const first = await enter('r0')
    const leave = new AbortController()
    const second = enter('r1', leave.signal)
    await clock.advance(0)
    if (first.ok) first.value.settle()
    const inner = coordinator.admit
    ;(coordinator as { admit: Coordinator['admit'] }).admit = (asked) => {
      leave.abort()
      return inner(asked)
    }
    await clock.advance(100)
    expect(await second).toMatchObject({ ok: false, error: { code: 'client_cancelled' } })
    expect((await coordinator.view()).slots.get('global') ?? 0).toBe(0)
  })

  it('is not for a tenant that is at its own limit, nor for a store that is away: they are told at once', async () => {
    for (const code of ['concurrency_limit', 'store_unavailable'] as const) {
      const { queue, clock, coordinator } = setup()
      ;(coordinator as { admit: Coordinator['admit'] }).admit = () => failed(code)
      const outcome = admit(ask('r'), {
        coordinator,
        queue,
        clock,
        random: { next: () => 0.5, id: () => 'x' },
        clientSignal: new AbortController().signal,
        timeoutMs: 10_000,
        onWaited: () => {},
      })
      expect(outcome).toMatchObject({ ok: false, error: { code } })
    }
  })
})
