// What a server of memory writes down of its state, and takes up again: nothing stays that the state has forgotten.
import { isHealthy, settledBreaker, type Breaker } from '../policy/breaker.ts'
import type { Lock } from '../policy/locks.ts'
import { nothingKnown, rememberMs, settledLock, type Entries } from './known.ts'
import type { CoordinationState } from './state.ts'

/** What an owner holds, as it is kept. */
export interface HeldSlots {
  readonly slots: readonly string[]
  readonly until: number
}

/** Where it is written down; undefined: it is over. Ordered, and never waited for. */
export interface Keeper {
  lock(key: string, lock: Lock | undefined): void
  breaker(key: string, breaker: Breaker | undefined): void
  owner(owner: string, held: HeldSlots | undefined): void
}

/** What was written down, by whoever was there before. */
export interface Kept {
  readonly locks: Entries<Lock>
  readonly breakers: Entries<Breaker>
  readonly owners: Entries<HeldSlots>
}

export interface Written {
  /** The state learns what is still of use of what was kept; the rest is over. */
  restore(kept: Pick<Kept, 'locks' | 'breakers'>, now: number): void
  /** A lock that changed. */
  lock(key: string): void
  /** A breaker that changed; one that is well is not written down. */
  breaker(key: string): void
}

const spareKept = 100

/** Writes down what changes in a state. */
export function createWritten(state: Pick<CoordinationState, 'locks' | 'breakers' | 'learn'>, keeper: Keeper): Written {
  const keptLocks = new Set<string>()
  const keptBreakers = new Set<string>()
  return {
    restore({ locks, breakers }, now) {
      state.learn({ ...nothingKnown, ...stillOfUse(locks, breakers, now) })
      for (const [key] of locks)
        if (state.locks.has(key)) keptLocks.add(key)
        else keeper.lock(key, undefined)
      for (const [key] of breakers)
        if (state.breakers.has(key)) keptBreakers.add(key)
        else keeper.breaker(key, undefined)
    },
    lock(key) {
      const lock = state.locks.get(key)
      keeper.lock(key, lock)
      if (lock === undefined) keptLocks.delete(key)
      else keptLocks.add(key)
      forgetPushedOut(keptLocks, state.locks, keeper.lock)
    },
    breaker(key) {
      const breaker = state.breakers.get(key)
      if (breaker !== undefined && !isHealthy(breaker)) {
        keptBreakers.add(key)
        keeper.breaker(key, breaker)
        forgetPushedOut(keptBreakers, state.breakers, keeper.breaker)
      } else if (keptBreakers.delete(key)) keeper.breaker(key, undefined)
    },
  }
}

function stillOfUse(locks: Entries<Lock>, breakers: Entries<Breaker>, now: number) {
  return {
    locks: locks
      .filter(([, { until }]) => until + rememberMs > now)
      .map(([key, lock]) => [key, settledLock(lock, now)] as const),
    breakers: breakers
      .filter(([, { until, since, from }]) => Math.max(until, since, from) + rememberMs > now)
      .map(([key, breaker]) => [key, settledBreaker(breaker, now)] as const),
  }
}

/** What the state has pushed out is not to be kept for ever. */
function forgetPushedOut(
  kept: Set<string>,
  known: ReadonlyMap<string, unknown>,
  forget: (key: string, value: undefined) => void,
): void {
  if (kept.size <= known.size + spareKept) return
  for (const key of kept)
    if (!known.has(key)) {
      forget(key, undefined)
      kept.delete(key)
    }
}
