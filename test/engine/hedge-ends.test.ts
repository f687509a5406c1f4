// Targets asked at the same time: failures, further tries, and what ends a request before an answer.
import { describe, expect, it } from 'vitest'
import { jsonAnswer } from '../support/app.ts'
import { chatAnswer } from '../support/upstream.ts'
import { attemptsGateway, broken, status, type Script } from './attempts-gateway.ts'
import { expectNothingLeft, hedgeScene, never, settled, targetsOf } from './hedge-scene.ts'

describe('a failure', () => {
  it.each([
    ['of the first target', { one: { ms: 150, script: status(400) }, two: never }, [['two', 150]]],
    ['of a hedge', { one: never, two: { ms: 50, script: status(422) } }, [['one', 150]]],
    [
      'that is the content’s',
      { one: never, two: { ms: 50, script: status(400, {}, { message: 'no', code: 'content_filter' }) } },
      [['one', 150]],
    ],
  ] as const)('that nobody else would mend, %s, ends the request and all calls', async (_name, timed, calledOff) => {
    const test = hedgeScene({ timed: { ...timed, three: never } })
    const asked = test.ask()
    await test.clock.advance(1000)
    expect((await asked).status).toBeGreaterThanOrEqual(400)
    expect((await asked).status).toBeLessThan(500)
    expect(test.calledOff).toEqual(calledOff)
    expect(test.started).toHaveLength(2)
    expect(test.traces).toHaveLength(1)
    const [lost, decisive] = test.attempts()
    expect([lost?.['error'], decisive?.['status']]).toEqual(['hedge_lost', expect.any(Number)])
    // The row names the target whose word it is.
    expect(test.traces[0]?.provider).toBe(decisive?.['provider'])
    await expectNothingLeft(test)
  })

  const limited = status(429, { 'retry-after': '30' })
  it.each([
    ['errors', status(500), status(503)],
    ['an error and a rate limit', status(500), limited],
    ['a rate limit and an error', limited, status(500)],
    ['rate limits', limited, limited],
    ['an unreachable one and a refused key', broken('ECONNREFUSED'), status(401)],
    ['a missing model and an overload', status(404), status(529)],
  ] satisfies [string, Script, Script][])(
    'of everybody is told as in a plain sequence: %s',
    async (_name, first, second) => {
      const targets = targetsOf('one', 'two')
      // The second is done before the first.
      const test = hedgeScene({
        timed: { one: { ms: 180, script: first }, two: { ms: 20, script: second } },
        targets,
      })
      const plain = attemptsGateway({ scripts: { one: first, two: second }, targets })
      const asked = test.ask()
      await test.clock.advance(1000)
      const [raced, told] = [await asked, await plain.ask()]
      expect(raced.status).toBe(told.status)
      expect(await raced.json()).toEqual(await told.json())
      for (const name of ['retry-after', 'x-should-retry'])
        expect([name, raced.headers.get(name)]).toEqual([name, told.headers.get(name)])
      expect(test.attempts().map(({ target, error }) => [target, error])).toEqual(
        plain.attempts().map(({ target, error }) => [target, error]),
      )
      expect(test.traces).toMatchObject([
        { provider: plain.traces[0]?.provider, errorCode: plain.traces[0]?.errorCode },
      ])
      await expectNothingLeft(test)
    },
  )

  it('is told to whoever keeps count, also where somebody else answers', async () => {
    const test = hedgeScene({
      timed: { one: { ms: 120, script: status(401) }, two: { ms: 100 } },
      targets: targetsOf('one', 'two'),
    })
    const asked = test.ask()
    await test.clock.advance(1000)
    expect((await asked).headers.get('x-used-provider')).toBe('two')
    expect((await test.look()).locks).toEqual(['one upstream_auth'])
    expect(test.attempts().map(({ error }) => error)).toEqual(['upstream_auth', null])
    expect(test.calledOff).toEqual([])
    await expectNothingLeft(test)
  })

  it('of our own, behind an answer, ends the request once', async () => {
    const headers = Object.assign(new Headers({ 'content-type': 'application/json' }), {
      entries() {
        throw new Error('a fault of ours')
      },
    })
    const faulty: Script = () => ({ ...jsonAnswer(chatAnswer()), headers })
    const test = hedgeScene({
      timed: { one: never, two: { ms: 10, script: faulty } },
      targets: targetsOf('one', 'two'),
    })
    expect((await settled(test, test.ask(), 200)).status).toBe(500)
    expect(test.traces).toMatchObject([{ errorCode: 'internal' }])
    expect(test.calledOff).toEqual([['one', 110]])
    await expectNothingLeft(test)
  })

  it('of our own, before a call is made, ends the use that had begun once', async () => {
    const test = hedgeScene({ timed: { one: never, two: { ms: 10 } }, targets: targetsOf('one', 'two') })
    const { now } = test.clock
    let faults = 0
    // The clock is read when the hedge is signed.
    const faulty = (): number => {
      if (test.clock.mono() === 100 && faults++ === 0) throw new Error('a fault of ours')
      return now()
    }
    Object.assign(test.clock, { now: faulty })
    expect((await settled(test, test.ask(), 200)).status).toBe(500)
    expect(test.traces).toMatchObject([{ errorCode: 'internal' }])
    expect(test.attempts().map(({ target, error }) => [target, error])).toEqual([['one/m-one', 'hedge_lost']])
    expect(test.told.map(({ use }) => use.target.provider)).toEqual(['one', 'two'])
    await expectNothingLeft(test)
  })
})

describe('a further try within a race', () => {
  it('goes on while others are asked, and is dropped when one answers', async () => {
    const test = hedgeScene({
      timed: { one: [{ ms: 90, script: status(500) }, never], two: { ms: 200 } },
      policy: { retry: { max_retries: 1, base_delay_ms: 100 } },
    })
    const asked = test.ask()
    await test.clock.advance(1000)
    expect((await asked).headers.get('x-used-provider')).toBe('two')
    expect(test.started).toEqual([
      ['one', 0],
      ['two', 100],
      ['one', 140],
    ])
    expect(test.attempts()).toMatchObject([
      { target: 'one/m-one', error: 'upstream_error' },
      { target: 'one/m-one', error: 'hedge_lost', retry: 1, wait_ms: 50 },
      { target: 'two/m-two', error: null, hedge: true },
    ])
    await expectNothingLeft(test)
  })

  it('that is still waited for is not begun, and the rate limit is told', async () => {
    const test = hedgeScene({
      timed: { one: { ms: 90, script: status(429, { 'retry-after': '1' }) }, two: { ms: 20 } },
      policy: { retry: { max_retries: 1 } },
    })
    const asked = test.ask()
    await test.clock.advance(5000)
    expect((await asked).headers.get('x-used-provider')).toBe('two')
    expect(test.started).toHaveLength(2)
    expect(test.told[0]?.outcomes).toMatchObject([{ type: 'failed', error: { code: 'upstream_rate_limited' } }])
    await expectNothingLeft(test)
  })
})

describe('the end of a race', () => {
  it.each([0, 50, 150, 250])('comes with a client that leaves after %d ms', async (ms) => {
    const test = hedgeScene({ timed: { one: never, two: never, three: never }, hedge: { max_parallel: 3 } })
    const leave = new AbortController()
    const asked = test.ask('r', { signal: leave.signal })
    await test.clock.advance(ms)
    const calls = test.started.length
    leave.abort()
    await test.clock.advance(1000)
    expect((await asked).status).toBe(499)
    expect(test.started).toHaveLength(calls)
    expect(test.calledOff).toEqual(test.started.map(([name]) => [name, ms]))
    expect(test.traces).toMatchObject([{ outcome: 'cancelled', errorCode: 'client_cancelled' }])
    expect(test.attempts().map(({ error }) => error)).toEqual(test.started.map(() => 'client_cancelled'))
    for (const { outcomes } of test.told) expect(outcomes).toEqual([{ type: 'neutral' }])
    await expectNothingLeft(test)
  })

  it('comes before anybody is asked where the client has left already', async () => {
    const test = hedgeScene({ timed: { one: never, two: never } })
    const leave = new AbortController()
    const asked = test.ask('r', { signal: leave.signal })
    leave.abort()
    expect((await settled(test, asked, 500)).status).toBe(499)
    expect(test.started).toEqual([])
    expect(test.traces).toMatchObject([{ outcome: 'cancelled' }])
    await expectNothingLeft(test)
  })

  it('comes when the time of the request is over, whoever was asked when', async () => {
    const test = hedgeScene({
      timed: { one: never, two: never },
      targets: targetsOf('one', 'two'),
      config: { server: { timeouts: { total_ms: 1000 } } },
    })
    const asked = test.ask()
    await test.clock.advance(999)
    expect(test.traces).toHaveLength(0)
    await test.clock.advance(1)
    expect((await asked).status).toBe(504)
    expect(test.calledOff.map(([, at]) => at)).toEqual([1000, 1000])
    expect(test.traces).toMatchObject([{ errorCode: 'limit_exceeded' }])
    await expectNothingLeft(test)
  })
})
