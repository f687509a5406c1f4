// Targets asked at the same time: who is asked when, and whose answer it is.
import { describe, expect, it } from 'vitest'
import { jsonAnswer, type TestSource } from '../support/app.ts'
import { chatAnswer } from '../support/upstream.ts'
import { broken, status, type ProviderName, type Script } from './attempts-gateway.ts'
import {
  answer,
  expectNothingLeft,
  hedgeScene,
  never,
  settled,
  stalledBody,
  targetsOf,
  type HedgeSetup,
} from './hedge-scene.ts'

type Row = [
  name: string,
  timed: HedgeSetup['timed'],
  started: Partial<Record<ProviderName, number>>,
  more?: Partial<HedgeSetup>,
]

describe('when targets are asked', () => {
  it('one after the other where nothing says otherwise: the first is waited for', async () => {
    const test = hedgeScene({ timed: { one: { ms: 5000 }, two: { ms: 1 } }, hedge: { enabled: false } })
    const asked = test.ask()
    await test.clock.advance(5000)
    expect((await asked).headers.get('x-used-provider')).toBe('one')
    expect(test.started).toEqual([['one', 0]])
  })

  it('the n-th after n times the delay, to the millisecond', async () => {
    const timed = { one: never, two: never, three: never, four: never }
    const test = hedgeScene({ timed, targets: targetsOf('one', 'two', 'three', 'four'), hedge: { max_parallel: 4 } })
    const leave = new AbortController()
    const asked = test.ask('r', { signal: leave.signal })
    for (const [ms, calls] of [
      [0, 1],
      [99, 1],
      [1, 2],
      [99, 2],
      [1, 3],
      [99, 3],
      [1, 4],
    ] as const) {
      await test.clock.advance(ms)
      expect(test.started).toHaveLength(calls)
    }
    expect(test.started).toEqual([
      ['one', 0],
      ['two', 100],
      ['three', 200],
      ['four', 300],
    ])
    leave.abort()
    await test.clock.advance(0)
    expect((await asked).status).toBe(499)
  })

  it.each([
    ['nobody else where the first answers in time', { one: { ms: 99 }, two: never }, { one: 0 }],
    [
      'no more at once than max_parallel: the third takes the place of one that fails',
      { one: { ms: 500, script: status(500) }, two: never, three: { ms: 7 } },
      { one: 0, two: 100, three: 500 },
    ],
    [
      'the next one at once where the first fails before its time',
      { one: { ms: 30, script: status(500) }, two: { ms: 20 } },
      { one: 0, two: 30 },
    ],
    [
      'the third at its own time although the second came early',
      { one: { ms: 30, script: status(500) }, two: never, three: { ms: 7 } },
      { one: 0, two: 30, three: 200 },
    ],
    [
      'the third not before the second had its time',
      { one: { ms: 350, script: status(500) }, two: { ms: 200, script: status(500) }, three: never, four: { ms: 1 } },
      { one: 0, two: 100, three: 300, four: 350 },
    ],
    [
      'the next one at once where a hedge fails',
      { one: never, two: { ms: 10, script: broken('ECONNRESET') }, three: { ms: 7 } },
      { one: 0, two: 100, three: 110 },
    ],
    [
      'no further targets than max_attempts, hedges among them',
      { one: { ms: 900 }, two: { ms: 10, script: status(500) }, three: { ms: 1 } },
      { one: 0, two: 100 },
      { route: { fallback: { max_attempts: 2 } } },
    ],
    [
      'nobody beside the first where only one may be asked at once',
      { one: { ms: 500, script: status(500) }, two: { ms: 1 } },
      { one: 0, two: 500 },
      { hedge: { max_parallel: 1 } },
    ],
  ] satisfies Row[])('%s', async (_name, timed, started, more: Partial<HedgeSetup> = {}) => {
    const targets = targetsOf('one', 'two', 'three', 'four').slice(0, Math.max(3, Object.keys(timed).length))
    const test = hedgeScene({ timed: { three: never, ...timed }, targets, ...more })
    const asked = test.ask()
    await test.clock.advance(2000)
    expect((await asked).status).toBe(200)
    expect(test.started).toEqual(Object.entries(started))
    await expectNothingLeft(test)
  })

  it('the second of those that stand in, not before the first of them had its time', async () => {
    const test = hedgeScene({
      timed: { one: { ms: 1000, script: status(500) }, two: never, three: { ms: 5 } },
      targets: targetsOf('one'),
      route: { fallback: { max_attempts: 4, degrade_to: ['spare'] } },
      config: { routes: { spare: { targets: targetsOf('two', 'three') } } },
    })
    expect((await settled(test, test.ask(), 2000)).headers.get('x-used-provider')).toBe('three')
    expect(test.started).toEqual([
      ['one', 0],
      ['two', 1000],
      ['three', 1100],
    ])
    await expectNothingLeft(test)
  })

  it('no account twice for the same model, also while it is still asked', async () => {
    const test = hedgeScene({
      timed: { one: [never, { ms: 5 }] },
      accounts: ['a', 'b'],
      targets: [
        { name: 'pinned', provider: 'one', model: 'm', account: 'a', priority: 1 },
        { name: 'any', provider: 'one', model: 'm', priority: 2 },
      ],
    })
    expect((await settled(test, test.ask(), 200)).status).toBe(200)
    expect(test.attempts()).toMatchObject([
      { target: 'pinned', account: 'a', error: 'hedge_lost' },
      { target: 'any', account: 'b', error: null },
    ])
    await expectNothingLeft(test)
  })

  it('in the order of the decision, which is the one that is previewed', async () => {
    const test = hedgeScene({
      timed: { one: never, two: never, three: { ms: 5 } },
      hedge: { max_parallel: 3 },
      targets: [
        { provider: 'three', model: 'm', priority: 3 },
        { provider: 'one', model: 'm', priority: 2 },
        { provider: 'two', model: 'm', priority: 1 },
      ],
    })
    const asked = test.ask()
    await test.clock.advance(300)
    const response = await asked
    expect(test.started.map(([name]) => name)).toEqual(['two', 'one', 'three'])
    expect(response.headers.get('x-signalbox-route')).toBe(
      'route=r strategy=priority selected=two/m fallbacks=[one/m,three/m] rejected=0',
    )
  })

  it('another account of the same target is no further target', async () => {
    const test = hedgeScene({
      timed: { one: [{ ms: 30, script: status(401) }, { ms: 50 }], two: { ms: 1 } },
      accounts: ['a', 'b'],
    })
    const asked = test.ask()
    await test.clock.advance(200)
    expect((await asked).headers.get('x-used-provider')).toBe('one')
    expect(test.started).toEqual([
      ['one', 0],
      ['one', 30],
    ])
    await expectNothingLeft(test)
  })
})

describe('the first answer', () => {
  it('is the client’s; the others are called off at once and say nothing of their targets', async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
    const test = hedgeScene({
      timed: { one: never, two: { ms: 40, script: answer('from two', usage) } },
      route: { breaker: { failure_threshold: 1 } },
      config: { server: { limits: { max_concurrency: 1 } } },
    })
    const asked = test.ask()
    await test.clock.advance(140)
    const response = await asked
    expect((await response.json()).choices[0].message.content).toBe('from two')
    expect(response.headers.get('x-used-provider')).toBe('two')
    expect(response.headers.get('x-used-fallback')).toBe('true')
    expect(test.calledOff).toEqual([['one', 140]])
    expect(test.told.map(({ use, outcomes }) => [use.target.provider, outcomes])).toEqual([
      ['one', [{ type: 'neutral' }]],
      ['two', [{ type: 'completed', totalMs: 40, ttftMs: null }]],
    ])
    await expectNothingLeft(test)
    const { locks, speeds } = await test.look()
    expect({ locks, speeds: speeds.length }).toEqual({ locks: [], speeds: 1 })
    // Nobody was charged for what was not reported.
    expect(test.traces).toHaveLength(1)
    expect(test.traces[0]).toMatchObject({
      outcome: 'succeeded',
      provider: 'two',
      model: 'up',
      inputTokens: 3,
      outputTokens: 2,
      usageEvidence: 'reported',
    })
    expect(test.attempts()).toEqual([
      expect.objectContaining({ target: 'one/m-one', durationMs: 140, status: null, error: 'hedge_lost' }),
      expect.objectContaining({ target: 'two/m-two', durationMs: 40, status: 200, error: null, hedge: true }),
    ])
    expect(test.attempts()[0]).not.toHaveProperty('hedge')
    expect(test.attempts()[1]).toMatchObject({ wait_ms: 100 })
    // The slot is free again, and both are as they were.
    const again = test.ask()
    await test.clock.advance(140)
    expect((await again).status).toBe(200)
  })

  it('may be that of the first target, and is no fallback then', async () => {
    const test = hedgeScene({ timed: { one: { ms: 150 }, two: never } })
    const asked = test.ask()
    await test.clock.advance(150)
    const response = await asked
    expect(response.headers.get('x-used-provider')).toBe('one')
    expect(response.headers.get('x-used-fallback')).toBeNull()
    expect(test.calledOff).toEqual([['two', 150]])
    expect(test.attempts()).toEqual([
      expect.objectContaining({ target: 'two/m-two', error: 'hedge_lost', hedge: true, wait_ms: 100 }),
      expect.objectContaining({ target: 'one/m-one', error: null, durationMs: 150 }),
    ])
    expect(test.traces).toMatchObject([{ provider: 'one', outcome: 'succeeded' }])
    await expectNothingLeft(test)
  })

  it('calls off a call whose answer had begun, and its body', async () => {
    const seen: TestSource[] = []
    const test = hedgeScene({ timed: { one: { ms: 10, script: stalledBody(seen) }, two: { ms: 5 } } })
    const asked = test.ask()
    await test.clock.advance(105)
    expect((await asked).headers.get('x-used-provider')).toBe('two')
    await test.clock.advance(0)
    expect(seen.map((body) => body.cancelled())).toEqual([true])
    await expectNothingLeft(test)
  })

  // Everything between a provider's answer and the client's: each turn of the microtask queue that one may be behind.
  it.each([
    ['an answer', answer('from one'), 200],
    ['a refusal', status(400), 400],
    ['a failure that is worth another try', status(500), undefined],
  ])('is one where %s is there in the same moment, whoever is ahead', async (_name, other, own) => {
    const winners = new Set<string>()
    for (let ahead = -40; ahead <= 40; ahead++) {
      let release = (): void => {}
      const gate = new Promise<void>((resolve) => (release = resolve))
      const behind = async (turns: number): Promise<void> => {
        await gate
        for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      }
      const test = hedgeScene({
        timed: {
          one: { ms: 1, script: (n, request) => behind(Math.max(0, -ahead)).then(() => other(n, request)) },
          two: { ms: 1, script: (n, request) => behind(Math.max(0, ahead)).then(() => answer('from two')(n, request)) },
        },
        targets: targetsOf('one', 'two'),
        policy: { retry: { max_retries: 1 } },
      })
      const asked = test.ask()
      await test.clock.advance(200)
      release()
      const response = await asked
      const said = await response.text()
      await test.clock.advance(0)
      const winner = String(test.traces[0]?.provider)
      winners.add(winner)
      expect(test.traces).toMatchObject([{ status: response.status }])
      expect(response.status).toBe(winner === 'two' ? 200 : own)
      expect(response.headers.get('x-used-provider')).toBe(response.status === 200 ? winner : null)
      if (response.status === 200) expect(said).toContain(`from ${winner}`)
      expect(test.attempts().at(-1)).toMatchObject({ provider: winner, status: response.status })
      const completed = test.told.filter(({ outcomes }) => outcomes[0]?.type === 'completed')
      expect(completed.map(({ use }) => use.target.provider)).toEqual(response.status === 200 ? [winner] : [])
      await expectNothingLeft(test)
    }
    expect([...winners].sort()).toEqual(own === undefined ? ['two'] : ['one', 'two'])
  })

  it.each([
    ['Messages to Chat', '/v1/messages', { max_tokens: 5 }, { content: [{ text: 'from two' }] }],
    ['Responses to Chat', '/v1/responses', {}, { output: [{ content: [{ text: 'from two' }] }] }],
  ])('is translated: %s', async (_name, path, more, said) => {
    const test = hedgeScene({ timed: { one: never, two: { ms: 40, script: answer('from two') } } })
    const messages = [{ role: 'user', content: 'hi' }]
    const asked = test.request(path, { json: { model: 'r', messages, input: messages, ...more } })
    await test.clock.advance(200)
    const response = await asked
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject(said)
    const bodies = test.sent.map(({ body }) => JSON.parse(new TextDecoder().decode(body)))
    expect(bodies).toMatchObject([{ model: 'm-one' }, { model: 'm-two' }])
    for (const body of bodies) expect(JSON.stringify(body.messages)).toContain('hi')
    expect(test.calledOff).toEqual([['one', 140]])
    await expectNothingLeft(test)
  })

  it('is asked for with the bytes of the client on its own wire', async () => {
    const test = hedgeScene({ timed: { one: never, two: { ms: 40 } } })
    const asked = test.ask()
    await test.clock.advance(200)
    expect((await asked).status).toBe(200)
    for (const [at, model] of ['m-one', 'm-two'].entries())
      expect(new TextDecoder().decode(test.sent[at]?.body)).toBe(
        `{"model":"${model}","messages":[{"role":"user","content":"hi"}]}`,
      )
    expect(test.sent.map(({ headers }) => headers['authorization'])).toEqual(
      Array(2).fill('Bearer sk-key-of-everybody-1234'),
    )
  })

  it('that says nothing is taken only where nobody else is asked', async () => {
    const empty: Script = () =>
      jsonAnswer({ ...chatAnswer(''), usage: { prompt_tokens: 3, completion_tokens: 0, total_tokens: 3 } })
    const passedOver = hedgeScene({
      timed: { one: { ms: 300 }, two: { ms: 10, script: empty } },
      targets: targetsOf('one', 'two'),
    })
    const asked = passedOver.ask()
    await passedOver.clock.advance(400)
    expect((await asked).headers.get('x-used-provider')).toBe('one')
    const taken = hedgeScene({
      timed: { one: { ms: 150, script: status(500) }, two: { ms: 100, script: empty } },
      targets: targetsOf('one', 'two'),
    })
    const last = taken.ask()
    await taken.clock.advance(400)
    expect([(await last).status, (await last).headers.get('x-used-provider')]).toEqual([200, 'two'])
  })
})

describe('requests beside each other', () => {
  it('race each for itself', async () => {
    const test = hedgeScene({
      timed: {
        one: Array.from({ length: 20 }, (_, at) => ({ ms: at % 2 === 0 ? 30 : Infinity })),
        two: { ms: 20 },
      },
    })
    const asked = Array.from({ length: 20 }, () => test.ask())
    await test.clock.advance(500)
    const used = (await Promise.all(asked)).map((response) => response.headers.get('x-used-provider'))
    expect(used).toEqual(Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 'one' : 'two')))
    expect(test.traces).toHaveLength(20)
    await expectNothingLeft(test)
  })
})
