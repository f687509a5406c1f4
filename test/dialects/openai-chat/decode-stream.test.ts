// Streams of providers that all say they speak this wire: each quirk as a small stream, and what it means.
import { describe, expect, it } from 'vitest'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { IrEvent } from '../../../src/ir/event.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { chunk, done, events, finish, folded, type Json } from './support.ts'

const frame = (record: unknown): Frame => ({ data: JSON.stringify(record) })
const call = (entry: Json): Frame => chunk({ tool_calls: [entry] })
const fn = (name: string | undefined, input?: unknown): Json => ({
  ...(name !== undefined && { name }),
  ...(input !== undefined && { arguments: input }),
})

function types(list: readonly IrEvent[]): string[] {
  return list.map((event) => event.type)
}

function parts(...frames: readonly Frame[]): readonly ContentPart[] {
  return folded(...frames).outputs[0]?.parts ?? []
}

function callsOf(...frames: readonly Frame[]): Json[] {
  return parts(...frames).flatMap((part) =>
    part.type === 'tool-call' ? [{ id: part.id, name: part.name, input: part.input }] : [],
  )
}

function last(list: readonly IrEvent[]): IrEvent | undefined {
  return list.at(-1)
}

describe('a plain stream', () => {
  const stream = [
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'He' }),
    chunk({ content: 'llo' }),
    finish(),
    done,
  ]

  it('is a start, one text and one end', () => {
    expect(types(events(...stream)).filter((type) => type !== 'extras-add')).toEqual([
      'response-start',
      'part-start',
      'text-delta',
      'text-delta',
      'part-end',
      'choice-finish',
      'response-end',
    ])
  })

  it('folds to the answer', () => {
    expect(folded(...stream)).toMatchObject({
      id: 'chatcmpl-1',
      model: 'gpt-x',
      created: 1,
      outputs: [{ index: 0, parts: [{ type: 'text', text: 'Hello' }], finish: { class: 'stop', raw: 'stop' } }],
    })
  })

  it('says nothing before there is content', () => {
    expect(events(chunk({ role: 'assistant', content: '' })).map((event) => event.type)).toEqual(['error'])
  })

  it('says nothing after its terminal', () => {
    expect(events(...stream, chunk({ content: 'more' }), done)).toEqual(events(...stream))
  })
})

describe('the head of a stream', () => {
  it('is not taken from an empty first chunk (Azure)', () => {
    const azure = frame({
      choices: [],
      created: 0,
      id: '',
      model: '',
      object: '',
      prompt_filter_results: [{ prompt_index: 1 }],
    })
    const list = events(azure, chunk({ content: 'a' }), finish(), done)
    expect(list[0]).toMatchObject({
      type: 'response-start',
      id: 'chatcmpl-1',
      model: 'gpt-x',
      created: 1,
      extras: { prompt_filter_results: [{ prompt_index: 1 }] },
    })
  })

  it('has one id, that of the content, where the first chunk has another (Avian)', () => {
    const list = events(
      chunk({ role: 'assistant' }, {}, { id: 'chatcmpl-0' }),
      chunk({ content: 'a' }, {}, { id: 'gen-1' }),
      finish('stop', { id: 'gen-1' }),
      done,
    )
    expect(list.filter((event) => event.type === 'response-start')).toMatchObject([{ id: 'gen-1' }])
  })

  it('is absent where a provider leaves it empty', () => {
    const [start] = events(chunk({ content: 'a' }, {}, { id: '', model: '' }), done)
    expect(start).not.toHaveProperty('id')
    expect(start).not.toHaveProperty('model')
  })
})

describe('usage', () => {
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
  const noChoices = (members: Json): Frame => frame({ id: 'chatcmpl-1', model: 'gpt-x', choices: [], ...members })

  it.each<[string, Frame[]]>([
    ['on a chunk of its own', [chunk({ content: 'a' }), finish(), noChoices({ usage })]],
    ['on the finish chunk (DeepSeek)', [chunk({ content: 'a' }), finish('stop', { usage })]],
    [
      'on every chunk, growing (Perplexity)',
      [chunk({ content: 'a' }, {}, { usage: { ...usage, completion_tokens: 1 } }), finish('stop', { usage })],
    ],
    ['on a second finish chunk (OpenRouter)', [chunk({ content: 'a' }), finish(), finish('stop', { usage })]],
    ['in a record of Groq’s', [chunk({ content: 'a' }), finish('stop', { x_groq: { usage } })]],
    ['before anything is said', [noChoices({ usage }), chunk({ content: 'a' }), finish()]],
    ['on a chunk without a choices list', [chunk({ content: 'a' }), finish(), frame({ usage })]],
  ])('is read %s', (_name, frames) => {
    expect(folded(...frames, done).usage).toMatchObject({ input: 3, output: 2 })
    expect(events(...frames, done).filter((event) => event.type === 'choice-finish')).toHaveLength(1)
  })

  it('is none where it is null', () => {
    expect(folded(chunk({ content: 'a' }, {}, { usage: null }), finish(), done).usage).toBeUndefined()
  })
})

describe('the end of a stream', () => {
  it.each<[string, Frame[], string]>([
    ['a finish reason and no terminal (Perplexity, Gemini)', [chunk({ content: 'a' }), finish()], 'response-end'],
    ['a terminal and no finish reason (Snowflake)', [chunk({ content: 'a' }), done], 'response-end'],
    ['neither', [chunk({ content: 'a' })], 'error'],
    ['nothing', [], 'error'],
    ['a terminal alone', [done], 'error'],
    ['an empty finish reason and no terminal', [chunk({ content: 'a' }), finish('')], 'error'],
    ['a finish without content', [chunk({ role: 'assistant' }), finish('content_filter')], 'response-end'],
  ])('with %s', (_name, frames, type) => {
    expect(last(events(...frames))?.type).toBe(type)
  })

  it('is a truncation where nothing said that it was complete', () => {
    expect(last(events(chunk({ content: 'a' })))).toMatchObject({ error: { code: 'stream_truncated' } })
  })

  it('is an empty answer where there was only the terminal', () => {
    expect(last(events(done))).toMatchObject({ error: { code: 'upstream_empty' } })
  })

  it('is a truncation where one of several answers lacks its finish reason', () => {
    const frames = [chunk({ content: 'a' }), chunk({ content: 'b' }, { index: 1 }), finish()]
    expect(last(events(...frames))).toMatchObject({ error: { code: 'stream_truncated' } })
  })

  it.each<[string, Frame[], Json]>([
    [
      'stop with calls (Ollama)',
      [call({ id: '1', function: fn('f', '{}') }), finish()],
      { class: 'tool', raw: 'stop' },
    ],
    ['tool_calls without calls', [chunk({ content: 'a' }), finish('tool_calls')], { class: 'stop', raw: 'tool_calls' }],
    ['none with calls', [call({ id: '1', function: fn('f', '{}') })], { class: 'tool' }],
    ['empty text', [chunk({ content: 'a' }), finish('')], { class: 'stop' }],
    ['eos', [chunk({ content: 'a' }), finish('eos')], { class: 'stop', raw: 'eos' }],
    [
      'length inside a call',
      [call({ id: '1', function: fn('f', '{"a"') }), finish('length')],
      { class: 'length', raw: 'length' },
    ],
    [
      'a refusal',
      [chunk({ content: null, refusal: '' }), chunk({ refusal: 'no' }), finish()],
      { class: 'filter', raw: 'stop' },
    ],
    [
      'two finish reasons',
      [chunk({ content: 'a' }), finish('stop'), finish('length')],
      { class: 'length', raw: 'length' },
    ],
  ])('is derived from what was answered: %s', (_name, frames, expected) => {
    expect(folded(...frames, done).outputs[0]?.finish).toEqual(expected)
  })

  it('reads a last choice without a delta', () => {
    const frames = [chunk({ content: 'a' }), frame({ choices: [{ index: 0, finish_reason: 'length' }] })]
    expect(folded(...frames).outputs[0]?.finish).toMatchObject({ class: 'length' })
  })
})

describe('tool calls', () => {
  const one = { id: 'a', name: 'f', input: '{"x":1}' }
  const two = { id: 'b', name: 'g', input: '{"y":2}' }

  it.each<[string, Frame[], Json[]]>([
    [
      'in fragments',
      [
        call({ index: 0, id: 'a', type: 'function', function: fn('f', '') }),
        call({ index: 0, function: fn(undefined, '{"x"') }),
        call({ index: 0, function: fn(undefined, ':1}') }),
      ],
      [one],
    ],
    [
      'whole in the chunk that opens them',
      [call({ index: 0, id: 'a', type: 'function', function: fn('f', '{"x":1}') })],
      [one],
    ],
    [
      'one after the other',
      [
        call({ index: 0, id: 'a', function: fn('f', '{"x":1}') }),
        call({ index: 1, id: 'b', function: fn('g', '{"y":2}') }),
      ],
      [one, two],
    ],
    [
      'two in one chunk without index (Mistral)',
      [
        chunk({
          tool_calls: [
            { id: 'a', function: fn('f', '{"x":1}') },
            { id: 'b', function: fn('g', '{"y":2}') },
          ],
        }),
      ],
      [one, two],
    ],
    ['without index, whole (Ollama)', [call({ id: 'a', function: fn('f', '{"x":1}') })], [one]],
    [
      'without index, in fragments',
      [call({ id: 'a', function: fn('f', '') }), call({ function: fn(undefined, '{"x":1}') })],
      [one],
    ],
    [
      'from index 1 on (Anthropic’s endpoint)',
      [call({ index: 1, id: 'a', function: fn('f', '') }), call({ index: 1, function: fn(undefined, '{"x":1}') })],
      [one],
    ],
    [
      'with an empty id on every fragment (Alibaba)',
      [
        call({ index: 0, id: 'a', function: fn('f', '') }),
        call({ index: 0, id: '', function: fn(undefined, '{"x"') }),
        call({ index: 0, id: '', function: fn('', ':1}') }),
      ],
      [one],
    ],
    [
      'with the id repeated',
      [
        call({ index: 0, id: 'a', function: fn('f', '{"x"') }),
        call({ index: 0, id: 'a', function: fn(undefined, ':1}') }),
      ],
      [one],
    ],
    [
      'with id and name repeated',
      [call({ index: 0, id: 'a', function: fn('f', '{"x"') }), call({ index: 0, id: 'a', function: fn('f', ':1}') })],
      [one],
    ],
    [
      'with the name repeated and no id again',
      [call({ index: 0, id: 'a', function: fn('f', '{"x"') }), call({ index: 0, function: fn('f', ':1}') })],
      [one],
    ],
    [
      'all at index 0, told apart by id (Gemini)',
      [
        call({ index: 0, id: 'a', function: fn('f', '{"x":1}') }),
        call({ index: 0, id: 'b', function: fn('g', '{"y":2}') }),
      ],
      [one, two],
    ],
    [
      'of one name at index 0, told apart by id',
      [
        call({ index: 0, id: 'a', function: fn('f', '{"x":1}') }),
        call({ index: 0, id: 'b', function: fn('f', '{"y":2}') }),
      ],
      [one, { ...two, name: 'f' }],
    ],
    [
      'of one name at index 0, the first without arguments',
      [call({ index: 0, id: 'a', function: fn('f', '') }), call({ index: 0, id: 'b', function: fn('f', '{"y":2}') })],
      [
        { ...one, input: '' },
        { ...two, name: 'f' },
      ],
    ],
    [
      'interleaved',
      [
        call({ index: 0, id: 'a', function: fn('f', '') }),
        call({ index: 1, id: 'b', function: fn('g', '') }),
        call({ index: 0, function: fn(undefined, '{"x"') }),
        call({ index: 1, function: fn(undefined, '{"y"') }),
        call({ index: 0, function: fn(undefined, ':1}') }),
        call({ index: 1, function: fn(undefined, ':2}') }),
      ],
      [one, two],
    ],
    [
      'in reverse order of index',
      [
        call({ index: 1, id: 'b', function: fn('g', '{"y":2}') }),
        call({ index: 0, id: 'a', function: fn('f', '{"x":1}') }),
      ],
      [two, one],
    ],
    ['with arguments as an object', [call({ index: 0, id: 'a', function: fn('f', { x: 1 }) })], [one]],
    ['with null arguments', [call({ index: 0, id: 'a', function: fn('f', null) })], [{ ...one, input: '' }]],
    ['without arguments', [call({ index: 0, id: 'a', function: fn('f') })], [{ ...one, input: '' }]],
    ['named after their id', [call({ index: 0, id: 'a' }), call({ index: 0, function: fn('f', '{"x":1}') })], [one]],
    [
      'named after their arguments',
      [call({ index: 0, id: 'a', function: fn(undefined, '{"x"') }), call({ index: 0, function: fn('f', ':1}') })],
      [one],
    ],
    [
      'beside text in one delta',
      [chunk({ content: 'hi', tool_calls: [{ index: 0, id: 'a', function: fn('f', '{"x":1}') }] })],
      [one],
    ],
    [
      'with ids of any shape',
      [call({ index: 0, id: 'functions.f:0', function: fn('f', '{}') })],
      [{ id: 'functions.f:0', name: 'f', input: '{}' }],
    ],
  ])('come %s', (_name, frames, expected) => {
    expect(callsOf(...frames, finish('tool_calls'), done)).toEqual(expected)
  })

  it.each<[string, Frame[]]>([
    ['by index', [call({ index: 0, function: fn('f', '{"x":1}') }), call({ index: 1, function: fn('f', '{"x":2}') })]],
    [
      'all at index 0',
      [call({ index: 0, function: fn('f', '{"x":1}') }), call({ index: 0, function: fn('f', '{"x":2}') })],
    ],
    ['without index', [call({ function: fn('f', '{"x":1}') }), call({ function: fn('f', '{"x":2}') })]],
    ['without index and arguments', [chunk({ tool_calls: [{ function: fn('f') }, { function: fn('f') }] })]],
    [
      'with empty ids',
      [
        call({ index: 0, id: '', function: fn('f', '{"x":1}') }),
        call({ index: 1, id: '', function: fn('f', '{"x":2}') }),
      ],
    ],
  ])('without ids get distinct ones of ours: %s', (_name, frames) => {
    const ids = callsOf(...frames, finish('tool_calls'), done).map(({ id }) => id)
    expect(ids).toEqual(['call_chatcmpl-1_0', 'call_chatcmpl-1_1'])
  })

  it.each<[string, unknown]>([
    ['an empty list', []],
    ['null', null],
    ['a nameless placeholder', [{ index: 0, id: '', type: 'function', function: { name: '', arguments: '' } }]],
    ['a placeholder beside a placeholder', [{ index: 1, custom: { name: '', input: '' } }]],
  ])('are none where a delta has %s', (_name, list) => {
    const frames = [chunk({ content: 'a', tool_calls: list }), finish(), done]
    expect(parts(...frames)).toMatchObject([{ type: 'text', text: 'a' }])
    expect(events(...frames).some((event) => event.type === 'event-skip')).toBe(false)
  })

  it('are whole where a placeholder of another kind stands in them (Snowflake)', () => {
    const entry = { index: 0, id: 'a', type: 'function', function: fn('f', '{"x":1}'), custom: { name: '', input: '' } }
    expect(callsOf(call(entry), done)).toEqual([one])
  })

  it('that were never named are skipped, and said to be', () => {
    const list = events(call({ index: 0, id: 'a', function: fn(undefined, '{}') }), finish('tool_calls'), done)
    expect(list.some((event) => event.type === 'event-skip' && event.kind === 'tool_calls')).toBe(true)
    expect(list.find((event) => event.type === 'choice-finish')).toMatchObject({ finish: { class: 'stop' } })
  })

  it('of free-text tools', () => {
    const frames = [
      call({ index: 0, id: 'a', type: 'custom', custom: { name: 'c', input: 'ls' } }),
      call({ index: 0, type: 'custom', custom: { input: ' -l' } }),
      done,
    ]
    expect(parts(...frames)).toMatchObject([{ type: 'tool-call', kind: 'custom', name: 'c', input: 'ls -l' }])
  })

  it('of free text go on without saying so again', () => {
    const frames = [
      call({ index: 0, id: 'a', type: 'custom', custom: { name: 'c', input: '' } }),
      call({ index: 0, custom: { input: 'ls' } }),
      call({ index: 0, custom: { input: ' -l' } }),
      finish('tool_calls'),
    ]
    expect(parts(...frames)).toMatchObject([{ type: 'tool-call', kind: 'custom', name: 'c', input: 'ls -l' }])
  })

  it('in the pre-tools spelling', () => {
    const frames = [
      chunk({ function_call: { name: 'f', arguments: '' } }),
      chunk({ function_call: { arguments: '{"x"' } }),
      chunk({ function_call: { arguments: ':1}' } }),
      finish('function_call'),
      done,
    ]
    expect(callsOf(...frames)).toEqual([{ ...one, id: 'call_chatcmpl-1_0' }])
    expect(folded(...frames).outputs[0]?.finish).toEqual({ class: 'tool', raw: 'function_call' })
  })

  it('are signed where Google has signed them, in the entry that opens them or later', () => {
    const extra = { google: { thought_signature: 's', other: 1 } }
    const opened = parts(call({ index: 0, id: 'a', function: fn('f', '{}'), extra_content: extra }), done)[0]
    expect(opened).toMatchObject({ signature: 's', extras: { extra_content: { google: { other: 1 } } } })
    const later = parts(
      call({ index: 0, id: 'a', function: fn('f', '') }),
      call({ index: 0, function: fn(undefined, '{}'), extra_content: { google: { thought_signature: 's' } } }),
      done,
    )[0]
    expect(later).toMatchObject({ signature: 's' })
    expect(later?.extras).toBeUndefined()
  })

  it('that are whole end when the next one starts, others later', () => {
    const list = events(
      call({ index: 0, id: 'a', function: fn('f', '{"x":1}') }),
      call({ index: 1, id: 'b', function: fn('g', '{"y"') }),
      call({ index: 2, id: 'c', function: fn('h', '') }),
      call({ index: 1, function: fn(undefined, ':2}') }),
      finish('tool_calls'),
      done,
    )
    const steps = list.flatMap((event) =>
      event.type === 'part-start' ? [`start ${event.part}`] : event.type === 'part-end' ? [`end ${event.part}`] : [],
    )
    expect(steps).toEqual(['start 0', 'end 0', 'start 1', 'start 2', 'end 1', 'end 2'])
  })

  it('that were whole take no more arguments, and say so', () => {
    const list = events(
      call({ index: 0, id: 'a', function: fn('f', '{"x":1}') }),
      call({ index: 1, id: 'b', function: fn('g', '{}') }),
      call({ index: 0, function: fn(undefined, '') }),
      call({ index: 0, function: fn(undefined, 'garbage') }),
      done,
    )
    expect(list.filter((event) => event.type === 'event-skip')).toHaveLength(1)
  })
})

describe('reasoning', () => {
  const detail = (text: string, more: Json = {}): Json => ({ type: 'reasoning.text', text, index: 0, ...more })

  it.each<[string, Frame[]]>([
    ['reasoning_content (DeepSeek, xAI, z.ai)', [chunk({ reasoning_content: 'a' }), chunk({ reasoning_content: 'b' })]],
    ['reasoning (Groq, Ollama)', [chunk({ reasoning: 'a', channel: 'analysis' }), chunk({ reasoning: 'b' })]],
    [
      'reasoning with details (OpenRouter)',
      [
        chunk({ reasoning: 'a', reasoning_details: [detail('a')] }),
        chunk({ reasoning: 'b', reasoning_details: [detail('b')] }),
      ],
    ],
    [
      'reasoning_content with details (Avian)',
      [
        chunk({ content: '', reasoning_content: 'a', reasoning_details: [detail('a')] }),
        chunk({ reasoning_content: 'b', reasoning_details: [detail('b')] }),
      ],
    ],
    [
      'both plain members at once',
      [chunk({ reasoning: 'a', reasoning_content: 'a' }), chunk({ reasoning: 'b', reasoning_content: 'b' })],
    ],
    [
      'empty details beside plain text',
      [chunk({ reasoning: 'a', reasoning_details: [] }), chunk({ reasoning: 'b', reasoning_details: [] })],
    ],
    [
      'summaries',
      [
        chunk({ reasoning_details: [{ type: 'reasoning.summary', summary: 'a', index: 0 }] }),
        chunk({ reasoning_details: [{ type: 'reasoning.summary', summary: 'b', index: 0 }] }),
      ],
    ],
    [
      'thinking parts (Mistral)',
      [
        chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'a' }] }] }),
        chunk({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'b' }], closed: true }] }),
      ],
    ],
  ])('spelled as %s is one part, and text another', (_name, frames) => {
    expect(parts(...frames, chunk({ content: 'x' }), finish(), done)).toMatchObject([
      { type: 'reasoning', text: 'ab' },
      { type: 'text', text: 'x' },
    ])
  })

  it('may change into text within one delta (Mistral)', () => {
    const mixed = chunk({
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 'a' }] },
        { type: 'text', text: 'x' },
      ],
    })
    expect(parts(mixed, chunk({ content: 'y' }), finish(), done)).toMatchObject([
      { type: 'reasoning', text: 'a' },
      { type: 'text', text: 'xy' },
    ])
  })

  it('has its signature, and a part of its own behind it', () => {
    const frames = [
      chunk({ reasoning_details: [detail('a')] }),
      chunk({ reasoning_details: [detail('', { signature: 's' })] }),
      chunk({ reasoning_details: [detail('b', { index: 1 })] }),
      done,
    ]
    expect(parts(...frames)).toMatchObject([{ text: 'a', signature: 's' }, { text: 'b' }])
  })

  it('begins anew behind a signature, also under the same index', () => {
    const frames = ['a', 'b'].flatMap((text) => [
      chunk({ reasoning_details: [detail(text)] }),
      chunk({ reasoning_details: [detail('', { signature: `of ${text}` })] }),
    ])
    expect(parts(...frames, done)).toMatchObject([
      { text: 'a', signature: 'of a' },
      { text: 'b', signature: 'of b' },
    ])
  })

  it('that is encrypted stands for itself', () => {
    const frames = [
      chunk({ reasoning_details: [{ type: 'reasoning.encrypted', data: 'X', index: 0 }] }),
      chunk({ content: 'x' }),
      done,
    ]
    expect(parts(...frames)).toMatchObject([{ type: 'reasoning', text: '', redacted: 'X' }, { type: 'text' }])
  })

  it('that another vendor encrypted is no redacted thinking', () => {
    const frames = [
      chunk({
        reasoning: 'a',
        reasoning_details: [{ type: 'reasoning.encrypted', data: 'X', format: 'openai-responses-v1' }],
      }),
      done,
    ]
    expect(parts(...frames).map((part) => part.type)).toEqual(['reasoning', 'reasoning'])
    for (const part of parts(...frames)) expect(part).not.toHaveProperty('redacted')
  })

  it('is none where it is null or empty', () => {
    expect(
      parts(chunk({ content: 'x', reasoning: null, reasoning_content: '', reasoning_details: null }), done),
    ).toMatchObject([{ type: 'text' }])
  })
})

describe('parts', () => {
  it('end where another kind starts, and begin anew', () => {
    const frames = [
      chunk({ reasoning_content: 'a' }),
      chunk({ content: 'b' }),
      chunk({ reasoning_content: 'c' }),
      chunk({ content: 'd' }),
      call({ index: 0, id: '1', function: fn('f', '{}') }),
      chunk({ content: 'e' }),
      chunk({ refusal: 'f' }),
      finish(),
      done,
    ]
    expect(parts(...frames).map((part) => part.type)).toEqual([
      'reasoning',
      'text',
      'reasoning',
      'text',
      'tool-call',
      'text',
      'refusal',
    ])
    const open = new Set<number>()
    for (const event of events(...frames)) {
      if (event.type === 'part-start') open.add(event.part)
      if (event.type === 'part-end') open.delete(event.part)
      expect(open.size).toBeLessThanOrEqual(1)
    }
  })

  it('are not interrupted by empty text', () => {
    const frames = [chunk({ reasoning: 'a', content: '' }), chunk({ reasoning: 'b', content: '' }), done]
    expect(parts(...frames)).toMatchObject([{ type: 'reasoning', text: 'ab' }])
  })

  it('may be lists of parts, strings, and what nobody else knows', () => {
    const frames = [
      chunk({
        content: [
          { type: 'text', text: 'a' },
          'b',
          { type: 'reference', reference_ids: [1] },
          { type: 'refusal', refusal: 'no' },
        ],
      }),
      done,
    ]
    expect(parts(...frames)).toMatchObject([
      { type: 'text', text: 'ab' },
      { type: 'opaque', kind: 'reference', value: { type: 'reference', reference_ids: [1] } },
      { type: 'refusal', text: 'no' },
    ])
  })

  it('of several answers are told apart, however they interleave', () => {
    const at = (index: number, content: string): Frame => chunk({ content }, { index })
    const frames = [
      at(0, 'a'),
      at(0, 'b'),
      at(1, 'x'),
      at(1, 'y'),
      at(0, 'c'),
      at(1, 'z'),
      chunk({}, { index: 1, finish_reason: 'stop' }),
      finish('length'),
      done,
    ]
    expect(folded(...frames).outputs).toMatchObject([
      { index: 0, parts: [{ text: 'abc' }], finish: { class: 'length' } },
      { index: 1, parts: [{ text: 'xyz' }], finish: { class: 'stop' } },
    ])
  })

  it('are numbered once', () => {
    const list = events(chunk({ content: 'a' }), chunk({ content: 'b' }, { index: 1 }), chunk({ reasoning: 'c' }), done)
    const numbers = list.flatMap((event) => (event.type === 'part-start' ? [event.part] : []))
    expect(new Set(numbers).size).toBe(numbers.length)
  })

  it('carry links, also where these come first', () => {
    const link = (start: number, end: number) => ({
      type: 'url_citation',
      url_citation: { url: 'https://x', title: 't', start_index: start, end_index: end },
    })
    const frames = [
      chunk({ content: '', annotations: [link(0, 0)] }),
      chunk({ content: 'see x' }),
      chunk({ annotations: [link(4, 5)] }),
      done,
    ]
    expect(parts(...frames)).toEqual([
      {
        type: 'text',
        text: 'see x',
        citations: [
          { url: 'https://x', title: 't', value: link(0, 0) },
          { url: 'https://x', title: 't', start: 4, end: 5, value: link(4, 5) },
        ],
      },
    ])
  })

  it('carry sound piece by piece', () => {
    const frames = [
      chunk({ audio: { id: 'a', transcript: 'he' } }),
      chunk({ audio: { data: 'AA', transcript: 'y' } }),
      chunk({ audio: { expires_at: 9 } }),
      finish(),
      done,
    ]
    const list = events(...frames)
    expect(list.filter((event) => event.type === 'opaque-delta')).toHaveLength(3)
    expect(list.find((event) => event.type === 'part-start')).toMatchObject({
      opening: { type: 'opaque', kind: 'audio' },
    })
  })

  it('may be one whole message in one frame', () => {
    const whole = frame({
      id: 'c',
      choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
    })
    expect(parts(whole)).toMatchObject([{ type: 'text', text: 'hi' }])
  })

  it('are not said again by a last message that repeats them', () => {
    const again = chunk(undefined, { message: { content: 'hi' }, finish_reason: 'stop' })
    expect(parts(chunk({ content: 'hi' }), again, done)).toMatchObject([{ type: 'text', text: 'hi' }])
  })
})

describe('what only this wire knows', () => {
  it('is said once, and again when it changes', () => {
    const frames = [
      chunk(
        { content: 'a' },
        { native_finish_reason: null },
        { system_fingerprint: 'fp', obfuscation: 'xyz', p: 'abc' },
      ),
      chunk({ content: 'b' }, {}, { system_fingerprint: 'fp', service_tier: 'default' }),
      chunk({}, { finish_reason: 'stop', native_finish_reason: 'end_turn' }, { system_fingerprint: 'fp' }),
      done,
    ]
    const list = events(...frames)
    expect(list[0]).toMatchObject({ type: 'response-start', extras: { system_fingerprint: 'fp' } })
    expect(list.filter((event) => event.type === 'extras-add')).toMatchObject([
      { scope: 'response', extras: { service_tier: 'default' } },
      { scope: 'choice', extras: { native_finish_reason: 'end_turn' } },
    ])
    expect(JSON.stringify(list)).not.toMatch(/xyz|abc/)
  })

  it('has its log probabilities joined', () => {
    const token = (text: string) => ({ token: text, logprob: -1, bytes: null, top_logprobs: [] })
    const frames = [
      chunk({ content: 'a' }, { logprobs: { content: [token('a')], refusal: null } }),
      chunk({ content: 'b' }, { logprobs: { content: [token('b')], refusal: null } }),
      finish(),
      done,
    ]
    expect(folded(...frames).outputs[0]?.extras).toMatchObject({
      logprobs: { content: [token('a'), token('b')], refusal: null },
    })
  })
})

describe('an error in a stream', () => {
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }

  it.each<[string, Frame[], string]>([
    [
      'in a chunk, before anything else',
      [frame({ error: { message: 'slow down', type: 'rate_limit_error' } })],
      'upstream_rate_limited',
    ],
    [
      'in a chunk, after content',
      [chunk({ content: 'a' }), frame({ error: { message: 'x', code: 502 } })],
      'upstream_error',
    ],
    [
      'in a chunk, after the finish reason (OpenRouter)',
      [
        chunk({ content: 'a' }),
        finish('length'),
        chunk({ content: '' }, {}, { error: { code: 400, message: 'Token limit reached' } }),
      ],
      'upstream_rejected',
    ],
    [
      'on a choice',
      [chunk({ content: 'a' }), chunk({ content: '' }, { finish_reason: 'error', error: { code: 502, message: 'x' } })],
      'upstream_error',
    ],
    [
      'in a finish reason alone (OpenRouter)',
      [chunk({ content: 'a' }), chunk({ content: '' }, { finish_reason: 'error' })],
      'upstream_error',
    ],
    [
      'as an event of its own (Groq)',
      [
        {
          event: 'error',
          data: '{"error":{"message":"x","type":"invalid_request_error","code":"tool_use_failed","status_code":400}}',
        },
      ],
      'upstream_rejected',
    ],
    ['as an event of plain text', [{ event: 'error', data: 'overloaded' }], 'upstream_error'],
  ])('%s ends it', (_name, frames, code) => {
    const list = events(...frames, chunk({ content: 'more' }), done)
    expect(last(list)).toMatchObject({ type: 'error', error: { code } })
    expect(list.filter((event) => event.type === 'error' || event.type === 'response-end')).toHaveLength(1)
    expect(types(list)).not.toContain('choice-finish')
  })

  it('does not hide the usage beside it', () => {
    const list = events(chunk({ content: 'a' }), chunk({}, {}, { usage, error: { code: 400, message: 'x' } }))
    expect(types(list).slice(-2)).toEqual(['usage-report', 'error'])
  })

  it.each([null, '', {}, { message: '', code: 0 }])('is none where it is %j', (error) => {
    expect(types(events(chunk({ content: 'a' }, {}, { error }), finish(), done))).not.toContain('error')
  })
})

describe('a frame that is no chunk', () => {
  it.each<[string, string]>([
    ['broken JSON', '{"choices":['],
    ['a number', '1'],
    ['a list', '[]'],
    ['text', 'hello'],
  ])('is skipped and said to be: %s', (_name, data) => {
    const list = events(chunk({ content: 'a' }), { data }, chunk({ content: 'b' }), finish(), done)
    expect(list.filter((event) => event.type === 'event-skip')).toMatchObject([{ kind: 'malformed' }])
    expect(last(list)?.type).toBe('response-end')
  })

  it('is skipped by its name where it has one', () => {
    const list = events(chunk({ content: 'a' }), frame({ type: 'ping' }), done)
    expect(list.filter((event) => event.type === 'event-skip')).toMatchObject([{ kind: 'ping' }])
  })

  it('is a sign of life where it is empty', () => {
    expect(types(events({ data: '' }, chunk({ content: 'a' }), done))[0]).toBe('keep-alive')
  })
})
