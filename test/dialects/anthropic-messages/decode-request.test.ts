// What a request of this wire means, member by member.
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import { bodyWith, decode, errorOf, wireRequest, type Json } from './support.ts'

function partsOf(role: string, content: unknown): readonly ContentPart[] {
  return decode(bodyWith({ messages: [{ role, content }] })).turns[0]?.parts ?? []
}

describe('a content block', () => {
  const at = 'messages[0].content[0]'
  const pdf = { kind: 'base64', mediaType: 'application/pdf', data: 'AA==' } as const
  const pdfSource = { type: 'base64', media_type: 'application/pdf', data: 'AA==' }
  const cases: readonly (readonly [what: string, role: string, block: Json, part: Json])[] = [
    ['text', 'user', { type: 'text', text: 'a' }, { type: 'text', text: 'a' }],
    [
      'text with a cache breakpoint',
      'user',
      { type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } },
      { type: 'text', text: 'a', cache: { ttl: '1h', at: 'messages[0].content[0].cache_control' } },
    ],
    [
      'text with a breakpoint of default lifetime',
      'user',
      { type: 'text', text: 'a', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'a', cache: { at: 'messages[0].content[0].cache_control' } },
    ],
    [
      'text with a null breakpoint',
      'user',
      { type: 'text', text: 'a', cache_control: null },
      { type: 'text', text: 'a' },
    ],
    [
      'image in base64',
      'user',
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' } },
    ],
    [
      'image by link',
      'user',
      { type: 'image', source: { type: 'url', url: 'https://a.example/b' } },
      { type: 'image', source: { kind: 'url', url: 'https://a.example/b' } },
    ],
    [
      'image by file id',
      'user',
      { type: 'image', source: { type: 'file', file_id: 'file_1' } },
      { type: 'image', source: { kind: 'file', id: 'file_1' } },
    ],
    [
      'document in base64 with everything',
      'user',
      { type: 'document', source: pdfSource, title: 't', context: 'c', citations: { enabled: true } },
      { type: 'file', source: pdf, name: 't', context: 'c', cite: true },
    ],
    [
      'document of text',
      'user',
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'long' } },
      { type: 'file', source: { kind: 'text', mediaType: 'text/plain', text: 'long' } },
    ],
    [
      'document by link',
      'user',
      { type: 'document', source: { type: 'url', url: 'https://a.example/b.pdf' } },
      { type: 'file', source: { kind: 'url', url: 'https://a.example/b.pdf' } },
    ],
    [
      'document by file id',
      'user',
      { type: 'document', source: { type: 'file', file_id: 'f' } },
      { type: 'file', source: { kind: 'file', id: 'f' } },
    ],
    [
      'document of blocks',
      'user',
      { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'a' }] } },
      { type: 'file', source: { kind: 'parts', parts: [{ type: 'text', text: 'a', at: `${at}.source.content[0]` }] } },
    ],
    [
      'tool_use',
      'assistant',
      { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: [1, null] } },
      { type: 'tool-call', id: 'toolu_1', name: 'f', input: '{"a":[1,null]}' },
    ],
    [
      'tool_use by code execution',
      'assistant',
      { type: 'tool_use', id: 'a', name: 'f', input: {}, caller: { type: 'code_execution_20250825', tool_id: 's' } },
      {
        type: 'tool-call',
        id: 'a',
        name: 'f',
        input: '{}',
        extras: { caller: { type: 'code_execution_20250825', tool_id: 's' } },
      },
    ],
    [
      'tool_result of text',
      'user',
      { type: 'tool_result', tool_use_id: 'a', content: 'b', is_error: true },
      { type: 'tool-result', callId: 'a', parts: [{ type: 'text', text: 'b', at: `${at}.content` }], isError: true },
    ],
    [
      'tool_result of blocks',
      'user',
      {
        type: 'tool_result',
        tool_use_id: 'a',
        content: [
          { type: 'text', text: 'b' },
          { type: 'image', source: { type: 'url', url: 'https://a.example/b' } },
        ],
      },
      {
        type: 'tool-result',
        callId: 'a',
        parts: [
          { type: 'text', text: 'b', at: `${at}.content[0]` },
          { type: 'image', source: { kind: 'url', url: 'https://a.example/b' }, at: `${at}.content[1]` },
        ],
      },
    ],
    [
      'tool_result without content',
      'user',
      { type: 'tool_result', tool_use_id: 'a' },
      { type: 'tool-result', callId: 'a', parts: [] },
    ],
    [
      'thinking',
      'assistant',
      { type: 'thinking', thinking: 'hm', signature: 's' },
      { type: 'reasoning', text: 'hm', signature: 's' },
    ],
    [
      'thinking whose text was withheld',
      'assistant',
      { type: 'thinking', thinking: '', signature: 's' },
      { type: 'reasoning', text: '', signature: 's' },
    ],
    [
      'redacted_thinking',
      'assistant',
      { type: 'redacted_thinking', data: 'd' },
      { type: 'reasoning', text: '', redacted: 'd' },
    ],
  ]
  it.each(cases)('%s has its canonical part', (_what, role, block, part) => {
    expect(partsOf(role, [block])).toEqual([{ ...part, at }])
  })

  it.each([
    { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'q' } },
    { type: 'web_search_tool_result', tool_use_id: 's', content: [] },
    { type: 'mcp_tool_use', id: 'm', name: 'n', server_name: 's', input: {} },
    { type: 'container_upload', file_id: 'f' },
    { type: 'search_result', source: 's', title: 't', content: [] },
    { type: 'image', source: { type: 'hologram', id: 'h' } },
    { type: 'smell', smell: 'rose', cache_control: { type: 'ephemeral' } },
  ])('$type travels whole where it has none', (block) => {
    expect(partsOf('assistant', [block])).toEqual([{ type: 'opaque', kind: block.type, value: block, at }])
  })

  it('keeps its citations, and names the link of one to the web', () => {
    const web = {
      type: 'web_search_result_location',
      url: 'https://a.example',
      title: 'A',
      cited_text: 'x',
      encrypted_index: 'e',
    }
    const char = { type: 'char_location', cited_text: 'y', document_index: 0, start_char_index: 0, end_char_index: 1 }
    expect(partsOf('assistant', [{ type: 'text', text: 'a', citations: [web, char] }])).toMatchObject([
      { citations: [{ url: 'https://a.example', title: 'A', citedText: 'x', value: web }, { value: char }] },
    ])
  })

  it('is a text part where the content is a string', () => {
    expect(partsOf('user', 'hello')).toEqual([{ type: 'text', text: 'hello', at: 'messages[0].content' }])
  })
})

describe('the conversation', () => {
  it('has its instructions from system, as text or as blocks', () => {
    expect(decode(bodyWith({ system: 'be' })).instructions).toEqual([{ type: 'text', text: 'be', at: 'system' }])
    const system = [
      { type: 'text', text: 'be' },
      { type: 'text', text: 'kind', cache_control: { type: 'ephemeral' } },
    ]
    expect(decode(bodyWith({ system })).instructions).toEqual([
      { type: 'text', text: 'be', at: 'system[0]' },
      { type: 'text', text: 'kind', at: 'system[1]', cache: { at: 'system[1].cache_control' } },
    ])
  })

  it.each(['be brief', [{ type: 'text', text: 'be brief' }]])(
    'keeps a later system message in its place: %j',
    (content) => {
      const messages = [
        { role: 'user', content: 'a' },
        { role: 'system', content },
        { role: 'user', content: 'b' },
      ]
      expect(decode(bodyWith({ messages })).turns.map(({ role, at }) => [role, at])).toEqual([
        ['user', 'messages[0]'],
        ['system', 'messages[1]'],
        ['user', 'messages[2]'],
      ])
    },
  )
})

describe('the parameters', () => {
  const cases: readonly (readonly [what: string, members: Json, decoded: Partial<IrRequest>])[] = [
    ['max_tokens', { max_tokens: 7 }, { sampling: { maxOutputTokens: 7 } }],
    [
      'sampling',
      { temperature: 0.5, top_p: 0.9, top_k: 5, stop_sequences: ['a', 'b'] },
      { sampling: { maxOutputTokens: 100, temperature: 0.5, topP: 0.9, topK: 5, stop: ['a', 'b'] } },
    ],
    ['stream', { stream: true }, { stream: true }],
    ['metadata.user_id', { metadata: { user_id: 'u' } }, { user: 'u' }],
    [
      'thinking with a budget',
      { thinking: { type: 'enabled', budget_tokens: 2000 } },
      { reasoning: { mode: 'enabled', budgetTokens: 2000 } },
    ],
    ['thinking switched off', { thinking: { type: 'disabled' } }, { reasoning: { mode: 'disabled' } }],
    [
      'adaptive thinking with an effort',
      { thinking: { type: 'adaptive', display: 'omitted' }, output_config: { effort: 'max' } },
      { reasoning: { mode: 'adaptive', effort: 'max', extras: { display: 'omitted' } } },
    ],
    ['an effort alone', { output_config: { effort: 'low' } }, { reasoning: { effort: 'low' } }],
    [
      'a schema',
      { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      { output: { type: 'json-schema', schema: { type: 'object' } } },
    ],
    [
      'a schema of the beta',
      { output_format: { type: 'json_schema', schema: { type: 'object' } } },
      { output: { type: 'json-schema', schema: { type: 'object' } } },
    ],
    ['tool_choice auto', { tool_choice: { type: 'auto' } }, { toolChoice: { mode: 'auto' } }],
    ['tool_choice none', { tool_choice: { type: 'none' } }, { toolChoice: { mode: 'none' } }],
    [
      'tool_choice any, one at a time',
      { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
      { toolChoice: { mode: 'required' }, parallelToolCalls: false },
    ],
    [
      'tool_choice tool, several at a time',
      { tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: false } },
      { toolChoice: { mode: 'tool', name: 'f' }, parallelToolCalls: true },
    ],
    [
      'a tool_choice nobody knows',
      { tool_choice: { type: 'dice', sides: 6 } },
      { toolChoice: { mode: 'opaque', kind: 'dice', value: { type: 'dice', sides: 6 } } },
    ],
    [
      'everything else',
      {
        service_tier: 'auto',
        context_management: { edits: [] },
        mcp_servers: [{ name: 'a' }],
        container: 'c',
        output_config: { effort: 'low', task_budget: { type: 'tokens', total: 5 } },
        thinking: { type: 'psychic', level: 3 },
      },
      {
        reasoning: { effort: 'low' },
        extras: {
          service_tier: 'auto',
          context_management: { edits: [] },
          mcp_servers: [{ name: 'a' }],
          container: 'c',
          output_config: { task_budget: { type: 'tokens', total: 5 } },
          thinking: { type: 'psychic', level: 3 },
        },
      },
    ],
  ]
  it.each(cases)('%s', (_what, members, decoded) => {
    expect(decode(bodyWith(members))).toMatchObject(decoded)
  })

  it('leave nothing behind that another wire would have to report where nothing else was said', () => {
    const members = {
      stream: false,
      metadata: { user_id: 'u' },
      tools: [{ type: 'custom', name: 'f', input_schema: { type: 'object' } }],
      tool_choice: { type: 'auto', disable_parallel_tool_use: false },
      output_format: { type: 'json_schema', schema: {} },
      output_config: { effort: 'low', format: null },
      service_tier: null,
    }
    const request = decode(bodyWith(members))
    expect(Object.keys(request.extras ?? {})).toEqual([])
    expect(request.tools.flatMap((tool) => ('extras' in tool ? Object.keys(tool.extras ?? {}) : []))).toEqual([])
  })
})

describe('a tool', () => {
  const schema = { type: 'object', properties: { a: { type: 'string' } } }

  it.each([{}, { type: 'custom' }, { type: null }])('of the client is a function, as %j', (type) => {
    const tool = { ...type, name: 'f', description: 'd', input_schema: schema, strict: true, defer_loading: true }
    expect(decode(bodyWith({ tools: [tool] })).tools).toMatchObject([
      {
        type: 'function',
        name: 'f',
        description: 'd',
        schema,
        strict: true,
        extras: { defer_loading: true },
        at: 'tools[0]',
      },
    ])
  })

  it('keeps its cache breakpoint', () => {
    const tools = [{ name: 'f', input_schema: schema, cache_control: { type: 'ephemeral', ttl: '5m' } }]
    expect(decode(bodyWith({ tools })).tools).toMatchObject([{ cache: { ttl: '5m' } }])
  })

  it.each(['web_search_20250305', 'computer_20251124', 'mcp_toolset'])('of the provider travels whole: %s', (type) => {
    const tool = { type, name: 'n', max_uses: null }
    expect(decode(bodyWith({ tools: [tool] })).tools).toEqual([
      { type: 'opaque', kind: type, value: tool, at: 'tools[0]' },
    ])
  })
})

describe('a shape that is not of this wire is refused with its path', () => {
  const { max_tokens: _maxTokens, ...withoutLimit } = bodyWith()
  const content = (block: unknown): Json => bodyWith({ messages: [{ role: 'user', content: [block] }] })
  const cases: readonly (readonly [what: string, body: unknown, code: string, param: string])[] = [
    ['max_tokens, which this wire requires', withoutLimit, 'missing_required_parameter', 'max_tokens'],
    ['a role', bodyWith({ messages: [{ role: 'root', content: 'a' }] }), 'invalid_messages', 'messages[0].role'],
    [
      'content that is null',
      bodyWith({ messages: [{ role: 'user', content: null }] }),
      'invalid_messages',
      'messages[0].content',
    ],
    ['a block that is text', content('a'), 'invalid_messages', 'messages[0].content[0]'],
    ['a block without a type', content({ text: 'a' }), 'invalid_messages', 'messages[0].content[0]'],
    ['a text that is a number', content({ type: 'text', text: 1 }), 'invalid_messages', 'messages[0].content[0].text'],
    ['an image without a source', content({ type: 'image' }), 'invalid_messages', 'messages[0].content[0].source'],
    [
      'a block inside a tool result',
      content({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text' }] }),
      'invalid_messages',
      'messages[0].content[0].content[0].text',
    ],
    ['a tool without a name', bodyWith({ tools: [{ input_schema: {} }] }), 'invalid_value', 'tools[0].name'],
    ['a temperature that is text', bodyWith({ temperature: 'hot' }), 'invalid_value', 'temperature'],
    ['system that is a number', bodyWith({ system: 5 }), 'invalid_value', 'system'],
    ['a block of system', bodyWith({ system: [{ type: 'text', text: 3 }] }), 'invalid_value', 'system[0].text'],
  ]
  it.each(cases)('%s', (_what, body, code, param) => {
    const error = errorOf(anthropicMessages.decodeRequest(wireRequest(body)))
    expect({ code: error.code, param: error.param }).toEqual({ code, param })
    expect(error.message).toContain(param)
  })
})
