// Drills: an outage that lasts, a storm of failures, a thousand requests with faults of every kind. What they measured is
// printed, so that a change of it is seen.
import { afterEach, describe, expect, it } from 'vitest'
import { createTestApp, jsonAnswer, streamAnswer, type TestApp } from '../support/app.ts'
import { seededRandom } from '../support/chunkings.ts'
import { full, rounds, sample } from '../support/full-run.ts'
import { chatAnswer, chatChunk } from '../support/upstream.ts'
import { healthyChat, openaiError } from './answers.ts'
import { startDeadlyServer } from './deadly-server.ts'
import { startFaultUpstream } from './fault-upstream.ts'
import { attemptsOf, startLiveGateway, type LiveGateway } from './live-gateway.ts'
import { randomFault } from './random-faults.ts'

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const hello = { messages: [{ role: 'user', content: 'hello' }] }
const answered = [chatChunk({ role: 'assistant', content: 'hi' }), chatChunk({}, 'stop'), 'data: [DONE]\n\n']

function local(baseUrl: string): object {
  const own = { allow_private: true, allow_http: true, auth_scheme: { kind: 'none' } }
  return { type: 'openai_compatible', base_url: `${baseUrl}/v1`, api_formats: ['openai_chat'], ...own }
}

function routeOf(names: readonly string[], extra: object = {}): object {
  return { targets: names.map((name, index) => ({ name, provider: name, model: 'm', priority: index })), ...extra }
}

interface Outage {
  readonly outageMs: number
  readonly afterMs: number
  readonly resetMs: number
  readonly requestsPerSecond: number
}

/** What a drill of an outage found. */
interface Found {
  readonly statuses: readonly number[]
  /** Calls that the dead target got. */
  readonly calls: number
  /** From its recovery to the first request that it served; undefined where it never did. */
  readonly backAfterMs: number | undefined
}

function report(name: string, { statuses, calls, backAfterMs }: Found, { resetMs, outageMs }: Outage): void {
  const served = statuses.filter((status) => status === 200).length
  console.log(
    `${name}: ${served} of ${statuses.length} requests served, ${calls} calls of the dead target in ${outageMs / 1000} s, ` +
      `back after ${backAfterMs === undefined ? 'never' : Math.round(backAfterMs)} ms (reset_timeout ${resetMs} ms)`,
  )
}

function judge(found: Found, { outageMs, resetMs, requestsPerSecond }: Outage): void {
  const threshold = 5
  expect(new Set(found.statuses)).toEqual(new Set([200]))
  // Until the breaker opens, and then one probe each time it may be well again.
  expect(found.calls).toBeLessThanOrEqual(threshold + Math.ceil(outageMs / resetMs))
  expect(found.backAfterMs).toBeLessThanOrEqual(resetMs + 3 * (1000 / requestsPerSecond))
}

describe('a long outage of the first target', () => {
  /** On the virtual clock; the dead target refuses connections, or is silent. */
  async function virtualOutage(outage: Outage, silent: boolean, breaker: object): Promise<Found> {
    const { outageMs, afterMs, requestsPerSecond } = outage
    let calls = 0
    let firstBack: number | undefined
    let isDead = true
    const app: TestApp = createTestApp({
      config: {
        config_version: 1,
        server: { timeouts: { headers_ms: 2000 } },
        providers: { primary: local('http://127.0.0.1:1'), backup: local('http://127.0.0.1:2') },
        routes: { both: routeOf(['primary', 'backup'], { breaker }) },
        storage: { kind: 'memory' },
      },
      upstream(request) {
        const streamed = /"stream"\s*:\s*true/.test(new TextDecoder().decode(request.body))
        const well = streamed ? streamAnswer(answered) : jsonAnswer(chatAnswer('hi'))
        if (request.url.includes(':2/')) return well
        if (!isDead) {
          firstBack ??= app.clock.mono()
          return well
        }
        calls++
        if (!silent) throw new Error('connection refused')
        return new Promise((_resolve, reject) => request.cancellation.onCancel(() => reject(new Error('cancelled'))))
      },
    })
    const statuses: number[] = []
    const gap = 1000 / requestsPerSecond
    for (let at = 0; at < outageMs + afterMs; at += gap) {
      if (at >= outageMs) isDead = false
      const json = { model: 'both', ...hello, stream: silent || (at / gap) % 2 === 0 }
      void app.request('/v1/chat/completions', { json }).then(async (response) => {
        await response.text()
        statuses.push(response.status)
      })
      await app.clock.advance(gap)
    }
    await app.clock.advance(5000)
    return { statuses, calls, backAfterMs: firstBack === undefined ? undefined : firstBack - outageMs }
  }

  const outages = [
    ['refused connections, the default breaker', { outageMs: 60_000, resetMs: 60_000, silent: false }],
    ['refused connections, a reset of 5 s', { outageMs: 60_000, resetMs: 5000, silent: false }],
    ['silence, a reset of 5 s', { outageMs: 60_000, resetMs: 5000, silent: true }],
  ] as const
  it.each(sample(outages, 2))(
    'is served by the second one and ends with it: 60 s at 20 per second, %s',
    async (name, { silent, ...times }) => {
      const outage: Outage = { ...times, afterMs: times.resetMs + 2000, requestsPerSecond: 20 }
      const breaker = times.resetMs === 60_000 ? {} : { reset_timeout_ms: times.resetMs }
      const found = await virtualOutage(outage, silent, breaker)
      report(`outage, virtual clock, ${name}`, found, outage)
      expect(found.statuses).toHaveLength(((outage.outageMs + outage.afterMs) / 1000) * 20)
      // Requests that are under way when a silent target is given up on were sent before anybody could know.
      const inFlight = silent ? 2 * 20 : 0
      judge({ ...found, calls: Math.max(0, found.calls - inFlight) }, outage)
    },
  )

  it(`is served by the second one and ends with it, on real sockets: ${rounds(60, 3)} s at 20 per second`, async () => {
    const outage: Outage = full
      ? { outageMs: 60_000, afterMs: 8000, resetMs: 5000, requestsPerSecond: 20 }
      : { outageMs: 3000, afterMs: 1500, resetMs: 1000, requestsPerSecond: 20 }
    const found = await realOutage(outage)
    report('outage, real sockets', found, outage)
    judge(found, outage)
  }, 120_000)

  async function realOutage({ outageMs, afterMs, resetMs, requestsPerSecond }: Outage): Promise<Found> {
    const primary = await startDeadlyServer()
    const backup = await startFaultUpstream()
    backup.on('backup', healthyChat('from backup'))
    const gateway = await startLiveGateway({
      config_version: 1,
      providers: { primary: local(primary.url), backup: local(`${backup.url}/backup`) },
      routes: { both: routeOf(['primary', 'backup'], { breaker: { reset_timeout_ms: resetMs } }) },
      storage: { kind: 'memory' },
    })
    cleanups.push(primary.close, backup.close, gateway.stop)
    const statuses: number[] = []
    const pending: Promise<void>[] = []
    const began = performance.now()
    const total = Math.round(((outageMs + afterMs) / 1000) * requestsPerSecond)
    for (let count = 0; count < total; count++) {
      const due = began + (count * 1000) / requestsPerSecond
      await pause(Math.max(0, due - performance.now()))
      if (!primary.isAlive() && performance.now() - began >= outageMs) primary.revive()
      pending.push(askLive(gateway, 'both', count % 2 === 0).then((status) => void statuses.push(status)))
    }
    await Promise.all(pending)
    await expectQuiescence(gateway)
    expect(gateway.begun()).toBe(total)
    const { diedCalls, revivedAt, firstServedAt } = primary.counts()
    const backAfterMs = firstServedAt === undefined ? undefined : firstServedAt - (revivedAt ?? 0)
    return { statuses, calls: diedCalls, backAfterMs }
  }
})

async function askLive(gateway: LiveGateway, model: string, stream: boolean, signal?: AbortSignal): Promise<number> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model, ...hello, stream }),
    ...(signal !== undefined && { signal }),
  })
  await response.text()
  return response.status
}

/** Nothing is left of the requests but one trace each (I-1, I-15). */
async function expectQuiescence(gateway: LiveGateway): Promise<void> {
  const deadline = performance.now() + 10_000
  while ((gateway.inFlight() > 0 || gateway.traces.length < gateway.begun()) && performance.now() < deadline)
    await pause(20)
  expect(gateway.traces).toHaveLength(gateway.begun())
  expect(new Set(gateway.traces.map(({ requestId }) => requestId)).size).toBe(gateway.begun())
  const view = gateway.view()
  expect({
    inFlight: gateway.inFlight(),
    slots: [...view.slots].filter(([, used]) => used > 0),
    loads: [...view.health.loads].filter(([, load]) => load > 0),
    probes: [...view.breakers.values()].filter(({ probe }) => probe !== null),
  }).toEqual({ inFlight: 0, slots: [], loads: [], probes: [] })
}

describe('a storm in which every target answers 503', () => {
  async function storm(
    targets: number,
    breaker: object,
    perSecond: number,
  ): Promise<{ app: TestApp; offered: number; answers: readonly Response[] }> {
    const names = Array.from({ length: targets }, (_, index) => `t${index}`)
    const app = createTestApp({
      config: {
        config_version: 1,
        providers: Object.fromEntries(names.map((name, index) => [name, local(`http://127.0.0.1:${index + 1}`)])),
        routes: { all: routeOf(names, { breaker, fallback: { max_attempts: targets } }) },
        storage: { kind: 'memory' },
      },
      upstream: () => jsonAnswer({ error: { message: 'down' } }, 503),
    })
    const offered = 60 * perSecond
    const answers: Response[] = []
    for (let count = 0; count < offered; count++) {
      const asked = app.request('/v1/chat/completions', { json: { model: 'all', ...hello } })
      void asked.then((answer) => answers.push(answer))
      await app.clock.advance(1000 / perSecond)
    }
    await app.clock.advance(10_000)
    return { app, offered, answers }
  }

  // I-33: who is told to stay away is told for how long.
  function expectRefused(response: Response): void {
    const wait = Number(response.headers.get('retry-after'))
    if ([429, 503].includes(response.status)) expect(wait).toBeGreaterThanOrEqual(1)
    else expect([502, 529]).toContain(response.status)
  }

  const storms = [
    ['with breakers', 3, {}],
    ['with breakers that never open', 3, { enabled: false }],
    ['with breakers that never open, eight targets', 8, { enabled: false }],
  ] as const
  it.each(sample(storms, 2))(
    'F-25 · reaches the targets hardly more often than it is asked, %s: 60 s at 50 per second',
    async (name, targets, breaker) => {
      const { app, offered, answers } = await storm(targets, breaker, 50)
      expect(answers).toHaveLength(offered)
      for (const answer of answers) expectRefused(answer)
      const ratio = app.sent.length / offered
      console.log(
        `storm, ${name}: ${app.sent.length} upstream calls for ${offered} requests, ratio ${ratio.toFixed(3)}`,
      )
      expect(app.traces).toHaveLength(offered)
      expect(ratio).toBeLessThanOrEqual(1.1)
    },
  )
})

describe('the same storm on real sockets', () => {
  it(`F-25 · ${rounds(60, 1)} s at 50 per second`, async () => {
    const names = ['one', 'two', 'three']
    const upstream = await startFaultUpstream()
    for (const name of names) upstream.on(name, openaiError(503))
    const gateway = await startLiveGateway({
      config_version: 1,
      providers: Object.fromEntries(names.map((name) => [name, local(`${upstream.url}/${name}`)])),
      routes: {
        guarded: routeOf(names),
        bare: routeOf(names, { breaker: { enabled: false } }),
      },
      storage: { kind: 'memory' },
    })
    cleanups.push(upstream.close, gateway.stop)
    const offered = rounds(60, 1) * 50
    for (const route of ['guarded', 'bare']) {
      const before = upstream.received.length
      const began = performance.now()
      const pending: Promise<number>[] = []
      for (let count = 0; count < offered; count++) {
        await pause(Math.max(0, began + count * 20 - performance.now()))
        pending.push(askLive(gateway, route, count % 2 === 0))
      }
      const statuses = await Promise.all(pending)
      const calls = upstream.received.length - before
      console.log(`storm, real sockets, ${route}: ${calls} upstream calls for ${offered} requests`)
      expect(statuses.filter((status) => ![429, 502, 503].includes(status))).toEqual([])
      // In its first ten seconds the budget allows thirty calls, however few requests there are.
      expect(calls).toBeLessThanOrEqual(1.1 * offered + (full ? 0 : 30))
    }
    await expectQuiescence(gateway)
  }, 200_000)
})

describe('requests with faults of every kind on three targets', () => {
  it(`I-1, I-15, I-32 · ${rounds(1000, 150)} of them end in one trace each and leave nothing behind`, async () => {
    const total = rounds(1000, 150)
    const random = seededRandom(20_261)
    const upstream = await startFaultUpstream()
    const names = ['one', 'two', 'three']
    const tally = new Map<string, number>()
    for (const name of names)
      upstream.on(name, (received) => {
        const fault = randomFault(random)
        tally.set(fault.name, (tally.get(fault.name) ?? 0) + 1)
        return fault.react(received)
      })
    const gateway = await startLiveGateway({
      config_version: 1,
      server: {
        timeouts: { connect_ms: 1000, headers_ms: 250, first_content_ms: 250, idle_ms: 250, total_ms: 3000 },
        limits: { max_concurrency: 40 },
      },
      providers: Object.fromEntries(names.map((name) => [name, local(`${upstream.url}/${name}`)])),
      routes: {
        all: routeOf(names, {
          strategy: 'round_robin',
          breaker: { failure_threshold: 8, error_percent: 95, reset_timeout_ms: 50 },
        }),
      },
      policy: { lock: { max_ms: 40 }, retry: { max_delay_ms: 200 } },
      storage: { kind: 'memory' },
    })
    cleanups.push(upstream.close, gateway.stop)
    const unhandled: unknown[] = []
    const note = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', note)
    const statuses = new Map<string, number>()
    let begun = 0
    const client = async (): Promise<void> => {
      while (begun++ < total) {
        const leave = new AbortController()
        const timer = random() < 0.2 ? setTimeout(() => leave.abort(), random() * 400) : undefined
        const status = await askLive(gateway, 'all', random() < 0.6, leave.signal).catch(() => 'broken or left')
        clearTimeout(timer)
        statuses.set(String(status), (statuses.get(String(status)) ?? 0) + 1)
        // Who is refused at once comes back a little later, or all of them would be.
        await pause(random() * 40)
      }
    }
    await Promise.all(Array.from({ length: 32 }, client))
    await expectQuiescence(gateway)
    expect(gateway.begun()).toBeGreaterThan(total * 0.9)
    // Most of them are about providers, and not about their being left out.
    expect(upstream.received.length).toBeGreaterThan(total * 0.7)
    process.off('unhandledRejection', note)
    const outcomes = Object.groupBy(gateway.traces, ({ outcome }) => outcome)
    console.log(
      `faults: ${total} requests, ${upstream.received.length} upstream calls, ${tally.size} kinds of fault; statuses ` +
        `${[...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')}; outcomes ` +
        Object.entries(outcomes)
          .map(([outcome, rows = []]) => `${outcome}: ${rows.length}`)
          .join(', '),
    )
    expect(unhandled).toEqual([])
    for (const row of gateway.traces) expect(attemptsOf(row).length).toBeLessThanOrEqual(6)
  }, 120_000)
})
