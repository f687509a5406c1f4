// Several accounts of a provider through the whole app: who is asked, who is left out, what the client is told.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { createTestApp, jsonAnswer, streamAnswer, type TestApp } from '../support/app.ts'
import { chatChunk, messageStream } from '../support/upstream.ts'

const keys = { A: 'sk-key-of-account-aaaa', B: 'sk-key-of-account-bbbb', C: 'sk-key-of-account-cccc' }
const credential = (env: string) => ({ type: 'api_key', source: 'env', env })

const provider = (accounts: readonly string[], extra: object = {}): object => ({
  type: 'openai_compatible',
  base_url: 'https://one.example.com/v1',
  api_formats: ['openai_chat'],
  accounts: accounts.map((id) => ({ id, credential: id })),
  ...extra,
})

type Answers = (who: string, request: FetchRequest) => FetchResponse | Promise<FetchResponse>

/** Which account sent a request; the second provider has one of its own. */
function whoSent(request: FetchRequest): string {
  const key = request.headers['authorization']?.replace('Bearer ', '') ?? request.headers['x-api-key']
  const name = Object.entries(keys).find(([, value]) => value === key)?.[0] ?? 'nobody'
  return request.url.includes('two.') ? `two-${name.toLowerCase()}` : name.toLowerCase()
}

function appOf(
  answer: Answers,
  extra: { provider?: object; accounts?: readonly string[]; config?: object } = {},
): TestApp {
  return createTestApp({
    upstream: (request) => answer(whoSent(request), request),
    env: keys,
    adminToken: 'token-of-the-administrator-1234',
    config: {
      config_version: 1,
      credentials: { a: credential('A'), b: credential('B'), c: credential('C') },
      providers: {
        one: provider(extra.accounts ?? ['a', 'b'], extra.provider),
        two: provider(['c'], { base_url: 'https://two.example.com/v1' }),
        claude: {
          type: 'anthropic',
          accounts: [
            { id: 'a', credential: 'a' },
            { id: 'b', credential: 'b' },
          ],
        },
      },
      routes: {
        solo: { targets: [{ provider: 'one', model: 'm' }] },
        other: { targets: [{ provider: 'one', model: 'm-other' }] },
        pair: {
          targets: [
            { name: 'first', provider: 'one', model: 'm', priority: 1 },
            { name: 'second', provider: 'two', model: 'm2', priority: 2 },
          ],
        },
        claude: { targets: [{ provider: 'claude', model: 'claude-x' }] },
      },
      storage: { kind: 'memory' },
      ...extra.config,
    },
  })
}

const whole = {
  id: 'x',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
}
const good = (): FetchResponse => jsonAnswer(whole)
const bad = (status: number, headers: Record<string, string> = {}, error: object = { message: 'no' }): FetchResponse =>
  jsonAnswer({ error }, status, headers)

function ask(
  test: TestApp,
  model = 'solo',
  extra: object = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  return test.request('/v1/chat/completions', {
    json: { model, messages: [{ role: 'user', content: 'hi' }], ...extra },
    headers,
  })
}

const sentBy = (test: TestApp): string[] => test.sent.map(whoSent)
const detailOf = (test: TestApp, row = -1) => JSON.parse(test.traces.at(row)?.detail ?? '{}')

async function operate(test: TestApp, operation: string, input: object = {}) {
  const response = await test.request(`/admin/v1/${operation}`, {
    json: input,
    headers: { authorization: 'Bearer token-of-the-administrator-1234' },
  })
  return JSON.parse(await response.text())
}

describe('a failure of one account', () => {
  it.each([
    ['F-16 refused', 401, {}, { message: 'bad key' }],
    ['F-17 not allowed', 403, {}, { message: 'no' }],
    ['F-20 out of credit', 402, {}, { message: 'pay' }],
    ['F-20 out of quota, told with 429', 429, {}, { message: 'x', code: 'insufficient_quota' }],
    ['F-21 limited', 429, { 'retry-after': '7' }, { message: 'slow down' }],
    ['F-24 a server fault', 500, {}, { message: 'oops' }],
    ['F-24 a bad gateway', 502, {}, { message: 'oops' }],
    ['F-26 overloaded', 529, {}, { message: 'busy' }],
  ])('%s: the next account of the same target answers', async (_name, status, headers, error) => {
    const test = appOf((who) => (who === 'a' ? bad(status, headers, error) : good()))
    const response = await ask(test)
    expect(response.status).toBe(200)
    expect(sentBy(test)).toEqual(['a', 'b'])
    // Another account is no fallback: the target is the same.
    expect(response.headers.get('x-used-fallback')).toBeNull()
    expect(detailOf(test).attempts).toMatchObject([
      { account: 'a', status },
      { account: 'b', error: null },
    ])
  })

  it.each([
    ['F-18 a missing model', 404],
    ['F-14 a bad request', 400],
  ])('%s is none of the account: no other one is asked', async (_name, status) => {
    const test = appOf((who) => (who.startsWith('two') ? good() : bad(status)))
    await ask(test, 'pair')
    expect(sentBy(test)).toEqual(status === 404 ? ['a', 'two-c'] : ['a'])
  })

  it('a server fault is tried with one more account, not with all of them', async () => {
    const test = appOf(() => bad(503), { accounts: ['a', 'b', 'c'] })
    expect((await ask(test)).status).toBe(502)
    expect(sentBy(test)).toEqual(['a', 'b'])
  })

  it('F-01 a host that is not there is not asked again with another key', async () => {
    const test = appOf((who) => {
      if (!who.startsWith('two')) throw new Error('connect refused')
      return good()
    })
    expect((await ask(test, 'pair')).status).toBe(200)
    expect(sentBy(test)).toEqual(['a', 'two-c'])
    expect(detailOf(test).attempts).toMatchObject([{ error: 'upstream_unreachable' }, { maybe_duplicate: true }])
  })

  it('accounts come before targets, and none is asked twice', async () => {
    const test = appOf((who) => (who === 'two-c' ? good() : bad(401)))
    const response = await ask(test, 'pair')
    expect(response.headers.get('x-used-fallback')).toBe('true')
    expect(sentBy(test)).toEqual(['a', 'b', 'two-c'])
  })

  it('a stream that fails before its first content goes on to the next account', async () => {
    const test = appOf((who) =>
      who === 'a'
        ? streamAnswer(['data: {"error":{"message":"slow","type":"rate_limit_error"}}\n\n'])
        : streamAnswer([chatChunk({ content: 'hello' }), chatChunk({}, 'stop'), 'data: [DONE]\n\n']),
    )
    const response = await ask(test, 'solo', { stream: true })
    expect(await response.text()).toContain('hello')
    expect(sentBy(test)).toEqual(['a', 'b'])
  })
})

describe('a lock', () => {
  it.each([
    ['401', 401, {}, 300_000, ['b', 'b', 'a']],
    ['403', 403, {}, 300_000, ['b', 'b', 'a']],
    ['402', 402, {}, 3_600_000, ['b', 'b', 'a']],
    ['429 with a hint', 429, { 'retry-after': '20' }, 20_000, ['b', 'b', 'a']],
    ['429 without a hint (half of the draw)', 429, {}, 1000, ['b', 'b', 'a']],
    ['529', 529, {}, 2000, ['b', 'b', 'a']],
  ])(
    'after %s keeps the account out until it ends, to the millisecond',
    async (_name, status, headers, ms, expected) => {
      let failing = true
      const test = appOf((who) => (who === 'a' && failing ? bad(status, headers) : good()))
      await ask(test)
      failing = false
      await ask(test)
      await test.clock.advance(ms - 1)
      await ask(test)
      await test.clock.advance(1)
      await ask(test)
      expect(sentBy(test)).toEqual(['a', 'b', ...expected])
    },
  )

  it('holds for a model where a rate or a right is the reason, for all of them where the key is', async () => {
    for (const [status, expected] of [
      [429, ['a', 'b', 'a', 'b']],
      [403, ['a', 'b', 'a', 'b']],
      [401, ['a', 'b', 'b']],
      [402, ['a', 'b', 'b']],
    ] as const) {
      const test = appOf((who) => (who === 'a' ? bad(status) : good()))
      await ask(test)
      await ask(test, 'other')
      expect(sentBy(test)).toEqual(expected)
    }
  })

  it('is lifted by a success, with the failures behind it', async () => {
    let failing = true
    const test = appOf((who) => (who === 'a' && failing ? bad(401) : good()))
    await ask(test)
    await test.clock.advance(300_000)
    await ask(test) // 10 minutes now
    await test.clock.advance(600_000)
    failing = false
    await ask(test)
    failing = true
    await ask(test) // 5 minutes again
    await test.clock.advance(300_000)
    failing = false
    await ask(test)
    expect(sentBy(test).filter((who) => who === 'a')).toHaveLength(5)
  })

  it('F-73: does not care for jumps of the wall clock', async () => {
    const test = appOf((who) => (who === 'a' ? bad(429, { 'retry-after': '60' }) : good()))
    const wall = test.clock.now
    await ask(test)
    ;(test.clock as { now: () => number }).now = () => wall() + 3_600_000
    await ask(test)
    ;(test.clock as { now: () => number }).now = () => wall() - 3_600_000
    await ask(test)
    expect(sentBy(test)).toEqual(['a', 'b', 'b', 'b'])
  })

  it.each([
    ['off: two minutes', { permanent: { enabled: false } }, {}, 120],
    ['with another base', { permanent: { base_timeout_ms: 600_000 } }, {}, 600],
    [
      'with a base shorter than the reset time allows: the longer of the two',
      { permanent: { base_timeout_ms: 1 } },
      {},
      300,
    ],
    [
      'shorter, where the reset time is',
      { reset_timeout_ms: 1000, permanent: { base_timeout_ms: 20_000, timeout_multiplier: 5 } },
      {},
      20,
    ],
    ['set by the target', {}, { permanent: { enabled: false } }, 120],
    ['bounded by policy.lock.max_ms', {}, {}, 7, { lock: { max_ms: 7000 } }],
  ])('for a refused key follows breaker.permanent: %s', async (_name, route, target, seconds, policy: object = {}) => {
    const test = appOf(() => bad(401), {
      accounts: ['a'],
      config: {
        policy,
        routes: {
          solo: { targets: [{ provider: 'one', model: 'm', breaker: { ...route, ...target } }], breaker: route },
        },
      },
    })
    await ask(test)
    expect((await ask(test)).headers.get('retry-after')).toBe(String(seconds))
  })

  it.each([
    ['a bad request', 400],
    ['an unprocessable one', 422],
    ['a request that is too large', 413],
    ['a server fault', 500],
  ])('is not set by %s', async (_name, status) => {
    const test = appOf((who) => (who === 'a' ? bad(status) : good()))
    await ask(test)
    await ask(test)
    expect(sentBy(test).filter((who) => who === 'a')).toHaveLength(2)
    expect((await operate(test, 'accounts-list')).data.map((row: { state: string }) => row.state)).not.toContain(
      'locked',
    )
  })

  it.each([
    ['a quoted word of credit', 400, { message: "Invalid value: 'Your credit balance is too low'. Use one of: a, b" }],
    ['a quoted word of quota', 422, { message: "stop: 'insufficient_quota' and no credits are no stop sequences" }],
    ['a file that is not there', 404, { message: "No such File object: 'file-abc'", type: 'invalid_request_error' }],
    ['an earlier answer that is not there', 404, { message: "Previous response with id 'resp_1' not found." }],
    ['a file that is called as models are', 404, { message: 'File not found: the model' }],
    ['a quoted name of one', 404, { message: "'my model' is no file of this organization" }],
    [
      'a file of somebody else (Gemini)',
      403,
      {
        message: 'You do not have permission to access the File abc or it may not exist.',
        status: 'PERMISSION_DENIED',
      },
    ],
    ['a bucket that is closed (Vertex)', 403, { message: 'no storage.objects.get access to the Cloud Storage object' }],
    [
      'a content that is refused (xAI)',
      403,
      { message: 'Content violates usage guidelines. Team: t, Model: m, Failed check: SAFETY_CHECK_TYPE_BIO' },
    ],
    [
      'a request that is larger than the limit of a minute',
      429,
      { message: 'Request too large for m on tokens per min (TPM): Limit 30000, Requested 40000', type: 'tokens' },
    ],
  ])('is not set by what a client may provoke: %s', async (_name, status, error) => {
    const test = appOf(() => bad(status, {}, error), { accounts: ['a'] })
    await ask(test)
    await ask(test)
    expect(test.sent).toHaveLength(2)
  })

  it.each([
    [
      'no credit, told with 400 (Anthropic)',
      400,
      { message: 'Your credit balance is too low to access the API.' },
      3600,
    ],
    ['a missing model', 404, { message: 'The model `m` does not exist', code: 'model_not_found' }, 300],
    ['a missing model, in no words', 404, { message: 'Not Found' }, 300],
    ['a model that may not be used', 403, { message: 'Your key may not use this model or its files' }, 300],
    ['a right that is not there', 403, { message: "Permission 'aiplatform.endpoints.predict' denied" }, 300],
  ])('T36: is set by %s', async (_name, status, error, seconds) => {
    const test = appOf(() => bad(status, {}, error), { accounts: ['a'] })
    await ask(test)
    expect((await ask(test)).headers.get('retry-after')).toBe(String(seconds))
    expect(test.sent).toHaveLength(1)
  })

  it('T40: is not set by a client that leaves', async () => {
    const gone = new AbortController()
    const test = appOf(() => {
      gone.abort()
      return bad(429)
    })
    await test.request('/v1/chat/completions', {
      json: { model: 'solo', messages: [{ role: 'user', content: 'hi' }] },
      signal: gone.signal,
    })
    const { data } = await operate(test, 'accounts-list', { provider: 'one' })
    expect(data.map((row: { locks: unknown[] }) => row.locks)).toEqual([[], []])
  })

  it('is not set by an account whose key is not there, which costs no call either', async () => {
    const test = createTestApp({
      upstream: () => good(),
      env: { B: keys.B },
      adminToken: 'token-of-the-administrator-1234',
      config: {
        config_version: 1,
        credentials: { a: credential('A'), b: credential('B') },
        providers: { one: provider(['a', 'b']) },
        routes: { solo: { targets: [{ provider: 'one', model: 'm' }] } },
        storage: { kind: 'memory' },
      },
    })
    expect((await ask(test)).status).toBe(200)
    expect(sentBy(test)).toEqual(['b'])
    expect(detailOf(test).attempts[0]).toMatchObject({ account: 'a', error: 'missing_credential' })
    expect((await operate(test, 'accounts-list', { provider: 'one' })).data[0]).toMatchObject({ state: 'ready' })
  })

  it('that another request set meanwhile keeps a request out that was planned before it', async () => {
    let release: () => void = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    const test = appOf(async (who, request) => {
      const isSlow = new TextDecoder().decode(request.body).includes('slow')
      if (isSlow && who === 'a') await held
      return isSlow ? bad(500) : bad(401)
    })
    const slow = ask(test, 'solo', { user: 'slow' })
    await test.clock.advance(1)
    await ask(test)
    release()
    expect((await slow).status).toBe(502)
    // The slow one was planned for a and b; b is locked by now.
    expect(sentBy(test)).toEqual(['a', 'a', 'b'])
  })
})

describe('when every account is locked', () => {
  it('by rate limits alone: 429 and the wait until the first one is free, without a call', async () => {
    const test = appOf((who) => bad(429, { 'retry-after': who === 'a' ? '30' : '12' }))
    // F-21: the answer to the request that found out already tells the smallest wait.
    const first = await ask(test)
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '12'])
    await test.clock.advance(2000)
    const second = await ask(test)
    expect(second.status).toBe(429)
    expect(second.headers.get('retry-after')).toBe('10')
    expect((await second.json()).error.type).toBe('rate_limit_error')
    expect(test.sent).toHaveLength(2)
    expect(detailOf(test)).toMatchObject({
      attempts: [],
      decision: {
        selected: null,
        rejected: [
          {
            target: 'one/m',
            account: 'a',
            code: 'account_locked',
            locked_by: 'upstream_rate_limited',
            retry_in_ms: 28_000,
          },
          {
            target: 'one/m',
            account: 'b',
            code: 'account_locked',
            locked_by: 'upstream_rate_limited',
            retry_in_ms: 10_000,
          },
        ],
      },
    })
    await test.clock.advance(10_000)
    await ask(test)
    expect(sentBy(test)).toEqual(['a', 'b', 'b'])
  })

  // Anthropic's SDK sleeps for whatever it is told before it tries again (1.11: up to 24 days), OpenAI's for a minute at most.
  it('for longer than a minute, says that to whoever asks instead of having its SDK sleep through it', async () => {
    const test = appOf((who) => bad(429, { 'retry-after': who === 'a' ? '61' : '60' }))
    await ask(test)
    expect((await ask(test)).headers.get('x-should-retry')).toBeNull()
    const locked = appOf(() => bad(401), { accounts: ['a'] })
    await ask(locked)
    const response = await ask(locked)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('300')
    expect(response.headers.get('x-should-retry')).toBe('false')
  })

  it('F-21: tells the smallest wait, whichever account was asked last', async () => {
    const test = appOf((who) => bad(429, { 'retry-after': who === 'a' ? '12' : '30' }))
    expect((await ask(test)).headers.get('retry-after')).toBe('12')
  })

  it('F-22: measures a date by the clock of the provider, and by its own where there is none', async () => {
    const own = new Date(createTestApp({ config: { config_version: 1 } }).clock.now())
    const inAMinute = (from: Date): string => new Date(from.getTime() + 60_000).toUTCString()
    const skewed = new Date(own.getTime() - 3_600_000)
    for (const headers of [
      { 'retry-after': inAMinute(own) },
      { 'retry-after': inAMinute(skewed), date: skewed.toUTCString() },
      { 'retry-after': inAMinute(own), date: 'garbage' },
    ]) {
      const test = appOf(() => bad(429, headers), { accounts: ['a'] })
      expect((await ask(test)).headers.get('retry-after')).toBe('60')
    }
  })

  it('by anything else too: 503, and the wait all the same', async () => {
    const test = appOf((who) => (who === 'a' ? bad(401) : bad(429, { 'retry-after': '12' })))
    await ask(test)
    const response = await ask(test)
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('12')
    expect(response.headers.get('x-should-retry')).toBeNull()
    const { error } = await response.json()
    expect(error).toMatchObject({ code: 'no_eligible_target' })
    // Nobody outside needs to know the accounts by name.
    expect(error.message).not.toMatch(/account [ab]\b|upstream_auth/)
    expect(test.sent).toHaveLength(2)
  })

  it.each([
    ['/v1/messages', { max_tokens: 5 }, 'rate_limit_error', 'overloaded_error'],
    ['/v1/chat/completions', {}, 'rate_limit_error', 'overloaded_error'],
    ['/v1/responses', { input: 'hi', messages: undefined }, 'rate_limit_error', 'overloaded_error'],
  ])('%s is told in its own dialect', async (path, extra, limited, unavailable) => {
    for (const [status, code, type] of [
      [429, 429, limited],
      [401, 503, unavailable],
    ] as const) {
      const test = appOf(() => bad(status, status === 429 ? { 'retry-after': '9' } : {}))
      const json = { model: 'solo', messages: [{ role: 'user', content: 'hi' }], ...extra }
      await test.request(path, { json })
      const response = await test.request(path, { json })
      expect(response.status).toBe(code)
      expect((await response.json()).error.type).toBe(type)
      expect(Number(response.headers.get('retry-after'))).toBe(status === 429 ? 9 : 300)
    }
  })

  it('a request to count tokens is answered with our own estimate', async () => {
    const test = appOf(() => bad(401))
    const json = { model: 'claude', messages: [{ role: 'user', content: 'hi' }] }
    await test.request('/v1/messages', { json: { ...json, max_tokens: 5 } })
    const response = await test.request('/v1/messages/count_tokens', { json })
    expect(response.status).toBe(200)
    expect(response.headers.get('x-signalbox-token-count')).toBe('estimated')
    expect(test.sent).toHaveLength(2)
  })

  it('a target without accounts left gives way to the next one', async () => {
    const test = appOf((who) => (who === 'two-c' ? good() : bad(401)))
    await ask(test, 'pair')
    await ask(test, 'pair')
    expect(sentBy(test)).toEqual(['a', 'b', 'two-c', 'two-c'])
  })

  it('F-18 a missing model keeps its target out for five minutes, and other models stay', async () => {
    const test = appOf((_who, request) =>
      new TextDecoder().decode(request.body).includes('m-other') ? good() : bad(404, {}, { message: 'no such model' }),
    )
    expect((await ask(test)).status).toBe(502)
    const response = await ask(test)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '300'])
    expect((await ask(test, 'other')).status).toBe(200)
    expect(test.sent).toHaveLength(2)
  })
})

describe('round robin', () => {
  it.each([
    [1, 'abcabcabcabc'],
    [2, 'aabbccaabbcc'],
    [3, 'aaabbbcccaaa'],
  ])('%d in a row: %s, exactly', async (sticky, expected) => {
    const test = appOf(good, { accounts: ['a', 'b', 'c'], provider: { selection: 'round_robin', sticky } })
    for (let n = 0; n < 12; n++) await ask(test)
    expect(sentBy(test).join('')).toBe(expected)
  })

  it('is exact for requests that come at the same moment', async () => {
    const test = appOf(good, { accounts: ['a', 'b', 'c'], provider: { selection: 'round_robin' } })
    await Promise.all(Array.from({ length: 30 }, () => ask(test)))
    const by = sentBy(test)
    expect(['a', 'b', 'c'].map((who) => by.filter((sender) => sender === who).length)).toEqual([10, 10, 10])
  })

  it('takes one turn for a request, however many accounts it tried', async () => {
    const test = appOf((who) => (who === 'a' ? bad(500) : good()), {
      accounts: ['a', 'b', 'c'],
      provider: { selection: 'round_robin' },
    })
    for (let n = 0; n < 3; n++) await ask(test)
    expect(sentBy(test)).toEqual(['a', 'b', 'b', 'c'])
  })

  it('takes one turn for a request whose targets share a provider', async () => {
    const targets = ['m1', 'm2'].map((model, index) => ({ provider: 'one', model, priority: index }))
    const test = appOf((who, request) => (new TextDecoder().decode(request.body).includes('m1') ? bad(404) : good()), {
      accounts: ['a', 'b', 'c'],
      provider: { selection: 'round_robin' },
      config: { routes: { solo: { targets } } },
    })
    for (let n = 0; n < 4; n++) await ask(test)
    expect(sentBy(test)).toEqual(['a', 'a', 'b', 'c', 'a'])
  })

  it('goes on without a locked account', async () => {
    const test = appOf((who) => (who === 'b' ? bad(401) : good()), {
      accounts: ['a', 'b', 'c'],
      provider: { selection: 'round_robin' },
    })
    for (let n = 0; n < 6; n++) await ask(test)
    expect(sentBy(test)).toEqual(['a', 'b', 'c', 'c', 'a', 'c', 'c'])
  })
})

describe('a session', () => {
  const shared = { accounts: ['a', 'b', 'c'], provider: { selection: 'round_robin' } }
  const names: readonly (readonly [string, object, Record<string, string>])[] = [
    ['x-session-id', {}, { 'x-session-id': 's1' }],
    ['x-claude-code-session-id', {}, { 'x-claude-code-session-id': 's1' }],
    ['session_id', {}, { session_id: 's1' }],
    ['x-switchback-session-id', {}, { 'x-switchback-session-id': 's1' }],
    ['x-codex-session-id', {}, { 'x-codex-session-id': 's1' }],
    ['prompt_cache_key', { prompt_cache_key: 's1' }, {}],
    ['metadata.session_id', { metadata: { session_id: 's1' } }, {}],
  ]
  it.each(names)('named by %s keeps its account while others take turns', async (_name, extra, headers) => {
    const test = appOf(good, shared)
    await ask(test, 'solo', extra, headers)
    for (let n = 0; n < 4; n++) {
      await ask(test)
      await ask(test, 'solo', extra, headers)
    }
    const by = sentBy(test)
    expect(by.filter((_, index) => index === 0 || index % 2 === 0)).toEqual(['a', 'a', 'a', 'a', 'a'])
    // A session takes no turn: the others go round undisturbed.
    expect(by.filter((_, index) => index % 2 === 1)).toEqual(['b', 'c', 'a', 'b'])
  })

  it('leaves an account that is locked, and stays with the one that served it', async () => {
    let failing = false
    const test = appOf((who) => (who === 'a' && failing ? bad(429, { 'retry-after': '5' }) : good()), shared)
    const headers = { 'x-session-id': 's1' }
    await ask(test, 'solo', {}, headers)
    failing = true
    await ask(test, 'solo', {}, headers)
    failing = false
    await test.clock.advance(6000)
    await ask(test, 'solo', {}, headers)
    await ask(test, 'solo', {}, headers)
    expect(sentBy(test)).toEqual(['a', 'a', 'b', 'b', 'b'])
  })

  it('is not known by the name that the client gave it', async () => {
    const test = appOf((who) => (who === 'a' ? bad(401) : good()), shared)
    await ask(test, 'solo', {}, { 'x-session-id': 'jane@example.com' })
    expect(JSON.stringify([test.traces, test.logs, await operate(test, 'accounts-list')])).not.toContain('jane@')
  })
})

const tokenConfig = {
  config_version: 1,
  credentials: {
    oa: {
      type: 'oauth',
      refresh: { source: 'env', env: 'R' },
      token_url: 'https://login.example.com/token',
      client_id: 'client',
    },
    b: credential('B'),
  },
  providers: {
    one: provider([], {
      accounts: [
        { id: 'o', credential: 'oa' },
        { id: 'b', credential: 'b' },
      ],
    }),
  },
  routes: { solo: { targets: [{ provider: 'one', model: 'm' }] } },
  storage: { kind: 'memory' },
}

describe('a credential that can be had anew', () => {
  function withTokens(refusals: number): { test: TestApp; tokens: () => number } {
    let minted = 0
    const test = createTestApp({
      upstream: (request) => {
        if (request.url.includes('login.')) {
          minted++
          return jsonAnswer({ access_token: `token-number-${minted}`, expires_in: 3600, token_type: 'Bearer' })
        }
        const key = request.headers['authorization'] ?? ''
        const isStale = Number(key.split('-').at(-1)) <= refusals
        return key.includes('token-number') && isStale ? bad(401) : good()
      },
      env: {
        R: 'refresh-token-of-the-account',
        B: keys.B,
        SIGNALBOX_KEK: `k1:${'q'.repeat(43)}=`,
      },
      adminToken: 'token-of-the-administrator-1234',
      config: tokenConfig,
    })
    return { test, tokens: () => minted }
  }

  it('F-16: is had anew once after a 401, and the same account answers', async () => {
    const { test, tokens } = withTokens(1)
    const response = await ask(test)
    expect(response.status).toBe(200)
    expect(tokens()).toBe(2)
    expect(detailOf(test).attempts).toMatchObject([
      { account: 'o', status: 401 },
      { account: 'o', status: 200 },
    ])
    expect((await operate(test, 'accounts-list')).data[0]).toMatchObject({ state: 'ready' })
  })

  it('F-16: refused again, the account is locked and the next one answers', async () => {
    const { test, tokens } = withTokens(99)
    const response = await ask(test)
    expect(response.status).toBe(200)
    expect(tokens()).toBe(2)
    expect(detailOf(test).attempts.map((attempt: { account: string }) => attempt.account)).toEqual(['o', 'o', 'b'])
    expect((await operate(test, 'accounts-list')).data[0]).toMatchObject({
      state: 'locked',
      reason: 'upstream_auth',
      auth_failures: 1,
    })
    expect(test.logs.filter((line) => line.includes('provider_auth_failed'))).toHaveLength(1)
  })
})

describe('a credential that cannot be had', () => {
  it('F-79: for whatever reason, the next account answers', async () => {
    const test = createTestApp({
      upstream: (request) => (request.url.includes('login.') ? bad(500) : good()),
      env: { R: 'refresh-token-of-the-account', B: keys.B, SIGNALBOX_KEK: `k1:${'q'.repeat(43)}=` },
      config: tokenConfig,
    })
    expect((await ask(test)).status).toBe(200)
    expect(detailOf(test).attempts.map((attempt: { account: string }) => attempt.account)).toEqual(['o', 'b'])
  })
  it('because the gateway has nothing to seal it with: the next account answers', async () => {
    const test = createTestApp({ upstream: good, env: { R: 'r', B: keys.B }, config: tokenConfig })
    expect((await ask(test)).status).toBe(200)
    expect(detailOf(test).attempts).toMatchObject([{ account: 'o', error: 'missing_credential' }, { account: 'b' }])
  })
})

describe('what is told of a refused key', () => {
  it('F-16: the client sees 502 upstream_auth, never 401; the log names the account and no value', async () => {
    const test = appOf(() => bad(401, {}, { message: `Incorrect API key provided: ${keys.A}` }))
    const response = await ask(test)
    expect(response.status).toBe(502)
    const text = await response.text()
    expect(text).toContain('upstream_auth')
    expect(text).not.toContain('sk-key')
    const logged = test.logs.filter((line) => line.includes('provider_auth_failed')).map((line) => JSON.parse(line))
    expect(logged).toMatchObject([
      { provider: 'one', account: 'a', status: 401 },
      { provider: 'one', account: 'b', status: 401 },
    ])
    expect(JSON.stringify([logged, test.traces])).not.toContain('sk-key')
  })

  it('a translated refusal leaves the type and the code of the provider in the trace, its words nowhere', async () => {
    const test = appOf(() =>
      jsonAnswer({ type: 'error', error: { type: 'invalid_request_error', message: 'the prompt said: BANANA' } }, 400),
    )
    const response = await ask(test, 'claude')
    expect(response.status).toBe(400)
    expect(await response.text()).not.toContain('BANANA')
    expect(detailOf(test).upstream_error).toEqual({ status: 400, type: 'invalid_request_error' })
    expect(JSON.stringify(test.traces)).not.toContain('BANANA')
  })

  it('a provider that writes the prompt where a code should be leaves nothing of it', async () => {
    const test = appOf(() => bad(400, {}, { message: 'x', code: 'please write BANANA', type: 'ok_type' }))
    await ask(test)
    expect(detailOf(test).upstream_error).toEqual({ status: 400, type: 'ok_type' })
  })

  it('a lock is set by a stream that ends in a rate limit after it began', async () => {
    const { open } = messageStream(['hello'])
    const limit = 'event: error\ndata: {"type":"error","error":{"type":"rate_limit_error","message":"slow"}}\n\n'
    const test = appOf((who) => (who === 'a' ? streamAnswer([...open, limit]) : bad(500)))
    const json = { model: 'claude', max_tokens: 5, stream: true, messages: [{ role: 'user', content: 'hi' }] }
    await (await test.request('/v1/messages', { json })).text()
    const { data } = await operate(test, 'accounts-list', { provider: 'claude' })
    expect(data[0]).toMatchObject({ account: 'a', state: 'partly_locked', reason: 'upstream_rate_limited' })
  })
})

describe('operations', () => {
  it('accounts list shows what is locked, until when and why', async () => {
    const test = appOf((who) => (who === 'a' ? bad(429, { 'retry-after': '60' }) : good()))
    await ask(test)
    const { data } = await operate(test, 'accounts-list', { provider: 'one' })
    const now = test.clock.now()
    expect(data).toEqual([
      {
        provider: 'one',
        account: 'a',
        priority: 0,
        selection: 'fill_first',
        state: 'partly_locked',
        locked_until: new Date(now + 60_000).toISOString(),
        reason: 'upstream_rate_limited',
        credential: 'env A',
        last_used_at: new Date(now).toISOString(),
        attempts: 1,
        failures: 1,
        auth_failures: 0,
        locks: [
          {
            model: 'm',
            region: null,
            reason: 'upstream_rate_limited',
            since: new Date(now).toISOString(),
            until: new Date(now + 60_000).toISOString(),
            failures: 1,
          },
        ],
      },
      expect.objectContaining({ account: 'b', state: 'ready', attempts: 1, failures: 0 }),
    ])
  })

  it('accounts reset puts an account back to work at once', async () => {
    const test = appOf((who) => (who === 'a' ? bad(401) : good()))
    await ask(test)
    await ask(test)
    expect((await operate(test, 'accounts-reset', { provider: 'one', account: 'a' })).data).toEqual({
      provider: 'one',
      account: 'a',
      model: null,
      unlocked: 1,
    })
    await ask(test)
    expect(sentBy(test)).toEqual(['a', 'b', 'b', 'a', 'b'])
  })

  it('accounts reset without a provider puts everything back to work, and counts it', async () => {
    const test = appOf((who) => (who === 'b' ? good() : bad(401)))
    await ask(test)
    await test.request('/v1/messages', {
      json: { model: 'claude', max_tokens: 5, messages: [{ role: 'user', content: 'hi' }] },
    })
    const all = { provider: null, account: null, model: null }
    expect((await operate(test, 'accounts-reset', {})).data).toEqual({ ...all, unlocked: 2 })
    expect((await operate(test, 'accounts-reset', {})).data).toEqual({ ...all, unlocked: 0 })
    expect((await operate(test, 'accounts-reset', { account: 'a' })).error).toMatchObject({
      code: 'missing_required_parameter',
      message: 'name the provider of the account too',
    })
  })

  it.each([
    [{ provider: 'noe' }, 'no provider "noe", did you mean "one"?'],
    [{ provider: 'one', account: 'zz' }, 'provider one has no account "zz", known: "a", "b"'],
  ])('accounts reset of %j says what is wrong', async (input, message) => {
    expect((await operate(appOf(good), 'accounts-reset', input)).error.message).toBe(message)
  })
})

describe('serve = preview', () => {
  it('route preview names the accounts that serving then asks, and changes nothing by looking', async () => {
    const statuses = fc.constantFrom(200, 200, 200, 401, 429, 500)
    const step = fc.record({
      a: statuses,
      b: statuses,
      c: statuses,
      wait: fc.nat(400_000),
      session: fc.nat(3),
      looks: fc.nat(2),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 8 }),
        fc.constantFrom('fill_first', 'round_robin'),
        fc.integer({ min: 1, max: 3 }),
        async (steps, selection, sticky) => {
          let now: Record<string, number> = {}
          const answer: Answers = (who) => {
            const status = now[who.replace('two-', '')] ?? 200
            return status === 200 ? good() : bad(status)
          }
          // Nobody waits for a lock to end here: time stands still.
          const config = { policy: { retry: { max_delay_ms: 1 } } }
          const test = appOf(answer, { accounts: ['a', 'b', 'c'], provider: { selection, sticky }, config })
          for (const { wait, session, looks, ...answers } of steps) {
            now = answers
            await test.clock.advance(wait)
            const body = {
              messages: [{ role: 'user', content: 'hi' }],
              ...(session > 0 && { prompt_cache_key: `s${session}` }),
            }
            const shown = { body: { ...body, model: 'pair' }, random: 0.5 }
            const look = async () => (await operate(test, 'route-preview', shown)).data
            const preview = await look()
            for (let again = 0; again < looks; again++) expect(await look()).toEqual(preview)
            const before = test.sent.length
            await ask(test, 'pair', body)
            const { facts: _facts, ...decision } = preview
            expect(detailOf(test).decision).toEqual(decision)
            const planned = [preview.selected, ...preview.fallbacks].filter((target) => target !== null)
            const order = planned.flatMap((target: { accounts: string[]; target: string }) =>
              target.accounts.map((account) => (target.target.startsWith('two') ? `two-${account}` : account)),
            )
            const asked = sentBy(test).slice(before)
            expect(asked[0]).toBe(order[0])
            // What was asked is in the order of the plan; a second server fault skips the rest of a target.
            expect(order.filter((who) => asked.includes(who))).toEqual(asked)
          }
        },
      ),
      { numRuns: 100 },
    )
  })
})
