// Drives the dialects the way the gateway does, without the gateway. Owns unwrapping outcomes; asserts nothing.
import type { EncodedRequest, Exchange, WireRequest } from '../../src/dialects/dialect.ts'
import { dialects, type GenerativeId } from '../../src/dialects/index.ts'
import { failed, type Outcome } from '../../src/ir/error.ts'
import type { IrEvent } from '../../src/ir/event.ts'
import type { RequestFacts } from '../../src/ir/facts.ts'
import { createFold } from '../../src/ir/fold.ts'
import type { Loss } from '../../src/ir/loss.ts'
import type { IrRequest } from '../../src/ir/request.ts'
import type { IrResponse } from '../../src/ir/response.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { readJson } from '../../src/wire/json-scan.ts'
import { plainFacts } from '../support/facts.ts'
import type { Json } from '../support/json.ts'
import { notYet } from './known-failures.ts'
import { wires } from './wires/index.ts'
import type { Sent } from './wires/wire.ts'

export { dialects }

/** The registered dialects, without those that are listed as not written yet. */
export const dialectIds: readonly GenerativeId[] = (Object.keys(dialects) as GenerativeId[]).filter(
  (id) => !notYet.some((entry) => entry.dialect === id),
)

/** The other dialects. */
export function others(dialect: GenerativeId): GenerativeId[] {
  return dialectIds.filter((id) => id !== dialect)
}

/** The value of an outcome; throws its error. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  const { code, message, param } = outcome.error
  throw new Error(`${code} (${param ?? 'no param'}): ${message}`, { cause: outcome.error })
}

/** Where a client of the dialect sends a request, by what it asks for. */
export function ingressPath(dialect: GenerativeId, asks: { readonly model: string; readonly stream: boolean }): string {
  switch (dialect) {
    case 'gemini':
      return `/v1beta/models/${asks.model}:${asks.stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`
    case 'bedrock-converse':
      return `/model/${asks.model}/${asks.stream ? 'converse-stream' : 'converse'}`
    default:
      return dialects[dialect].endpoints.find((endpoint) => endpoint.task === 'generate')?.path ?? ''
  }
}

/** A request as the dialect's decoder sees it. */
export function wireRequest(
  dialect: GenerativeId,
  sent: Sent,
  headers: Readonly<Record<string, string>> = {},
): WireRequest {
  const bytes = new TextEncoder().encode(JSON.stringify(sent.body))
  const reading = readJson(bytes, { maxDepth: 512, maxKeysPerObject: 10_000 })
  if (!reading.ok) throw new Error(`the request is not readable: ${reading.fault}`)
  const [path = '', query] = ingressPath(dialect, wires[dialect].requests.asks(sent)).split('?')
  return {
    task: 'generate',
    path,
    query: new URLSearchParams(query),
    headers: new Headers(headers),
    body: reading.document,
  }
}

/** A body of a wire that has everything in it, as it is sent. */
export function sentTo(
  dialect: GenerativeId,
  body: Json,
  asks = wires[dialect].requests.asks({ path: '', body }),
): Sent {
  return { path: ingressPath(dialect, asks), body }
}

/** A request as the canonical request. */
export function decodeRequest(dialect: GenerativeId, sent: Sent): IrRequest {
  return unwrap(dialects[dialect].decodeRequest(wireRequest(dialect, sent)))
}

export interface Encoded extends Omit<EncodedRequest, 'call'> {
  readonly sent: Sent
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The model that a target is asked for. Bedrock's models differ in what can be said to them, so that one is chosen that
 * takes the most.
 */
export function targetModel(dialect: GenerativeId): string {
  return dialect === 'bedrock-converse' ? 'us.anthropic.claude-sonnet-4-20250514-v1:0' : 'model-of-the-target'
}

/** A canonical request as one of the target, or why it is refused. */
export function tryEncodeRequest(
  dialect: GenerativeId,
  request: IrRequest,
  model: string = targetModel(dialect),
): Outcome<Encoded> {
  // As the engine does it: what is bound to its provider's state goes to no other wire.
  const { bound, source } = request
  if (bound !== undefined && source !== dialect)
    return failed('unsupported_content', { param: bound.param, message: bound.reason })
  const outcome = dialects[dialect].encodeRequest(request, { model })
  if (!outcome.ok) return outcome
  const { call, losses, toolNames } = outcome.value
  const body = JSON.parse(new TextDecoder().decode(call.body)) as Json
  return { ok: true, value: { sent: { path: call.path, body }, headers: call.headers, losses, toolNames } }
}

/** A canonical request as one of the target; throws where it is refused. */
export function encodeRequest(dialect: GenerativeId, request: IrRequest, model?: string): Encoded {
  return unwrap(tryEncodeRequest(dialect, request, model))
}

/** The events of a stream, its end included. */
export function decodeStream(dialect: GenerativeId, frames: readonly Frame[]): IrEvent[] {
  const decoder = dialects[dialect].streamDecoder()
  return [...frames.flatMap((frame) => decoder.step(frame)), ...decoder.finish()]
}

/** The frames that a client of the dialect would get. */
export function encodeStream(
  dialect: GenerativeId,
  events: readonly IrEvent[],
  exchange: Exchange,
): { frames: Frame[]; losses: readonly Loss[] } {
  const encoder = dialects[dialect].streamEncoder(exchange)
  return { frames: events.flatMap((event) => encoder.step(event)), losses: encoder.losses() }
}

/** A whole answer as a client of the dialect would get it. */
export function encodeResponse(
  dialect: GenerativeId,
  response: IrResponse,
  exchange: Exchange,
): { body: Json; losses: readonly Loss[] } {
  const { body, losses } = dialects[dialect].encodeResponse(response, exchange)
  return { body: JSON.parse(new TextDecoder().decode(body)) as Json, losses }
}

/** A whole answer in the wire's JSON as the canonical answer. */
export function decodeResponse(dialect: GenerativeId, body: Json): IrResponse {
  return unwrap(dialects[dialect].decodeResponse(body))
}

/** A stream as one answer. */
export function foldEvents(dialect: GenerativeId, events: readonly IrEvent[]): IrResponse {
  const fold = createFold(dialect, dialects[dialect].joinOpaque)
  for (const event of events) fold.step(event)
  return fold.response()
}

/**
 * What both halves may know; usage is asked for, so that nothing of an answer is withheld.
 * @param dialect the client's
 * @param upstream the provider's
 */
export function exchangeFor(
  dialect: GenerativeId,
  upstream: GenerativeId,
  facts: Partial<RequestFacts> = {},
): Exchange {
  return {
    requestId: 'req_conformance',
    upstream,
    model: 'model-of-the-target',
    createdAt: 1_700_000_000,
    facts: plainFacts({ dialect, stream: true, wantsUsage: true, approxInputTokens: 7, ...facts }),
  }
}
