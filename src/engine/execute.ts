// The only loop over targets: accounts within a target, then the next target, until one answers or nothing is left.
import { GatewayError } from '../ir/error.ts'
import type { Candidate, RouteDecision } from '../policy/decision.ts'
import { accountLock, lockKey, placesOf, soonestUnlock, targetKey } from '../policy/health.ts'
import { planRoute } from '../policy/plan.ts'
import { cleanError } from '../redaction/index.ts'
import type { RequestContext } from './context.ts'
import { decisionHeaders, upstreamHeaders, withWait } from './respond.ts'
import { tryAccount, type Failure } from './try-account.ts'
import { countAnswer } from './unary.ts'

/** Serves a planned request. Every path ends in a Response and in exactly one `finale.end`. */
export async function execute(context: RequestContext): Promise<Response> {
  const { decision } = context
  if (decision.cursor !== null) context.session.planned(decision.cursor)
  const candidates = decision.candidates.slice(0, decision.maxAttempts)
  const progress: Progress = { used: new Set(), turns: new Set(), maybeDuplicate: false }
  let last: Failure | undefined
  for (const [index, candidate] of candidates.entries()) {
    const hasNext = index < candidates.length - 1
    const tried = await tryTarget(context, candidate, hasNext, progress)
    if (tried instanceof Response) return tried
    if (tried === undefined) continue
    // A refusal before sending (strict, a content kind) must not hide what a provider really answered.
    if (last === undefined || tried.sent || !last.sent) last = tried
    if (tried.error.retry === 'never' || context.clientSignal.aborted) return giveUp(context, tried)
  }
  return giveUp(context, last ?? unsent(noTarget(candidates.length === 0 ? decision : planAgain(context))))
}

/** What one request has used up. */
interface Progress {
  /** Accounts, each with the model it was asked for. */
  readonly used: Set<string>
  /** Providers whose accounts have moved on for this request. */
  readonly turns: Set<string>
  /** An attempt broke off without an answer. */
  maybeDuplicate: boolean
}

/** The accounts of one target; undefined where every one was locked or used up meanwhile. */
async function tryTarget(
  context: RequestContext,
  candidate: Candidate,
  hasNext: boolean,
  progress: Progress,
): Promise<Response | Failure | undefined> {
  takeTurn(context, candidate, progress)
  if (candidate.breaker === 'half_open' && !(await context.session.claimProbe(targetKey(candidate)))) return undefined
  let last: Failure | undefined
  let serverFaults = 0
  for (const account of candidate.accounts.length === 0 ? [null] : candidate.accounts) {
    const name = lockKey(placesOf(candidate, account).model)
    // Another request may have locked it since this one was planned.
    if (progress.used.has(name) || accountLock(context.session.health(), candidate, account) !== undefined) continue
    progress.used.add(name)
    const { maybeDuplicate } = progress
    const tried = await tryAccount(context, { candidate, account, hasNext, maybeDuplicate })
    if (tried instanceof Response) return tried
    if (last === undefined || tried.sent || !last.sent) last = tried
    if (tried.sent && tried.status === null) progress.maybeDuplicate = true
    if (tried.error.retry === 'never' || context.clientSignal.aborted) return tried
    const why = reasonForAnother(tried)
    if (why === 'server') serverFaults++
    if (why === 'none' || serverFaults > 1) break
  }
  return last
}

// At once and before anything is awaited, so that the next request is planned on the next turn.
function takeTurn(context: RequestContext, { target, accountBy }: Candidate, { turns }: Progress): void {
  if (accountBy !== 'turn' || turns.has(target.provider)) return
  turns.add(target.provider)
  context.session.takeTurn(target.provider)
}

/**
 * Whether another account of the same target may fare better: `account` where this one is at fault, `server` where the
 * provider stumbled, which is worth one more try, `none` where the target or the request is what fails.
 */
function reasonForAnother({ cause, sent }: Failure): 'account' | 'server' | 'none' {
  switch (cause.code) {
    case 'upstream_auth':
    case 'upstream_forbidden':
    case 'upstream_quota':
    case 'upstream_rate_limited':
    case 'missing_credential':
      return 'account'
    case 'upstream_overloaded':
      return 'server'
    case 'upstream_error':
      return sent ? 'server' : 'account'
    default:
      // Before anything was sent, it is the account's token endpoint, store or proxy that fails.
      return !sent && cause.origin === 'upstream' ? 'account' : 'none'
  }
}

function planAgain(context: RequestContext): RouteDecision {
  return (
    planRoute(context.facts, context.snapshot, context.session.health(), context.decision.random) ?? context.decision
  )
}

function unsent(error: GatewayError): Failure {
  return { error, cause: error, status: null, headers: undefined, sent: false }
}

// A count is worth having also where nobody can be asked: it is then our own, and says so.
function giveUp(context: RequestContext, failure: Failure): Response {
  const canEstimate = context.facts.task === 'count-tokens' && isForeignFault(failure.error)
  return canEstimate ? estimate(context) : refuse(context, failure)
}

// The request itself is at fault, or its sender is gone: no estimate hides that.
function isForeignFault(error: GatewayError): boolean {
  return error.code === 'unsupported_content'
    ? error.param === undefined
    : error.origin !== 'client' && error.retry !== 'never'
}

function estimate(context: RequestContext): Response {
  context.finale.end({ terminal: 'succeeded', status: 200 })
  const headers = {
    ...decisionHeaders(context.requestId, context.snapshot.revision, context.decision),
    'content-type': 'application/json',
    'x-signalbox-token-count': 'estimated',
  }
  const body = countAnswer(context, context.facts.approxInputTokens)
  return new Response(body as Uint8Array<ArrayBuffer>, { status: 200, headers })
}

/**
 * Why no target is left. Where locks are the reason it is a matter of time: 429 if every one of them is a rate limit, else
 * 503, and in both cases how long until the first one ends.
 */
function noTarget({ rejected }: RouteDecision): GatewayError {
  const waits = rejected.flatMap(({ retryInMs }) => (retryInMs === undefined ? [] : [retryInMs]))
  if (waits.length === 0) {
    const reasons = rejected.map((rejection) => `${rejection.target}: ${rejection.reason}`).join('; ')
    return new GatewayError('invalid_request', { message: `no eligible target: ${reasons || 'the route has none'}` })
  }
  const retryAfterMs = Math.min(...waits)
  const soon = `the first one for another ${Math.ceil(retryAfterMs / 1000)} s`
  const isRate = rejected.every(({ lockedBy }) => lockedBy === undefined || lockedBy === 'upstream_rate_limited')
  return isRate
    ? new GatewayError('upstream_rate_limited', {
        message: `every account for this model is at its rate limit, ${soon}`,
        retryAfterMs,
      })
    : new GatewayError('no_eligible_target', {
        message: `every account for this model is left out after failures, ${soon}`,
        retry: 'next',
        retryAfterMs,
      })
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
    ...upstreamHeaders(upstream, context.scrubber),
    ...decisionHeaders(context.requestId, context.snapshot.revision, context.decision),
    // The SDKs retry by themselves; what the gateway has already tried on several targets is not worth repeating.
    ...(context.finale.attempts.length > 1 && { 'x-should-retry': 'false' }),
    ...encoded.headers,
  }
  return new Response(encoded.body as Uint8Array<ArrayBuffer>, { status: encoded.status, headers })
}
