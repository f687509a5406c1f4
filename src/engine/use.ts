// One use of an account for a target, as it is told to whoever keeps count: what was used, and how it ended.
import type { TargetSettings, Use, UseOutcome } from '../coordination/event.ts'
import type { ErrorCode, GatewayError } from '../ir/error.ts'
import { breakerInUse, breakerPhase, type BreakerPhase } from '../policy/breaker.ts'
import type { Candidate } from '../policy/decision.ts'
import { homeKey, targetKey, targetLock } from '../policy/health.ts'
import { matchesFailure } from '../policy/failure-patterns.ts'
import { providerOf, type RequestContext } from './context.ts'
import { deadlineOf } from './deadline.ts'

/** A use that begins now. */
export function useOf(context: RequestContext, candidate: Candidate, account: string | null): Use {
  const { route, target, model } = candidate
  const { sessionKey } = context.facts
  // Where there is only one account, nobody needs to remember it.
  const isShared = target.account === null && providerOf(context, target.provider).accounts.length > 1
  return {
    requestId: context.requestId,
    route,
    target: { name: target.name, provider: target.provider, account: target.account, region: target.region },
    model,
    account,
    task: context.facts.task,
    home: isShared && sessionKey !== undefined ? homeKey(target.provider, sessionKey) : undefined,
    startedAt: context.session.now(),
  }
}

/** What a failure of this target may lead to. */
export function settingsOf({ snapshot }: RequestContext, { target }: Candidate): TargetSettings {
  return {
    permanent: target.permanent ?? snapshot.policy.direct.permanent,
    maxMs: snapshot.policy.lockMaxMs,
    breaker: target.breaker ?? snapshot.policy.direct.breaker,
  }
}

/** A failure that is told. Milliseconds. */
export interface ToldFailure {
  readonly cause: GatewayError
  /** HTTP status of the provider; null where none arrived. */
  readonly status: number | null
  readonly totalMs: number
  /** Content had been there before it. */
  readonly isCommitted: boolean
}

/** A failure of a target as an outcome. */
export function failedOutcome({ snapshot }: RequestContext, { target }: Candidate, failure: ToldFailure): UseOutcome {
  const { cause, status, totalMs, isCommitted } = failure
  const { code, origin, retryAfterMs } = cause
  const message = cause.upstream?.message
  const isPermanent = matchesFailure((target.permanent ?? snapshot.policy.direct.permanent).patterns, {
    status,
    code,
    message,
  })
  return { type: 'failed', error: { code, origin, retryAfterMs, isPermanent }, totalMs, isCommitted }
}

/** How the circuit of a target stands, as far as this request knows. */
export function phaseOf(context: RequestContext, candidate: Candidate): BreakerPhase {
  const health = context.session.health()
  const { breaker } = settingsOf(context, candidate)
  return breakerPhase(breakerInUse(health.breakers.get(targetKey(candidate)), breaker), health.now)
}

/** Tells how a use ended, and the log where that leaves its target out. */
export function endUse(context: RequestContext, candidate: Candidate, use: Use, outcome: UseOutcome): void {
  const settings = settingsOf(context, candidate)
  if (outcome.type !== 'failed') return context.session.ended(use, outcome, settings)
  const wasOut = isOut(context, candidate)
  context.session.ended(use, outcome, settings)
  if (!wasOut && isOut(context, candidate)) logTarget(context, candidate, 'target_left_out', outcome.error.code)
}

/** Tells that the first content of an answer is there, and the log where that closes the circuit of its target. */
export function acceptUse(context: RequestContext, candidate: Candidate, use: Use): void {
  const wasTried = candidate.breaker === 'half_open' && phaseOf(context, candidate) !== 'closed'
  context.session.accepted(use)
  if (wasTried && phaseOf(context, candidate) === 'closed') logTarget(context, candidate, 'target_is_back')
}

// A circuit that is tried out is still that of a target that is left out: an outage is told once.
function isOut(context: RequestContext, candidate: Candidate): boolean {
  return phaseOf(context, candidate) !== 'closed' || targetLock(context.session.health(), candidate) !== undefined
}

function logTarget(
  { ports, requestId }: RequestContext,
  { route, target, model }: Candidate,
  event: 'target_left_out' | 'target_is_back',
  code?: ErrorCode,
): void {
  // One that passes any model on, or that was named directly, is a target for each of them.
  const named = { route, target: target.name, model, request_id: requestId }
  if (code === undefined) ports.log.info(event, named)
  else ports.log.warn(event, { ...named, code })
}

/** What takes an account out until somebody does something about it. */
const accountEvents: Partial<Record<ErrorCode, string>> = {
  upstream_auth: 'provider_auth_failed',
  upstream_quota: 'provider_quota_used_up',
}

/** Tells what came of an attempt that nothing could mend. */
export function settleFailure(context: RequestContext, candidate: Candidate, use: Use, failure: ToldFailure): void {
  const { cause, status } = failure
  const isNeutral =
    cause.code === 'client_cancelled' || isOtherThing(cause) || hadLittleTime(context, candidate, failure)
  const outcome = isNeutral ? ({ type: 'neutral' } as const) : failedOutcome(context, candidate, failure)
  endUse(context, candidate, use, outcome)
  const event = isNeutral ? undefined : accountEvents[cause.code]
  if (event === undefined) return
  context.ports.log.warn(event, {
    provider: candidate.target.provider,
    account: use.account,
    status,
    request_id: context.requestId,
  })
}

/**
 * Whether most of the request's time was gone before the target was asked: by a client that sends slowly, in the line for a
 * slot, or at other targets. That it did not answer in what was left says nothing of it.
 */
function hadLittleTime(context: RequestContext, candidate: Candidate, { cause, totalMs }: ToldFailure): boolean {
  const deadline = deadlineOf(context, candidate)
  const isOver = cause.code === 'limit_exceeded' && context.ports.clock.mono() >= deadline
  return isOver && totalMs * 2 < deadline - context.startedMono
}

// What comes first: the thing that is spoken of, or what it is asked of. What the client named may stand behind it, or
// in quotes.
const subject =
  /\b(?:(?:model|deployment|endpoint)s?|(file|response|item|thread|vector.?store|container|conversation|cached.?content|message|upload|object|bucket)s?)\b/i
const quotation = /(?<!\w)'[^']*'|"[^"]*"|`[^`]*`/g

/**
 * Whether a file, an earlier answer or the size of the request is at fault. That says nothing of the account and the
 * model, and no client may lock the others out by it.
 */
function isOtherThing({ code, upstream }: GatewayError): boolean {
  const message = upstream?.message ?? ''
  switch (code) {
    case 'upstream_model_missing':
    case 'upstream_forbidden':
      return subject.exec(message.replaceAll(quotation, ''))?.[1] !== undefined
    case 'upstream_rate_limited':
      return /^request too large\b/i.test(message)
    default:
      return false
  }
}
