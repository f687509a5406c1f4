// One of several targets that are asked at the same time: what it does and what comes of it stays its own until it is known
// who answers.
import type { Candidate } from '../policy/decision.ts'
import type { LossReason, RequestContext } from './context.ts'
import type { AttemptRecord } from './finale.ts'
import type { Progress } from './try-target.ts'

export interface Runner {
  readonly candidate: Candidate
  /** Its place in the decision. */
  readonly index: number
  /** The request as its calls see it. */
  readonly context: RequestContext
  /** It was asked although nobody had failed. */
  readonly isHedge: boolean
  /** What its calls use up. */
  readonly progress: Progress
  /** Ends its calls as if the client had left. */
  stop(): void
  /** Ends its calls, and tells of the one under way that it came to nothing. */
  withdraw(reason: LossReason): void
  /** Puts its calls into the trace: those so far, and the others as they end. */
  publish(): void
}

export interface RunnerOptions {
  readonly context: RequestContext
  readonly candidate: Candidate
  readonly index: number
  readonly isHedge: boolean
  readonly progress: Progress
  /** Whether its answer may be the client's. */
  readonly claim: (runner: Runner) => boolean
}

/** A runner that has not begun. */
export function createRunner({ context, candidate, index, progress, isHedge, claim }: RunnerOptions): Runner {
  const cancellation = new AbortController()
  const { finale } = context
  let kept: AttemptRecord[] | undefined = []
  let withdrawCall: ((reason: LossReason) => void) | undefined
  let lostFor: LossReason | undefined

  function attempt(record: AttemptRecord): void {
    // The request may be over, and its trace written.
    if (lostFor !== undefined) return
    const marked = isHedge ? { ...record, hedge: true as const } : record
    if (kept === undefined) finale.attempt(marked)
    else kept.push(marked)
  }

  const runner: Runner = {
    candidate,
    index,
    isHedge,
    progress,
    context: {
      ...context,
      clientSignal: cancellation.signal,
      finale: { ...finale, attempt },
      contender: {
        began: (withdraw) => void (withdrawCall = withdraw),
        claim: () => claim(runner),
      },
    },
    stop: () => cancellation.abort(),
    withdraw(reason) {
      // Told first: what the abort sets off must find it so.
      withdrawCall?.(reason)
      lostFor = reason
      cancellation.abort()
    },
    publish() {
      kept?.forEach((record) => finale.attempt(record))
      kept = undefined
    },
  }
  if (context.clientSignal.aborted) runner.stop()
  return runner
}
