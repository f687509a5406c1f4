// Targets that are not asked beside others: without budget, out of health, or for what the request is.
import { describe, expect, it } from 'vitest'
import { jsonAnswer, streamAnswer } from '../support/app.ts'
import { chatChunk } from '../support/upstream.ts'
import { broken, status } from './attempts-gateway.ts'
import {
  expectNothingLeft,
  hedgeScene,
  never,
  settled,
  targetsOf,
  type HedgeScene,
  type HedgeSetup,
} from './hedge-scene.ts'

describe('no hedge', () => {
  it('without budget: the first is waited for, and a failure still falls back', async () => {
    const retry = { budget: { percent: 0, min_per_second: 0 } }
    const test = hedgeScene({
      timed: { one: [{ ms: 900 }, { ms: 900, script: status(500) }], two: { ms: 1 } },
      policy: { retry },
    })
    const patient = test.ask()
    await test.clock.advance(1000)
    expect((await patient).headers.get('x-used-provider')).toBe('one')
    expect(test.called()).toEqual(['one'])
    const failing = test.ask()
    await test.clock.advance(1000)
    expect((await failing).headers.get('x-used-provider')).toBe('two')
    expect(test.called()).toEqual(['one', 'one', 'two'])
    await expectNothingLeft(test)
  })

  it('beyond the budget: as many as it holds', async () => {
    const test = hedgeScene({
      timed: { one: { ms: 500 }, two: never },
      policy: { retry: { budget: { percent: 0, min_per_second: 0.3 } } },
    })
    const asked = Array.from({ length: 8 }, () => test.ask())
    await test.clock.advance(600)
    expect((await Promise.all(asked)).map(({ status: code }) => code)).toEqual(Array(8).fill(200))
    expect(test.called().filter((name) => name === 'two')).toHaveLength(3)
    await expectNothingLeft(test)
  })

  it('at a target that failed last: the next one is asked, and it stays a fallback', async () => {
    const test = hedgeScene({
      timed: {
        one: [
          { ms: 1, script: status(500) },
          { ms: 130, script: status(500) },
        ],
        two: [{ ms: 1, script: status(500) }, { ms: 5 }],
        three: [{ ms: 1 }, never],
      },
      // What its last failures opened is not what keeps it out.
      route: { breaker: { failure_threshold: 5 } },
    })
    expect((await settled(test, test.ask(), 10)).headers.get('x-used-provider')).toBe('three')
    const from = test.started.length
    const began = test.clock.mono()
    const response = await settled(test, test.ask(), 1000)
    expect(test.started.slice(from).map(([name, at]) => [name, at - began])).toEqual([
      ['one', 0],
      ['three', 100],
      ['two', 130],
    ])
    expect(response.headers.get('x-used-provider')).toBe('two')
    expect(test.attempts().at(-1)).not.toHaveProperty('hedge')
    await expectNothingLeft(test)
  })

  it('at a target whose circuit is tried out', async () => {
    const test = hedgeScene({
      timed: {
        one: [{ ms: 1, script: status(500) }, { ms: 300 }],
        two: [{ ms: 1, script: status(500) }, { ms: 1 }],
      },
      targets: targetsOf('one', 'two'),
      route: { breaker: { failure_threshold: 1, reset_timeout_ms: 1000 } },
    })
    expect((await settled(test, test.ask(), 10)).status).toBe(502)
    await test.clock.advance(2000)
    const response = await settled(test, test.ask(), 1000)
    expect(response.headers.get('x-used-provider')).toBe('one')
    expect(test.called()).toEqual(['one', 'two', 'one'])
    await expectNothingLeft(test)
  })

  it('at a target that is locked meanwhile', async () => {
    const test = hedgeScene({
      timed: { one: { ms: 300 }, two: { ms: 20, script: status(429, { 'retry-after': '30' }) } },
      targets: targetsOf('one', 'two'),
    })
    const first = test.ask()
    const slow = settled(test, first, 50)
    const direct = test.ask('two/m-two')
    await test.clock.advance(50)
    expect((await direct).status).toBe(429)
    await test.clock.advance(400)
    expect((await slow).headers.get('x-used-provider')).toBe('one')
    expect(test.called()).toEqual(['one', 'two'])
  })

  it('at what stands in for the route’s own targets, nor at it before they are all gone', async () => {
    const test = hedgeScene({
      timed: { one: { ms: 300, script: status(500) }, two: { ms: 50, script: status(500) }, three: { ms: 5 } },
      targets: targetsOf('one', 'two'),
      route: { fallback: { degrade_to: ['spare'] } },
      config: { routes: { spare: { targets: [{ provider: 'three', model: 'small' }] } } },
    })
    const response = await settled(test, test.ask(), 1000)
    expect(response.headers.get('x-used-provider')).toBe('three')
    expect(test.started).toEqual([
      ['one', 0],
      ['two', 100],
      ['three', 300],
    ])
    await expectNothingLeft(test)
  })

  it('beside a server that does not survive an abort, and not at one', async () => {
    const [one, two, three] = targetsOf('one', 'two', 'three') as [object, object, object]
    const drained = (target: object): object => ({ ...target, on_abort: 'drain' })
    const first = hedgeScene({ timed: { one: { ms: 500 }, two: { ms: 1 } }, targets: [drained(one), two] })
    expect((await settled(first, first.ask(), 1000)).headers.get('x-used-provider')).toBe('one')
    expect(first.called()).toEqual(['one'])
    const second = hedgeScene({
      timed: { one: { ms: 500 }, two: { ms: 1 }, three: { ms: 1 } },
      targets: [one, drained(two), three],
    })
    expect((await settled(second, second.ask(), 1000)).headers.get('x-used-provider')).toBe('three')
    expect(second.called()).toEqual(['one', 'three'])
  })

  it.each([
    ['for a stream', { stream: true, messages: [{ role: 'user', content: 'hi' }] }, '/v1/chat/completions'],
    ['for texts to embed', { input: 'hi' }, '/v1/embeddings'],
  ])('%s', async (_name, more, path) => {
    const test = hedgeScene({
      timed: { one: { ms: 900, script: (n, request) => replyTo(request.url, n) }, two: { ms: 1 } },
      config: {
        providers: Object.fromEntries(
          ['one', 'two'].map((name) => [
            name,
            {
              type: 'openai_compatible',
              base_url: `https://${name}.example.com/v1`,
              api_formats: ['openai_chat', 'openai_embeddings'],
              accounts: [{ id: 'a', credential: 'k' }],
            },
          ]),
        ),
      },
      targets: targetsOf('one', 'two'),
    })
    const asked = test.request(path, { json: { model: 'r', ...more } })
    await test.clock.advance(1000)
    const response = await asked
    expect([response.status, response.headers.get('x-used-provider')]).toEqual([200, 'one'])
    await response.text()
    expect(test.called()).toEqual(['one'])
  })
})

describe('a probe within a race', () => {
  it('has no hedge beside it: it could be called off each time, and its target would never be back', async () => {
    const test = hedgeScene({
      timed: { one: [{ ms: 1, script: status(500) }, { ms: 700 }, never], two: { ms: 20 } },
      route: { breaker: { failure_threshold: 1, reset_timeout_ms: 1000 } },
    })
    expect((await settled(test, test.ask(), 50)).headers.get('x-used-provider')).toBe('two')
    await test.clock.advance(1000)
    const response = await settled(test, test.ask(), 1000)
    expect(response.headers.get('x-used-provider')).toBe('one')
    expect(response.headers.get('x-circuit-breaker-state')).toBe('half-open')
    expect(test.called()).toEqual(['one', 'two', 'one'])
    // From now on it is a target as any other.
    expect((await settled(test, test.ask(), 500)).headers.get('x-used-provider')).toBe('two')
    await expectNothingLeft(test)
  })

  /** The third is on trial, and in the place of the second when the first answers. */
  const between = async (far: Partial<HedgeSetup>): Promise<HedgeScene> => {
    const fails = { ms: 1, script: status(500) }
    const [one, two, three] = targetsOf('one', 'two', 'three') as [object, object, object]
    const test = hedgeScene({
      timed: {
        one: [fails, fails, { ms: 300 }],
        two: [fails, { ms: 1 }, { ms: 10, script: broken('ECONNREFUSED') }],
        three: [fails, never],
      },
      targets: [one, two, { ...three, breaker: { failure_threshold: 1, reset_timeout_ms: 1000 } }],
      ...far,
    })
    expect((await settled(test, test.ask(), 100)).status).toBe(502)
    expect((await settled(test, test.ask(), 100)).headers.get('x-used-provider')).toBe('two')
    await test.clock.advance(1000)
    return test
  }

  it.each([
    ['in this process', {}],
    ['far away', { isFar: true, farMs: 50 }],
  ])('is given back where somebody else answers, by a coordinator %s', async (_name, far) => {
    const test = await between(far)
    const from = test.started.length
    expect((await settled(test, test.ask(), 1000)).headers.get('x-used-provider')).toBe('one')
    expect(test.started.slice(from).map(([name]) => name)).toEqual(['one', 'two', 'three'])
    expect(test.attempts()).toMatchObject([
      { target: 'two/m-two', error: 'upstream_unreachable' },
      { target: 'three/m-three', probe: true, error: 'hedge_lost' },
      { target: 'one/m-one', error: null },
    ])
    await expectNothingLeft(test)
  })

  it('is given back, and nobody asked, where it is had too late', async () => {
    const test = await between({ isFar: true, farMs: 500 })
    const from = test.started.length
    expect((await settled(test, test.ask(), 2000)).headers.get('x-used-provider')).toBe('one')
    expect(test.started.slice(from).map(([name]) => name)).toEqual(['one', 'two'])
    expect(test.attempts().map(({ target }) => target)).toEqual(['two/m-two', 'one/m-one'])
    await expectNothingLeft(test)
  })
})

function replyTo(url: string, n: number) {
  if (!url.includes('embeddings'))
    return streamAnswer([chatChunk({ content: 'x' }), chatChunk({}, 'stop'), 'data: [DONE]\n\n'])
  const data = [{ object: 'embedding', index: 0, embedding: [n] }]
  return jsonAnswer({ object: 'list', data, model: 'm', usage: { prompt_tokens: 1, total_tokens: 1 } })
}
