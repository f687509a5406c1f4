// One call of one account of one target: send, wait for headers, read until the answer is whole or committed, classify.
import type { Timeouts } from '../catalog/snapshot.ts'
import type { AnyDialect, Exchange } from '../dialects/dialect.ts'
import { generative } from '../dialects/index.ts'
import { createFold } from '../ir/fold.ts'
import { GatewayError } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { IrResponse } from '../ir/response.ts'
import { unfold } from '../ir/unfold.ts'
import type { Usage } from '../ir/usage.ts'
import type { Candidate } from '../policy/decision.ts'
import type { FetchResponse, HeaderSource } from '../ports/index.ts'
import { providers } from '../providers/index.ts'
import { parseJson } from '../wire/json-parse.ts'
import { mediaType } from '../wire/media-type.ts'
import { createCancellation } from './cancellation.ts'
import { collect, join } from './collect.ts'
import type { RequestContext } from './context.ts'
import type { MachineReport } from './machine.ts'
import { clientFramer, type ClientFramer, isStream, upstreamDecoder } from './framing.ts'
import { plausibleUsage } from './plausible.ts'
import { createPassthrough } from './passthrough.ts'
import type { Prepared } from './prepare.ts'
import { createStreamSealer, realmOf, sealAnswer, type SealOptions } from './state/index.ts'
import { createStreamSource, type StreamEnd, type StreamSource } from './stream.ts'
import { createLegalEncoder, createTranslation, renameTools } from './translate.ts'
import { checkCount, translateUnary } from './unary.ts'
import { createWatchdog, type Watchdog } from './watchdog.ts'

/** What a target gave: a whole body, or a stream whose first content is there. */
export type Answer =
  | { readonly type: 'body'; readonly contentType: string; readonly bytes: Uint8Array; readonly report: MachineReport }
  | { readonly type: 'stream'; readonly source: StreamSource; readonly framer: ClientFramer }

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

interface AttemptOptions {
  readonly context: RequestContext
  readonly candidate: Candidate
  readonly prepared: Prepared
  readonly onStreamEnd: (end: StreamEnd) => void
  readonly forClient: (error: GatewayError) => GatewayError
}

const maxErrorBytes = 64 * 1024
const textDecoder = new TextDecoder()
const textEncoder = new TextEncoder()

/** Runs one attempt. Never throws: every failure is a classified error. */
export async function attempt(options: AttemptOptions): Promise<AttemptResult> {
  const { context, candidate, prepared } = options
  const { clock } = context.ports
  const cancellation = createCancellation()
  const abort = (): void => cancellation.cancel()
  let source: StreamSource | undefined
  const timeouts: Timeouts = { ...context.snapshot.server.timeouts, ...options.candidate.target.timeouts }
  const watchdog = createWatchdog(clock, timeouts, context.startedMono + timeouts.totalMs, () => {
    source?.bark()
    abort()
  })
  // A server that does not survive an abort is read to its end, whoever is still listening.
  const drains = candidate.target.onAbort === 'drain'
  if (!drains) context.clientSignal.addEventListener('abort', abort)
  let response: FetchResponse | undefined
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
    })
    const headersMs = clock.mono() - began
    if (response.status < 200 || response.status > 299) throw await errorAnswer(response, prepared.egress)
    const answer = isStream(context, candidate, response)
      ? await streamed({ ...options, response, watchdog, abort, expose: (made) => (source = made) })
      : await whole(options, response)
    return { ok: true, answer, status: response.status, headers: response.headers, headersMs }
  } catch (cause) {
    watchdog.stop()
    // The body first, then the request: the other order surfaces as an unhandled rejection on some runtimes.
    await response?.body.cancel().catch(() => {})
    abort()
    const error = classify(cause, context, watchdog, response !== undefined)
    return { ok: false, error, status: response?.status ?? null, headers: response?.headers }
  } finally {
    if (source === undefined) watchdog.stop()
    context.clientSignal.removeEventListener('abort', abort)
  }
}

function transportOf(context: RequestContext, prepared: Prepared) {
  return providers[prepared.provider.type]?.transport?.(context.ports.clock) ?? context.ports.fetch
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

async function errorAnswer(response: FetchResponse, egress: AnyDialect): Promise<GatewayError> {
  if (response.status >= 300 && response.status < 400) return new GatewayError('upstream_redirect')
  const bytes = await collect(response.body, maxErrorBytes).catch(() => new Uint8Array(0))
  return egress.decodeError(response.status, response.headers, parseJson(textDecoder.decode(bytes)))
}

function exchangeOf(options: AttemptOptions): Exchange {
  const { context, candidate } = options
  return {
    requestId: context.requestId,
    facts: context.facts,
    upstream: candidate.dialect,
    model: candidate.model,
    createdAt: Math.floor(context.startedAt / 1000),
  }
}

interface StreamedOptions extends AttemptOptions {
  readonly response: FetchResponse
  readonly watchdog: Watchdog
  readonly abort: () => void
  readonly expose: (source: StreamSource) => void
}

async function streamed(options: StreamedOptions): Promise<Answer> {
  const { context, candidate, prepared, response, watchdog } = options
  if (!context.facts.stream) return folded(options, response)
  watchdog.enter('first-content')
  const exchange = exchangeOf(options)
  const ingress = generative(context.ingress)
  const framer = clientFramer(ingress, context.wire)
  const source = createStreamSource({
    body: response.body,
    decoder: upstreamDecoder(response, context.snapshot.server.limits.maxEventBytes),
    separator: framer.separator,
    machine: candidate.passthrough
      ? createPassthrough({ dialect: ingress, exchange, framer, quirks: prepared.provider.traits.quirks ?? [] })
      : createTranslation({
          ingress,
          egress: generative(prepared.egress),
          exchange,
          framer,
          traits: prepared.provider.traits,
          toolNames: prepared.toolNames,
          plausible: plausibleIn(context),
          sealer: createStreamSealer(sealingOf(options)),
        }),
    watchdog,
    abort: options.abort,
    onAbort: candidate.target.onAbort,
    onContent: () => context.finale.firstContent(),
    onEnd: options.onStreamEnd,
    forClient: options.forClient,
  })
  options.expose(source)
  const failure = await source.prime()
  if (failure !== undefined) throw failure
  return { type: 'stream', source, framer }
}

// A provider that streams although JSON was asked for: collect what it says.
async function folded(options: AttemptOptions, response: FetchResponse): Promise<Answer> {
  const { context, prepared } = options
  const { limits } = context.snapshot.server
  const bytes = await collect(response.body, limits.maxBufferedResponseBytes)
  const blocks = upstreamDecoder(response, limits.maxEventBytes)
  const egress = generative(prepared.egress)
  const decoder = egress.streamDecoder(prepared.provider.traits)
  const fold = createFold(egress.id, egress.joinOpaque)
  for (const block of [...blocks.push(bytes), ...blocks.end()])
    if (block.frame !== undefined) decoder.step(block.frame).forEach(fold.step)
  decoder.finish().forEach(fold.step)
  const failure = fold.error()
  if (failure !== undefined) throw failure
  const named = renameTools(fold.response(), prepared.toolNames)
  const { response: folded, losses } = await sealed(withPlausibleUsage(named, context), options)
  const encoded = generative(context.ingress).encodeResponse(folded, exchangeOf(options))
  const finish = folded.outputs[0]?.finish
  return body(encoded.body, {
    complete: true,
    losses: [...losses, ...encoded.losses],
    ...(folded.usage !== undefined && { usage: folded.usage }),
    ...(finish !== undefined && { finish }),
    ...(folded.model !== undefined && { model: folded.model }),
  })
}

async function whole(options: AttemptOptions, response: FetchResponse): Promise<Answer> {
  const { context, candidate, prepared } = options
  const bytes = await collect(response.body, context.snapshot.server.limits.maxBufferedResponseBytes)
  const parsed = parseJson(textDecoder.decode(bytes))
  if (bytes.length === 0) throw new GatewayError('upstream_empty')
  if (parsed === undefined) throw new GatewayError('upstream_bad_content')
  const exchange = exchangeOf(options)
  if (context.facts.task !== 'generate' && !candidate.passthrough) {
    const unary = translateUnary(context, prepared, parsed, exchange)
    return body(unary.bytes, unary.report)
  }
  if (context.facts.task === 'count-tokens') return body(bytes, checkCount(prepared, parsed))
  const mended = candidate.passthrough ? normalised(options, parsed, exchange) : 'same'
  const inspected = prepared.egress.inspectResponse(mended === 'same' ? parsed : mended)
  if (!inspected.ok) throw inspected.error
  const report: MachineReport = { ...inspected.value, losses: [] }
  if (candidate.passthrough && !context.facts.stream)
    return body(mended === 'same' ? bytes : textEncoder.encode(JSON.stringify(mended)), report)
  const decoded = generative(prepared.egress).decodeResponse(parsed, prepared.provider.traits)
  if (!decoded.ok) throw decoded.error
  const named = withPlausibleUsage(renameTools(decoded.value, prepared.toolNames), context)
  const { response: canonical, losses: lost } = await sealed(named, options)
  const ingress = generative(context.ingress)
  if (!context.facts.stream) {
    const encoded = ingress.encodeResponse(canonical, exchange)
    return body(encoded.body, { ...report, losses: [...lost, ...encoded.losses] })
  }
  // JSON where a stream was asked for: the same answer as the events that a stream would have had.
  const framer = clientFramer(ingress, context.wire)
  const encoder = createLegalEncoder(ingress, exchange)
  const frames = unfold(canonical).flatMap((event) => encoder.step(event))
  const fault = encoder.fault()
  if (fault !== undefined) throw fault
  const losses: readonly Loss[] = [...lost, ...encoder.losses()]
  const written = join([framer.encode(frames), framer.close()])
  return { ...body(written, { ...report, losses }), contentType: framer.contentType }
}

function plausibleIn({ wire, facts }: RequestContext): (usage: Usage) => Usage {
  return (usage) => plausibleUsage(usage, wire.body.bytes.length, facts.approxInputTokens)
}

function withPlausibleUsage(response: IrResponse, context: RequestContext): IrResponse {
  return response.usage === undefined ? response : { ...response, usage: plausibleIn(context)(response.usage) }
}

function sealingOf({ context, prepared }: AttemptOptions): SealOptions {
  const request = context.canonical()
  return {
    keeper: context.state,
    ingress: context.ingress.id,
    realm: realmOf(prepared.origin),
    before: request.ok ? request.value.turns.findLast((turn) => turn.role === 'user') : undefined,
  }
}

/** The tokens of another dialect's answer go to the client sealed; its own dialect's go as they are. */
async function sealed(
  response: IrResponse,
  options: AttemptOptions,
): Promise<{ readonly response: IrResponse; readonly losses: readonly Loss[] }> {
  return options.candidate.passthrough ? { response, losses: [] } : sealAnswer(response, sealingOf(options))
}

function normalised(options: AttemptOptions, parsed: unknown, exchange: Exchange): object | 'same' {
  const { ingress } = options.context
  const { quirks } = options.prepared.provider.traits
  if (quirks === undefined || quirks.length === 0 || !('compatibility' in ingress)) return 'same'
  return ingress.compatibility?.normaliseResponse(parsed, quirks, exchange) ?? 'same'
}

function body(bytes: Uint8Array, report: MachineReport): Answer & { readonly type: 'body' } {
  return { type: 'body', contentType: 'application/json', bytes, report }
}
