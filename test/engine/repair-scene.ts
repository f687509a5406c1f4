// A client before a route whose streams break off: providers of every wire that say what the test wants, check what they
// are asked, and break where it wants. Owns the wires; judges nothing but the requests.
import { dialects, type GenerativeId } from '../../src/dialects/index.ts'
import type { IrEvent } from '../../src/ir/event.ts'
import { decodeEmbedded, type Heard } from './repair-heard.ts'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { encodeEventStream } from '../../src/wire/aws-event-stream.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { encodeSse } from '../../src/wire/sse-encode.ts'
import { createTestApp, jsonAnswer, pieces, type TestApp, type TestSource } from '../support/app.ts'
import { plainFacts } from '../support/facts.ts'

export type { Heard } from './repair-heard.ts'

/** The wires that a client may speak. */
export const clientWires = [
  'openai-chat',
  'openai-completions',
  'openai-responses',
  'anthropic-messages',
  'gemini',
] as const satisfies readonly GenerativeId[]
export type ClientWire = (typeof clientWires)[number]

/** The wires that a provider may speak. */
export const providerWires = [...clientWires, 'bedrock-converse'] as const
export type ProviderWire = (typeof providerWires)[number]

/** What is told to leave the provider: the bytes of one event each. */
export type Told = readonly Uint8Array[]

/** The events of an answer of one text, as a provider of this wire sends them. */
export function streamOf(wire: ProviderWire, texts: readonly string[], before: readonly IrEvent[] = []): Told {
  const encoder = dialects[wire].streamEncoder({
    requestId: 'req_up',
    facts: plainFacts({ dialect: wire, stream: true, wantsUsage: true }),
    upstream: wire,
    model: 'up',
    createdAt: 1,
  })
  const events: IrEvent[] = [
    { type: 'response-start', id: `id-${wire}`, model: 'up' },
    ...before,
    { type: 'part-start', part: 90, choice: 0, opening: { type: 'text' } },
    ...texts.map((text): IrEvent => ({ type: 'text-delta', part: 90, text })),
    { type: 'part-end', part: 90 },
    { type: 'choice-finish', choice: 0, finish: { class: 'stop' } },
    { type: 'usage-report', usage: { input: 7, output: 11, evidence: 'reported' } },
    { type: 'response-end' },
  ]
  return bytesOf(
    wire,
    events.flatMap((event) => encoder.step(event)),
  )
}

/** Each frame as this wire frames it. */
export function bytesOf(wire: ProviderWire, frames: readonly Frame[]): Told {
  return frames.map((frame) => (wire === 'bedrock-converse' ? encodeEventStream([frame]) : encodeSse([frame])))
}

/** The chunks of a body, then its end. */
export function answerOf(
  wire: ProviderWire,
  chunks: Told,
  end: 'close' | 'break' | 'hang' = 'close',
): FetchResponse & { readonly source: TestSource } {
  const source = pieces(chunks, end)
  const type = wire === 'bedrock-converse' ? 'application/vnd.amazon.eventstream' : 'text/event-stream'
  return { status: 200, headers: new Headers({ 'content-type': type }), body: source, source }
}

/** What a provider was asked. */
export interface Asked {
  readonly wire: ProviderWire
  readonly name: string
  /** The text of a last turn of the assistant; undefined where the last turn is another's. */
  readonly prefill: string | undefined
  readonly body: Readonly<Record<string, unknown>>
}

export type Behaviour = (asked: Asked, request: FetchRequest) => FetchResponse | Promise<FetchResponse>

export interface SceneTarget {
  readonly name: string
  readonly wire: ProviderWire
  readonly prefill?: boolean
  /** A vendor with traits of its own, for a wire that many imitate. */
  readonly vendor?: 'mistral' | 'deepseek'
}

interface SceneOptions {
  readonly targets: readonly SceneTarget[]
  readonly mode?: 'error' | 'continue' | 'restart_if_prefix_matches'
  readonly answer: Behaviour
  readonly route?: object
  readonly server?: object
}

export interface RepairScene {
  readonly test: TestApp
  readonly asked: Asked[]
  ask(wire: ClientWire, extra?: object): Promise<Response>
}

/** A gateway with one route `r` over these targets, in order. */
export function createRepairScene({
  targets,
  mode = 'continue',
  answer,
  route = {},
  server = {},
}: SceneOptions): RepairScene {
  const asked: Asked[] = []
  const test = createTestApp({
    env: {
      K: 'sk-test-key-of-a-provider',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    },
    upstream(request) {
      const name = /\/\/(\w+)\./.exec(request.url)?.[1] ?? ''
      const target = targets.find((entry) => entry.name === name)
      if (target === undefined) throw new Error(`nobody lives at ${request.url}`)
      const body = JSON.parse(new TextDecoder().decode(request.body)) as Record<string, unknown>
      const seen: Asked = { wire: target.wire, name, prefill: prefillIn(target.wire, body), body }
      asked.push(seen)
      if (seen.prefill !== undefined && /\s$/.test(seen.prefill))
        return jsonAnswer({ error: { message: 'final assistant content cannot end with trailing whitespace' } }, 400)
      return answer(seen, request)
    },
    config: {
      config_version: 1,
      server,
      credentials: {
        k: { type: 'api_key', source: 'env', env: 'K' },
        aws: { type: 'aws', source: 'env' },
      },
      providers: Object.fromEntries(targets.map((target) => [target.name, providerOf(target)])),
      routes: {
        r: {
          stream_failure: mode,
          fallback: { max_attempts: 5 },
          targets: targets.map(({ name }, index) => ({
            name,
            provider: name,
            model: modelOf(name),
            priority: index + 1,
          })),
          ...route,
        },
      },
      storage: { kind: 'memory' },
    },
  })
  return { test, asked, ask: (wire, extra = {}) => ask(test, wire, extra) }
}

function modelOf(name: string): string {
  return `model-${name}`
}

function providerOf({ name, wire, prefill, vendor }: SceneTarget): object {
  const base_url = `https://${name}.example.com`
  const shared = {
    accounts: [{ id: 'a', credential: 'k' }],
    ...(prefill !== undefined && { capabilities: { assistant_prefill: prefill } }),
  }
  switch (wire) {
    case 'bedrock-converse':
      return { ...shared, type: 'bedrock', region: 'us-east-1', base_url, accounts: [{ id: 'a', credential: 'aws' }] }
    case 'anthropic-messages':
      return { ...shared, type: 'anthropic', base_url }
    case 'gemini':
      return { ...shared, type: 'gemini', base_url }
    default:
      if (vendor !== undefined) return { ...shared, type: vendor, base_url: `${base_url}/v1` }
      return { ...shared, type: 'openai_compatible', base_url: `${base_url}/v1`, api_formats: [wire.replace('-', '_')] }
  }
}

function ask(test: TestApp, wire: ClientWire, extra: object): Promise<Response> {
  switch (wire) {
    case 'openai-chat': {
      const messages = [{ role: 'user', content: 'hi' }]
      return test.request('/v1/chat/completions', { json: { model: 'r', stream: true, messages, ...extra } })
    }
    case 'openai-completions':
      return test.request('/v1/completions', { json: { model: 'r', stream: true, prompt: 'hi', ...extra } })
    case 'openai-responses':
      return test.request('/v1/responses', { json: { model: 'r', stream: true, input: 'hi', ...extra } })
    case 'anthropic-messages': {
      const messages = [{ role: 'user', content: 'hi' }]
      return test.request('/v1/messages', { json: { model: 'r', max_tokens: 99, stream: true, messages, ...extra } })
    }
    case 'gemini': {
      const contents = [{ role: 'user', parts: [{ text: 'hi' }] }]
      return test.request('/v1beta/models/r:streamGenerateContent?alt=sse', { json: { contents, ...extra } })
    }
  }
}

type Members = Readonly<Record<string, unknown>>

function prefillIn(wire: ProviderWire, body: Members): string | undefined {
  const list = (body['messages'] ?? body['contents'] ?? body['input']) as unknown
  const last = Array.isArray(list) ? (list.at(-1) as Members) : undefined
  if (last === undefined || (last['role'] !== 'assistant' && last['role'] !== 'model')) return undefined
  const content = wire === 'gemini' ? last['parts'] : last['content']
  if (typeof content === 'string') return content
  return (content as Members[]).map((part) => String(part['text'])).join('')
}

/** What a client of this wire makes of a stream. */
export async function hear(wire: ClientWire, response: Response): Promise<Heard> {
  return decodeEmbedded(wire, await response.text())
}
