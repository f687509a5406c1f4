// What the tests of this folder share: building requests, running machines, reading what was recorded.
import { readFileSync, readdirSync } from 'node:fs'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import type { EncodedRequest, Exchange, WireRequest } from '../../../src/dialects/dialect.ts'
import type { Task } from '../../../src/ir/dialect-id.ts'
import type { GatewayError, Outcome } from '../../../src/ir/error.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import { createFold } from '../../../src/ir/fold.ts'
import type { Loss } from '../../../src/ir/loss.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import type { IrResponse } from '../../../src/ir/response.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { readJson, type JsonDocument } from '../../../src/wire/json-scan.ts'
import { createSseDecoder } from '../../../src/wire/sse-decode.ts'
import { plainFacts } from '../../support/facts.ts'
import { hasShared, sharedPath } from '../../support/shared.ts'

export type Json = Record<string, unknown>

/** A body as the door hands it over. */
export function documentOf(body: unknown): JsonDocument {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reading = readJson(new TextEncoder().encode(text), { maxDepth: 100, maxKeysPerObject: 1000 })
  if (!reading.ok) throw new Error(reading.fault)
  return reading.document
}

export interface Asked {
  readonly path?: string
  readonly query?: string
  readonly task?: Task
  readonly headers?: Record<string, string>
}

export function wireRequest(body: unknown, asked: Asked = {}): WireRequest {
  return {
    task: asked.task ?? 'generate',
    path: asked.path ?? '/v1beta/models/gemini-2.5-flash:generateContent',
    query: new URLSearchParams(asked.query ?? ''),
    headers: new Headers(asked.headers ?? {}),
    body: documentOf(body),
  }
}

/** The smallest request, with more. */
export function bodyWith(members: Json = {}): Json {
  return { contents: [{ role: 'user', parts: [{ text: 'hi' }] }], ...members }
}

export function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

export function errorOf(outcome: Outcome<unknown>): GatewayError {
  if (outcome.ok) throw new Error('expected a failure')
  return outcome.error
}

export function decode(body: unknown, asked?: Asked): IrRequest {
  return valueOf(gemini.decodeRequest(wireRequest(body, asked)))
}

export function jsonOf(bytes: Uint8Array): Json {
  return JSON.parse(new TextDecoder().decode(bytes)) as Json
}

export function encode(request: IrRequest, model = 'gemini-2.5-flash'): EncodedRequest {
  return valueOf(gemini.encodeRequest(request, { model }))
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

export interface Sent {
  readonly body: Json
  readonly encoded: EncodedRequest
  readonly losses: readonly string[]
}

/** A foreign request as it goes out; every body is held against the published description, where that is at hand. */
export function encodeForeign(members: Partial<IrRequest>, model?: string): Sent {
  const encoded = encode(foreignRequest(members), model)
  const body = sent(encoded)
  const unknown = unknownKeys('GenerateContentRequest', body)
  if (unknown.length > 0) throw new Error(`not in the description of the wire: ${unknown.join(', ')}`)
  return { body, encoded, losses: told(encoded.losses) }
}

/** Losses as lines. */
export function told(losses: readonly Loss[]): string[] {
  return losses.map(({ action, path }) => `${action} ${path}`)
}

export const exchange: Exchange = {
  requestId: 'req_1',
  upstream: 'openai-chat',
  model: 'model-of-the-target',
  createdAt: 1_700_000_000,
  facts: plainFacts({ dialect: 'gemini', stream: true, wantsUsage: true }),
}

/** A chunk as it comes off the wire. */
export function frame(value: unknown): Frame {
  return { data: JSON.stringify(value) }
}

export function decodeFrames(frames: readonly Frame[]): IrEvent[] {
  const decoder = gemini.streamDecoder()
  return [...frames.flatMap((entry) => decoder.step(entry)), ...decoder.finish()]
}

export function fold(events: readonly IrEvent[]): IrResponse {
  const collected = createFold('gemini', gemini.joinOpaque)
  for (const event of events) collected.step(event)
  return collected.response()
}

export function encodeEvents(events: readonly IrEvent[]): { frames: Frame[]; losses: readonly Loss[] } {
  const encoder = gemini.streamEncoder(exchange)
  return { frames: events.flatMap((event) => encoder.step(event)), losses: encoder.losses() }
}

/** The chunks that frames carry. */
export function chunksOf(frames: readonly Frame[]): Json[] {
  return frames.map(({ data }) => JSON.parse(data) as Json)
}

/** One candidate with these parts, with more around them. */
export function answer(parts: readonly unknown[], candidate: Json = {}, around: Json = {}): Json {
  return {
    candidates: [{ content: { parts, role: 'model' }, index: 0, ...candidate }],
    modelVersion: 'gemini-x',
    responseId: 'r1',
    ...around,
  }
}

const folder = sharedPath('corpus', 'recorded', 'gemini')

/** The recordings whose names end so. */
export function recorded(ending: string): string[] {
  return hasShared ? readdirSync(folder).filter((name) => name.endsWith(ending)) : []
}

export function recordedJson(name: string): Json {
  return JSON.parse(readFileSync(`${folder}/${name}`, 'utf8')) as Json
}

export function recordedFrames(name: string): Frame[] {
  const decoder = createSseDecoder(Number.MAX_SAFE_INTEGER)
  const bytes = new Uint8Array(readFileSync(`${folder}/${name}`))
  return [...decoder.push(bytes), ...decoder.end()].flatMap((block) => (block.frame === undefined ? [] : [block.frame]))
}

interface Described {
  readonly $ref?: string
  readonly type?: string
  readonly items?: Described
  readonly properties?: Readonly<Record<string, Described>>
  readonly additionalProperties?: Described
}

let description: { readonly schemas: Readonly<Record<string, Described>> } | undefined

/** Paths of members that the published description of the wire does not have; none where it is not at hand. */
export function unknownKeys(schema: string, value: unknown, at = ''): string[] {
  if (!hasShared) return []
  description ??= JSON.parse(
    readFileSync(sharedPath('wire-specs', 'gemini.discovery.json'), 'utf8'),
  ) as typeof description
  return keysBeyond({ $ref: schema }, value, at)
}

function keysBeyond(described: Described, value: unknown, at: string): string[] {
  const schema = described.$ref === undefined ? described : description?.schemas[described.$ref]
  // A schema that was cut out of the copy, or one that takes anything.
  if (schema === undefined || schema.type === 'any') return []
  if (Array.isArray(value))
    return value.flatMap((member, index) => keysBeyond(schema.items ?? {}, member, `${at}[${index}]`))
  if (typeof value !== 'object' || value === null || schema.properties === undefined) return []
  return Object.entries(value).flatMap(([key, member]) => {
    const known = schema.properties?.[key]
    return known === undefined ? [`${at}.${key}`] : keysBeyond(known, member, `${at}.${key}`)
  })
}
