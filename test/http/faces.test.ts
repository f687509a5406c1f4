// What operators see and mend of breakers and locks, on the paths of Switch and on our own, in the whole gateway.
import { describe, expect, it } from 'vitest'
import { faces } from '../../src/http/faces/index.ts'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { percentOf } from '../../src/operations/provider-status.ts'
import { createTestApp, jsonAnswer, type TestApp } from '../support/app.ts'

const key = (role: string): string => `key-of-the-role-${role}-0123456789`
const roles = ['client', 'agent', 'operator', 'admin'] as const

const answer = {
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
}

interface Gateway extends TestApp {
  /** What the providers answer from now on, by host. */
  readonly status: Record<string, number>
  ask(model?: string): Promise<Response>
  operator(path: string, init?: RequestInit): Promise<Response>
}

const provider = (host: string, accounts: readonly string[]) => ({
  type: 'openai_compatible',
  base_url: `https://${host}/v1`,
  api_formats: ['openai_chat'],
  accounts: accounts.map((id) => ({ id, credential: 'k' })),
})

function gateway(breaker: object = {}): Gateway {
  const status: Record<string, number> = {}
  const upstream = ({ url }: FetchRequest): FetchResponse => {
    const code = status[new URL(url).host] ?? 200
    return code === 200
      ? jsonAnswer(answer)
      : jsonAnswer({ error: { message: 'no', type: 'x', code: 'x' } }, code, { 'retry-after': '600' })
  }
  const app = createTestApp({
    upstream,
    surface: 'network',
    env: { K: 'sk-secret-key-of-the-provider', ...Object.fromEntries(roles.map((role) => [`KEY_${role}`, key(role)])) },
    config: {
      config_version: 1,
      keys: roles.map((role) => ({ id: role, env: `KEY_${role}`, role })),
      credentials: { k: { type: 'api_key', source: 'env', env: 'K' } },
      providers: { one: provider('one.example.com', ['a']), two: provider('two.example.com', ['b', 'c']) },
      routes: {
        'acme/chat:v1': {
          breaker: { failure_threshold: 3, ...breaker },
          targets: [
            { name: 'first', provider: 'one', model: 'org/m:1', priority: 1 },
            { provider: 'two', model: 'm2', priority: 2 },
          ],
        },
        any: { match: { model: 'any-*' }, targets: [{ name: 'pass', provider: 'two', model: '*' }] },
      },
    },
  })
  const send = (path: string, role: string, init: RequestInit = {}): Promise<Response> =>
    Promise.resolve(
      app.app.fetch(
        new Request(`http://127.0.0.1${path}`, {
          ...init,
          headers: { authorization: `Bearer ${key(role)}`, ...(init.headers as Record<string, string>) },
        }),
      ),
    )
  return {
    ...app,
    status,
    ask: (model = 'acme/chat:v1') =>
      send('/v1/chat/completions', 'client', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
      }),
    operator: (path, init) => send(path, 'operator', init),
  }
}

async function statusOf(app: Gateway): Promise<Record<string, Record<string, unknown>>> {
  return (await (await app.operator('/admin/providers/status')).json()) as never
}

const first = 'acme/chat:v1-first'
const resetPath = '/admin/providers/acme%2Fchat%3Av1/first/reset'

describe('GET /admin/providers/status', () => {
  it("SW-09: is an object by `<model>-<provider name>` in Switch's shape", async () => {
    const app = gateway({ failure_threshold: 100, min_requests: 1000 })
    for (let n = 0; n < 10; n++) await app.ask()
    app.status['one.example.com'] = 500
    await app.ask()
    const seen = await statusOf(app)
    expect(Object.keys(seen)).toEqual([first, 'acme/chat:v1-two/m2', 'any-pass'])
    const calls = app.sent.filter(({ url }) => url.includes('one.example.com')).length
    const metrics = seen[first]?.['metrics'] as Record<string, number>
    expect(seen[first]?.['state']).toBe('closed')
    expect(metrics).toMatchObject({ totalRequests: calls, successfulRequests: 10, failedRequests: calls - 10 })
    expect(metrics['averageResponseTime']).toBeGreaterThanOrEqual(0)
    expect(metrics['errorRate']).toBe(Math.round(((calls - 10) / calls) * 10_000) / 100)
    expect(Object.keys(metrics)).toEqual([
      'totalRequests',
      'successfulRequests',
      'failedRequests',
      'averageResponseTime',
      'errorRate',
    ])
  })

  it('SW-09: the rate of errors is a percentage with two decimals', () => {
    expect([percentOf(49, 1247), percentOf(1, 3), percentOf(2, 2), percentOf(0, 0)]).toEqual([3.93, 33.33, 100, 0])
  })

  it('shows a breaker open, then half open, then closed', async () => {
    const app = gateway()
    app.status['one.example.com'] = 500
    for (let n = 0; n < 3; n++) await app.ask()
    const open = (await statusOf(app))[first]
    expect(open).toMatchObject({ state: 'open', extendedTimeout: null, consecutiveFailures: 3 })
    expect(Date.parse(String(open?.['nextAttemptTime']))).toBe(app.clock.now() + 60_000)
    await app.clock.advance(60_000)
    expect((await statusOf(app))[first]).toMatchObject({ state: 'half-open', nextAttemptTime: null })
    app.status['one.example.com'] = 200
    await app.ask()
    expect((await statusOf(app))[first]).toMatchObject({ state: 'closed' })
  })

  it('SW-08: shows the extended timeout of a failure that does not pass by itself', async () => {
    const app = gateway()
    app.status['one.example.com'] = 404
    await app.ask()
    expect((await statusOf(app))[first]).toMatchObject({
      state: 'open',
      extendedTimeout: {
        until: new Date(app.clock.now() + 300_000).toISOString(),
        reason: 'upstream_model_missing',
        failures: 1,
        permanent: true,
      },
    })
  })

  it('counts the models of one target that passes them on together, and direct names apart', async () => {
    const app = gateway()
    for (const model of ['any-1', 'any-2', 'two/direct']) await app.ask(model)
    const seen = await statusOf(app)
    expect(seen['any-pass']).toMatchObject({ metrics: { totalRequests: 2 } })
    expect(seen['two/direct-two']).toMatchObject({ metrics: { totalRequests: 1 } })
  })
})

describe('POST /admin/providers/{model}/{provider}/reset', () => {
  it('SW-10: closes the breaker, names decoded after the path was split', async () => {
    const app = gateway()
    app.status['one.example.com'] = 500
    for (let n = 0; n < 3; n++) await app.ask()
    app.status['one.example.com'] = 200
    const response = await app.operator(resetPath, { method: 'POST' })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      success: true,
      reset: [{ route: 'acme/chat:v1', target: 'first', closed: true, unlocked: 0 }],
    })
    expect((await app.ask()).headers.get('x-used-provider')).toBe('one')
  })

  it('lifts the locks that keep the target out, of its accounts too', async () => {
    const app = gateway()
    app.status['one.example.com'] = 401
    await app.ask()
    app.status['one.example.com'] = 200
    expect((await app.ask()).headers.get('x-used-provider')).toBe('two')
    const response = await app.operator(resetPath, { method: 'POST' })
    expect(await response.json()).toMatchObject({ reset: [{ closed: false, unlocked: 1 }] })
    expect((await app.ask()).headers.get('x-used-provider')).toBe('one')
  })

  it('takes the provider of a target too, and a provider that is named directly', async () => {
    const app = gateway()
    app.status['two.example.com'] = 404
    await app.ask('two/direct')
    for (const path of ['/admin/providers/two%2Fdirect/two/reset', '/admin/providers/acme%2Fchat%3Av1/two/reset']) {
      const response = await app.operator(path, { method: 'POST' })
      expect(response.status).toBe(200)
    }
    const said = await (await app.operator('/admin/v1/health-targets', { method: 'POST' })).json()
    expect((said as { data: { usable: boolean }[] }).data.every(({ usable }) => usable)).toBe(true)
  })

  it.each([
    ['/admin/providers/acme%2Fchat/first/reset', 'route'],
    ['/admin/providers/acme%2Fchat%3Av1/frist/reset', 'target'],
    ['/admin/providers/one%2F/one/reset', 'route'],
  ])('finds nothing at %s', async (path, param) => {
    const response = await gateway().operator(path, { method: 'POST' })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: { code: 'not_found', param } })
  })

  it('says how a provider is reset that was taken for a route', async () => {
    const response = await gateway().operator('/admin/providers/two/two/reset', { method: 'POST' })
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('(two/MODEL)') } })
  })

  it.each([
    '/admin/providers/a%2Fb/c/other',
    '/admin/providers/a%2Fb/status',
    '/v1/models%2Fx',
    '/admin/providers/a%00/b/reset',
  ])('opens no other path to escaped slashes: %s', async (path) => {
    const response = await gateway().operator(path, { method: 'POST' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_path' } })
  })
})

describe('GET /health/targets', () => {
  it('T39: says of every target whether it would be tried now, why not, and until when', async () => {
    const app = gateway()
    app.status['one.example.com'] = 429
    app.status['two.example.com'] = 500
    for (let n = 0; n < 3; n++) await app.ask()
    const { targets } = (await (await app.operator('/health/targets')).json()) as {
      targets: readonly Record<string, unknown>[]
    }
    const [one, two, any] = targets
    expect(one).toMatchObject({
      target: 'first',
      usable: false,
      reason: 'account_locked',
      failure: 'upstream_rate_limited',
      accounts: 1,
      accounts_ready: 0,
    })
    expect(Date.parse(String(one?.['until']))).toBeGreaterThan(app.clock.now())
    expect(two).toMatchObject({ target: 'two/m2', usable: false, reason: 'breaker_open', failure: 'upstream_error' })
    expect(Date.parse(String(two?.['until']))).toBe(app.clock.now() + 60_000)
    expect(any).toMatchObject({ target: 'pass', model: '*', usable: true, reason: null, until: null })
  })

  it('names a target that is locked whatever account is used', async () => {
    const app = gateway()
    app.status['one.example.com'] = 404
    await app.ask()
    const { targets } = (await (await app.operator('/health/targets')).json()) as { targets: readonly unknown[] }
    expect(targets[0]).toMatchObject({
      usable: false,
      reason: 'target_locked',
      failure: 'upstream_model_missing',
      until: new Date(app.clock.now() + 300_000).toISOString(),
    })
  })
})

describe('GET /v1/health', () => {
  it('is ok while nothing is left out, and says what the gateway relies on', async () => {
    const response = await gateway().operator('/v1/health')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.json()).toMatchObject({
      status: 'ok',
      version: 'test',
      store: { ok: true },
      coordination: { backend: 'memory', scope: 'process', guarantee: expect.stringContaining('process') },
      config: { config_rejected: false, rejected: null },
      targets: { all: 3, usable: 3 },
      routes_failing: [],
      breakers: { open: 0, half_open: 0 },
      locks: { accounts: 0, models: 0, targets: 0 },
      egress: { dns_pinning: 'supported', proxies: 'supported' },
    })
  })

  it('is degraded where something is left out, and failing where a route has nothing left', async () => {
    const app = gateway()
    app.status['one.example.com'] = 401
    await app.ask()
    expect(await (await app.operator('/v1/health')).json()).toMatchObject({
      status: 'degraded',
      locks: { accounts: 1 },
      targets: { usable: 2 },
    })
    app.status['two.example.com'] = 401
    await app.ask()
    await app.ask()
    expect(await (await app.operator('/v1/health')).json()).toMatchObject({
      status: 'failing',
      routes_failing: ['acme/chat:v1', 'any'],
    })
  })
})

describe('one route of several', () => {
  it.each(['provider-status', 'health-targets'])('%s shows it alone, and says where there is none', async (name) => {
    const app = gateway()
    const about = (route: string) =>
      app.operator(`/admin/v1/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ route }),
      })
    expect(await (await about('any')).json()).toMatchObject({ count: 1, data: [{ route: 'any', target: 'pass' }] })
    expect(await (await about('amy')).json()).toMatchObject({
      error: { code: 'not_found', message: 'no route "amy", did you mean "any"?' },
    })
  })
})

it('provider reset of a model that is named directly leaves the other models of its provider as they are', async () => {
  const app = gateway()
  app.status['two.example.com'] = 500
  for (const model of ['two/first', 'two/second']) for (let n = 0; n < 3; n++) await app.ask(model)
  const reset = await app.operator('/admin/providers/two%2Ffirst/two/reset', { method: 'POST' })
  expect(await reset.json()).toMatchObject({ reset: [{ target: 'two', closed: true }] })
  expect(await statusOf(app)).toMatchObject({ 'two/second-two': { state: 'open' } })
})

describe('every face', () => {
  const paths = faces.map(
    ({ method, path }) => [method, path.replace(':model', 'any').replace(':provider', 'pass')] as const,
  )

  it.each(paths)('%s %s is for operators', async (method, path) => {
    const app = gateway()
    const send = (role: string | null) =>
      app.app.fetch(
        new Request(`http://127.0.0.1${path}`, {
          method,
          headers: role === null ? {} : { authorization: `Bearer ${key(role)}` },
        }),
      )
    const statuses = await Promise.all([null, ...roles].map(async (role) => (await send(role)).status))
    expect(statuses).toEqual([401, 403, 403, 200, 200])
  })

  it.each(paths)('%s %s takes no other method', async (method, path) => {
    const response = await gateway().operator(path, { method: method === 'GET' ? 'POST' : 'PUT' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, method])
  })
})
