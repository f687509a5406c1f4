// Coordination within one process: everything is known here, and at once.
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { Clock, Random } from '../ports/index.ts'
import type { CoordinationView, Coordinator, Guarantee, Session } from './coordinator.ts'
import { guarantees } from './guarantees.ts'
import { localSession } from './session.ts'
import { createSlots, refusalOf } from './slots.ts'
import { createState, type StateLimits } from './state.ts'

/** A request of an isolate that is still counted after so long is gone, in milliseconds. */
export const isolateLeaseMs = 3_600_000

/** A coordinator of this process. Monotonic clock, so that a jump of the wall clock moves nothing. */
export function createMemoryCoordinator(
  clock: Clock,
  random: Random,
  guarantee: Guarantee = guarantees.process,
  limits?: StateLimits,
): Coordinator {
  const state = createState(limits)
  const slots = createSlots()
  const now = (): number => clock.mono()
  // In a process nobody else can have them, so they are held until they are given back; Workers may end a request in the
  // middle, with nothing run after it.
  const leaseMs = guarantee.scope === 'isolate' ? isolateLeaseMs : Infinity

  return {
    guarantee,
    admit(ask): Outcome<Session> {
      const refused = ask.slots.length === 0 ? undefined : slots.take(ask.requestId, ask.slots, now(), leaseMs)
      if (refused !== undefined) return failed(refusalOf(refused), { retryAfterMs: 1000 })
      const { requestId } = ask
      const settled = (): void => slots.release(requestId, ask.slots)
      return ok(localSession({ state, now, random, requestId, settled }))
    },
    view: (): CoordinationView => ({
      now: now(),
      health: state.health(now()),
      locks: [...state.locks.values()],
      breakers: state.breakers,
      tallies: state.tallies,
      slots: slots.used(now()),
    }),
    resetLocks: (selector) => state.resetLocks(selector, now()),
    resetBreaker: (route, target, model) => state.resetBreaker(route, target, model),
  }
}
