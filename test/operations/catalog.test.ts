import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { configSchemaOperation } from '../../src/operations/config-schema.ts'
import { configShow } from '../../src/operations/config-show.ts'
import { configValidate } from '../../src/operations/config-validate.ts'
import { operations } from '../../src/operations/index.ts'
import { providersList } from '../../src/operations/providers-list.ts'
import { routesList } from '../../src/operations/routes-list.ts'
import { routesShow } from '../../src/operations/routes-show.ts'
import { runOperation } from '../../src/operations/run-operation.ts'
import { contextOf, dataOf, errorOf } from './context.ts'

// Unlikely enough to be searched for in everything that comes out.
const canary = 'sk-canary-4f1b8a20c7e94d65'

const document = {
  server: { headers: { 'x-team': canary }, timeouts: { idle_ms: 7000 } },
  keys: [{ id: 'ops', env: 'SIGNALBOX_KEY_OPS', role: 'admin' }],
  credentials: { main: { type: 'api_key', source: 'env', env: 'OPENAI_API_KEY' } },
  providers: {
    openai: {
      type: 'openai',
      accounts: [{ id: 'a', credential: 'main', priority: 2 }],
      headers: { 'x-extra': canary },
    },
    claude: { type: 'anthropic', api_key: canary },
    mock: { type: 'mock', capabilities: { vision_in: false } },
  },
  models: { 'gpt-4o-mini': { creator: 'openai', cost: { input: 0.15, output: 0.6 } } },
  routes: {
    fast: {
      targets: [
        { provider: 'openai', model: 'gpt-4o-mini', priority: 2, timeouts: { headers_ms: 900 } },
        { provider: 'mock', model: 'echo', api_format: 'anthropic_messages' },
      ],
      defaults: { temperature: 0 },
    },
    any: { match: { model: 'claude-*' }, targets: [{ provider: 'claude', model: '*' }] },
  },
  storage: { kind: 'memory' },
}

describe('routes', () => {
  it('are listed with what stands behind them', async () => {
    const { envelope } = await runOperation(routesList, contextOf(document), {})
    expect(envelope).toMatchObject({ ok: true, count: 2 })
    expect(envelope.ok && envelope.data).toEqual([
      {
        name: 'fast',
        match: null,
        strategy: 'priority',
        targets: ['openai/gpt-4o-mini', 'mock/echo'],
        display_name: null,
      },
      { name: 'any', match: 'claude-*', strategy: 'priority', targets: ['claude/*'], display_name: null },
    ])
  })

  it('are shown in the words of the file', async () => {
    expect(await dataOf(routesShow, contextOf(document), { name: 'fast' })).toMatchObject({
      name: 'fast',
      match: null,
      targets: [
        { provider: 'openai', model: 'gpt-4o-mini', api_format: null, priority: 2, timeouts: { headers_ms: 900 } },
        { provider: 'mock', model: 'echo', api_format: 'anthropic_messages', timeouts: {} },
      ],
      defaults: { temperature: 0 },
      fallback: { enabled: true, max_attempts: 3, on_context_overflow: true },
    })
  })

  it('that do not exist are not found, with the nearest name', async () => {
    const error = await errorOf(routesShow, contextOf(document), { name: 'fsat' })
    expect(error).toMatchObject({ code: 'not_found', param: 'name' })
    expect(error.message).toContain('did you mean "fast"?')
  })
})

describe('providers', () => {
  it('are listed with their accounts and whether each has its secret', async () => {
    const data = await dataOf(providersList, contextOf(document, { hasSecret: (name) => name === 'OPENAI_API_KEY' }))
    expect(data).toMatchObject([
      {
        id: 'openai',
        type: 'openai',
        base_url: 'https://api.openai.com/v1',
        api_formats: ['openai_chat', 'openai_responses', 'openai_completions', 'openai_embeddings'],
        auth: 'bearer',
        accounts: [{ id: 'a', priority: 2, credential: 'env OPENAI_API_KEY', resolvable: true }],
      },
      { id: 'claude', auth: 'header', accounts: [{ credential: 'inline [redacted]', resolvable: true }] },
      {
        id: 'mock',
        base_url: null,
        auth: 'none',
        accounts: [{ credential: null, resolvable: true }],
        capabilities: { vision_in: false },
      },
    ])
  })

  it.each([
    ['has no value', () => false, false],
    ['cannot be looked up here', undefined, null],
  ])('say of a secret that it %s', async (_what, hasSecret, resolvable) => {
    const data = await dataOf(providersList, contextOf(document, { hasSecret }))
    expect(data).toMatchObject([{ accounts: [{ resolvable }] }, {}, {}])
  })
})

describe('config show', () => {
  it('shows what is in effect, defaults filled in', async () => {
    const context = contextOf(document)
    expect(await dataOf(configShow, context)).toMatchObject({
      revision: context.snapshot.revision,
      config: {
        config_version: 1,
        server: { host: '127.0.0.1', port: 8787, timeouts: { idle_ms: 7000, total_ms: 900_000 } },
        keys: [{ id: 'ops', env: 'SIGNALBOX_KEY_OPS', roles: ['admin'], tenant: null, revoked: false }],
        providers: {
          openai: { accounts: [{ id: 'a', credential: { type: 'api_key', source: 'env OPENAI_API_KEY' } }] },
          claude: { accounts: [{ credential: { type: 'api_key', source: 'inline [redacted]' } }] },
        },
        models: { 'gpt-4o-mini': { cost: { input: 0.15, output: 0.6, cache_read: null } } },
        mcp: { tiers: ['read'] },
      },
    })
  })

  it('is a configuration itself, so that nothing in it has another name than in the file', async () => {
    const shown = (await dataOf(configShow, contextOf(document))) as { readonly config: Record<string, unknown> }
    const compiled = compileConfig({ document: shown.config })
    const unknown = compiled.ok ? [] : compiled.problems.filter((problem) => problem.message === 'unknown key')
    // An account shows its credential in place; the file names one under `credentials`.
    expect(unknown).toEqual([])
  })
})

describe('a secret', () => {
  const reading = operations.filter((operation) => operation.tier === 'read' && operation.positional.length === 0)

  it('is looked for in more than one answer', () => {
    expect(reading.length).toBeGreaterThan(3)
  })

  it.each(reading.map((operation) => [operation.verb, operation] as const))(
    'is not in the answer of %s',
    async (_verb, operation) => {
      const { envelope } = await runOperation(operation, contextOf(document), {})
      expect(JSON.stringify(envelope)).not.toContain(canary)
    },
  )

  it('is not in the answer about a configuration that is wrong', async () => {
    const wrong = {
      ...document,
      providers: {
        ...document.providers,
        claude: { type: 'anthropic', api_key: canary, api_kex: canary, base_url: `https://u:${canary}@x.example` },
      },
    }
    const data = await dataOf(configValidate, contextOf({}), { document: JSON.stringify(wrong) })
    expect(data).toMatchObject({ valid: false })
    expect(JSON.stringify(data)).not.toContain(canary)
  })

  it('in the query of an address is not shown', async () => {
    const context = contextOf(document)
    const mock = context.snapshot.providers.get('mock')
    if (mock === undefined) throw new Error('not there')
    const address = `https://user:${canary}@llm.example/v1?key=${canary}#${canary}`
    const providers = new Map([['mock', { ...mock, baseUrl: address }]])
    const leaky = { ...context, snapshot: { ...context.snapshot, providers } }
    expect(await dataOf(providersList, leaky)).toMatchObject([{ base_url: 'https://llm.example/v1' }])
    expect(JSON.stringify(await dataOf(configShow, leaky))).not.toContain(canary)
  })
})

describe('config validate', () => {
  it('answers a good configuration with its revision and warnings', async () => {
    const data = await dataOf(configValidate, contextOf({}), { document: JSON.stringify(document) })
    expect(data).toMatchObject({ valid: true, revision: contextOf(document).snapshot.revision, problems: [] })
    expect(JSON.stringify(data)).toMatch(/api_key/)
  })

  it('reads comments and trailing commas', async () => {
    const data = await dataOf(configValidate, contextOf({}), { document: '{ // nothing\n "providers": {}, }' })
    expect(data).toMatchObject({ valid: true })
  })

  it.each([
    ['what is no JSON', '{', ''],
    ['an unknown key', '{"providerz": {}}', 'providerz'],
    [
      'a target whose provider does not exist',
      '{"routes":{"a":{"targets":[{"provider":"x","model":"y"}]}}}',
      'routes.a.targets[0].provider',
    ],
  ])('finds %s', async (_what, text, path) => {
    const data = await dataOf(configValidate, contextOf({}), { document: text })
    expect(data).toMatchObject({ valid: false, revision: null, problems: [{ path }] })
  })
})

describe('config schema', () => {
  it('describes the configuration, or the catalog', async () => {
    const context = contextOf({})
    expect(await dataOf(configSchemaOperation, context)).toMatchObject({ type: 'object', properties: { server: {} } })
    const catalog = await dataOf(configSchemaOperation, context, { catalog: true })
    expect(Object.keys((catalog as { properties: object }).properties)).not.toContain('server')
  })
})
