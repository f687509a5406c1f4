// What the tests of this folder share: building requests, running the machines, reading frames.
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts'
import type { EncodedRequest, Exchange, WireRequest } from '../../../src/dialects/dialect.ts'
import type { DialectId, Task } from '../../../src/ir/dialect-id.ts'
import type { GatewayError, Outcome } from '../../../src/ir/error.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import type { RequestFacts } from '../../../src/ir/facts.ts'
import { createFold } from '../../../src/ir/fold.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import type { IrResponse } from '../../../src/ir/response.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { readJson } from '../../../src/wire/json-scan.ts'
import { plainFacts } from '../../support/facts.ts'
import { expectLegal } from '../../support/stream-grammar.ts'

export type Json = Record<string, unknown>

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A body as the door hands it over; text is taken as it is. */
export function wireRequest(body: unknown, headers: Record<string, string> = {}, task: Task = 'generate'): WireRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reading = readJson(encoder.encode(text), { maxDepth: 100, maxKeysPerObject: 1000 })
  if (!reading.ok) throw new Error(reading.fault)
  return {
    task,
    path: task === 'generate' ? '/v1/responses' : '/v1/responses/input_tokens',
    query: new URLSearchParams(),
    headers: new Headers(headers),
    body: reading.document,
  }
}

/** The smallest request, with more. */
export function bodyWith(members: Json = {}): Json {
  return { model: 'm', input: [{ role: 'user', content: 'hi' }], ...members }
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
  return valueOf(openaiResponses.decodeRequest(wireRequest(body)))
}

/** The request with these items as its input. */
export function withItems(...items: unknown[]): IrRequest {
  return decode(bodyWith({ input: items }))
}

export function encode(request: IrRequest): EncodedRequest {
  return valueOf(openaiResponses.encodeRequest(request, { model: request.model }))
}

export function jsonOf(bytes: Uint8Array): Json {
  return JSON.parse(decoder.decode(bytes)) as Json
}

export function sent(encoded: EncodedRequest): Json {
  return jsonOf(encoded.call.body)
}

/** The smallest request of another wire, with more. */
export function foreignRequest(members: Partial<IrRequest> = {}): IrRequest {
  return {
    source: 'anthropic-messages',
    model: 'claude',
    instructions: [],
    turns: [{ role: 'user', parts: [{ type: 'text', text: 'hi', at: 'messages[0].content[0]' }], at: 'messages[0]' }],
    tools: [],
    sampling: {},
    stream: false,
    ...members,
  }
}

/** What a foreign request becomes, with what it lost as `path action`. */
export function translated(members: Partial<IrRequest>): { body: Json; items: Json[]; losses: string[] } {
  const encoded = encode(foreignRequest(members))
  const body = sent(encoded)
  const losses = encoded.losses.map((loss) => `${loss.path} ${loss.action}`)
  return { body, items: body['input'] as Json[], losses }
}

/** The error of a foreign request that cannot be sent. */
export function refused(members: Partial<IrRequest>): GatewayError {
  return errorOf(openaiResponses.encodeRequest(foreignRequest(members), { model: 'm' }))
}

export function exchangeWith(facts: Partial<RequestFacts> = {}, upstream: DialectId = 'anthropic-messages'): Exchange {
  return {
    requestId: 'req_1',
    facts: plainFacts({ dialect: 'openai-responses', model: 'm', stream: true, wantsUsage: true, ...facts }),
    upstream,
    model: 'target-model',
    createdAt: 1_700_000_000,
  }
}

/** A frame of this wire. Its number is its place among those of one call of `stream`. */
export function event(type: string, members: Json = {}): Frame {
  return { event: type, data: JSON.stringify({ type, sequence_number: 0, ...members }) }
}

export const created = event('response.created', {
  response: { id: 'resp_1', model: 'gpt-x', created_at: 5, output: [] },
})

export function completed(members: Json = {}): Frame {
  return event('response.completed', { response: { id: 'resp_1', status: 'completed', output: [], ...members } })
}

export function added(output_index: number, item: Json): Frame {
  return event('response.output_item.added', { output_index, item })
}

export function itemDone(output_index: number, item: Json): Frame {
  return event('response.output_item.done', { output_index, item })
}

/** A delta of the first content part of an item. */
export function textDelta(output_index: number, delta: string): Frame {
  return event('response.output_text.delta', { output_index, content_index: 0, item_id: 'x', delta })
}

/** All events of a stream; the end of the bytes included. */
export function events(...frames: readonly Frame[]): IrEvent[] {
  const machine = openaiResponses.streamDecoder()
  return [...frames.flatMap((frame) => machine.step(frame)), ...machine.finish()]
}

export function foldOf(list: readonly IrEvent[]): IrResponse {
  const fold = createFold('openai-responses', openaiResponses.joinOpaque)
  list.forEach((entry) => fold.step(entry))
  return fold.response()
}

/** The answer that a stream folds to. */
export function folded(...frames: readonly Frame[]): IrResponse {
  return foldOf(events(...frames))
}

/** The parts of a stream's answer without what only this wire knows. */
export function partsOf(...frames: readonly Frame[]): Json[] {
  return folded(...frames).outputs.flatMap(({ parts }) =>
    parts.map((part) => {
      const { extras: _extras, ...rest } = part as unknown as Json
      return rest
    }),
  )
}

/** The frames that a client gets for events; legal, whatever the events were. */
export function framesFor(list: readonly IrEvent[], upstream: DialectId = 'anthropic-messages'): Frame[] {
  const machine = openaiResponses.streamEncoder(exchangeWith({}, upstream))
  const frames = list.flatMap((entry) => machine.step(entry))
  const last = list.at(-1)?.type
  const cut = last !== 'response-end' && last !== 'error'
  expectLegal('openai-responses', frames, { cut, flags: ['tool-input-not-json'] })
  return frames
}

/** The data of frames. */
export function dataOf(frames: readonly Frame[]): Json[] {
  return frames.map((frame) => JSON.parse(frame.data) as Json)
}

export function typesOf(frames: readonly Frame[]): string[] {
  return dataOf(frames).map((data) => String(data['type']).replace('response.', ''))
}

/** What a stream ends with. */
export function answerOf(frames: readonly Frame[]): Json {
  return dataOf(frames).at(-1)?.['response'] as Json
}

export function outputOf(frames: readonly Frame[]): Json[] {
  return answerOf(frames)['output'] as Json[]
}
