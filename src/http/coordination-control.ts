// What instances agree on as operators may see and mend it: in wall-clock time.
import type { Coordinator } from '../coordination/coordinator.ts'
import { tallyKey } from '../coordination/tally.ts'
import type { CoordinationControl } from '../operations/operation.ts'
import { holds } from '../policy/locks.ts'
import type { Clock } from '../ports/index.ts'

/** The control of one coordinator. */
export function coordinationControl(coordinator: Coordinator, clock: Clock): CoordinationControl {
  return {
    guarantee: coordinator.guarantee,
    async look() {
      const view = await coordinator.view()
      const offset = clock.now() - view.now
      const wall = (time: number): number => Math.round(time + offset)
      return {
        // With the counts of this instance, where others share what keeps targets away.
        health: { ...view.health, breakers: view.breakers },
        slots: view.slots,
        wall,
        locks: view.locks
          .filter((lock) => holds(lock, view.now))
          .map(({ place, code, failures, since, until, isPermanent }) => ({
            on: place.on,
            provider: place.provider,
            account: place.account,
            model: place.on === 'account' ? null : place.model,
            region: place.on === 'account' ? null : place.region,
            reason: code,
            failures,
            since: wall(since),
            until: wall(until),
            ...(isPermanent === true && { isPermanent }),
          })),
        tally(provider, account) {
          const tally = view.tallies.get(tallyKey(provider, account))
          return tally && { ...tally, lastUsedAt: wall(tally.lastUsedAt) }
        },
      }
    },
    resetLocks: async (selector) => coordinator.resetLocks(selector),
    resetBreaker: async (route, target, model) => coordinator.resetBreaker(route, target, model),
  }
}
