// What the tests of this folder share: building requests, running machines, the official SDK.
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
import { expectLegal } from '../../support/stream-grammar.ts'

export type Json = Record<string, unknown>

/** A body as the door hands it over. */
export function documentOf(body: unknown): JsonDocument {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reading = readJson(new TextEncoder().encode(text), { maxDepth: 100, maxKeysPerObject: 1000 })
  if (!reading.ok) throw new Error(reading.fault)
  return reading.document
}

export function wireRequest(body: unknown, headers: Record<string, string> = {}): WireRequest {
  return {
    task: 'generate',
    path: '/v1/messages',
    query: new URLSearchParams(),
    headers: new Headers(headers),
    body: documentOf(body),
  }
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
  upstream: 'openai-chat',
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

/** Encodes events; every frame's data as JSON. What comes out is legal, whatever the events were. */
export function encodeStream(events: readonly IrEvent[]): Json[] {
  const encoder = anthropicMessages.streamEncoder(exchange)
  const frames = events.flatMap((event) => encoder.step(event))
  const last = events.at(-1)?.type
  const cut = last !== 'response-end' && last !== 'error'
  expectLegal('anthropic-messages', frames, { cut, flags: ['tool-input-not-json', 'unknown-block'] })
  return frames.map(parsed)
}

export function parsed(frame: Frame): Json {
  const event = JSON.parse(frame.data) as Json
  if (event['type'] !== frame.event) throw new Error('the event line differs from the type')
  return event
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
