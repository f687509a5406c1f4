// A provider's answer on its way to the client's wire: streamed or whole, as bytes or translated. Owns which of these it
// is; every way throws `GatewayError` as long as nothing has been sent.
import { generative } from '../dialects/index.ts'
import { GatewayError } from '../ir/error.ts'
import { createFold } from '../ir/fold.ts'
import type { Loss } from '../ir/loss.ts'
import { countOutput } from '../ir/output-meter.ts'
import type { IrResponse } from '../ir/response.ts'
import { unfold } from '../ir/unfold.ts'
import type { FetchResponse } from '../ports/index.ts'
import type { OutputCount } from '../ir/usage.ts'
import { parseJson } from '../wire/json-parse.ts'
import type { Frame } from '../wire/frame.ts'
import { collect, join } from './collect.ts'
import { clientFramer, upstreamDecoder, type ClientFramer } from './framing.ts'
import { createLegalEncoder } from './legal-encoder.ts'
import type { MachineReport } from './machine.ts'
import {
  checkOf,
  exchangeOf,
  plausibleIn,
  sealingOf,
  settledIn,
  type ReadOptions,
  type StreamOptions,
} from './reading.ts'
import { sealAnswer } from './state/index.ts'
import { createStreamSource, type StreamSource } from './stream.ts'
import { streamParts } from './stream-parts.ts'
import { renameTools } from './translate.ts'
import { checkCount, translateUnary } from './unary.ts'

/** What a target gave: a whole body, or a stream whose first content is there. */
export type Answer =
  | { readonly type: 'body'; readonly contentType: string; readonly bytes: Uint8Array; readonly report: MachineReport }
  | { readonly type: 'stream'; readonly source: StreamSource; readonly framer: ClientFramer }

const textDecoder = new TextDecoder()
const textEncoder = new TextEncoder()

/** An answer that comes as a stream, up to its first content; collected where the client asked for none. */
export async function readStream(options: StreamOptions): Promise<Answer> {
  const { context, candidate, response, watchdog } = options
  if (!context.facts.stream) return readFolded(options, response)
  watchdog.enter('first-content')
  const { limits } = context.snapshot.server
  const framer = clientFramer(generative(context.ingress), context.wire)
  const { machine, mended, onBreak, onEnd } = streamParts(options, framer, () => source)
  const source = createStreamSource({
    body: response.body,
    decoder: upstreamDecoder(response, limits.maxEventBytes),
    separator: framer.separator,
    machine,
    watchdog,
    maxBytes: limits.maxStreamBytes,
    abort: options.abort,
    onAbort: candidate.target.onAbort,
    onContent: () => context.finale.firstContent(),
    onBreak,
    onEnd,
    forClient: options.forClient,
    mayBeEmpty: options.joining !== undefined,
  })
  options.expose(source)
  const failure = await source.prime()
  if (failure !== undefined) throw failure
  return { type: 'stream', source: mended?.source ?? source, framer }
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
  const check = checkOf(options)
  const quiet = (frame: Frame): Frame => ({ ...frame, data: hide(frame.data) })
  for (const { frame } of [...blocks.push(bytes), ...blocks.end()]) {
    const verdict = frame === undefined ? 'skip' : check.look(frame)
    if (typeof verdict === 'object') throw verdict
    if (frame !== undefined && verdict === 'sound') decoder.step(quiet(frame)).forEach(fold.step)
  }
  decoder.finish().forEach(fold.step)
  const failure = fold.error()
  if (failure !== undefined) throw failure
  const { response: answer, losses } = await readable(fold.response(), options)
  return writeWhole(options, { response: answer, losses: [...losses, ...check.losses()] })
}

/** An answer that comes whole. */
export async function readWhole(options: ReadOptions, response: FetchResponse): Promise<Answer> {
  const { context, candidate, prepared } = options
  if (options.joining !== undefined)
    throw new GatewayError('upstream_bad_content', { message: 'the provider answered without a stream' })
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
  const count = (usage?.output ?? 0) > 0 ? undefined : countWhole(options, parsed)
  return body(mended === 'same' ? bytes : textEncoder.encode(JSON.stringify(mended)), {
    ...inspected.value,
    usage: settledIn(context)(usage, count),
    losses: [],
  })
}

// Read only where the provider did not count.
function countWhole({ context, prepared }: ReadOptions, parsed: unknown): OutputCount | undefined {
  if (context.facts.task !== 'generate') return undefined
  const decoded = generative(prepared.egress).decodeResponse(parsed, prepared.provider.traits)
  return decoded.ok ? countOutput(decoded.value) : undefined
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
  return body(encoded.body, reportOf(options, response, [...losses, ...encoded.losses]))
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
  const report = reportOf(options, response, [...losses, ...encoder.losses()])
  return { ...body(written, report), contentType: framer.contentType }
}

function reportOf({ context }: ReadOptions, response: IrResponse, losses: readonly Loss[]): MachineReport {
  const { usage, model, outputs } = response
  const finish = outputs[0]?.finish
  return {
    complete: true,
    losses,
    // The trace alone: what the client's wire says where nobody counted is its encoder's business.
    usage: settledIn(context)(usage, countOutput(response)),
    ...(finish !== undefined && { finish }),
    ...(model !== undefined && { model }),
  }
}

function body(bytes: Uint8Array, report: MachineReport): Answer & { readonly type: 'body' } {
  return { type: 'body', contentType: 'application/json', bytes, report }
}
