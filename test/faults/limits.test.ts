// Rows of the catalogue that are about what is remembered, in one process and on a clock that the test turns: how long an
// account rests, and who is asked where an input is too long.
import { describe, expect, it } from 'vitest'
import { createTestApp, jsonAnswer, type TestApp } from '../support/app.ts'
import { chatAnswer } from '../support/upstream.ts'

const adminKey = 'sbx_test_admin_0f3a9c5e7d214b68'
const clientKey = 'sbx_test_client_0f3a9c5e7d214b68'

const provider = (name: string): object => ({
  type: 'openai_compatible',
  base_url: `https://${name}.example/v1`,
  api_key: `sk-${name}-0123456789abcdef`,
})

interface Answering {
  readonly status: number
  readonly body: unknown
  readonly headers?: Record<string, string>
}

function start(answers: Readonly<Record<string, () => Answering>>, extra: object): TestApp {
  return createTestApp({
    config: {
      config_version: 1,
      keys: [
        { id: 'c', env: 'CLIENT' },
        { id: 'a', env: 'ADMIN', role: 'admin' },
      ],
      providers: Object.fromEntries(Object.keys(answers).map((name) => [name, provider(name)])),
      // Nobody waits for an account to come back.
      policy: { retry: { max_delay_ms: 1 } },
      storage: { kind: 'memory' },
      ...extra,
    },
    env: { CLIENT: clientKey, ADMIN: adminKey },
    upstream: ({ url }) => {
      const { status, body, headers } = answers[new URL(url).host.replace('.example', '')]?.() ?? {
        status: 404,
        body: {},
      }
      return jsonAnswer(body, status, headers)
    },
  })
}

const ask = (app: TestApp, model: string): Promise<Response> =>
  app.request('/v1/chat/completions', {
    headers: { authorization: `Bearer ${clientKey}` },
    json: { model, messages: [{ role: 'user', content: 'hello' }] },
  })

const calledHosts = (app: TestApp): string[] => app.sent.map(({ url }) => new URL(url).host.replace('.example', ''))

/** Milliseconds that the one lock of the gateway still holds; 0 where there is none. */
async function lockMs(app: TestApp): Promise<number> {
  const response = await app.request('/admin/v1/accounts-list', {
    method: 'POST',
    headers: { authorization: `Bearer ${adminKey}` },
  })
  const { data } = (await response.json()) as { data: { locks: { until: string }[] }[] }
  const [lock] = data.flatMap((account) => account.locks)
  return lock === undefined ? 0 : Date.parse(lock.until) - app.clock.now()
}

describe('F-15 · an input that is too long for a model', () => {
  const tooLong = (): Answering => ({
    status: 400,
    body: {
      error: {
        message: "This model's maximum context length is 8000 tokens.",
        type: 'invalid_request_error',
        code: 'context_length_exceeded',
      },
    },
  })
  const well = (): Answering => ({ status: 200, body: chatAnswer() })
  const scene = (second: object, fallback: object = {}): TestApp =>
    start(
      { small: tooLong, other: well, last: well },
      {
        models: {
          'small-model': { context_window: 8000 },
          'other-model': second,
          'last-model': { context_window: 8001 },
        },
        routes: {
          m: {
            fallback,
            targets: [
              { provider: 'small', model: 'small-model', priority: 1 },
              { provider: 'other', model: 'other-model', priority: 2 },
              { provider: 'last', model: 'last-model', priority: 3 },
            ],
          },
        },
      },
    )

  it.each([
    ['a larger window is asked', { context_window: 200_000 }, {}, 200, ['small', 'other']],
    ['the same window is passed over', { context_window: 8000 }, {}, 200, ['small', 'last']],
    ['an unknown window is passed over', {}, {}, 200, ['small', 'last']],
    ['nobody is asked where the route says so', {}, { on_context_overflow: false }, 400, ['small']],
  ] as const)('%s', async (_name, second, fallback, status, called) => {
    const app = scene(second, fallback)
    const response = await ask(app, 'm')
    expect([response.status, calledHosts(app)]).toEqual([status, called])
    if (status === 400) expect(response.headers.get('x-signalbox-error-code')).toBe('upstream_context_overflow')
    // It says nothing of the account or the target: the next request begins there again.
    expect(await lockMs(app)).toBe(0)
    await ask(app, 'm')
    expect(calledHosts(app).slice(called.length)).toEqual(called)
  })
})

const limited = (headers: Record<string, string> = {}) => ({
  status: 429,
  body: { error: { message: 'slow down', type: 'rate_limit_error', code: null } },
  headers,
})

/** Random is 0.5 everywhere, and the least wait without a hint 2 s. */
const halfOfTwoSeconds = 1000

describe('F-22 · a hint on a 429', () => {
  it.each([
    ['that is no time', { 'retry-after': 'soon' }, halfOfTwoSeconds],
    ['below nothing', { 'retry-after': '-5' }, 0],
    ['that is a date of the past', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 0],
    ['of nothing at all', { 'retry-after': '0' }, 0],
    ['of more than 15 minutes', { 'retry-after': '999999999' }, 900_000],
    ['in more than one header: the one in milliseconds', { 'retry-after': '60', 'retry-after-ms': '1500' }, 1500],
  ] as const)('%s', async (_name, headers, wait) => {
    const app = start({ p: () => limited(headers) }, { routes: { m: { targets: [{ provider: 'p', model: 'x' }] } } })
    expect((await ask(app, 'm')).status).toBe(429)
    expect(await lockMs(app)).toBe(wait)
  })
})

describe('F-23 · 429s without a hint', () => {
  it('double the wait up to five minutes, half of it by chance, for each account by itself', async () => {
    const app = start(
      { p: () => limited(), q: () => ({ status: 200, body: chatAnswer() }) },
      { routes: { m: { targets: [{ provider: 'p', model: 'x' }] } } },
    )
    const waits: number[] = []
    for (let failure = 0; failure < 10; failure++) {
      await ask(app, 'm')
      const wait = await lockMs(app)
      waits.push(wait)
      await app.clock.advance(wait)
    }
    const most = 150_000
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, most, most])
    expect((await ask(app, 'q/x')).status).toBe(200)
  })
})

describe('F-21 · where every account rests', () => {
  it('a client is told to come back when the first one does', async () => {
    const waits = ['90', '30']
    const app = start(
      { p: () => limited({ 'retry-after': waits[0] ?? '' }), q: () => limited({ 'retry-after': waits[1] ?? '' }) },
      {
        routes: {
          m: {
            targets: [
              { provider: 'p', model: 'x', priority: 1 },
              { provider: 'q', model: 'x', priority: 2 },
            ],
          },
        },
      },
    )
    for (const _ of [1, 2]) {
      const response = await ask(app, 'm')
      expect([response.status, response.headers.get('retry-after')]).toEqual([429, '30'])
    }
    expect(calledHosts(app)).toEqual(['p', 'q'])
    await app.clock.advance(31_000)
    waits[1] = '600'
    const response = await ask(app, 'm')
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '59'])
    expect(calledHosts(app)).toEqual(['p', 'q', 'q'])
  })
})
