// What the tests of this folder share: building requests, running the machines, reading frames.
import { plainFacts } from '../../support/facts.ts'
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts'
import type { CodecTarget, EncodedRequest, Exchange, WireRequest } from '../../../src/dialects/dialect.ts'
import type { GatewayError, Outcome } from '../../../src/ir/error.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import type { RequestFacts } from '../../../src/ir/facts.ts'
import { createFold } from '../../../src/ir/fold.ts'
import type { IrRequest, Turn } from '../../../src/ir/request.ts'
import type { IrResponse } from '../../../src/ir/response.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { readJson } from '../../../src/wire/json-scan.ts'
import { expectLegal } from '../../support/stream-grammar.ts'

export type Json = Record<string, unknown>

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A body as the door hands it over; text is taken as it is. */
export function wireRequest(body: unknown, headers: Record<string, string> = {}): WireRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reading = readJson(encoder.encode(text), { maxDepth: 100, maxKeysPerObject: 1000 })
  if (!reading.ok) throw new Error(reading.fault)
  return {
    task: 'generate',
    path: '/v1/chat/completions',
    query: new URLSearchParams(),
    headers: new Headers(headers),
    body: reading.document,
  }
}

/** The smallest request, with more. */
export function bodyWith(members: Json = {}): Json {
  return { model: 'm', messages: [{ role: 'user', content: 'hi' }], ...members }
}

export function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

export function errorOf(outcome: Outcome<unknown>): GatewayError {
  if (outcome.ok) throw new Error('expected a failure')
  return outcome.error
}

export function decode(body: unknown): IrRequest {
  return valueOf(openaiChat.decodeRequest(wireRequest(body)))
}

/** The turns of a conversation. */
export function turnsOf(...messages: unknown[]): readonly Turn[] {
  return decode(bodyWith({ messages })).turns
}

export function encode(request: IrRequest, target: Partial<CodecTarget> = {}): EncodedRequest {
  return valueOf(openaiChat.encodeRequest(request, { model: request.model, ...target }))
}

export function sent(encoded: EncodedRequest): Json {
  return jsonOf(encoded.call.body)
}

export function jsonOf(bytes: Uint8Array): Json {
  return JSON.parse(decoder.decode(bytes)) as Json
}

/** The smallest request of another wire, with more. */
export function foreignRequest(members: Partial<IrRequest> = {}): IrRequest {
  return {
    source: 'anthropic-messages',
    model: 'claude',
    instructions: [],
    turns: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
    tools: [],
    sampling: {},
    stream: false,
    ...members,
  }
}

/** What a foreign request becomes, with what it lost as `path action`. */
export function translated(members: Partial<IrRequest>): { body: Json; messages: Json[]; losses: string[] } {
  const encoded = encode(foreignRequest(members))
  const body = sent(encoded)
  return {
    body,
    messages: body['messages'] as Json[],
    losses: encoded.losses.map((loss) => `${loss.path} ${loss.action}`),
  }
}

export function factsOf(members: Partial<RequestFacts> = {}): RequestFacts {
  return plainFacts({ model: 'm', stream: true, approxInputTokens: 1, ...members })
}

export function exchangeWith(facts: Partial<RequestFacts> = {}): Exchange {
  return {
    requestId: 'req_1',
    facts: factsOf(facts),
    upstream: 'anthropic-messages',
    model: 'target-model',
    createdAt: 1700000000,
  }
}

export const done: Frame = { data: '[DONE]' }

/** A chunk with one choice: its delta, and what else stands on choice or chunk. */
export function chunk(delta: unknown, choice: Json = {}, members: Json = {}): Frame {
  const record = {
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'gpt-x',
    choices: [{ index: 0, delta, finish_reason: null, ...choice }],
    ...members,
  }
  return { data: JSON.stringify(record) }
}

export function finish(word: string | null = 'stop', members: Json = {}): Frame {
  return chunk({}, { finish_reason: word }, members)
}

/** All events of a stream; the end of the bytes included. */
export function events(...frames: readonly Frame[]): IrEvent[] {
  const machine = openaiChat.streamDecoder()
  return [...frames.flatMap((frame) => machine.step(frame)), ...machine.finish()]
}

export function foldOf(list: readonly IrEvent[]): IrResponse {
  const fold = createFold('openai-chat')
  list.forEach((event) => fold.step(event))
  return fold.response()
}

/** The answer that a stream folds to. */
export function folded(...frames: readonly Frame[]): IrResponse {
  return foldOf(events(...frames))
}

/** The frames a client gets for events; legal, whatever the events were. */
export function framesFor(list: readonly IrEvent[], facts: Partial<RequestFacts> = {}): Frame[] {
  const machine = openaiChat.streamEncoder(exchangeWith(facts))
  const frames = list.flatMap((event) => machine.step(event))
  const last = list.at(-1)?.type
  const cut = last !== 'response-end' && last !== 'error'
  expectLegal('openai-chat', frames, { cut, flags: ['tool-input-not-json'] })
  return frames
}

/** The chunks among frames, parsed. */
export function chunksIn(frames: readonly Frame[]): Json[] {
  return frames.filter((frame) => frame.data !== '[DONE]').map((frame) => JSON.parse(frame.data) as Json)
}

/** The deltas of a choice, in order. */
export function deltasIn(frames: readonly Frame[], index = 0): Json[] {
  return chunksIn(frames)
    .flatMap((entry) => entry['choices'] as Json[])
    .filter((choice) => choice['index'] === index)
    .map((choice) => choice['delta'] as Json)
}
