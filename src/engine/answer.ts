// The answer of a provider as the client's Response, and the end of one that was streamed.
import type { Use, UseOutcome } from '../coordination/event.ts'
import type { Loss } from '../ir/loss.ts'
import type { Candidate } from '../policy/decision.ts'
import type { AttemptResult } from './attempt.ts'
import { toClientStream } from './client-stream.ts'
import type { RequestContext } from './context.ts'
import { decisionHeaders, lossHeader, queueHeader, upstreamHeaders, usedHeaders } from './respond.ts'
import type { StreamEnd } from './stream.ts'
import { endUse as told, failedOutcome } from './use.ts'

/** The Response of an answer that was taken. */
export function answerOf(
  context: RequestContext,
  candidate: Candidate,
  result: AttemptResult & { ok: true },
  losses: readonly Loss[],
): Response {
  const headers: Record<string, string> = {
    ...upstreamHeaders(result.headers, context.scrubber),
    ...decisionHeaders(context.requestId, context.snapshot.revision, context.decision),
    ...queueHeader(context.queueMs),
    ...lossHeader(losses),
    ...usedHeaders(candidate, context.decision, result.headersMs),
    ...(context.facts.task === 'count-tokens' && { 'x-signalbox-token-count': 'reported' }),
  }
  const { clock } = context.ports
  if (result.answer.type === 'stream') {
    headers['content-type'] = result.answer.framer.contentType
    headers['cache-control'] = 'no-cache'
    // Tells nginx and its like not to collect the stream.
    headers['x-accel-buffering'] = 'no'
    const { source, framer } = result.answer
    const { heartbeatMs, limits } = context.snapshot.server
    const stallMs = limits.clientStallMs
    const { hangUp } = context
    const body = toClientStream({ source, clock, heartbeat: framer.heartbeat, heartbeatMs, stallMs, hangUp })
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

/** An answer that is streamed. Monotonic milliseconds. */
export interface Streamed {
  readonly use: Use
  readonly startedMono: number
  /** When the first content was there. */
  readonly contentMono: number
}

/** Tells whoever keeps count how the use of a target for a stream ended. */
export function endUse(context: RequestContext, candidate: Candidate, streamed: Streamed, end: StreamEnd): void {
  told(context, candidate, streamed.use, outcomeOf(context, candidate, streamed, end))
}

/** Tells the trace how a stream ended for the client. */
export function endRequest(context: RequestContext, end: StreamEnd): void {
  const { report } = end
  const { finale } = context
  if (end.type === 'failed' && end.error.origin === 'upstream' && finale.attempts.at(-1)?.error === null)
    finale.brokeOff(end.error.code)
  finale.end({
    terminal: terminalOf(end),
    status: end.type === 'cancelled' ? 499 : 200,
    losses: report.losses,
    ...(end.type !== 'complete' && end.error !== undefined && { error: end.error }),
    ...(report.usage !== undefined && { usage: report.usage }),
    ...(report.finish !== undefined && { finish: report.finish }),
    ...(report.model !== undefined && { model: report.model }),
  })
}

function outcomeOf(
  context: RequestContext,
  candidate: Candidate,
  { startedMono, contentMono }: Streamed,
  end: StreamEnd,
): UseOutcome {
  const totalMs = context.ports.clock.mono() - startedMono
  if (end.type === 'cancelled') return { type: 'neutral' }
  if (end.type === 'failed')
    return failedOutcome(context, candidate, { cause: end.error, status: 200, totalMs, isCommitted: true })
  return { type: 'completed', totalMs, ttftMs: contentMono - startedMono }
}

function terminalOf(end: StreamEnd): 'succeeded' | 'cancelled' | 'truncated' | 'failed' {
  if (end.type === 'complete') return 'succeeded'
  if (end.type === 'cancelled') return 'cancelled'
  return end.error.code === 'stream_truncated' ? 'truncated' : 'failed'
}
