// The circuit breaker of one target as a value: outcomes in, another value out. Looking at it changes nothing.
// States: closed → open → half_open → closed | open. Half open is what an open one is from `until` on: one request may
// probe it, under a lease that ends by itself where the prober dies.
import type { BreakerSettings } from '../catalog/snapshot.ts'
import type { ErrorCode } from '../ir/error.ts'
import { emptyWindow, sumOf, windowAt, type Window } from './breaker-window.ts'

export type BreakerPhase = 'closed' | 'open' | 'half_open'

/** Plain data and finite numbers only: it travels as JSON. */
export interface Breaker extends Window {
  readonly isOpen: boolean
  /** Results of what began before say nothing of the target as it is now. */
  readonly since: number
  /** Where open: until when nothing is sent. */
  readonly until: number
  /** Failures in a row, up to the last outcome. */
  readonly consecutive: number
  readonly probe: { readonly owner: string; readonly until: number } | null
  /** The failure that opened it; null where closed. */
  readonly code: ErrorCode | null
  /** For those who watch, since the gateway started or the last reset: also failures that say nothing of the target. */
  readonly requests: number
  readonly failures: number
  readonly totalMs: number
  readonly lastFailure: { readonly code: ErrorCode; readonly at: number } | null
}

/** What a request found out about a target. */
export interface BreakerOutcome {
  /** Null: it answered. */
  readonly code: ErrorCode | null
  readonly startedAt: number
  readonly durationMs: number
  /** The request, which may hold the probe. */
  readonly owner: string
}

export const defaultBreaker: BreakerSettings = {
  enabled: true,
  failureThreshold: 5,
  resetMs: 60_000,
  windowMs: 60_000,
  minRequests: 10,
  errorPercent: 50,
  maxOpenMs: 4_800_000,
}

/** How long a probe may take before somebody else may try. */
export const probeLeaseMs = 90_000
/** What a breaker is that nobody holds anything against. */
const unharmed = { isOpen: false, until: 0, consecutive: 0, ...emptyWindow, probe: null, code: null } as const

export const freshBreaker: Breaker = {
  ...unharmed,
  since: 0,
  requests: 0,
  failures: 0,
  totalMs: 0,
  lastFailure: null,
}

/** Failures of a target itself; what is wrong with a request, an account or its rate limit is none. */
const targetFaults: ReadonlySet<ErrorCode> = new Set([
  'upstream_error',
  'upstream_overloaded',
  'upstream_unreachable',
  'upstream_tls',
  'upstream_redirect',
  'upstream_bad_content',
  'upstream_empty',
  'stream_truncated',
  'upstream_timeout',
  'stream_idle_timeout',
])

/**
 * Whether a failure counts against the breaker of its target.
 * @param isCommitted content had been there: then a long answer that ran out of time is no failure of the target
 */
export function countsAgainstTarget(code: ErrorCode, isCommitted = false): boolean {
  return targetFaults.has(code) || (code === 'limit_exceeded' && !isCommitted)
}

/** The state at a moment. */
export function breakerPhase(breaker: Breaker | undefined, now: number): BreakerPhase {
  if (breaker === undefined || !breaker.isOpen) return 'closed'
  return breaker.until > now ? 'open' : 'half_open'
}

/** The breaker as far as it counts: one that was switched off keeps nobody away, whatever it was before. */
export function breakerInUse(
  breaker: Breaker | undefined,
  { enabled }: Pick<BreakerSettings, 'enabled'>,
): Breaker | undefined {
  return breaker?.isOpen === true && !enabled ? closed(breaker) : breaker
}

/** Whether somebody is probing it at this moment. */
export function isProbed(breaker: Breaker, now: number): boolean {
  return breaker.probe !== null && breaker.probe.until > now
}

/** Whether the last outcome that counted was a failure: further calls add to the load of what fails. */
export function lastFailed(breaker: Breaker | undefined): boolean {
  return breaker !== undefined && (breaker.isOpen || breaker.consecutive > 0)
}

/** The breaker with its probe taken by `owner`; undefined where it is not half open, or somebody else has it. */
export function claimProbe(breaker: Breaker, owner: string, now: number, leaseMs = probeLeaseMs): Breaker | undefined {
  if (breakerPhase(breaker, now) !== 'half_open') return undefined
  if (isProbed(breaker, now) && breaker.probe?.owner !== owner) return undefined
  return { ...breaker, probe: { owner, until: now + leaseMs } }
}

/** The breaker after a request that found out nothing: its probe, where it held it, is free again. */
export function releaseProbe(breaker: Breaker, owner: string): Breaker {
  return breaker.probe?.owner === owner ? { ...breaker, probe: null } : breaker
}

/** The breaker once the first content of a probe is there: that is proof enough. How its answer goes on still counts. */
export function afterAccepted(breaker: Breaker, owner: string, startedAt: number): Breaker {
  if (!breaker.isOpen || breaker.probe?.owner !== owner) return breaker
  return { ...closed(breaker), since: Math.max(breaker.since, startedAt) }
}

/** The breaker as if nothing had failed; what watchers count stays. */
export function closed(breaker: Breaker): Breaker {
  return { ...breaker, ...unharmed }
}

/** The breaker with what watchers count from another record of the same target. */
export function withCounts(breaker: Breaker, counted: Breaker | undefined): Breaker {
  if (counted === undefined) return breaker
  const { requests, failures, totalMs, lastFailure } = counted
  return { ...breaker, requests, failures, totalMs, lastFailure: lastFailure ?? breaker.lastFailure }
}

/** The breaker after a failure that says nothing of the target (an account, a rate limit): watchers see it, no more. */
export function afterOtherFailure(breaker: Breaker, { code, durationMs, owner }: BreakerOutcome, now: number): Breaker {
  const next = releaseProbe(breaker, owner)
  return {
    ...next,
    requests: next.requests + 1,
    failures: next.failures + 1,
    totalMs: next.totalMs + durationMs,
    lastFailure: code === null ? next.lastFailure : { code, at: now },
  }
}

/** The breaker after an answer, or a failure of the target itself. */
export function afterOutcome(
  breaker: Breaker,
  outcome: BreakerOutcome,
  settings: BreakerSettings,
  now: number,
): Breaker {
  const before = breakerInUse(breaker, settings) ?? breaker
  return outcome.code === null
    ? afterAnswer(before, outcome, settings, now)
    : afterFailure(before, { ...outcome, code: outcome.code }, settings, now)
}

function afterAnswer(
  breaker: Breaker,
  { startedAt, durationMs, owner }: BreakerOutcome,
  settings: BreakerSettings,
  now: number,
): Breaker {
  const requests = breaker.requests + 1
  const totalMs = breaker.totalMs + durationMs
  if (breaker.isOpen) {
    if (breaker.probe?.owner === owner) return { ...afterAccepted(breaker, owner, startedAt), requests, totalMs }
    return { ...breaker, requests, totalMs }
  }
  if (startedAt < breaker.since) return { ...breaker, requests, totalMs }
  const { from, total, failed, past } = windowAt(breaker, settings.windowMs, now)
  return {
    isOpen: false,
    since: breaker.since,
    until: 0,
    consecutive: 0,
    from,
    total: total + 1,
    failed,
    past,
    probe: null,
    code: null,
    requests,
    failures: breaker.failures,
    totalMs,
    lastFailure: breaker.lastFailure,
  }
}

function afterFailure(
  breaker: Breaker,
  { code, startedAt, durationMs, owner }: BreakerOutcome & { readonly code: ErrorCode },
  settings: BreakerSettings,
  now: number,
): Breaker {
  const seen: Breaker = {
    ...breaker,
    requests: breaker.requests + 1,
    failures: breaker.failures + 1,
    totalMs: breaker.totalMs + durationMs,
    lastFailure: { code, at: now },
  }
  if (breaker.isOpen) {
    if (breaker.probe?.owner !== owner) return seen
    return opened({ ...seen, consecutive: seen.consecutive + 1 }, code, settings, now)
  }
  if (startedAt < breaker.since) return seen
  const { from, total, failed, past } = windowAt(breaker, settings.windowMs, now)
  const next: Breaker = {
    ...seen,
    consecutive: breaker.consecutive + 1,
    from,
    total: total + 1,
    failed: failed + 1,
    past,
  }
  return settings.enabled && trips(next, settings) ? opened(next, code, settings, now) : next
}

function opened(breaker: Breaker, code: ErrorCode, settings: BreakerSettings, now: number): Breaker {
  const { consecutive } = breaker
  return { ...closed(breaker), isOpen: true, since: now, until: now + settings.resetMs, consecutive, code }
}

function trips(breaker: Breaker, settings: BreakerSettings): boolean {
  if (breaker.consecutive >= settings.failureThreshold) return true
  const { total, failed } = sumOf(breaker)
  return total >= settings.minRequests && failed * 100 >= total * settings.errorPercent
}

/**
 * The breaker on a clock that may have been set back since it was written: what seems to begin later than now begins now,
 * so that it is open for as long as it was meant to and no longer.
 */
export function settledBreaker(breaker: Breaker, now: number): Breaker {
  const ahead = Math.max(breaker.since, breaker.from, ...breaker.past.map(({ from }) => from)) - now
  if (!(ahead > 0)) return breaker
  return {
    ...breaker,
    since: breaker.since - ahead,
    until: breaker.until - ahead,
    from: breaker.from - ahead,
    past: breaker.past.map((bucket) => ({ ...bucket, from: bucket.from - ahead })),
    probe: null,
  }
}

/** Whether a breaker remembers nothing that could keep anybody away. */
export function isHealthy({ isOpen, consecutive, failed, past }: Breaker): boolean {
  return !isOpen && consecutive === 0 && failed === 0 && past.every((bucket) => bucket.failed === 0)
}
