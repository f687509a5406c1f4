// What is known of accounts and targets at one moment, as data: the planner reads it, serving keeps it. Keys are made
// here and nowhere else.
import { fnv1a64 } from '../catalog/digest.ts'
import type { TargetRecord } from '../catalog/snapshot.ts'
import type { Breaker } from './breaker.ts'
import type { Cursor } from './cursor.ts'
import type { RouteDecision } from './decision.ts'
import { holds, type Lock, type LockPlace } from './locks.ts'
import type { Speed } from './speed.ts'

/** The account that a session went to. */
export interface Home {
  readonly account: string
  readonly usedAt: number
}

export interface Health {
  /** Milliseconds of the clock that everything here was written with. */
  readonly now: number
  readonly locks: ReadonlyMap<string, Lock>
  /** Requests that each provider's accounts have shared in turn so far, by provider. */
  readonly turns: ReadonlyMap<string, number>
  /** By `homeKey`. */
  readonly homes: ReadonlyMap<string, Home>
  /** How long a session that is not heard of keeps its account. */
  readonly homeTtlMs: number
  /** By `targetKey`. */
  readonly breakers: ReadonlyMap<string, Breaker>
  /** Requests under way, by `targetKey`. */
  readonly loads: ReadonlyMap<string, number>
  /** By `targetKey`. */
  readonly speeds: ReadonlyMap<string, Speed>
  /** By name of the route. */
  readonly cursors: ReadonlyMap<string, Cursor>
}

/** Nothing has happened yet. */
export const noHealth: Health = {
  now: 0,
  locks: new Map(),
  turns: new Map(),
  homes: new Map(),
  homeTtlMs: 0,
  breakers: new Map(),
  loads: new Map(),
  speeds: new Map(),
  cursors: new Map(),
}

/** The name of what a lock is on. */
export function lockKey(place: LockPlace): string {
  const parts = place.on === 'account' ? [] : [place.model, place.region]
  return [place.on, place.provider, place.account, ...parts].map((part) => part ?? '').join('\u0000')
}

/** The name of a session at a provider: a hash, so that what a client calls its user is kept nowhere. */
export function homeKey(provider: string, session: string): string {
  return `${provider}\u0000${fnv1a64(session)}`
}

/** Where a request goes: a target with its model resolved. */
export interface Destination {
  /** The route that the target is of; null where a provider was named directly. */
  readonly route: string | null
  readonly target: Pick<TargetRecord, 'name' | 'provider' | 'account' | 'region'>
  readonly model: string
}

/** The name of a target of a route; one that passes on any model is a target for each of them. */
export function targetKey({ route, target, model }: Destination): string {
  return `${route ?? ''}\u0000${target.name}\u0000${model}`
}

/** The three things of an attempt that can be locked, widest first. */
export function placesOf({ target, model }: Destination, account: string | null): Record<LockPlace['on'], LockPlace> {
  const { provider, region } = target
  return {
    account: { on: 'account', provider, account },
    model: { on: 'model', provider, account, model, region },
    target: { on: 'target', provider, account: target.account, model, region },
  }
}

/** The lock that keeps a target from being tried with any account. */
export function targetLock(health: Health, destination: Destination): Lock | undefined {
  // Nearly always there is none, and this is asked for every request.
  if (health.locks.size === 0) return undefined
  const lock = health.locks.get(lockKey(placesOf(destination, null).target))
  return holds(lock, health.now) ? lock : undefined
}

/** The lock that keeps an account from being used for a target: the one that ends last. */
export function accountLock(health: Health, destination: Destination, account: string | null): Lock | undefined {
  if (health.locks.size === 0) return undefined
  const places = placesOf(destination, account)
  let last: Lock | undefined
  for (const place of [places.account, places.model]) {
    const lock = health.locks.get(lockKey(place))
    if (holds(lock, health.now) && lock.until > (last?.until ?? -Infinity)) last = lock
  }
  return last
}

/**
 * Milliseconds until the first account of a decision may be used again; undefined while one of them may be used now, or
 * nothing is locked.
 */
export function soonestUnlock(
  { candidates, rejected }: Pick<RouteDecision, 'candidates' | 'rejected'>,
  health: Health,
): number | undefined {
  const waits = rejected.flatMap(({ retryInMs }) => (retryInMs === undefined ? [] : [retryInMs]))
  for (const candidate of candidates)
    for (const account of candidate.accounts.length === 0 ? [null] : candidate.accounts) {
      const lock = targetLock(health, candidate) ?? accountLock(health, candidate, account)
      if (lock === undefined) return undefined
      waits.push(Math.ceil(lock.until - health.now))
    }
  return waits.length === 0 ? undefined : Math.min(...waits)
}
