// The `policy` section: what holds for every route.
import { breakerOf, checkPatterns, permanentOf } from './compile-breaker.ts'
import { usdToNano } from './money.ts'
import type { Report } from './problem.ts'
import type { Config } from './schema.ts'
import type { PolicySettings } from './snapshot.ts'

/** Checks and compiles the `policy` section. */
export function compilePolicy({ policy }: Config, report: Report): PolicySettings {
  const { retry, hedge } = policy
  checkPatterns(policy.breaker, ['policy', 'breaker'], report)
  return {
    strictSchemaDownlevel: policy.strict_schema_downlevel,
    lockMaxMs: policy.lock.max_ms,
    direct: { breaker: breakerOf(policy.breaker), permanent: permanentOf(policy.breaker) },
    costAware: policy.cost_aware,
    latencyAware: policy.latency_aware,
    costBasis: policy.cost_basis,
    maxPrice: maxPriceOf(policy.max_price_per_mtok, report),
    unknownCost: policy.unknown_cost,
    unknownContext: policy.unknown_context,
    lanes: { free: policy.allow_free, promo: policy.allow_promo, aggregator: policy.allow_aggregator },
    retry: {
      maxRetries: retry.max_retries,
      baseMs: retry.base_delay_ms,
      maxMs: retry.max_delay_ms,
      budget: { percent: retry.budget.percent, minPerSecond: retry.budget.min_per_second },
    },
    hedge: { enabled: hedge.enabled, delayMs: hedge.delay_ms, maxParallel: hedge.max_parallel },
  }
}

function maxPriceOf(usd: number | null, report: Report): number | null {
  if (usd === null) return null
  const money = usdToNano(usd)
  if (money.ok) return money.nano
  report.problem(['policy', 'max_price_per_mtok'], money.reason)
  return null
}
