// Entries of what is known, as plain data that may travel or be kept, and how they are brought to another clock.
import type { Breaker } from '../policy/breaker.ts'
import type { Cursor } from '../policy/cursor.ts'
import { lockKey, placesOf, targetKey, type Health, type Home } from '../policy/health.ts'
import type { Lock } from '../policy/locks.ts'
import type { Speed } from '../policy/speed.ts'
import type { CoordinationEvent, Use } from './event.ts'
import type { Watch } from './watch.ts'

export type Entries<V> = readonly (readonly [key: string, value: V])[]

/** A part of a `Health`. */
export interface Known {
  readonly locks: Entries<Lock>
  readonly turns: Entries<number>
  readonly homes: Entries<Home>
  readonly breakers: Entries<Breaker>
  readonly loads: Entries<number>
  readonly speeds: Entries<Speed>
  readonly cursors: Entries<Cursor>
}

export const nothingKnown: Known = {
  locks: [],
  turns: [],
  homes: [],
  breakers: [],
  loads: [],
  speeds: [],
  cursors: [],
}

/** What is known of the keys that a request will look at. */
export function knownOf(health: Health, { locks, targets, providers, homes, routes }: Watch): Known {
  return {
    locks: picked(health.locks, locks),
    turns: picked(health.turns, providers),
    homes: picked(health.homes, homes),
    breakers: picked(health.breakers, targets),
    loads: picked(health.loads, targets),
    speeds: picked(health.speeds, targets),
    cursors: picked(health.cursors, routes),
  }
}

/** Everything that is known. */
export function allKnown(health: Health): Known {
  return {
    locks: [...health.locks],
    turns: [...health.turns],
    homes: [...health.homes],
    breakers: [...health.breakers],
    loads: [...health.loads],
    speeds: [...health.speeds],
    cursors: [...health.cursors],
  }
}

function picked<V>(map: ReadonlyMap<string, V>, keys: readonly string[]): Entries<V> {
  return keys.flatMap((key) => {
    const value = map.get(key)
    return value === undefined ? [] : [[key, value] as const]
  })
}

/** The locks and the breaker that a use of a target may change. */
export function touchedBy(use: Use): { readonly locks: readonly string[]; readonly breaker: string } {
  return { locks: Object.values(placesOf(use, use.account)).map(lockKey), breaker: targetKey(use) }
}

/** A lock or a breaker that is over is remembered for so many milliseconds: the next failure counts on from it. */
export const rememberMs = 86_400_000

/** The same event for whoever's clock is ahead by so many milliseconds. */
export function shifted(event: CoordinationEvent, byMs: number): CoordinationEvent {
  if (!('use' in event)) return event
  return { ...event, use: { ...event.use, startedAt: event.use.startedAt + byMs } }
}

/**
 * A lock as it is kept, on a clock that may have been set back since: what seems to begin later than now begins now, so
 * that it holds for as long as it was meant to and no longer.
 */
export function settledLock(lock: Lock, now: number): Lock {
  const ahead = lock.since - now
  return ahead <= 0 ? lock : { ...lock, since: now, until: lock.until - ahead }
}
