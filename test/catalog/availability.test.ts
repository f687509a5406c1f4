// What this version does not do is never silent: refused where it protects somebody, a warning where it only steers.
import { describe, expect, it } from 'vitest'
import { applyAvailability, availabilityRows } from '../../src/catalog/availability.ts'
import { compileConfig } from '../../src/catalog/compile.ts'
import { newReport, problemText } from '../../src/catalog/problem.ts'
import { configSchema } from '../../src/catalog/schema.ts'

const target = { provider: 'mock', model: 'echo' }

interface Example {
  /** The row of the table. */
  readonly row: string
  readonly document: Record<string, unknown>
  /** Where it is reported. */
  readonly path: string
}

function key(members: object): Record<string, unknown> {
  return { keys: [{ id: 'k', env: 'K', ...members }] }
}

function tenant(members: object): Record<string, unknown> {
  return { tenants: [{ id: 't', ...members }] }
}

function provider(members: object): Record<string, unknown> {
  return { providers: { mock: { type: 'mock', ...members } } }
}

function route(members: object): Record<string, unknown> {
  return { routes: { r: { targets: [target], ...members } } }
}

function example(row: string, document: Record<string, unknown>, path = row): Example {
  return { row, document, path }
}

const refusals: readonly Example[] = [
  example('keys.*.budget_usd', key({ budget_usd: 5 }), 'keys[0].budget_usd'),
  example('keys.*.budget_usd', key({ budget_usd: 0 }), 'keys[0].budget_usd'),
  example('keys.*.hash', { keys: [{ id: 'k', hash: 'hmac-sha256:00' }] }, 'keys[0].hash'),
  example('tenants.*.budget_usd', tenant({ budget_usd: 1 }), 'tenants[0].budget_usd'),
  example('tenants.*.max_concurrency', tenant({ max_concurrency: 1 }), 'tenants[0].max_concurrency'),
  example('tenants.*.rate_limit', tenant({ rate_limit: { requests: 600 } }), 'tenants[0].rate_limit'),
  example('tenants.*.allowed_routes', tenant({ allowed_routes: ['r'] }), 'tenants[0].allowed_routes'),
  example('tenants.*.allowed_providers', tenant({ allowed_providers: ['mock'] }), 'tenants[0].allowed_providers'),
  example('tenants.*.allowed_accounts', tenant({ allowed_accounts: ['mock/a'] }), 'tenants[0].allowed_accounts'),
  example('providers.*.budget_usd', provider({ budget_usd: 1 }), 'providers.mock.budget_usd'),
  example('policy.budget_usd', { policy: { budget_usd: 1 } }),
  example('plugins.*.kind', { plugins: [{ id: 'p', kind: 'model_blocklist' }] }, 'plugins[0].kind'),
]

const replacements: readonly Example[] = [
  example('policy.compress_tool_results', { policy: { compress_tool_results: true } }),
  example('agents.default_id', { agents: { default_id: 'me' } }),
  example('plugins', { plugins: [{ id: 'p', kind: 'request_tag' }] }),
  example('observability.body_log_bytes', { observability: { body_log_bytes: 100 } }),
  example('observability.prompt_hash', { observability: { prompt_hash: true } }),
  example('observability.otlp', { observability: { otlp: { endpoint: 'https://otel.example.com' } } }),
  example('observability.langfuse', {
    observability: { langfuse: { base_url: 'https://l.example.com', public_key_env: 'P', secret_key_env: 'S' } },
  }),
]

/** What earlier versions refused or passed over. */
const available: readonly (readonly [string, Record<string, unknown>])[] = [
  ['the strategy of a route', route({ strategy: 'weighted' })],
  ['sticky sessions', route({ sticky: 'session' })],
  ['what a route requires', route({ require: { vision_in: true } })],
  ['the repair of streams', route({ stream_failure: 'continue', malformed_event: 'fail' })],
  ['a model to degrade to', { ...route({ fallback: { degrade_to: ['small'] } }), models: { small: {} } }],
  ['the breaker of a route', route({ breaker: { failure_threshold: 2, permanent: { patterns: ['x'] } } })],
  ['the breaker of a target', route({ targets: [{ ...target, breaker: { enabled: false } }] })],
  ['a price ceiling', { policy: { max_price_per_mtok: 5, unknown_cost: 'reject', unknown_context: 'penalize' } }],
  ['lanes', { policy: { allow_free: false, allow_promo: false, allow_aggregator: false } }],
  ['cost and latency in the order', { policy: { cost_aware: true, latency_aware: true, cost_basis: 'expected' } }],
  ['retries', { policy: { retry: { max_retries: 2, budget: { percent: 20 } } } }],
  ['hedges', { policy: { hedge: { enabled: true, delay_ms: 50, max_parallel: 3 } } }],
  ['a limit of requests in flight', { server: { limits: { max_concurrency: 8 } } }],
]

const base = provider({})

describe('features that protect somebody', () => {
  it.each(refusals)('refuses $path', ({ document, path }) => {
    const compiled = compileConfig({ document: { ...base, ...document } })
    const problems = compiled.ok ? [] : compiled.problems
    expect(problems.map((problem) => [problem.path, problem.message])).toContainEqual([
      path,
      'not available in this version',
    ])
  })
})

describe('features that steer', () => {
  it.each(replacements)('warns about $path and goes on', ({ document, path }) => {
    const compiled = compileConfig({ document: { ...base, ...document } })
    expect(compiled.ok ? [] : compiled.problems.map(problemText)).toEqual([])
    expect(compiled.warnings).toEqual([{ path, message: 'not available in this version', hint: expect.any(String) }])
  })

  it('leaves in the configuration what really happens', () => {
    const config = structuredClone(configSchema().parse({ ...base, policy: { compress_tool_results: true } }))
    applyAvailability(config, newReport())
    expect(config.policy).toEqual(configSchema().parse({}).policy)
  })
})

describe('features that are here', () => {
  it.each(available)('honours %s without a word', (_name, document) => {
    const compiled = compileConfig({ document: { ...base, ...document } })
    expect(compiled.ok ? compiled.warnings : compiled.problems.map(problemText)).toEqual([])
  })
})

describe('the table', () => {
  it('has an example for each of its rows', () => {
    const shown = new Set([...refusals, ...replacements].map((one) => one.row))
    expect(
      availabilityRows()
        .map((row) => row.path)
        .filter((path) => !shown.has(path)),
    ).toEqual([])
  })

  it('is silent about the defaults, and about defaults that are written out', () => {
    const whole = configSchema().parse({ ...base, ...key({}), ...tenant({}), ...route({ targets: [target] }) })
    expect(compileConfig({ document: whole })).toMatchObject({ ok: true, warnings: [] })
  })
})
