// What is known of accounts and targets, and what events make of it: locks, breakers, whose turn it is, which session went
// where, how fast and how busy targets are. One machine for every backend: in a process, in a Durable Object, and for the
// time of one request. By the names of the configuration, so that a reload loses nothing of it; everything is bounded.
// Plain data and no promise, so that requests may share it on every runtime.
import { assertNever } from '../ir/assert-never.ts'
import { advanced, type Cursor } from '../policy/cursor.ts'
import type { Breaker } from '../policy/breaker.ts'
import { targetKey, type Health, type Home } from '../policy/health.ts'
import type { Lock } from '../policy/locks.ts'
import { isFaultOfRequest } from '../policy/request-faults.ts'
import { withAnswer, type Speed } from '../policy/speed.ts'
import { put, putAll } from './bounded.ts'
import { createBreakerTable } from './breaker-table.ts'
import type { CoordinationEvent, EndedUse, FailedUse, Use } from './event.ts'
import type { Known } from './known.ts'
import type { LockSelector } from './lock-selector.ts'
import { createLockTable } from './lock-table.ts'
import { counted, tallyKey, type AccountTally, type More } from './tally.ts'

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
  /** By `tallyKey`. */
  readonly tallies: ReadonlyMap<string, AccountTally>
  /** Forgets locks and the failures behind them. Returns how many held. */
  resetLocks(selector: LockSelector, now: number): number
  /** Forgets the breaker of a target, its counts too: that of one model, or of all. Returns whether one was open. */
  resetBreaker(route: string | null, target: string, model?: string | null): boolean
}

/** Nothing has happened yet. */
export function createState(limits: StateLimits = stateLimits): CoordinationState {
  const locks = createLockTable(limits.maxLocks)
  const breakers = createBreakerTable(limits.maxTargets)
  const turns = new Map<string, number>()
  const homes = new Map<string, Home>()
  const tallies = new Map<string, AccountTally>()
  const loads = new Map<string, number>()
  const speeds = new Map<string, Speed>()
  const cursors = new Map<string, Cursor>()

  function bindHome(use: Use, isProven: boolean, now: number): void {
    if (use.home === undefined || use.account === null) return
    const home = homes.get(use.home)
    const keeps = !isProven && home !== undefined && now - home.usedAt <= limits.sessionTtlMs
    put(homes, use.home, { account: keeps ? home.account : use.account, usedAt: now }, limits.maxSessions)
  }

  function count({ target, account }: Use, more: More, now: number): void {
    const key = tallyKey(target.provider, account ?? '')
    put(tallies, key, counted(tallies.get(key), more, now), limits.maxAccounts)
  }

  function load(key: string, by: 1 | -1): void {
    const next = (loads.get(key) ?? 0) + by
    if (next <= 0) loads.delete(key)
    else put(loads, key, next, limits.maxTargets)
  }

  function ended({ use, outcome, settings }: EndedUse, now: number, random: number): void {
    const key = targetKey(use)
    load(key, -1)
    switch (outcome.type) {
      case 'neutral':
        return breakers.releaseProbe(key, use.requestId)
      case 'completed':
        put(speeds, key, withAnswer(speeds.get(key), outcome, now), limits.maxTargets)
        locks.worked(use, true)
        return breakers.ended({ use, outcome, settings }, now)
      case 'failed':
        return failed({ use, outcome, settings }, now, random)
      default:
        return assertNever(outcome)
    }
  }

  function failed(failure: FailedUse, now: number, random: number): void {
    const { use, outcome } = failure
    const { code, origin } = outcome.error
    // The request itself is at fault, or we are: nothing was found out of the target.
    if (origin !== 'upstream') return breakers.releaseProbe(targetKey(use), use.requestId)
    if (isFaultOfRequest(code)) breakers.releaseProbe(targetKey(use), use.requestId)
    else {
      breakers.ended(failure, now)
      count(use, { failures: 1, ...(code === 'upstream_auth' && { authFailures: 1 }) }, now)
    }
    locks.failed(failure, now, random)
  }

  return {
    locks: locks.all,
    breakers: breakers.all,
    tallies,
    health: (now) => ({
      now,
      locks: locks.all,
      turns,
      homes,
      homeTtlMs: limits.sessionTtlMs,
      breakers: breakers.all,
      loads,
      speeds,
      cursors,
    }),
    apply(event, now, random) {
      switch (event.type) {
        case 'planned': {
          const { step } = event
          return put(cursors, step.route, advanced(cursors.get(step.route) ?? {}, step), limits.maxTargets)
        }
        case 'turn':
          return put(turns, event.provider, (turns.get(event.provider) ?? 0) + 1, limits.maxProviders)
        case 'began':
          count(event.use, { attempts: 1 }, now)
          bindHome(event.use, false, now)
          return load(targetKey(event.use), 1)
        case 'accepted':
          bindHome(event.use, true, now)
          locks.worked(event.use, false)
          return breakers.accepted(event.use)
        case 'ended':
          return ended(event, now, random)
        default:
          return assertNever(event)
      }
    },
    learn(known) {
      locks.learn(known.locks)
      putAll(turns, known.turns)
      putAll(homes, known.homes)
      breakers.learn(known.breakers)
      putAll(loads, known.loads)
      putAll(speeds, known.speeds)
      putAll(cursors, known.cursors)
    },
    claimProbe: breakers.claimProbe,
    releaseProbe: breakers.releaseProbe,
    resetLocks: locks.reset,
    resetBreaker: breakers.reset,
  }
}
