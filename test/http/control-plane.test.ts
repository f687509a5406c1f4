import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { describe, expect, it } from 'vitest'
import { createApp, type App } from '../../src/app.ts'
import type { Role, Tier } from '../../src/catalog/snapshot.ts'
import { operationPath } from '../../src/http/control-plane.ts'
import { operations } from '../../src/operations/index.ts'
import { mayRun, toolName } from '../../src/operations/operation.ts'
import type { Ports } from '../../src/ports/index.ts'
import { createMemoryStores } from '../../src/store/memory.ts'
import { noon, snapshotOf, traceRow } from '../operations/context.ts'

const roles: readonly Role[] = ['client', 'agent', 'operator', 'admin']

function keyOf(role: string): string {
  return `key-of-the-role-${role}-0123456789`
}

interface Gateway extends App {
  readonly logged: string[]
  readonly ports: Ports
}

function gateway(more: { readonly mcp?: readonly Tier[]; readonly ports?: Partial<Ports> } = {}): Gateway {
  const logged: string[] = []
  const log = (event: string, fields?: object): void => void logged.push(`${event} ${JSON.stringify(fields)}`)
  let ids = 0
  const ports: Ports = {
    clock: { now: () => noon, mono: () => 0, after: () => () => {} },
    random: { next: () => 0.5, id: () => `id${ids++}` },
    fetch: () => Promise.reject(new Error('no network in this test')),
    egress: { dnsPinning: true, proxies: true },
    machine: undefined,
    defer: () => {},
    log: { debug: log, info: log, warn: log, error: log },
    secrets: { get: (name) => (name.startsWith('KEY_') ? keyOf(name.slice(4).toLowerCase()) : undefined) },
    stores: createMemoryStores(),
    traces: { write: () => {} },
    ...more.ports,
  }
  const snapshot = snapshotOf({
    keys: roles.map((role) => ({ id: role, env: `KEY_${role.toUpperCase()}`, role })),
    providers: { mock: { type: 'mock' } },
    routes: { fast: { targets: [{ provider: 'mock', model: 'echo' }] } },
    storage: { kind: 'memory' },
    server: { limits: { max_body_bytes: 2000, max_json_depth: 10 } },
    ...(more.mcp !== undefined && { mcp: { tiers: more.mcp } }),
  })
  const app = createApp({
    ports,
    snapshot: () => snapshot,
    surface: 'loopback',
    boundHost: '127.0.0.1',
    adminToken: 'token-of-the-run-file-0123456789',
    status: () => ({
      version: '1.2.3',
      runtime: 'test',
      startedAt: noon,
      url: null,
      pid: null,
      traces: { queued: 0, dropped: 0, failed: 0 },
    }),
  })
  return { ...app, logged, ports }
}

const base = 'http://127.0.0.1:8787'

function post(
  app: App,
  path: string,
  options: { readonly key?: string; readonly body?: unknown; readonly headers?: Record<string, string> } = {},
) {
  const { key = keyOf('operator'), body } = options
  return app.fetch(
    new Request(base + path, {
      method: 'POST',
      headers: {
        host: '127.0.0.1:8787',
        ...(key !== '' && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  )
}

async function errorIn(response: Response) {
  const { error } = (await response.json()) as { readonly error: Record<string, unknown> }
  return { status: response.status, ...error }
}

describe('an operation over HTTP', () => {
  it('answers with the envelope, its request id, and never from a cache', async () => {
    const response = await post(gateway(), '/admin/v1/routes-list', { body: {} })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('x-signalbox-request-id')).toMatch(/^req_/)
    expect(await response.json()).toEqual({
      ok: true,
      command: 'routes list',
      schema_version: '1',
      count: 1,
      data: [{ name: 'fast', match: null, strategy: 'priority', targets: ['mock/echo'], display_name: null }],
    })
  })

  it('needs no body where it needs no input', async () => {
    expect((await post(gateway(), '/admin/v1/routes-list')).status).toBe(200)
  })

  it('fails in the shape that OpenAI clients read', async () => {
    const response = await post(gateway(), '/admin/v1/routes-show', { body: { name: 'slow' } })
    expect(response.headers.get('x-signalbox-error-code')).toBe('not_found')
    expect(await errorIn(response)).toMatchObject({
      status: 404,
      code: 'not_found',
      type: 'not_found_error',
      param: 'name',
    })
  })

  it.each([
    ['an unknown field', { colour: 'red' }, 400, 'invalid_value'],
    ['a list', [], 400, 'invalid_body'],
    ['no JSON', '{', 400, 'invalid_json'],
    ['the same key twice', '{"name":"fast","name":"fast"}', 400, 'duplicate_key'],
    ['a key that would change objects', '{"__proto__":{}}', 400, 'forbidden_key'],
    ['too deep an object', `{"name":${'['.repeat(20)}${']'.repeat(20)}}`, 400, 'json_too_deep'],
    ['too large a body', { name: 'x'.repeat(3000) }, 413, 'body_too_large'],
  ])('refuses %s', async (_what, body, status, code) => {
    expect(await errorIn(await post(gateway(), '/admin/v1/routes-show', { body }))).toMatchObject({ status, code })
  })

  it('refuses a body that does not say that it is JSON', async () => {
    const response = await post(gateway(), '/admin/v1/routes-list', {
      body: '{}',
      headers: { 'content-type': 'text/plain' },
    })
    expect(await errorIn(response)).toMatchObject({ status: 415, code: 'unsupported_media_type' })
  })

  it('is not there under another name', async () => {
    for (const path of [
      '/admin/v1/routes-purge',
      '/admin/v1/routes-list/',
      '/admin/v1/',
      '/admin/v1/routes/list',
      '/admin/routes-list',
    ])
      expect(await errorIn(await post(gateway(), path, { body: {} }))).toMatchObject({
        status: 404,
        code: 'unknown_route',
      })
  })

  it.each(['GET', 'PUT', 'PATCH', 'DELETE'])('does not take %s, and says what it takes', async (method) => {
    const request = new Request(`${base}/admin/v1/routes-list`, {
      method,
      headers: { host: '127.0.0.1:8787', authorization: `Bearer ${keyOf('admin')}` },
    })
    const response = await gateway().fetch(request)
    expect(response.headers.get('allow')).toBe('POST')
    expect(await errorIn(response)).toMatchObject({ status: 405, code: 'method_not_allowed' })
  })

  it('tells the status of the gateway itself', async () => {
    const response = await post(gateway(), '/admin/v1/status')
    expect(await response.json()).toMatchObject({ data: { version: '1.2.3', runtime: 'test', in_flight: 0 } })
  })

  it('reads the traces of the stores', async () => {
    const app = gateway()
    await app.ports.stores.ledger.appendTraces([traceRow({ requestId: 'req_x' })])
    const response = await post(app, '/admin/v1/trace-show', { body: { request_id: 'req_x' } })
    expect(await response.json()).toMatchObject({ data: { request_id: 'req_x', outcome: 'succeeded' } })
  })

  it('says of a store that is away 503, and of a fault of its own nothing but that', async () => {
    const stores = createMemoryStores()
    const away = { ...stores, ledger: { ...stores.ledger, traces: () => Promise.reject(new Error('canary-text')) } }
    const response = await post(gateway({ ports: { stores: away } }), '/admin/v1/trace-list')
    expect(await errorIn(response)).toMatchObject({ status: 503, code: 'store_unavailable' })
    const rotten = {
      ...stores,
      ledger: { ...stores.ledger, traces: () => Promise.resolve([{ canary: 'canary-text' }] as never) },
    }
    const app = gateway({ ports: { stores: rotten } })
    const fault = await post(app, '/admin/v1/trace-list')
    const text = await fault.text()
    expect(fault.status).toBe(500)
    expect(text).toContain('"internal"')
    expect(text + app.logged.join()).not.toContain('canary-text')
    expect(app.logged.join()).toContain('trace list')
  })
})

describe('who may run what over HTTP', () => {
  const matrix = roles.flatMap((role) => operations.map((operation) => [role, operation.verb, operation] as const))

  it.each(matrix)('%s: %s', async (role, _verb, operation) => {
    const response = await post(gateway(), operationPath(operation), { key: keyOf(role), body: {} })
    const { error } = (await response.json()) as { readonly error?: { readonly code: string } }
    if (mayRun(new Set([role]), operation.tier)) expect(error?.code).not.toBe('insufficient_tier')
    else expect({ status: response.status, code: error?.code }).toEqual({ status: 403, code: 'insufficient_tier' })
  })

  it.each([
    ['nobody', '', 401, 'invalid_api_key'],
    ['somebody with a wrong key', 'wrong-key-0123456789-0123456789', 401, 'invalid_api_key'],
  ])('%s may run nothing', async (_who, key, status, code) => {
    for (const operation of operations)
      expect(await errorIn(await post(gateway(), operationPath(operation), { key, body: {} }))).toMatchObject({
        status,
        code,
      })
  })

  it('the token of the run file may run everything and chat nothing', async () => {
    const key = 'token-of-the-run-file-0123456789'
    expect((await post(gateway(), '/admin/v1/routes-list', { key })).status).toBe(200)
    const chat = { model: 'fast', messages: [{ role: 'user', content: 'x' }] }
    expect((await post(gateway(), '/v1/chat/completions', { key, body: chat })).status).toBe(403)
  })

  it('a refusal comes before the input is looked at', async () => {
    const response = await post(gateway(), '/admin/v1/routes-show', { key: keyOf('client'), body: '{' })
    expect(await errorIn(response)).toMatchObject({ code: 'insufficient_tier' })
  })
})

describe('MCP over HTTP', () => {
  async function connect(app: App, role: string) {
    const transport = new StreamableHTTPClientTransport(new URL(`${base}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${keyOf(role)}` } },
      fetch: (input, init) => {
        const request = new Request(input, init)
        request.headers.set('host', '127.0.0.1:8787')
        return Promise.resolve(app.fetch(request))
      },
    })
    const client = new Client({ name: 'test', version: '1' })
    await client.connect(transport)
    return client
  }

  it('offers the same tools to a real client', async () => {
    const client = await connect(gateway(), 'operator')
    const { tools } = await client.listTools()
    expect(tools.map((tool) => tool.name).toSorted()).toEqual(
      operations
        .filter(({ tier }) => tier === 'read')
        .map(toolName)
        .toSorted(),
    )
    const result = await client.callTool({ name: 'route_preview', arguments: { model: 'fast' } })
    expect(result.structuredContent).toMatchObject({ ok: true, data: { selected: { target: 'mock/echo' } } })
    const wrong = await client.callTool({ name: 'routes_show', arguments: { name: 'slow' } })
    expect(wrong).toMatchObject({ isError: true, structuredContent: { ok: false, error: { code: 'not_found' } } })
    await client.close()
  })

  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
  }
  const accept = { accept: 'application/json, text/event-stream' }

  it.each([
    ['a key that may only chat', keyOf('client'), undefined, 403, 'insufficient_tier'],
    ['anybody, where the configuration grants nothing', keyOf('admin'), [], 403, 'insufficient_tier'],
    [
      'an operator, where only what is privileged is granted',
      keyOf('operator'),
      ['privileged'],
      403,
      'insufficient_tier',
    ],
    ['nobody', '', undefined, 401, 'invalid_api_key'],
  ] as const)('is closed to %s', async (_who, key, mcp, status, code) => {
    const app = gateway(mcp === undefined ? {} : { mcp })
    expect(await errorIn(await post(app, '/mcp', { key, body: initialize, headers: accept }))).toMatchObject({
      status,
      code,
    })
  })

  it('refuses a tool whose tier was not granted, and does not list it', async () => {
    const client = await connect(gateway({ mcp: ['mutation'] }), 'operator')
    const { tools } = await client.listTools()
    expect(tools.map((tool) => tool.name)).toContain('accounts_reset')
    expect(tools.map((tool) => tool.name)).not.toContain('routes_list')
    const refused = await client.callTool({ name: 'routes_list', arguments: {} })
    expect(refused).toMatchObject({ isError: true, structuredContent: { error: { code: 'insufficient_tier' } } })
    await client.close()
  })

  it('judges its body as every other', async () => {
    const twice = '{"jsonrpc":"2.0","id":1,"id":2,"method":"tools/list"}'
    expect(await errorIn(await post(gateway(), '/mcp', { body: twice, headers: accept }))).toMatchObject({
      code: 'duplicate_key',
    })
  })
})
