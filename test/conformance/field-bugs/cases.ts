// What the tests of field bugs share: a translation from frames of one wire to what a client of another reads, and a
// gateway with one provider of each wire. A case names the wires it needs and is left out, with the reason, while one of
// them is not written.
import { dialects, type GenerativeId } from '../../../src/dialects/index.ts'
import type { Traits } from '../../../src/ir/traits.ts'
import type { RequestFacts } from '../../../src/ir/facts.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { createTestApp, type TestApp, type TestAppOptions } from '../../support/app.ts'
import { sseFrames } from '../../support/corpus.ts'
import type { Json } from '../../support/json.ts'
import { readStream } from '../../support/stream-grammar.ts'
import { dialectIds, encodeStream, exchangeFor } from '../harness.ts'
import { notYet } from '../known-failures.ts'
import { layer, type Layer } from '../layer.ts'
import { wires } from '../wires/index.ts'
import type { AnswerView } from '../wires/wire.ts'

export interface FieldCases {
  /** Registers a test. `needs`: the wires that it drives; the first is what it is about. */
  check(label: string, needs: readonly [GenerativeId, ...GenerativeId[]], run: () => void | Promise<void>): void
  skip: Layer['skip']
}

/** One list of cases. */
export function fieldCases(name: string, register: (cases: FieldCases) => void): void {
  layer(
    name,
    ({ check, skip }) =>
      register({
        check(label, needs, run) {
          const missing = notYet.find((entry) => needs.includes(entry.dialect))
          const about = { dialect: needs[0], ...(needs[1] !== undefined && { target: needs[1] }) }
          if (missing !== undefined) skip(label, about, `${missing.dialect}: ${missing.reason}`)
          else check(label, about, run)
        },
        skip,
      }),
    { recordings: false },
  )
}

/** Every wire that a client speaks: some only providers do. */
export const ingressIds: readonly GenerativeId[] = dialectIds.filter((id) => id !== 'bedrock-converse')

/** Every wire that a client or a provider speaks and that can call tools. */
export const withTools: readonly GenerativeId[] = dialectIds.filter((id) => id !== 'openai-completions')

/** What a client of one wire gets for a provider's stream on another. */
export interface Translated {
  readonly frames: readonly Frame[]
  readonly body: Json
  readonly view: AnswerView
  /** What the suite's rules and the dialect's own grammar find wrong with it. */
  readonly problems: readonly string[]
}

/** Translates a stream. Works on a complete one: the end of the frames is the end of the bytes. */
export function translated(
  from: GenerativeId,
  to: GenerativeId,
  frames: readonly Frame[],
  options: { readonly traits?: Traits; readonly facts?: Partial<RequestFacts> } = {},
): Translated {
  const decoder = dialects[from].streamDecoder(options.traits)
  const events = [...frames.flatMap((frame) => decoder.step(frame)), ...decoder.finish()]
  const encoded = encodeStream(to, events, exchangeFor(to, from, options.facts)).frames
  const { streams, answers } = wires[to]
  const body = streams.assemble(encoded)
  const own = dialects[to].grammar === undefined ? [] : readStream(to, encoded).faults
  return { frames: encoded, body, view: answers.view(body), problems: [...streams.problems(encoded), ...own] }
}

/** The key of a gateway that has one. */
export const clientKey = 'sbx_test_client_0f3a9c5e7d214b68'

/** What the user of its machine may ask it with. */
export const adminToken = 'token-of-the-administrator-1234'

/** A provider of a configuration, by the wire that it speaks; the address tells them apart. */
function provider(format: string): object {
  return {
    type: 'openai_compatible',
    base_url: `https://${format.replaceAll('_', '-')}.example.com/v1`,
    api_formats: [format],
    accounts: [{ id: 'a', credential: 'k' }],
  }
}

/** The gateway with a provider of each wire, reached by the route of its name (`chat`, `messages`, `responses`, `gemini`). */
export function gateway(upstream: TestAppOptions['upstream'], extra: object = {}): TestApp {
  const formats = {
    chat: 'openai_chat',
    responses: 'openai_responses',
    completions: 'openai_completions',
    messages: 'anthropic_messages',
    gemini: 'gemini',
  }
  return createTestApp({
    ...(upstream !== undefined && { upstream }),
    adminToken,
    env: {
      K: 'sk-secret-key-of-the-provider',
      CLIENT: clientKey,
      SIGNALBOX_KEK: `test:${btoa('k'.repeat(32))}`,
    },
    config: {
      config_version: 1,
      credentials: { k: { type: 'api_key', source: 'env', env: 'K' } },
      providers: {
        ...Object.fromEntries(Object.entries(formats).map(([name, format]) => [name, provider(format)])),
        claude: { type: 'anthropic', accounts: [{ id: 'a', credential: 'k' }] },
        deepseek: { type: 'deepseek', accounts: [{ id: 'a', credential: 'k' }] },
      },
      routes: Object.fromEntries(
        [...Object.keys(formats), 'claude', 'deepseek'].map((name) => [
          name,
          { targets: [{ provider: name, model: 'model-of-the-target' }] },
        ]),
      ),
      storage: { kind: 'memory' },
      ...extra,
    },
  })
}

/** How a client of each wire asks for a stream of the model or route, as path and body. */
export function asks(
  dialect: GenerativeId,
  model: string,
  stream = true,
): { readonly path: string; readonly json: Json } {
  const messages = [{ role: 'user', content: 'hi' }]
  switch (dialect) {
    case 'openai-chat':
      return { path: '/v1/chat/completions', json: { model, messages, stream } }
    case 'openai-responses':
      return { path: '/v1/responses', json: { model, input: 'hi', stream } }
    case 'openai-completions':
      return { path: '/v1/completions', json: { model, prompt: 'hi', stream } }
    case 'anthropic-messages':
      return { path: '/v1/messages', json: { model, max_tokens: 10, messages, stream } }
    case 'gemini':
      return {
        path: `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
        json: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
      }
    case 'bedrock-converse':
      throw new Error('no client asks on this wire')
  }
}

/** The frames of what a client got. */
export function framesIn(written: string): Frame[] {
  return sseFrames(new TextEncoder().encode(written))
}

/** The body that a gateway sent to its provider. */
export function sentBody(app: TestApp, index = 0): Json {
  const body = app.sent[index]?.body
  if (body === undefined) throw new Error('nothing was sent')
  return JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)) as Json
}

/** Frames as the text of server-sent events, one piece each. */
export function sse(frames: readonly Frame[]): string[] {
  return frames.map(({ event, data }) => `${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`)
}
