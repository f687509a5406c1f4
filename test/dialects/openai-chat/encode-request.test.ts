// A request of another wire on this one: what is mapped, what is approximated, what is lost, what is refused.
import { describe, expect, it } from 'vitest'
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { IrRequest, ReasoningRequest, Tool, ToolChoice, Turn } from '../../../src/ir/request.ts'
import { encode, errorOf, foreignRequest, sent, translated, type Json } from './support.ts'

const text = (value: string): ContentPart => ({ type: 'text', text: value })
const user = (...parts: ContentPart[]): Turn => ({ role: 'user', parts, at: 'messages[0]' })
const assistant = (...parts: ContentPart[]): Turn => ({ role: 'assistant', parts, at: 'messages[1]' })
const call = (id: string, name = 'f', input = '{"a":1}'): ContentPart => ({ type: 'tool-call', id, name, input })
const result = (callId: string, parts: ContentPart[], more: Partial<ContentPart> = {}): ContentPart =>
  ({ type: 'tool-result', callId, parts, at: 'messages[2].content[0]', ...more }) as ContentPart
const fn = (name: string, more: Partial<Tool> = {}): Tool => ({ type: 'function', name, ...more }) as Tool

function turns(...list: Turn[]): { messages: Json[]; losses: string[] } {
  return translated({ turns: list })
}

function refusalOf(members: Partial<IrRequest>): { code: string; param: string | undefined } {
  const error = errorOf(openaiChat.encodeRequest(foreignRequest(members), { model: 'm' }))
  return { code: error.code, param: error.param }
}

describe('parameters', () => {
  it.each<[string, Partial<IrRequest>, Json]>([
    ['the limit', { sampling: { maxOutputTokens: 9 } }, { max_completion_tokens: 9 }],
    ['sampling', { sampling: { temperature: 0.5, topP: 0.9, seed: 3 } }, { temperature: 0.5, top_p: 0.9, seed: 3 }],
    [
      'penalties',
      { sampling: { frequencyPenalty: 1, presencePenalty: 2 } },
      { frequency_penalty: 1, presence_penalty: 2 },
    ],
    ['stop sequences', { sampling: { stop: ['a', 'b'] } }, { stop: ['a', 'b'] }],
    ['the end user', { user: 'u' }, { user: 'u' }],
    ['a stream, always with usage', { stream: true }, { stream: true, stream_options: { include_usage: true } }],
    [
      'a schema',
      { output: { type: 'json-schema', schema: { type: 'object' } } },
      { response_format: { type: 'json_schema', json_schema: { name: 'response', schema: { type: 'object' } } } },
    ],
  ])('map %s', (_name, members, expected) => {
    const { body, losses } = translated(members)
    expect(body).toMatchObject(expected)
    expect(losses).toEqual([])
  })

  it('that were not said are not sent', () => {
    expect(translated({}).body).toEqual({ model: 'claude', messages: [{ role: 'user', content: 'hi' }] })
  })

  it.each<[string, Partial<IrRequest>, string[]]>([
    ['top_k', { sampling: { topK: 4 } }, ['top_k dropped']],
    ['more than four stop sequences', { sampling: { stop: ['1', '2', '3', '4', '5'] } }, ['stop_sequences dropped']],
    [
      'unknown members',
      { extras: { context_management: {}, container: 'c' } },
      ['context_management dropped', 'container dropped'],
    ],
  ])('lose %s', (_name, members, losses) => {
    expect(translated(members).losses).toEqual(losses)
  })

  it('keep the first four stop sequences', () => {
    expect(translated({ sampling: { stop: ['1', '2', '3', '4', '5'] } }).body['stop']).toEqual(['1', '2', '3', '4'])
  })
})

describe('reasoning', () => {
  it.each<[string, ReasoningRequest, string | undefined, string[]]>([
    ['an effort', { effort: 'xhigh' }, 'xhigh', []],
    ['an effort beside adaptive thinking', { mode: 'adaptive', effort: 'low' }, 'low', []],
    [
      'an effort before a budget',
      { mode: 'enabled', budgetTokens: 99_000, effort: 'low' },
      'low',
      ['thinking.budget_tokens dropped'],
    ],
    ['a budget of 32000', { mode: 'enabled', budgetTokens: 32_000 }, 'high', ['thinking.budget_tokens approximated']],
    [
      'a budget just below',
      { mode: 'enabled', budgetTokens: 31_999 },
      'medium',
      ['thinking.budget_tokens approximated'],
    ],
    ['a budget of 16000', { mode: 'enabled', budgetTokens: 16_000 }, 'medium', ['thinking.budget_tokens approximated']],
    ['a small budget', { mode: 'enabled', budgetTokens: 1024 }, 'low', ['thinking.budget_tokens approximated']],
    ['no thinking', { mode: 'disabled' }, undefined, ['thinking approximated']],
    [
      'an effort without thinking',
      { mode: 'disabled', effort: 'high' },
      undefined,
      ['thinking approximated', 'output_config.effort dropped'],
    ],
    ['adaptive thinking', { mode: 'adaptive' }, undefined, []],
    ['thinking of no said size', { mode: 'enabled' }, undefined, ['thinking dropped']],
    ['unknown members', { effort: 'low', extras: { display: 'omitted' } }, 'low', ['thinking.display dropped']],
  ])('maps %s', (_name, reasoning, effort, losses) => {
    const { body, losses: lost } = translated({ reasoning })
    expect(body['reasoning_effort']).toBe(effort)
    expect(lost).toEqual(losses)
  })
})

describe('instructions', () => {
  it('are one message, a string where they are one text', () => {
    expect(translated({ instructions: [text('a')] }).messages[0]).toEqual({ role: 'system', content: 'a' })
  })

  it('keep their parts', () => {
    const { messages } = translated({ instructions: [text('a'), text('b')] })
    expect(messages.map((message) => message['role'])).toEqual(['system', 'user'])
    expect(messages[0]?.['content']).toEqual([
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ])
  })

  it('in the middle stay there', () => {
    const { messages, losses } = turns(user(text('a')), { role: 'system', parts: [text('b')] }, user(text('c')))
    expect(messages.map((message) => message['role'])).toEqual(['user', 'system', 'user'])
    expect(losses).toEqual([])
  })

  it('can only be text', () => {
    const image: ContentPart = { type: 'image', source: { kind: 'url', url: 'https://x' }, at: 'system[0]' }
    expect(refusalOf({ instructions: [image] })).toEqual({ code: 'unsupported_content', param: 'system[0]' })
  })
})

describe('what a user sends', () => {
  it.each<[string, ContentPart, Json]>([
    [
      'an inline image',
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' } },
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AA' } },
    ],
    [
      'an image by link',
      { type: 'image', source: { kind: 'url', url: 'https://x/y' }, detail: 'low' },
      { type: 'image_url', image_url: { url: 'https://x/y', detail: 'low' } },
    ],
    [
      'sound',
      { type: 'audio', format: 'wav', data: 'AA' },
      { type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } },
    ],
    [
      'a document',
      { type: 'file', source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA' }, name: 'a' },
      { type: 'file', file: { filename: 'a', file_data: 'data:application/pdf;base64,AA' } },
    ],
    [
      'a nameless document',
      { type: 'file', source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA' } },
      { type: 'file', file: { filename: 'document.pdf', file_data: 'data:application/pdf;base64,AA' } },
    ],
  ])('is mapped: %s', (_name, part, expected) => {
    const { messages, losses } = turns(user(part))
    expect(messages[0]).toEqual({ role: 'user', content: [expected] })
    expect(losses).toEqual([])
  })

  it.each<[string, ContentPart, Json[], string[]]>([
    [
      'a text document',
      { type: 'file', at: 'p', source: { kind: 'text', mediaType: 'text/plain', text: 't' } },
      [{ type: 'text', text: 't' }],
      ['p approximated'],
    ],
    [
      'a document in parts',
      {
        type: 'file',
        at: 'p',
        source: { kind: 'parts', parts: [text('t'), { type: 'image', source: { kind: 'url', url: 'https://x' } }] },
      },
      [
        { type: 'text', text: 't' },
        { type: 'image_url', image_url: { url: 'https://x' } },
      ],
      ['p approximated'],
    ],
    [
      'what is said about a document',
      {
        type: 'file',
        at: 'p',
        source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA' },
        name: 'n',
        context: 'c',
        cite: true,
      },
      [
        { type: 'text', text: 'c' },
        { type: 'file', file: { filename: 'n', file_data: 'data:application/pdf;base64,AA' } },
      ],
      ['p.context approximated', 'p.citations dropped'],
    ],
  ])('is approximated: %s', (_name, part, content, losses) => {
    const { messages, losses: lost } = turns(user(text('x'), part))
    expect(messages[0]?.['content']).toEqual([{ type: 'text', text: 'x' }, ...content])
    expect(lost).toEqual(losses)
  })

  it.each<[string, ContentPart]>([
    [
      'an image at another provider',
      { type: 'image', source: { kind: 'file', id: 'f' }, at: 'messages[0].content[1]' },
    ],
    [
      'a document at another provider',
      { type: 'file', source: { kind: 'file', id: 'f' }, at: 'messages[0].content[1]' },
    ],
    ['a document by link', { type: 'file', source: { kind: 'url', url: 'https://x' }, at: 'messages[0].content[1]' }],
    [
      'a block nobody else knows',
      { type: 'opaque', kind: 'container_upload', value: {}, at: 'messages[0].content[1]' },
    ],
  ])('is refused: %s', (_name, part) => {
    expect(refusalOf({ turns: [user(text('x'), part)] })).toEqual({
      code: 'unsupported_content',
      param: 'messages[0].content[1]',
    })
  })

  it('loses its cache breakpoints and unknown members, each with its path', () => {
    const part: ContentPart = {
      ...text('a'),
      at: 'messages[0].content[0]',
      cache: { ttl: '1h' },
      extras: { weight: 1 },
    } as ContentPart
    expect(turns({ ...user(part), extras: { name: 'n' } }).losses.sort()).toEqual([
      'messages[0].content[0].cache_control dropped',
      'messages[0].content[0].weight dropped',
      'messages[0].name dropped',
    ])
  })

  it('has no empty text beside other content', () => {
    expect(turns(user(text(''), text('a'))).messages[0]?.['content']).toBe('a')
    expect(turns(user(text(''))).messages[0]?.['content']).toBe('')
  })
})

describe('tool results', () => {
  it('are messages of their own, before the rest of the turn', () => {
    const { messages } = turns(
      user(text('a'), result('1', [text('r')]), result('2', [text('s'), text('t')]), text('b')),
    )
    expect(messages).toEqual([
      { role: 'tool', tool_call_id: '1', content: 'r' },
      {
        role: 'tool',
        tool_call_id: '2',
        content: [
          { type: 'text', text: 's' },
          { type: 'text', text: 't' },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      },
    ])
  })

  it('without content are empty', () => {
    expect(turns(user(result('1', []))).messages).toEqual([{ role: 'tool', tool_call_id: '1', content: '' }])
  })

  it('that failed keep their text', () => {
    const { messages, losses } = turns(user(result('1', [text('boom')], { isError: true } as Partial<ContentPart>)))
    expect(messages[0]?.['content']).toBe('boom')
    expect(losses).toEqual(['messages[2].content[0].is_error approximated'])
  })

  it('have their media moved into the user message that follows', () => {
    const image: ContentPart = {
      type: 'image',
      source: { kind: 'url', url: 'https://x' },
      at: 'messages[2].content[0].content[1]',
    }
    const { messages, losses } = turns(user(result('1', [text('r'), image]), text('b')))
    expect(messages).toEqual([
      { role: 'tool', tool_call_id: '1', content: 'r' },
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: 'https://x' } },
          { type: 'text', text: 'b' },
        ],
      },
    ])
    expect(losses).toEqual(['messages[2].content[0].content[1] approximated'])
  })

  it('with content that nobody else knows are refused', () => {
    const part: ContentPart = {
      type: 'opaque',
      kind: 'search_result',
      value: {},
      at: 'messages[2].content[0].content[0]',
    }
    expect(refusalOf({ turns: [user(result('1', [part]))] }).param).toBe('messages[2].content[0].content[0]')
  })
})

describe('what an assistant said', () => {
  it('is text and calls', () => {
    const { messages, losses } = turns(
      user(text('a')),
      assistant(text('b'), call('1'), call('2', 'g', '')),
      user(result('1', []), result('2', [])),
    )
    expect(messages[1]).toEqual({
      role: 'assistant',
      content: 'b',
      tool_calls: [
        { id: '1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
        { id: '2', type: 'function', function: { name: 'g', arguments: '{}' } },
      ],
    })
    expect(losses).toEqual([])
  })

  it('has null content where there are only calls', () => {
    expect(turns(user(text('a')), assistant(call('1')), user(text('c'))).messages[1]?.['content']).toBeNull()
  })

  it('loses its reasoning and what a server did', () => {
    const { messages, losses } = turns(
      user(text('a')),
      assistant(
        { type: 'reasoning', text: 'r', at: 'messages[1].content[0]' },
        { type: 'opaque', kind: 'server_tool_use', value: {}, at: 'messages[1].content[1]' },
        text('b'),
      ),
      user(text('c')),
    )
    expect(messages[1]).toEqual({ role: 'assistant', content: 'b' })
    expect(losses).toEqual(['messages[1].content[1] dropped', 'messages[1].content[0] dropped'])
  })

  it('keeps the reasoning that a provider of this wire has signed', () => {
    const signed: ContentPart = { type: 'reasoning', text: 'r', signature: 's' }
    const { messages, losses } = turns(user(text('a')), assistant(signed, text('b')), user(text('c')))
    const details = [{ type: 'reasoning.text', index: 0, text: 'r', signature: 's' }]
    expect(messages[1]).toEqual({ role: 'assistant', content: 'b', reasoning_details: details })
    expect(losses).toEqual([])
  })

  it('is no message where nothing of it is left', () => {
    const reasoning: ContentPart = { type: 'reasoning', text: 'r', at: 'messages[1].content[0]' }
    const { messages } = turns(user(text('a')), assistant(reasoning), user(text('c')))
    expect(messages.map((message) => message['role'])).toEqual(['user', 'user'])
  })

  it('loses its citations', () => {
    const cited: ContentPart = { type: 'text', text: 'b', at: 'messages[1].content[0]', citations: [{ value: {} }] }
    expect(turns(user(text('a')), assistant(cited), user(text('c'))).losses).toEqual([
      'messages[1].content[0].citations dropped',
    ])
  })

  it('at the end is sent, although the provider will not go on with it', () => {
    const { messages, losses } = turns(user(text('a')), assistant(text('{')))
    expect(messages[1]).toEqual({ role: 'assistant', content: '{' })
    expect(losses).toEqual(['messages[1] approximated'])
  })

  it('cannot hold media', () => {
    const image: ContentPart = {
      type: 'image',
      source: { kind: 'url', url: 'https://x' },
      at: 'messages[1].content[0]',
    }
    expect(refusalOf({ turns: [user(text('a')), assistant(image)] }).param).toBe('messages[1].content[0]')
  })
})

describe('tools', () => {
  it('have legal names everywhere, and a map back', () => {
    const long = 'x'.repeat(70)
    const encoded = encode(
      foreignRequest({
        tools: [fn('fine-1'), fn('files.read'), fn(long)],
        toolChoice: { mode: 'tool', name: 'files.read' },
        turns: [user(text('a')), assistant(call('1', 'files.read')), user(result('1', [text('r')]))],
      }),
    )
    const body = sent(encoded)
    const names = (body['tools'] as Json[]).map((tool) => (tool['function'] as Json)['name'] as string)
    expect(names[0]).toBe('fine-1')
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    expect(new Set(names).size).toBe(3)
    expect(encoded.toolNames).toEqual(
      new Map([
        [names[1], 'files.read'],
        [names[2], long],
      ]),
    )
    expect(body['tool_choice']).toEqual({ type: 'function', function: { name: names[1] } })
    expect(JSON.stringify(body['messages'])).toContain(names[1])
    expect(JSON.stringify(body)).not.toContain('files.read')
  })

  it('have ids that the provider takes, the same on call and result', () => {
    const id = `toolu_${'x'.repeat(60)}`
    const { messages } = turns(user(text('a')), assistant(call(id)), user(result(id, [text('r')])))
    const [sentCall] = (messages[1]?.['tool_calls'] ?? []) as Json[]
    const sentId = String(sentCall?.['id'])
    expect(sentId.length).toBeLessThanOrEqual(40)
    expect(messages[2]?.['tool_call_id']).toBe(sentId)
  })

  it('list their properties, even where there are none', () => {
    const { body } = translated({ tools: [fn('f', { schema: { type: 'object' } }), fn('g')] })
    expect(body['tools']).toEqual([
      { type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } },
      { type: 'function', function: { name: 'g' } },
    ])
  })

  it('lose breakpoints and unknown members', () => {
    const tool = fn('f', { at: 'tools[0]', cache: {}, extras: { defer_loading: true } })
    expect(translated({ tools: [tool] }).losses).toEqual([
      'tools[0].defer_loading dropped',
      'tools[0].cache_control dropped',
    ])
  })

  it('of another provider are left out', () => {
    const search: Tool = { type: 'opaque', kind: 'web_search_20250305', value: {}, at: 'tools[0]' }
    const { body, losses } = translated({ tools: [search, fn('f')], toolChoice: { mode: 'auto' } })
    expect(body['tools']).toHaveLength(1)
    expect(losses).toEqual(['tools[0] dropped'])
  })

  it('of another provider are refused where one must be called', () => {
    const search: Tool = { type: 'opaque', kind: 'web_search', value: { name: 'web_search' }, at: 'tools[0]' }
    const expected = { code: 'unsupported_content', param: 'tool_choice' }
    expect(refusalOf({ tools: [search, fn('f')], toolChoice: { mode: 'tool', name: 'web_search' } })).toEqual(expected)
    expect(refusalOf({ tools: [search], toolChoice: { mode: 'required' } })).toEqual(expected)
  })

  it.each<[ToolChoice, unknown]>([
    [{ mode: 'auto' }, 'auto'],
    [{ mode: 'none' }, 'none'],
    [{ mode: 'required' }, 'required'],
    [
      { mode: 'tool', name: 'f' },
      { type: 'function', function: { name: 'f' } },
    ],
    [
      { mode: 'tool', name: 'f', kind: 'custom' },
      { type: 'custom', custom: { name: 'f' } },
    ],
    [{ mode: 'opaque', kind: 'x', value: {} }, undefined],
  ])('are chosen: %j', (toolChoice, expected) => {
    const { body, losses } = translated({ tools: [fn('f')], toolChoice })
    expect(body['tool_choice']).toEqual(expected)
    expect(body['tools']).toHaveLength(1)
    expect(losses).toEqual(expected === undefined ? ['tool_choice dropped'] : [])
  })

  it('are not called in parallel where the client does not want it', () => {
    expect(translated({ tools: [fn('f')], parallelToolCalls: false }).body).toMatchObject({
      parallel_tool_calls: false,
    })
  })

  it('are not chosen among where there are none', () => {
    const { body } = translated({ toolChoice: { mode: 'auto' }, parallelToolCalls: false })
    expect(body).not.toHaveProperty('tool_choice')
    expect(body).not.toHaveProperty('parallel_tool_calls')
  })
})
