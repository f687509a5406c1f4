// Drives the two dialects the way the gateway does, without the gateway. Owns unwrapping outcomes; asserts nothing.
import { plainFacts } from '../support/facts.ts'
import { anthropicMessages } from '../../src/dialects/anthropic-messages/index.ts'
import type { Dialect, EncodedRequest, Exchange, WireRequest } from '../../src/dialects/dialect.ts'
import { openaiChat } from '../../src/dialects/openai-chat/index.ts'
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { Outcome } from '../../src/ir/error.ts'
import type { IrEvent } from '../../src/ir/event.ts'
import type { RequestFacts } from '../../src/ir/facts.ts'
import { createFold } from '../../src/ir/fold.ts'
import type { Loss } from '../../src/ir/loss.ts'
import type { IrRequest } from '../../src/ir/request.ts'
import type { IrResponse } from '../../src/ir/response.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { readJson } from '../../src/wire/json-scan.ts'
import type { Json } from './json.ts'

export const dialects: Readonly<Record<DialectId, Dialect>> = {
  'openai-chat': openaiChat,
  'anthropic-messages': anthropicMessages,
}

export const dialectIds: readonly DialectId[] = ['openai-chat', 'anthropic-messages']

/** The dialect on the other side of a translation. */
export function other(dialect: DialectId): DialectId {
  return dialect === 'openai-chat' ? 'anthropic-messages' : 'openai-chat'
}

/** The value of an outcome; throws its error. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value
  const { code, message, param } = outcome.error
  throw new Error(`${code} (${param ?? 'no param'}): ${message}`, { cause: outcome.error })
}

/** A body as the dialect's decoder sees it. */
export function wireRequest(
  dialect: DialectId,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): WireRequest {
  const bytes = new TextEncoder().encode(JSON.stringify(body))
  const reading = readJson(bytes, { maxDepth: 512, maxKeysPerObject: 10_000 })
  if (!reading.ok) throw new Error(`the request is not readable: ${reading.fault}`)
  return { path: dialects[dialect].paths[0] ?? '', headers: new Headers(headers), body: reading.document }
}

/** A request body as the canonical request. */
export function decodeRequest(dialect: DialectId, body: unknown): IrRequest {
  return unwrap(dialects[dialect].decodeRequest(wireRequest(dialect, body)))
}

export interface Encoded extends Omit<EncodedRequest, 'call'> {
  readonly body: Json
  readonly headers: Readonly<Record<string, string>>
}

/** A canonical request as a body of the target. */
export function encodeRequest(dialect: DialectId, request: IrRequest, model: string = request.model): Encoded {
  const { call, losses, toolNames } = unwrap(dialects[dialect].encodeRequest(request, { model }))
  return { body: JSON.parse(new TextDecoder().decode(call.body)) as Json, headers: call.headers, losses, toolNames }
}

/** The events of a stream, its end included. */
export function decodeStream(dialect: DialectId, frames: readonly Frame[]): IrEvent[] {
  const decoder = dialects[dialect].streamDecoder()
  return [...frames.flatMap((frame) => decoder.step(frame)), ...decoder.finish()]
}

/** The frames that a client of the dialect would get. */
export function encodeStream(
  dialect: DialectId,
  events: readonly IrEvent[],
  exchange: Exchange,
): { frames: Frame[]; losses: readonly Loss[] } {
  const encoder = dialects[dialect].streamEncoder(exchange)
  return { frames: events.flatMap((event) => encoder.step(event)), losses: encoder.losses() }
}

/** A whole answer as a client of the dialect would get it. */
export function encodeResponse(
  dialect: DialectId,
  response: IrResponse,
  exchange: Exchange,
): { body: Json; losses: readonly Loss[] } {
  const { body, losses } = dialects[dialect].encodeResponse(response, exchange)
  return { body: JSON.parse(new TextDecoder().decode(body)) as Json, losses }
}

/** A stream as one answer. */
export function foldEvents(dialect: DialectId, events: readonly IrEvent[]): IrResponse {
  const fold = createFold(dialect, dialects[dialect].joinOpaque)
  for (const event of events) fold.step(event)
  return fold.response()
}

/** What both halves may know; usage is asked for, so that nothing of an answer is withheld. */
export function exchangeFor(dialect: DialectId, facts: Partial<RequestFacts> = {}): Exchange {
  return {
    requestId: 'req_conformance',
    model: 'model-of-the-target',
    createdAt: 1_700_000_000,
    facts: plainFacts({ dialect, stream: true, wantsUsage: true, approxInputTokens: 7, ...facts }),
  }
}
