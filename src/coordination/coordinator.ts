// The one way to what instances of a gateway agree on. A request is admitted once, tells what happens to it, and is settled
// once; what is known comes back with the admission, so that nothing on the hot path asks again.
import type { CoordinationSettings } from '../catalog/snapshot.ts'
import type { Outcome } from '../ir/error.ts'
import type { Breaker } from '../policy/breaker.ts'
import type { CursorStep } from '../policy/cursor.ts'
import type { Health } from '../policy/health.ts'
import type { Lock } from '../policy/locks.ts'
import type { TargetSettings, Use, UseOutcome } from './event.ts'
import type { LockSelector } from './lock-selector.ts'
import type { AccountTally } from './tally.ts'
import type { Watch } from './watch.ts'

/** At once where the coordinator is in this process, else later: whoever awaits only promises pays for none. */
export type Soon<T> = T | Promise<T>

/** A number of requests that may be in flight together. */
export interface SlotAsk {
  /** `global`, `tenant:acme` */
  readonly name: string
  readonly limit: number
}

export interface AdmissionAsk {
  readonly requestId: string
  readonly tenant: string | null
  /** All of them are given, or none. */
  readonly slots: readonly SlotAsk[]
  /** What the planner will look at; asked for only where knowledge has to travel. */
  readonly watch: () => Watch
  readonly settings: CoordinationSettings
}

/** One request that was let in. Everything but a claimed probe is told without waiting. */
export interface Session {
  /** What is known: from the admission on, with what this request has found out since. */
  health(): Health
  /** The clock of the coordinator, for `Use.startedAt`. */
  now(): number
  /** A decision is served: the cursor of its route moves on. */
  planned(step: CursorStep): void
  takeTurn(provider: string): void
  began(use: Use): void
  accepted(use: Use): void
  ended(use: Use, outcome: UseOutcome, settings: TargetSettings): void
  /** Takes the probe of a half-open target (`targetKey`); false where somebody else has it. */
  claimProbe(target: string): Soon<boolean>
  /** The request is over: slots are free again. Works once. */
  settle(): void
}

/** What a backend promises, in its own words; said at start and in `/v1/health`. */
export interface Guarantee {
  readonly backend: 'memory' | 'sqlite' | 'd1' | 'durable_object'
  /** Who shares locks, breakers, probes and slots. */
  readonly scope: 'process' | 'isolate' | 'store' | 'all isolates'
  /** One sentence for operators. */
  readonly text: string
}

/** Everything that operators may look at. Times on the clock of `now`. */
export interface CoordinationView {
  readonly now: number
  readonly health: Health
  readonly locks: readonly Lock[]
  /** By `targetKey`. */
  readonly breakers: ReadonlyMap<string, Breaker>
  /** By `tallyKey`. */
  readonly tallies: ReadonlyMap<string, AccountTally>
  /** Slots in use, by name. */
  readonly slots: ReadonlyMap<string, number>
}

export interface Coordinator {
  readonly guarantee: Guarantee
  /** Fails with `concurrency_limit` where a slot is not to be had, `store_unavailable` where a limit cannot be asked. */
  admit(ask: AdmissionAsk): Soon<Outcome<Session>>
  /** What is known now; changes nothing. */
  view(): Soon<CoordinationView>
  /** Forgets locks; returns how many held. */
  resetLocks(selector: LockSelector): Soon<number>
  /** Closes the breaker of a target of a route (null: of a provider named directly), for one model or all; whether it was open. */
  resetBreaker(route: string | null, target: string, model?: string | null): Soon<boolean>
}

/** The same coordinator for an operator's own request: it goes where others are kept out, and what comes of it counts. */
export function unguarded(coordinator: Coordinator): Coordinator {
  return {
    ...coordinator,
    admit(ask) {
      const admitted = coordinator.admit({ ...ask, slots: [] })
      return admitted instanceof Promise ? admitted.then(blind) : blind(admitted)
    },
  }
}

function blind(admitted: Outcome<Session>): Outcome<Session> {
  if (!admitted.ok) return admitted
  const session = admitted.value
  const health = (): Health => ({ ...session.health(), locks: new Map(), breakers: new Map() })
  return { ok: true, value: { ...session, health } }
}
