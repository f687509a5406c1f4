// What an answer took where its provider does not say, or says it only in part: the trace has numbers all the same, and
// marks them as counted; the client is told none that nobody gave.
import { describe, expect, it } from 'vitest'
import { dialects } from '../../src/dialects/index.ts'
import { unfold } from '../../src/ir/unfold.ts'
import type { IrResponse } from '../../src/ir/response.ts'
import type { FetchResponse, TraceRow } from '../../src/ports/index.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { jsonAnswer, streamAnswer } from '../support/app.ts'
import { plainFacts } from '../support/facts.ts'
import { chatAnswer, chatChunk, messageEvent, messageStream } from '../support/upstream.ts'
import {
  answerOf,
  bytesOf,
  clientWires,
  createRepairScene,
  providerWires,
  type ClientWire,
  type ProviderWire,
  type RepairScene,
  type Told,
} from './repair-scene.ts'

type Members = Record<string, unknown>

/** Forty characters of plain text in five events: ten tokens by the rule of four. */
const words = ['one two ', 'three fo', 'ur five ', 'six seve', 'n eight.']
const text = words.join('')

const pairs = clientWires.flatMap((client) => providerWires.map((provider) => [client, provider] as const))
const byBytes = clientWires.map((wire) => [wire, wire] as const)

function exchangeOf(wire: ProviderWire) {
  const facts = plainFacts({ dialect: wire, stream: true, wantsUsage: true })
  return { requestId: 'req_up', facts, upstream: wire, model: 'up', createdAt: 1 } as const
}

const plain: IrResponse = {
  source: 'openai-chat',
  id: 'id-1',
  model: 'up',
  outputs: [{ index: 0, parts: [{ type: 'text', text }], finish: { class: 'stop' } }],
}

/** A value without anything that says how many tokens there were, which some encoders guess. */
function silent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(silent)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => key !== 'usage' && key !== 'usageMetadata')
  return Object.fromEntries(kept.map(([key, member]) => [key, silent(member)]))
}

/** The stream of an answer of these words, as a provider of this wire sends it, without a word on tokens. */
function uncounted(wire: ProviderWire): Told {
  const encoder = dialects[wire].streamEncoder(exchangeOf(wire))
  const [start, open, , close, ...rest] = unfold({ ...plain, source: wire })
  const deltas = words.map((word) => ({ type: 'text-delta', part: 0, text: word }) as const)
  const frames = [start, open, ...deltas, close, ...rest].flatMap((event) =>
    event === undefined ? [] : encoder.step(event),
  )
  return bytesOf(wire, frames.map(quiet))
}

function quiet({ event, data }: Frame): Frame {
  if (data === '[DONE]') return { data }
  return { ...(event !== undefined && { event }), data: JSON.stringify(silent(JSON.parse(data))) }
}

function wholeAnswer(wire: ProviderWire): FetchResponse {
  const { body } = dialects[wire].encodeResponse({ ...plain, source: wire }, exchangeOf(wire))
  return jsonAnswer(silent(JSON.parse(new TextDecoder().decode(body))))
}

function scene(wire: ProviderWire, answer: () => FetchResponse): RepairScene {
  return createRepairScene({ targets: [{ name: 'solo', wire }], mode: 'error', answer })
}

function askWhole({ test, ask }: RepairScene, wire: ClientWire): Promise<Response> {
  if (wire !== 'gemini') return ask(wire, { stream: false })
  const contents = [{ role: 'user', parts: [{ text: 'hi' }] }]
  return test.request('/v1beta/models/r:generateContent', { json: { contents } })
}

function rowOf({ test }: RepairScene): TraceRow {
  expect(test.traces).toHaveLength(1)
  return test.traces[0] as TraceRow
}

function took({ inputTokens, outputTokens, usageEvidence }: TraceRow): unknown {
  return { inputTokens, outputTokens, usageEvidence }
}

/** What a request of a handful of characters is taken for. */
const little = expect.toSatisfy((tokens: number) => tokens >= 1 && tokens <= 20)
const counted = { inputTokens: little, outputTokens: 10, usageEvidence: 'counted' }

/** Whether a client of this wire can do without counters. */
const canBeSilent = (wire: ClientWire): boolean => wire !== 'anthropic-messages'
const counters = /"(?:\w+_tokens|\w+TokenCount)":\s*\d/

describe('an answer without usage', () => {
  it.each(pairs)('that is streamed to %s by %s is counted', async (client, provider) => {
    const told = uncounted(provider)
    const run = scene(provider, () => answerOf(provider, told))
    const said = await (await run.ask(client)).text()
    expect(took(rowOf(run))).toEqual(counted)
    expect(rowOf(run).outcome).toBe('succeeded')
    if (client === provider) expect(said).toBe(Buffer.concat(told).toString())
    else if (canBeSilent(client)) expect(said).not.toMatch(counters)
  })

  it.each(pairs)('that is whole, to %s by %s, is counted', async (client, provider) => {
    const run = scene(provider, () => wholeAnswer(provider))
    const said = await (await askWhole(run, client)).text()
    expect(took(rowOf(run))).toEqual(counted)
    if (client === provider || canBeSilent(client)) expect(said).not.toMatch(counters)
  })

  it.each(byBytes)('that is whole where %s asked for a stream is counted', async (client, provider) => {
    const run = scene(provider, () => wholeAnswer(provider))
    await (await run.ask(client)).text()
    expect(took(rowOf(run))).toEqual(counted)
  })

  it.each(byBytes)('that is streamed where %s asked for a whole one is counted', async (client, provider) => {
    const run = scene(provider, () => answerOf(provider, uncounted(provider)))
    await (await askWhole(run, client)).text()
    expect(took(rowOf(run))).toEqual(counted)
  })

  it.each(pairs)('that breaks off, to %s by %s, is counted as far as it came', async (client, provider) => {
    const told = uncounted(provider)
    const last = told.findIndex((bytes) => Buffer.from(bytes).includes(words[2] ?? ''))
    const run = scene(provider, () => answerOf(provider, told.slice(0, last + 1), 'break'))
    await (await run.ask(client)).text()
    expect(took(rowOf(run))).toEqual({ ...counted, outputTokens: 6 })
    expect(rowOf(run).outcome).not.toBe('succeeded')
  })

  it.each(pairs)('that a client of %s leaves, by %s, is counted as far as it was read', async (client, provider) => {
    const told = uncounted(provider)
    const last = told.findIndex((bytes) => Buffer.from(bytes).includes(words[2] ?? ''))
    const run = scene(provider, () => answerOf(provider, told.slice(0, last + 1), 'hang'))
    const reader = (await run.ask(client)).body?.getReader()
    let heard = ''
    while (!heard.includes('ur five ')) heard += Buffer.from((await reader?.read())?.value ?? []).toString()
    await reader?.cancel()
    await run.test.clock.advance(0)
    expect(took(rowOf(run))).toEqual({ ...counted, outputTokens: 6 })
    expect(rowOf(run).outcome).toBe('cancelled')
  })
})

describe('thoughts and calls', () => {
  const delta = { reasoning_content: 'x'.repeat(40) }
  const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"a":"bcdefg"}xx' } }
  const told = [chatChunk({ role: 'assistant', content: '' }), chatChunk(delta), chatChunk({ tool_calls: [call] })]
  const end = [chatChunk({}, 'tool_calls'), 'data: [DONE]\n\n']

  it.each(['openai-chat', 'anthropic-messages'] as const)('count for %s as what is said does', async (client) => {
    const run = scene('openai-chat', () => streamAnswer([...told, ...end]))
    await (await run.ask(client)).text()
    // Ten of the thoughts; the name, the arguments and what is around a call.
    expect(rowOf(run).outputTokens).toBe(10 + 1 + 4 + 16)
  })
})

describe('usage that is reported in part', () => {
  const stream = messageStream(words)
  const run = (chunks: readonly string[], end: 'close' | 'break' = 'close') =>
    scene('anthropic-messages', () => streamAnswer(chunks, end))

  it.each(['anthropic-messages', 'openai-chat'] as const)('of a stream that breaks off under %s', async (client) => {
    const cut = run(stream.open, 'break')
    await (await cut.ask(client)).text()
    expect(took(rowOf(cut))).toEqual({ inputTokens: 3, outputTokens: 10, usageEvidence: 'counted' })
  })

  it.each(['anthropic-messages', 'openai-chat'] as const)(
    'of a stream whose end says nothing, to %s',
    async (client) => {
      const [stopped = ''] = stream.close
      const mute = messageEvent('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null } })
      const whole = run([...stream.open, stopped, mute, messageEvent('message_stop')])
      await (await whole.ask(client)).text()
      expect(took(rowOf(whole))).toEqual({ inputTokens: 3, outputTokens: 10, usageEvidence: 'counted' })
    },
  )

  it.each(['anthropic-messages', 'openai-chat'] as const)('is none where all of it came, to %s', async (client) => {
    const whole = run([...stream.open, ...stream.close])
    await (await whole.ask(client)).text()
    expect(took(rowOf(whole))).toEqual({ inputTokens: 3, outputTokens: 5, usageEvidence: 'reported' })
  })

  it.each(['gemini', 'openai-chat'] as const)('that grows with every event is reported, to %s', async (client) => {
    const chunk = (said: string, candidatesTokenCount: number): string => {
      const usageMetadata = { promptTokenCount: 4, candidatesTokenCount, totalTokenCount: 4 + candidatesTokenCount }
      return `data: ${JSON.stringify({ candidates: [{ content: { parts: [{ text: said }] } }], usageMetadata })}\n\n`
    }
    const cut = scene('gemini', () => streamAnswer([chunk('one two ', 2), chunk('three', 3)], 'break'))
    await (await cut.ask(client)).text()
    expect(took(rowOf(cut))).toEqual({ inputTokens: 4, outputTokens: 3, usageEvidence: 'reported' })
  })

  it('of a whole answer: text that is said to be nothing', async () => {
    const usage = { prompt_tokens: 9, completion_tokens: 0, total_tokens: 9 }
    const whole = scene('openai-chat', () => jsonAnswer({ ...chatAnswer(text), usage }))
    expect(await (await askWhole(whole, 'openai-chat')).json()).toHaveProperty('usage', usage)
    expect(took(rowOf(whole))).toEqual({ inputTokens: 9, outputTokens: 10, usageEvidence: 'counted' })
  })
})

describe('where nothing was answered', () => {
  const none = { inputTokens: null, outputTokens: null, usageEvidence: null }

  it.each([
    ['a refusal', () => jsonAnswer({ error: { message: 'no' } }, 500)],
    ['a stream that breaks before its first content', () => streamAnswer([chatChunk({ role: 'assistant' })], 'break')],
    ['a stream that says nothing', () => streamAnswer(['data: [DONE]\n\n'])],
  ])('there is no usage: %s', async (_what, answer) => {
    for (const client of ['openai-chat', 'anthropic-messages'] as const) {
      const run = scene('openai-chat', answer)
      await (await run.ask(client)).text()
      expect(took(rowOf(run))).toEqual(none)
    }
  })

  it('an answer that is no text has an input and no output', async () => {
    const refusal: Members = { ...chatAnswer(''), usage: undefined }
    const run = scene('openai-chat', () => jsonAnswer(refusal))
    expect((await askWhole(run, 'openai-chat')).status).toBe(200)
    expect(took(rowOf(run))).toEqual({ inputTokens: little, outputTokens: null, usageEvidence: 'counted' })
  })
})
