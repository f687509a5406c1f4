// What this version does not do is never silent: refused where it protects somebody, a warning where it only steers.
import { describe, expect, it } from 'vitest'
import { availabilityRows } from '../../src/catalog/availability.ts'
import { compileConfig } from '../../src/catalog/compile.ts'
import { problemText } from '../../src/catalog/problem.ts'
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

/** What counts failures that pass by themselves. */
function breakers(row: string, document: (breaker: object) => Record<string, unknown>, path: string): Example[] {
  const changed = {
    enabled: false,
    failure_threshold: 2,
    window_ms: 1,
    min_requests: 1,
    error_percent: 1,
    max_open_ms: 1,
  }
  return [
    ...Object.entries(changed).map(([member, value]) =>
      example(`${row}.${member}`, document({ [member]: value }), `${path}.${member}`),
    ),
    example(`${row}.permanent.patterns`, document({ permanent: { patterns: ['x'] } }), `${path}.permanent.patterns`),
  ]
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
  example('policy.max_price_per_mtok', { policy: { max_price_per_mtok: 5 } }),
  example('policy.unknown_cost', { policy: { unknown_cost: 'reject' } }),
  example('policy.allow_free', { policy: { allow_free: false } }),
  example('policy.allow_promo', { policy: { allow_promo: false } }),
  example('policy.allow_aggregator', { policy: { allow_aggregator: false } }),
  example('server.limits.max_concurrency', { server: { limits: { max_concurrency: 8 } } }),
  example('plugins.*.kind', { plugins: [{ id: 'p', kind: 'model_blocklist' }] }, 'plugins[0].kind'),
]

const replacements: readonly Example[] = [
  example('routes.*.strategy', route({ strategy: 'weighted' }), 'routes.r.strategy'),
  example('routes.*.sticky', route({ sticky: 'session' }), 'routes.r.sticky'),
  example('routes.*.require', route({ require: { vision_in: true } }), 'routes.r.require'),
  example('routes.*.stream_failure', route({ stream_failure: 'continue' }), 'routes.r.stream_failure'),
  example('routes.*.malformed_event', route({ malformed_event: 'fail' }), 'routes.r.malformed_event'),
  ...breakers('routes.*.breaker', (breaker) => route({ breaker }), 'routes.r.breaker'),
  example('routes.*.fallback.degrade_to', route({ fallback: { degrade_to: ['r'] } }), 'routes.r.fallback.degrade_to'),
  ...breakers(
    'routes.*.targets.*.breaker',
    (breaker) => route({ targets: [{ ...target, breaker }] }),
    'routes.r.targets[0].breaker',
  ),
  example('policy.cost_aware', { policy: { cost_aware: true } }),
  example('policy.latency_aware', { policy: { latency_aware: true } }),
  example('policy.unknown_context', { policy: { unknown_context: 'reject' } }),
  example('policy.retry', { policy: { retry: { max_retries: 2 } } }),
  example('policy.hedge', { policy: { hedge: { enabled: true } } }),
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

  it('leaves in the snapshot what really happens', () => {
    const document = { ...base, ...route({ strategy: 'weighted', malformed_event: 'fail' }) }
    const compiled = compileConfig({ document })
    expect(compiled.ok && compiled.snapshot.routes.get('r')).toMatchObject({
      strategy: 'priority',
      malformedEvent: 'skip',
    })
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
