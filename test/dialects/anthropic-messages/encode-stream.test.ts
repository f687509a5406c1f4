// Whatever the order of the events, a legal stream comes out, and the official SDK makes the right message of it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import { GatewayError } from '../../../src/ir/error.ts'
import type { IrEvent, PartOpening } from '../../../src/ir/event.ts'
import type { Finish } from '../../../src/ir/response.ts'
import type { Usage } from '../../../src/ir/usage.ts'
import { expectLegal } from '../../support/stream-grammar.ts'
import { decodeStream, encodeStream, exchange, framesOf, parsed, sdkMessage, type Json } from './support.ts'

const head: IrEvent = { type: 'response-start', id: 'chatcmpl-1', model: 'gpt-x' }
const done: IrEvent = { type: 'response-end' }
const finish = (raw: string, kind: Finish['class'], more: Partial<Finish> = {}): IrEvent => ({
  type: 'choice-finish',
  choice: 0,
  finish: { class: kind, raw, ...more },
})
const begin = (part: number, opening: PartOpening, choice = 0): IrEvent => ({
  type: 'part-start',
  part,
  choice,
  opening,
})
const stop = (part: number): IrEvent => ({ type: 'part-end', part })
const usage = (members: Partial<Usage>): IrEvent => ({
  type: 'usage-report',
  usage: { evidence: 'reported', ...members },
})
const say = (part: number, text: string): IrEvent => ({ type: 'text-delta', part, text })
const args = (part: number, text: string): IrEvent => ({ type: 'tool-input-delta', part, text })

const textPart = (part: number, text: string): IrEvent[] => [begin(part, { type: 'text' }), say(part, text), stop(part)]
const thinkingPart = (part: number, text: string, signature?: string): IrEvent[] => [
  begin(part, { type: 'reasoning' }),
  { type: 'reasoning-delta', part, text },
  ...(signature === undefined ? [] : [{ type: 'signature-delta', part, signature } as const]),
  stop(part),
]
const toolPart = (part: number, id: string, ...fragments: string[]): IrEvent[] => [
  begin(part, { type: 'tool-call', id, name: `tool_${id}` }),
  ...fragments.map((fragment) => args(part, fragment)),
  stop(part),
]

async function message(...events: IrEvent[]): Promise<Json> {
  const wire = encodeStream(events)
  return sdkMessage(wire)
}

const types = (wire: readonly Json[]): unknown[] => wire.map((event) => event['type'])

describe('a stream', () => {
  it('of text is start, block, delta and stop', () => {
    expect(
      encodeStream([
        head,
        ...textPart(0, 'hi'),
        finish('stop', 'stop'),
        usage({ input: 5, cacheRead: 2, output: 3 }),
        done,
      ]),
    ).toEqual([
      {
        type: 'message_start',
        message: {
          id: 'chatcmpl-1',
          type: 'message',
          role: 'assistant',
          model: 'gpt-x',
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 42, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hi' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { input_tokens: 5, cache_creation_input_tokens: 0, cache_read_input_tokens: 2, output_tokens: 3 },
      },
      { type: 'message_stop' },
    ])
  })

  it('has an id and a model of its own where the provider named none', () => {
    const [first] = encodeStream([{ type: 'response-start' }, ...textPart(0, 'hi'), finish('stop', 'stop'), done])
    expect(first).toMatchObject({ message: { id: 'msg_request1', model: 'target-model' } })
  })

  it('lets text through as it comes', () => {
    const encoder = anthropicMessages.streamEncoder(exchange)
    const steps = [head, begin(0, { type: 'text' }), say(0, ''), say(0, 'a'), say(0, 'b')].map((event) =>
      encoder.step(event).map((frame) => parsed(frame)['type']),
    )
    expect(steps).toEqual([
      [],
      [],
      [],
      ['message_start', 'content_block_start', 'content_block_delta'],
      ['content_block_delta'],
    ])
  })

  it('without any content is legal: a refusal can be', async () => {
    expect(await message(head, finish('content_filter', 'filter'), done)).toMatchObject({
      content: [],
      stop_reason: 'refusal',
    })
  })

  it('says nothing after its end', () => {
    const encoder = anthropicMessages.streamEncoder(exchange)
    for (const event of [head, finish('stop', 'stop'), done]) encoder.step(event)
    expect([done, say(0, 'late'), head].flatMap((event) => encoder.step(event))).toEqual([])
  })

  it('that fails ends with the error and no success', () => {
    const wire = encodeStream([
      head,
      begin(0, { type: 'text' }),
      say(0, 'a'),
      { type: 'error', error: new GatewayError('stream_truncated') },
      done,
    ])
    expect(types(wire)).toEqual(['message_start', 'content_block_start', 'content_block_delta', 'error'])
    expect(wire.at(-1)).toMatchObject({
      error: { type: 'api_error', code: 'stream_truncated' },
      request_id: 'request1',
    })
  })

  it('pings for every sign of life, once there is a message', () => {
    const wire = encodeStream([
      { type: 'keep-alive' },
      head,
      { type: 'keep-alive' },
      ...textPart(0, 'a'),
      finish('stop', 'stop'),
      done,
    ])
    expect(types(wire).slice(0, 2)).toEqual(['message_start', 'ping'])
  })
})

describe('blocks', () => {
  const a = textPart(0, 'text')
  const b = thinkingPart(1, 'thought', 'signed')
  const c = toolPart(2, 'c', '{"x":', '1}')
  const orders = [
    [a, b, c],
    [a, c, b],
    [b, a, c],
    [b, c, a],
    [c, a, b],
    [c, b, a],
  ]
  const block = {
    0: { type: 'text', text: 'text' },
    1: { type: 'thinking', thinking: 'thought', signature: 'signed' },
    2: { type: 'tool_use', id: 'c', name: 'tool_c', input: { x: 1 } },
  }
  const partOf = (events: readonly IrEvent[]): 0 | 1 | 2 =>
    (events[0]?.type === 'part-start' ? events[0].part : 0) as 0 | 1 | 2

  it.each(orders)('come in the order they were said (%#)', async (...order) => {
    const { content, stop_reason } = await message(head, ...order.flat(), finish('tool_calls', 'tool'), done)
    expect(content).toEqual(order.map((events) => block[partOf(events)]))
    expect(stop_reason).toBe('tool_use')
  })

  it('that interleave wait for the one that is open', async () => {
    const wire = encodeStream([
      head,
      begin(0, { type: 'text' }),
      say(0, 'let me '),
      begin(1, { type: 'tool-call', id: 'a', name: 'f' }),
      begin(2, { type: 'tool-call', id: 'b', name: 'g' }),
      args(1, '{"x"'),
      args(2, '{"y"'),
      say(0, 'see'),
      args(1, ':1}'),
      args(2, ':2}'),
      stop(2),
      stop(0),
      stop(1),
      finish('tool_calls', 'tool'),
      done,
    ])
    expect((await sdkMessage(wire))['content']).toEqual([
      { type: 'text', text: 'let me see' },
      { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
      { type: 'tool_use', id: 'b', name: 'g', input: { y: 2 } },
    ])
  })

  it('that nobody closed are closed at the end', async () => {
    const { content } = await message(
      head,
      begin(0, { type: 'tool-call', id: 'a', name: 'f' }),
      begin(1, { type: 'tool-call', id: 'b', name: 'g' }),
      args(1, '{"y":2}'),
      args(0, '{"x":1}'),
      finish('stop', 'stop'),
      done,
    )
    expect(content).toMatchObject([{ input: { x: 1 } }, { input: { y: 2 } }])
  })

  it('that say nothing do not appear, and leave no gap', async () => {
    const { content } = await message(
      head,
      begin(0, { type: 'text' }),
      say(0, ''),
      stop(0),
      begin(1, { type: 'reasoning' }),
      { type: 'reasoning-delta', part: 1, text: '' },
      ...textPart(2, 'a'),
      finish('stop', 'stop'),
      done,
    )
    expect(content).toEqual([{ type: 'text', text: 'a' }])
  })

  it('do not hold up others while they say nothing', () => {
    const encoder = anthropicMessages.streamEncoder(exchange)
    for (const event of [head, begin(0, { type: 'text' }), say(0, '')]) encoder.step(event)
    encoder.step(begin(1, { type: 'tool-call', id: 'a', name: 'f' }))
    expect(encoder.step(args(1, '{}')).map((frame) => parsed(frame)['type'])).toEqual(['content_block_delta'])
  })

  it('of thinking are signed last, and in one piece', () => {
    const wire = encodeStream([
      head,
      begin(0, { type: 'reasoning' }),
      { type: 'signature-delta', part: 0, signature: 'ab' },
      { type: 'reasoning-delta', part: 0, text: 'hm' },
      { type: 'signature-delta', part: 0, signature: 'cd' },
      stop(0),
      finish('stop', 'stop'),
      done,
    ])
    expect(wire.slice(1, 5)).toMatchObject([
      { content_block: { type: 'thinking', thinking: '', signature: '' } },
      { delta: { type: 'thinking_delta', thinking: 'hm' } },
      { delta: { type: 'signature_delta', signature: 'abcd' } },
      { type: 'content_block_stop' },
    ])
  })

  it.each([
    ['unsigned', thinkingPart(0, 'hm'), { type: 'thinking', thinking: 'hm', signature: '' }],
    ['signed without a text', thinkingPart(0, '', 's'), { type: 'thinking', thinking: '', signature: 's' }],
    ['redacted', [begin(0, { type: 'reasoning', redacted: 'd' }), stop(0)], { type: 'redacted_thinking', data: 'd' }],
  ])('of thinking that is %s', async (_what, part, expected) => {
    const { content } = await message(head, ...part, ...textPart(1, 'a'), finish('stop', 'stop'), done)
    expect(content).toEqual([expected, { type: 'text', text: 'a' }])
  })

  it('of refusal are text, and the reason says so', async () => {
    const refusal: IrEvent[] = [begin(0, { type: 'refusal' }), { type: 'refusal-delta', part: 0, text: 'no' }, stop(0)]
    expect(await message(head, ...refusal, finish('stop', 'stop'), done)).toMatchObject({
      content: [{ type: 'text', text: 'no' }],
      stop_reason: 'refusal',
    })
  })

  it('of anything but thinking are not signed: what another wire has signed there is a loss', () => {
    const exchangeOf = { ...exchange, upstream: 'gemini' as const }
    const encoder = anthropicMessages.streamEncoder(exchangeOf)
    const sign = (part: number): IrEvent => ({ type: 'signature-delta', part, signature: 'sig' })
    const events: IrEvent[] = [
      head,
      ...toolPart(0, 'a', '{}').slice(0, -1),
      sign(0),
      stop(0),
      ...textPart(1, 'said').slice(0, -1),
      sign(1),
      stop(1),
      // Gemini signs an answer without calls on a last part without text.
      begin(2, { type: 'text' }),
      sign(2),
      stop(2),
      finish('STOP', 'tool'),
      done,
    ]
    const frames = events.flatMap((event) => encoder.step(event))
    expectLegal('anthropic-messages', frames)
    const wire = frames.map(parsed)
    expect(wire.filter(({ type }) => type === 'content_block_start')).toHaveLength(2)
    expect(JSON.stringify(wire)).not.toContain('"sig"')
    expect(encoder.losses()).toEqual([
      { path: 'thoughtSignature', action: 'dropped', reason: 'only thinking is signed on this wire' },
    ])
  })

  it('of nothing but links of another wire are none', () => {
    const encoder = anthropicMessages.streamEncoder(exchange)
    const events: IrEvent[] = [
      head,
      begin(0, { type: 'text' }),
      { type: 'citation-add', part: 0, citation: { url: 'u', value: {} } },
      stop(0),
      ...textPart(1, 'said'),
      finish('stop', 'stop'),
      done,
    ]
    const frames = events.flatMap((event) => encoder.step(event))
    expectLegal('anthropic-messages', frames)
    expect(frames.map(parsed).filter(({ type }) => type === 'content_block_start')).toHaveLength(1)
    expect(encoder.losses()).toHaveLength(1)
  })

  it('of another wire that have no counterpart are losses', () => {
    const encoder = anthropicMessages.streamEncoder(exchange)
    const events: IrEvent[] = [
      head,
      begin(0, { type: 'opaque', kind: 'web_search_call', value: {} }),
      { type: 'opaque-delta', part: 0, value: {} },
      stop(0),
      begin(1, { type: 'tool-call', id: 'a', name: 'f', kind: 'custom' }),
      args(1, 'free text'),
      stop(1),
      begin(2, { type: 'text' }, 1),
      say(2, 'another answer'),
      ...textPart(3, 'a'),
      { type: 'citation-add', part: 3, citation: { url: 'u', value: {} } },
      { type: 'extras-add', scope: 'choice', choice: 0, extras: { logprobs: {} } },
      usage({ output: 1, extras: { cost: 0.5 } }),
      finish('stop', 'stop'),
      done,
    ]
    const wire = events.flatMap((event) => encoder.step(event)).map(parsed)
    expect(JSON.stringify(wire)).not.toMatch(/another answer|free text|web_search_call|logprobs/)
    expect(encoder.losses().map(({ path }) => path)).toEqual([
      'web_search_call',
      'tool-call',
      'choices[1]',
      'annotations',
      'choices[0].logprobs',
      'usage.cost',
    ])
  })
})

describe('the arguments of a tool', () => {
  const cases: readonly (readonly [what: string, fragments: string[], input: unknown])[] = [
    ['in fragments', ['{"a', '":', '1}'], { a: 1 }],
    ['in one piece', ['{"a":{"b":[]}}'], { a: { b: [] } }],
    ['absent', [], {}],
    ['empty', ['', ''], {}],
    ['blank', [' '], {}],
    ['an empty object', ['{}'], {}],
  ]
  it.each(cases)('%s', async (_what, fragments, input) => {
    const { content, stop_reason } = await message(
      head,
      ...toolPart(0, 'a', ...fragments),
      finish('stop', 'stop'),
      done,
    )
    expect(content).toEqual([{ type: 'tool_use', id: 'a', name: 'tool_a', input }])
    expect(stop_reason).toBe('tool_use')
  })

  it('that came with the opening are a delta, and the opening has none', () => {
    const wire = encodeStream([head, ...toolPart(0, 'a', '{"x":1}'), finish('stop', 'stop'), done])
    expect(wire[1]).toMatchObject({ content_block: { input: {} } })
    expect(wire[2]).toMatchObject({ delta: { type: 'input_json_delta', partial_json: '{"x":1}' } })
  })

  it.each(['{"a":', '[1]', '"text"', '{"a":1}}'])(
    'that are %s in a finished answer are an error, never a call',
    (broken) => {
      for (const events of [
        [
          head,
          ...toolPart(0, 'a', broken),
          ...textPart(1, 'b'),
          finish('tool_calls', 'tool'),
          usage({ output: 1 }),
          done,
        ],
        [
          head,
          begin(0, { type: 'tool-call', id: 'a', name: 'f' } as const),
          args(0, broken),
          finish('tool_calls', 'tool'),
          done,
        ],
        [head, ...toolPart(0, 'a', broken), done],
      ]) {
        const wire = encodeStream(events)
        expect(types(wire)).not.toContain('content_block_stop')
        expect(types(wire)).not.toContain('message_stop')
        expect(wire.at(-1)).toMatchObject({ type: 'error', error: { code: 'upstream_bad_content' } })
      }
    },
  )

  it('that were cut off with the answer stay as far as they came', async () => {
    const wire = encodeStream([
      head,
      ...toolPart(0, 'a', '{"x":1,"y":"par'),
      ...toolPart(1, 'b', '{'),
      finish('length', 'length'),
      done,
    ])
    expect(await sdkMessage(wire)).toMatchObject({
      stop_reason: 'max_tokens',
      content: [{ input: { x: 1 } }, { input: {} }],
    })
  })
})

describe('the reason', () => {
  const call = toolPart(0, 'a', '{}')
  const text = textPart(0, 'a')
  const cases: readonly (readonly [said: Finish, content: IrEvent[], reason: string])[] = [
    [{ class: 'stop', raw: 'stop' }, text, 'end_turn'],
    [{ class: 'stop', raw: 'stop', stopSequence: '##' }, text, 'stop_sequence'],
    [{ class: 'length', raw: 'length' }, text, 'max_tokens'],
    [{ class: 'tool', raw: 'tool_calls' }, call, 'tool_use'],
    [{ class: 'filter', raw: 'content_filter' }, text, 'refusal'],
    [{ class: 'pause' }, text, 'pause_turn'],
    [{ class: 'other', raw: 'eos' }, text, 'end_turn'],
    [{ class: 'stop', raw: 'stop' }, call, 'tool_use'],
    [{ class: 'other', raw: '' }, call, 'tool_use'],
    [{ class: 'tool', raw: 'tool_calls' }, text, 'end_turn'],
    [{ class: 'length', raw: 'length' }, call, 'max_tokens'],
  ]
  it.each(cases)('%j behind %j is %s', async (said, content, reason) => {
    const result = await message(head, ...content, { type: 'choice-finish', choice: 0, finish: said }, done)
    expect(result['stop_reason']).toBe(reason)
    expect(result['stop_sequence']).toBe(said.stopSequence ?? null)
  })

  it('is what the content says where the provider gave none', async () => {
    expect((await message(head, ...call, done))['stop_reason']).toBe('tool_use')
    expect((await message(head, ...text, done))['stop_reason']).toBe('end_turn')
  })

  it('is said once where the provider says it twice', () => {
    const wire = encodeStream([
      head,
      ...text,
      finish('stop', 'stop'),
      finish('stop', 'stop'),
      usage({ output: 1 }),
      done,
    ])
    expect(types(wire).filter((type) => type === 'message_delta')).toHaveLength(1)
  })
})

describe('the usage', () => {
  it('comes in the last event, wherever the provider put it', () => {
    for (const events of [
      [
        head,
        ...textPart(0, 'a'),
        usage({ input: 10, cacheRead: 5, output: 7, reasoning: 2 }),
        finish('stop', 'stop'),
        done,
      ],
      [
        head,
        ...textPart(0, 'a'),
        finish('stop', 'stop'),
        usage({ input: 10, cacheRead: 5 }),
        usage({ output: 7, reasoning: 2 }),
        done,
      ],
    ]) {
      const wire = encodeStream(events)
      expect(wire.find((event) => event['type'] === 'message_delta')).toMatchObject({
        usage: {
          input_tokens: 10,
          cache_creation_input_tokens: 0,
          cache_read_input_tokens: 5,
          output_tokens: 7,
          output_tokens_details: { thinking_tokens: 2 },
        },
      })
    }
  })

  it('is in the start already where it is known by then', () => {
    const [first] = encodeStream([
      head,
      usage({ input: 10, output: 1 }),
      ...textPart(0, 'a'),
      finish('stop', 'stop'),
      done,
    ])
    expect(first).toMatchObject({ message: { usage: { input_tokens: 10, output_tokens: 1 } } })
  })

  it('is an estimate where nobody counted', () => {
    const wire = encodeStream([head, ...textPart(0, 'a'.repeat(40)), finish('stop', 'stop'), done])
    expect(wire.at(-2)).toMatchObject({ usage: { input_tokens: 42, output_tokens: 10 } })
  })
})

describe('any order of any parts', () => {
  const part = fc.oneof(
    fc.record({ kind: fc.constant('text' as const), fragments: fc.array(fc.string(), { maxLength: 3 }) }),
    fc.record({ kind: fc.constant('thinking' as const), fragments: fc.array(fc.string(), { maxLength: 3 }) }),
    fc.record({ kind: fc.constant('tool' as const), fragments: fc.json().map((json) => [`{"v":${json}`, '}']) }),
  )
  type Part = { readonly kind: 'text' | 'thinking' | 'tool'; readonly fragments: readonly string[] }

  function eventsOf({ kind, fragments }: Part, index: number): IrEvent[] {
    switch (kind) {
      case 'text':
        return [begin(index, { type: 'text' }), ...fragments.map((fragment) => say(index, fragment)), stop(index)]
      case 'thinking':
        return [
          begin(index, { type: 'reasoning' }),
          ...fragments.map((text): IrEvent => ({ type: 'reasoning-delta', part: index, text })),
          stop(index),
        ]
      case 'tool':
        return toolPart(index, `t${index}`, ...fragments)
    }
  }

  /** Interleaves lists, keeping the order within each; `picks` says whose turn it is. */
  function interleave(lists: readonly (readonly IrEvent[])[], picks: readonly number[]): IrEvent[] {
    const left = lists.map((list) => [...list])
    const mixed: IrEvent[] = []
    for (let turn = 0; left.some((list) => list.length > 0); turn++) {
      const open = left.filter((list) => list.length > 0)
      const next = open[(picks[turn % Math.max(1, picks.length)] ?? 0) % open.length]?.shift()
      if (next !== undefined) mixed.push(next)
    }
    return mixed
  }

  it('is legal and loses nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(part, { maxLength: 6 }),
        fc.array(fc.nat(5), { maxLength: 20 }),
        async (parts, picks) => {
          const body = interleave(parts.map(eventsOf), picks)
          const wire = encodeStream([head, ...body, finish('stop', 'stop'), done])
          const { content, stop_reason } = await sdkMessage(wire)
          const blocks = content as Json[]
          const spoken = parts
            .map(({ kind, fragments }) => ({ kind, text: fragments.join('') }))
            .filter(({ text }) => text !== '')
          const said = (block: Json): unknown => block['text'] ?? block['thinking'] ?? JSON.stringify(block['input'])
          const wanted = spoken.map(({ kind, text }) => (kind === 'tool' ? JSON.stringify(JSON.parse(text)) : text))
          expect(blocks.map(said).sort()).toEqual(wanted.sort())
          expect(stop_reason).toBe(parts.some(({ kind }) => kind === 'tool') ? 'tool_use' : 'end_turn')
        },
      ),
      { numRuns: 200 },
    )
  })
})

describe('a stream of this wire', () => {
  const usageAtStart = {
    input_tokens: 9,
    cache_creation_input_tokens: 150,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 50, ephemeral_1h_input_tokens: 100 },
    output_tokens: 2,
    service_tier: 'standard',
    server_tool_use: null,
  }
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
      stop_details: null,
      usage: usageAtStart,
    },
  }
  const block = (index: number, content_block: Json, ...deltas: Json[]): Json[] => [
    { type: 'content_block_start', index, content_block },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ]
  const wire: Json[] = [
    start,
    ...block(0, { type: 'thinking', thinking: '', signature: '' }, { type: 'signature_delta', signature: 's' }),
    ...block(1, { type: 'redacted_thinking', data: 'd' }),
    { type: 'ping' },
    ...block(2, { type: 'text', text: '' }),
    ...block(
      3,
      { type: 'text', text: '', citations: [] },
      { type: 'citations_delta', citation: { type: 'char_location', cited_text: 'c' } },
      { type: 'text_delta', text: 'hi' },
    ),
    ...block(
      4,
      { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      { type: 'input_json_delta', partial_json: '{"q":1}' },
    ),
    ...block(5, { type: 'web_search_tool_result', tool_use_id: 's', content: [{ url: 'u' }] }),
    ...block(6, { type: 'text', text: '', citations: [] }),
    ...block(
      7,
      { type: 'tool_use', id: 't', name: 'f', input: {}, caller: { type: 'direct' } },
      { type: 'input_json_delta', partial_json: '' },
    ),
    {
      type: 'message_delta',
      delta: {
        stop_reason: 'tool_use',
        stop_sequence: null,
        stop_details: null,
        container: { id: 'c', expires_at: 'x' },
      },
      context_management: { applied_edits: [] },
      usage: {
        input_tokens: 20,
        cache_creation_input_tokens: 150,
        cache_read_input_tokens: 0,
        output_tokens: 30,
        server_tool_use: { web_search_requests: 1 },
        iterations: [
          { type: 'compaction', input_tokens: 900, output_tokens: 70, cache_creation_input_tokens: 5 },
          { type: 'message', input_tokens: 20, output_tokens: 30 },
        ],
      },
    },
    { type: 'message_stop' },
  ]

  it('comes back as it was, event by event but for fragments that are empty', () => {
    const encoded = encodeStream(decodeStream(framesOf(wire)))
    expect(encoded).toEqual(
      wire.map((event) =>
        JSON.stringify(event).includes('"partial_json":""')
          ? { ...event, delta: { type: 'input_json_delta', partial_json: '{}' } }
          : event,
      ),
    )
  })

  it('is the same message to the SDK', async () => {
    expect(await sdkMessage(encodeStream(decodeStream(framesOf(wire))))).toEqual(await sdkMessage(wire))
  })

  it('loses nothing', () => {
    const encoder = anthropicMessages.streamEncoder(exchange)
    for (const event of decodeStream(framesOf(wire))) encoder.step(event)
    expect(encoder.losses()).toEqual([])
  })

  it('keeps a stop reason that nobody knows', () => {
    const odd = wire.map((event) =>
      event['type'] === 'message_delta' ? { ...event, delta: { stop_reason: 'boredom', stop_sequence: null } } : event,
    )
    expect(encodeStream(decodeStream(framesOf(odd))).at(-2)).toMatchObject({ delta: { stop_reason: 'boredom' } })
  })
})
