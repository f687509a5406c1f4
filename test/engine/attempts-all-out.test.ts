// Nobody is left to ask: the request waits where that is short, and says when to come again where it is not.
import { describe, expect, it } from 'vitest'
import { attemptsGateway, inTurn, status, well, type Script } from './attempts-gateway.ts'

const solo = [{ provider: 'one', model: 'm1' }]
const limited = (seconds: number): Script => status(429, { 'retry-after': String(seconds) })

describe('T39: every target is left out', () => {
  it('for a short time: the request waits for the first one that comes back, and is served', async () => {
    const test = attemptsGateway({ scripts: { one: inTurn(limited(2), well), two: inTurn(limited(9), well) } })
    expect((await test.ask()).status).toBe(429)
    const asked = test.ask()
    await test.clock.advance(1999)
    expect(test.called()).toEqual(['one', 'two'])
    await test.clock.advance(60)
    const response = await asked
    expect(response.status).toBe(200)
    expect(test.called()).toEqual(['one', 'two', 'one'])
    expect(test.attempts()[0]?.['wait_ms']).toBeGreaterThanOrEqual(2000)
    // The decision that is told is the one that was served.
    expect(response.headers.get('x-signalbox-route')).toContain('selected=one/m1')
    expect(response.headers.get('x-used-fallback')).toBeNull()
  })

  it('for longer than policy.retry.max_delay_ms: the client is told at once when to come again', async () => {
    const test = attemptsGateway({ scripts: { one: limited(3) }, targets: solo })
    await test.ask()
    const refused = await test.ask()
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('3')
    expect(test.called()).toEqual(['one'])
    const patient = attemptsGateway({
      scripts: { one: inTurn(limited(3), well) },
      targets: solo,
      config: { policy: { retry: { max_delay_ms: 3000 } } },
    })
    await patient.ask()
    const asked = patient.ask()
    await patient.clock.advance(3100)
    expect((await asked).status).toBe(200)
  })

  it('by an open circuit, for a short time: it is probed when its time is over', async () => {
    const test = attemptsGateway({
      scripts: { one: inTurn(status(500), well) },
      targets: solo,
      route: { breaker: { failure_threshold: 1, reset_timeout_ms: 1500 } },
    })
    expect((await test.ask()).status).toBe(502)
    const asked = test.ask()
    await test.clock.advance(1600)
    expect((await asked).status).toBe(200)
    expect(test.attempts()).toMatchObject([{ probe: true, error: null }])
  })

  it('by an open circuit that another request probes: it looks again soon, and not when the lease of the probe ends', async () => {
    let release = (): void => {}
    const slow: Script = async (n, request) => {
      await new Promise<void>((resolve) => (release = resolve))
      return well(n, request)
    }
    const test = attemptsGateway({
      scripts: { one: inTurn(status(500), slow, well) },
      targets: solo,
      route: { breaker: { failure_threshold: 1, reset_timeout_ms: 10_000 } },
    })
    await test.ask()
    await test.clock.advance(10_000)
    const probe = test.ask()
    await test.clock.advance(0)
    const other = test.ask()
    await test.clock.advance(300)
    release()
    await test.clock.advance(1500)
    expect((await probe).status).toBe(200)
    expect((await other).status).toBe(200)
    expect(test.called()).toEqual(['one', 'one', 'one'])
  })

  it('by a probe that takes its time: the client is told to come again soon', async () => {
    const slow: Script = () => new Promise(() => {})
    const test = attemptsGateway({
      scripts: { one: inTurn(status(500), slow) },
      targets: solo,
      route: { breaker: { failure_threshold: 1, reset_timeout_ms: 10_000 } },
    })
    await test.ask()
    await test.clock.advance(10_000)
    void test.ask()
    await test.clock.advance(0)
    const other = test.ask()
    await test.clock.advance(1500)
    const refused = await other
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  })

  it.each([
    ['429 where all of them are at their rate limit', limited(50), limited(40), 429, 'upstream_rate_limited', 40],
    ['503 where one of them failed', limited(50), status(401), 503, 'no_eligible_target', 50],
    ['503 where all of them failed', status(401), status(402), 503, 'no_eligible_target', 300],
  ])('is told with %s', async (_name, one, two, code, name, seconds) => {
    const test = attemptsGateway({ scripts: { one, two } })
    await test.ask()
    const refused = await test.ask()
    expect(refused.status).toBe(code)
    expect(refused.headers.get('retry-after')).toBe(String(seconds))
    expect((await refused.json()).error.code).toBe(name)
    expect(test.called()).toEqual(['one', 'two'])
  })

  it('is told with 503 where an open circuit is among the reasons, whatever the others are', async () => {
    const test = attemptsGateway({
      scripts: { one: status(500), two: limited(50) },
      route: { breaker: { failure_threshold: 1 } },
    })
    await test.ask()
    const refused = await test.ask()
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  })

  it('is waited for once: what was locked again meanwhile is not', async () => {
    const test = attemptsGateway({ scripts: { one: limited(2) }, targets: solo })
    await test.ask()
    const early = test.ask()
    await test.clock.advance(1000)
    // It wakes a little after the other one, which has found the limit again by then.
    const late = test.ask()
    await test.clock.advance(1100)
    expect((await early).status).toBe(429)
    expect((await late).status).toBe(429)
    expect(test.called()).toEqual(['one', 'one'])
    expect(test.clock.pending()).toBe(0)
  })

  it('is not waited for by a client that leaves, nor past the time of the request', async () => {
    const leave = new AbortController()
    const test = attemptsGateway({ scripts: { one: inTurn(limited(2), well) }, targets: solo })
    await test.ask()
    const asked = test.ask('r', { signal: leave.signal })
    await test.clock.advance(100)
    leave.abort()
    expect((await asked).status).toBe(499)
    expect(test.traces.at(-1)?.outcome).toBe('cancelled')
    expect(test.clock.pending()).toBe(0)
    const hasty = attemptsGateway({
      scripts: { one: limited(2) },
      targets: solo,
      config: { server: { timeouts: { total_ms: 1500 } } },
    })
    await hasty.ask()
    expect((await hasty.ask()).status).toBe(429)
    expect(hasty.called()).toEqual(['one'])
  })

  it('ends a little after what it waits for, by a draw, so that not all come at the same moment', async () => {
    const times: number[] = []
    const test = attemptsGateway({
      scripts: {
        one: (n, request) => {
          if (n === 1) return limited(1)(n, request)
          times.push(test.clock.mono())
          return well(n, request)
        },
      },
      targets: solo,
    })
    await test.ask()
    const asked = Array.from({ length: 5 }, () => test.ask())
    await test.clock.advance(1200)
    for (const response of await Promise.all(asked)) expect(response.status).toBe(200)
    // The draw of these tests is always one half: base_delay_ms of 100 spreads up to 100 ms.
    expect(new Set(times)).toEqual(new Set([1051]))
  })

  it('is not waited for by a count of tokens, which can be estimated', async () => {
    const one = { type: 'anthropic', base_url: 'https://one.example.com', accounts: [{ id: 'a', credential: 'k' }] }
    const test = attemptsGateway({ scripts: { one: limited(2) }, targets: solo, config: { providers: { one } } })
    const json = { model: 'r', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] }
    expect((await test.request('/v1/messages', { json })).status).toBe(429)
    const counted = await test.request('/v1/messages/count_tokens', { json })
    expect(counted.headers.get('x-signalbox-token-count')).toBe('estimated')
    expect(test.called()).toEqual(['one'])
  })

  it('is told with 400 where no time helps, with the reasons', async () => {
    const test = attemptsGateway({
      targets: solo,
      route: { require: { min_context_tokens: 100 } },
      config: { models: { m1: { context_window: 10 } } },
    })
    const refused = await test.ask()
    expect(refused.status).toBe(400)
    expect((await refused.json()).error.message).toContain('no eligible target: one/m1')
  })
})
