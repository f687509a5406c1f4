// What a gateway and the place where its instances agree say to each other: plain data only, so that it may travel as
// JSON or by structured clone. Members are added, never renamed: during a deployment two versions talk.
import type { Breaker } from '../policy/breaker.ts'
import type { Health } from '../policy/health.ts'
import type { CoordinationEvent } from './event.ts'
import type { SlotAsk, Soon } from './coordinator.ts'
import type { Entries, Known } from './known.ts'
import type { LockSelector } from './lock-selector.ts'
import type { AccountTally } from './tally.ts'
import type { Watch } from './watch.ts'

export interface AdmitMessage {
  /** Of this admission alone: a request that asks again is another owner. */
  readonly owner: string
  readonly slots: readonly SlotAsk[]
  /** How long the slots are held without a renewal. */
  readonly leaseMs: number
  readonly watch: Watch
  /** Where the object of a tenant is asked: what it calls itself, and how much of a shared limit it leases at once. */
  readonly share?: { readonly holder: string; readonly slice: number }
}

export interface AdmitAnswer {
  /** The clock of whoever answers. */
  readonly now: number
  /** The slot that is full; null where all were taken. */
  readonly refused: SlotAsk | null
  readonly known: Known
}

/** An event with the random number that was drawn for it, so that everybody comes to the same result. */
export interface Told {
  readonly event: CoordinationEvent
  /** Uniform in [0, 1). */
  readonly random: number
}

export interface ReportMessage {
  readonly owner: string
  readonly told: readonly Told[]
  /** Probes that the request took: given back where nothing came of them. */
  readonly probes: readonly ProbeMessage[]
  /** The request is over: these slots are free again. */
  readonly release: readonly string[] | null
}

export interface RenewMessage {
  readonly owner: string
  readonly slots: readonly string[]
  readonly leaseMs: number
}

export interface ProbeMessage {
  readonly target: string
  /** The request. */
  readonly prober: string
}

export interface ViewAnswer {
  readonly now: number
  readonly known: Known
  readonly tallies: Entries<AccountTally>
  readonly slots: Entries<number>
}

/** The place where instances agree. Everything may fail: it is another process, object or file. */
export interface CoordinationServer {
  /** What it keeps for all instances; the rest each of them keeps for itself. */
  readonly keeps: 'everything' | 'locks and breakers'
  /** Whether an event changes anything here, by what the request knows; absent: all of them do. */
  concerns?(event: CoordinationEvent, health: Health): boolean
  admit(message: AdmitMessage): Soon<AdmitAnswer>
  /** Applied in order. */
  report(message: ReportMessage): Soon<void>
  renew(message: RenewMessage): Soon<void>
  /** The breaker with its probe taken; null where there is none to take. */
  claimProbe(message: ProbeMessage): Soon<Breaker | null>
  view(): Soon<ViewAnswer>
  resetLocks(selector: LockSelector): Soon<number>
  resetBreaker(route: string | null, target: string, model?: string | null): Soon<boolean>
}
