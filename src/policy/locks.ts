// For how long an account, a model of an account, or a target is left out after a failure. Pure: a lock and a failure in,
// the next lock out. Times are milliseconds of a clock that only runs forward.
import type { BreakerSettings, PermanentFailures } from '../catalog/snapshot.ts'
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
  /** It was set by the growing schedule of failures that do not pass by themselves. */
  readonly isPermanent?: true
}

export interface LockSettings {
  /** Where they are off, the short times below hold. */
  readonly permanent: PermanentFailures
  /** The longest that anything is left out. */
  readonly maxMs: number
  /** Its `maxOpenMs` caps the schedule of permanent failures too; where it is off, no stream locks a target. */
  readonly breaker?: Pick<BreakerSettings, 'enabled' | 'maxOpenMs'> & { readonly resetMs?: number }
}

/** An attempt that failed, as far as locks care. */
export interface Failure {
  readonly code: ErrorCode
  readonly task: Task
  /** What the provider asked for. */
  readonly retryAfterMs: number | undefined
  /** When the attempt began: one that began before a lock was set says nothing new of it. */
  readonly startedAt: number
  /** It matches one of the patterns of failures that do not pass by themselves. */
  readonly isPermanent?: boolean
}

/** 5 → 10 → 20 → 40 → 80 minutes. */
export const defaultPermanent: PermanentFailures = { enabled: true, baseMs: 300_000, maxExponent: 4 }
/** The longest that a provider's own `Retry-After` is obeyed. */
const maxHintedMs = 900_000
/** Without a hint: 2 s × 2^n, at most 5 minutes. */
const backoffBaseMs = 2000
const maxBackoffMs = 300_000
/** An account without credit that does not say when it has some again. */
const quotaMs = 3_600_000
/** A refused credential or right where the growing schedule is off. */
const shortAuthMs = 120_000
const shortOtherMs = 30_000
/** So many streams of a target in a row that broke off lock it for so long, or for so many of its breaker's reset times. */
const truncationsToLock = 3
const truncatedMs = 300_000
const truncatedResets = 5

/**
 * What a failure locks; undefined where it says nothing of the account or the target. One that matches a pattern of
 * permanent failures locks what it would have locked anyway, and else the target.
 */
export function lockedBy({
  code,
  task,
  isPermanent,
}: Pick<Failure, 'code' | 'task' | 'isPermanent'>): LockPlace['on'] | undefined {
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
    case 'stream_truncated':
      return task === 'count-tokens' ? undefined : 'target'
    default:
      return isPermanent === true && task !== 'count-tokens' ? 'target' : undefined
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
  const isPermanent = settings.permanent.enabled && (failure.isPermanent === true || scheduled.has(failure.code))
  const wait = isPermanent ? scheduleOf(failures, settings) : durationOf(failure, failures, settings, random)
  if (wait === undefined) return lock
  const until = now + Math.min(wait, settings.maxMs)
  const told = { place, code: failure.code, until, failures, ...(isPermanent && { isPermanent: true as const }) }
  if (lock === undefined) return { ...told, since: now }
  // A shorter one that comes while a longer one holds must not take its place (nor its reason).
  if (until <= lock.until) return isNews && inRow > 0 ? { ...lock, since: now, failures } : lock
  // From now on, also where nothing new was learned: a success that began before this failure does not undo it.
  return { ...told, since: now }
}

/**
 * The lock after a success that began at `startedAt`: gone, unless it was set while the request was under way.
 * @param isWhole the answer came to its end; a beginning alone proves nothing where streams break off
 */
export function lockAfterSuccess(lock: Lock | undefined, startedAt: number, isWhole = false): Lock | undefined {
  if (lock === undefined) return undefined
  return lock.since > startedAt || (lock.code === 'stream_truncated' && !isWhole) ? lock : undefined
}

/** What does not pass by itself, whatever the provider says of it. */
const scheduled: ReadonlySet<ErrorCode> = new Set(['upstream_auth', 'upstream_forbidden', 'upstream_model_missing'])

function scheduleOf(failures: number, { permanent, breaker }: LockSettings): number {
  return Math.min(permanent.baseMs * 2 ** Math.min(failures - 1, permanent.maxExponent), breaker?.maxOpenMs ?? Infinity)
}

/** Milliseconds off the schedule; undefined where the failure locks nothing. */
function durationOf(failure: Failure, failures: number, { breaker }: LockSettings, random: number): number | undefined {
  const hinted = failure.retryAfterMs
  const grown = Math.min(maxBackoffMs, backoffBaseMs * 2 ** Math.min(failures - 1, 30))
  switch (failure.code) {
    case 'upstream_auth':
      return shortAuthMs
    case 'upstream_forbidden':
      return shortOtherMs
    case 'upstream_quota':
      return hinted ?? quotaMs
    case 'upstream_rate_limited':
      return hinted === undefined ? grown * random : Math.min(hinted, maxHintedMs)
    case 'upstream_overloaded':
      return hinted === undefined ? grown : Math.min(hinted, maxHintedMs)
    case 'stream_truncated':
      if (breaker?.enabled === false) return undefined
      // The first ones only count: a lock of no length.
      if (failures < truncationsToLock) return 0
      return Math.min(truncatedMs, truncatedResets * (breaker?.resetMs ?? Infinity))
    default:
      return undefined
  }
}
