// The loop over targets: who is asked after which failure, how often, after how long, and who is not asked any more.
import { describe, expect, it } from 'vitest'
import { quickFailureMs } from '../../src/engine/retry.ts'
import { jsonAnswer, pieces, streamAnswer } from '../support/app.ts'
import { chatChunk } from '../support/upstream.ts'
import { attemptsGateway, broken, inTurn, silent, status, well, type Script } from './attempts-gateway.ts'

const solo = [{ provider: 'one', model: 'm1' }]
const overflow = status(400, {}, { message: 'too long', code: 'context_length_exceeded' })

describe('what reaches the client after one attempt', () => {
  it.each([
    ['F-14 a bad request', status(400, {}, { message: 'temperature is too hot' }), 400],
    ['F-14 an unprocessable one', status(422), 422],
    ['a body that is too large', status(413), 413],
    ['a content filter', status(400, {}, { message: 'no', code: 'content_filter' }), 400],
    ['a policy', status(403, {}, { message: 'Content violates usage guidelines.' }), 400],
  ])('%s', async (_name, script, expected) => {
    const test = attemptsGateway({ scripts: { one: script }, route: { fallback: { max_attempts: 3 } } })
    expect((await test.ask()).status).toBe(expected)
    expect(test.called()).toEqual(['one'])
    expect(test.told.map(({ outcomes }) => outcomes.length)).toEqual([1])
  })

  it('F-14, with retries on this target as well', async () => {
    const test = attemptsGateway({ scripts: { one: status(400) }, config: { policy: { retry: { max_retries: 3 } } } })
    expect((await test.ask()).status).toBe(400)
    expect(test.called()).toEqual(['one'])
  })
})

describe('F-15: an input that does not fit', () => {
  const models = (one: number | null, two: number | null) => ({
    models: {
      m1: one === null ? {} : { context_window: one },
      m2: two === null ? {} : { context_window: two },
      m3: { context_window: 1_000_000 },
    },
  })
  const targets = [
    { provider: 'one', model: 'm1', priority: 1 },
    { provider: 'two', model: 'm2', priority: 2 },
    { provider: 'three', model: 'm3', priority: 3 },
  ]

  it.each([
    ['a larger window is asked', 1000, 2000, ['one', 'two']],
    ['the same window is not asked', 1000, 1000, ['one', 'three']],
    ['a smaller window is not asked', 1000, 999, ['one', 'three']],
    ['an unknown window is not asked', 1000, null, ['one', 'three']],
    ['of an unknown window, one that holds the request is asked', null, 2000, ['one', 'two']],
  ])('%s', async (_name, one, two, called) => {
    const test = attemptsGateway({ scripts: { one: overflow }, targets, config: models(one, two) })
    expect((await test.ask()).status).toBe(200)
    expect(test.called()).toEqual(called)
  })

  it('is the client’s matter where nobody has more room, and where the route wants it so', async () => {
    const nobody = attemptsGateway({ scripts: { one: overflow }, config: models(1000, 1000) })
    const refused = await nobody.ask()
    expect(refused.status).toBe(400)
    expect((await refused.json()).error.message).toBe('too long')
    expect(nobody.called()).toEqual(['one'])
    const unwanted = attemptsGateway({
      scripts: { one: overflow },
      config: models(1000, 2000),
      route: { fallback: { on_context_overflow: false } },
    })
    expect((await unwanted.ask()).status).toBe(400)
    expect(unwanted.called()).toEqual(['one'])
  })

  it('grows from target to target, and counts against nobody', async () => {
    const test = attemptsGateway({ scripts: { one: overflow, two: overflow }, targets, config: models(1000, 2000) })
    expect((await test.ask()).status).toBe(200)
    expect(test.called()).toEqual(['one', 'two', 'three'])
    expect((await test.ask()).status).toBe(200)
    expect(test.called().slice(3)).toEqual(['one', 'two', 'three'])
  })

  it('goes on from another dialect too', async () => {
    const test = attemptsGateway({ scripts: { one: overflow }, config: models(1000, 2000) })
    const response = await test.request('/v1/messages', {
      json: { model: 'r', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] },
    })
    expect(response.status).toBe(200)
    expect(test.called()).toEqual(['one', 'two'])
  })
})

const retrying = (max = 1, more: object = {}) => ({ policy: { retry: { max_retries: max, ...more } } })

describe('a further try of the same target', () => {
  it.each([
    ['F-24 a 500', status(500), 50],
    ['F-24 a 503', status(503), 50],
    ['F-26 an overload', status(529), 50],
    ['an overload that names a short wait', status(529, { 'retry-after': '1' }), 1000],
    ['F-21 a short rate limit', status(429, { 'retry-after': '1' }), 1000],
    ['a rate limit in milliseconds', status(429, { 'retry-after-ms': '700' }), 700],
    ['a rate limit of the longest wait', status(429, { 'retry-after': '2' }), 2000],
    ['F-08 a reset', broken('ECONNRESET'), 50],
    ['F-01 a refused connection', broken('ECONNREFUSED'), 50],
  ])('follows %s after its wait, to the millisecond', async (_name, failure, ms) => {
    const test = attemptsGateway({ scripts: { one: inTurn(failure, well) }, config: retrying() })
    const asked = test.ask()
    await test.clock.advance(ms - 1)
    expect(test.called()).toEqual(['one'])
    await test.clock.advance(1)
    const response = await asked
    expect(response.status).toBe(200)
    expect(response.headers.get('x-used-fallback')).toBeNull()
    expect(test.called()).toEqual(['one', 'one'])
    expect(test.attempts()).toMatchObject([{ target: 'one/m1' }, { retry: 1, wait_ms: ms, error: null }])
  })

  it.each([
    ['a long rate limit', status(429, { 'retry-after': '3' })],
    ['a rate limit without a hint', status(429)],
    ['an overload that wants to be left alone', status(529, { 'retry-after': '3' })],
    ['a refused key', status(401)],
    ['a missing right', status(403)],
    ['a missing model', status(404)],
    ['no credit', status(402)],
    ['F-02 a name that is not there', broken('ENOTFOUND')],
    ['F-07 a connect timeout', broken('ETIMEDOUT')],
    ['F-28 a web page', () => ({ ...jsonAnswer('<html>'), headers: new Headers({ 'content-type': 'text/html' }) })],
    ['F-29 an empty body', () => jsonAnswer('')],
  ] satisfies [string, Script][])('does not follow %s: the next target answers', async (_name, failure) => {
    const test = attemptsGateway({ scripts: { one: failure }, config: retrying(3) })
    expect((await test.ask()).status).toBe(200)
    expect(test.called()).toEqual(['one', 'two'])
  })

  it.each([
    ['F-11 no headers', silent, 30_001],
    ['F-12 no content', () => streamAnswer([': ping\n\n'], 'hang'), 60_001],
  ] satisfies [string, Script, number][])('does not follow silence: %s', async (_name, failure, ms) => {
    const test = attemptsGateway({ scripts: { one: failure }, config: retrying(3) })
    const asked = test.ask('r', { stream: true })
    await test.clock.advance(ms)
    expect((await asked).headers.get('x-used-provider')).toBe('two')
    expect(test.called()).toEqual(['one', 'two'])
  })

  it('does not follow a failure that was not quick', async () => {
    for (const [ms, called] of [
      [quickFailureMs, ['one', 'one']],
      [quickFailureMs + 1, ['one', 'two']],
    ] as const) {
      const slowly: Script = async (n, request) => {
        await new Promise<void>((resolve) => test.clock.after(ms, resolve))
        return status(500)(n, request)
      }
      const test = attemptsGateway({ scripts: { one: inTurn(slowly, well) }, config: retrying() })
      const asked = test.ask()
      await test.clock.advance(ms + 1000)
      expect((await asked).status).toBe(200)
      expect(test.called()).toEqual(called)
    }
  })

  it('backs off: base × 2^(n-1), capped, with full jitter (half of it is drawn here)', async () => {
    const test = attemptsGateway({
      scripts: { one: status(503) },
      config: retrying(4, { base_delay_ms: 100, max_delay_ms: 500 }),
      route: { breaker: { failure_threshold: 50 } },
    })
    const asked = test.ask()
    await test.clock.advance(5000)
    expect((await asked).status).toBe(200)
    expect(test.attempts().map((attempt) => attempt['wait_ms'] ?? null)).toEqual([null, 50, 100, 200, 250, null])
    expect(test.called().at(-1)).toBe('two')
  })

  it('never eats the turn of a fallback, and is set for a target by itself', async () => {
    const test = attemptsGateway({
      scripts: { one: status(500), two: status(500) },
      targets: [
        { provider: 'one', model: 'm1', priority: 1, max_retries: 2 },
        { provider: 'two', model: 'm2', priority: 2, max_retries: 0 },
        { provider: 'three', model: 'm3', priority: 3 },
      ],
      route: { fallback: { max_attempts: 3 } },
      config: retrying(1),
    })
    const asked = test.ask()
    await test.clock.advance(1000)
    expect((await asked).status).toBe(200)
    expect(test.called()).toEqual(['one', 'one', 'one', 'two', 'three'])
  })

  it('counts for the breaker each time, and is not made once the circuit is open', async () => {
    const test = attemptsGateway({
      scripts: { one: status(500) },
      route: { breaker: { failure_threshold: 2 } },
      config: retrying(5),
    })
    const asked = test.ask()
    await test.clock.advance(1000)
    expect((await asked).status).toBe(200)
    expect(test.called()).toEqual(['one', 'one', 'two'])
    expect((await test.ask()).status).toBe(200)
    expect(test.called().slice(3)).toEqual(['two'])
  })

  it('is not made where others opened the circuit during its wait', async () => {
    const test = attemptsGateway({
      scripts: { one: status(500) },
      route: { breaker: { failure_threshold: 2 } },
      config: retrying(5),
    })
    const first = test.ask()
    await test.clock.advance(10)
    const second = test.ask()
    await test.clock.advance(1000)
    expect([(await first).status, (await second).status]).toEqual([200, 200])
    expect(test.called().filter((name) => name === 'one')).toHaveLength(2)
  })

  it('is one of the target: its accounts share them', async () => {
    const test = attemptsGateway({ scripts: { one: status(500) }, accounts: ['a', 'b', 'c'], config: retrying(2) })
    const asked = test.ask()
    await test.clock.advance(1000)
    expect((await asked).status).toBe(200)
    expect(test.told.map(({ use }) => use.account)).toEqual(['a', 'a', 'a', 'b', 'a'])
    expect(test.called()).toEqual(['one', 'one', 'one', 'one', 'two'])
  })

  it('F-08: follows a reset once, and says that the provider may have worked for it', async () => {
    const test = attemptsGateway({ scripts: { one: broken('ECONNRESET') }, config: retrying(5) })
    const asked = test.ask()
    await test.clock.advance(1000)
    expect((await asked).status).toBe(200)
    expect(test.called()).toEqual(['one', 'one', 'two'])
    expect(test.attempts().map((attempt) => attempt['maybe_duplicate'] ?? false)).toEqual([false, true, true])
  })

  it('F-01: follows refused connections as often as it may: nothing was sent', async () => {
    const test = attemptsGateway({ scripts: { one: broken('ECONNREFUSED') }, config: retrying(3) })
    const asked = test.ask()
    await test.clock.advance(1000)
    expect((await asked).status).toBe(200)
    expect(test.called()).toEqual(['one', 'one', 'one', 'one', 'two'])
    expect(JSON.stringify(test.attempts())).not.toContain('maybe_duplicate')
  })

  it.each([
    ['a stream before its first content', true, () => streamAnswer([chatChunk({ role: 'assistant' })], 'break')],
    ['a whole answer', false, () => ({ ...jsonAnswer({}), body: pieces(['{"id":'], 'break') })],
  ] as const)('F-10: follows %s that broke once: the provider had worked for it', async (_what, stream, cut) => {
    const test = attemptsGateway({ scripts: { one: cut }, config: retrying(5) })
    const asked = test.ask('r', { stream })
    await test.clock.advance(1000)
    const response = await asked
    await response.text()
    expect(response.status).toBe(200)
    expect(test.called()).toEqual(['one', 'one', 'two'])
    expect(test.attempts().map((attempt) => attempt['maybe_duplicate'] ?? false)).toEqual([false, true, true])
  })

  it('F-10: follows a stream that broke before its first content', async () => {
    const cut: Script = () => streamAnswer([chatChunk({ role: 'assistant' })], 'break')
    const test = attemptsGateway({ scripts: { one: inTurn(cut, well) }, config: retrying() })
    const asked = test.ask('r', { stream: true })
    await test.clock.advance(100)
    expect(await (await asked).text()).toContain('hello')
    expect(test.called()).toEqual(['one', 'one'])
  })

  it('ends at once when the client leaves, and nothing is held', async () => {
    const leave = new AbortController()
    const limited = status(429, { 'retry-after': '2' })
    const test = attemptsGateway({ scripts: { one: inTurn(limited, well) }, config: retrying() })
    const asked = test.ask('r', { signal: leave.signal })
    await test.clock.advance(500)
    leave.abort()
    await test.clock.advance(0)
    expect((await asked).status).toBe(499)
    expect(test.called()).toEqual(['one'])
    expect(test.traces.map((row) => row.outcome)).toEqual(['cancelled'])
    expect(test.clock.pending()).toBe(0)
    // What was learnt of the account is not lost with the client: it is left alone for the rest of the time.
    expect((await test.ask()).headers.get('x-used-provider')).toBe('two')
    await test.clock.advance(1499)
    expect((await test.ask()).headers.get('x-used-provider')).toBe('two')
    await test.clock.advance(1)
    expect((await test.ask()).headers.get('x-used-provider')).toBe('one')
  })

  it('does not wait past the time of the whole request', async () => {
    const test = attemptsGateway({
      scripts: { one: status(503) },
      config: { ...retrying(3, { base_delay_ms: 2000 }), server: { timeouts: { total_ms: 500 } } },
    })
    expect((await test.ask()).status).toBe(200)
    expect(test.called()).toEqual(['one', 'two'])
  })

  it('keeps nobody from the account while a rate limit is waited out, and locks it where that was in vain', async () => {
    const limited = status(429, { 'retry-after': '1' })
    const test = attemptsGateway({ scripts: { one: inTurn(limited, well, well) }, targets: solo, config: retrying() })
    const first = test.ask()
    await test.clock.advance(500)
    expect((await test.ask()).status).toBe(200)
    await test.clock.advance(500)
    expect((await first).status).toBe(200)
    expect(test.called()).toHaveLength(3)
    const vain = attemptsGateway({ scripts: { one: limited }, config: retrying() })
    const asked = vain.ask()
    await vain.clock.advance(1000)
    expect((await asked).headers.get('x-used-provider')).toBe('two')
    await vain.ask()
    expect(vain.called()).toEqual(['one', 'one', 'two', 'two'])
  })

  it('is not made where others locked the account during its wait', async () => {
    const limited = status(429, { 'retry-after': '1' })
    const refused = status(401)
    const test = attemptsGateway({ scripts: { one: inTurn(limited, refused, well) }, config: retrying() })
    const first = test.ask()
    await test.clock.advance(500)
    expect((await test.ask()).headers.get('x-used-provider')).toBe('two')
    await test.clock.advance(600)
    expect((await first).headers.get('x-used-provider')).toBe('two')
    expect(test.called()).toEqual(['one', 'one', 'two', 'two'])
  })

  it('is not made where the failure is one that does not pass', async () => {
    const test = attemptsGateway({
      scripts: { one: status(500, {}, { message: 'the account is closed' }) },
      route: { breaker: { permanent: { patterns: ['account is closed'] } } },
      config: retrying(3),
    })
    const asked = test.ask()
    await test.clock.advance(1000)
    expect((await asked).status).toBe(200)
    expect(test.called()).toEqual(['one', 'two'])
  })

  it('waits for as long as a refusal inside an answer says in its headers', async () => {
    const limited = status(200, { 'retry-after': '77' }, { message: 'slow down', type: 'rate_limit_error' })
    const test = attemptsGateway({ scripts: { one: limited }, targets: solo })
    const answer = await test.ask()
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '77'])
  })
})

describe('targets that stand in for those of the route', () => {
  const stand = (max: number) => ({
    targets: [
      { provider: 'one', model: 'm1', priority: 1 },
      { provider: 'one', model: 'm1b', priority: 2 },
    ],
    route: { fallback: { max_attempts: max, degrade_to: ['lesser'] } },
    config: {
      routes: {
        lesser: {
          targets: [
            { provider: 'two', model: 'm2', priority: 1 },
            { provider: 'three', model: 'm3', priority: 2 },
          ],
        },
      },
    },
  })

  it('come after them, with attempts of their own, and the trace says so', async () => {
    const test = attemptsGateway({ scripts: { one: status(500), two: status(500) }, ...stand(2) })
    const response = await test.ask()
    expect(response.status).toBe(200)
    expect(response.headers.get('x-used-fallback')).toBe('true')
    expect(test.called()).toEqual(['one', 'one', 'two', 'three'])
    expect(test.attempts().map((attempt) => attempt['degraded'] ?? false)).toEqual([false, false, true, true])
  })

  it('are bounded by fallback.max_attempts too', async () => {
    const test = attemptsGateway({ scripts: { one: status(500), two: status(500) }, ...stand(1) })
    expect((await test.ask()).status).toBe(502)
    expect(test.called()).toEqual(['one', 'two'])
  })

  it('are not asked for what the client did wrong', async () => {
    const test = attemptsGateway({ scripts: { one: status(400) }, ...stand(2) })
    expect((await test.ask()).status).toBe(400)
    expect(test.called()).toEqual(['one'])
  })
})

describe('a failure that matches a pattern of permanent ones', () => {
  it('keeps its target out at once, for as long as a missing model would', async () => {
    const test = attemptsGateway({
      scripts: { one: status(500, {}, { message: 'This model was shut down in May' }) },
      route: { breaker: { permanent: { patterns: ['^500 .*shut down'] } } },
    })
    await test.ask()
    expect((await test.ask()).headers.get('x-used-provider')).toBe('two')
    expect(test.called()).toEqual(['one', 'two', 'two'])
    await test.clock.advance(300_000)
    await test.ask()
    expect(test.called().slice(3)).toEqual(['one', 'two'])
  })
})
