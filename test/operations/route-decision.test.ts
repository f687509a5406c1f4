// Through the whole gateway: what a preview says before a request is what its trace says after it, and what its headers
// say in between.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTestApp, jsonAnswer, type TestApp } from '../support/app.ts'
import { parts, rounds } from '../support/full-run.ts'
import { drainMicrotasks } from '../support/virtual-clock.ts'

const adminToken = 'admin-token-of-this-test'
const names = ['a', 'b', 'c']

const config = {
  server: { compat: { headers: ['switchback', 'switchmaxxer'] } },
  providers: Object.fromEntries(
    names.map((id) => [
      id,
      {
        type: 'openai_compatible',
        base_url: `https://${id}.example.com/v1`,
        auth_scheme: { kind: 'none' },
        ...(id === 'c' && { capabilities: { tool_calling: false } }),
      },
    ]),
  ),
  models: { m: { context_window: 10_000, cost: { input: 1, output: 2 } } },
  routes: Object.fromEntries(
    ['priority', 'weighted', 'round_robin', 'least_connections', 'fastest', 'cheapest', 'score'].map((strategy) => [
      strategy,
      {
        strategy,
        targets: names.map((provider, index) => ({ name: provider, provider, model: 'm', weight: index + 1 })),
        breaker: { failure_threshold: 2, reset_timeout_ms: 5000 },
      },
    ]),
  ),
  storage: { kind: 'memory' },
}

function gateway(document: object = config): TestApp & { failing: Set<string> } {
  const failing = new Set<string>()
  const test = createTestApp({
    config: document,
    adminToken,
    upstream: ({ url }) => {
      const host = new URL(url).hostname.split('.')[0] ?? ''
      if (failing.has(host)) return jsonAnswer({ error: { message: 'down' } }, 503)
      return jsonAnswer({
        id: 'x',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message: { role: 'assistant', content: host }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      })
    },
  })
  return { ...test, failing }
}

type Detail = Record<string, unknown>

async function preview(test: TestApp, body: object): Promise<Detail> {
  // The random number of the test's ports.
  const response = await test.request('/admin/v1/route-preview', {
    json: { body, random: 0.5 },
    headers: { authorization: `Bearer ${adminToken}` },
  })
  const { data } = (await response.json()) as { data: Detail }
  const { facts: _, ...decision } = data
  return decision
}

async function serve(test: TestApp, body: object): Promise<{ response: Response; decision: Detail }> {
  const answer = test.request('/v1/chat/completions', { json: body })
  let answered = false
  void answer.finally(() => (answered = true))
  await drainMicrotasks()
  // All targets are out and one is back soon: the request waits for it.
  while (!answered) await test.clock.advance(100)
  const response = await answer
  await response.arrayBuffer()
  const detail = JSON.parse(test.traces.at(-1)?.detail ?? '{}') as { decision: Detail }
  return { response, decision: detail.decision }
}

const ask = (model: string, more: object = {}): object => ({
  model,
  messages: [{ role: 'user', content: 'hello' }],
  ...more,
})

const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }]

const anyName = fc.constantFrom(...names)

const routes = fc.record({
  strategy: fc.constantFrom(...Object.keys(config.routes)),
  sticky: fc.constantFrom('none', 'session'),
  targets: fc
    .array(fc.record({ priority: fc.integer({ min: 1, max: 2 }), weight: fc.integer({ min: 0, max: 5 }) }), {
      minLength: 3,
      maxLength: 3,
    })
    // A route on which nobody may ever be first is refused.
    .filter((many) => many.some(({ weight }) => weight > 0))
    .map((many) =>
      many.map((target, index) => ({ ...target, name: names[index], provider: names[index], model: 'm' })),
    ),
  breaker: fc.record({ failure_threshold: fc.integer({ min: 1, max: 3 }), reset_timeout_ms: fc.constant(5000) }),
  fallback: fc.record({ max_attempts: fc.integer({ min: 1, max: 3 }), degrade_to: fc.subarray(['lesser']) }),
})

/** One request, and what happens before it. */
const steps = fc.record({
  fails: fc.option(anyName, { nil: undefined }),
  recovers: fc.option(anyName, { nil: undefined }),
  afterMs: fc.constantFrom(0, 1, 500, 3500, 6000),
  tools: fc.boolean(),
  session: fc.constantFrom('s1', 's2', 's3'),
})

describe('a preview over HTTP', () => {
  it.each(Object.keys(config.routes))('says what serving then does, request after request: %s', async (model) => {
    const test = gateway()
    for (let round = 0; round < 12; round++) {
      if (round === 4) test.failing.add('a')
      if (round === 8) test.failing.delete('a')
      if (round === 10) await test.clock.advance(6000)
      const body = ask(model, round % 3 === 2 ? { tools } : {})
      const seen = await preview(test, body)
      // Looking again, and looking at something else, changes nothing.
      await preview(test, ask('weighted'))
      expect(await preview(test, body)).toEqual(seen)
      const { response, decision } = await serve(test, body)
      expect(response.status).toBe(200)
      expect(decision).toEqual(seen)
    }
  })

  it.each(parts(rounds(1000, 60), 200))(
    'says what serving then does, whatever is configured and whatever happened before: part %d',
    async (_part, numRuns) => {
      let decided = 0
      await fc.assert(
        fc.asyncProperty(routes, fc.array(steps, { minLength: 4, maxLength: 12 }), async (any, history) => {
          const test = gateway({ ...config, routes: { any, lesser: { targets: [{ provider: 'b', model: 'm2' }] } } })
          for (const step of history) {
            if (step.fails !== undefined) test.failing.add(step.fails)
            if (step.recovers !== undefined) test.failing.delete(step.recovers)
            await test.clock.advance(step.afterMs)
            const body = ask('any', { ...(step.tools && { tools }), metadata: { session_id: step.session } })
            const seen = await preview(test, body)
            const { decision } = await serve(test, body)
            // Where nobody could be asked the request may have waited, and looked again.
            if (seen['selected'] === null) continue
            expect(decision).toEqual(seen)
            decided++
          }
        }),
        { numRuns },
      )
      expect(decided).toBeGreaterThan(numRuns)
    },
  )

  it('advances nothing: of a hundred looks the next request sees nothing', async () => {
    const test = gateway()
    for (let look = 0; look < 100; look++) await preview(test, ask('weighted'))
    const picked = []
    for (let request = 0; request < 6; request++)
      picked.push((await serve(test, ask('weighted'))).response.headers.get('x-used-provider'))
    expect(picked.toSorted()).toEqual(['a', 'b', 'b', 'c', 'c', 'c'])
  })

  it('shows scores factor by factor, whose turn it is, and why a target is out', async () => {
    const test = gateway()
    test.failing.add('a')
    for (let request = 0; request < 3; request++) await serve(test, ask('score'))
    const seen = await preview(test, ask('score', { tools }))
    // One failure was enough to prefer another one, whose circuit is closed all the same.
    expect(seen).toMatchObject({
      strategy: 'score',
      profile: 'balanced',
      selected: { name: 'b' },
      scores: [
        { name: 'a', factors: { selection_rank: 1, health: 0.5, cost: 1 } },
        { name: 'b', factors: { selection_rank: 0, health: 1, cost: 1 } },
      ],
      rejected: [{ target: 'c/m', name: 'c', code: 'tools_unsupported' }],
      reasons: ['route=score (route)', 'stream_required=false', 'tools_required=true', 'profile=balanced'],
      random: 0.5,
    })
    for (let request = 0; request < 3; request++) await serve(test, ask('priority'))
    expect((await preview(test, ask('priority'))).rejected).toEqual([
      {
        target: 'a/m',
        name: 'a',
        code: 'breaker_open',
        reason: expect.stringMatching(/^its circuit is open after upstream_\w+ for another 5 s$/),
        locked_by: expect.stringMatching(/^upstream_/),
        retry_in_ms: 5000,
      },
    ])
    expect((await preview(test, ask('weighted'))).cursor).toEqual({
      picked: 'c',
      weights: [
        { name: 'a', weight: 1 },
        { name: 'b', weight: 2 },
        { name: 'c', weight: 3 },
      ],
    })
  })
})

describe('the headers of an answer', () => {
  it('tell the decision, who answered, and how its circuit stood', async () => {
    const { response } = await serve(gateway(), ask('priority'))
    expect(response.headers.get('x-signalbox-route')).toBe(
      'route=priority strategy=priority selected=a/m fallbacks=[b/m,c/m] rejected=0',
    )
    expect(response.headers.get('x-used-provider')).toBe('a')
    expect(response.headers.get('x-used-fallback')).toBeNull()
    expect(response.headers.get('x-circuit-breaker-state')).toBe('closed')
    expect(response.headers.get('x-provider-response-time')).toMatch(/^\d+$/)
  })

  it('tell the decision where nobody answered, and where nobody could be asked', async () => {
    const test = gateway()
    for (const name of names) test.failing.add(name)
    const failed = (await serve(test, ask('priority'))).response
    expect(failed.status).toBe(502)
    expect(failed.headers.get('x-signalbox-route')).toContain('selected=a/m fallbacks=[b/m,c/m] rejected=0')
    expect(failed.headers.get('x-used-provider')).toBeNull()
    await serve(test, ask('priority'))
    const refused = (await serve(test, ask('priority'))).response
    expect(refused.status).toBe(503)
    expect(refused.headers.get('x-signalbox-route')).toContain('selected=none fallbacks=[] rejected=3')
    expect(refused.headers.get('x-switchback-route')).toBe(refused.headers.get('x-signalbox-route'))
  })

  it('say that a fallback answered, and that a target was on trial', async () => {
    const test = gateway()
    test.failing.add('a')
    const { response } = await serve(test, ask('priority'))
    expect(response.headers.get('x-used-fallback')).toBe('true')
    expect(response.headers.get('x-used-provider')).toBe('b')
    await serve(test, ask('priority'))
    test.failing.delete('a')
    await test.clock.advance(5001)
    const trial = (await serve(test, ask('priority'))).response.headers
    expect([trial.get('x-used-provider'), trial.get('x-circuit-breaker-state')]).toEqual(['a', 'half-open'])
    const after = (await serve(test, ask('priority'))).response.headers
    expect(after.get('x-circuit-breaker-state')).toBe('closed')
  })

  const pairs = [
    ['x-switchback-route', 'x-signalbox-route'],
    ['x-switchback-request-id', 'x-signalbox-request-id'],
    ['x-switchback-revision', 'x-signalbox-revision'],
    ['x-switchmaxxer-request-id', 'x-signalbox-request-id'],
  ] as const

  it('have the names of earlier systems where the configuration lists them', async () => {
    const { headers } = (await serve(gateway(), ask('priority'))).response
    for (const [theirs, ours] of pairs) expect(headers.get(theirs)).toBe(headers.get(ours))
    expect(headers.get('x-switchback-route')).toContain('selected=a/m')
  })

  it('have them on refusals too, wherever those come from', async () => {
    const test = gateway()
    const refusals = [
      await test.request('/v1/chat/completions', { json: ask('unheard-of') }),
      await test.request('/no/such/path'),
      await test.request('/v1/chat/completions'),
    ]
    for (const { headers, status } of refusals) {
      expect(status).toBeGreaterThanOrEqual(400)
      expect(headers.get('x-switchmaxxer-request-id')).toBe(headers.get('x-signalbox-request-id'))
      expect(headers.get('x-switchmaxxer-request-id')).toMatch(/^req_/)
    }
  })

  it('have none of them where nothing is listed', async () => {
    const test = gateway()
    test.reload({ ...config, server: {} })
    const { headers } = (await serve(test, ask('priority'))).response
    for (const [theirs] of pairs) expect(headers.get(theirs)).toBeNull()
    expect(headers.get('x-used-provider')).toBe('a')
  })
})
