// What is known of accounts and targets, and what events make of it: locks, breakers, whose turn it is, which session went
// where, how fast and how busy targets are. One machine for every backend: in a process, in a Durable Object, and for the
// time of one request. By the names of the configuration, so that a reload loses nothing of it; everything is bounded.
// Plain data and no promise, so that requests may share it on every runtime.
import type { ErrorCode } from '../ir/error.ts'
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
import { advanced, type Cursor } from '../policy/cursor.ts'
import { lockKey, placesOf, targetKey, type Health, type Home } from '../policy/health.ts'
import { holds, lockAfterFailure, lockAfterSuccess, lockedBy, type Lock } from '../policy/locks.ts'
import { measured, type Speed } from '../policy/speed.ts'
import { put, putBreaker, putLock, take } from './bounded.ts'
import type { CoordinationEvent, Use, UseOutcome } from './event.ts'
import type { Known } from './known.ts'
import { isMeant, type LockSelector } from './lock-selector.ts'

/** How much is remembered at most, and for how long. */
export interface StateLimits {
  /** Locks, those that are over but whose failures still count among them; the locks of whole accounts go last. */
  readonly maxLocks: number
  readonly maxSessions: number
  /** How long a session that is not heard of keeps its account. */
  readonly sessionTtlMs: number
  readonly maxProviders: number
  readonly maxAccounts: number
  /** Breakers, speeds, loads and cursors, each. */
  readonly maxTargets: number
}

export const stateLimits: StateLimits = {
  maxLocks: 10_000,
  maxSessions: 20_000,
  sessionTtlMs: 3_600_000,
  maxProviders: 1000,
  maxAccounts: 10_000,
  maxTargets: 10_000,
}

/** How an account has done since the gateway started. */
export interface AccountTally {
  /** On the clock of the coordinator. */
  readonly lastUsedAt: number
  readonly attempts: number
  readonly failures: number
  /** Those where the provider refused the credential. */
  readonly authFailures: number
}

export interface CoordinationState {
  /** A view for the planner; looking changes nothing. The maps are live. */
  health(now: number): Health
  /** @param random uniform in [0, 1) */
  apply(event: CoordinationEvent, now: number, random: number): void
  /** Takes over what somebody else knows. */
  learn(known: Known): void
  /** Whether `owner` may probe a target whose breaker is half open; takes the lease where it may. */
  claimProbe(target: string, owner: string, now: number): boolean
  /** Gives a lease back that nothing came of; without effect where `owner` does not hold it. */
  releaseProbe(target: string, owner: string): void
  readonly locks: ReadonlyMap<string, Lock>
  readonly breakers: ReadonlyMap<string, Breaker>
  readonly tallies: ReadonlyMap<string, AccountTally>
  tally(provider: string, account: string): AccountTally | undefined
  /** Forgets locks and the failures behind them. Returns how many held. */
  resetLocks(selector: LockSelector, now: number): number
  /** Forgets the breaker of a target (all models of it), its counts too. Returns whether one was open. */
  resetBreaker(route: string | null, target: string): boolean
}

/** What a provider turns away whoever asks. */
const faultsOfRequests: ReadonlySet<ErrorCode> = new Set([
  'upstream_rejected',
  'upstream_filtered',
  'upstream_context_overflow',
])

/** Nothing has happened yet. */
export function createState(limits: StateLimits = stateLimits): CoordinationState {
  const locks = new Map<string, Lock>()
  const turns = new Map<string, number>()
  const homes = new Map<string, Home>()
  const tallies = new Map<string, AccountTally>()
  const breakers = new Map<string, Breaker>()
  const loads = new Map<string, number>()
  const speeds = new Map<string, Speed>()
  const cursors = new Map<string, Cursor>()

  function bindHome(use: Use, isProven: boolean, now: number): void {
    if (use.home === undefined || use.account === null) return
    const home = homes.get(use.home)
    const keeps = !isProven && home !== undefined && now - home.usedAt <= limits.sessionTtlMs
    put(homes, use.home, { account: keeps ? home.account : use.account, usedAt: now }, limits.maxSessions)
  }

  function count(use: Use, now: number, more: Partial<Record<'attempts' | 'failures' | 'authFailures', number>>): void {
    const key = tallyKey(use.target.provider, use.account ?? '')
    const tally = tallies.get(key)
    put(
      tallies,
      key,
      {
        lastUsedAt: more.attempts === undefined ? (tally?.lastUsedAt ?? now) : now,
        attempts: (tally?.attempts ?? 0) + (more.attempts ?? 0),
        failures: (tally?.failures ?? 0) + (more.failures ?? 0),
        authFailures: (tally?.authFailures ?? 0) + (more.authFailures ?? 0),
      },
      limits.maxAccounts,
    )
  }

  function load(key: string, by: 1 | -1): void {
    const next = (loads.get(key) ?? 0) + by
    if (next <= 0) loads.delete(key)
    else put(loads, key, next, limits.maxTargets)
  }

  function setBreaker(key: string, next: Breaker): void {
    putBreaker(breakers, key, next, limits.maxTargets)
  }

  function freeProbe(key: string, owner: string): void {
    const breaker = breakers.get(key)
    if (breaker?.probe?.owner === owner) setBreaker(key, releaseProbe(breaker, owner))
  }

  // Nearly always there are no locks, and this is asked of every request.
  function proven(use: Use, isWhole: boolean): void {
    if (locks.size === 0) return
    const places = placesOf(use, use.account)
    // That tokens can be counted says nothing of a model's own limits.
    for (const place of use.task === 'count-tokens' ? [places.account] : Object.values(places)) {
      const key = lockKey(place)
      if (lockAfterSuccess(locks.get(key), use.startedAt, isWhole) === undefined) locks.delete(key)
    }
  }

  function accepted(use: Use, now: number): void {
    bindHome(use, true, now)
    proven(use, false)
    const key = targetKey(use)
    const breaker = breakers.get(key)
    if (breaker?.isOpen === true) setBreaker(key, afterAccepted(breaker, use.requestId, use.startedAt))
  }

  function ended({ use, outcome, settings }: Ended, now: number, random: number): void {
    const key = targetKey(use)
    load(key, -1)
    switch (outcome.type) {
      case 'neutral':
        return freeProbe(key, use.requestId)
      case 'completed':
        measure(key, outcome, now)
        proven(use, true)
        return setBreaker(key, judged(key, { use, outcome, settings }, now))
      case 'failed':
        // The request itself is at fault, or we are: nothing was found out.
        if (outcome.error.origin !== 'upstream' || faultsOfRequests.has(outcome.error.code))
          freeProbe(key, use.requestId)
        else setBreaker(key, judged(key, { use, outcome, settings }, now))
        return failed(use, outcome, settings, now, random)
    }
  }

  function judged(key: string, { use, outcome, settings }: Told, now: number): Breaker {
    const code = outcome.type === 'completed' ? null : outcome.error.code
    const told = { code, startedAt: use.startedAt, durationMs: Math.round(outcome.totalMs), owner: use.requestId }
    const breaker = breakers.get(key) ?? freshBreaker
    return outcome.type === 'completed' || countsAgainstTarget(outcome.error.code, outcome.isCommitted)
      ? afterOutcome(breaker, told, settings.breaker, now)
      : afterOtherFailure(breaker, told, now)
  }

  function measure(key: string, { ttftMs, totalMs }: UseOutcome & { type: 'completed' }, now: number): void {
    const speed = speeds.get(key)
    const next: Speed =
      ttftMs === null
        ? { ...speed, total: measured(speed?.total, totalMs, now) }
        : { ...speed, ttft: measured(speed?.ttft, ttftMs, now) }
    put(speeds, key, next, limits.maxTargets)
  }

  function failed(
    use: Use,
    { error, isCommitted }: UseOutcome & { type: 'failed' },
    settings: Ended['settings'],
    now: number,
    random: number,
  ): void {
    if (error.origin !== 'upstream') return
    if (!faultsOfRequests.has(error.code))
      count(use, now, { failures: 1, ...(error.code === 'upstream_auth' && { authFailures: 1 }) })
    // An overload that comes in the middle of an answer is no reason to keep the account from the next one.
    if (isCommitted && error.code === 'upstream_overloaded') return
    const { task, startedAt } = use
    const { code, retryAfterMs } = error
    const failure = { code, task, startedAt, retryAfterMs, isPermanent: error.isPermanent }
    const on = lockedBy(failure)
    if (on === undefined) return
    const place = placesOf(use, use.account)[on]
    const key = lockKey(place)
    const lock = lockAfterFailure(locks.get(key), failure, place, settings, now, random)
    if (lock !== undefined) putLock(locks, key, lock, limits.maxLocks)
  }

  return {
    locks,
    breakers,
    tallies,
    health: (now) => ({
      now,
      locks,
      turns,
      homes,
      homeTtlMs: limits.sessionTtlMs,
      breakers,
      loads,
      speeds,
      cursors,
    }),
    apply(event, now, random) {
      switch (event.type) {
        case 'planned':
          return put(
            cursors,
            event.step.route,
            advanced(cursors.get(event.step.route) ?? {}, event.step),
            limits.maxTargets,
          )
        case 'turn':
          return put(turns, event.provider, (turns.get(event.provider) ?? 0) + 1, limits.maxProviders)
        case 'began':
          count(event.use, now, { attempts: 1 })
          bindHome(event.use, false, now)
          return load(targetKey(event.use), 1)
        case 'accepted':
          return accepted(event.use, now)
        case 'ended':
          return ended(event, now, random)
      }
    },
    learn(known) {
      take(locks, known.locks)
      take(turns, known.turns)
      take(homes, known.homes)
      take(breakers, known.breakers)
      take(loads, known.loads)
      take(speeds, known.speeds)
      take(cursors, known.cursors)
    },
    claimProbe(target, owner, now) {
      const claimed = claimProbe(breakers.get(target) ?? freshBreaker, owner, now)
      if (claimed === undefined) return false
      setBreaker(target, claimed)
      return true
    },
    releaseProbe: freeProbe,
    tally: (provider, account) => tallies.get(tallyKey(provider, account)),
    resetLocks(selector, now) {
      let held = 0
      for (const [key, lock] of locks) {
        if (!isMeant(lock, selector)) continue
        if (holds(lock, now)) held++
        locks.delete(key)
      }
      return held
    },
    resetBreaker(route, target) {
      const prefix = `${route ?? ''}\u0000${target}\u0000`
      let wasOpen = false
      for (const [key, breaker] of breakers) {
        if (!key.startsWith(prefix)) continue
        wasOpen ||= breaker.isOpen
        breakers.delete(key)
      }
      return wasOpen
    },
  }
}

type Ended = CoordinationEvent & { readonly type: 'ended' }
/** An outcome that says something. */
type Told = Pick<Ended, 'use' | 'settings'> & { readonly outcome: Exclude<UseOutcome, { readonly type: 'neutral' }> }

/** The name of an account in the tallies. */
export function tallyKey(provider: string, account: string): string {
  return `${provider}\u0000${account}`
}
