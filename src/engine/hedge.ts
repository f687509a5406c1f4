// Several targets asked at the same time, the next one where the others take long. Owns who is asked when, and that exactly
// one of them answers; what a call is and what it leads to is the same as where targets are asked in turn.
import type { ErrorCode } from '../ir/error.ts'
import type { Candidate } from '../policy/decision.ts'
import type { RequestContext } from './context.ts'
import { deadlineOf } from './deadline.ts'
import type { Failure } from './failure.ts'
import { createRunner, type Runner } from './hedge-runner.ts'
import { isFinal, kindOf, mayTry, type Tries } from './next-target.ts'
import { toTell, withoutRetries } from './refusal.ts'
import { isWell, takeExtra, tryTarget, type Progress } from './try-target.ts'
import { phaseOf } from './use.ts'

type Tried = Response | Failure | undefined

/** A runner that has come to its end. */
interface Arrival {
  readonly runner: Runner
  readonly tried: Tried
}

interface Race {
  readonly context: RequestContext
  /** Of all runners together. */
  readonly progress: Progress
  /** Monotonic milliseconds. */
  readonly startedMono: number
  readonly tries: Tries
  /** Places in the decision that were not asked yet. */
  readonly pending: Set<number>
  /** In the order in which they began. */
  readonly runners: Runner[]
  readonly running: Map<Runner, Promise<Arrival>>
  /** By place in the decision. */
  readonly failures: Map<number, Failure>
  /** When the next hedge is due; infinite until something happens. Monotonic milliseconds. */
  hedgeAt: number
  /** Whose answer is the client's. */
  winner?: Runner
  /** Where a plain sequence would have ended: nobody else is asked. */
  ended?: Runner
  isOver: boolean
}

/** Whether more than one target may be asked at the same time. An answer that is streamed has begun before it is there. */
export function isHedged({ snapshot, facts, decision }: RequestContext): boolean {
  const { enabled, maxParallel } = snapshot.policy.hedge
  return enabled && maxParallel > 1 && !facts.stream && facts.task === 'generate' && decision.candidates.length > 1
}

/**
 * Asks targets in their order, the next one where a running one fails, and also where they take longer than
 * `policy.hedge.delay_ms`. Returns the first answer, the failure that the client is told, or undefined where nobody could be
 * asked; whoever is still under way is called off before.
 */
export async function race(context: RequestContext, progress: Progress): Promise<Tried> {
  const entered = enter(context, progress)
  const leave = (): void => entered.runners.forEach((runner) => runner.stop())
  context.clientSignal.addEventListener('abort', leave)
  try {
    startNext(entered)
    while (entered.running.size > 0) {
      const arrival = await nextArrival(entered)
      const winning = entered.winner && entered.running.get(entered.winner)
      // It may have claimed the answer after another one had failed.
      if (winning !== undefined) return (await winning).tried
      const told = arrival && decided(entered, arrival)
      if (told !== undefined) return told
      if (arrival === undefined) hedge(entered)
      else startNext(entered)
    }
    return entered.ended === undefined ? failureOf(entered) : lastWord(entered, entered.ended)
  } finally {
    context.clientSignal.removeEventListener('abort', leave)
    finish(entered, undefined)
  }
}

function enter(context: RequestContext, progress: Progress): Race {
  return {
    context,
    progress,
    startedMono: context.ports.clock.mono(),
    tries: { own: 0, degraded: 0 },
    pending: new Set(context.decision.candidates.keys()),
    runners: [],
    running: new Map(),
    failures: new Map(),
    hedgeAt: Infinity,
    isOver: false,
  }
}

function candidateAt({ context }: Race, index: number): Candidate {
  return context.decision.candidates[index] as Candidate
}

/** The next target in the place of one that failed. */
function startNext(entered: Race): void {
  for (const index of entered.pending) if (mayJoin(entered, index)) return start(entered, index, false)
}

/** One target more, where one is well and there is budget for it. */
function hedge(entered: Race): void {
  const { context, progress } = entered
  entered.hedgeAt = Infinity
  if (context.clientSignal.aborted || isOnTrial(entered)) return
  for (const index of entered.pending)
    if (mayJoin(entered, index) && isWell(context, candidateAt(entered, index), progress))
      return takeExtra(context) ? start(entered, index, true) : undefined
}

// A slow target that always lost would never be found to be well again.
function isOnTrial({ context, running }: Race): boolean {
  return [...running.keys()].some(({ candidate }) => phaseOf(context, candidate) === 'half_open')
}

/**
 * Whether a target may be asked beside those that are being asked: nobody stands in for a target that may still answer, and
 * nobody runs beside one that cannot be called off.
 */
function mayJoin(entered: Race, index: number): boolean {
  if (!mayTryAt(entered, index)) return false
  const candidate = candidateAt(entered, index)
  return [...entered.running.keys()].every((other) => runsBeside(other.candidate, candidate))
}

function runsBeside(one: Candidate, other: Candidate): boolean {
  return one.degraded === other.degraded && one.target.onAbort === 'cancel' && other.target.onAbort === 'cancel'
}

function start(entered: Race, index: number, isHedge: boolean): void {
  const { context, progress, running, runners, pending, tries, startedMono } = entered
  const { delayMs } = context.snapshot.policy.hedge
  const candidate = candidateAt(entered, index)
  const now = context.ports.clock.mono()
  const own: Progress = {
    ...progress,
    hasCalled: progress.hasCalled || running.size > 0,
    waitedMs: isHedge ? now - startedMono : progress.waitedMs,
  }
  if (!isHedge) progress.waitedMs = undefined
  const runner = createRunner({ context, candidate, index, progress: own, isHedge, claim: (by) => claim(entered, by) })
  pending.delete(index)
  // Counted for now, so that what follows is judged as if this one had failed.
  tries[kindOf(candidate)]++
  runners.push(runner)
  entered.hedgeAt = Math.max(startedMono + runners.length * delayMs, now + delayMs)
  const hasNext = (): boolean => running.size > 1 || [...pending].some((at) => mayTryAt(entered, at))
  const arrival = tryTarget(runner.context, candidate, hasNext, own).then(
    (tried) => ({ runner, tried }),
    (cause: unknown) => {
      // What goes wrong behind the client's answer is no longer the client's matter.
      if (entered.isOver && entered.winner !== runner) return { runner, tried: undefined }
      throw cause
    },
  )
  running.set(runner, arrival)
}

function mayTryAt(entered: Race, index: number): boolean {
  return mayTry(entered.context.decision, candidateAt(entered, index), entered.tries, entered.progress)
}

/** The first runner that comes to its end; undefined where a hedge is due before. */
async function nextArrival(entered: Race): Promise<Arrival | undefined> {
  const { context, running, hedgeAt } = entered
  const { clock } = context.ports
  if (hedgeAt === Infinity || running.size >= context.snapshot.policy.hedge.maxParallel)
    return Promise.race(running.values())
  let disarm = (): void => {}
  const due = new Promise<undefined>((resolve) => {
    disarm = clock.after(Math.max(0, hedgeAt - clock.mono()), () => resolve(undefined))
  })
  try {
    return await Promise.race([...running.values(), due])
  } finally {
    disarm()
  }
}

/** Takes note of what came of a runner. What the client is told, where it is told now. */
function decided(entered: Race, { runner, tried }: Arrival): Tried {
  const { context, progress, tries } = entered
  const { candidate, index, progress: own } = runner
  entered.running.delete(runner)
  if (tried instanceof Response) return tried
  progress.hasCalled ||= own.hasCalled
  progress.maybeDuplicate ||= own.maybeDuplicate
  progress.isOutOfBudget ||= own.isOutOfBudget
  if (tried === undefined) {
    tries[kindOf(candidate)]--
    if (!runner.isHedge) progress.waitedMs = own.waitedMs
    return undefined
  }
  entered.failures.set(index, tried)
  if (!isFinal(context, candidate, tried, progress)) return undefined
  if (!ownLimits.has(tried.cause.code) || context.clientSignal.aborted) return lastWord(entered, runner)
  entered.pending.clear()
  if (entered.ended === undefined || index < entered.ended.index) entered.ended = runner
  return mayBeAnswered(entered) ? undefined : lastWord(entered, entered.ended)
}

/** What a target runs into by itself. That ends a plain sequence, but whoever was asked besides may still answer. */
const ownLimits: ReadonlySet<ErrorCode> = new Set(['limit_exceeded', 'upstream_too_large', 'upstream_context_overflow'])

function mayBeAnswered({ context, running }: Race): boolean {
  const now = context.ports.clock.mono()
  return [...running.keys()].some(({ candidate }) => deadlineOf(context, candidate) > now)
}

function lastWord(entered: Race, runner: Runner): Failure | undefined {
  finish(entered, runner)
  return entered.failures.get(runner.index)
}

// Asked while nothing else runs, between an answer and whatever is made of it: of two that have one, one is first.
function claim(entered: Race, runner: Runner): boolean {
  if (entered.isOver) return false
  entered.winner = runner
  finish(entered, runner)
  return true
}

/** Calls off whoever is still under way, and puts all calls into the trace in the order of the decision, the last word last. */
function finish(entered: Race, decisive: Runner | undefined): void {
  const { context, running, runners } = entered
  if (entered.isOver) return
  entered.isOver = true
  const reason = context.clientSignal.aborted ? 'client_cancelled' : 'hedge_lost'
  for (const [runner, arrival] of running) {
    if (runner === decisive) continue
    runner.withdraw(reason)
    // On Workers what nobody waits for stands still.
    context.ports.defer(arrival)
  }
  const others = runners.filter((runner) => runner !== decisive).sort((one, other) => one.index - other.index)
  for (const runner of others) runner.publish()
  decisive?.publish()
}

/** What a plain sequence would have told: the last failure in the order of the decision. */
function failureOf({ failures, progress }: Race): Failure | undefined {
  const inOrder = [...failures].sort(([one], [other]) => one - other)
  const last = inOrder.reduce<Failure | undefined>((told, [, failure]) => toTell(told, failure), undefined)
  return last !== undefined && progress.isOutOfBudget ? withoutRetries(last) : last
}
