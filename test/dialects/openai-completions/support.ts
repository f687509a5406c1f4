// What the tests of this folder share: building requests, running the machines, reading frames, the published schema.
import { readFileSync } from 'node:fs'
import { Validator } from '@cfworker/json-schema'
import type { EncodedRequest, Exchange, StreamGrammar, WireRequest } from '../../../src/dialects/dialect.ts'
import { openaiCompletions } from '../../../src/dialects/openai-completions/index.ts'
import type { DialectId } from '../../../src/ir/dialect-id.ts'
import type { GatewayError, Outcome } from '../../../src/ir/error.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import type { RequestFacts } from '../../../src/ir/facts.ts'
import type { Loss } from '../../../src/ir/loss.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { readJson } from '../../../src/wire/json-scan.ts'
import { plainFacts } from '../../support/facts.ts'
import { hasShared, sharedPath } from '../../support/shared.ts'

export type Json = Record<string, unknown>

/** A body as the door hands it over; text is taken as it is. */
export function wireRequest(body: unknown, headers: Record<string, string> = {}): WireRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reading = readJson(new TextEncoder().encode(text), { maxDepth: 100, maxKeysPerObject: 1000 })
  if (!reading.ok) throw new Error(reading.fault)
  return {
    task: 'generate',
    path: '/v1/completions',
    query: new URLSearchParams(),
    headers: new Headers(headers),
    body: reading.document,
  }
}

/** The smallest request, with more. */
export function bodyWith(members: Json = {}): Json {
  return { model: 'm', prompt: 'once', ...members }
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
  return valueOf(openaiCompletions.decodeRequest(wireRequest(body)))
}

export function encode(request: IrRequest): EncodedRequest {
  return valueOf(openaiCompletions.encodeRequest(request, { model: request.model }))
}

export function jsonOf(bytes: Uint8Array): Json {
  return JSON.parse(new TextDecoder().decode(bytes)) as Json
}

/** The smallest request of another wire, with more. */
export function foreignRequest(members: Partial<IrRequest> = {}): IrRequest {
  return {
    source: 'anthropic-messages',
    model: 'claude',
    instructions: [],
    turns: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }], at: 'messages[0]' }],
    tools: [],
    sampling: { maxOutputTokens: 50 },
    stream: false,
    ...members,
  }
}

export function lossLines(losses: readonly Loss[]): string[] {
  return losses.map((loss) => `${loss.path} ${loss.action}`)
}

export function exchangeWith(facts: Partial<RequestFacts> = {}, upstream: DialectId = 'openai-chat'): Exchange {
  return {
    requestId: 'req_1',
    facts: plainFacts({ dialect: 'openai-completions', model: 'm', stream: true, ...facts }),
    upstream,
    model: 'target-model',
    createdAt: 1_700_000_000,
  }
}

export const done: Frame = { data: '[DONE]' }

/** A chunk with one choice, and what else stands on choice or chunk. */
export function chunk(text: string, choice: Json = {}, members: Json = {}): Frame {
  return frame({
    id: 'cmpl-1',
    object: 'text_completion',
    created: 1,
    model: 'gpt-x',
    choices: [{ text, index: 0, logprobs: null, finish_reason: null, ...choice }],
    ...members,
  })
}

export function frame(value: unknown): Frame {
  return { data: JSON.stringify(value) }
}

/** All events of a stream; the end of the bytes included. */
export function events(...frames: readonly Frame[]): IrEvent[] {
  const machine = openaiCompletions.streamDecoder()
  return [...frames.flatMap((entry) => machine.step(entry)), ...machine.finish()]
}

/** The frames a client gets for events, and what they could not say. The grammar reads along. */
export function framesFor(
  list: readonly IrEvent[],
  exchange: Exchange = exchangeWith(),
): { frames: Frame[]; losses: string[] } {
  const machine = openaiCompletions.streamEncoder(exchange)
  const frames = list.flatMap((event) => machine.step(event))
  const broken = brokenRules(frames)
  if (broken.length > 0) throw new Error(broken.join('; '))
  return { frames, losses: lossLines(machine.losses()) }
}

/** The rules that a stream breaks, by name. */
export function brokenRules(frames: readonly Frame[]): string[] {
  const grammar = openaiCompletions.grammar?.() as StreamGrammar
  return [...frames.map((entry) => grammar.step(entry)), grammar.finish()].flatMap((found) => found?.rule ?? [])
}

/** The chunks among frames, parsed. */
export function chunksIn(frames: readonly Frame[]): Json[] {
  return frames.filter(({ data }) => data !== '[DONE]').map(({ data }) => JSON.parse(data) as Json)
}

let validator: Validator | undefined

/** Throws where a body is not one that the published specification takes. */
export function expectValidRequest(body: Json): void {
  if (!hasShared) return
  const read = (): Json => JSON.parse(readFileSync(sharedPath('wire-specs', 'openai.openapi.json'), 'utf8')) as Json
  validator ??= new Validator({ ...read(), $ref: '#/components/schemas/CreateCompletionRequest' }, '2020-12', true)
  const result = validator.validate(body)
  if (!result.valid) throw new Error(JSON.stringify(result.errors, undefined, 2))
}
