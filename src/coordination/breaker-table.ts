// The breakers of a state, by `targetKey` and bounded: outcomes move them, probes are claimed and given back.
import {
  afterAccepted,
  afterOtherFailure,
  afterOutcome,
  claimProbe,
  countsAgainstTarget,
  freshBreaker,
  releaseProbe,
  type Breaker,
} from '../policy/breaker.ts'
import { targetKey } from '../policy/health.ts'
import { putAll, putBreaker } from './bounded.ts'
import type { CompletedUse, FailedUse, Use } from './event.ts'
import type { Entries } from './known.ts'

export interface BreakerTable {
  /** Live. */
  readonly all: ReadonlyMap<string, Breaker>
  /** Takes over what somebody else knows. */
  learn(breakers: Entries<Breaker>): void
  /** The provider took the request: what a probe has to show. */
  accepted(use: Use): void
  /** A use ended and said something: an answer, or a failure that is not the request's own. */
  ended(ended: CompletedUse | FailedUse, now: number): void
  /** Whether `owner` may probe a target whose breaker is half open; takes the lease where it may. */
  claimProbe(target: string, owner: string, now: number): boolean
  /** Gives a lease back that nothing came of; without effect where `owner` does not hold it. */
  releaseProbe(target: string, owner: string): void
  /** Forgets the breaker of a target, its counts too: that of one model, or of all. Returns whether one was open. */
  reset(route: string | null, target: string, model?: string | null): boolean
}

/** A table of at most `max` breakers; those that are open go last. */
export function createBreakerTable(max: number): BreakerTable {
  const breakers = new Map<string, Breaker>()
  const put = (key: string, next: Breaker): void => putBreaker(breakers, key, next, max)
  return {
    all: breakers,
    learn: (entries) => putAll(breakers, entries),
    accepted(use) {
      const key = targetKey(use)
      const breaker = breakers.get(key)
      if (breaker?.isOpen === true) put(key, afterAccepted(breaker, use.requestId, use.startedAt))
    },
    ended(ended, now) {
      const key = targetKey(ended.use)
      put(key, afterUse(breakers.get(key) ?? freshBreaker, ended, now))
    },
    claimProbe(target, owner, now) {
      const claimed = claimProbe(breakers.get(target) ?? freshBreaker, owner, now)
      if (claimed === undefined) return false
      put(target, claimed)
      return true
    },
    releaseProbe(target, owner) {
      const breaker = breakers.get(target)
      if (breaker?.probe?.owner === owner) put(target, releaseProbe(breaker, owner))
    },
    reset(route, target, model) {
      const prefix = `${route ?? ''}\u0000${target}\u0000`
      let wasOpen = false
      for (const [key, breaker] of breakers) {
        if (typeof model === 'string' ? key !== prefix + model : !key.startsWith(prefix)) continue
        wasOpen ||= breaker.isOpen
        breakers.delete(key)
      }
      return wasOpen
    },
  }
}

function afterUse(breaker: Breaker, { use, outcome, settings }: CompletedUse | FailedUse, now: number): Breaker {
  const code = outcome.type === 'completed' ? null : outcome.error.code
  const told = { code, startedAt: use.startedAt, durationMs: Math.round(outcome.totalMs), owner: use.requestId }
  return outcome.type === 'completed' || countsAgainstTarget(outcome.error.code, outcome.isCommitted)
    ? afterOutcome(breaker, told, settings.breaker, now)
    : afterOtherFailure(breaker, told, now)
}
