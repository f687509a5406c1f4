// What asking targets in turn and asking several at once agree on: who may still be asked, and what ends a request.
import type { Candidate, RouteDecision } from '../policy/decision.ts'
import type { RequestContext } from './context.ts'
import type { Failure } from './failure.ts'
import type { Progress } from './try-target.ts'

/** How many targets were asked: those of the route, and those that stand in for them. */
export interface Tries {
  own: number
  degraded: number
}

/** Of which kind a target counts. */
export function kindOf({ degraded }: Candidate): keyof Tries {
  return degraded ? 'degraded' : 'own'
}

/** Targets of the route first, then those that stand in for them: each kind has `maxAttempts`. */
export function mayTry(
  { maxAttempts }: RouteDecision,
  candidate: Candidate,
  tries: Readonly<Tries>,
  { tooSmall }: Progress,
): boolean {
  const { contextWindow } = candidate
  if (tooSmall !== undefined && (contextWindow === null || contextWindow <= tooSmall)) return false
  return tries[kindOf(candidate)] < maxAttempts
}

/** Whether the client is told now: nobody else would answer otherwise, or it is gone. */
export function isFinal(context: RequestContext, candidate: Candidate, tried: Failure, progress: Progress): boolean {
  if (tried.error.retry === 'never' || context.clientSignal.aborted) return true
  if (tried.cause.code !== 'upstream_context_overflow') return false
  const { snapshot, decision, facts } = context
  const route = decision.route === null ? undefined : snapshot.routes.get(decision.route)
  if (route?.fallback.onContextOverflow === false) return true
  const window = candidate.contextWindow ?? facts.approxInputTokens
  progress.tooSmall = Math.max(progress.tooSmall ?? 0, window)
  return false
}
