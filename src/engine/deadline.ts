// When a request has to be over.
import type { Timeouts } from '../catalog/snapshot.ts'
import type { Candidate } from '../policy/decision.ts'
import type { RequestContext } from './context.ts'

/** The timers of one target. */
export function timeoutsOf({ snapshot }: RequestContext, { target }: Candidate): Timeouts {
  return { ...snapshot.server.timeouts, ...target.timeouts }
}

/** The moment (monotonic milliseconds) by which an answer of this target has to be complete. */
export function deadlineOf({ snapshot, startedMono }: RequestContext, candidate?: Candidate): number {
  return startedMono + (candidate?.target.timeouts.totalMs ?? snapshot.server.timeouts.totalMs)
}
