// The only loop over targets: accounts within a target, then the next target, until one answers or nothing is left.
import { GatewayError } from '../ir/error.ts'
import type { Candidate } from '../policy/decision.ts'
import type { RequestContext } from './context.ts'
import { deadlineOf } from './deadline.ts'
import type { Failure } from './failure.ts'
import { isHedged, race } from './hedge.ts'
import { repairsOf } from './mend.ts'
import { isFinal, kindOf, mayTry } from './next-target.ts'
import { pause } from './pause.ts'
import { giveUp, noTarget, soonestReturn, toTell, unsent, withoutRetries } from './refusal.ts'
import { freshProgress, tryTarget, type Progress } from './try-target.ts'

/** Serves a planned request. Every path ends in a Response and in exactly one `finale.end`. */
export async function execute(planned: RequestContext): Promise<Response> {
  let context = planned
  const progress = freshProgress()
  context.extraCalls.request(context.startedMono)
  for (;;) {
    const { cursor } = context.decision
    if (cursor !== null) context.session.planned(cursor)
    const repairs = repairsOf(context, progress)
    if (repairs !== undefined) progress.repairs = repairs
    const tried = await (isHedged(context) ? race(context, progress) : inTurn(context, progress))
    if (tried instanceof Response) return tried
    if (tried !== undefined) return giveUp(context, tried)
    const wait = progress.waitedMs === undefined ? await untilReturn(context) : undefined
    context = { ...context, decision: context.replan() }
    if (wait === undefined) return giveUp(context, unsent(noTarget(context.decision)))
    if (wait === 'gone') return giveUp(context, unsent(new GatewayError('client_cancelled')))
    progress.waitedMs = wait
  }
}

/** One target after the other: the answer, the failure that the client is told, or undefined where nobody could be asked. */
async function inTurn(context: RequestContext, progress: Progress): Promise<Response | Failure | undefined> {
  const { decision } = context
  const { candidates } = decision
  const tries = { own: 0, degraded: 0 }
  let last: Failure | undefined
  for (let index = 0; index < candidates.length; index++) {
    const candidate = candidates[index] as Candidate
    if (!mayTry(decision, candidate, tries, progress)) continue
    // Counted for now, so that what follows is judged as if this one had failed.
    tries[kindOf(candidate)]++
    const hasNext = (): boolean => candidates.some((next, at) => at > index && mayTry(decision, next, tries, progress))
    const tried = await tryTarget(context, candidate, hasNext, progress)
    if (tried instanceof Response) return tried
    if (tried === undefined) {
      tries[kindOf(candidate)]--
      continue
    }
    last = toTell(last, tried)
    if (isFinal(context, candidate, tried, progress)) return tried
  }
  return last !== undefined && progress.isOutOfBudget ? withoutRetries(last) : last
}

/**
 * Waits until the first target or account that is left out comes back, where that is soon (`policy.retry.max_delay_ms`)
 * and the request's own time allows it. Milliseconds waited; undefined where it is not worth it.
 */
async function untilReturn(context: RequestContext): Promise<number | 'gone' | undefined> {
  const { clock, random } = context.ports
  const { maxMs, baseMs } = context.snapshot.policy.retry
  // A count of tokens can be estimated at once.
  if (context.facts.task === 'count-tokens') return undefined
  const decision = context.replan()
  if (decision.candidates.length > 0) return 0
  const soonest = soonestReturn(decision)
  if (soonest === undefined || soonest > maxMs) return undefined
  // Not all that wait for the same moment at the same moment.
  const wait = soonest + 1 + Math.floor(random.next() * Math.min(baseMs, maxMs - soonest))
  if (clock.mono() + wait >= deadlineOf(context)) return undefined
  return (await pause(clock, wait, context.clientSignal)) ? wait : 'gone'
}
