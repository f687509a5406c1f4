// What the tests of this folder share: building requests, running machines.
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts'
import type { EncodedRequest, Exchange, WireRequest } from '../../../src/dialects/dialect.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { DialectId } from '../../../src/ir/dialect-id.ts'
import type { GatewayError, Outcome } from '../../../src/ir/error.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import { createFold } from '../../../src/ir/fold.ts'
import type { Loss } from '../../../src/ir/loss.ts'
import type { IrRequest, Turn } from '../../../src/ir/request.ts'
import type { IrResponse } from '../../../src/ir/response.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { readJson, type JsonDocument } from '../../../src/wire/json-scan.ts'
import { callErrors } from '../../support/bedrock-model.ts'
import { plainFacts } from '../../support/facts.ts'
import type { Json } from '../../support/json.ts'
import { hasShared } from '../../support/shared.ts'
import { expectLegal } from '../../support/stream-grammar.ts'

export type { Json } from '../../support/json.ts'

export const claude = 'us.anthropic.claude-sonnet-4-5-20250929-v1:0'
export const nova = 'amazon.nova-pro-v1:0'

/** A body as the door hands it over. */
export function documentOf(body: unknown): JsonDocument {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reading = readJson(new TextEncoder().encode(text), { maxDepth: 100, maxKeysPerObject: 1000 })
  if (!reading.ok) throw new Error(reading.fault)
  return reading.document
}

export function wireRequest(body: unknown, path = `/model/${claude}/converse`): WireRequest {
  return {
    task: 'generate',
    path,
    query: new URLSearchParams(),
    headers: new Headers(),
    body: documentOf(body),
  }
}

/** The smallest request, with more. */
export function bodyWith(members: Json = {}): Json {
  return { messages: [{ role: 'user', content: [{ text: 'hi' }] }], ...members }
}

export function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

export function errorOf(outcome: Outcome<unknown>): GatewayError {
  if (outcome.ok) throw new Error('expected a failure')
  return outcome.error
}

export function decode(body: unknown, path?: string): IrRequest {
  return valueOf(bedrockConverse.decodeRequest(wireRequest(body, path)))
}

export function jsonOf(bytes: Uint8Array): Json {
  return JSON.parse(new TextDecoder().decode(bytes)) as Json
}

export const text = (value: string, more: object = {}): ContentPart => ({ type: 'text', text: value, ...more })
export const user = (...parts: ContentPart[]): Turn => ({ role: 'user', parts })
export const assistant = (...parts: ContentPart[]): Turn => ({ role: 'assistant', parts })
export const call = (id: string, input = '{}', more: object = {}): ContentPart => ({
  type: 'tool-call',
  id,
  name: 'f',
  input,
  ...more,
})
export const result = (callId: string, ...parts: ContentPart[]): ContentPart => ({ type: 'tool-result', callId, parts })

/** The smallest request of another wire, with more. */
export function foreignRequest(members: Partial<IrRequest> = {}): IrRequest {
  return {
    source: 'openai-chat',
    model: 'gpt',
    instructions: [],
    turns: [user(text('hi'))],
    tools: [],
    sampling: {},
    stream: false,
    ...members,
  }
}

/** Encodes a foreign request; what comes out is one that the service model takes. */
export function encodeForeign(
  members: Partial<IrRequest>,
  model: string = claude,
): { readonly body: Json; readonly losses: string[]; readonly encoded: EncodedRequest } {
  const encoded = valueOf(bedrockConverse.encodeRequest(foreignRequest(members), { model }))
  const body = jsonOf(encoded.call.body)
  expectValidCall(encoded.call.path, body)
  return { body, losses: actions(encoded.losses), encoded }
}

export function expectValidCall(path: string, body: Json): void {
  if (!hasShared) return
  const errors = callErrors(path, body)
  if (errors.length > 0) throw new Error(errors.join('\n'))
}

/** Code and place of a refusal. */
export function refusal(members: Partial<IrRequest>, model: string = claude): Json {
  const { code, param } = errorOf(bedrockConverse.encodeRequest(foreignRequest(members), { model }))
  return { code, param }
}

export function actions(losses: readonly Loss[]): string[] {
  return losses.map(({ action, path }) => `${action} ${path}`)
}

export function exchangeFrom(upstream: DialectId): Exchange {
  return {
    requestId: 'request1',
    upstream,
    model: 'target-model',
    createdAt: 1_700_000_000,
    facts: plainFacts({ stream: true, wantsUsage: true, approxInputTokens: 42 }),
  }
}

/** Wire events as frames: `[name, payload]`. */
export function framesOf(events: readonly (readonly [name: string, payload: Json])[]): Frame[] {
  return events.map(([event, payload]) => ({ event, data: JSON.stringify(payload) }))
}

export function decodeStream(frames: readonly Frame[]): IrEvent[] {
  const decoder = bedrockConverse.streamDecoder()
  return [...frames.flatMap((frame) => decoder.step(frame)), ...decoder.finish()]
}

export function folded(events: readonly IrEvent[]): { response: IrResponse; error: GatewayError | undefined } {
  const fold = createFold('bedrock-converse', bedrockConverse.joinOpaque)
  for (const event of events) fold.step(event)
  return { response: fold.response(), error: fold.error() }
}

export interface EncodedStream {
  readonly events: (readonly [name: string, payload: Json])[]
  readonly losses: string[]
}

/** Encodes events. What comes out is legal, whatever the events were. */
export function encodeStream(events: readonly IrEvent[], upstream: DialectId = 'openai-chat'): EncodedStream {
  const encoder = bedrockConverse.streamEncoder(exchangeFrom(upstream))
  const frames = events.flatMap((event) => encoder.step(event))
  const last = events.at(-1)?.type
  const cut = last !== 'response-end' && last !== 'error'
  expectLegal('bedrock-converse', frames, { cut, flags: ['tool-input-not-json'] })
  return {
    events: frames.map((frame) => [frame.event ?? '', JSON.parse(frame.data) as Json]),
    losses: actions(encoder.losses()),
  }
}
