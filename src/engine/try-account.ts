// One account of one target, tried: once; once more where a refusal can be mended (a history with foreign tokens, a
// credential that can be had anew); and again where the configuration wants passing failures tried again.
// Every use that begins ends exactly once, whatever happens.
import type { Use } from '../coordination/event.ts'
import type { Lease } from '../credentials/keeper.ts'
import { GatewayError, type ErrorCode } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import { targetKey } from '../policy/health.ts'
import { answerOf, endRequest, endUse } from './answer.ts'
import { attempt, type AttemptOptions, type AttemptResult } from './attempt.ts'
import type { LossReason, RequestContext } from './context.ts'
import type { Failure, Tried, TryOptions } from './failure.ts'
import { prepare } from './prepare.ts'
import { errorForClient } from './respond.ts'
import { retried } from './retry.ts'
import { refusesState } from './state/index.ts'
import type { StreamSource } from './stream.ts'
import { acceptUse, settingsOf, settleFailure, useOf } from './use.ts'

/** The answer, or why there is none; accounts are locked for it before this returns. */
export async function tryAccount(context: RequestContext, options: TryOptions): Promise<Response | Failure> {
  const tried = await tryOnce(context, options)
  return tried instanceof Response ? tried : recover(context, tried)
}

async function recover(context: RequestContext, first: Tried): Promise<Response | Failure> {
  const mended = await mend(context, first)
  const tried = mended instanceof Response ? mended : await retried(context, mended, tryAgain)
  if (!(tried instanceof Response)) settle(context, tried)
  return tried
}

async function tryAgain(context: RequestContext, options: TryOptions): Promise<Response | Tried> {
  const tried = await tryOnce(context, options)
  return tried instanceof Response ? tried : mend(context, tried)
}

/** The same request once more, without what it was refused for. */
async function mend(context: RequestContext, first: Tried): Promise<Response | Tried> {
  let tried: Response | Tried = first
  const again = async (failure: Tried, options: TryOptions): Promise<Response | Tried> => {
    const { candidate, isProbe } = options
    context.session.ended(failure.use, { type: 'neutral' }, settingsOf(context, candidate))
    // A use that found out nothing gave its probe back; without it nobody would learn that the target is well.
    if (isProbe && !(await context.session.claimProbe(targetKey(candidate)))) return { ...failure, isSettled: true }
    return tryOnce(context, options)
  }
  // A history that the provider cannot read must not end the session: without its tokens it is as good as new.
  if (isOpen(context, tried) && tried.sent && refusesState(tried.cause))
    tried = await again(tried, { ...tried.options, withoutState: true })
  if (isOpen(context, tried) && refuseLease(context, tried)) {
    tried = await again(tried, tried.options)
    if (!(tried instanceof Response)) refuseLease(context, tried)
  }
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

function settle(context: RequestContext, tried: Tried): void {
  if (tried.isSettled === true) return
  const { options, use, cause, status, durationMs: totalMs } = tried
  settleFailure(context, options.candidate, use, { cause, status, totalMs, isCommitted: false })
}

/** One call under way. */
interface Call {
  readonly context: RequestContext
  readonly options: TryOptions
  readonly use: Use
  readonly startedMono: number
  /** When the first content was there. */
  contentMono: number
  lease: Lease | undefined
  accepted: StreamSource | undefined
  /** The trace knows how it ended. */
  isTold: boolean
  /** An answer was taken: from here on it tells its end by itself. */
  isTaken: boolean
}

async function tryOnce(context: RequestContext, options: TryOptions): Promise<Response | Tried> {
  const call = begin(context, options)
  context.contender?.began((reason) => withdraw(call, reason))
  try {
    const prepared = await prepare(context, options)
    if (!prepared.ok) return lost(call, prepared.error, { status: null, headers: undefined, sent: false })
    call.lease = prepared.value.lease
    const result = await attempt({ ...options, context, prepared: prepared.value, ...listenersOf(call) })
    const { status, headers } = result
    if (!result.ok) return lost(call, result.error, { status, headers, sent: true })
    if (options.hasNext() && isEmpty(result)) {
      if (result.answer.type === 'stream') await result.answer.source.discard()
      return lost(call, new GatewayError('upstream_empty'), { status, headers, sent: true })
    }
    if (context.contender?.claim() === false)
      return lost(call, new GatewayError('client_cancelled'), { status, headers, sent: true })
    return take(call, result, prepared.value.losses)
  } catch (cause) {
    // A fault of our own: whoever keeps count must not wait for the end of this use for ever.
    if (call.isTaken) await call.accepted?.cancel()
    else if (!call.isTold) {
      call.isTold = true
      endNeutrally(call)
    }
    throw cause
  }
}

function begin(context: RequestContext, options: TryOptions): Call {
  const use = useOf(context, options.candidate, options.account)
  const startedMono = context.ports.clock.mono()
  context.session.began(use)
  return {
    context,
    options,
    use,
    startedMono,
    contentMono: startedMono,
    lease: undefined,
    accepted: undefined,
    isTold: false,
    isTaken: false,
  }
}

/** Ends a call that nobody waits for any more, at once: it says nothing of its target. */
function withdraw(call: Call, reason: LossReason): void {
  if (call.isTold) return
  call.isTold = true
  record(call.context, call.options, call.context.ports.clock.mono() - call.startedMono, null, reason)
  endNeutrally(call)
}

function endNeutrally({ context, options, use }: Call): void {
  context.session.ended(use, { type: 'neutral' }, settingsOf(context, options.candidate))
}

/** What a stream tells of itself. */
function listenersOf(call: Call): Pick<AttemptOptions, 'onUseEnd' | 'onStreamEnd' | 'forClient'> {
  const { context, options } = call
  return {
    onUseEnd: (end) => endUse(context, options.candidate, call, end),
    onStreamEnd(end) {
      if (call.accepted !== undefined) context.live.delete(call.accepted)
      endRequest(context, end)
    },
    forClient: (error) => errorForClient(error, options.candidate.passthrough, context.scrubber),
  }
}

function lost(call: Call, cause: GatewayError, found: Pick<Failure, 'status' | 'headers' | 'sent'>): Tried {
  const { context, options, use, lease } = call
  const durationMs = context.ports.clock.mono() - call.startedMono
  const ended = { ...found, options, use, durationMs, lease }
  if (call.isTold) {
    // Withdrawn in the very moment: whatever it came to, nobody acts on it.
    const gone = new GatewayError('client_cancelled')
    return { ...ended, error: gone, cause: gone, isSettled: true }
  }
  const error = errorForClient(cause, options.candidate.passthrough, context.scrubber)
  record(context, options, durationMs, found.status, cause.code)
  call.isTold = true
  return { ...ended, error, cause }
}

/** The answer is the client's: what there is to tell of it now, and the Response. */
function take(call: Call, result: AttemptResult & { ok: true }, losses: readonly Loss[]): Response {
  const { context, options, use } = call
  const { candidate, joining } = options
  const { clock } = context.ports
  const totalMs = clock.mono() - call.startedMono
  record(context, options, totalMs, result.status, null)
  acceptUse(context, candidate, use)
  context.finale.requestLosses(losses)
  call.isTaken = true
  if (result.answer.type !== 'stream') {
    context.session.ended(use, { type: 'completed', totalMs, ttftMs: null }, settingsOf(context, candidate))
    return answerOf(context, candidate, result, losses)
  }
  const { source } = result.answer
  call.accepted = source
  call.contentMono = clock.mono()
  source.accept()
  if (joining !== undefined) {
    joining.deliver(source)
    return new Response(null)
  }
  context.live.add(source)
  return answerOf(context, candidate, result, losses)
}

// An answer that ended with nothing said is taken only when there is nobody else to ask.
function isEmpty(result: AttemptResult & { ok: true }): boolean {
  const report = result.answer.type === 'stream' ? result.answer.source.report() : result.answer.report
  return report.complete && report.finish?.class === 'stop' && report.usage?.output === 0
}

function record(
  context: RequestContext,
  { candidate, account, maybeDuplicate, isProbe, retry, waitedMs, joining }: TryOptions,
  durationMs: number,
  status: number | null,
  error: ErrorCode | LossReason | null,
): void {
  context.finale.attempt({
    target: candidate.target.name,
    provider: candidate.target.provider,
    model: candidate.model,
    account,
    dialect: candidate.dialect,
    durationMs,
    status,
    error,
    ...(retry !== undefined && { retry }),
    ...(waitedMs !== undefined && { wait_ms: Math.round(waitedMs) }),
    ...(isProbe && { probe: true as const }),
    ...(candidate.degraded && { degraded: true as const }),
    ...(maybeDuplicate && { maybe_duplicate: true as const }),
    ...(joining !== undefined && { repaired: joining.manner }),
  })
}
