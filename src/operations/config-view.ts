// The compiled configuration back in the words of the file, for people: its sections together, and those that are small.
// Nothing that is or may hold a secret gets through: inline keys and header values are replaced, addresses are cleaned.
import type { PolicySettings, Snapshot } from '../catalog/snapshot.ts'
import { modelView, providerView } from './provider-view.ts'
import { routeView } from './route-view.ts'
import { keyView, serverView } from './server-view.ts'
import { breakerView, usd } from './view-parts.ts'

/** The whole configuration in effect. */
export function configView(snapshot: Snapshot): Record<string, unknown> {
  const { observability } = snapshot
  return {
    config_version: 1,
    server: serverView(snapshot.server),
    keys: snapshot.keys.map(keyView),
    providers: mapValues(snapshot.providers, providerView),
    models: mapValues(snapshot.models, modelView),
    routes: mapValues(snapshot.routes, routeView),
    policy: policyView(snapshot.policy),
    coordination: snapshot.coordination,
    storage: {
      ...snapshot.storage,
      reasoning_state: { enabled: snapshot.reasoningState.enabled, ttl: `${snapshot.reasoningState.ttlMs}ms` },
    },
    observability: {
      retention: `${observability.retentionMs}ms`,
      sample: observability.sample,
      log_level: observability.logLevel,
    },
    mcp: { tiers: snapshot.mcpTiers },
    benchmark: { default_max_tokens: snapshot.benchmark.defaultMaxTokens },
  }
}

/** What holds for every route. */
function policyView(policy: PolicySettings): Record<string, unknown> {
  const { retry, hedge, lanes } = policy
  return {
    cost_aware: policy.costAware,
    latency_aware: policy.latencyAware,
    cost_basis: policy.costBasis,
    max_price_per_mtok: usd(policy.maxPrice),
    allow_free: lanes.free,
    allow_promo: lanes.promo,
    allow_aggregator: lanes.aggregator,
    unknown_cost: policy.unknownCost,
    unknown_context: policy.unknownContext,
    retry: {
      max_retries: retry.maxRetries,
      base_delay_ms: retry.baseMs,
      max_delay_ms: retry.maxMs,
      budget: { percent: retry.budget.percent, min_per_second: retry.budget.minPerSecond },
    },
    hedge: { enabled: hedge.enabled, delay_ms: hedge.delayMs, max_parallel: hedge.maxParallel },
    breaker: breakerView(policy.direct.breaker, policy.direct.permanent),
    lock: { max_ms: policy.lockMaxMs },
    strict_schema_downlevel: policy.strictSchemaDownlevel,
  }
}

function mapValues<V, R>(map: ReadonlyMap<string, V>, view: (value: V) => R): Record<string, R> {
  return Object.fromEntries([...map].map(([name, value]) => [name, view(value)]))
}
