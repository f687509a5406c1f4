// What the tests of this folder share: building requests, running machines, the grammar of the wire, the official SDK.
import { plainFacts } from '../../support/facts.ts'
import { readFileSync } from 'node:fs'
import { MessageStream } from '@anthropic-ai/sdk/lib/MessageStream'
import { Validator } from '@cfworker/json-schema'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import type { EncodedRequest, Exchange, WireRequest } from '../../../src/dialects/dialect.ts'
import type { GatewayError, Outcome } from '../../../src/ir/error.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { readJson, type JsonDocument } from '../../../src/wire/json-scan.ts'
import { hasShared, sharedPath } from '../../support/shared.ts'

export type Json = Record<string, unknown>

/** A body as the door hands it over. */
export function documentOf(body: unknown): JsonDocument {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reading = readJson(new TextEncoder().encode(text), { maxDepth: 100, maxKeysPerObject: 1000 })
  if (!reading.ok) throw new Error(reading.fault)
  return reading.document
}

export function wireRequest(body: unknown, headers: Record<string, string> = {}): WireRequest {
  return { path: '/v1/messages', headers: new Headers(headers), body: documentOf(body) }
}

/** The smallest request, with more. */
export function bodyWith(members: Json = {}): Json {
  return { model: 'claude', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }], ...members }
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
  return valueOf(anthropicMessages.decodeRequest(wireRequest(body)))
}

export function jsonOf(bytes: Uint8Array): Json {
  return JSON.parse(new TextDecoder().decode(bytes)) as Json
}

export function sent(encoded: EncodedRequest): Json {
  return jsonOf(encoded.call.body)
}

/** The smallest request of another wire, with more. */
export function foreignRequest(members: Partial<IrRequest> = {}): IrRequest {
  return {
    source: 'openai-chat',
    model: 'gpt',
    instructions: [],
    turns: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
    tools: [],
    sampling: {},
    stream: false,
    ...members,
  }
}

export function encodeForeign(members: Partial<IrRequest>): { readonly body: Json; readonly encoded: EncodedRequest } {
  const encoded = valueOf(anthropicMessages.encodeRequest(foreignRequest(members), { model: 'claude' }))
  const body = sent(encoded)
  expectValidRequest(body)
  return { body, encoded }
}

let validator: Validator | undefined

/** Throws where a body is not one that the published specification takes. */
export function expectValidRequest(body: Json): void {
  if (!hasShared) return
  const read = (): unknown => JSON.parse(readFileSync(sharedPath('wire-specs', 'anthropic.openapi.json'), 'utf8'))
  validator ??= new Validator(
    { ...(read() as Json), $ref: '#/components/schemas/CreateMessageParams' },
    '2020-12',
    true,
  )
  const result = validator.validate(body)
  if (!result.valid) throw new Error(JSON.stringify(result.errors, undefined, 2))
}

export const exchange: Exchange = {
  requestId: 'request1',
  model: 'target-model',
  createdAt: 1_700_000_000,
  facts: plainFacts({
    dialect: 'anthropic-messages',
    model: 'route',
    stream: true,
    wantsUsage: true,
    approxInputTokens: 42,
  }),
}

/** Wire events as frames, each with its event line. */
export function framesOf(events: readonly Json[]): Frame[] {
  return events.map((event) => ({ event: String(event['type']), data: JSON.stringify(event) }))
}

export function decodeStream(frames: readonly Frame[]): IrEvent[] {
  const decoder = anthropicMessages.streamDecoder()
  return [...frames.flatMap((frame) => decoder.step(frame)), ...decoder.finish()]
}

/** Encodes events; every frame's data as JSON. */
export function encodeStream(events: readonly IrEvent[]): Json[] {
  const encoder = anthropicMessages.streamEncoder(exchange)
  return events.flatMap((event) => encoder.step(event)).map(parsed)
}

export function parsed(frame: Frame): Json {
  const event = JSON.parse(frame.data) as Json
  if (event['type'] !== frame.event) throw new Error('the event line differs from the type')
  return event
}

/** Throws where a stream breaks the grammar: one start, blocks in sequence and balanced, one delta, one stop. */
export function expectLegal(events: readonly Json[]): void {
  let state: 'before' | 'between' | 'inside' | 'after' | 'done' = 'before'
  let index = -1
  const need = (wanted: typeof state, event: Json): void => {
    if (state !== wanted) throw new Error(`${String(event['type'])} in state ${state}`)
  }
  for (const event of events) {
    switch (event['type']) {
      case 'message_start':
        need('before', event)
        state = 'between'
        break
      case 'content_block_start':
        need('between', event)
        if (event['index'] !== ++index) throw new Error(`index ${String(event['index'])} where ${index} was due`)
        state = 'inside'
        break
      case 'content_block_delta':
        need('inside', event)
        if (event['index'] !== index) throw new Error('a delta of another block')
        break
      case 'content_block_stop':
        need('inside', event)
        if (event['index'] !== index) throw new Error('a stop of another block')
        state = 'between'
        break
      case 'message_delta':
        need('between', event)
        state = 'after'
        break
      case 'message_stop':
        need('after', event)
        state = 'done'
        break
      case 'error':
        if (state === 'done') throw new Error('an error behind the end')
        state = 'done'
        break
      case 'ping':
        if (state === 'before' || state === 'done') throw new Error(`ping in state ${state}`)
        break
      default:
        throw new Error(`unknown event ${String(event['type'])}`)
    }
  }
  if (state !== 'done') throw new Error(`ends in state ${state}`)
}

/** The message that the official SDK makes of a stream. */
export async function sdkMessage(events: readonly Json[]): Promise<Json> {
  const lines = events
    .filter((event) => event['type'] !== 'ping')
    .map((event) => new TextEncoder().encode(`${JSON.stringify(event)}\n`))
  const stream = MessageStream.fromReadableStream(
    new ReadableStream({
      start(controller) {
        for (const line of lines) controller.enqueue(line)
        controller.close()
      },
    }),
  )
  const message = await stream.finalMessage()
  return JSON.parse(JSON.stringify(message)) as Json
}
