// One account of one target, tried: once, and once more where a refusal can be mended (a history with foreign tokens, a
// credential that can be had anew). Tells the book of accounts how it went.
import type { TargetSettings, Use, UseOutcome } from '../coordination/event.ts'
import type { Lease } from '../credentials/keeper.ts'
import { GatewayError } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { Candidate } from '../policy/decision.ts'
import { defaultBreaker } from '../policy/breaker.ts'
import { homeKey } from '../policy/health.ts'
import { defaultPermanent } from '../policy/locks.ts'
import type { HeaderSource } from '../ports/index.ts'
import { attempt, type AttemptResult } from './attempt.ts'
import { toClientStream } from './client-stream.ts'
import { providerOf, type RequestContext } from './context.ts'
import { prepare, type Prepared, type PrepareOptions } from './prepare.ts'
import { decisionHeaders, errorForClient, lossHeader, upstreamHeaders } from './respond.ts'
import { refusesState } from './state/index.ts'
import type { StreamEnd, StreamSource } from './stream.ts'

/** An attempt that gave no answer. */
export interface Failure {
  /** As the client may read it. */
  readonly error: GatewayError
  /** As the provider told it; its type and code go into the trace, its words nowhere. */
  readonly cause: GatewayError
  /** HTTP status of the provider; null where none arrived. */
  readonly status: number | null
  readonly headers: HeaderSource | undefined
  /** Whether anything left for the provider. */
  readonly sent: boolean
}

export interface TryOptions extends PrepareOptions {
  /** There is another target to go to. */
  readonly hasNext: boolean
  /** An earlier attempt broke off without an answer, so the provider may have worked for this request before. */
  readonly maybeDuplicate: boolean
}

interface Tried extends Failure {
  readonly use: Use
  readonly startedMono: number
  readonly lease: Lease | undefined
}

/** The answer, or why there is none; accounts are locked for it before this returns. */
export async function tryAccount(context: RequestContext, options: TryOptions): Promise<Response | Failure> {
  let tried = await tryOnce(context, options)
  const again = async (next: TryOptions): Promise<Response | Tried> => {
    if (!(tried instanceof Response))
      context.session.ended(tried.use, { type: 'neutral' }, settingsOf(context, options.candidate))
    return tryOnce(context, next)
  }
  // A history that the provider cannot read must not end the session: without its tokens it is as good as new.
  if (isOpen(context, tried) && tried.sent && refusesState(tried.cause))
    tried = await again({ ...options, withoutState: true })
  if (isOpen(context, tried) && refuseLease(context, tried)) {
    tried = await again(options)
    if (!(tried instanceof Response)) refuseLease(context, tried)
  }
  if (!(tried instanceof Response)) settle(context, options.candidate, tried)
  return tried
}

function isOpen(context: RequestContext, tried: Response | Tried): tried is Tried {
  return !(tried instanceof Response) && !context.clientSignal.aborted
}

/** Gives back a credential that the provider refused; whether another one may be had. */
function refuseLease({ credentials }: RequestContext, { cause, lease }: Tried): boolean {
  if (cause.code !== 'upstream_auth' || lease === undefined) return false
  credentials.refused(lease)
  return lease.renewable
}

/** Tells what came of the attempt that nothing could mend. */
function settle(context: RequestContext, candidate: Candidate, tried: Tried): void {
  const { cause, use, status } = tried
  const isNeutral = cause.code === 'client_cancelled' || isOtherThing(cause)
  context.session.ended(
    use,
    isNeutral ? { type: 'neutral' } : failureOf(context, tried),
    settingsOf(context, candidate),
  )
  if (isNeutral || cause.code !== 'upstream_auth') return
  context.ports.log.warn('provider_auth_failed', {
    provider: candidate.target.provider,
    account: use.account,
    status,
    request_id: context.requestId,
  })
}

function failureOf(
  context: RequestContext,
  { cause, startedMono }: Pick<Tried, 'cause' | 'startedMono'>,
  isCommitted = false,
): UseOutcome {
  const { code, origin, retryAfterMs } = cause
  const totalMs = context.ports.clock.mono() - startedMono
  return { type: 'failed', error: { code, origin, retryAfterMs, isPermanent: false }, totalMs, isCommitted }
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

function settingsOf({ snapshot }: RequestContext, { target }: Candidate): TargetSettings {
  return {
    permanent: target.permanent ?? defaultPermanent,
    maxMs: snapshot.policy.lockMaxMs,
    breaker: target.breaker ?? defaultBreaker,
  }
}

async function tryOnce(context: RequestContext, options: TryOptions): Promise<Response | Tried> {
  const { candidate } = options
  const use = useOf(context, options)
  const startedMono = context.ports.clock.mono()
  context.session.began(use)
  const prepared = await prepare(context, options)
  const lost = (cause: GatewayError, found: Pick<Failure, 'status' | 'headers' | 'sent'>): Tried => {
    record(context, options, startedMono, found.status, cause)
    const error = errorForClient(cause, candidate.passthrough, context.scrubber)
    return { error, cause, ...found, use, startedMono, lease: prepared.ok ? prepared.value.lease : undefined }
  }
  if (!prepared.ok) return lost(prepared.error, { status: null, headers: undefined, sent: false })
  let accepted: StreamSource | undefined
  let contentMono = startedMono
  const onStreamEnd = (end: StreamEnd): void => {
    if (accepted !== undefined) context.live.delete(accepted)
    endStream(context, options, { use, startedMono, contentMono }, end)
  }
  const forClient = (error: GatewayError): GatewayError =>
    errorForClient(error, candidate.passthrough, context.scrubber)
  const result = await attempt({ context, candidate, prepared: prepared.value, onStreamEnd, forClient })
  const { status, headers } = result
  if (!result.ok) return lost(result.error, { status, headers, sent: true })
  if (options.hasNext && isEmpty(result)) {
    if (result.answer.type === 'stream') await result.answer.source.discard()
    return lost(new GatewayError('upstream_empty'), { status, headers, sent: true })
  }
  record(context, options, startedMono, status, undefined)
  context.session.accepted(use)
  context.finale.requestLosses(prepared.value.losses)
  if (result.answer.type === 'stream') {
    accepted = result.answer.source
    context.live.add(accepted)
    contentMono = context.ports.clock.mono()
    accepted.accept()
  } else {
    const totalMs = context.ports.clock.mono() - startedMono
    context.session.ended(use, { type: 'completed', totalMs, ttftMs: null }, settingsOf(context, candidate))
  }
  return answer(context, candidate, prepared.value, result, prepared.value.losses)
}

function useOf(context: RequestContext, { candidate, account }: TryOptions): Use {
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

// An answer that ended with nothing said is taken only when there is nobody else to ask.
function isEmpty(result: AttemptResult & { ok: true }): boolean {
  const report = result.answer.type === 'stream' ? result.answer.source.report() : result.answer.report
  return report.complete && report.finish?.class === 'stop' && report.usage?.output === 0
}

function answer(
  context: RequestContext,
  candidate: Candidate,
  prepared: Prepared,
  result: AttemptResult & { ok: true },
  losses: readonly Loss[],
): Response {
  const headers: Record<string, string> = {
    ...upstreamHeaders(result.headers, context.scrubber),
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

interface Streamed {
  readonly use: Use
  readonly startedMono: number
  /** When the first content was there. */
  readonly contentMono: number
}

function endStream(context: RequestContext, { candidate }: TryOptions, streamed: Streamed, end: StreamEnd): void {
  const { report } = end
  context.session.ended(streamed.use, outcomeOf(context, streamed, end), settingsOf(context, candidate))
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

function outcomeOf(context: RequestContext, { startedMono, contentMono }: Streamed, end: StreamEnd): UseOutcome {
  if (end.type === 'cancelled') return { type: 'neutral' }
  if (end.type === 'failed') return failureOf(context, { cause: end.error, startedMono }, true)
  return { type: 'completed', totalMs: context.ports.clock.mono() - startedMono, ttftMs: contentMono - startedMono }
}

function terminalOf(end: StreamEnd): 'succeeded' | 'cancelled' | 'truncated' | 'failed' {
  if (end.type === 'complete') return 'succeeded'
  if (end.type === 'cancelled') return 'cancelled'
  return end.error.code === 'stream_truncated' ? 'truncated' : 'failed'
}

function record(
  context: RequestContext,
  { candidate, account, maybeDuplicate }: TryOptions,
  startedMono: number,
  status: number | null,
  error: GatewayError | undefined,
): void {
  context.finale.attempt({
    target: candidate.target.name,
    provider: candidate.target.provider,
    model: candidate.model,
    account,
    dialect: candidate.dialect,
    durationMs: context.ports.clock.mono() - startedMono,
    status,
    error: error?.code ?? null,
    ...(maybeDuplicate && { maybe_duplicate: true as const }),
  })
}
