// How the gateway is run: `policy`, `storage`, `observability` and the small sections around them.
import { z } from 'zod'
import { breakerSchema } from './schema-catalog.ts'
import { count, duration, envName, headers, identifier, natural, text, usd } from './schema-parts.ts'

function unknownValue() {
  return z.enum(['allow', 'penalize', 'reject']).default('allow')
}

/** Rules over all routes. */
export function policySchema() {
  return z.strictObject({
    cost_aware: z.boolean().default(false),
    latency_aware: z.boolean().default(false),
    cost_basis: z
      .enum(['blended', 'expected'])
      .default('blended')
      .describe('Prices are compared as input plus output, or as what this request is expected to cost'),
    max_price_per_mtok: usd().nullable().default(null),
    allow_free: z.boolean().default(true),
    allow_promo: z.boolean().default(true),
    allow_aggregator: z.boolean().default(true),
    unknown_cost: unknownValue(),
    unknown_context: unknownValue(),
    budget_usd: usd().nullable().default(null),
    retry: z
      .strictObject({
        max_retries: natural(10).default(0),
        base_delay_ms: count().default(100),
        max_delay_ms: count().default(2000),
        budget: z
          .strictObject({
            percent: z.number().min(0).max(100).default(10),
            min_per_second: z.number().min(0).max(1000).default(3),
          })
          .prefault({})
          .describe('How many calls beyond one per request may go to targets that fail'),
      })
      .prefault({}),
    hedge: z
      .strictObject({
        enabled: z
          .boolean()
          .default(false)
          .describe('Each hedge is a call that is paid for, whoever answers; it draws on retry.budget'),
        delay_ms: count().default(150).describe('How long the target asked last may take before the next one is asked'),
        max_parallel: count(8)
          .default(2)
          .describe('Targets asked at the same time; Workers wait for the headers of six calls at most'),
      })
      .prefault({})
      .describe('Asks the next target too where the first is slow, for answers that are not streamed'),
    breaker: breakerSchema()
      .prefault({})
      .describe('Of targets that are named without a route: provider/model, and those of default_provider'),
    lock: z.strictObject({ max_ms: count().default(4_800_000) }).prefault({}),
    compress_tool_results: z.boolean().default(false),
    strict_schema_downlevel: z.boolean().default(false),
  })
}

/** A coding client that is expected, and what it may use. */
export function clientProfileSchema() {
  return z.strictObject({
    id: identifier(),
    kind: z.enum(['codex', 'claude_code']),
    enabled: z.boolean().default(true),
    mode: z.enum(['ingress', 'native_relay', 'tap', 'scout_api']).default('ingress').describe('Only ingress is served'),
    models: z.array(text()).default([]),
    accounts: z.array(text()).default([]),
  })
}

/** A plugin: a built-in by kind, or a WebAssembly module by path. */
export function pluginSchema() {
  return z.strictObject({
    id: identifier(),
    kind: z.enum(['model_blocklist', 'request_tag', 'egress_pin', 'wasm']),
    enabled: z.boolean().default(true),
    path: text().optional(),
    failure_mode: z.enum(['open', 'closed']).default('open'),
    timeout_ms: count().default(10),
    fuel: count().default(1_000_000),
    config: z.record(z.string(), z.unknown()).default({}),
  })
}

/** A proxy that upstream requests may take. */
export function egressSchema() {
  return z.strictObject({
    id: identifier(),
    kind: z.enum(['proxy']),
    url: text().optional(),
    url_env: envName().optional(),
    user_agent: text().optional(),
    headers: headers(),
    enabled: z.boolean().default(true),
  })
}

/** What instances of one gateway agree on, and through whom. */
export function coordinationSchema() {
  return z.strictObject({
    backend: z
      .enum(['auto', 'memory', 'store', 'durable_object'])
      .default('auto')
      .describe(
        'memory: each process or isolate for itself; store: through sqlite or D1; durable_object: Workers. auto: the strongest that Workers have bound, memory elsewhere',
      ),
    objects: z
      .enum(['one', 'per_tenant'])
      .default('one')
      .describe('Durable Objects: one coordinator, or one for each tenant that leases shared limits in slices'),
    slice: count(10_000).default(8).describe('How much of a shared limit the object of a tenant leases at once'),
  })
}

/** Where state is kept. */
export function storageSchema() {
  return z.strictObject({
    kind: z.enum(['sqlite', 'd1', 'kv', 'memory']).default('sqlite'),
    path: text().default('.signalbox/state.sqlite').describe('Of the sqlite file, from the folder of this file'),
    reasoning_state: z
      .strictObject({
        enabled: z.boolean().default(true),
        ttl: duration().default('24h'),
      })
      .prefault({})
      .describe(
        "Sealed records of a model's reasoning beside its tool calls, for clients whose wire has no room for it; without them such a client's next request goes without thinking",
      ),
  })
}

/** What is recorded, for how long, and where else it goes. */
export function observabilitySchema() {
  return z.strictObject({
    retention: duration().default('14d'),
    sample: z.number().min(0).max(1).default(1),
    log_level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    body_log_bytes: natural().default(0),
    prompt_hash: z.boolean().default(false),
    otlp: z.strictObject({ endpoint: text(), headers: headers() }).nullable().default(null),
    langfuse: z
      .strictObject({ base_url: text(), public_key_env: envName(), secret_key_env: envName() })
      .nullable()
      .default(null),
  })
}
