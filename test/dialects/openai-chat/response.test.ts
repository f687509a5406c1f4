// Whole answers, both ways: what they mean, what comes back, what a foreign one loses.
import { describe, expect, it } from 'vitest'
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { IrResponse, Output } from '../../../src/ir/response.ts'
import { errorOf, exchangeWith, jsonOf, valueOf, type Json } from './support.ts'

const head = { id: 'chatcmpl-1', object: 'chat.completion', created: 5, model: 'gpt-x' }

function answer(message: Json | null, choice: Json = {}, members: Json = {}): Json {
  const spoken = message === null ? {} : { message: { role: 'assistant', ...message } }
  return { ...head, choices: [{ index: 0, ...spoken, finish_reason: 'stop', ...choice }], ...members }
}

const decode = (body: unknown): IrResponse => valueOf(openaiChat.decodeResponse(body))
const output = (message: Json, choice: Json = {}): Output => decode(answer(message, choice)).outputs[0] as Output

function encode(response: IrResponse): { body: Json; losses: string[] } {
  const { body, losses } = openaiChat.encodeResponse(response, exchangeWith())
  return { body: jsonOf(body), losses: losses.map((loss) => `${loss.path} ${loss.action}`) }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => [key, withoutNulls(member)]),
  )
}

const call = (id: string, name = 'f', input: unknown = '{"a":1}'): Json => ({
  id,
  type: 'function',
  function: { name, arguments: input },
})
const link = (start: number, end: number): Json => ({
  type: 'url_citation',
  url_citation: { url: 'https://x', title: 't', start_index: start, end_index: end },
})

describe('an answer means', () => {
  it('its head, its text and its finish', () => {
    expect(decode(answer({ content: 'hi' }))).toMatchObject({
      source: 'openai-chat',
      id: 'chatcmpl-1',
      model: 'gpt-x',
      created: 5,
      outputs: [{ index: 0, parts: [{ type: 'text', text: 'hi' }], finish: { class: 'stop', raw: 'stop' } }],
    })
  })

  it.each<[string, Json, Json[]]>([
    ['nothing where content is null', { content: null }, []],
    ['nothing where content is empty', { content: '' }, []],
    [
      'tool calls',
      { content: null, tool_calls: [call('1'), call('2', 'g', '')] },
      [
        { type: 'tool-call', id: '1', name: 'f', input: '{"a":1}' },
        { type: 'tool-call', id: '2', name: 'g', input: '' },
      ],
    ],
    [
      'free-text calls',
      { tool_calls: [{ id: '1', type: 'custom', custom: { name: 'c', input: 'x' } }] },
      [{ type: 'tool-call', kind: 'custom', name: 'c', input: 'x' }],
    ],
    ['a refusal', { content: null, refusal: 'no' }, [{ type: 'refusal', text: 'no' }]],
    [
      'reasoning before text',
      { content: 'a', reasoning_content: 'r' },
      [
        { type: 'reasoning', text: 'r' },
        { type: 'text', text: 'a' },
      ],
    ],
    [
      'reasoning once, though it is spelled twice',
      { content: 'a', reasoning: 'r', reasoning_content: 'r' },
      [
        { type: 'reasoning', text: 'r' },
        { type: 'text', text: 'a' },
      ],
    ],
    [
      'signed reasoning',
      {
        content: 'a',
        reasoning_details: [{ type: 'reasoning.text', text: 'r', signature: 's', format: 'anthropic-claude-v1' }],
      },
      [{ type: 'reasoning', text: 'r', signature: 's' }, { type: 'text' }],
    ],
    [
      'thinking parts',
      {
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'r' }] },
          { type: 'text', text: 'a' },
        ],
      },
      [
        { type: 'reasoning', text: 'r' },
        { type: 'text', text: 'a' },
      ],
    ],
    [
      'audio',
      { content: null, audio: { id: 'a', data: 'AA', transcript: 't', expires_at: 1 } },
      [{ type: 'opaque', kind: 'audio', value: { id: 'a', data: 'AA', transcript: 't', expires_at: 1 } }],
    ],
    [
      'a legacy call',
      { content: null, function_call: { name: 'f', arguments: '{}' } },
      [{ type: 'tool-call', id: 'call_chatcmpl-1_0', name: 'f', input: '{}' }],
    ],
  ])('%s', (_name, message, parts) => {
    const decoded = output(message)
    expect(decoded.parts).toHaveLength(parts.length)
    expect(decoded.parts).toMatchObject(parts)
  })

  it('links on its text, with offsets where they are known', () => {
    const { parts } = output({ content: 'see x here', annotations: [link(4, 5), link(0, 0)] })
    const at = 'choices[0].message'
    expect(parts).toEqual([
      {
        type: 'text',
        text: 'see x here',
        at: `${at}.content`,
        citations: [
          { url: 'https://x', title: 't', start: 4, end: 5, value: link(4, 5), at: `${at}.annotations[0]` },
          { url: 'https://x', title: 't', value: link(0, 0), at: `${at}.annotations[1]` },
        ],
      },
    ])
  })

  it('an id of ours for a call that has none, different from those of other answers', () => {
    const ids = ['a', 'b'].map((id) => {
      const [part] = decode({ ...answer({ tool_calls: [call(''), call('')] }), id }).outputs[0]?.parts ?? []
      return part?.type === 'tool-call' ? part.id : ''
    })
    expect(ids).toEqual(['call_a_0', 'call_b_0'])
  })

  it.each<[string, Json, Json, string]>([
    ['stop with calls', { tool_calls: [call('1')] }, { finish_reason: 'stop' }, 'tool'],
    ['tool_calls without calls', { content: 'x' }, { finish_reason: 'tool_calls' }, 'stop'],
    [
      'function_call with one',
      { function_call: { name: 'f', arguments: '' } },
      { finish_reason: 'function_call' },
      'tool',
    ],
    ['empty text with calls', { tool_calls: [call('1')] }, { finish_reason: '' }, 'tool'],
    ['empty text', { content: 'x' }, { finish_reason: '' }, 'stop'],
    ['null', { content: 'x' }, { finish_reason: null }, 'stop'],
    ['eos', { content: 'x' }, { finish_reason: 'eos' }, 'stop'],
    ['length', { content: 'x' }, { finish_reason: 'length' }, 'length'],
    ['length inside a call', { tool_calls: [call('1', 'f', '{"a":')] }, { finish_reason: 'length' }, 'length'],
    ['length behind whole calls', { tool_calls: [call('1')] }, { finish_reason: 'length' }, 'tool'],
    ['content_filter', { content: '' }, { finish_reason: 'content_filter' }, 'filter'],
    ['stop with a refusal', { refusal: 'no' }, { finish_reason: 'stop' }, 'filter'],
    ['an unknown word', { content: 'x' }, { finish_reason: 'network_error' }, 'other'],
  ])('an end by its content where the finish reason is %s', (_name, message, choice, expected) => {
    expect(output(message, choice).finish?.class).toBe(expected)
  })

  it('several outputs', () => {
    const body = {
      ...head,
      choices: [
        { index: 1, message: { content: 'b' }, finish_reason: 'length' },
        { index: 0, message: { content: 'a' }, finish_reason: 'stop' },
      ],
    }
    expect(decode(body).outputs).toMatchObject([
      { index: 1, finish: { class: 'length' } },
      { index: 0, finish: { class: 'stop' } },
    ])
  })

  it('nothing by the placeholders that Snowflake fills in', () => {
    const message = {
      content: '',
      refusal: '',
      annotations: null,
      audio: { data: '', expires_at: 0, id: '', transcript: '' },
      function_call: { arguments: '', name: '' },
      tool_calls: [
        { custom: { input: '', name: '' }, function: { arguments: '{}', name: 'f' }, id: '1', type: 'function' },
      ],
    }
    const decoded = output(message, { finish_reason: '', logprobs: { content: null, refusal: null } })
    expect(decoded.parts).toMatchObject([{ type: 'tool-call', id: '1', name: 'f' }])
    for (const extras of [decoded.extras, decoded.messageExtras, decoded.parts[0]?.extras])
      expect(Object.keys(extras ?? {})).toEqual([])
  })

  it('a filtered answer where a choice has no message', () => {
    expect(decode(answer(null, { finish_reason: 'content_filter' })).outputs).toMatchObject([
      { parts: [], finish: { class: 'filter' } },
    ])
  })
})

describe('a body is no answer where', () => {
  it.each<[string, unknown, string]>([
    ['it is no object', [], 'upstream_empty'],
    ['it is nothing', undefined, 'upstream_empty'],
    ['it has no choices', {}, 'upstream_empty'],
    ['its choices are empty', { choices: [] }, 'upstream_empty'],
    ['its only choice says nothing at all', { choices: [{ index: 0 }] }, 'upstream_empty'],
    ['it hides an error', { error: { message: 'x', code: 429 } }, 'upstream_rate_limited'],
    ['a choice failed', answer({ content: '' }, { error: { code: 502, message: 'x' } }), 'upstream_error'],
  ])('%s', (_name, body, code) => {
    expect(errorOf(openaiChat.decodeResponse(body)).code).toBe(code)
    expect(errorOf(openaiChat.inspectResponse(body)).code).toBe(code)
  })
})

describe('looking at an answer', () => {
  it('reads usage, finish, model and id', () => {
    const body = answer({ content: 'x' }, {}, { usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } })
    expect(valueOf(openaiChat.inspectResponse(body))).toMatchObject({
      complete: true,
      id: 'chatcmpl-1',
      model: 'gpt-x',
      finish: { class: 'stop', raw: 'stop' },
      usage: { input: 3, output: 2 },
    })
  })

  it.each<[string, Json, Json, string]>([
    ['calls', { tool_calls: [call('1')] }, {}, 'tool'],
    ['a legacy call', { function_call: { name: 'f' } }, {}, 'tool'],
    ['no calls', { tool_calls: [] }, { finish_reason: 'tool_calls' }, 'stop'],
    ['a refusal', { refusal: 'no' }, {}, 'filter'],
  ])('sees %s behind its finish reason', (_name, message, choice, expected) => {
    expect(valueOf(openaiChat.inspectResponse(answer(message, choice))).finish?.class).toBe(expected)
  })

  it('takes a filtered choice without a message', () => {
    expect(openaiChat.inspectResponse(answer(null, { finish_reason: 'content_filter' })).ok).toBe(true)
  })
})

describe('an answer of this wire comes back as it was with', () => {
  it.each<[string, Json]>([
    ['text', answer({ content: 'x', refusal: null, annotations: [] })],
    [
      'calls',
      answer(
        {
          content: null,
          tool_calls: [call('1'), { ...call('2'), extra_content: { google: { thought_signature: 's' } } }],
        },
        { finish_reason: 'tool_calls' },
      ),
    ],
    ['an empty call id', answer({ tool_calls: [call('', 'f', '{}')] }, { finish_reason: 'tool_calls' })],
    ['a numbered call', answer({ tool_calls: [{ ...call('1'), index: 0 }] }, { finish_reason: 'tool_calls' })],
    [
      'a free-text call',
      answer(
        { tool_calls: [{ id: '1', type: 'custom', custom: { name: 'c', input: 'x' } }] },
        { finish_reason: 'tool_calls' },
      ),
    ],
    [
      'a legacy call',
      answer({ content: null, function_call: { name: 'f', arguments: '{}' } }, { finish_reason: 'function_call' }),
    ],
    ['links and files', answer({ content: 'x', annotations: [link(0, 1), { type: 'file', file: { hash: 'h' } }] })],
    ['links and no text', answer({ content: null, annotations: [link(0, 1)] })],
    ['audio', answer({ content: null, audio: { id: 'a', data: 'AA', transcript: 't', expires_at: 1 } })],
    ['a refusal', answer({ content: null, refusal: 'no' })],
    [
      'reasoning in two spellings',
      answer({
        content: 'x',
        reasoning: 'r',
        reasoning_details: [
          { type: 'reasoning.summary', summary: 'r', format: 'x' },
          { type: 'reasoning.encrypted', data: 'D', format: 'x' },
        ],
      }),
    ],
    [
      'thinking parts',
      answer({
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'r' }] },
          { type: 'text', text: 'x' },
        ],
      }),
    ],
    [
      'log probabilities',
      answer(
        { content: 'x' },
        { logprobs: { content: [{ token: 'x', logprob: -1, bytes: [120], top_logprobs: [] }], refusal: null } },
      ),
    ],
    [
      'unknown members everywhere',
      answer(
        { content: 'x', channel: 'c' },
        { native_finish_reason: 'n' },
        { service_tier: 'default', provider: 'P', x_groq: { id: 'g' } },
      ),
    ],
    [
      'usage that does not add up',
      answer(
        { content: 'x' },
        {},
        {
          usage: {
            prompt_tokens: 347,
            completion_tokens: 10,
            total_tokens: 357,
            prompt_tokens_details: { cached_tokens: 403, audio_tokens: 0 },
            cost: 0.1,
            num_sources_used: 0,
          },
        },
      ),
    ],
    [
      'placeholders',
      answer(
        { content: '', refusal: '', function_call: { name: '', arguments: '' }, audio: { id: '', expires_at: 0 } },
        { finish_reason: '', logprobs: { content: null } },
        { id: '', service_tier: '' },
      ),
    ],
    [
      'a choice without a message',
      answer(null, { finish_reason: 'content_filter', content_filter_results: { hate: { filtered: true } } }),
    ],
  ])('%s', (_name, body) => {
    const { body: back, losses } = encode(decode(body))
    expect(withoutNulls(back)).toEqual(withoutNulls(body))
    expect(losses).toEqual([])
  })
})

describe('an answer of another wire', () => {
  const foreign = (
    parts: ContentPart[],
    more: Partial<Output> = {},
    members: Partial<IrResponse> = {},
  ): IrResponse => ({
    source: 'anthropic-messages',
    outputs: [{ index: 0, parts, finish: { class: 'stop', raw: 'end_turn' }, ...more }],
    ...members,
  })
  const message = (parts: ContentPart[]): Json =>
    ((encode(foreign(parts)).body['choices'] as Json[])[0] as Json)['message'] as Json
  const finish = (more: Partial<Output>, parts: ContentPart[] = []): unknown =>
    ((encode(foreign(parts, more)).body['choices'] as Json[])[0] as Json)['finish_reason']

  it('has everything that the wire requires', () => {
    expect(encode(foreign([{ type: 'text', text: 'a' }])).body).toEqual({
      id: 'chatcmpl-req_1',
      object: 'chat.completion',
      created: 1700000000,
      model: 'target-model',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'a', refusal: null },
          logprobs: null,
          finish_reason: 'stop',
        },
      ],
    })
  })

  it('keeps id, model and time where they are known', () => {
    const body = encode(foreign([], {}, { id: 'msg_1', model: 'claude', created: 7 })).body
    expect(body).toMatchObject({ id: 'msg_1', model: 'claude', created: 7 })
  })

  it('joins its text and has null content where there is none', () => {
    expect(
      message([
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ])['content'],
    ).toBe('ab')
    expect(message([{ type: 'tool-call', id: '1', name: 'f', input: '{}' }])['content']).toBeNull()
  })

  it('has arguments that can be parsed, even where there are none', () => {
    expect(message([{ type: 'tool-call', id: '1', name: 'f', input: '' }])['tool_calls']).toEqual([
      { id: '1', type: 'function', function: { name: 'f', arguments: '{}' } },
    ])
  })

  it('shows its reasoning as text, and as entries that can be sent back', () => {
    expect(
      message([
        { type: 'reasoning', text: 'a', signature: 's' },
        { type: 'reasoning', text: '', redacted: 'R' },
        { type: 'reasoning', text: 'b' },
        { type: 'text', text: 'x' },
      ]),
    ).toMatchObject({
      content: 'x',
      reasoning_content: 'ab',
      reasoning_details: [
        { type: 'reasoning.text', text: 'a', signature: 's', index: 0 },
        { type: 'reasoning.encrypted', data: 'R', index: 1 },
        { type: 'reasoning.text', text: 'b', index: 2 },
      ],
    })
  })

  it('has links with offsets in the joined text', () => {
    const cited: ContentPart[] = [
      { type: 'text', text: 'see ' },
      {
        type: 'text',
        text: 'this',
        citations: [
          { url: 'https://x', title: 't', value: {} },
          { url: 'https://y', start: 1, end: 2, value: {} },
        ],
      },
    ]
    expect(message(cited)['annotations']).toEqual([
      { type: 'url_citation', url_citation: { url: 'https://x', title: 't', start_index: 4, end_index: 8 } },
      { type: 'url_citation', url_citation: { url: 'https://y', title: '', start_index: 5, end_index: 6 } },
    ])
  })

  it('says what it lost', () => {
    const parts: ContentPart[] = [
      { type: 'text', text: 'a', citations: [{ citedText: 'c', value: {} }] },
      { type: 'opaque', kind: 'server_tool_use', value: {} },
    ]
    const response = foreign(
      parts,
      {
        finish: { class: 'stop', raw: 'stop_sequence', stopSequence: 'END' },
        extras: { a: 1 },
        messageExtras: { b: 1 },
      },
      { extras: { container: {} }, usage: { evidence: 'reported', extras: { server_tool_use: {} } } },
    )
    expect(encode(response).losses.sort()).toEqual([
      'a dropped',
      'b dropped',
      'citations dropped',
      'container dropped',
      'server_tool_use dropped',
      'stop_sequence dropped',
      'usage.server_tool_use dropped',
    ])
  })

  it.each<[string, Partial<Output>, ContentPart[], string]>([
    ['a stop', { finish: { class: 'stop' } }, [], 'stop'],
    ['a limit', { finish: { class: 'length' } }, [], 'length'],
    ['calls', { finish: { class: 'tool' } }, [{ type: 'tool-call', id: '1', name: 'f', input: '' }], 'tool_calls'],
    [
      'calls behind a stop',
      { finish: { class: 'stop' } },
      [{ type: 'tool-call', id: '1', name: 'f', input: '' }],
      'tool_calls',
    ],
    ['a tool turn without calls', { finish: { class: 'tool', raw: 'tool_use' } }, [], 'stop'],
    ['a refusal', { finish: { class: 'filter', raw: 'refusal' } }, [], 'content_filter'],
    ['a pause', { finish: { class: 'pause', raw: 'pause_turn' } }, [], 'stop'],
    ['something else', { finish: { class: 'other', raw: 'x' } }, [], 'stop'],
  ])('ends with %s', (_name, more, parts, expected) => {
    expect(finish(more, parts)).toBe(expected)
  })

  it('has usage in this wire’s counting', () => {
    const usage = {
      input: 10,
      cacheRead: 100,
      cacheWrite: 5,
      cacheWrite1h: 2,
      output: 20,
      reasoning: 8,
      evidence: 'reported',
    } as const
    expect(encode(foreign([], {}, { usage })).body['usage']).toEqual({
      prompt_tokens: 117,
      completion_tokens: 20,
      total_tokens: 137,
      prompt_tokens_details: { cached_tokens: 100, cache_write_tokens: 7 },
      completion_tokens_details: { reasoning_tokens: 8 },
    })
  })
})
