// A provider's answer on its way to the client's wire: streamed or whole, as bytes or translated. Owns which of these it
// is; every way throws `GatewayError` as long as nothing has been sent.
import type { Exchange } from '../dialects/dialect.ts'
import { generative } from '../dialects/index.ts'
import { GatewayError } from '../ir/error.ts'
import { createFold } from '../ir/fold.ts'
import type { Loss } from '../ir/loss.ts'
import type { IrResponse } from '../ir/response.ts'
import { unfold } from '../ir/unfold.ts'
import type { Usage } from '../ir/usage.ts'
import type { Candidate } from '../policy/decision.ts'
import type { FetchResponse } from '../ports/index.ts'
import { parseJson } from '../wire/json-parse.ts'
import type { Frame } from '../wire/frame.ts'
import { collect, join } from './collect.ts'
import type { RequestContext } from './context.ts'
import { clientFramer, upstreamDecoder, type ClientFramer } from './framing.ts'
import type { MachineReport } from './machine.ts'
import { createPassthrough } from './passthrough.ts'
import { plausibleUsage } from './plausible.ts'
import type { Prepared } from './prepare.ts'
import { createStreamSealer, realmOf, sealAnswer, type SealOptions } from './state/index.ts'
import { createStreamSource, type StreamEnd, type StreamSource } from './stream.ts'
import { createLegalEncoder, createTranslation, renameTools } from './translate.ts'
import { checkCount, translateUnary } from './unary.ts'
import type { Watchdog } from './watchdog.ts'

/** What a target gave: a whole body, or a stream whose first content is there. */
export type Answer =
  | { readonly type: 'body'; readonly contentType: string; readonly bytes: Uint8Array; readonly report: MachineReport }
  | { readonly type: 'stream'; readonly source: StreamSource; readonly framer: ClientFramer }

/** Whose answer it is, and for whom. */
export interface ReadOptions {
  readonly context: RequestContext
  readonly candidate: Candidate
  readonly prepared: Prepared
}

export interface StreamOptions extends ReadOptions {
  readonly response: FetchResponse
  readonly watchdog: Watchdog
  /** Ends the upstream request. */
  readonly abort: () => void
  /** Called with the source before anything is read from it. */
  readonly expose: (source: StreamSource) => void
  readonly onStreamEnd: (end: StreamEnd) => void
  readonly forClient: (error: GatewayError) => GatewayError
}

const textDecoder = new TextDecoder()
const textEncoder = new TextEncoder()

/** An answer that comes as a stream, up to its first content; collected where the client asked for none. */
export async function readStream(options: StreamOptions): Promise<Answer> {
  const { context, candidate, prepared, response, watchdog } = options
  if (!context.facts.stream) return readFolded(options, response)
  watchdog.enter('first-content')
  const exchange = exchangeOf(options)
  const ingress = generative(context.ingress)
  const framer = clientFramer(ingress, context.wire)
  const { traits } = prepared.provider
  const source = createStreamSource({
    body: response.body,
    decoder: upstreamDecoder(response, context.snapshot.server.limits.maxEventBytes),
    separator: framer.separator,
    machine: candidate.passthrough
      ? createPassthrough({
          dialect: ingress,
          exchange,
          framer,
          quirks: traits.quirks ?? [],
          hide: context.scrubber.hideKnown(),
        })
      : createTranslation({
          ingress,
          egress: generative(prepared.egress),
          exchange,
          framer,
          traits,
          toolNames: prepared.toolNames,
          hide: context.scrubber.hideKnown(),
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
async function readFolded(options: ReadOptions, response: FetchResponse): Promise<Answer> {
  const { context, prepared } = options
  const { limits } = context.snapshot.server
  const bytes = await collect(response.body, limits.maxBufferedResponseBytes)
  const blocks = upstreamDecoder(response, limits.maxEventBytes)
  const egress = generative(prepared.egress)
  const decoder = egress.streamDecoder(prepared.provider.traits)
  const fold = createFold(egress.id, egress.joinOpaque)
  const hide = context.scrubber.hideKnown()
  const quiet = (frame: Frame): Frame => ({ ...frame, data: hide(frame.data) })
  for (const block of [...blocks.push(bytes), ...blocks.end()])
    if (block.frame !== undefined) decoder.step(quiet(block.frame)).forEach(fold.step)
  decoder.finish().forEach(fold.step)
  const failure = fold.error()
  if (failure !== undefined) throw failure
  return writeWhole(options, await readable(fold.response(), options))
}

/** An answer that comes whole. */
export async function readWhole(options: ReadOptions, response: FetchResponse): Promise<Answer> {
  const { context, candidate, prepared } = options
  const received = await collect(response.body, context.snapshot.server.limits.maxBufferedResponseBytes)
  if (received.length === 0) throw new GatewayError('upstream_empty')
  const said = textDecoder.decode(received)
  const text = context.scrubber.hide(said)
  const bytes = text === said ? received : textEncoder.encode(text)
  const parsed = parseJson(text)
  if (parsed === undefined) throw new GatewayError('upstream_bad_content')
  if (context.facts.task !== 'generate' && !candidate.passthrough) {
    const unary = translateUnary(context, prepared, parsed, exchangeOf(options))
    return body(unary.bytes, unary.report)
  }
  if (context.facts.task === 'count-tokens') return body(bytes, checkCount(prepared, parsed))
  if (candidate.passthrough && !context.facts.stream) return passWhole(options, bytes, parsed)
  const inspected = prepared.egress.inspectResponse(parsed)
  if (!inspected.ok) throw inspected.error
  const decoded = generative(prepared.egress).decodeResponse(parsed, prepared.provider.traits)
  if (!decoded.ok) throw decoded.error
  const answer = await readable(decoded.value, options)
  return context.facts.stream ? writeStream(options, answer) : writeWhole(options, answer)
}

// The provider's bytes, unless it is one whose answers have to be mended.
function passWhole(options: ReadOptions, bytes: Uint8Array, parsed: unknown): Answer {
  const { context, prepared } = options
  const { ingress } = context
  const { quirks = [] } = prepared.provider.traits
  const compatibility = 'compatibility' in ingress && quirks.length > 0 ? ingress.compatibility : undefined
  const mended = compatibility?.normaliseResponse(parsed, quirks, exchangeOf(options)) ?? 'same'
  const inspected = prepared.egress.inspectResponse(mended === 'same' ? parsed : mended)
  if (!inspected.ok) throw inspected.error
  const { usage } = inspected.value
  return body(mended === 'same' ? bytes : textEncoder.encode(JSON.stringify(mended)), {
    ...inspected.value,
    ...(usage !== undefined && { usage: plausibleIn(context)(usage) }),
    losses: [],
  })
}

interface Readable {
  readonly response: IrResponse
  readonly losses: readonly Loss[]
}

/** A canonical answer as the client may have it: its own tool names, a usage that can be true, foreign tokens sealed. */
async function readable(answer: IrResponse, options: ReadOptions): Promise<Readable> {
  const { context, candidate, prepared } = options
  const named = renameTools(answer, prepared.toolNames)
  const response = named.usage === undefined ? named : { ...named, usage: plausibleIn(context)(named.usage) }
  // The tokens of the client's own dialect go as they are.
  return candidate.passthrough ? { response, losses: [] } : sealAnswer(response, sealingOf(options))
}

function writeWhole(options: ReadOptions, { response, losses }: Readable): Answer {
  const encoded = generative(options.context.ingress).encodeResponse(response, exchangeOf(options))
  return body(encoded.body, reportOf(response, [...losses, ...encoded.losses]))
}

// JSON where a stream was asked for: the same answer as the events that a stream would have had.
function writeStream(options: ReadOptions, { response, losses }: Readable): Answer {
  const { context } = options
  const ingress = generative(context.ingress)
  const framer = clientFramer(ingress, context.wire)
  const encoder = createLegalEncoder(ingress, exchangeOf(options))
  const frames = unfold(response).flatMap((event) => encoder.step(event))
  const fault = encoder.fault()
  if (fault !== undefined) throw fault
  const written = join([framer.encode(frames), framer.close()])
  const report = reportOf(response, [...losses, ...encoder.losses()])
  return { ...body(written, report), contentType: framer.contentType }
}

function reportOf({ usage, model, outputs }: IrResponse, losses: readonly Loss[]): MachineReport {
  const finish = outputs[0]?.finish
  return {
    complete: true,
    losses,
    ...(usage !== undefined && { usage }),
    ...(finish !== undefined && { finish }),
    ...(model !== undefined && { model }),
  }
}

function exchangeOf({ context, candidate }: ReadOptions): Exchange {
  return {
    requestId: context.requestId,
    facts: context.facts,
    upstream: candidate.dialect,
    model: candidate.model,
    createdAt: Math.floor(context.startedAt / 1000),
  }
}

function plausibleIn({ wire, facts }: RequestContext): (usage: Usage) => Usage {
  return (usage) => plausibleUsage(usage, wire.body.bytes.length, facts.approxInputTokens)
}

function sealingOf({ context, prepared }: ReadOptions): SealOptions {
  const request = context.canonical()
  return {
    keeper: context.state,
    ingress: context.ingress.id,
    realm: realmOf(prepared.origin),
    before: request.ok ? request.value.turns.findLast((turn) => turn.role === 'user') : undefined,
  }
}

function body(bytes: Uint8Array, report: MachineReport): Answer & { readonly type: 'body' } {
  return { type: 'body', contentType: 'application/json', bytes, report }
}
