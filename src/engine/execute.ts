// The only loop over targets: accounts within a target, then the next target, until one answers or nothing is left.
import { GatewayError } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { Candidate } from '../policy/decision.ts'
import type { HeaderSource } from '../ports/index.ts'
import { attempt, type AttemptResult } from './attempt.ts'
import { toClientStream } from './client-stream.ts'
import type { RequestContext } from './context.ts'
import { prepare, type Prepared, type PrepareOptions } from './prepare.ts'
import { refusesState } from './state/index.ts'
import { decisionHeaders, errorForClient, lossHeader, upstreamHeaders } from './respond.ts'
import type { StreamEnd, StreamSource } from './stream.ts'
import { countAnswer } from './unary.ts'

/** The failure that the client will be told about if nothing better comes. */
interface Failure {
  readonly error: GatewayError
  readonly headers: HeaderSource | undefined
  readonly sent: boolean
  /** The provider did not accept the signatures in the history. */
  readonly stateRefused: boolean
}

/** Serves a planned request. Every path ends in a Response and in exactly one `finale.end`. */
export async function execute(context: RequestContext): Promise<Response> {
  const { decision } = context
  const candidates = decision.candidates.slice(0, decision.maxAttempts)
  if (candidates.length === 0) return giveUp(context, noTarget(context), undefined)
  let last: Failure | undefined
  for (const [index, candidate] of candidates.entries()) {
    for (const account of candidate.accounts.length === 0 ? [null] : candidate.accounts) {
      const tried = await tryAccount(context, candidate, account, index < candidates.length - 1)
      if (tried instanceof Response) return tried
      // A refusal before sending (strict, a content kind) must not hide what a provider really answered.
      if (last === undefined || tried.sent || !last.sent) last = tried
      if (tried.error.retry === 'never' || context.clientSignal.aborted)
        return giveUp(context, tried.error, tried.headers)
      if (!isAccountFault(tried.error)) break
    }
  }
  return giveUp(context, last?.error ?? noTarget(context), last?.headers)
}

// A count is worth having also where nobody can be asked: it is then our own, and says so.
function giveUp(context: RequestContext, error: GatewayError, upstream: HeaderSource | undefined): Response {
  const canEstimate = context.facts.task === 'count-tokens' && isForeignFault(error)
  return canEstimate ? estimate(context) : refuse(context, error, upstream)
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

async function tryAccount(
  context: RequestContext,
  candidate: Candidate,
  account: string | null,
  hasNext: boolean,
): Promise<Response | Failure> {
  const tried = await tryOnce(context, { candidate, account, hasNext })
  // A history that the provider cannot read must not end the session: without its tokens it is as good as new.
  const mayForget = !(tried instanceof Response) && tried.stateRefused && !context.clientSignal.aborted
  return mayForget ? tryOnce(context, { candidate, account, hasNext, withoutState: true }) : tried
}

interface TryOptions extends PrepareOptions {
  readonly hasNext: boolean
}

async function tryOnce(context: RequestContext, options: TryOptions): Promise<Response | Failure> {
  const { candidate, account, hasNext } = options
  const began = context.ports.clock.mono()
  const prepared = await prepare(context, options)
  if (!prepared.ok) {
    record(context, candidate, account, began, null, prepared.error)
    return { error: prepared.error, headers: undefined, sent: false, stateRefused: false }
  }
  const { secrets, losses } = prepared.value
  const forClient = (error: GatewayError): GatewayError => errorForClient(error, candidate.passthrough, secrets)
  let accepted: StreamSource | undefined
  const onStreamEnd = (end: StreamEnd): void => {
    if (accepted !== undefined) context.live.delete(accepted)
    endStream(context, end)
  }
  const result = await attempt({ context, candidate, prepared: prepared.value, onStreamEnd, forClient })
  if (!result.ok) {
    record(context, candidate, account, began, result.status, result.error)
    const { error, headers } = result
    return { error: forClient(error), headers, sent: true, stateRefused: refusesState(error) }
  }
  if (hasNext && isEmpty(result)) {
    const error = new GatewayError('upstream_empty')
    record(context, candidate, account, began, result.status, error)
    if (result.answer.type === 'stream') await result.answer.source.discard()
    return { error, headers: result.headers, sent: true, stateRefused: false }
  }
  record(context, candidate, account, began, result.status, undefined)
  context.finale.requestLosses(losses)
  if (result.answer.type === 'stream') {
    accepted = result.answer.source
    context.live.add(accepted)
    accepted.accept()
  }
  return answer(context, candidate, prepared.value, result, losses)
}

// An answer that ended with nothing said is taken only when there is nobody else to ask.
function isEmpty(result: AttemptResult & { ok: true }): boolean {
  const report = result.answer.type === 'stream' ? result.answer.source.report() : result.answer.report
  return report.complete && report.finish?.class === 'stop' && report.usage?.output === 0
}

function isAccountFault(error: GatewayError): boolean {
  switch (error.code) {
    case 'upstream_auth':
    case 'upstream_forbidden':
    case 'upstream_quota':
    case 'upstream_rate_limited':
    case 'missing_credential':
      return true
    default:
      return false
  }
}

function answer(
  context: RequestContext,
  candidate: Candidate,
  prepared: Prepared,
  result: AttemptResult & { ok: true },
  losses: readonly Loss[],
): Response {
  const headers: Record<string, string> = {
    ...upstreamHeaders(result.headers),
    ...decisionHeaders(context.requestId, context.snapshot.revision, context.decision),
    ...lossHeader(losses),
    'x-used-provider': prepared.provider.id,
    ...(context.facts.task === 'count-tokens' && { 'x-signalbox-token-count': 'reported' }),
    ...(candidate !== context.decision.candidates[0] && { 'x-used-fallback': 'true' }),
    'x-provider-response-time': String(Math.round(result.headersMs)),
  }
  const { clock } = context.ports
  if (result.answer.type === 'stream') {
    headers['content-type'] = result.answer.framer.contentType
    headers['cache-control'] = 'no-cache'
    // Tells nginx and its like not to collect the stream.
    headers['x-accel-buffering'] = 'no'
    const { source, framer } = result.answer
    const { heartbeatMs } = context.snapshot.server
    const body = toClientStream({ source, clock, heartbeat: framer.heartbeat, heartbeatMs })
    return new Response(body, { status: 200, headers })
  }
  const { report } = result.answer
  context.finale.end({
    terminal: 'succeeded',
    status: 200,
    losses: report.losses,
    ...(report.usage !== undefined && { usage: report.usage }),
    ...(report.finish !== undefined && { finish: report.finish }),
    ...(report.model !== undefined && { model: report.model }),
  })
  headers['content-type'] = result.answer.contentType
  return new Response(result.answer.bytes as Uint8Array<ArrayBuffer>, { status: 200, headers })
}

function endStream(context: RequestContext, end: StreamEnd): void {
  const { report } = end
  context.finale.end({
    terminal: terminalOf(end),
    status: end.type === 'cancelled' ? 499 : 200,
    losses: report.losses,
    ...(end.type === 'failed' && { error: end.error }),
    ...(report.usage !== undefined && { usage: report.usage }),
    ...(report.finish !== undefined && { finish: report.finish }),
    ...(report.model !== undefined && { model: report.model }),
  })
}

function terminalOf(end: StreamEnd): 'succeeded' | 'cancelled' | 'truncated' | 'failed' {
  if (end.type === 'complete') return 'succeeded'
  if (end.type === 'cancelled') return 'cancelled'
  return end.error.code === 'stream_truncated' ? 'truncated' : 'failed'
}

function record(
  context: RequestContext,
  candidate: Candidate,
  account: string | null,
  began: number,
  status: number | null,
  error: GatewayError | undefined,
): void {
  context.finale.attempt({
    target: candidate.target.name,
    provider: candidate.target.provider,
    model: candidate.model,
    account,
    dialect: candidate.dialect,
    durationMs: context.ports.clock.mono() - began,
    status,
    error: error?.code ?? null,
  })
}

function noTarget(context: RequestContext): GatewayError {
  const rejected = context.decision.rejected.map((rejection) => `${rejection.target}: ${rejection.reason}`)
  return new GatewayError('invalid_request', {
    message: `no eligible target: ${rejected.join('; ') || 'the route has none'}`,
  })
}

function refuse(context: RequestContext, error: GatewayError, upstream: HeaderSource | undefined): Response {
  const encoded = context.ingress.encodeError(error, context.requestId)
  context.finale.end({
    terminal: error.code === 'client_cancelled' ? 'cancelled' : error.origin === 'client' ? 'rejected' : 'failed',
    status: encoded.status,
    error,
  })
  const headers = {
    ...upstreamHeaders(upstream),
    ...decisionHeaders(context.requestId, context.snapshot.revision, context.decision),
    // The SDKs retry by themselves; what the gateway has already tried on several targets is not worth repeating.
    ...(context.finale.attempts.length > 1 && { 'x-should-retry': 'false' }),
    ...encoded.headers,
  }
  return new Response(encoded.body as Uint8Array<ArrayBuffer>, { status: encoded.status, headers })
}
