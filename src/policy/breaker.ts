// The circuit breaker of one target as a value: outcomes in, another value out. Looking at it changes nothing.
// States: closed → open → half_open → closed | open. Half open is what an open one is from `until` on: one request may
// probe it, under a lease that ends by itself where the prober dies.
import type { BreakerSettings } from '../catalog/snapshot.ts'
import type { ErrorCode } from '../ir/error.ts'

export type BreakerPhase = 'closed' | 'open' | 'half_open'

/** A part of the sliding window. */
export interface Bucket {
  readonly from: number
  readonly total: number
  readonly failed: number
}

export interface Breaker {
  readonly isOpen: boolean
  /** When it was opened or closed; results of what began before say nothing new. */
  readonly since: number
  /** Where open: until when nothing is sent. */
  readonly until: number
  /** Failures in a row. */
  readonly consecutive: number
  readonly window: readonly Bucket[]
  readonly probe: { readonly owner: string; readonly until: number } | null
  /** Since the gateway started, for those who watch. */
  readonly totals: { readonly requests: number; readonly failures: number; readonly totalMs: number }
  /** The failure that opened it, or the last one. */
  readonly code: ErrorCode | null
}

/** What a request found out about a target. */
export interface BreakerOutcome {
  readonly ok: boolean
  readonly startedAt: number
  readonly durationMs: number
  /** The request, which may hold the probe. */
  readonly owner: string
  readonly code: ErrorCode | null
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
const buckets = 10

export const freshBreaker: Breaker = {
  isOpen: false,
  since: -Infinity,
  until: 0,
  consecutive: 0,
  window: [],
  probe: null,
  totals: { requests: 0, failures: 0, totalMs: 0 },
  code: null,
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

/** Whether a failure counts against the breaker of its target. */
export function countsAgainstTarget(code: ErrorCode): boolean {
  return targetFaults.has(code)
}

/** The state at a moment. */
export function breakerPhase(breaker: Breaker | undefined, now: number): BreakerPhase {
  if (breaker === undefined || !breaker.isOpen) return 'closed'
  return breaker.until > now ? 'open' : 'half_open'
}

/** Whether somebody is probing it at this moment. */
export function isProbed(breaker: Breaker, now: number): boolean {
  return breaker.probe !== null && breaker.probe.until > now
}

/** The breaker with its probe taken by `owner`; undefined where it is not half open, or somebody else has it. */
export function claimProbe(breaker: Breaker, owner: string, now: number, leaseMs = probeLeaseMs): Breaker | undefined {
  if (breakerPhase(breaker, now) !== 'half_open') return undefined
  if (isProbed(breaker, now) && breaker.probe?.owner !== owner) return undefined
  return { ...breaker, probe: { owner, until: now + leaseMs } }
}

/** The breaker after a request that says nothing of the target: its probe, where it held it, is free again. */
export function releaseProbe(breaker: Breaker, owner: string): Breaker {
  return breaker.probe?.owner === owner ? { ...breaker, probe: null } : breaker
}

/** The breaker once the first content of a probe is there: that is proof enough. */
export function afterAccepted(breaker: Breaker, owner: string, now: number): Breaker {
  if (!breaker.isOpen || breaker.probe?.owner !== owner) return breaker
  return { ...breaker, isOpen: false, since: now, until: 0, consecutive: 0, window: [], probe: null, code: null }
}

/** The breaker after an outcome that counts. */
export function afterOutcome(
  breaker: Breaker,
  outcome: BreakerOutcome,
  settings: BreakerSettings,
  now: number,
): Breaker {
  const totals = {
    requests: breaker.totals.requests + 1,
    failures: breaker.totals.failures + (outcome.ok ? 0 : 1),
    totalMs: breaker.totals.totalMs + outcome.durationMs,
  }
  const isProbe = breaker.probe?.owner === outcome.owner
  // What began before the last turn of events says nothing of what is now.
  if (outcome.startedAt < breaker.since && !isProbe) return { ...breaker, totals }
  if (breaker.isOpen) {
    if (!isProbe) return { ...breaker, totals }
    if (outcome.ok) return { ...afterAccepted(breaker, outcome.owner, now), totals }
    return { ...breaker, totals, since: now, until: now + settings.resetMs, probe: null, code: outcome.code }
  }
  const consecutive = outcome.ok ? 0 : breaker.consecutive + 1
  const window = counted(breaker.window, outcome.ok, settings.windowMs, now)
  const next: Breaker = { ...breaker, totals, consecutive, window, code: outcome.ok ? breaker.code : outcome.code }
  if (outcome.ok || !settings.enabled || !trips(next, settings)) return next
  return { ...next, isOpen: true, since: now, until: now + settings.resetMs, window: [], probe: null }
}

function trips({ consecutive, window }: Breaker, settings: BreakerSettings): boolean {
  if (consecutive >= settings.failureThreshold) return true
  const total = window.reduce((sum, bucket) => sum + bucket.total, 0)
  const failed = window.reduce((sum, bucket) => sum + bucket.failed, 0)
  return total >= settings.minRequests && (failed / total) * 100 >= settings.errorPercent
}

function counted(window: readonly Bucket[], ok: boolean, windowMs: number, now: number): readonly Bucket[] {
  const width = windowMs / buckets
  const from = Math.floor(now / width) * width
  const kept = window.filter((bucket) => bucket.from > now - windowMs && bucket.from !== from)
  const current = window.find((bucket) => bucket.from === from) ?? { from, total: 0, failed: 0 }
  return [...kept, { from, total: current.total + 1, failed: current.failed + (ok ? 0 : 1) }]
}
