// What a server of memory writes down of its state, and takes out again: nothing stays that the state has forgotten.
import { isHealthy, type Breaker } from '../policy/breaker.ts'
import type { Lock } from '../policy/locks.ts'
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

/** What lies in the store of a server. */
export interface Written {
  /** Says of what was found there, once the state has learned what is still of use, that the rest is over. */
  found(kept: { readonly locks: Keys; readonly breakers: Keys }): void
  /** A lock that changed. */
  lock(key: string): void
  /** A breaker that changed; one that is well is not written down. */
  breaker(key: string): void
}

type Keys = readonly (readonly [key: string, value: unknown])[]

const spareKept = 100

/** Writes down what changes in a state. */
export function createWritten(state: Pick<CoordinationState, 'locks' | 'breakers'>, keeper: Keeper): Written {
  const keptLocks = new Set<string>()
  const keptBreakers = new Set<string>()
  return {
    found({ locks, breakers }) {
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
