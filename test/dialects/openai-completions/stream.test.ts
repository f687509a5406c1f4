// Streams, both ways: what the chunks mean, and that what is written is legal whatever comes in.
import { describe, expect, it } from 'vitest'
import { openaiCompletions } from '../../../src/dialects/openai-completions/index.ts'
import { GatewayError } from '../../../src/ir/error.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import { createFold } from '../../../src/ir/fold.ts'
import type { IrResponse } from '../../../src/ir/response.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { brokenRules, chunk, chunksIn, done, events, exchangeWith, frame, framesFor, type Json } from './support.ts'

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const usageChunk = frame({ id: 'cmpl-1', object: 'text_completion', created: 1, model: 'gpt-x', choices: [], usage })

function folded(...frames: readonly Frame[]): IrResponse {
  const fold = createFold('openai-completions')
  events(...frames).forEach((event) => fold.step(event))
  return fold.response()
}

const types = (list: readonly IrEvent[]): string[] => list.map((event) => event.type)
const last = (list: readonly IrEvent[]): IrEvent | undefined => list.at(-1)

describe('reading a stream', () => {
  it('gives one text per choice, its end, and usage', () => {
    const response = folded(chunk('a'), chunk('b', { finish_reason: 'length' }), usageChunk, done)
    expect(response).toMatchObject({
      id: 'cmpl-1',
      model: 'gpt-x',
      created: 1,
      outputs: [{ index: 0, parts: [{ type: 'text', text: 'ab' }], finish: { class: 'length', raw: 'length' } }],
      usage: { input: 3, output: 2 },
    })
  })

  it('keeps choices apart that come interleaved', () => {
    const frames = [chunk('a'), chunk('x', { index: 1 }), chunk('b'), chunk('y', { index: 1, finish_reason: 'stop' })]
    const response = folded(...frames, chunk('', { finish_reason: 'stop' }), done)
    expect(response.outputs.map(({ parts }) => parts)).toEqual([
      [{ type: 'text', text: 'ab' }],
      [{ type: 'text', text: 'xy' }],
    ])
  })

  it('begins with its first content, so that an empty head does not count', () => {
    const list = events(chunk('', {}, { id: '', model: '' }), chunk('a'), chunk('', { finish_reason: 'stop' }), done)
    expect(types(list)).toEqual([
      'response-start',
      'part-start',
      'text-delta',
      'part-end',
      'choice-finish',
      'response-end',
    ])
    expect(list[0]).toMatchObject({ id: 'cmpl-1', model: 'gpt-x' })
  })

  it('puts log probabilities together', () => {
    const said = (token: string): Json => ({ logprobs: { tokens: [token], token_logprobs: [-1] } })
    const response = folded(chunk('a', said('a')), chunk('b', { ...said('b'), finish_reason: 'stop' }), done)
    expect(response.outputs[0]?.extras).toEqual({ logprobs: { tokens: ['a', 'b'], token_logprobs: [-1, -1] } })
  })

  it.each<[string, Frame[], string]>([
    ['is cut off', [chunk('a')], 'stream_truncated'],
    ['is empty', [], 'stream_truncated'],
    ['has a terminal and nothing else', [done], 'upstream_empty'],
    ['holds an error', [chunk('a'), frame({ error: { message: 'x', code: 429 } })], 'upstream_rate_limited'],
    ['holds an error event', [{ event: 'error', data: '{"error":{"message":"x"}}' }], 'upstream_error'],
  ])('ends with an error where it %s', (_name, frames, code) => {
    const end = last(events(...frames))
    expect(end?.type === 'error' && end.error.code).toBe(code)
  })

  it('is whole without the terminal where every choice has finished', () => {
    expect(last(events(chunk('a', { finish_reason: 'stop' })))).toEqual({ type: 'response-end' })
  })

  it.each<[string, Frame]>([
    ['no JSON', { data: '{' }],
    ['another record', frame({ type: 'ping' })],
    ['a list', { data: '[1]' }],
  ])('skips %s and says so', (_name, odd) => {
    const list = events(odd, chunk('a', { finish_reason: 'stop' }), done)
    expect(types(list)).toContain('event-skip')
    expect(last(list)).toEqual({ type: 'response-end' })
  })

  it('produces nothing after its end', () => {
    const machine = openaiCompletions.streamDecoder()
    for (const entry of [chunk('a', { finish_reason: 'stop' }), done]) machine.step(entry)
    expect([...machine.step(chunk('b')), ...machine.finish()]).toEqual([])
  })
})

describe('writing a stream', () => {
  const text: IrEvent[] = [
    { type: 'response-start', id: 'msg_1', model: 'claude' },
    { type: 'part-start', part: 0, choice: 0, opening: { type: 'text' } },
    { type: 'text-delta', part: 0, text: 'a' },
    { type: 'text-delta', part: 0, text: '' },
    { type: 'text-delta', part: 0, text: 'b' },
    { type: 'part-end', part: 0 },
    { type: 'choice-finish', choice: 0, finish: { class: 'stop', raw: 'end_turn' } },
    { type: 'usage-report', usage: { input: 3, output: 2, evidence: 'reported' } },
    { type: 'response-end' },
  ]

  it('is texts, a finish and the terminal', () => {
    const { frames, losses } = framesFor(text)
    expect(chunksIn(frames)).toEqual([
      {
        id: 'msg_1',
        object: 'text_completion',
        created: 1_700_000_000,
        model: 'claude',
        choices: [{ text: 'a', index: 0, logprobs: null, finish_reason: null }],
      },
      expect.objectContaining({ choices: [{ text: 'b', index: 0, logprobs: null, finish_reason: null }] }),
      expect.objectContaining({ choices: [{ text: '', index: 0, logprobs: null, finish_reason: 'stop' }] }),
    ])
    expect(frames.at(-1)).toEqual(done)
    expect(losses).toEqual([])
  })

  it('leaves in every frame the value that its text says', () => {
    for (const { data, value } of framesFor(text).frames.slice(0, -1)) expect(JSON.stringify(value)).toBe(data)
  })

  it('tells usage once, behind the last finish, to a client that asked', () => {
    const chunks = chunksIn(framesFor(text, exchangeWith({ wantsUsage: true })).frames)
    expect(chunks.slice(0, -1).every((entry) => entry['usage'] === null)).toBe(true)
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage })
  })

  it.each<[string, IrEvent[], string]>([
    [
      'reasoning',
      [
        { type: 'part-start', part: 0, choice: 0, opening: { type: 'reasoning' } },
        { type: 'reasoning-delta', part: 0, text: 'x' },
      ],
      'reasoning dropped',
    ],
    [
      'a tool call',
      [
        { type: 'part-start', part: 0, choice: 0, opening: { type: 'tool-call', id: 'a', name: 'f' } },
        { type: 'tool-input-delta', part: 0, text: '{}' },
      ],
      'tool-call dropped',
    ],
    [
      'content of another wire',
      [{ type: 'part-start', part: 0, choice: 0, opening: { type: 'opaque', kind: 'web', value: {} } }],
      'web dropped',
    ],
    ['a skipped event', [{ type: 'event-skip', kind: 'odd', reason: 'r' }], 'odd dropped'],
    [
      'extras',
      [{ type: 'extras-add', scope: 'response', choice: 0, extras: { service_tier: 'x' } }],
      'service_tier dropped',
    ],
    [
      'a stop sequence',
      [{ type: 'choice-finish', choice: 0, finish: { class: 'stop', stopSequence: 'x' } }],
      'choices[0].stop_reason dropped',
    ],
  ])('is legal and reports what is no text: %s', (_name, list, loss) => {
    const { frames, losses } = framesFor([...list, { type: 'response-end' }])
    expect(losses).toEqual([loss])
    expect(chunksIn(frames)).toHaveLength(1)
    expect(chunksIn(frames)[0]).toMatchObject({ choices: [{ text: '', finish_reason: 'stop' }] })
  })

  it('says stop where the answer was a tool call', () => {
    const { frames, losses } = framesFor([
      { type: 'choice-finish', choice: 0, finish: { class: 'tool', raw: 'tool_calls' } },
      { type: 'response-end' },
    ])
    expect(chunksIn(frames)[0]).toMatchObject({ choices: [{ finish_reason: 'stop' }] })
    expect(losses).toEqual(['choices[0].finish_reason approximated'])
  })

  it('shows a refusal as text', () => {
    const { frames, losses } = framesFor([
      { type: 'part-start', part: 0, choice: 0, opening: { type: 'refusal' } },
      { type: 'refusal-delta', part: 0, text: 'no' },
      { type: 'choice-finish', choice: 0, finish: { class: 'filter' } },
      { type: 'response-end' },
    ])
    expect(chunksIn(frames)[0]).toMatchObject({ choices: [{ text: 'no' }] })
    expect(chunksIn(frames)[1]).toMatchObject({ choices: [{ finish_reason: 'content_filter' }] })
    expect(losses).toEqual(['refusal approximated'])
  })

  it('ends with the error and without the terminal', () => {
    const { frames } = framesFor([...text.slice(0, 3), { type: 'error', error: new GatewayError('stream_truncated') }])
    expect(chunksIn(frames).at(-1)).toMatchObject({ error: { code: 'stream_truncated' } })
    expect(frames).not.toContainEqual(done)
  })

  it('writes nothing after its end', () => {
    const machine = openaiCompletions.streamEncoder(exchangeWith())
    text.forEach((event) => machine.step(event))
    expect(text.flatMap((event) => machine.step(event))).toEqual([])
  })

  it('gives a stream of this wire back with everything it held', () => {
    const frames = [
      chunk('a', { logprobs: { tokens: ['a'] }, stop_reason: 'x' }, { system_fingerprint: 'fp' }),
      chunk('', { finish_reason: 'length' }),
      usageChunk,
      done,
    ]
    const written = framesFor(events(...frames), exchangeWith({ wantsUsage: true }, 'openai-completions'))
    expect(folded(...written.frames)).toEqual(folded(...frames))
    expect(written.losses).toEqual([])
  })
})

describe('the grammar', () => {
  const end = chunk('', { finish_reason: 'stop' })

  it.each<[string, Frame[]]>([
    ['a text and its finish', [chunk('a'), end, done]],
    ['a finish beside the last text', [chunk('a', { finish_reason: 'length' }), done]],
    ['usage', [chunk('a'), end, usageChunk, done]],
    [
      'interleaved choices',
      [chunk('a'), chunk('b', { index: 1 }), end, chunk('', { index: 1, finish_reason: 'stop' }), done],
    ],
    ['an error as the last word', [chunk('a'), frame({ error: { message: 'x' } })]],
  ])('takes %s', (_name, frames) => {
    expect(brokenRules(frames)).toEqual([])
  })

  it.each<[string, Frame[], string]>([
    ['no terminal', [chunk('a'), end], 'unfinished'],
    ['no finish', [chunk('a'), done], 'no-finish'],
    ['no choice', [done], 'no-choice'],
    ['text after the finish', [end, chunk('a')], 'choice-after-finish'],
    ['a word of another wire', [chunk('', { finish_reason: 'tool_calls' })], 'finish-reason'],
    ['usage before the finish', [chunk('a'), usageChunk], 'no-finish'],
    ['usage twice', [end, usageChunk, usageChunk], 'chunk-after-usage'],
    ['usage beside text', [chunk('a', {}, { usage })], 'early-usage'],
    ['a chunk of Chat', [frame({ object: 'chat.completion.chunk', choices: [] })], 'not-a-chunk'],
    ['a delta', [chunk('a', { text: undefined, delta: { content: 'a' } })], 'not-a-choice'],
    ['another id', [chunk('a'), chunk('b', {}, { id: 'cmpl-2' })], 'head'],
    ['an event name', [{ event: 'chunk', ...chunk('a') }], 'event-name'],
    ['anything behind the terminal', [end, done, chunk('a')], 'frame-after-end'],
    ['anything behind an error', [frame({ error: { message: 'x' } }), done], 'frame-after-end'],
    ['no JSON', [{ data: '{' }], 'not-a-chunk'],
  ])('refuses %s', (_name, frames, rule) => {
    expect(brokenRules(frames)).toEqual([rule])
  })
})
