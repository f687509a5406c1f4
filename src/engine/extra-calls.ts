// What the requests of one process share to keep an outage small: calls beyond one per request that go to targets that
// fail. Plain data, so that requests may share it on every runtime.
import type { RetrySettings } from '../catalog/snapshot.ts'
import { freshBudget, withRequest, withRetry, type RetryBudget } from '../policy/retry-budget.ts'

export interface ExtraCalls {
  /** A request comes. Monotonic milliseconds. */
  request(now: number): void
  /** Whether one more call may be made; it is counted where it may. */
  take(settings: RetrySettings, now: number): boolean
}

/** The extra calls of one app; nothing has happened yet. */
export function createExtraCalls(): ExtraCalls {
  let budget: RetryBudget = freshBudget
  return {
    request(now) {
      budget = withRequest(budget, now)
    },
    take(settings, now) {
      const taken = withRetry(budget, settings.budget, now)
      if (taken !== undefined) budget = taken
      return taken !== undefined
    },
  }
}
