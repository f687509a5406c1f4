// The `breaker` blocks of routes, targets and the policy.
import { failurePatternProblem } from '../policy/failure-patterns.ts'
import type { Path, Report } from './problem.ts'
import type { RouteConfig } from './schema.ts'
import type { BreakerSettings, PermanentFailures } from './snapshot.ts'

type BreakerConfig = RouteConfig['breaker']

/** Reports patterns of permanent failures that cannot be used. */
export function checkPatterns({ permanent }: BreakerConfig, path: Path, report: Report): void {
  for (const [index, pattern] of permanent.patterns.entries()) {
    const problem = failurePatternProblem(pattern)
    if (problem !== undefined) report.problem([...path, 'permanent', 'patterns', index], problem)
  }
}

/** The settings of a breaker. */
export function breakerOf(breaker: BreakerConfig): BreakerSettings {
  return {
    enabled: breaker.enabled,
    failureThreshold: breaker.failure_threshold,
    resetMs: Math.min(breaker.reset_timeout_ms, breaker.max_open_ms),
    windowMs: breaker.window_ms,
    minRequests: breaker.min_requests,
    errorPercent: breaker.error_percent,
    maxOpenMs: breaker.max_open_ms,
  }
}

/** The schedule of failures that do not pass by themselves: the longer of the two times that the settings give. */
export function permanentOf({ permanent, reset_timeout_ms: resetMs }: BreakerConfig): PermanentFailures {
  return {
    enabled: permanent.enabled,
    baseMs: Math.max(permanent.base_timeout_ms, permanent.timeout_multiplier * resetMs),
    maxExponent: permanent.max_backoff_exponent,
    patterns: permanent.patterns,
  }
}
