// Canonical events as chunks of this wire, whatever their order.
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import { GatewayError } from '../../../src/ir/error.ts'
import type { IrEvent, PartOpening } from '../../../src/ir/event.ts'
import type { Finish } from '../../../src/ir/response.ts'
import { expectLegal } from '../../support/stream-grammar.ts'
import { chunksOf, encodeEvents, exchange, told, unknownKeys, type Json } from './support.ts'

const start: IrEvent = { type: 'response-start', id: 'i', model: 'm' }
const end: IrEvent = { type: 'response-end' }
const open = (part: number, opening: PartOpening, choice = 0): IrEvent => ({
  type: 'part-start',
  part,
  choice,
  opening,
})
const text = (part: number, value: string): IrEvent => ({ type: 'text-delta', part, text: value })
const input = (part: number, value: string): IrEvent => ({ type: 'tool-input-delta', part, text: value })
const close = (part: number): IrEvent => ({ type: 'part-end', part })
const finish = (kind: Finish['class'] = 'stop', choice = 0): IrEvent => ({
  type: 'choice-finish',
  choice,
  finish: { class: kind },
})
const tool = (id: string): PartOpening => ({ type: 'tool-call', id, name: `f_${id}` })

function chunks(...events: IrEvent[]): { chunks: Json[]; losses: string[] } {
  const { frames, losses } = encodeEvents(events)
  expectLegal('gemini', frames)
  for (const chunk of chunksOf(frames)) expect(unknownKeys('GenerateContentResponse', chunk)).toEqual([])
  return { chunks: chunksOf(frames), losses: told(losses) }
}

/** The parts that go out before the last chunk. */
function parts(...events: IrEvent[]): unknown[] {
  const list = chunks(start, ...events, finish(), end).chunks
  expect(list.at(-1)).toMatchObject({ candidates: [{ content: { parts: [{ text: '' }] }, finishReason: 'STOP' }] })
  return list
    .slice(0, -1)
    .flatMap((chunk) =>
      (chunk['candidates'] as { content: { parts: unknown[] } }[]).flatMap(({ content }) => content.parts),
    )
}

describe('a stream', () => {
  it('says the text at once and ends with the finish and the counts', () => {
    const usage: IrEvent = { type: 'usage-report', usage: { evidence: 'reported', input: 3, output: 2 } }
    const names = { modelVersion: 'm', responseId: 'i' }
    const content = (value: string) => ({
      candidates: [{ content: { parts: [{ text: value }], role: 'model' }, index: 0 }],
      ...names,
    })
    expect(
      chunks(start, open(0, { type: 'text' }), text(0, 'a'), text(0, 'b'), close(0), finish(), usage, end),
    ).toEqual({
      chunks: [
        content('a'),
        content('b'),
        {
          candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
          usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
          ...names,
        },
      ],
      losses: [],
    })
  })

  it('has a part in every chunk, as Google’s SDKs forget an answer where one is missing', () => {
    const { chunks: list } = chunks(start, open(0, tool('a')), close(0), finish('tool'), end)
    for (const { candidates } of list)
      expect(candidates).toMatchObject([{ content: { parts: [expect.anything()], role: 'model' } }])
  })

  it('hands out each chunk with the event that makes it due', () => {
    const encoder = gemini.streamEncoder(exchange)
    const counts = [start, open(0, { type: 'text' }), text(0, 'a'), close(0), finish(), end].map(
      (event) => encoder.step(event).length,
    )
    expect(counts).toEqual([0, 0, 1, 0, 0, 1])
    expect(encoder.step(end)).toEqual([])
  })

  it('has names where the provider gave none', () => {
    expect(chunks({ type: 'response-start' }, finish(), end).chunks).toMatchObject([
      { modelVersion: 'model-of-the-target', responseId: 'req_1' },
    ])
  })

  it('ends with an error and no finish where the provider failed', () => {
    const error: IrEvent = { type: 'error', error: new GatewayError('stream_truncated') }
    const { frames } = encodeEvents([start, open(0, { type: 'text' }), text(0, 'a'), error, end])
    expectLegal('gemini', frames)
    expect(chunksOf(frames)).toHaveLength(2)
    expect(chunksOf(frames)[1]).toMatchObject({ error: { code: 502, status: 'UNAVAILABLE' } })
    expect(JSON.stringify(frames)).not.toContain('finishReason')
  })

  it.each<[Finish['class'], string]>([
    ['stop', 'STOP'],
    ['tool', 'STOP'],
    ['length', 'MAX_TOKENS'],
    ['filter', 'SAFETY'],
    ['other', 'OTHER'],
  ])('ends as %s', (kind, finishReason) => {
    const { chunks: list } = chunks(start, open(0, { type: 'text' }), text(0, 'a'), close(0), finish(kind), end)
    expect(list.at(-1)).toMatchObject({ candidates: [{ finishReason }] })
  })

  it('that was withheld has a candidate without parts', () => {
    expect(chunks(start, finish('filter'), end).chunks).toMatchObject([
      { candidates: [{ content: {}, finishReason: 'SAFETY', index: 0 }] },
    ])
  })

  it('may have several candidates, all of which finish in the last chunk', () => {
    const two = (choice: number): IrEvent[] => [
      open(choice, { type: 'text' }, choice),
      text(choice, 'a'),
      close(choice),
      finish('stop', choice),
    ]
    const { chunks: list } = chunks(start, ...two(0), ...two(1), end)
    expect(list.at(-1)?.['candidates']).toMatchObject([{ index: 0 }, { index: 1 }])
  })
})

describe('parts', () => {
  it('of text and thoughts come as they grow, empty ones not at all', () => {
    expect(
      parts(
        open(0, { type: 'reasoning' }),
        { type: 'reasoning-delta', part: 0, text: 'r' },
        { type: 'signature-delta', part: 0, signature: 's' },
        close(0),
        open(1, { type: 'text' }),
        text(1, ''),
        close(1),
        open(2, { type: 'refusal' }),
        { type: 'refusal-delta', part: 2, text: 'no' },
        close(2),
      ),
    ).toEqual([{ text: 'r', thought: true }, { text: '', thought: true, thoughtSignature: 's' }, { text: 'no' }])
  })

  it('that only hold a signature are there all the same', () => {
    const signature: IrEvent = { type: 'signature-delta', part: 0, signature: 's' }
    expect(parts(open(0, { type: 'text' }), signature, close(0))).toEqual([{ text: '', thoughtSignature: 's' }])
  })

  it('that are calls come whole, with arguments always there', () => {
    expect(
      parts(
        open(0, tool('a')),
        input(0, '{"x":'),
        input(0, '1}'),
        { type: 'signature-delta', part: 0, signature: 's' },
        close(0),
        open(1, tool('b')),
        close(1),
      ),
    ).toEqual([
      { functionCall: { id: 'a', name: 'f_a', args: { x: 1 } }, thoughtSignature: 's' },
      { functionCall: { id: 'b', name: 'f_b', args: {} } },
    ])
  })

  it('keep the order in which they began to speak, however they end', () => {
    expect(
      parts(
        open(0, tool('a')),
        open(1, { type: 'text' }),
        text(1, 't'),
        open(2, tool('b')),
        input(2, '{}'),
        close(2),
        text(1, 'u'),
        close(1),
        input(0, '{"x":1}'),
        close(0),
      ),
    ).toMatchObject([{ functionCall: { id: 'a' } }, { text: 't' }, { text: 'u' }, { functionCall: { id: 'b' } }])
  })

  it('that nobody ended are ended with the answer', () => {
    expect(parts(open(0, tool('a')), input(0, '{"x":1}'))).toMatchObject([{ functionCall: { args: { x: 1 } } }])
  })

  it('that are half a call are left out of an answer that was cut off, and break any other', () => {
    const half = [start, open(0, tool('a')), input(0, '{"x":'), close(0)]
    expect(chunks(...half, finish('length'), end).losses).toEqual(['dropped tool-call'])
    const { frames } = encodeEvents([...half, finish('tool'), end])
    expect(chunksOf(frames)).toMatchObject([{ error: { details: [{ reason: 'upstream_bad_content' }] } }])
  })

  it('of other wires are lost, each once', () => {
    const opaque: PartOpening = { type: 'opaque', kind: 'server_tool_use', value: {} }
    const { losses } = chunks(
      { ...start, extras: { system_fingerprint: 'x' } } as IrEvent,
      open(0, opaque),
      close(0),
      open(1, opaque),
      close(1),
      open(2, { type: 'reasoning', redacted: 'x' }),
      close(2),
      finish(),
      end,
    )
    expect(losses).toEqual(['dropped system_fingerprint', 'dropped server_tool_use', 'dropped reasoning'])
  })

  it('tell their sources in the last chunk', () => {
    const citation = { url: 'https://a.example', start: 0, end: 1, value: {} }
    const { chunks: list } = chunks(
      start,
      open(0, { type: 'reasoning' }),
      { type: 'reasoning-delta', part: 0, text: 'r' },
      close(0),
      open(1, { type: 'text' }),
      text(1, 'ab'),
      { type: 'citation-add', part: 1, citation },
      close(1),
      finish(),
      end,
    )
    expect(list.at(-1)).toMatchObject({
      candidates: [
        {
          groundingMetadata: {
            groundingChunks: [{ web: { uri: 'https://a.example' } }],
            groundingSupports: [{ segment: { partIndex: 1, endIndex: 1, text: 'a' } }],
          },
        },
      ],
    })
  })
})
