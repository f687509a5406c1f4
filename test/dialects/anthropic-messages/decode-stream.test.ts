// Frames of this wire as canonical events, in the good case and in every bad one that was seen.
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import { createFold } from '../../../src/ir/fold.ts'
import { decodeStream, encodeStream, exchange, framesOf, jsonOf, type Json } from './support.ts'

const start: Json = {
  type: 'message_start',
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-x',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 9, output_tokens: 2 },
  },
}
const open = (index: number, content_block: Json): Json => ({ type: 'content_block_start', index, content_block })
const delta = (index: number, type: string, members: Json): Json => ({
  type: 'content_block_delta',
  index,
  delta: { type, ...members },
})
const close = (index: number): Json => ({ type: 'content_block_stop', index })
const end = (stop_reason: string | null, members: Json = {}, usage: Json = { output_tokens: 5 }): Json => ({
  type: 'message_delta',
  delta: { stop_reason, stop_sequence: null, ...members },
  usage,
})
const stop: Json = { type: 'message_stop' }
const text = (index: number, value: string): Json[] => [
  open(index, { type: 'text', text: '' }),
  delta(index, 'text_delta', { text: value }),
  close(index),
]

function events(...wire: Json[]): IrEvent[] {
  return decodeStream(framesOf(wire))
}

const fallback = (index: number, from: string, to: string): Json[] => [
  open(index, { type: 'fallback', from: { model: from }, to: { model: to } }),
  close(index),
]

function kinds(list: readonly IrEvent[]): string[] {
  return list.map(({ type }) => type)
}

function folded(...wire: Json[]) {
  const fold = createFold('anthropic-messages', anthropicMessages.joinOpaque)
  for (const event of events(...wire)) fold.step(event)
  return { response: fold.response(), error: fold.error() }
}

describe('a stream', () => {
  it('of text is a start, its usage, a part, a finish, its usage again and an end', () => {
    expect(events(start, ...text(0, 'hi'), end('end_turn'), stop)).toMatchObject([
      { type: 'response-start', id: 'msg_1', model: 'claude-x' },
      { type: 'usage-report', usage: { input: 9, output: 2, evidence: 'reported' } },
      { type: 'part-start', part: 0, choice: 0, opening: { type: 'text' } },
      { type: 'text-delta', part: 0, text: 'hi' },
      { type: 'part-end', part: 0 },
      { type: 'choice-finish', choice: 0, finish: { class: 'stop', raw: 'end_turn' } },
      { type: 'usage-report', usage: { output: 5 } },
      { type: 'response-end' },
    ])
  })

  it('may be padded, may ping anywhere, and may come without event lines', () => {
    const frames = framesOf([start, ...text(0, 'hi'), end('end_turn'), stop]).flatMap(({ data }) => [
      { data: `${data.slice(0, -1)}      }` },
      { data: '{"type": "ping"}' },
    ])
    const seen = kinds(decodeStream(frames))
    expect(seen.filter((type) => type !== 'keep-alive')).toEqual(
      kinds(events(start, ...text(0, 'hi'), end('end_turn'), stop)),
    )
    expect(seen.filter((type) => type === 'keep-alive')).toHaveLength(5)
  })

  it('says nothing after its end', () => {
    expect(kinds(events(start, end('end_turn'), stop, ...text(0, 'late'), stop)).at(-1)).toBe('response-end')
  })

  it('without message_stop is complete where a stop reason came', () => {
    expect(kinds(events(start, ...text(0, 'hi'), end('end_turn'))).at(-1)).toBe('response-end')
  })

  it.each([
    ['nothing', []],
    ['a start', [start]],
    ['half a block', [start, open(0, { type: 'text', text: '' }), delta(0, 'text_delta', { text: 'h' })]],
    ['all but a stop reason', [start, ...text(0, 'hi'), end(null)]],
  ])('that breaks off after %s is truncated', (_where, wire) => {
    expect(events(...wire).at(-1)).toMatchObject({ type: 'error', error: { code: 'stream_truncated' } })
  })

  it('closes what it left open before it ends', () => {
    expect(kinds(events(start, open(0, { type: 'text', text: '' }), end('max_tokens'), stop)).slice(-3)).toEqual([
      'usage-report',
      'part-end',
      'response-end',
    ])
  })

  it('without message_start still has a head', () => {
    expect(kinds(events(...text(0, 'hi'), end('end_turn'), stop))[0]).toBe('response-start')
  })

  const errors: readonly (readonly [type: string, code: string])[] = [
    ['overloaded_error', 'upstream_overloaded'],
    ['rate_limit_error', 'upstream_rate_limited'],
    ['api_error', 'upstream_error'],
    ['timeout_error', 'upstream_error'],
    ['authentication_error', 'upstream_auth'],
    ['billing_error', 'upstream_quota'],
    ['invalid_request_error', 'upstream_rejected'],
    ['something_new', 'upstream_error'],
  ]
  it.each(errors)('that brings an error of type %s ends with %s', (type, code) => {
    const last = events(start, { type: 'error', error: { type, message: 'secret words' } }, end('end_turn'), stop).at(
      -1,
    )
    expect(last).toMatchObject({ type: 'error', error: { code, upstream: { type, message: 'secret words' } } })
    expect(last?.type === 'error' && last.error.message).not.toContain('secret')
  })

  it('skips what it does not know, and says so', () => {
    const skipped = events(
      start,
      start,
      { type: 'weather_report', sky: 'blue' },
      open(0, { type: 'text', text: '' }),
      delta(0, 'scent_delta', { scent: 'rose' }),
      delta(7, 'signature_delta', { signature: 'nowhere' }),
      close(0),
      end('end_turn'),
      stop,
    ).filter(({ type }) => type === 'event-skip')
    expect(skipped.map((event) => event.type === 'event-skip' && event.kind)).toEqual([
      'message_start',
      'weather_report',
      'content_block_delta/scent_delta',
      'content_block_delta',
    ])
  })

  it.each([
    ['text_delta', 'text', { text: 'words' }],
    ['thinking_delta', 'reasoning', { thinking: 'words' }],
  ])('keeps the words of a %s whose block never began', (type, part, words) => {
    const list = events(start, delta(7, type, words), delta(7, type, words), close(7), end('end_turn'), stop)
    expect(list.filter((event) => event.type === 'part-start')).toMatchObject([{ opening: { type: part } }])
    expect(JSON.stringify(list).match(/"words"/g)).toHaveLength(2)
    expect(list.at(-1)).toEqual({ type: 'response-end' })
  })

  it('ends in an error where arguments come for a tool call that never began', () => {
    const list = events(start, delta(7, 'input_json_delta', { partial_json: '{"a"' }), end('tool_use'), stop)
    expect(list.at(-1)).toMatchObject({ type: 'error', error: { code: 'upstream_bad_content' } })
  })

  it('skips frames that are no JSON, and knows the sentinel of another wire', () => {
    const decoder = anthropicMessages.streamDecoder()
    expect(decoder.step({ event: 'content_block_delta', data: '{"type":' })).toMatchObject([{ type: 'event-skip' }])
    expect(decoder.step({ data: '[DONE]' })).toEqual([])
  })

  it('names the model that took over before anything was said, through all hops', () => {
    const wire = [
      start,
      ...fallback(0, 'claude-x', 'claude-y'),
      ...fallback(1, 'claude-y', 'claude-z'),
      ...text(2, 'hi'),
    ]
    const list = events(...wire, end('end_turn'), stop)
    expect(list[0]).toMatchObject({ type: 'response-start', id: 'msg_1', model: 'claude-z' })
    expect(kinds(list).filter((kind) => kind === 'response-start')).toHaveLength(1)
    expect(kinds(list).filter((kind) => kind === 'part-start')).toHaveLength(3)
    // On this wire the stream itself goes by the model that was asked; a whole answer by the one that answered.
    expect(encodeStream(list)[0]).toMatchObject({ message: { model: 'claude-x' } })
    const fold = createFold('anthropic-messages', anthropicMessages.joinOpaque)
    list.forEach((event) => fold.step(event))
    expect(jsonOf(anthropicMessages.encodeResponse(fold.response(), exchange).body)).toMatchObject({
      model: 'claude-z',
    })
  })

  it('says nothing of a head alone until it ends', () => {
    const decoder = anthropicMessages.streamDecoder()
    expect(framesOf([start, { type: 'ping' }]).flatMap((frame) => decoder.step(frame))).toEqual([])
    expect(kinds(decoder.finish())).toEqual(['response-start', 'usage-report', 'keep-alive', 'error'])
  })
})

describe('a part', () => {
  it('of thinking has its signature, even without a text', () => {
    const block = [
      open(0, { type: 'thinking', thinking: '', signature: '' }),
      delta(0, 'signature_delta', { signature: 's' }),
      close(0),
    ]
    expect(folded(start, ...block, end('end_turn'), stop).response.outputs[0]?.parts).toMatchObject([
      { type: 'reasoning', text: '', signature: 's' },
    ])
  })

  it('of redacted thinking comes whole', () => {
    const block = [open(0, { type: 'redacted_thinking', data: 'd' }), close(0)]
    expect(folded(start, ...block, end('end_turn'), stop).response.outputs[0]?.parts).toMatchObject([
      { type: 'reasoning', text: '', redacted: 'd' },
    ])
  })

  const inputs: readonly (readonly [what: string, input: Json, fragments: string[], text: string])[] = [
    ['nothing but an empty fragment', {}, [''], ''],
    ['fragments', {}, ['', '{"a"', ':1}'], '{"a":1}'],
    ['the opening alone', { a: 1 }, [], '{"a":1}'],
    ['the opening and an empty fragment', { a: 1 }, [''], '{"a":1}'],
    ['fragments that repeat the opening', { a: 1 }, ['{"a":1}'], '{"a":1}'],
  ]
  it.each(inputs)('of a tool call takes its arguments from %s', (_what, input, fragments, json) => {
    const block = [
      open(0, { type: 'tool_use', id: 't', name: 'f', input }),
      ...fragments.map((partial_json) => delta(0, 'input_json_delta', { partial_json })),
      close(0),
    ]
    expect(folded(start, ...block, end('tool_use'), stop).response.outputs[0]).toMatchObject({
      parts: [{ type: 'tool-call', id: 't', name: 'f', input: json }],
      finish: { class: 'tool', raw: 'tool_use' },
    })
  })

  it('has the citations that come before its text, and those in its opening', () => {
    const web = { type: 'web_search_result_location', url: 'u', title: 't', cited_text: 'c' }
    const block = [
      open(0, { type: 'text', text: 'a', citations: [{ type: 'char_location' }] }),
      delta(0, 'citations_delta', { citation: web }),
      delta(0, 'text_delta', { text: 'b' }),
      close(0),
    ]
    expect(folded(start, ...block, end('end_turn'), stop).response.outputs[0]?.parts).toMatchObject([
      {
        text: 'ab',
        citations: [{ value: { type: 'char_location' } }, { url: 'u', title: 't', citedText: 'c', value: web }],
      },
    ])
  })

  const opaque: readonly (readonly [what: string, block: Json, deltas: Json[], value: Json])[] = [
    [
      'a server tool',
      { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      [
        { type: 'input_json_delta', partial_json: '{"q' },
        { type: 'input_json_delta', partial_json: '":1}' },
      ],
      { type: 'server_tool_use', id: 's', name: 'web_search', input: { q: 1 } },
    ],
    [
      'a server tool without arguments',
      { type: 'server_tool_use', id: 's', name: 'now', input: {} },
      [{ type: 'input_json_delta', partial_json: '' }],
      { type: 'server_tool_use', id: 's', name: 'now', input: {} },
    ],
    [
      'a result that comes whole',
      { type: 'web_search_tool_result', tool_use_id: 's', content: [{ url: 'u' }] },
      [],
      { type: 'web_search_tool_result', tool_use_id: 's', content: [{ url: 'u' }] },
    ],
    [
      'a compaction',
      { type: 'compaction', content: null },
      [{ type: 'compaction_delta', content: 'sum', encrypted_content: 'e' }],
      { type: 'compaction', content: 'sum', encrypted_content: 'e' },
    ],
    [
      'something nobody knows',
      { type: 'poem', text: '' },
      [
        { type: 'text_delta', text: 'ro' },
        { type: 'text_delta', text: 'se' },
        { type: 'citations_delta', citation: { a: 1 } },
      ],
      { type: 'poem', text: 'rose', citations: [{ a: 1 }] },
    ],
  ]
  it.each(opaque)('is carried whole where it is %s', (_what, block, deltas, value) => {
    const wire = [
      open(0, block),
      ...deltas.map((delta) => ({ type: 'content_block_delta', index: 0, delta })),
      close(0),
    ]
    expect(folded(start, ...wire, end('end_turn'), stop).response.outputs[0]?.parts).toEqual([
      { type: 'opaque', kind: block['type'], value },
    ])
  })

  it('is an error where a proxy begins another message in the middle of this one', () => {
    const spliced = events(
      start,
      open(0, { type: 'tool_use', id: 'a', name: 'f', input: {} }),
      delta(0, 'input_json_delta', { partial_json: '{"v' }),
      start,
      open(0, { type: 'tool_use', id: 'b', name: 'f', input: {} }),
      end('tool_use'),
      stop,
    )
    expect(spliced.at(-1)).toMatchObject({ type: 'error', error: { code: 'upstream_bad_content' } })
    expect(spliced.filter(({ type }) => type === 'response-end')).toEqual([])
  })

  it('can stand in the start already', () => {
    const content = [{ type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } }]
    const head = { type: 'message_start', message: { ...(start['message'] as Json), content } }
    expect(folded(head, ...text(1, 'hi'), end('end_turn'), stop).response.outputs[0]?.parts).toMatchObject([
      { type: 'tool-call', input: '{"x":1}' },
      { type: 'text', text: 'hi' },
    ])
  })
})

describe('the end', () => {
  const call = [open(0, { type: 'tool_use', id: 't', name: 'f', input: { a: 1 } }), close(0)]
  const reasons: readonly (readonly [raw: string, content: Json[], finish: string])[] = [
    ['end_turn', text(0, 'a'), 'stop'],
    ['stop_sequence', text(0, 'a'), 'stop'],
    ['max_tokens', text(0, 'a'), 'length'],
    ['model_context_window_exceeded', text(0, 'a'), 'length'],
    ['tool_use', call, 'tool'],
    ['pause_turn', text(0, 'a'), 'pause'],
    ['compaction', [], 'pause'],
    ['refusal', [], 'filter'],
    ['boredom', text(0, 'a'), 'other'],
    ['tool_use', text(0, 'a'), 'stop'],
    ['end_turn', call, 'tool'],
    ['max_tokens', call, 'length'],
  ]
  it.each(reasons)('%s behind %j is of class %s', (raw, content, finish) => {
    expect(folded(start, ...content, end(raw), stop).response.outputs[0]?.finish).toMatchObject({ class: finish, raw })
  })

  it('names the stop sequence that was met, and keeps the details of a refusal', () => {
    expect(
      folded(start, end('stop_sequence', { stop_sequence: '```' }), stop).response.outputs[0]?.finish,
    ).toMatchObject({
      stopSequence: '```',
    })
    const details = { type: 'refusal', category: 'cyber' }
    expect(folded(start, end('refusal', { stop_details: details }), stop).response.outputs[0]?.finish).toMatchObject({
      extras: { stop_details: details },
    })
  })

  it('keeps what stands around it', () => {
    const wire = { ...end('end_turn', { container: { id: 'c' } }), context_management: { applied_edits: [] } }
    const { response } = folded(start, wire, stop)
    expect(response.outputs[0]?.finish?.extras).toMatchObject({ container: { id: 'c' } })
    expect(response.extras).toMatchObject({ context_management: { applied_edits: [] } })
  })

  const compaction = { type: 'compaction', input_tokens: 60_385, output_tokens: 522 }
  const usages: readonly (readonly [what: string, first: Json, last: Json, merged: Json])[] = [
    ['only the output', { input_tokens: 394, output_tokens: 5 }, { output_tokens: 76 }, { input: 394, output: 76 }],
    [
      'more input than at the start',
      { input_tokens: 2479, output_tokens: 6 },
      { input_tokens: 404_500, output_tokens: 943, server_tool_use: { web_search_requests: 10 } },
      { input: 404_500, output: 943, extras: { server_tool_use: { web_search_requests: 10 } } },
    ],
    [
      'a compaction together with the answer that it made room for',
      { input_tokens: 60_385, output_tokens: 5 },
      { input_tokens: 612, output_tokens: 2819, iterations: [compaction, { ...compaction, type: 'message' }] },
      { input: 612 + 60_385, output: 2819 + 522, extras: { iterations: expect.any(Array) as unknown } },
    ],
    [
      'an advisor apart, as it is another model',
      { input_tokens: 10 },
      { output_tokens: 3, iterations: [{ ...compaction, type: 'advisor_message', model: 'other' }] },
      { input: 10, output: 3, extras: { iterations: expect.any(Array) as unknown } },
    ],
    [
      'null for what it does not count',
      { input_tokens: 9, output_tokens: 1 },
      { input_tokens: null, output_tokens: 2 },
      { input: 9, output: 2 },
    ],
    [
      'thinking',
      { input_tokens: 9 },
      { output_tokens: 9, output_tokens_details: { thinking_tokens: 4 } },
      { input: 9, output: 9, reasoning: 4 },
    ],
    ['nonsense', { input_tokens: -3 }, { output_tokens: 'many' }, { input: 0 }],
  ]
  it.each(usages)('reports %s', (_what, first, last, merged) => {
    const head = { type: 'message_start', message: { ...(start['message'] as Json), usage: first } }
    expect(folded(head, end('end_turn', {}, last), stop).response.usage).toEqual({ evidence: 'reported', ...merged })
  })

  const writes: readonly (readonly [what: string, first: Json, last: Json, merged: Json])[] = [
    ['a total alone', { cache_creation_input_tokens: 7 }, { cache_creation_input_tokens: 8 }, { cacheWrite: 8 }],
    [
      'a split, and its total again',
      split(50, 100),
      { cache_creation_input_tokens: 150 },
      { cacheWrite: 50, cacheWrite1h: 100 },
    ],
    [
      'an hour alone, and more of it',
      split(0, 100),
      { cache_creation_input_tokens: 300 },
      { cacheWrite: 0, cacheWrite1h: 300 },
    ],
    [
      'nothing, and then a total',
      split(0, 0),
      { cache_creation_input_tokens: 7621 },
      { cacheWrite: 7621, cacheWrite1h: 0 },
    ],
    ['a split that grew', split(50, 100), { cache_creation_input_tokens: 160 }, { cacheWrite: 60, cacheWrite1h: 100 }],
  ]
  function split(short: number, long: number): Json {
    return {
      cache_creation_input_tokens: short + long,
      cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long },
    }
  }
  it.each(writes)('counts no cache write twice: %s', (_what, first, last, merged) => {
    const head = { type: 'message_start', message: { ...(start['message'] as Json), usage: first } }
    expect(folded(head, end('end_turn', {}, last), stop).response.usage).toEqual({ evidence: 'reported', ...merged })
  })
})
