// For how long an account, a model of an account, or a target is left out after a failure. Pure: a lock and a failure in,
// the next lock out. Times are milliseconds of a clock that only runs forward.
import type { PermanentFailures } from '../catalog/snapshot.ts'
import type { ErrorCode } from '../ir/error.ts'
import type { Task } from '../ir/dialect-id.ts'

/** What a lock is on. `account` null: a provider that needs none. */
export type LockPlace =
  | { readonly on: 'account'; readonly provider: string; readonly account: string | null }
  | {
      readonly on: 'model'
      readonly provider: string
      readonly account: string | null
      readonly model: string
      /** Where the same model has quotas of its own. */
      readonly region: string | null
    }
  | {
      readonly on: 'target'
      readonly provider: string
      /** The account that the target is pinned to. */
      readonly account: string | null
      readonly model: string
      readonly region: string | null
    }

export interface Lock {
  readonly place: LockPlace
  /** Our error code that set it. */
  readonly code: ErrorCode
  readonly since: number
  /** From here on it holds nobody back; what is left of it is the number of failures. */
  readonly until: number
  /** Failures in a row of this code. */
  readonly failures: number
}

export interface LockSettings {
  /** Where they are off, the short times below hold. */
  readonly permanent: PermanentFailures
  /** The longest that anything is left out. */
  readonly maxMs: number
}

/** An attempt that failed, as far as locks care. */
export interface Failure {
  readonly code: ErrorCode
  readonly task: Task
  /** What the provider asked for. */
  readonly retryAfterMs: number | undefined
  /** When the attempt began: one that began before a lock was set says nothing new of it. */
  readonly startedAt: number
}

/** 5 → 10 → 20 → 40 → 80 minutes. */
export const defaultPermanent: PermanentFailures = { enabled: true, baseMs: 300_000, maxExponent: 4 }
/** The longest that a provider's own `Retry-After` is obeyed. */
export const maxHintedMs = 900_000
/** Without a hint: 2 s × 2^n, at most 5 minutes. */
export const backoffBaseMs = 2000
export const maxBackoffMs = 300_000
/** An account without credit that does not say when it has some again. */
export const quotaMs = 3_600_000
/** A refused credential or right where the growing schedule is off. */
export const shortAuthMs = 120_000
export const shortOtherMs = 30_000

/** What a failure locks; undefined where it says nothing of the account or the target. */
export function lockedBy({ code, task }: Pick<Failure, 'code' | 'task'>): LockPlace['on'] | undefined {
  switch (code) {
    // The key is refused, or nothing is left on it: no model of the account works.
    case 'upstream_auth':
    case 'upstream_quota':
      return 'account'
    case 'upstream_forbidden':
      return 'model'
    // Counting tokens has limits of its own, which say nothing of answering.
    case 'upstream_rate_limited':
    case 'upstream_overloaded':
      return task === 'count-tokens' ? undefined : 'model'
    case 'upstream_model_missing':
      return task === 'count-tokens' ? undefined : 'target'
    default:
      return undefined
  }
}

/** Whether a lock still holds. */
export function holds(lock: Lock | undefined, now: number): lock is Lock {
  return lock !== undefined && lock.until > now
}

/**
 * The lock after a failure. It never ends earlier than it did before, and never later than `maxMs` from now. Failures
 * that were under way together count as one: only an attempt that began after the lock was set makes it grow.
 * @param random uniform in [0, 1)
 * @returns the lock as it was (undefined too) where the failure locks nothing
 */
export function lockAfterFailure(
  lock: Lock | undefined,
  failure: Failure,
  place: LockPlace,
  settings: LockSettings,
  now: number,
  random: number,
): Lock | undefined {
  const isNews = lock === undefined || failure.startedAt >= lock.since
  const inRow = lock !== undefined && lock.code === failure.code ? lock.failures : 0
  const failures = isNews ? inRow + 1 : Math.max(1, inRow)
  const wait = durationOf(failure, failures, settings, random)
  if (wait === undefined) return lock
  const until = now + Math.min(wait, settings.maxMs)
  if (lock === undefined) return { place, code: failure.code, since: now, until, failures }
  // A shorter one that comes while a longer one holds must not take its place (nor its reason).
  if (until <= lock.until) return isNews && inRow > 0 ? { ...lock, since: now, failures } : lock
  return { place, code: failure.code, since: isNews ? now : lock.since, until, failures }
}

/** The lock after a success that began at `startedAt`: gone, unless it was set while the request was under way. */
export function lockAfterSuccess(lock: Lock | undefined, startedAt: number): Lock | undefined {
  return lock !== undefined && lock.since > startedAt ? lock : undefined
}

/** Milliseconds; undefined where the failure locks nothing. */
function durationOf(
  failure: Failure,
  failures: number,
  { permanent }: LockSettings,
  random: number,
): number | undefined {
  const hinted = failure.retryAfterMs
  const grown = Math.min(maxBackoffMs, backoffBaseMs * 2 ** Math.min(failures - 1, 30))
  const schedule = permanent.baseMs * 2 ** Math.min(failures - 1, permanent.maxExponent)
  switch (failure.code) {
    case 'upstream_auth':
      return permanent.enabled ? schedule : shortAuthMs
    case 'upstream_forbidden':
      return permanent.enabled ? schedule : shortOtherMs
    case 'upstream_model_missing':
      return permanent.enabled ? schedule : undefined
    case 'upstream_quota':
      return hinted ?? quotaMs
    case 'upstream_rate_limited':
      return hinted === undefined ? grown * random : Math.min(hinted, maxHintedMs)
    case 'upstream_overloaded':
      return hinted === undefined ? grown : Math.min(hinted, maxHintedMs)
    default:
      return undefined
  }
}
