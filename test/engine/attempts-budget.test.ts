// An outage stays as small as it is: what all requests share of further calls, and what is asked of circuits that are open.
import { describe, expect, it } from 'vitest'
import { attemptsGateway, inTurn, status, well, type AttemptsGateway, type Script } from './attempts-gateway.ts'

/** `rate` requests per second for `seconds`, evenly; how each of them ended. */
async function load(test: AttemptsGateway, rate: number, seconds: number): Promise<readonly number[]> {
  const asked: Promise<Response>[] = []
  for (let i = 0; i < rate * seconds; i++) {
    asked.push(test.ask())
    await test.clock.advance(1000 / rate)
  }
  await test.clock.advance(20_000)
  return (await Promise.all(asked)).map((response) => response.status)
}

const three = [
  { provider: 'one', model: 'm1', priority: 1 },
  { provider: 'two', model: 'm2', priority: 2 },
  { provider: 'three', model: 'm3', priority: 3 },
]
const down: Readonly<Record<'one' | 'two' | 'three', Script>> = {
  one: status(503),
  two: status(503),
  three: status(503),
}
const noBreaker = { breaker: { enabled: false }, fallback: { max_attempts: 3 } }
const retry = (more: object = {}) => ({ policy: { retry: { max_retries: 2, ...more } } })

describe('F-25: a storm in which every target answers 503', () => {
  it.each([
    ['the breakers as they come', {}, 20],
    ['no breakers at all: the budget alone', noBreaker, 40],
  ])('brings the providers at most a tenth more than the clients ask, with %s', async (_name, route, rate) => {
    const test = attemptsGateway({ scripts: down, targets: three, route, config: retry() })
    const statuses = await load(test, rate, 60)
    expect(test.called().length).toBeLessThanOrEqual(1.1 * rate * 60)
    expect(statuses.every((code) => code === 503 || code === 502)).toBe(true)
    for (const row of test.traces) expect(row.outcome).toBe('failed')
    expect(test.clock.pending()).toBe(0)
  })

  it.each([0, 2])('is told with 503 and when to come again, once the budget is empty (%d retries)', async (max) => {
    const config = retry({ max_retries: max, budget: { percent: 0, min_per_second: 0 } })
    const test = attemptsGateway({ scripts: down, targets: three, route: noBreaker, config })
    // The first failure of a target is nothing that anybody could know before.
    expect((await test.ask()).status).toBe(max === 0 ? 502 : 503)
    expect(test.called()).toEqual(['one', 'two', 'three'])
    const response = await test.ask()
    expect(response.status).toBe(503)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(test.called().slice(3)).toEqual(['one'])
    expect((await response.json()).error.code).toBe('no_eligible_target')
  })

  it('does not take the way to a target that is well', async () => {
    const budget = { percent: 0, min_per_second: 0 }
    const test = attemptsGateway({
      scripts: { one: status(503), two: status(503) },
      targets: three,
      route: noBreaker,
      config: retry({ budget }),
    })
    for (let i = 0; i < 20; i++) expect((await test.ask()).headers.get('x-used-provider')).toBe('three')
    expect(test.called().slice(0, 5)).toEqual(['one', 'two', 'three', 'one', 'three'])
  })

  it('leaves alone what is no call to a failing target: another account, a mended credential, another route', async () => {
    const budget = { percent: 0, min_per_second: 0 }
    const test = attemptsGateway({
      accounts: ['a', 'b', 'c'],
      scripts: { one: inTurn(status(401), status(403), well) },
      config: retry({ budget }),
    })
    expect((await test.ask()).status).toBe(200)
    expect(test.called()).toEqual(['one', 'one', 'one'])
  })

  it('spends a share of the requests: 10 % and no more over a minute without breakers', async () => {
    const test = attemptsGateway({
      scripts: down,
      targets: [{ provider: 'one', model: 'm1' }],
      route: noBreaker,
      config: retry({ budget: { percent: 10, min_per_second: 0 } }),
    })
    await load(test, 50, 60)
    const calls = test.called().length
    expect(calls).toBeGreaterThan(3000)
    expect(calls).toBeLessThanOrEqual(3300)
  })
})

describe('a circuit that is open', () => {
  const breaker = { failure_threshold: 2, reset_timeout_ms: 10_000 }

  it.each([
    ['here', false],
    ['far away', true],
  ])('gets one probe at a time, and closes when that is well; the coordinator is %s', async (_name, isFar) => {
    let release = (): void => {}
    const slow: Script = async (n, request) => {
      await new Promise<void>((resolve) => (release = resolve))
      return well(n, request)
    }
    const one = inTurn(status(500), status(500), slow, well)
    const test = attemptsGateway({ scripts: { one }, route: { breaker }, isFar })
    await test.ask()
    await test.ask()
    expect(test.called()).toEqual(['one', 'two', 'one', 'two'])
    await test.clock.advance(10_000)
    const probe = test.ask()
    await test.clock.advance(0)
    const others = await Promise.all(Array.from({ length: 10 }, () => test.ask()))
    expect(others.map((response) => response.headers.get('x-used-provider'))).toEqual(Array(10).fill('two'))
    release()
    await test.clock.advance(0)
    expect((await probe).headers.get('x-used-provider')).toBe('one')
    expect(test.attempts()).toMatchObject([{ target: 'one/m1', probe: true }])
    expect((await test.ask()).headers.get('x-used-provider')).toBe('one')
  })

  it.each([false, true])('is probed by one of the requests that were planned before (far: %s)', async (isFar) => {
    const slowly: Script = async (n, request) => {
      await new Promise<void>((resolve) => test.clock.after(500, resolve))
      return well(n, request)
    }
    const test = attemptsGateway({
      scripts: { one: status(500), two: inTurn(status(500), slowly) },
      targets: [
        { provider: 'one', model: 'm1', priority: 1, breaker: { enabled: false } },
        { provider: 'two', model: 'm2', priority: 2, breaker: { ...breaker, failure_threshold: 1 } },
        { provider: 'three', model: 'm3', priority: 3 },
      ],
      route: { fallback: { max_attempts: 3 } },
      isFar,
    })
    await test.ask()
    await test.clock.advance(10_000)
    const asked = [test.ask(), test.ask(), test.ask()]
    await test.clock.advance(600)
    const by = (await Promise.all(asked)).map((response) => response.headers.get('x-used-provider'))
    expect(by.toSorted()).toEqual(['three', 'three', 'two'])
    expect(test.called().filter((name) => name === 'two')).toHaveLength(2)
  })

  it.each([
    ['F-16 a refused key', status(401), 2],
    ['T37 a rate limit', status(429, { 'retry-after': '5' }), 2],
    ['F-14 a request that is refused', status(400), 1],
  ])('gives the probe back after %s, which says nothing of the target', async (_name, answer, calls) => {
    const test = attemptsGateway({
      scripts: { one: inTurn(status(500), status(500), answer, well) },
      accounts: ['a', 'b'],
      targets: [{ provider: 'one', model: 'm1', account: 'a', priority: 1 }, ...three.slice(1)],
      route: { breaker },
    })
    await test.ask()
    await test.ask()
    await test.clock.advance(10_000)
    await test.ask()
    expect(test.attempts()).toHaveLength(calls)
    expect(test.attempts()[0]).toMatchObject({ probe: true })
    const probes = (await test.app.operations().coordination?.look())?.health.breakers
    for (const [, state] of probes ?? []) expect(state.probe).toBeNull()
  })

  it('is probed by the first call of a request, which costs nothing of the budget', async () => {
    const budget = { percent: 0, min_per_second: 0 }
    const test = attemptsGateway({
      scripts: { one: inTurn(status(500), status(500), well) },
      route: { breaker },
      config: retry({ max_retries: 0, budget }),
    })
    await test.ask()
    await test.ask()
    await test.clock.advance(10_000)
    expect((await test.ask()).headers.get('x-used-provider')).toBe('one')
  })

  it('closes by a probe that was refused once and mended', async () => {
    const foreign = status(400, {}, { message: 'no', code: 'invalid_encrypted_content' })
    const test = attemptsGateway({
      scripts: { one: inTurn(status(500), status(500), foreign, well) },
      route: { breaker },
    })
    await test.ask()
    await test.ask()
    await test.clock.advance(10_000)
    expect((await test.ask()).headers.get('x-used-provider')).toBe('one')
    const look = async () => (await test.app.operations().coordination?.look())?.health.breakers
    expect([...((await look())?.values() ?? [])].map(({ isOpen }) => isOpen)).not.toContain(true)
    expect((await test.ask()).headers.get('x-used-provider')).toBe('one')
  })

  it('T40: gives it back when the client leaves', async () => {
    const leave = new AbortController()
    const waits: Script = (_n, { cancellation }) =>
      new Promise((_resolve, reject) => cancellation.onCancel(() => reject(new Error('cancelled'))))
    const test = attemptsGateway({
      scripts: { one: inTurn(status(500), status(500), waits, well) },
      route: { breaker },
    })
    await test.ask()
    await test.ask()
    await test.clock.advance(10_000)
    const gone = test.ask('r', { signal: leave.signal })
    await test.clock.advance(1)
    leave.abort()
    expect((await gone).status).toBe(499)
    expect((await test.ask()).headers.get('x-used-provider')).toBe('one')
  })

  it('is not called again by the request whose probe failed, with no account of it', async () => {
    const test = attemptsGateway({
      scripts: { one: status(500) },
      accounts: ['a', 'b'],
      route: { breaker },
      config: retry(),
    })
    const first = test.ask()
    await test.clock.advance(1000)
    await first
    expect(test.called()).toEqual(['one', 'one', 'two'])
    await test.clock.advance(10_000)
    await test.ask()
    expect(test.called().slice(3)).toEqual(['one', 'two'])
  })

  it('is left out where it opened after the request was planned', async () => {
    const slowly: Script = async (n, request) => {
      await new Promise<void>((resolve) => test.clock.after(500, resolve))
      return status(500)(n, request)
    }
    const test = attemptsGateway({
      scripts: { one: inTurn(slowly, status(500)), two: status(500) },
      targets: three,
      route: { breaker: { failure_threshold: 1 }, fallback: { max_attempts: 3 } },
    })
    const first = test.ask()
    await test.clock.advance(100)
    expect((await test.ask()).headers.get('x-used-provider')).toBe('three')
    await test.clock.advance(400)
    expect((await first).headers.get('x-used-provider')).toBe('three')
    expect(test.called()).toEqual(['one', 'one', 'two', 'three', 'three'])
  })

  it('serves through an outage of a minute at 20 requests a second, with few probes, and is used again after it', async () => {
    const test = attemptsGateway({
      scripts: { one: (n, request) => (test.clock.mono() < 60_000 ? status(503)(n, request) : well(n, request)) },
      route: { breaker: { reset_timeout_ms: 10_000 } },
    })
    expect(new Set(await load(test, 20, 60))).toEqual(new Set([200]))
    // Five failures open it; then one probe for each time that it may be tried again.
    expect(test.called().filter((name) => name === 'one').length).toBeLessThanOrEqual(5 + 6)
    expect((await test.ask()).headers.get('x-used-provider')).toBe('one')
  })
})
