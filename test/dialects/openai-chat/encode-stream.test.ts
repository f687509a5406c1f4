// Events of any wire as the stream that a client of this one reads.
import { describe, expect, it } from 'vitest'
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts'
import { GatewayError } from '../../../src/ir/error.ts'
import type { IrEvent, PartOpening } from '../../../src/ir/event.ts'
import type { Finish } from '../../../src/ir/response.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { foldChat } from '../../support/sdk-fold.ts'
import {
  chunk,
  chunksIn,
  deltasIn,
  done,
  events,
  exchangeWith,
  finish,
  foldOf,
  framesFor,
  jsonOf,
  type Json,
} from './support.ts'

const start: IrEvent = { type: 'response-start', id: 'msg_1', model: 'claude', created: 9 }
const end: IrEvent = { type: 'response-end' }
const ended = (finish: Finish = { class: 'stop', raw: 'end_turn' }, choice = 0): IrEvent => ({
  type: 'choice-finish',
  choice,
  finish,
})
const open = (part: number, opening: PartOpening, choice = 0): IrEvent => ({
  type: 'part-start',
  part,
  choice,
  opening,
})
const close = (part: number): IrEvent => ({ type: 'part-end', part })
const text = (part: number, value: string): IrEvent => ({ type: 'text-delta', part, text: value })
const input = (part: number, value: string): IrEvent => ({ type: 'tool-input-delta', part, text: value })
const tool = (id: string, name = 'f'): PartOpening => ({ type: 'tool-call', id, name })

function finishes(frames: readonly Frame[]): unknown[] {
  return chunksIn(frames)
    .flatMap((entry) => entry['choices'] as Json[])
    .map((choice) => choice['finish_reason'])
    .filter((word) => word !== null)
}

function lossesOf(...list: IrEvent[]): string[] {
  const machine = openaiChat.streamEncoder(exchangeWith())
  list.forEach((event) => machine.step(event))
  return machine.losses().map((loss) => `${loss.path} ${loss.action}`)
}

describe('a stream', () => {
  const answer = [start, open(0, { type: 'text' }), text(0, 'He'), text(0, 'llo'), close(0), ended(), end]

  it('is a role, the text, a finish and the terminal', () => {
    expect(framesFor(answer).map((frame) => frame.data)).toEqual([
      '{"id":"msg_1","object":"chat.completion.chunk","created":9,"model":"claude","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}',
      '{"id":"msg_1","object":"chat.completion.chunk","created":9,"model":"claude","choices":[{"index":0,"delta":{"content":"He"},"finish_reason":null}]}',
      '{"id":"msg_1","object":"chat.completion.chunk","created":9,"model":"claude","choices":[{"index":0,"delta":{"content":"llo"},"finish_reason":null}]}',
      '{"id":"msg_1","object":"chat.completion.chunk","created":9,"model":"claude","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
      '[DONE]',
    ])
  })

  it('names itself where the provider did not', () => {
    const [first] = chunksIn(
      framesFor([{ type: 'response-start' }, open(0, { type: 'text' }), text(0, 'a'), ended(), end]),
    )
    expect(first).toMatchObject({ id: 'chatcmpl-req_1', created: 1700000000, model: 'target-model' })
  })

  it('has no event names', () => {
    for (const frame of framesFor(answer)) expect(frame).not.toHaveProperty('event')
  })

  it('says nothing after its terminal', () => {
    expect(framesFor([...answer, open(1, { type: 'text' }), text(1, 'more'), end])).toEqual(framesFor(answer))
  })

  it('has a role and a finish even where nothing was said', () => {
    const frames = framesFor([start, ended({ class: 'filter', raw: 'refusal' }), end])
    expect(deltasIn(frames)).toEqual([{ role: 'assistant', content: '' }, {}])
    expect(finishes(frames)).toEqual(['content_filter'])
  })

  it('begins and ends each of several answers once', () => {
    const frames = framesFor([
      start,
      open(0, { type: 'text' }, 1),
      text(0, 'b'),
      open(1, { type: 'text' }, 0),
      text(1, 'a'),
      ended({ class: 'length' }, 1),
      ended(undefined, 0),
      end,
    ])
    expect(deltasIn(frames, 0)).toEqual([{ role: 'assistant', content: '' }, { content: 'a' }, {}])
    expect(deltasIn(frames, 1)).toEqual([{ role: 'assistant', content: '' }, { content: 'b' }, {}])
    expect(finishes(frames)).toEqual(['stop', 'length'])
  })

  it('ignores deltas of parts that never began', () => {
    expect(deltasIn(framesFor([start, text(7, 'x'), close(7), ended(), end]))).toEqual([
      { role: 'assistant', content: '' },
      {},
    ])
  })
})

describe('usage', () => {
  const usage: IrEvent = { type: 'usage-report', usage: { input: 3, output: 2, evidence: 'reported' } }
  const answer = [start, open(0, { type: 'text' }), text(0, 'a'), usage, ended(), end]

  it('is a last chunk without choices where the client asked, and null before', () => {
    const chunks = chunksIn(framesFor(answer, { wantsUsage: true }))
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    })
    for (const entry of chunks.slice(0, -1)) expect(entry['usage']).toBeNull()
  })

  it('is not said where the client did not ask', () => {
    for (const entry of chunksIn(framesFor(answer))) {
      expect(entry).not.toHaveProperty('usage')
      expect(entry['choices']).toHaveLength(1)
    }
  })

  it('is not made up where nobody reported any', () => {
    const chunks = chunksIn(
      framesFor([start, open(0, { type: 'text' }), text(0, 'a'), ended(), end], { wantsUsage: true }),
    )
    expect(chunks.at(-1)?.['choices']).toHaveLength(1)
  })

  it('is merged from several reports', () => {
    const later: IrEvent = { type: 'usage-report', usage: { output: 9, evidence: 'reported' } }
    const chunks = chunksIn(
      framesFor([start, usage, open(0, { type: 'text' }), text(0, 'a'), later, ended(), end], { wantsUsage: true }),
    )
    expect(chunks.at(-1)?.['usage']).toMatchObject({ prompt_tokens: 3, completion_tokens: 9 })
  })
})

describe('tool calls', () => {
  it('are announced once, numbered densely, whatever their parts are called', () => {
    const frames = framesFor([
      start,
      open(4, { type: 'text' }),
      text(4, 'a'),
      close(4),
      open(7, tool('x')),
      input(7, '{"a"'),
      input(7, ':1}'),
      close(7),
      open(9, tool('y', 'g')),
      input(9, '{}'),
      close(9),
      ended({ class: 'tool', raw: 'tool_use' }),
      end,
    ])
    expect(deltasIn(frames).flatMap((delta) => (delta['tool_calls'] as Json[] | undefined) ?? [])).toEqual([
      { index: 0, id: 'x', type: 'function', function: { name: 'f', arguments: '' } },
      { index: 0, function: { arguments: '{"a"' } },
      { index: 0, function: { arguments: ':1}' } },
      { index: 1, id: 'y', type: 'function', function: { name: 'g', arguments: '' } },
      { index: 1, function: { arguments: '{}' } },
    ])
    expect(finishes(frames)).toEqual(['tool_calls'])
  })

  it('may overlap', () => {
    const frames = framesFor([
      start,
      open(0, tool('x')),
      open(1, tool('y')),
      input(1, '{}'),
      input(0, '{}'),
      close(0),
      close(1),
      ended(),
      end,
    ])
    const indexes = deltasIn(frames).flatMap((delta) =>
      ((delta['tool_calls'] as Json[] | undefined) ?? []).map((call) => call['index']),
    )
    expect(indexes).toEqual([0, 1, 1, 0])
  })

  it('are numbered for each answer on its own', () => {
    const frames = framesFor([
      start,
      open(0, tool('x'), 0),
      open(1, tool('y'), 1),
      close(0),
      close(1),
      ended(),
      ended(undefined, 1),
      end,
    ])
    for (const choice of [0, 1]) expect(JSON.stringify(deltasIn(frames, choice))).toContain('"index":0')
  })

  it('without any arguments have an empty object', () => {
    const frames = framesFor([start, open(0, tool('x')), close(0), ended(), end])
    expect(deltasIn(frames).at(-2)).toEqual({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] })
  })

  it('of free-text tools have their own spelling', () => {
    const frames = framesFor([
      start,
      open(0, { type: 'tool-call', id: 'x', name: 'c', kind: 'custom' }),
      input(0, 'ls'),
      close(0),
      ended(),
      end,
    ])
    expect(deltasIn(frames).slice(1, 3)).toEqual([
      { tool_calls: [{ index: 0, id: 'x', type: 'custom', custom: { name: 'c', input: '' } }] },
      { tool_calls: [{ index: 0, custom: { input: 'ls' } }] },
    ])
  })

  it('begin with a null content', () => {
    expect(deltasIn(framesFor([start, open(0, tool('x'))]))[0]).toEqual({ role: 'assistant', content: null })
  })

  it.each<[string, Finish, string]>([
    ['a stop', { class: 'stop', raw: 'end_turn' }, 'tool_calls'],
    ['something else', { class: 'other' }, 'tool_calls'],
    ['a limit', { class: 'length', raw: 'max_tokens' }, 'length'],
    ['a filter', { class: 'filter' }, 'content_filter'],
  ])('decide about the finish behind %s', (_name, finish, expected) => {
    expect(finishes(framesFor([start, open(0, tool('x')), input(0, '{}'), close(0), ended(finish), end]))).toEqual([
      expected,
    ])
  })

  it('are not claimed where there are none', () => {
    const frames = framesFor([
      start,
      open(0, { type: 'text' }),
      text(0, 'a'),
      ended({ class: 'tool', raw: 'tool_use' }),
      end,
    ])
    expect(finishes(frames)).toEqual(['stop'])
  })
})

describe('reasoning of another wire', () => {
  it('is plain text and an entry that can be sent back, signature and all', () => {
    const frames = framesFor([
      start,
      open(0, { type: 'reasoning' }),
      { type: 'reasoning-delta', part: 0, text: 'a' },
      { type: 'signature-delta', part: 0, signature: 's' },
      close(0),
      open(1, { type: 'reasoning', redacted: 'R' }),
      close(1),
      open(2, { type: 'text' }),
      text(2, 'x'),
      ended(),
      end,
    ])
    expect(deltasIn(frames)).toEqual([
      { role: 'assistant', content: '' },
      { reasoning_content: 'a', reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'a' }] },
      { reasoning_details: [{ type: 'reasoning.text', index: 0, text: '', signature: 's' }] },
      { reasoning_details: [{ type: 'reasoning.encrypted', index: 1, data: 'R' }] },
      { content: 'x' },
      {},
    ])
  })

  it('comes back as the parts it was', () => {
    const list = [
      start,
      open(0, { type: 'reasoning' }),
      { type: 'reasoning-delta', part: 0, text: 'a' },
      { type: 'reasoning-delta', part: 0, text: 'b' },
      { type: 'signature-delta', part: 0, signature: 's' },
      close(0),
      open(1, { type: 'reasoning', redacted: 'R' }),
      close(1),
      ended(),
      end,
    ] satisfies IrEvent[]
    expect(foldOf(events(...framesFor(list))).outputs[0]?.parts).toMatchObject([
      { type: 'reasoning', text: 'ab', signature: 's' },
      { type: 'reasoning', redacted: 'R' },
    ])
  })
})

describe('what else another wire says', () => {
  it('becomes links once the text they belong to is known', () => {
    const frames = framesFor([
      start,
      open(0, { type: 'text' }),
      text(0, 'see '),
      close(0),
      open(1, { type: 'text' }),
      { type: 'citation-add', part: 1, citation: { url: 'https://x', title: 't', value: {} } },
      text(1, 'this'),
      close(1),
      ended(),
      end,
    ])
    expect(deltasIn(frames).at(-2)).toEqual({
      annotations: [
        { type: 'url_citation', url_citation: { url: 'https://x', title: 't', start_index: 4, end_index: 8 } },
      ],
    })
  })

  it('is reported where it cannot be said', () => {
    expect(
      lossesOf(
        { ...start, extras: { container: {} } } as IrEvent,
        open(0, { type: 'opaque', kind: 'server_tool_use', value: {} }),
        { type: 'opaque-delta', part: 0, value: {} },
        close(0),
        open(1, { type: 'text' }),
        { type: 'citation-add', part: 1, citation: { citedText: 'x', value: {} } },
        close(1),
        { type: 'extras-add', scope: 'message', choice: 0, extras: { context_management: {} } },
        { type: 'event-skip', kind: 'new_event', reason: 'unknown' },
        { type: 'usage-report', usage: { evidence: 'reported', extras: { service_tier: 's' } } },
        ended({ class: 'stop', stopSequence: 'END' }),
        end,
      ).sort(),
    ).toEqual([
      'citations dropped',
      'container dropped',
      'context_management dropped',
      'new_event dropped',
      'server_tool_use dropped',
      'stop_sequence dropped',
      'usage.service_tier dropped',
    ])
  })

  it('is not written into the stream', () => {
    const frames = framesFor([
      { ...start, extras: { container: {} } } as IrEvent,
      open(0, { type: 'opaque', kind: 'server_tool_use', value: { secret: 1 } }),
      close(0),
      { type: 'extras-add', scope: 'choice', choice: 0, extras: { stop_details: {} } },
      { type: 'keep-alive' },
      ended(),
      end,
    ])
    expect(JSON.stringify(frames)).not.toMatch(/container|secret|stop_details/)
  })
})

describe('an error', () => {
  it('ends the stream without its success terminator', () => {
    const error = new GatewayError('stream_truncated')
    const frames = framesFor([start, open(0, { type: 'text' }), text(0, 'a'), { type: 'error', error }, ended(), end])
    expect(JSON.parse(frames.at(-1)?.data ?? '')).toEqual({
      error: { message: error.message, type: 'server_error', param: null, code: 'stream_truncated' },
    })
    expect(frames).not.toContainEqual(done)
    expect(finishes(frames.slice(0, -1))).toEqual([])
  })

  it('is one that the official SDK throws', async () => {
    const frames = framesFor([
      start,
      open(0, { type: 'text' }),
      text(0, 'a'),
      { type: 'error', error: new GatewayError('upstream_overloaded') },
    ])
    expect(await foldChat(frames)).toMatchObject({ ok: false, error: expect.stringContaining('overloaded') })
  })
})

describe('a stream of this wire', () => {
  const annotation = {
    type: 'url_citation',
    url_citation: { url: 'https://x', title: 't', start_index: 0, end_index: 1 },
  }

  it.each<[string, Frame[]]>([
    ['text', [chunk({ role: 'assistant', content: '' }), chunk({ content: 'a' }), finish()]],
    ['a refusal', [chunk({ role: 'assistant', content: null, refusal: '' }), chunk({ refusal: 'no' }), finish()]],
    [
      'calls',
      [
        chunk({
          role: 'assistant',
          content: null,
          tool_calls: [{ index: 0, id: '1', type: 'function', function: { name: 'f', arguments: '' } }],
        }),
        chunk({ tool_calls: [{ index: 0, function: { arguments: '{}' } }] }),
        finish('tool_calls'),
      ],
    ],
    [
      'empty text beside a call',
      [
        chunk({
          role: 'assistant',
          content: '',
          tool_calls: [{ index: 0, id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }],
        }),
        finish('tool_calls'),
      ],
    ],
    [
      'a legacy call',
      [
        chunk({ role: 'assistant', content: null, function_call: { name: 'f', arguments: '' } }),
        chunk({ function_call: { arguments: '{}' } }),
        finish('function_call'),
      ],
    ],
    ['links', [chunk({ role: 'assistant', content: 'a' }), chunk({ annotations: [annotation] }), finish()]],
    [
      'sound',
      [
        chunk({ role: 'assistant', content: null, audio: { id: 'a', transcript: 'x' } }),
        chunk({ audio: { data: 'AA' } }),
        chunk({ audio: { expires_at: 1 } }),
        finish(),
      ],
    ],
    [
      'members of its own',
      [
        chunk(
          { role: 'assistant', content: '' },
          { native_finish_reason: null },
          { provider: 'P', system_fingerprint: 'fp' },
        ),
        chunk({ content: 'a' }, { logprobs: { content: [{ token: 'a' }], refusal: null } }),
        chunk({}, { finish_reason: 'length', native_finish_reason: 'max' }),
      ],
    ],
    [
      'several answers',
      [
        chunk({ role: 'assistant', content: 'a' }),
        chunk({ role: 'assistant', content: 'b' }, { index: 1 }),
        finish(),
        chunk({}, { index: 1, finish_reason: 'length' }),
      ],
    ],
  ])('folds to the same answer after the code: %s', async (_name, frames) => {
    const recorded = await foldChat([...frames, done])
    const ours = await foldChat(framesFor(events(...frames, done)))
    expect(recorded.ok).toBe(true)
    expect(ours).toEqual(recorded)
  })

  it.each<[string, Frame[], Json[]]>([
    ['reasoning_content', [chunk({ reasoning_content: 'a' })], [{ reasoning_content: 'a' }]],
    ['reasoning', [chunk({ reasoning: 'a' })], [{ reasoning: 'a' }]],
    [
      'reasoning with details',
      [
        chunk({
          reasoning: 'a',
          reasoning_details: [{ type: 'reasoning.summary', summary: 'a', format: 'x', index: 0 }],
        }),
        chunk({
          reasoning: null,
          reasoning_details: [{ type: 'reasoning.encrypted', data: 'D', format: 'x', index: 0 }],
        }),
      ],
      [
        { reasoning: 'a', reasoning_details: [{ type: 'reasoning.summary', summary: 'a', format: 'x', index: 0 }] },
        { reasoning_details: [{ type: 'reasoning.encrypted', data: 'D', format: 'x', index: 0 }] },
      ],
    ],
    [
      'thinking parts',
      [chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'a' }] }] })],
      [{ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'a' }] }] }],
    ],
    [
      'parts nobody else knows',
      [chunk({ content: [{ type: 'reference', reference_ids: [1] }] })],
      [{ content: [{ type: 'reference', reference_ids: [1] }] }],
    ],
  ])('keeps its spelling of %s', (_name, frames, expected) => {
    const deltas = deltasIn(framesFor(events(...frames, finish(), done)))
    expect(deltas.slice(1, -1)).toEqual(expected)
  })

  it('loses nothing', () => {
    const frames = [
      chunk({ content: 'a', channel: 'c' }, { extra: 1 }, { provider: 'P' }),
      finish('stop', { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, cost: 1 } }),
      done,
    ]
    expect(lossesOf(...events(...frames))).toEqual([])
  })

  it('is, folded, the whole answer of this wire', () => {
    const frames = [
      chunk({ role: 'assistant', content: '', refusal: null }),
      chunk({ reasoning: 'r' }),
      chunk({ content: 'a' }),
      chunk({ tool_calls: [{ index: 0, id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }] }),
      finish('tool_calls', { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }),
      done,
    ]
    const { body, losses } = openaiChat.encodeResponse(foldOf(events(...frames)), exchangeWith())
    expect(losses).toEqual([])
    expect(jsonOf(body)).toEqual({
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'gpt-x',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'a',
            refusal: null,
            reasoning: 'r',
            tool_calls: [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }],
          },
          logprobs: null,
          finish_reason: 'tool_calls',
        },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    })
  })
})
