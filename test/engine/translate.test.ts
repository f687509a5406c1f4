// Between the client's encoder and its socket stands the grammar of its wire: what breaks it never leaves.
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../src/dialects/anthropic-messages/index.ts'
import type { Dialect, Exchange, StreamEncoder } from '../../src/dialects/dialect.ts'
import { gemini } from '../../src/dialects/gemini/index.ts'
import { openaiChat } from '../../src/dialects/openai-chat/index.ts'
import { createLegalEncoder } from '../../src/engine/legal-encoder.ts'
import type { StreamMachine } from '../../src/engine/machine.ts'
import { settledUsage } from '../../src/engine/plausible.ts'
import { createTranslation } from '../../src/engine/translate.ts'
import { createVoice } from '../../src/engine/voice.ts'
import { unfold } from '../../src/ir/unfold.ts'
import type { OutputCount, Usage } from '../../src/ir/usage.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { createSseDecoder } from '../../src/wire/sse-decode.ts'
import { plainFacts } from '../support/facts.ts'
import { plainFramer } from '../support/plain-framer.ts'
import { expectLegal, readStream } from '../support/stream-grammar.ts'
import { chatChunk } from '../support/upstream.ts'

const exchange: Exchange = {
  requestId: 'req_1',
  facts: plainFacts({ dialect: 'anthropic-messages', stream: true, wantsUsage: true }),
  upstream: 'openai-chat',
  model: 'm',
  createdAt: 1,
}
const good = [
  chatChunk({ role: 'assistant', content: '' }),
  chatChunk({ content: 'hel' }),
  chatChunk({ content: 'lo' }),
  chatChunk({}, 'stop'),
  'data: [DONE]\n\n',
]

function translation(ingress: Dialect, egress: Dialect = openaiChat): StreamMachine {
  const plausible = (usage: Usage): Usage => usage
  const settle = (told: Usage | undefined, count: OutputCount | undefined): Usage => settledUsage(told, count, 0)
  const voice = createVoice({ ingress, exchange, framer: plainFramer, plausible, settle })
  return createTranslation({ egress, voice, toolNames: new Map() })
}

interface Run {
  readonly text: string
  readonly error: string | undefined
  readonly ended: boolean
}

/** Feeds a stream as the engine does: an error ends it, in the client's words. */
async function run(machine: StreamMachine, texts: readonly string[]): Promise<Run> {
  const decoder = createSseDecoder(1_000_000)
  let text = ''
  let ended = false
  const blocks = texts.flatMap((piece) => decoder.push(new TextEncoder().encode(piece)))
  for (const step of [...blocks.map((block) => () => machine.step(block)), () => machine.finish()]) {
    const { bytes, kind, error } = await step()
    if (bytes !== undefined) text += new TextDecoder().decode(bytes)
    ended ||= kind === 'end'
    if (error === undefined) continue
    return { text: text + new TextDecoder().decode(machine.fail(error)), error: error.code, ended }
  }
  return { text, error: undefined, ended }
}

/** The Anthropic wire with an encoder that goes wrong. */
function faulty(change: (frames: Frame[]) => Frame[]): Dialect {
  return {
    ...anthropicMessages,
    streamEncoder(given): StreamEncoder {
      const encoder = anthropicMessages.streamEncoder(given)
      return { ...encoder, step: (event) => change(encoder.step(event)) }
    },
  }
}

const isStop = ({ event }: Frame): boolean => event === 'content_block_stop'

describe('a translated stream', () => {
  it('passes where it is legal', async () => {
    const { text, error, ended } = await run(translation(anthropicMessages), good)
    expect({ error, ended }).toEqual({ error: undefined, ended: true })
    expectLegal('anthropic-messages', text)
  })

  it.each<[string, (frames: Frame[]) => Frame[]]>([
    ['a block is never closed', (frames) => frames.filter((frame) => !isStop(frame))],
    ['a block is closed twice', (frames) => frames.flatMap((frame) => (isStop(frame) ? [frame, frame] : [frame]))],
    ['something follows the end', (frames) => frames.flatMap((f) => (f.event === 'message_stop' ? [f, f] : [f]))],
    ['the end is missing', (frames) => frames.filter(({ event }) => event !== 'message_stop')],
    [
      'an event has a name of its own',
      (frames) => frames.map((frame) => (isStop(frame) ? { ...frame, event: 'stop' } : frame)),
    ],
  ])('ends in an error where %s, and what is illegal stays behind', async (_name, change) => {
    const ingress = faulty(change)
    const direct = unfoldedFrames(ingress)
    expect(readStream('anthropic-messages', direct).faults).not.toEqual([])

    const machine = translation(ingress)
    const { text, error } = await run(machine, good)
    expect(error).toBe('internal')
    expect(text).toContain('the answer could not be written as a legal stream')
    expectLegal('anthropic-messages', text)
    expect(machine.report().complete).toBe(false)
  })

  it('tells of arguments that are not JSON as something lost', async () => {
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":' } }
    const machine = translation(anthropicMessages)
    const cut = [chatChunk({ role: 'assistant', content: null }), chatChunk({ tool_calls: [call] })]
    const { text, error } = await run(machine, [...cut, chatChunk({}, 'length'), 'data: [DONE]\n\n'])
    expect(error).toBeUndefined()
    expectLegal('anthropic-messages', text, { flags: ['tool-input-not-json'] })
    expect(machine.report().losses).toContainEqual({
      path: 'content[0].input',
      action: 'approximated',
      reason: 'the arguments are not JSON',
    })
  })

  it('is no answer at all where it breaks before anything was sent', async () => {
    const ingress = faulty((frames) => frames.filter(({ event }) => event !== 'message_start'))
    const decoder = createSseDecoder(1_000_000)
    const machine = translation(ingress)
    const blocks = good.flatMap((piece) => decoder.push(new TextEncoder().encode(piece)))
    const steps = await Promise.all(blocks.map((block) => machine.step(block)))
    expect(steps.find(({ error }) => error !== undefined)).toMatchObject({ kind: 'idle', error: { code: 'internal' } })
    expect(steps.some(({ bytes }) => bytes !== undefined)).toBe(false)
  })
})

describe('an event of very many parts', () => {
  it('is written in one go: a square of their number would pass the time limit of the test', async () => {
    const parts = Array.from({ length: 80_000 }, () => ({ text: 'a' }))
    const event = `data: ${JSON.stringify({ candidates: [{ content: { role: 'model', parts } }] })}\n\n`
    const { text } = await run(translation(openaiChat, gemini), [event])
    expect(text.split('"content":"a"')).toHaveLength(parts.length + 1)
  })
})

describe('an encoder behind its grammar', () => {
  it('gives nothing more after a fault', async () => {
    const encoder = createLegalEncoder(
      faulty((frames) => frames.filter((frame) => !isStop(frame))),
      exchange,
    )
    const frames = answer.flatMap((event) => encoder.step(event))
    expect(encoder.fault()?.code).toBe('internal')
    expect(frames.at(-1)?.event).toBe('content_block_delta')
  })
})

const answer = unfold({
  source: 'openai-chat',
  outputs: [{ index: 0, parts: [{ type: 'text', text: 'hello' }], finish: { class: 'stop', raw: 'stop' } }],
})

function unfoldedFrames(ingress: Dialect): Frame[] {
  const encoder = ingress.streamEncoder(exchange)
  return answer.flatMap((event) => encoder.step(event))
}
