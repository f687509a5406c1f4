// Canonical events as a stream of this wire. Every stream that comes out is read by the wire's grammar too.
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/ir/error.ts'
import type { IrEvent, PartOpening } from '../../../src/ir/event.ts'
import type { Finish } from '../../../src/ir/response.ts'
import { unfold } from '../../../src/ir/unfold.ts'
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts'
import { foldBedrock } from '../../support/fold-bedrock.ts'
import { decodeStream, encodeStream, exchangeFrom, framesOf, jsonOf, valueOf, type Json } from './support.ts'

const head: IrEvent = { type: 'response-start', id: 'x', model: 'm' }
const end: IrEvent = { type: 'response-end' }
const open = (part: number, opening: PartOpening): IrEvent => ({ type: 'part-start', part, choice: 0, opening })
const close = (part: number): IrEvent => ({ type: 'part-end', part })
const done = (kind: Finish['class'], more: Partial<Finish> = {}): IrEvent => ({
  type: 'choice-finish',
  choice: 0,
  finish: { class: kind, ...more },
})
const usage: IrEvent = { type: 'usage-report', usage: { input: 3, output: 4, evidence: 'reported' } }
const texted = (part: number, text: string): IrEvent[] => [
  open(part, { type: 'text' }),
  { type: 'text-delta', part, text },
  close(part),
]
const called = (part: number, id: string, ...input: string[]): IrEvent[] => [
  open(part, { type: 'tool-call', id, name: 'f' }),
  ...input.map((text): IrEvent => ({ type: 'tool-input-delta', part, text })),
  close(part),
]
const thought = (part: number, text: string): IrEvent[] => [
  open(part, { type: 'reasoning' }),
  { type: 'reasoning-delta', part, text },
  { type: 'signature-delta', part, signature: 's' },
  close(part),
]

function names(events: readonly (readonly [name: string, payload: Json])[]): string[] {
  return events.map(([name, payload]) => {
    const index = payload['contentBlockIndex']
    return index === undefined ? name : `${name} ${String(index)}`
  })
}

describe('a stream', () => {
  it('is a start, blocks, the stop reason, and behind it the counts', () => {
    const { events, losses } = encodeStream([head, ...texted(0, 'hi'), done('stop'), usage, end])
    expect(events).toEqual([
      ['messageStart', { role: 'assistant' }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: 'hi' } }],
      ['contentBlockStop', { contentBlockIndex: 0 }],
      ['messageStop', { stopReason: 'end_turn' }],
      ['metadata', { usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 }, metrics: { latencyMs: 0 } }],
    ])
    expect(losses).toEqual([])
  })

  it('gives a call a start, and no other block', () => {
    const { events } = encodeStream([
      head,
      ...thought(0, 'hm'),
      ...texted(1, 'a'),
      ...called(2, 'id', '{"x"', ':1}'),
      done('tool'),
      end,
    ])
    expect(events.filter(([name]) => name !== 'metadata')).toEqual([
      ['messageStart', { role: 'assistant' }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { text: 'hm' } } }],
      ['contentBlockDelta', { contentBlockIndex: 0, delta: { reasoningContent: { signature: 's' } } }],
      ['contentBlockStop', { contentBlockIndex: 0 }],
      ['contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'a' } }],
      ['contentBlockStop', { contentBlockIndex: 1 }],
      ['contentBlockStart', { contentBlockIndex: 2, start: { toolUse: { toolUseId: 'id', name: 'f' } } }],
      ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{"x"' } } }],
      ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: ':1}' } } }],
      ['contentBlockStop', { contentBlockIndex: 2 }],
      ['messageStop', { stopReason: 'tool_use' }],
    ])
  })

  it('counts blocks densely, whatever the order and however many say nothing', () => {
    const list = [
      head,
      open(0, { type: 'text' }),
      close(0),
      ...called(7, 'a', '{}'),
      ...texted(2, 'x'),
      open(3, { type: 'reasoning' }),
      close(3),
      ...called(4, 'b'),
      done('tool'),
      end,
    ]
    const { events } = encodeStream(list)
    expect(names(events)).toEqual([
      'messageStart',
      'contentBlockStart 0',
      'contentBlockDelta 0',
      'contentBlockStop 0',
      'contentBlockDelta 1',
      'contentBlockStop 1',
      'contentBlockStart 2',
      'contentBlockDelta 2',
      'contentBlockStop 2',
      'messageStop',
      'metadata',
    ])
    // No arguments are an empty object: clients parse what they get.
    expect(
      events.find(([name, payload]) => name === 'contentBlockDelta' && payload['contentBlockIndex'] === 2)?.[1],
    ).toMatchObject({
      delta: { toolUse: { input: '{}' } },
    })
  })

  it('puts parts that overlap one after the other', () => {
    const list: IrEvent[] = [
      head,
      open(0, { type: 'tool-call', id: 'a', name: 'f' }),
      open(1, { type: 'tool-call', id: 'b', name: 'g' }),
      { type: 'tool-input-delta', part: 1, text: '{"b":2}' },
      { type: 'tool-input-delta', part: 0, text: '{"a":1}' },
      close(1),
      close(0),
      done('tool'),
      end,
    ]
    const { events } = encodeStream(list)
    expect(foldBedrock(framesOf(events))['output']).toEqual({
      message: {
        role: 'assistant',
        content: [
          { toolUse: { toolUseId: 'a', name: 'f', input: { a: 1 } } },
          { toolUse: { toolUseId: 'b', name: 'g', input: { b: 2 } } },
        ],
      },
    })
  })

  it('closes what its sender left open', () => {
    const { events } = encodeStream([
      head,
      open(0, { type: 'text' }),
      { type: 'text-delta', part: 0, text: 'a' },
      done('length'),
      end,
    ])
    expect(names(events)).toContain('contentBlockStop 0')
    expect(events.at(-2)).toEqual(['messageStop', { stopReason: 'max_tokens' }])
  })

  it('is legal without any content, and guesses what nobody counted', () => {
    const { events } = encodeStream([head, done('filter'), end])
    expect(names(events)).toEqual(['messageStart', 'messageStop', 'metadata'])
    expect(events.at(-1)?.[1]).toMatchObject({ usage: { inputTokens: 42, outputTokens: 0, totalTokens: 42 } })
  })

  it.each([
    ['tool', [...texted(0, 'a')], 'end_turn'],
    ['stop', [...called(0, 'a', '{}')], 'tool_use'],
    ['length', [...called(0, 'a', '{}')], 'max_tokens'],
    [
      'stop',
      [open(0, { type: 'refusal' }), { type: 'refusal-delta', part: 0, text: 'no' }, close(0)],
      'content_filtered',
    ],
  ] as [Finish['class'], IrEvent[], string][])('of class %s agrees with its content', (kind, content, stopReason) => {
    const { events } = encodeStream([head, ...content, done(kind), end])
    expect(events.at(-2)).toEqual(['messageStop', { stopReason }])
  })

  it('says which stop sequence was met', () => {
    const { events } = encodeStream([head, ...texted(0, 'a'), done('stop', { stopSequence: 'END' }), end])
    expect(events.at(-2)).toEqual([
      'messageStop',
      { stopReason: 'stop_sequence', additionalModelResponseFields: { stop_sequence: 'END' } },
    ])
  })

  it('writes redacted reasoning with one layer of base64 more', () => {
    const { events } = encodeStream([
      head,
      open(0, { type: 'reasoning', redacted: 'RW5jcnlwdGVk' }),
      close(0),
      done('stop'),
      end,
    ])
    expect(events[1]).toEqual([
      'contentBlockDelta',
      { contentBlockIndex: 0, delta: { reasoningContent: { redactedContent: 'Ulc1amNubHdkR1Zr' } } },
    ])
  })

  it('keeps links as citations', () => {
    const { events, losses } = encodeStream([
      head,
      open(0, { type: 'text' }),
      { type: 'text-delta', part: 0, text: 'a' },
      { type: 'citation-add', part: 0, citation: { url: 'https://a.example/', value: {} } },
      { type: 'citation-add', part: 0, citation: { value: {} } },
      close(0),
      done('stop'),
      end,
    ])
    expect(events[2]?.[1]).toEqual({
      contentBlockIndex: 0,
      delta: { citation: { location: { web: { url: 'https://a.example/' } } } },
    })
    expect(losses).toEqual(['dropped annotations'])
  })
})

describe('what the wire cannot say', () => {
  it('is listed once', () => {
    const { losses } = encodeStream([
      { ...head, extras: { system_fingerprint: 'x' } } as IrEvent,
      open(0, { type: 'opaque', kind: 'web_search_call', value: {} }),
      { type: 'opaque-delta', part: 0, value: {} },
      close(0),
      open(1, { type: 'tool-call', id: 'a', name: 'f', kind: 'custom' }),
      close(1),
      { type: 'part-start', part: 2, choice: 1, opening: { type: 'text' } },
      ...called(3, 'c', '{}'),
      { type: 'signature-delta', part: 3, signature: 's' },
      { type: 'event-skip', kind: 'odd', reason: 'unknown' },
      { type: 'usage-report', usage: { output: 1, reasoning: 1, evidence: 'reported', extras: { cost: 1 } } },
      { type: 'usage-report', usage: { output: 2, reasoning: 2, evidence: 'reported' } },
      done('pause', { extras: { detail: 1 } }),
      end,
    ])
    expect(losses).toEqual([
      'dropped system_fingerprint',
      'dropped web_search_call',
      'dropped tool-call',
      'dropped choices[1]',
      'dropped extra_content',
      'dropped odd',
      'dropped usage.completion_tokens_details.reasoning_tokens',
      'dropped usage.cost',
      'approximated choices[0].finish_reason',
      'dropped choices[0].detail',
    ])
  })
})

describe('a failure', () => {
  it('is an exception and the last word, and no success stands beside it', () => {
    const error: IrEvent = { type: 'error', error: new GatewayError('upstream_rate_limited') }
    const encoder = bedrockConverse.streamEncoder(exchangeFrom('openai-chat'))
    const frames = [head, ...texted(0, 'a'), error, done('stop'), usage, end].flatMap((event) => encoder.step(event))
    expect(frames.at(-1)).toMatchObject({ kind: 'exception', event: 'throttlingException' })
    expect(frames.map(({ event }) => event)).not.toContain('messageStop')
    expect(frames.map(({ event }) => event)).not.toContain('metadata')
  })

  it('is what broken arguments are, unless the answer was cut off', () => {
    const list = (kind: Finish['class']): IrEvent[] => [
      head,
      ...called(0, 'a', '{"x":'),
      ...texted(1, 'b'),
      done(kind),
      end,
    ]
    expect(names(encodeStream(list('tool')).events).at(-1)).toBe('internalServerException')
    const cut = encodeStream(list('length')).events
    expect(names(cut).slice(-2)).toEqual(['messageStop', 'metadata'])
    expect(cut).toContainEqual(['contentBlockDelta', { contentBlockIndex: 1, delta: { text: 'b' } }])
  })

  it('leaves nothing to say', () => {
    const encoder = bedrockConverse.streamEncoder(exchangeFrom('openai-chat'))
    encoder.step({ type: 'error', error: new GatewayError('upstream_error') })
    expect(encoder.step(end)).toEqual([])
  })
})

describe('a stream of this wire', () => {
  const wire = framesOf([
    ['messageStart', { role: 'assistant', p: 'ab' }],
    ['contentBlockDelta', { contentBlockIndex: 0, delta: { text: '' }, p: 'abc' }],
    ['contentBlockStop', { contentBlockIndex: 0 }],
    ['contentBlockDelta', { contentBlockIndex: 1, delta: { reasoningContent: { redactedContent: '/w==' } } }],
    ['contentBlockStop', { contentBlockIndex: 1 }],
    [
      'contentBlockStart',
      { contentBlockIndex: 2, start: { toolUse: { toolUseId: 'a', name: 'g', type: 'server_tool_use' } } },
    ],
    ['contentBlockDelta', { contentBlockIndex: 2, delta: { toolUse: { input: '{}' } } }],
    ['contentBlockStop', { contentBlockIndex: 2 }],
    ['contentBlockDelta', { contentBlockIndex: 3, delta: { citation: { location: { documentChar: { start: 0 } } } } }],
    ['contentBlockDelta', { contentBlockIndex: 3, delta: { text: 'a' } }],
    ['contentBlockStop', { contentBlockIndex: 3 }],
    [
      'contentBlockStart',
      { contentBlockIndex: 4, start: { toolUse: { toolUseId: 'b', name: 'f', type: 'tool_use' } } },
    ],
    ['contentBlockStop', { contentBlockIndex: 4 }],
    ['messageStop', { stopReason: 'tool_use', additionalModelResponseFields: { stop_sequence: null } }],
    [
      'metadata',
      {
        usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 },
        metrics: { latencyMs: 9 },
        serviceTier: { type: 'flex' },
      },
    ],
  ])

  it('comes back without its padding and its empty blocks', () => {
    const { events, losses } = encodeStream(decodeStream(wire), 'bedrock-converse')
    const content = (frames: typeof wire): unknown[] => {
      const { message } = foldBedrock(frames)['output'] as { message: { content: Json[] } }
      return message.content.filter((block) => block['text'] !== '')
    }
    expect(content(framesOf(events))).toEqual(content(wire))
    expect(events.slice(-2)).toEqual(wire.slice(-2).map(({ event, data }) => [event, JSON.parse(data) as Json]))
    expect(JSON.stringify(events)).not.toContain('"p"')
    expect(losses).toEqual([])
  })

  it('can be made of a whole answer', () => {
    const body = {
      output: {
        message: {
          role: 'assistant',
          content: [
            { toolUse: { toolUseId: 'a', name: 'g', input: { q: 1 }, type: 'server_tool_use' } },
            { toolResult: { toolUseId: 'a', content: [{ text: 'x' }], type: 'g_result' } },
            { reasoningContent: { reasoningText: { text: 'hm', signature: 's' } } },
            { text: 'a' },
          ],
        },
      },
      stopReason: 'end_turn',
      usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 },
      metrics: { latencyMs: 9 },
    }
    const { events } = encodeStream(unfold(valueOf(bedrockConverse.decodeResponse(body))), 'bedrock-converse')
    expect(foldBedrock(framesOf(events))).toEqual(body)
    const exchange = exchangeFrom('bedrock-converse')
    expect(
      jsonOf(bedrockConverse.encodeResponse(valueOf(bedrockConverse.decodeResponse(body)), exchange).body),
    ).toEqual(body)
  })
})
