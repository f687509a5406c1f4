// Frames of this wire as canonical events, in the good case and in every bad one that was seen.
import { describe, expect, it } from 'vitest'
import type { IrEvent } from '../../../src/ir/event.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { decodeStream, folded, framesOf, type Json } from './support.ts'

type Event = readonly [name: string, payload: Json]

const start: Event = ['messageStart', { role: 'assistant', p: 'abc' }]
const delta = (contentBlockIndex: number, value: Json): Event => [
  'contentBlockDelta',
  { contentBlockIndex, delta: value },
]
const open = (contentBlockIndex: number, value: Json): Event => [
  'contentBlockStart',
  { contentBlockIndex, start: value },
]
const close = (contentBlockIndex: number): Event => ['contentBlockStop', { contentBlockIndex, p: 'abcdef' }]
const stop = (stopReason: string, more: Json = {}): Event => ['messageStop', { stopReason, ...more }]
const metadata: Event = [
  'metadata',
  { usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 }, metrics: { latencyMs: 5 }, p: 'abcd' },
]
const said = (index: number, text: string): Event[] => [delta(index, { text }), close(index)]
const called = (index: number, id: string, ...input: string[]): Event[] => [
  open(index, { toolUse: { toolUseId: id, name: 'f' } }),
  ...input.map((piece) => delta(index, { toolUse: { input: piece } })),
  close(index),
]
const thought = (index: number, text: string): Event[] => [
  delta(index, { reasoningContent: { text } }),
  delta(index, { reasoningContent: { signature: 's' } }),
  close(index),
]

function events(...wire: Event[]): IrEvent[] {
  return decodeStream(framesOf(wire))
}

function kinds(list: readonly IrEvent[]): string[] {
  return list.map(({ type }) => type)
}

function parts(...wire: Event[]) {
  return folded(events(start, ...wire, stop('end_turn'), metadata)).response.outputs[0]?.parts
}

describe('a stream', () => {
  it('of text begins its part with the first delta, as it has no start', () => {
    expect(events(start, ...said(0, 'hi'), stop('end_turn'), metadata)).toEqual([
      { type: 'response-start' },
      { type: 'part-start', part: 0, choice: 0, opening: { type: 'text' } },
      { type: 'text-delta', part: 0, text: 'hi' },
      { type: 'part-end', part: 0 },
      { type: 'choice-finish', choice: 0, finish: { class: 'stop', raw: 'end_turn' } },
      expect.objectContaining({ type: 'usage-report', usage: expect.objectContaining({ input: 3, output: 4 }) }),
      expect.objectContaining({ type: 'extras-add', scope: 'response' }),
      { type: 'response-end' },
    ])
  })

  it('does not end before its usage came', () => {
    const list = events(start, ...said(0, 'hi'), stop('end_turn'), metadata)
    const ended = list.findIndex(({ type }) => type === 'response-end')
    expect(list.findIndex(({ type }) => type === 'usage-report')).toBeLessThan(ended)
    expect(list.filter(({ type }) => type === 'response-end')).toHaveLength(1)
  })

  it('ends as well where the usage comes first, or not at all', () => {
    expect(kinds(events(start, ...said(0, 'hi'), metadata, stop('end_turn'))).slice(-2)).toEqual([
      'choice-finish',
      'response-end',
    ])
    expect(kinds(events(start, ...said(0, 'hi'), stop('end_turn'))).slice(-2)).toEqual([
      'choice-finish',
      'response-end',
    ])
  })

  it.each([
    ['without a word', []],
    ['in the middle of a block', [start, delta(0, { text: 'hi' })]],
    ['before its stop reason', [start, ...said(0, 'hi')]],
    ['with counts and no stop reason', [start, ...said(0, 'hi'), metadata]],
  ] as [string, Event[]][])('that breaks off %s is an error and no end', (_what, wire) => {
    const list = events(...wire)
    expect(list.at(-1)).toMatchObject({ type: 'error', error: { code: 'stream_truncated' } })
    expect(kinds(list)).not.toContain('response-end')
  })

  it('says nothing after its end', () => {
    expect(kinds(events(start, ...said(0, 'a'), stop('end_turn'), metadata, ...said(1, 'b'))).at(-1)).toBe(
      'response-end',
    )
  })

  it('carries what else the provider says of the answer', () => {
    const trace = { guardrail: { actionReason: 'blocked' } }
    const list = events(
      start,
      ...said(0, 'no'),
      stop('guardrail_intervened', { additionalModelResponseFields: { x: 1 } }),
      ['metadata', { usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 }, metrics: { latencyMs: 1 }, trace }],
    )
    const { response } = folded(list)
    expect(response.outputs[0]?.finish).toMatchObject({ class: 'filter', raw: 'guardrail_intervened' })
    expect(Object.keys(response.extras ?? {})).toEqual(['trace'])
  })
})

describe('blocks', () => {
  it('of every order keep it, and calls are found in it', () => {
    const orders: readonly (readonly ('text' | 'reasoning' | 'tool-call')[])[] = [
      ['reasoning', 'text', 'tool-call'],
      ['text', 'reasoning', 'tool-call'],
      ['tool-call', 'text'],
      ['reasoning', 'tool-call', 'tool-call', 'text'],
      ['text', 'text', 'reasoning'],
    ]
    for (const order of orders) {
      const wire = order.flatMap((kind, index) =>
        kind === 'text'
          ? said(index, 'a')
          : kind === 'reasoning'
            ? thought(index, 'hm')
            : called(index, `id${index}`, '{}'),
      )
      const list = events(start, ...wire, stop('end_turn'), metadata)
      const { response } = folded(list)
      expect(response.outputs[0]?.parts.map(({ type }) => type)).toEqual(order)
      expect(response.outputs[0]?.finish?.class).toBe(order.includes('tool-call') ? 'tool' : 'stop')
    }
  })

  it('that are empty are left out, and the others move up', () => {
    // gpt-oss opens with an empty text.
    const wire = [delta(0, { text: '' }), close(0), ...thought(1, 'hm'), ...said(2, 'hi')]
    expect(parts(...wire)).toMatchObject([{ type: 'reasoning' }, { type: 'text', text: 'hi' }])
    expect(parts(delta(0, { text: '' }), delta(0, { text: 'a' }), delta(0, { text: '' }), close(0))).toMatchObject([
      { type: 'text', text: 'a' },
    ])
  })

  it('of reasoning have their signature, also without a text', () => {
    expect(parts(...thought(0, 'hm'))).toMatchObject([{ type: 'reasoning', text: 'hm', signature: 's' }])
    expect(parts(delta(0, { reasoningContent: { signature: 's' } }), close(0))).toMatchObject([
      { type: 'reasoning', text: '', signature: 's' },
    ])
  })

  it('of redacted reasoning lose one layer of base64, also in pieces', () => {
    const redacted = (index: number, ...pieces: string[]): Event[] => [
      ...pieces.map((redactedContent) => delta(index, { reasoningContent: { redactedContent } })),
      close(index),
    ]
    expect(parts(...redacted(0, 'Ulc1amNubHdkR1Zr'), ...redacted(1, 'Ulc1', 'amNubHdkR1Zr'))).toMatchObject([
      { type: 'reasoning', text: '', redacted: 'RW5jcnlwdGVk' },
      { type: 'reasoning', text: '', redacted: 'RW5jcnlwdGVk' },
    ])
  })

  it('of calls collect their arguments, and none mean none', () => {
    expect(parts(...called(0, 'a', '', '{"x"', ':1}'), ...called(1, 'b', ''), ...called(2, 'c'))).toMatchObject([
      { type: 'tool-call', id: 'a', name: 'f', input: '{"x":1}' },
      { type: 'tool-call', id: 'b', input: '' },
      { type: 'tool-call', id: 'c', input: '' },
    ])
  })

  it('of parallel calls may interleave', () => {
    const wire = [
      open(0, { toolUse: { toolUseId: 'a', name: 'f' } }),
      open(1, { toolUse: { toolUseId: 'b', name: 'g' } }),
      delta(0, { toolUse: { input: '{"a":1}' } }),
      delta(1, { toolUse: { input: '{"b":2}' } }),
      close(1),
      close(0),
    ]
    expect(parts(...wire)).toMatchObject([
      { id: 'a', input: '{"a":1}' },
      { id: 'b', input: '{"b":2}' },
    ])
  })

  it('of server tools are no calls of the client', () => {
    const wire = [
      open(0, { toolUse: { toolUseId: 'a', name: 'nova_grounding', type: 'server_tool_use' } }),
      delta(0, { toolUse: { input: '{"q":' } }),
      delta(0, { toolUse: { input: '1}' } }),
      close(0),
      open(1, { toolResult: { toolUseId: 'a', status: 'success', type: 'nova_grounding_result' } }),
      delta(1, { toolResult: [{ text: 'x' }] }),
      delta(1, { toolResult: [{ json: {} }] }),
      close(1),
    ]
    const list = events(start, ...wire, stop('tool_use'), metadata)
    const { response } = folded(list)
    expect(response.outputs[0]?.finish).toMatchObject({ class: 'stop', raw: 'tool_use' })
    expect(response.outputs[0]?.parts).toEqual([
      {
        type: 'opaque',
        kind: 'server_tool_use',
        value: { toolUse: { toolUseId: 'a', name: 'nova_grounding', type: 'server_tool_use', input: { q: 1 } } },
      },
      {
        type: 'opaque',
        kind: 'toolResult',
        value: {
          toolResult: {
            toolUseId: 'a',
            status: 'success',
            type: 'nova_grounding_result',
            content: [{ text: 'x' }, { json: {} }],
          },
        },
      },
    ])
  })

  it('of cited text have their citations, which come first', () => {
    const citation = { location: { web: { url: 'https://a.example/' } } }
    expect(parts(delta(0, { citation }), delta(0, { text: 'so' }), close(0))).toMatchObject([
      { type: 'text', text: 'so', citations: [{ url: 'https://a.example/', value: citation }] },
    ])
  })

  it('that were never closed are closed by the stop reason', () => {
    expect(kinds(events(start, delta(0, { text: 'a' }), stop('end_turn'), metadata))).toContain('part-end')
  })
})

describe('what is not known', () => {
  it.each([
    ['an event', [['somethingNew', {}]]],
    ['a delta', [delta(0, { hologram: {} })]],
    [
      'a delta of another kind than its block',
      [delta(0, { text: 'a' }), delta(0, { reasoningContent: { text: 'b' } })],
    ],
    ['arguments of a call that was not opened', [delta(0, { toolUse: { input: '{}' } })]],
  ] as [string, Event[]][])('%s is skipped with a note', (_what, wire) => {
    expect(kinds(events(start, ...wire, stop('end_turn'), metadata))).toContain('event-skip')
  })

  it('a frame that is no JSON is skipped with a note', () => {
    const frames: Frame[] = [
      { event: 'messageStart', data: 'oops' },
      ...framesOf([...said(0, 'a'), stop('end_turn'), metadata]),
    ]
    expect(kinds(decodeStream(frames))).toEqual(expect.arrayContaining(['event-skip', 'text-delta', 'response-end']))
  })

  it('a block is carried whole', () => {
    expect(parts(open(0, { hologram: { size: 1 } }), delta(0, { hologram: { color: 2 } }), close(0))).toEqual([
      { type: 'opaque', kind: 'hologram', value: { hologram: { size: 1, color: 2 } } },
    ])
  })
})

describe('an exception', () => {
  it.each([
    ['throttlingException', 'upstream_rate_limited', 'next'],
    ['modelStreamErrorException', 'upstream_error', 'next'],
    ['validationException', 'upstream_rejected', 'never'],
    ['internalServerException', 'upstream_error', 'next'],
    ['serviceUnavailableException', 'upstream_overloaded', 'next'],
    ['modelTimeoutException', 'upstream_timeout', 'next'],
    ['neverHeardOfException', 'upstream_error', 'next'],
  ])('%s ends the stream with %s', (event, code, retry) => {
    for (const kind of ['exception', undefined] as const) {
      const frame: Frame = { event, data: '{"message":"m"}', ...(kind && { kind }) }
      const list = decodeStream([
        ...framesOf([start, ...said(0, 'a')]),
        frame,
        ...framesOf([stop('end_turn'), metadata]),
      ])
      expect(list.at(-1)).toMatchObject({ type: 'error', error: { code, retry, upstream: { message: 'm' } } })
      expect(kinds(list)).not.toContain('response-end')
    }
  })

  it('of the framing ends it too', () => {
    const list = decodeStream([{ kind: 'error', event: 'InternalFailure', data: 'it broke' }])
    expect(list).toMatchObject([
      { type: 'error', error: { code: 'upstream_error', upstream: { type: 'InternalFailure', message: 'it broke' } } },
    ])
  })
})
