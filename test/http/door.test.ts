// Who comes in: keys, hosts, browsers, limits. Every refusal in the shape of the path's dialect, with a stable code.
import { describe, expect, it } from 'vitest'
import { createTestApp, type TestApp, type TestAppOptions } from '../support/app.ts'

const keys = {
  client: 'sbx_test_client_0f3a9c5e7d214b68',
  admin: 'sbx_test_admin_0f3a9c5e7d214b68',
  expired: 'sbx_test_expired_0f3a9c5e7d214b68',
  revoked: 'sbx_test_revoked_0f3a9c5e7d214b68',
}

function appWith(server: object = {}, options: Partial<TestAppOptions> & { readonly open?: boolean } = {}): TestApp {
  return createTestApp({
    ...options,
    env: { CLIENT: keys.client, ADMIN: keys.admin, EXPIRED: keys.expired, REVOKED: keys.revoked, SHORT: 'too-short' },
    config: {
      config_version: 1,
      server,
      ...(options.open === true
        ? {}
        : {
            keys: [
              { id: 'client', env: 'CLIENT', role: 'client' },
              { id: 'admin', env: 'ADMIN', role: 'admin' },
              { id: 'expired', env: 'EXPIRED', role: 'client', expires_at: '2020-01-01T00:00:00Z' },
              { id: 'revoked', env: 'REVOKED', role: 'client', revoked: true },
              { id: 'short', env: 'SHORT', role: 'client' },
            ],
          }),
      providers: { mock: { type: 'mock' } },
      storage: { kind: 'memory' },
    },
  })
}

const hello = { model: 'mock/echo', messages: [{ role: 'user', content: 'hi' }] }
const post = (
  test: TestApp,
  headers: Record<string, string> = {},
  json: unknown = hello,
  path = '/v1/chat/completions',
) => test.request(path, { json, headers })

describe('a key', () => {
  it.each<[string, Record<string, string>]>([
    ['as Bearer', { authorization: `Bearer ${keys.client}` }],
    ['as bearer, in lower case', { authorization: `bearer ${keys.client}` }],
    ['as x-api-key', { 'x-api-key': keys.client }],
    ['as x-goog-api-key', { 'x-goog-api-key': keys.client }],
    ['twice, the same', { authorization: `Bearer ${keys.client}`, 'x-api-key': keys.client }],
  ])('is accepted %s', async (_name, headers) => {
    expect((await post(appWith(), headers)).status).toBe(200)
  })

  it('is refused in one and the same way, whatever is wrong with it', async () => {
    const test = appWith()
    const cases: Record<string, string>[] = [
      {},
      { authorization: 'Bearer sbx_test_nobody_0f3a9c5e7d214b68' },
      { authorization: `Bearer ${keys.client.slice(0, -1)}` },
      { authorization: `Bearer ${keys.client}x` },
      { authorization: `Bearer ${keys.expired}` },
      { authorization: `Bearer ${keys.revoked}` },
      { authorization: 'Bearer too-short' },
      { authorization: `Basic ${btoa(`x:${keys.client}`)}` },
      { authorization: `Bearer ' OR '1'='1` },
      { 'x-api-key': '' },
    ]
    const seen = new Set<string>()
    for (const headers of cases) {
      const response = await post(test, headers)
      expect(response.status).toBe(401)
      seen.add(JSON.stringify(await response.json()))
    }
    expect(seen.size).toBe(1)
    expect([...seen][0]).toContain('invalid_api_key')
    expect(test.traces).toHaveLength(0)
  })

  it.each<[string, Record<string, string>]>([
    ['two different keys', { authorization: `Bearer ${keys.client}`, 'x-api-key': keys.admin }],
    [
      'two Authorization headers, which arrive joined',
      { authorization: `Bearer ${keys.client}, Bearer ${keys.admin}` },
    ],
  ])('is refused as ambiguous with %s', async (_name, headers) => {
    const response = await post(appWith(), headers)
    expect(response.status).toBe(400)
    expect((await response.json()).error.code).toBe('ambiguous_credentials')
  })

  it('of an admin alone may not infer', async () => {
    const response = await post(appWith(), { authorization: `Bearer ${keys.admin}` })
    expect(response.status).toBe(403)
    expect((await response.json()).error.code).toBe('insufficient_role')
  })

  it('is asked for before anything else is said, also on paths that do not exist', async () => {
    const test = appWith()
    for (const path of ['/', '/nothing', '/v1/models', '/admin/v1/status', '/v1/messages']) {
      const response = await test.request(path)
      expect(response.status).toBe(401)
    }
    expect((await test.request('/health')).status).toBe(200)
    const known = { headers: { 'x-api-key': keys.client } }
    expect((await test.request('/nothing', known)).status).toBe(404)
    expect((await test.request('/v1/chat/completions', known)).status).toBe(405)
  })
})

describe('a gateway without keys', () => {
  it('is open to inference on loopback, and its admin paths still want the run file token', async () => {
    const test = appWith({}, { open: true, adminToken: 'sbx_run_0123456789abcdefghij' })
    expect((await post(test, { authorization: 'Bearer whatever-the-sdk-sends' })).status).toBe(200)
    expect((await post(test, {}, {}, '/admin/v1/routes-list')).status).toBe(403)
    const token = { authorization: 'Bearer sbx_run_0123456789abcdefghij' }
    expect((await post(test, token, {}, '/admin/v1/routes-list')).status).toBe(200)
  })

  it('is closed on the edge, but for its health', async () => {
    const test = appWith({}, { open: true, surface: 'edge' })
    const response = await post(test)
    expect(response.status).toBe(503)
    expect((await response.json()).error.code).toBe('not_configured')
    expect(response.headers.get('retry-after')).toBe('1')
    expect((await test.request('/health')).status).toBe(200)
  })

  it('is closed on loopback where keys are required', async () => {
    const test = appWith({ allow_unauthenticated: false }, { open: true })
    expect((await post(test)).status).toBe(503)
  })

  it('opens beside keys only where that is said', async () => {
    expect((await post(appWith({ allow_unauthenticated: true }))).status).toBe(200)
    expect((await post(appWith({ allow_unauthenticated: true }, { surface: 'network' }))).status).toBe(401)
  })
})

describe('the gates', () => {
  const key = { authorization: `Bearer ${keys.client}` }

  it.each<[string, Record<string, string>, number]>([
    ['a foreign origin', { origin: 'https://evil.example' }, 403],
    ['the null origin', { origin: 'null' }, 403],
    ['a loopback origin that nobody listed', { origin: 'http://localhost:3000' }, 403],
    ['a cross-site fetch', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a same-site fetch', { 'sec-fetch-site': 'same-site' }, 403],
    ['a direct navigation', { 'sec-fetch-site': 'none' }, 200],
    ['another host', { host: 'evil.example' }, 400],
    ['a host with a path', { host: '127.0.0.1/health?x=' }, 400],
    ['a host with a fragment', { host: '127.0.0.1#' }, 400],
    ['two hosts', { host: '127.0.0.1, evil.example' }, 400],
    ['a host with a port out of shape', { host: '127.0.0.1:99999999' }, 400],
    ['a compressed body', { 'content-encoding': 'gzip' }, 415],
    ['a form', { 'content-type': 'text/plain' }, 415],
    ['many headers', Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`x-${i}`, 'a'])), 431],
    ['long headers', { 'x-long': 'a'.repeat(20_000) }, 431],
    ['a WebSocket upgrade', { upgrade: 'websocket' }, 426],
    ['a WebSocket upgrade among others', { upgrade: 'h2c, WebSocket' }, 426],
    ['the offer of another protocol, which may be ignored', { upgrade: 'h2c' }, 200],
  ])('answer %s', async (_name, headers, status) => {
    expect((await post(appWith(), { ...key, ...headers })).status).toBe(status)
  })

  it.each(['/v1/%2e%2e%2fadmin', '/v1/models%00', '/v1//models', '/v1/models;x=1', '/v1%5cmodels', '/v1/%ff'])(
    'refuse the path %s',
    async (path) => {
      expect((await appWith().request(path, { headers: key })).status).toBe(400)
    },
  )

  it('let a listed origin in and tell its browser so', async () => {
    const test = appWith({ cors: { allowed_origins: ['https://app.example'] } })
    const response = await post(test, { ...key, origin: 'https://app.example' })
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example')
    const preflight = await test.request('/v1/chat/completions', {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-private-network')).toBeNull()
  })

  it('answer for a configured host on the edge only where one is configured', async () => {
    const open = appWith({}, { surface: 'edge' })
    expect((await open.app.fetch(new Request('https://gw.example.com/health'))).status).toBe(200)
    const listed = appWith({ allowed_hosts: ['gw.example.com'] }, { surface: 'edge' })
    expect((await listed.app.fetch(new Request('https://gw.example.com/health'))).status).toBe(200)
    expect((await listed.app.fetch(new Request('https://other.example.com/health'))).status).toBe(421)
  })
})

describe('a body', () => {
  const key = { authorization: `Bearer ${keys.client}`, 'content-type': 'application/json' }
  const send = (test: TestApp, body: BodyInit, path = '/v1/chat/completions'): Promise<Response> =>
    test.request(path, { method: 'POST', headers: key, body })

  it.each([
    ['broken JSON', '{"a"', 400, 'invalid_json'],
    ['nothing', '', 400, 'invalid_json'],
    ['a list', '[]', 400, 'invalid_body'],
    ['a key twice', '{"model":"a","model":"b"}', 400, 'duplicate_key'],
    ['__proto__', '{"__proto__":{}}', 400, 'forbidden_key'],
    ['no model', '{"messages":[{"role":"user","content":"x"}]}', 400, 'missing_required_parameter'],
    ['a model that is a number', '{"model":5,"messages":[{"role":"user","content":"x"}]}', 400, 'invalid_model'],
    ['no messages', '{"model":"mock/echo"}', 400, 'invalid_messages'],
    ['messages of the wrong shape', '{"model":"mock/echo","messages":"x"}', 400, 'invalid_messages'],
    [
      'a negative limit',
      '{"model":"mock/echo","max_tokens":-1,"messages":[{"role":"user","content":"x"}]}',
      400,
      'invalid_value',
    ],
    [
      'a stream flag that is a string',
      '{"model":"mock/echo","stream":"yes","messages":[{"role":"user","content":"x"}]}',
      400,
      'invalid_value',
    ],
  ])('with %s is refused before any provider is called', async (_name, body, status, code) => {
    const test = appWith()
    const response = await send(test, body)
    expect(response.status).toBe(status)
    expect((await response.json()).error.code).toBe(code)
    expect(test.traces.map((row) => row.outcome)).toEqual(['rejected'])
    const anthropic = await (await send(test, body, '/v1/messages')).json()
    expect(anthropic.type).toBe('error')
  })

  it('larger than the limit is refused, declared or counted', async () => {
    const test = appWith({ limits: { max_body_bytes: 1000 } })
    expect((await send(test, JSON.stringify({ ...hello, pad: 'x'.repeat(2000) }))).status).toBe(413)
    const chunks = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(400).fill(32)),
    })
    const counted = await test.request('/v1/chat/completions', {
      method: 'POST',
      headers: key,
      body: chunks,
      duplex: 'half',
    } as RequestInit)
    expect(counted.status).toBe(413)
  })

  it.each<[string, object, object, string]>([
    [
      'max_messages',
      { max_messages: 2 },
      { messages: Array.from({ length: 3 }, () => ({ role: 'user', content: 'x' })) },
      'too_many_messages',
    ],
    [
      'max_tools',
      { max_tools: 1 },
      {
        tools: [
          { type: 'function', function: { name: 'a' } },
          { type: 'function', function: { name: 'b' } },
        ],
      },
      'too_many_tools',
    ],
    ['max_json_depth', { max_json_depth: 4 }, { x: [[[[1]]]] }, 'json_too_deep'],
    ['max_keys_per_object', { max_keys_per_object: 3 }, { a: 1, b: 2, c: 3 }, 'too_many_keys'],
  ])('past limits.%s is refused', async (_name, limits, extra, code) => {
    const response = await send(appWith({ limits }), JSON.stringify({ ...hello, ...extra }))
    expect(response.status).toBe(400)
    expect((await response.json()).error.code).toBe(code)
    expect((await send(appWith({ limits }), JSON.stringify(hello))).status).toBe(200)
  })

  it('to a URL past limits.max_url_bytes is not read', async () => {
    const test = appWith({ limits: { max_url_bytes: 100 } })
    const response = await test.request(`/v1/models?x=${'y'.repeat(100)}`, { headers: key })
    expect(response.status).toBe(414)
  })

  it('that never arrives is given up', async () => {
    const test = appWith({ limits: { body_timeout_ms: 2000 } })
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) })
    const asked = test.request('/v1/chat/completions', {
      method: 'POST',
      headers: key,
      body: silent,
      duplex: 'half',
    } as RequestInit)
    // Checking the key is real cryptography, so the deadline is not armed at once.
    while (test.clock.pending() === 0) await test.clock.advance(0)
    await test.clock.advance(2001)
    expect((await asked).status).toBe(408)
  })

  it('with camelCase names of other gateways is understood on OpenAI paths, and the names do not travel', async () => {
    const test = appWith({}, {})
    const response = await post(test, { authorization: `Bearer ${keys.client}` }, { ...hello, maxTokens: 5, topP: 0.5 })
    expect(response.status).toBe(200)
  })
})
