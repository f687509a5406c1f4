// Requests of this wire into canonical form: who says what, what is kept for its own wire, and what ties it to that.
import { describe, expect, it } from 'vitest'
import { extraPath } from '../../../src/dialects/kit/extra-losses.ts'
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts'
import type { ErrorCode } from '../../../src/ir/error.ts'
import { bodyWith, decode, errorOf, wireRequest, withItems, type Json } from './support.ts'

const user = (content: unknown): Json => ({ role: 'user', content })
const call: Json = { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' }
const result: Json = { type: 'function_call_output', call_id: 'c1', output: 'done' }

describe('the input', () => {
  it('may be text alone', () => {
    expect(decode(bodyWith({ input: 'hi' })).turns).toEqual([
      { role: 'user', at: 'input', parts: [{ type: 'text', text: 'hi', at: 'input' }] },
    ])
  })

  it('may be missing, where the provider has stored it', () => {
    expect(decode({ model: 'm', previous_response_id: 'resp_1' }).turns).toEqual([])
  })

  it('may refer to a thought by its id alone, which ties it to nobody, and to anything else, which does', () => {
    const thought = withItems({ type: 'item_reference', id: 'rs_1' }, call, result)
    expect(thought.bound).toBeUndefined()
    expect(thought.turns[0]).toMatchObject({ role: 'assistant', parts: [{ type: 'opaque' }, { type: 'tool-call' }] })
    expect(withItems({ type: 'item_reference', id: 'msg_1' }).bound).toMatchObject({ param: 'input[0]' })
  })

  it('is instructions as long as it is system or developer messages, and turns from then on', () => {
    const request = decode(
      bodyWith({
        instructions: 'top',
        input: [
          { role: 'developer', content: 'first' },
          { role: 'system', content: [{ type: 'input_text', text: 'second' }] },
          user('hi'),
          { role: 'developer', content: 'later' },
        ],
      }),
    )
    expect(request.instructions).toMatchObject([
      { text: 'top', at: 'instructions' },
      { text: 'first', at: 'input[0].content' },
      { text: 'second', at: 'input[1].content[0]' },
    ])
    expect(request.turns).toMatchObject([
      { role: 'user', at: 'input[2]' },
      { role: 'system', at: 'input[3]', parts: [{ text: 'later' }] },
    ])
  })

  it('makes one turn of all that the assistant did in a row, and one of all results in a row', () => {
    const { turns } = withItems(
      user('q'),
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'think' }],
        encrypted_content: 'sealed',
      },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'wait', annotations: [] }] },
      call,
      { ...call, call_id: 'c2' },
      result,
      { ...result, call_id: 'c2' },
      user('and?'),
    )
    expect(turns.map(({ role, parts }) => [role, parts.map((part) => part.type)])).toEqual([
      ['user', ['text']],
      ['assistant', ['reasoning', 'text', 'tool-call', 'tool-call']],
      ['user', ['tool-result', 'tool-result']],
      ['user', ['text']],
    ])
    expect(turns[1]?.parts[0]).toMatchObject({ text: 'think', signature: 'sealed', at: 'input[1]' })
  })

  it('keeps two messages of a user apart', () => {
    expect(withItems(user('a'), user('b')).turns).toHaveLength(2)
  })

  it('reads every content part that has a canonical name', () => {
    const [turn] = withItems(
      user([
        { type: 'input_text', text: 't' },
        { type: 'input_image', image_url: 'data:image/png;base64,AA', detail: 'low' },
        { type: 'input_image', image_url: 'https://x/a.png' },
        { type: 'input_image', file_id: 'file_1' },
        { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,BB' },
        { type: 'input_file', filename: 'b.pdf', file_data: 'CC' },
        { type: 'input_file', file_url: 'https://x/c.pdf' },
        { type: 'input_file', file_id: 'file_2' },
        { type: 'input_audio', input_audio: { data: 'DD', format: 'wav' } },
      ]),
    ).turns
    expect(turn?.parts).toMatchObject([
      { type: 'text', text: 't', at: 'input[0].content[0]' },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' }, detail: 'low' },
      { type: 'image', source: { kind: 'url', url: 'https://x/a.png' } },
      { type: 'image', source: { kind: 'file', id: 'file_1' } },
      { type: 'file', source: { kind: 'base64', mediaType: 'application/pdf', data: 'BB' }, name: 'a.pdf' },
      { type: 'file', source: { kind: 'base64', mediaType: 'application/pdf', data: 'CC' }, name: 'b.pdf' },
      { type: 'file', source: { kind: 'url', url: 'https://x/c.pdf' } },
      { type: 'file', source: { kind: 'file', id: 'file_2' } },
      { type: 'audio', data: 'DD', format: 'wav' },
    ])
  })

  it('keeps a content part whole that it cannot read', () => {
    const [turn] = withItems(
      user([
        { type: 'input_hologram', ray: 1 },
        { type: 'input_file', file_data: 'no name' },
      ]),
    ).turns
    expect(turn?.parts).toMatchObject([
      { type: 'opaque', kind: 'input_hologram', value: { ray: 1 } },
      { type: 'opaque', kind: 'input_file' },
    ])
  })

  it('reads text of an answer with its links, and a refusal', () => {
    const link = { type: 'url_citation', url: 'https://x', title: 'X', start_index: 0, end_index: 3 }
    const [turn] = withItems({
      type: 'message',
      id: 'msg_1',
      status: 'completed',
      role: 'assistant',
      content: [
        { type: 'output_text', text: 'abc', annotations: [link] },
        { type: 'refusal', refusal: 'no' },
      ],
    }).turns
    expect(turn).toMatchObject({
      role: 'assistant',
      parts: [
        { type: 'text', text: 'abc', citations: [{ url: 'https://x', title: 'X', start: 0, end: 3, value: link }] },
        { type: 'refusal', text: 'no' },
      ],
    })
  })

  it('reads a cache breakpoint', () => {
    const [turn] = withItems(
      user([{ type: 'input_text', text: 't', prompt_cache_breakpoint: { mode: 'explicit' } }]),
    ).turns
    expect(turn?.parts[0]?.cache).toEqual({ at: 'input[0].content[0].prompt_cache_breakpoint' })
  })

  it('reads calls and results of functions and of free-text tools', () => {
    const { turns } = withItems(
      call,
      { type: 'custom_tool_call', call_id: 'c2', name: 'sql', input: 'select 1' },
      { ...result, output: [{ type: 'input_image', image_url: 'https://x/a.png' }] },
      { type: 'custom_tool_call_output', call_id: 'c2', output: 'rows' },
    )
    expect(turns[0]?.parts).toMatchObject([
      { type: 'tool-call', id: 'c1', name: 'f', input: '{"a":1}' },
      { type: 'tool-call', id: 'c2', name: 'sql', input: 'select 1', kind: 'custom' },
    ])
    expect(turns[1]?.parts).toMatchObject([
      { type: 'tool-result', callId: 'c1', parts: [{ type: 'image', at: 'input[2].output[0]' }] },
      { type: 'tool-result', callId: 'c2', parts: [{ type: 'text', text: 'rows', at: 'input[3].output' }] },
    ])
  })

  it('joins the entries of a summary, or else the raw text', () => {
    const entries = (type: string): Json[] => [
      { type, text: 'a' },
      { type, text: 'b' },
    ]
    const [first] = withItems({ type: 'reasoning', summary: entries('summary_text') }).turns
    const [second] = withItems({ type: 'reasoning', summary: [], content: entries('reasoning_text') }).turns
    expect(first?.parts[0]).toMatchObject({ type: 'reasoning', text: 'a\n\nb' })
    expect(second?.parts[0]).toMatchObject({ type: 'reasoning', text: 'a\n\nb' })
  })

  it('takes what its servers left as the assistant’s, and what only it knows beside that as the user’s', () => {
    const types = (...items: Json[]): unknown[] =>
      withItems(...items).turns.map(({ role, parts }) => [
        role,
        parts.map((part) => part.type === 'opaque' && part.kind),
      ])
    expect(
      types({ type: 'web_search_call', id: 'ws_1' }, { type: 'mcp_list_tools' }, { type: 'image_generation_call' }),
    ).toEqual([['assistant', ['web_search_call', 'mcp_list_tools', 'image_generation_call']]])
    expect(types({ type: 'tool_search_output', execution: 'server' })[0]).toEqual(['assistant', ['tool_search_output']])
    expect(types({ type: 'computer_call_output', call_id: 'c' }, { type: 'mcp_approval_response' })).toEqual([
      ['user', ['computer_call_output']],
      ['user', ['mcp_approval_response']],
    ])
    expect(types({ type: 'from_the_future' })).toEqual([['user', ['from_the_future']]])
  })
})

describe('what another wire would lose', () => {
  it('stands under its own key, at the place of its message or item', () => {
    const { turns } = withItems(
      { role: 'user', content: 'q', internal_chat_message_metadata_passthrough: { turn: 1 } },
      { role: 'assistant', content: 'a', phase: 'commentary', id: 'msg_1', status: 'completed' },
      { ...call, id: 'fc_1', namespace: 'ns' },
      { ...result, id: 'fco_1', name: 'f' },
    )
    const places = turns.flatMap(({ parts }) =>
      parts.map(({ extras = {}, at }) => Object.keys(extras).map((key) => extraPath(extras, key, at))),
    )
    expect(places).toEqual([
      ['input[0].internal_chat_message_metadata_passthrough'],
      ['input[1].phase'],
      ['input[2].namespace'],
      [],
    ])
  })

  it('is at the top what is neither canonical nor a default', () => {
    const request = decode(
      bodyWith({
        metadata: { a: 'b' },
        prompt_cache_key: 'k',
        top_logprobs: 2,
        text: { verbosity: 'low', format: { type: 'text' } },
        include: ['reasoning.encrypted_content'],
        store: false,
        background: false,
        truncation: 'disabled',
        service_tier: 'auto',
        stream_options: { include_obfuscation: false },
        tools: [],
      }),
    )
    expect(Object.keys(request.extras ?? {}).sort()).toEqual([
      'include',
      'metadata',
      'prompt_cache_key',
      'text',
      'top_logprobs',
    ])
    expect(request.extras?.['text']).toEqual({ verbosity: 'low' })
  })
})

describe('parameters', () => {
  it('are canonical where they have a name', () => {
    expect(
      decode(
        bodyWith({
          max_output_tokens: 9,
          temperature: 0.1,
          top_p: 0.2,
          parallel_tool_calls: false,
          reasoning: { effort: 'low', summary: 'auto' },
          text: { format: { type: 'json_schema', name: 'n', schema: { type: 'object' }, strict: true } },
          stream: true,
          user: 'u',
        }),
      ),
    ).toMatchObject({
      source: 'openai-responses',
      sampling: { maxOutputTokens: 9, temperature: 0.1, topP: 0.2 },
      parallelToolCalls: false,
      reasoning: { effort: 'low', extras: { summary: 'auto' } },
      output: { type: 'json-schema', name: 'n', schema: { type: 'object' }, strict: true },
      stream: true,
      user: 'u',
    })
  })

  it('say who the end user is in either member', () => {
    expect(decode(bodyWith({ safety_identifier: 's' }))).toMatchObject({ user: 's' })
    expect(decode(bodyWith({ safety_identifier: 's' })).extras).not.toHaveProperty('safety_identifier')
    expect(decode(bodyWith({ user: 'u', safety_identifier: 's' }))).toMatchObject({
      user: 'u',
      extras: { safety_identifier: 's' },
    })
  })

  it('are absent where they are null', () => {
    const request = decode(bodyWith({ temperature: null, reasoning: null, tools: null, tool_choice: null, text: null }))
    expect(request).toMatchObject({ sampling: {}, tools: [] })
    for (const key of ['reasoning', 'toolChoice', 'output', 'bound']) expect(request).not.toHaveProperty(key)
  })
})

describe('tools', () => {
  it('are functions, free-text tools, or the provider’s own', () => {
    const grammar = { type: 'grammar', syntax: 'lark', definition: 'start: "a"' }
    const namespace = { type: 'namespace', name: 'n', tools: [{ type: 'function', name: 'g' }] }
    const { tools } = decode(
      bodyWith({
        tools: [
          {
            type: 'function',
            name: 'f',
            description: 'd',
            parameters: { type: 'object' },
            strict: true,
            defer_loading: true,
          },
          { type: 'custom', name: 'sql', format: grammar },
          { type: 'web_search' },
          namespace,
        ],
      }),
    )
    expect(tools).toEqual([
      expect.objectContaining({
        type: 'function',
        name: 'f',
        description: 'd',
        schema: { type: 'object' },
        strict: true,
        at: 'tools[0]',
        extras: { defer_loading: true },
      }),
      {
        type: 'custom',
        name: 'sql',
        format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: "a"' } },
        at: 'tools[1]',
      },
      { type: 'opaque', kind: 'web_search', value: { type: 'web_search' }, at: 'tools[2]' },
      { type: 'opaque', kind: 'namespace', value: namespace, at: 'tools[3]' },
    ])
  })

  it.each<[unknown, unknown]>([
    ['auto', { mode: 'auto' }],
    ['none', { mode: 'none' }],
    ['required', { mode: 'required' }],
    [
      { type: 'function', name: 'f' },
      { mode: 'tool', name: 'f' },
    ],
    [
      { type: 'custom', name: 'f' },
      { mode: 'tool', name: 'f', kind: 'custom' },
    ],
    [{ type: 'web_search' }, { mode: 'opaque', kind: 'web_search', value: { type: 'web_search' } }],
    [
      { type: 'allowed_tools', mode: 'auto', tools: [] },
      { mode: 'opaque', kind: 'allowed_tools', value: { type: 'allowed_tools', mode: 'auto', tools: [] } },
    ],
  ])('are chosen by %j', (tool_choice, expected) => {
    expect(decode(bodyWith({ tool_choice })).toolChoice).toEqual(expected)
  })
})

describe('a request is bound to its provider by', () => {
  it.each<[string, Json, string]>([
    ['a stored answer', { previous_response_id: 'resp_1' }, 'previous_response_id'],
    ['a conversation', { conversation: { id: 'conv_1' } }, 'conversation'],
    ['a conversation by its id', { conversation: 'conv_1' }, 'conversation'],
    ['a stored prompt', { prompt: { id: 'pmpt_1' } }, 'prompt'],
    ['an answer in the background', { background: true }, 'background'],
    ['an answer to be stored', { store: true }, 'store'],
    ['a reference to an item', { input: [{ type: 'item_reference', id: 'msg_1' }] }, 'input[0]'],
    ['a reference without a type', { input: [user('a'), { id: 'msg_1' }] }, 'input[1]'],
    ['a compacted conversation', { input: [{ type: 'compaction', encrypted_content: 'x' }] }, 'input[0]'],
  ])('%s', (_name, members, param) => {
    expect(decode(bodyWith(members)).bound).toMatchObject({ param })
  })

  it.each<[string, Json]>([
    ['nothing', {}],
    ['a refusal to store', { store: false }],
    ['an answer in the foreground', { background: false }],
    ['a null', { previous_response_id: null, conversation: null, prompt: null }],
  ])('not by %s', (_name, members) => {
    expect(decode(bodyWith(members))).not.toHaveProperty('bound')
  })
})

describe('a request of the wrong shape is refused', () => {
  it.each<[string, Json, ErrorCode, string]>([
    ['an unknown role', { input: [{ role: 'tool', content: 'a' }] }, 'invalid_messages', 'input[0].role'],
    ['content that is a number', { input: [{ role: 'user', content: 5 }] }, 'invalid_messages', 'input[0].content'],
    ['a call without name', { input: [{ type: 'function_call', call_id: 'c' }] }, 'invalid_messages', 'input[0].name'],
    [
      'a result without call',
      { input: [{ type: 'function_call_output', output: 'x' }] },
      'invalid_messages',
      'input[0].call_id',
    ],
    ['a tool without type', { tools: [{ name: 'f' }] }, 'invalid_value', 'tools[0].type'],
    ['a function without name', { tools: [{ type: 'function' }] }, 'missing_required_parameter', 'tools[0].name'],
    ['a temperature in words', { temperature: 'hot' }, 'invalid_value', 'temperature'],
    ['a format without type', { text: { format: {} } }, 'invalid_value', 'text.format.type'],
    ['instructions in a list', { instructions: [] }, 'invalid_value', 'instructions'],
  ])('%s', (_name, members, code, param) => {
    expect(errorOf(openaiResponses.decodeRequest(wireRequest(bodyWith(members))))).toMatchObject({ code, param })
  })
})
