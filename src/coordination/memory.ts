// Coordination within one process: everything is known here, and at once.
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { Clock, Random } from '../ports/index.ts'
import type { AdmissionAsk, CoordinationView, Coordinator, Guarantee, Session } from './coordinator.ts'
import { processGuarantee } from './guarantees.ts'
import { createSlots, refusalOf } from './slots.ts'
import { createState, type StateLimits } from './state.ts'

/** A request of an isolate that is still counted after so long is gone, in milliseconds. */
export const isolateLeaseMs = 3_600_000

/** A coordinator of this process. Monotonic clock, so that a jump of the wall clock moves nothing. */
export function createMemoryCoordinator(
  clock: Clock,
  random: Random,
  guarantee: Guarantee = processGuarantee,
  limits?: StateLimits,
): Coordinator {
  const state = createState(limits)
  const slots = createSlots()
  const now = (): number => clock.mono()
  // In a process nobody else can have them, so they are held until they are given back; Workers may end a request in the
  // middle, with nothing run after it.
  const leaseMs = guarantee.scope === 'isolate' ? isolateLeaseMs : Infinity

  function sessionOf(ask: AdmissionAsk): Session {
    let settled = false
    let probes: string[] | undefined
    return {
      now,
      health: () => state.health(now()),
      planned: (step) => state.apply({ type: 'planned', step }, now(), 0),
      takeTurn: (provider) => state.apply({ type: 'turn', provider }, now(), 0),
      began: (use) => state.apply({ type: 'began', use }, now(), 0),
      accepted: (use) => state.apply({ type: 'accepted', use }, now(), 0),
      ended: (use, outcome, settings) => state.apply({ type: 'ended', use, outcome, settings }, now(), random.next()),
      claimProbe(target) {
        const isMine = state.claimProbe(target, ask.requestId, now())
        if (isMine) (probes ??= []).push(target)
        return isMine
      },
      settle() {
        if (settled) return
        settled = true
        // One that led to no call would keep the others out until its lease ends.
        for (const target of probes ?? []) state.releaseProbe(target, ask.requestId)
        if (ask.slots.length > 0) slots.release(ask.requestId, ask.slots)
      },
    }
  }

  return {
    guarantee,
    admit(ask): Outcome<Session> {
      const refused = ask.slots.length === 0 ? undefined : slots.take(ask.requestId, ask.slots, now(), leaseMs)
      if (refused !== undefined) return failed(refusalOf(refused), { retryAfterMs: 1000 })
      return ok(sessionOf(ask))
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
    resetBreaker: (route, target) => state.resetBreaker(route, target),
  }
}
