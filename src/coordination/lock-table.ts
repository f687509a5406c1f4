// The locks of a state, by `lockKey` and bounded: failures set them, successes and operators lift them.
import { lockKey, placesOf } from '../policy/health.ts'
import { holds, lockAfterFailure, lockAfterSuccess, lockedBy, type Lock } from '../policy/locks.ts'
import { putAll, putLock } from './bounded.ts'
import type { FailedUse, Use } from './event.ts'
import type { Entries } from './known.ts'
import { isMeant, type LockSelector } from './lock-selector.ts'

export interface LockTable {
  /** Live; those that are over too, whose failures still count. */
  readonly all: ReadonlyMap<string, Lock>
  /** Takes over what somebody else knows. */
  learn(locks: Entries<Lock>): void
  /**
   * A use worked: locks of its account, its model and its target are over, unless they are newer.
   * @param isWhole the answer came to its end
   */
  worked(use: Use, isWhole: boolean): void
  /** A use failed. @param random uniform in [0, 1) */
  failed(failure: FailedUse, now: number, random: number): void
  /** Forgets locks and the failures behind them. Returns how many held. */
  reset(selector: LockSelector, now: number): number
}

/** A table of at most `max` locks; those of whole accounts go last. */
export function createLockTable(max: number): LockTable {
  const locks = new Map<string, Lock>()
  return {
    all: locks,
    learn: (entries) => putAll(locks, entries),
    worked(use, isWhole) {
      // Nearly always there are none, and this is asked of every request.
      if (locks.size === 0) return
      const places = placesOf(use, use.account)
      // That tokens can be counted says nothing of a model's own limits.
      for (const place of use.task === 'count-tokens' ? [places.account] : Object.values(places)) {
        const key = lockKey(place)
        if (lockAfterSuccess(locks.get(key), use.startedAt, isWhole) === undefined) locks.delete(key)
      }
    },
    failed({ use, outcome, settings }, now, random) {
      const { error, isCommitted } = outcome
      // An overload that comes in the middle of an answer is no reason to keep the account from the next one.
      if (isCommitted && error.code === 'upstream_overloaded') return
      const { code, retryAfterMs, isPermanent } = error
      const failure = { code, task: use.task, startedAt: use.startedAt, retryAfterMs, isPermanent }
      const on = lockedBy(failure)
      if (on === undefined) return
      const place = placesOf(use, use.account)[on]
      const key = lockKey(place)
      const lock = lockAfterFailure(locks.get(key), failure, place, settings, now, random)
      if (lock !== undefined) putLock(locks, key, lock, max)
    },
    reset(selector, now) {
      let held = 0
      for (const [key, lock] of locks) {
        if (!isMeant(lock, selector)) continue
        if (holds(lock, now)) held++
        locks.delete(key)
      }
      return held
    },
  }
}
