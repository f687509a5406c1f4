// What commits an answer, by the recordings: only an event with content, on the byte path and in translation alike; whatever
// stands before it is held, so that an error there still falls to the next target.
import { describe, expect, it } from 'vitest'
import { dialects } from '../../src/dialects/index.ts'
import { isContent } from '../../src/ir/event.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { encodeSse } from '../../src/wire/sse-encode.ts'
import { framesOf, recordings, type Recording } from '../support/corpus.ts'
import { plainFacts } from '../support/facts.ts'
import { clientWires, createRepairScene, answerOf, bytesOf, hear, streamOf, type ClientWire } from './repair-scene.ts'

const streams = recordings().filter(
  ({ role, status, stream, task }) => role === 'response' && status === 200 && stream && task === 'generate',
)
const table = streams.map((recording) => [recording.file, recording] as const)

/** The frame that commits on the byte path: -1 where none does. */
function tapCommit(recording: Recording, frames: readonly Frame[]): number {
  const facts = plainFacts({ dialect: recording.dialect, stream: true, wantsUsage: true })
  const tap = dialects[recording.dialect].streamTap({
    requestId: 'r',
    facts,
    upstream: recording.dialect,
    model: 'm',
    createdAt: 1,
  })
  return frames.findIndex((frame) => tap.step(frame).type === 'content')
}

function decoderCommit({ dialect }: Recording, frames: readonly Frame[]): number {
  const decoder = dialects[dialect].streamDecoder()
  return frames.findIndex((frame) => decoder.step(frame).some(isContent))
}

// Read as it comes: whatever shape it has, the question is only whether something is said.
// oxlint-disable-next-line no-explicit-any
type Loose = Record<string, any>

/** What the vendors send before an answer says anything; read off their documentation, not off our code. */
function isHandshake(frame: Frame): boolean {
  const value = JSON.parse(frame.data === '[DONE]' ? '{}' : frame.data) as Loose
  const type = value['type'] ?? frame.event
  if (
    ['message_start', 'ping', 'messageStart', 'response.created', 'response.in_progress', 'response.queued'].includes(
      type,
    )
  )
    return true
  // An item or a block that opens empty, and the end of one that stayed so.
  if (type === 'response.output_item.added') return ['message', 'reasoning'].includes(value['item'].type)
  if (type === 'response.content_part.added') return !value['part'].text
  if (/^response\.(?:reasoning_summary_part|reasoning_part)\.added$/.test(type)) return true
  if (type === 'content_block_start')
    return ['text', 'thinking', 'fallback'].includes(value['content_block'].type) && !value['content_block'].text
  if (type === 'content_block_stop' || type === 'contentBlockStop') return true
  if (type === 'content_block_delta')
    return Object.entries(value['delta']).every(([key, said]) => key === 'type' || said === '')
  if (type === 'contentBlockDelta') return value['delta'].text === ''
  if (type === 'contentBlockStart') return Object.keys(value['start'] ?? {}).length === 0
  if (typeof type === 'string' && type.startsWith('response.')) return 'delta' in value && value['delta'] === ''
  const choices = (value['choices'] ?? value['candidates'] ?? []) as Loose[]
  return choices.every((choice) => {
    const said = choice['delta'] ?? {}
    const parts = (choice['content']?.parts ?? []) as Record<string, unknown>[]
    const isSilent = ['content', 'refusal', 'reasoning', 'reasoning_content'].every((key) => !said[key]?.length)
    return (
      isSilent &&
      !said['tool_calls']?.length &&
      !said['audio'] &&
      !said['annotations']?.length &&
      !choice['text'] &&
      parts.every((part) => part['text'] === '')
    )
  })
}

describe('what commits a recorded stream', () => {
  it.skipIf(table.length === 0).each(table)('is its first content and nothing before: %s', (_file, recording) => {
    const frames = framesOf(recording)
    const committing = tapCommit(recording, frames)
    const translated = decoderCommit(recording, frames)
    // Converse is never passed on as it is; a redacted thought is told when it is whole.
    if (recording.dialect === 'bedrock-converse') expect(translated).toBeGreaterThanOrEqual(committing)
    else expect(translated, 'in translation').toBe(committing)
    for (const [at, frame] of frames.slice(0, Math.max(committing, 0)).entries())
      expect(isHandshake(frame), `frame ${at} is held: ${frame.data.slice(0, 200)}`).toBe(true)
    if (committing >= 0)
      expect(isHandshake(frames[committing]!), `it commits: ${frames[committing]!.data.slice(0, 200)}`).toBe(false)
  })
})

/** The error event that each wire documents. */
const errors: Readonly<Record<ClientWire, Frame>> = {
  'openai-chat': {
    data: '{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}',
  },
  'openai-completions': {
    data: '{"error":{"message":"The server had an error","type":"server_error","param":null,"code":null}}',
  },
  'openai-responses': {
    event: 'response.failed',
    data: '{"type":"response.failed","sequence_number":2,"response":{"id":"resp_1","object":"response","status":"failed","error":{"code":"server_error","message":"The model failed"},"output":[]}}',
  },
  'anthropic-messages': {
    event: 'error',
    data: '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
  },
  gemini: { data: '{"error":{"code":503,"message":"The model is overloaded","status":"UNAVAILABLE"}}' },
}

describe.each(clientWires)('a stream of %s that fails', (wire) => {
  const told = streamOf(wire, ['One', ' two'])
  const committing = told.findIndex((bytes) => new TextDecoder().decode(bytes).includes('One'))

  it.each(['the same wire', 'another wire'])(
    'behind its handshake and before its content falls to the next target: %s',
    async (way) => {
      const client = way === 'the same wire' ? wire : wire === 'gemini' ? 'anthropic-messages' : 'gemini'
      for (let at = 0; at <= committing; at++) {
        const scene = createRepairScene({
          mode: 'error',
          targets: [
            { name: 'first', wire },
            { name: 'second', wire: 'bedrock-converse' },
          ],
          answer: ({ name }) =>
            name === 'first'
              ? answerOf(wire, [...told.slice(0, at), ...bytesOf(wire, [errors[wire]])])
              : answerOf('bedrock-converse', streamOf('bedrock-converse', ['fine'])),
        })
        const heard = await hear(client, await scene.ask(client))
        expect(heard, `behind ${at} events: ${heard.raw}`).toMatchObject({
          text: 'fine',
          end: 'success',
          starts: 1,
          faults: [],
        })
        expect(heard.raw).not.toContain(`id-${wire}`)
      }
    },
  )

  it('to say anything within timeouts.first_content_ms falls to the next target', async () => {
    const scene = createRepairScene({
      mode: 'error',
      server: { timeouts: { first_content_ms: 2000 } },
      targets: [
        { name: 'first', wire },
        { name: 'second', wire },
      ],
      answer: ({ name }) =>
        name === 'first' ? answerOf(wire, told.slice(0, committing), 'hang') : answerOf(wire, streamOf(wire, ['fine'])),
    })
    const response = scene.ask(wire)
    await scene.test.clock.advance(2001)
    expect((await hear(wire, await response)).text).toBe('fine')
    expect(scene.asked.map(({ name }) => name)).toEqual(['first', 'second'])
  })
})

describe('an end alone is no answer', () => {
  const opened = streamOf('anthropic-messages', [])[0] as Uint8Array
  const stopped = encodeSse([{ event: 'message_stop', data: '{"type":"message_stop"}' }])
  const role = encodeSse([{ data: '{"id":"c","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}' }])
  const done = encodeSse([{ data: '[DONE]' }])

  it.each([
    ['openai-chat', 'openai-chat', [done]],
    ['openai-chat', 'openai-chat', [role, done]],
    ['openai-chat', 'anthropic-messages', [role, done]],
    ['openai-completions', 'openai-completions', [done]],
    ['anthropic-messages', 'anthropic-messages', [stopped]],
    ['anthropic-messages', 'anthropic-messages', [opened, stopped]],
    ['anthropic-messages', 'openai-chat', [opened, stopped]],
  ] as const)('of %s, for a client of %s: %#', async (wire, client, chunks) => {
    const scene = createRepairScene({
      mode: 'error',
      targets: [
        { name: 'first', wire },
        { name: 'second', wire },
      ],
      answer: ({ name }) => answerOf(wire, name === 'first' ? chunks : streamOf(wire, ['words'])),
    })
    expect(await hear(client, await scene.ask(client))).toMatchObject({ text: 'words', end: 'success' })
    expect(scene.asked).toHaveLength(2)
  })

  it('unless the provider says how it ended', async () => {
    const finish = encodeSse([{ data: '{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}' }])
    const scene = createRepairScene({
      mode: 'error',
      targets: [{ name: 'first', wire: 'openai-chat' }],
      answer: () => answerOf('openai-chat', [role, finish, done]),
    })
    expect((await hear('openai-chat', await scene.ask('openai-chat'))).end).toBe('success')
  })
})
