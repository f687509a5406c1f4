// What the engine brings to the repair of streams: the targets that may still be asked, and the asking.
import type { ErrorCode } from '../ir/error.ts'
import type { RouteDecision } from '../policy/decision.ts'
import type { RequestContext } from './context.ts'
import type { Failure } from './failure.ts'
import { isMended, type Repairs } from './repair/index.ts'
import { freshProgress, tryTarget, type Progress } from './try-target.ts'

/** Undefined where no stream of this decision is to be mended. */
export function repairsOf(context: RequestContext, progress: Progress): Repairs | undefined {
  const { decision } = context
  if (!context.facts.stream || !decision.candidates.some((candidate) => isMended(context, candidate))) return undefined
  return {
    candidates: withinAttempts(decision),
    async attempt(asking, candidate, joining) {
      // The call that broke off went out, and its target may have worked for the request.
      const own = { ...freshProgress(), turns: progress.turns, hasCalled: true, maybeDuplicate: true, joining }
      const tried = await tryTarget(asking, candidate, nobodyElse, own)
      if (tried instanceof Response) return 'answered'
      return tried !== undefined && isRefusal(tried) ? 'refused' : 'failed'
    },
  }
}

// Whoever goes on with an answer is asked for itself.
const nobodyElse = (): boolean => false

/** Targets of the route and those that stand in for them: of each kind as many as may be tried. */
function withinAttempts({ candidates, maxAttempts }: RouteDecision): RouteDecision['candidates'] {
  const tries = { own: 0, degraded: 0 }
  return candidates.filter(({ degraded }) => tries[degraded ? 'degraded' : 'own']++ < maxAttempts)
}

const refusals: ReadonlySet<ErrorCode> = new Set([
  'upstream_rejected',
  'upstream_context_overflow',
  'unsupported_content',
  'fidelity_lost',
  'schema_downlevel_rejected',
  'invalid_request',
])

function isRefusal({ cause }: Failure): boolean {
  return refusals.has(cause.code)
}
