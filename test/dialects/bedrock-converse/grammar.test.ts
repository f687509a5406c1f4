// What the grammar lets through, and what it does not.
import { describe, expect, it } from 'vitest'
import type { Frame } from '../../../src/wire/frame.ts'
import { readStream } from '../../support/stream-grammar.ts'
import { framesOf, type Json } from './support.ts'

type Event = readonly [name: string, payload: Json]

const start: Event = ['messageStart', { role: 'assistant' }]
const delta = (contentBlockIndex: number, value: Json): Event => [
  'contentBlockDelta',
  { contentBlockIndex, delta: value },
]
const open = (contentBlockIndex: number, value: Json): Event => [
  'contentBlockStart',
  { contentBlockIndex, start: value },
]
const close = (contentBlockIndex: number): Event => ['contentBlockStop', { contentBlockIndex }]
const stop = (stopReason: string): Event => ['messageStop', { stopReason }]
const metadata: Event = [
  'metadata',
  { usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 }, metrics: { latencyMs: 1 } },
]
const said: Event[] = [delta(0, { text: 'a' }), close(0)]
const call = (index: number, more: Json = {}): Event[] => [
  open(index, { toolUse: { toolUseId: 'a', name: 'f', ...more } }),
  delta(index, { toolUse: { input: '{}' } }),
  close(index),
]
const exception: Frame = { kind: 'exception', event: 'throttlingException', data: '{"message":"m"}' }

function faults(...events: Event[]): string[] {
  return readStream('bedrock-converse', framesOf(events)).faults.map((line) => line.replace(/:.*$/, ''))
}

describe('a stream is legal', () => {
  it.each([
    ['with text', [start, ...said, stop('end_turn'), metadata]],
    ['with nothing', [start, stop('guardrail_intervened'), metadata]],
    ['with citations alone', [start, delta(0, { citation: {} }), close(0), stop('end_turn'), metadata]],
    [
      'with reasoning and a call',
      [start, delta(0, { reasoningContent: { signature: 's' } }), close(0), ...call(1), stop('tool_use'), metadata],
    ],
    ['with a call that was cut off', [start, ...call(0), stop('max_tokens'), metadata]],
    [
      'with a tool of the provider',
      [
        start,
        ...call(0, { type: 'server_tool_use' }),
        open(1, { toolResult: { toolUseId: 'a' } }),
        delta(1, { toolResult: [] }),
        close(1),
        stop('end_turn'),
        metadata,
      ],
    ],
    // Nova says so, though nobody has to answer.
    [
      'with a tool of the provider that it waits for',
      [start, ...call(0, { type: 'server_tool_use' }), stop('tool_use'), metadata],
    ],
  ] as [string, Event[]][])('%s', (_what, events) => {
    expect(faults(...events)).toEqual([])
  })

  it('where an exception is its last word, at any time', () => {
    for (const events of [[], [start], [start, delta(0, { text: 'a' })], [start, ...said, stop('end_turn')]])
      expect(readStream('bedrock-converse', [...framesOf(events), exception]).faults).toEqual([])
  })
})

describe('a stream is not legal', () => {
  it.each([
    ['out-of-order', 'without a start', [...said, stop('end_turn'), metadata]],
    ['second-start', 'with two starts', [start, start]],
    ['start-incomplete', 'whose start says another role', [['messageStart', { role: 'user' }]]],
    ['block-index', 'that skips an index', [start, delta(1, { text: 'a' })]],
    ['block-index', 'that grows another block', [start, delta(0, { text: 'a' }), delta(1, { text: 'b' })]],
    ['block-index', 'that stops another block', [start, delta(0, { text: 'a' }), close(1)]],
    [
      'block-inside-block',
      'that opens a block inside another',
      [start, delta(0, { text: 'a' }), open(1, { toolUse: {} })],
    ],
    ['block-type', 'that starts a text', [start, open(0, { text: {} })]],
    ['call-incomplete', 'with a call without a name', [start, open(0, { toolUse: { toolUseId: 'a' } })]],
    ['delta-outside-block', 'with arguments of no call', [start, delta(0, { toolUse: { input: '' } })]],
    [
      'delta-type',
      'with a delta of another kind',
      [start, delta(0, { text: 'a' }), delta(0, { reasoningContent: { text: 'b' } })],
    ],
    [
      'delta-type',
      'with arguments that are no text',
      [start, open(0, { toolUse: { toolUseId: 'a', name: 'f' } }), delta(0, { toolUse: { input: {} } })],
    ],
    ['stop-outside-block', 'that stops nothing', [start, close(0)]],
    ['empty-block', 'with an empty text', [start, delta(0, { text: '' }), close(0)]],
    ['finish-inside-block', 'that ends inside a block', [start, delta(0, { text: 'a' }), stop('end_turn')]],
    ['stop-reason', 'with a word that the wire does not have', [start, ...said, stop('length')]],
    ['finish-against-content', 'that waits for a tool that was not called', [start, ...said, stop('tool_use')]],
    ['finish-against-content', 'that ends while a tool waits', [start, ...call(0), stop('end_turn')]],
    [
      'out-of-order',
      'with content behind its stop reason',
      [start, ...said, stop('end_turn'), delta(1, { text: 'b' })],
    ],
    ['out-of-order', 'with counts before its stop reason', [start, ...said, metadata]],
    ['no-usage', 'without counts', [start, ...said, stop('end_turn'), ['metadata', { metrics: {} }]]],
    [
      'no-metrics',
      'without metrics',
      [start, ...said, stop('end_turn'), ['metadata', { usage: metadata[1]['usage'] }]],
    ],
    ['frame-after-end', 'that goes on behind its counts', [start, ...said, stop('end_turn'), metadata, metadata]],
    ['unknown-event', 'with an event of nobody', [start, ['ping', {}]]],
    ['unfinished', 'without its counts', [start, ...said, stop('end_turn')]],
  ] as [string, string, Event[]][])('%s: %s', (rule, _what, events) => {
    expect(faults(...events)).toEqual([rule])
  })

  it('where an exception follows its end, or is followed', () => {
    const whole = framesOf([start, ...said, stop('end_turn'), metadata])
    expect(readStream('bedrock-converse', [...whole, exception]).faults).toHaveLength(1)
    expect(readStream('bedrock-converse', [exception, ...whole]).faults).toHaveLength(1)
  })
})

it('arguments that are no JSON are flagged', () => {
  const events = [
    start,
    open(0, { toolUse: { toolUseId: 'a', name: 'f' } }),
    delta(0, { toolUse: { input: '{"x' } }),
    close(0),
    stop('max_tokens'),
    metadata,
  ]
  expect(readStream('bedrock-converse', framesOf(events as Event[])).flags).toEqual([
    expect.stringContaining('tool-input-not-json'),
  ])
})
