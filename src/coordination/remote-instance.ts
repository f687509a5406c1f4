// What the sessions of one instance share, and the limits they keep.
import type { CoordinationState } from './state.ts'

/** Milliseconds. */
export interface RemoteLimits {
  /** How long an admission or a probe waits for its answer. */
  readonly patienceMs: number
  /** The same for one that asks for slots: without an answer its request is refused. */
  readonly slotPatienceMs: number
  /** The same for operators, and for what is told in the background. */
  readonly backgroundPatienceMs: number
  /** For so long requests without slots are served by what this instance knows, once an answer did not come. */
  readonly awayMs: number
  /** How long slots are held without a renewal: what an instance that died held is free after it. */
  readonly leaseMs: number
  readonly renewMs: number
  /** What is not urgent is told after this, or at the end of the request. */
  readonly reportDelayMs: number
  /** At most one log line in this time on reports that were lost. */
  readonly lossLogMs: number
}

export const remoteLimits: RemoteLimits = {
  patienceMs: 500,
  slotPatienceMs: 2000,
  backgroundPatienceMs: 5000,
  awayMs: 2000,
  leaseMs: 90_000,
  renewMs: 30_000,
  reportDelayMs: 100,
  lossLogMs: 60_000,
}

/** What instances keep for themselves, and how the way to the others is. Plain data. */
export interface Instance {
  readonly state: CoordinationState
  /** The clock of `state`. */
  readonly now: () => number
  awayUntil: number
  isAway: boolean
  lost: number
  lostLoggedAt: number
}
