// What the client is told when nobody answered.
import { GatewayError } from '../ir/error.ts'
import type { RouteDecision } from '../policy/decision.ts'
import { soonestUnlock } from '../policy/health.ts'
import { cleanError } from '../redaction/index.ts'
import type { RequestContext } from './context.ts'
import { decisionHeaders, queueHeader, upstreamHeaders, withWait } from './respond.ts'
import type { Failure } from './failure.ts'
import { countAnswer } from './unary.ts'

/** How long a client is asked to wait where nothing says when it will be better, in milliseconds. */
const shortWaitMs = 1000

/** The longest wait that SDKs may sit through before they try again, in milliseconds: that of OpenAI's; others have none. */
const maxSleepMs = 60_000

/** Ends the request without an answer of a provider; a count of tokens is estimated then. */
export function giveUp(context: RequestContext, failure: Failure): Response {
  const canEstimate = context.facts.task === 'count-tokens' && isForeignFault(failure.error)
  return canEstimate ? estimate(context) : refuse(context, failure)
}

/** A failure before anything was sent. */
export function unsent(error: GatewayError): Failure {
  return { error, cause: error, status: null, headers: undefined, sent: false }
}

/** Of two failures the one to tell: a refusal before sending must not hide what a provider really answered. */
export function toTell(last: Failure | undefined, tried: Failure): Failure {
  return last === undefined || tried.sent || !last.sent ? tried : last
}

/**
 * The last failure of a request that has nothing left to try because further tries are used up for now: one that passes
 * with time, so that clients come again later and not at once.
 */
export function withoutRetries(last: Failure): Failure {
  const { status, retryAfterMs = shortWaitMs } = last.error
  if (status === 429 || status === 503 || status === 529) return last
  const message = 'the targets of this model fail, and further tries are used up for now (policy.retry.budget)'
  return { ...last, error: new GatewayError('no_eligible_target', { message, retry: 'next', retryAfterMs }) }
}

/** Milliseconds until the first target or account that is left out comes back; undefined where time changes nothing. */
export function soonestReturn({ rejected }: RouteDecision): number | undefined {
  const waits = rejected.flatMap(({ retryInMs }) => (retryInMs === undefined ? [] : [retryInMs]))
  return waits.length === 0 ? undefined : Math.min(...waits)
}

/**
 * Why no target is left. Where locks and open circuits are the reason it is a matter of time: 429 if every one of them is a
 * rate limit, else 503, and in both cases how long until the first one ends.
 */
export function noTarget(decision: RouteDecision): GatewayError {
  const { candidates, rejected } = decision
  // Somebody else is finding out whether they are well again.
  const retryAfterMs = soonestReturn(decision) ?? (candidates.length > 0 ? shortWaitMs : undefined)
  if (retryAfterMs === undefined) {
    const reasons = rejected.map((rejection) => `${rejection.target}: ${rejection.reason}`).join('; ')
    return new GatewayError('invalid_request', { message: `no eligible target: ${reasons || 'the route has none'}` })
  }
  const soon = `the first one for another ${Math.ceil(retryAfterMs / 1000)} s`
  const passing = rejected.filter(({ retryInMs }) => retryInMs !== undefined)
  const isRate = passing.length > 0 && passing.every(({ lockedBy }) => lockedBy === 'upstream_rate_limited')
  return isRate
    ? new GatewayError('upstream_rate_limited', {
        message: `every account for this model is at its rate limit, ${soon}`,
        retryAfterMs,
      })
    : new GatewayError('no_eligible_target', {
        message: `every target for this model is left out after failures, ${soon}`,
        retry: 'next',
        retryAfterMs,
      })
}

// The request itself is at fault, or its sender is gone: no estimate hides that.
function isForeignFault(error: GatewayError): boolean {
  return error.code === 'unsupported_content'
    ? error.param === undefined
    : error.origin !== 'client' && error.retry !== 'never'
}

// A count is worth having also where nobody can be asked: it is then our own, and says so.
function estimate(context: RequestContext): Response {
  context.finale.end({ terminal: 'succeeded', status: 200 })
  const headers = {
    ...decisionHeaders(context.requestId, context.snapshot.revision, context.decision),
    ...queueHeader(context.queueMs),
    'content-type': 'application/json',
    'x-signalbox-token-count': 'estimated',
  }
  const body = countAnswer(context, context.facts.approxInputTokens)
  return new Response(body as Uint8Array<ArrayBuffer>, { status: 200, headers })
}

function refuse(context: RequestContext, failure: Failure): Response {
  const { cause, headers: upstream } = failure
  const wait = soonestUnlock(context.decision, context.session.health())
  const error = withWait(failure.error, wait)
  const encoded = context.ingress.encodeError(cleanError(error, context.scrubber), context.requestId)
  context.finale.end({
    terminal: error.code === 'client_cancelled' ? 'cancelled' : error.origin === 'client' ? 'rejected' : 'failed',
    status: encoded.status,
    error: cause,
  })
  const headers = {
    // A call that sleeps for an hour looks like one that hangs. What the provider says of it goes before that.
    ...((error.retryAfterMs ?? 0) > maxSleepMs && { 'x-should-retry': 'false' }),
    ...upstreamHeaders(upstream, context.scrubber),
    ...decisionHeaders(context.requestId, context.snapshot.revision, context.decision),
    ...queueHeader(context.queueMs),
    // The SDKs retry by themselves; what the gateway has already tried on several targets is not worth repeating.
    ...(context.finale.attempts.length > 1 && { 'x-should-retry': 'false' }),
    ...encoded.headers,
  }
  return new Response(encoded.body as Uint8Array<ArrayBuffer>, { status: encoded.status, headers })
}
