// One call of one account of one target: send, wait for headers, read until the answer is whole or committed, classify.
import type { AnyDialect } from '../dialects/dialect.ts'
import { GatewayError, type ErrorCode } from '../ir/error.ts'
import type { FetchResponse, HeaderSource } from '../ports/index.ts'
import { providers } from '../providers/index.ts'
import { parseJson } from '../wire/json-parse.ts'
import { createCancellation } from './cancellation.ts'
import { collect } from './collect.ts'
import type { RequestContext } from './context.ts'
import { deadlineOf, timeoutsOf } from './deadline.ts'
import { isStream } from './framing.ts'
import type { Prepared } from './prepare.ts'
import { readStream, readWhole, type Answer } from './read-answer.ts'
import type { ReadOptions } from './reading.ts'
import { withWait } from './respond.ts'
import type { StreamEnd, StreamSource } from './stream.ts'
import { createWatchdog, type Watchdog } from './watchdog.ts'

export type AttemptResult =
  | {
      readonly ok: true
      readonly answer: Answer
      readonly status: number
      readonly headers: HeaderSource
      readonly headersMs: number
    }
  | {
      readonly ok: false
      readonly error: GatewayError
      readonly status: number | null
      readonly headers: HeaderSource | undefined
    }

/** One attempt, and who hears of it. */
export interface AttemptOptions extends ReadOptions {
  readonly onUseEnd: (end: StreamEnd) => void
  readonly onStreamEnd: (end: StreamEnd) => void
  readonly forClient: (error: GatewayError) => GatewayError
}

const maxErrorBytes = 64 * 1024
const textDecoder = new TextDecoder()

/** Runs one attempt. Never throws: every failure is a classified error. */
export async function attempt(options: AttemptOptions): Promise<AttemptResult> {
  const { context, candidate, prepared } = options
  const { clock } = context.ports
  const cancellation = createCancellation()
  const abort = (): void => cancellation.cancel()
  let source: StreamSource | undefined
  let response: FetchResponse | undefined
  let refusal: GatewayError | undefined
  const timeouts = timeoutsOf(context, candidate)
  const watchdog = createWatchdog(clock, timeouts, deadlineOf(context, candidate), () => {
    if (source === undefined) void response?.body.cancel().catch(() => {})
    if (source === undefined || source.bark()) abort()
  })
  // A server that does not survive an abort is read to its end, whoever is still listening.
  const drains = candidate.target.onAbort === 'drain'
  if (!drains) context.clientSignal.addEventListener('abort', abort)
  try {
    if (context.clientSignal.aborted) throw new GatewayError('client_cancelled')
    watchdog.enter(context.facts.stream ? 'headers' : 'body')
    const began = clock.mono()
    response = await transportOf(
      context,
      prepared,
    )({
      method: 'POST',
      url: prepared.url,
      headers: prepared.headers,
      body: prepared.body,
      cancellation,
      connectTimeoutMs: timeouts.connectMs,
      allowPrivate: prepared.provider.allowPrivate,
      allowHttp: prepared.provider.allowHttp,
      egress: prepared.route,
    })
    const headersMs = clock.mono() - began
    if (response.status < 200 || response.status > 299) {
      watchdog.enter('refusal')
      refusal = await errorAnswer(response, prepared.egress, clock.now())
      throw refusal
    }
    const streams = isStream(context, candidate, response)
    // Whole although a stream was asked for: what is left of the time for headers is not its own.
    if (context.facts.stream && !streams) watchdog.enter('first-content')
    const answer = streams
      ? await readStream({ ...options, response, watchdog, abort, expose: (made) => (source = made) })
      : await readWhole(options, response)
    return { ok: true, answer, status: response.status, headers: response.headers, headersMs }
  } catch (cause) {
    watchdog.stop()
    // The body first, then the request: the other order surfaces as an unhandled rejection on some runtimes.
    await response?.body.cancel().catch(() => {})
    abort()
    const isTold = refusal !== undefined && !context.clientSignal.aborted
    const error = (isTold ? refusal : undefined) ?? classify(cause, context, watchdog, response !== undefined)
    const headers = response?.headers
    const told = headers === undefined ? error : withHint(error, headers, prepared.egress, clock.now())
    return { ok: false, error: told, status: response?.status ?? null, headers }
  } finally {
    if (source === undefined) watchdog.stop()
    context.clientSignal.removeEventListener('abort', abort)
  }
}

function transportOf(context: RequestContext, prepared: Prepared) {
  return providers[prepared.provider.type]?.transport?.(context.ports) ?? context.ports.fetch
}

// Which of our own signals fired says more than any runtime's error text.
function classify(cause: unknown, context: RequestContext, watchdog: Watchdog, hadHeaders: boolean): GatewayError {
  if (context.clientSignal.aborted) return new GatewayError('client_cancelled')
  const timeout = watchdog.fired()
  if (timeout !== undefined) return timeout
  if (cause instanceof GatewayError) return cause
  if (!hadHeaders) return new GatewayError('upstream_unreachable', { cause })
  return new GatewayError('upstream_error', {
    message: 'the connection to the provider broke before the answer was complete',
    cause,
  })
}

async function errorAnswer(response: FetchResponse, egress: AnyDialect, now: number): Promise<GatewayError> {
  if (response.status >= 300 && response.status < 400) return new GatewayError('upstream_redirect')
  const bytes = await collect(response.body, maxErrorBytes).catch(() => new Uint8Array(0))
  return egress.decodeError(response.status, dated(response.headers, now), parseJson(textDecoder.decode(bytes)))
}

// A refusal inside an answer with status 200: when to come back stands where it stands on every refusal.
function withHint(error: GatewayError, headers: HeaderSource, egress: AnyDialect, now: number): GatewayError {
  if (error.retryAfterMs !== undefined || !hinted.has(error.code)) return error
  const said = { error: { message: error.upstream?.message ?? '' } }
  return withWait(error, egress.decodeError(error.status, dated(headers, now), said).retryAfterMs)
}

const hinted: ReadonlySet<ErrorCode> = new Set(['upstream_rate_limited', 'upstream_overloaded', 'upstream_quota'])

/** The headers with the moment of the answer among them: a date to come back at is measured against it. */
function dated(headers: HeaderSource, now: number): Pick<HeaderSource, 'get'> {
  return {
    get(name) {
      const value = headers.get(name)
      const isUsable = name !== 'date' || !Number.isNaN(Date.parse(value ?? ''))
      return isUsable ? value : new Date(now).toUTCString()
    },
  }
}
