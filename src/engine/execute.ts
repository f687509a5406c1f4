// The only loop over targets: accounts within a target, then the next target, until one answers or nothing is left.
import { GatewayError } from '../ir/error.ts'
import type { Candidate, RouteDecision } from '../policy/decision.ts'
import type { RequestContext } from './context.ts'
import { deadlineOf } from './deadline.ts'
import type { Failure } from './failure.ts'
import { repairsOf } from './mend.ts'
import { pause } from './pause.ts'
import { giveUp, noTarget, soonestReturn, unsent, withoutRetries } from './refusal.ts'
import { freshProgress, tryTarget, type Progress } from './try-target.ts'

/** Serves a planned request. Every path ends in a Response and in exactly one `finale.end`. */
export async function execute(planned: RequestContext): Promise<Response> {
  let context = planned
  const progress = freshProgress()
  context.extraCalls.request(context.startedMono)
  for (;;) {
    const { decision } = context
    if (decision.cursor !== null) context.session.planned(decision.cursor)
    const { candidates } = decision
    const repairs = repairsOf(context, progress)
    if (repairs !== undefined) progress.repairs = repairs
    const tries = { own: 0, degraded: 0 }
    let last: Failure | undefined
    for (let index = 0; index < candidates.length; index++) {
      const candidate = candidates[index] as Candidate
      const kind = candidate.degraded ? 'degraded' : 'own'
      if (!mayTry(decision, candidate, tries, progress)) continue
      // Counted for now, so that what follows is judged as if this one had failed.
      tries[kind]++
      const hasNext =
        index < candidates.length - 1 &&
        candidates.some((next, at) => at > index && mayTry(decision, next, tries, progress))
      const tried = await tryTarget(context, candidate, hasNext, progress)
      if (tried instanceof Response) return tried
      if (tried === undefined) {
        tries[kind]--
        continue
      }
      // A refusal before sending (strict, a content kind) must not hide what a provider really answered.
      if (last === undefined || tried.sent || !last.sent) last = tried
      if (isFinal(context, candidate, tried, progress)) return giveUp(context, tried)
    }
    if (last !== undefined) return giveUp(context, progress.isOutOfBudget ? withoutRetries(last) : last)
    const wait = progress.waitedMs === undefined ? await untilReturn(context) : undefined
    context = { ...context, decision: context.replan() }
    if (wait === undefined) return giveUp(context, unsent(noTarget(context.decision)))
    if (wait === 'gone') return giveUp(context, unsent(new GatewayError('client_cancelled')))
    progress.waitedMs = wait
  }
}

/** Targets of the route first, then those that stand in for them: each kind has `maxAttempts`. */
function mayTry(
  { maxAttempts }: RouteDecision,
  { degraded, contextWindow }: Candidate,
  tries: { readonly own: number; readonly degraded: number },
  { tooSmall }: Progress,
): boolean {
  if (tooSmall !== undefined && (contextWindow === null || contextWindow <= tooSmall)) return false
  return (degraded ? tries.degraded : tries.own) < maxAttempts
}

/** Whether the client is told now: nobody else would answer otherwise, or it is gone. */
function isFinal(context: RequestContext, candidate: Candidate, tried: Failure, progress: Progress): boolean {
  if (tried.error.retry === 'never' || context.clientSignal.aborted) return true
  if (tried.cause.code !== 'upstream_context_overflow') return false
  const { snapshot, decision, facts } = context
  const route = decision.route === null ? undefined : snapshot.routes.get(decision.route)
  if (route?.fallback.onContextOverflow === false) return true
  const window = candidate.contextWindow ?? facts.approxInputTokens
  progress.tooSmall = Math.max(progress.tooSmall ?? 0, window)
  return false
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
