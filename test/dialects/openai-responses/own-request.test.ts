// A request that came in on this wire and goes out on it says the same: nothing lost, every item as it was.
import { describe, expect, it } from 'vitest'
import { bodyWith, decode, encode, sent, type Json } from './support.ts'

/** A member that is null is absent. */
function normalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalised)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => [key, normalised(member)]),
  )
}

const user = (content: unknown): Json => ({ role: 'user', content })
const items = (...list: Json[]): Json => ({ input: list })
const call: Json = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }

describe('a request comes back as it was with', () => {
  it.each<[string, Json]>([
    ['nothing special', {}],
    ['text as its input', { input: 'hi' }],
    ['no input', { input: undefined, previous_response_id: 'resp_1' }],
    [
      'all parameters',
      {
        instructions: 'i',
        max_output_tokens: 5,
        max_tool_calls: 2,
        temperature: 0.1,
        top_p: 0.2,
        top_logprobs: 3,
        parallel_tool_calls: true,
        tool_choice: 'auto',
        reasoning: { effort: 'low', summary: 'detailed', context: 'auto' },
        text: { format: { type: 'json_object' }, verbosity: 'low' },
        stream: true,
        stream_options: { include_obfuscation: false },
        store: true,
        background: false,
        include: ['reasoning.encrypted_content', 'web_search_call.action.sources'],
        metadata: { a: 'b' },
        prompt_cache_key: 'k',
        service_tier: 'flex',
        truncation: 'auto',
        user: 'u',
        safety_identifier: 's',
        context_management: [{ type: 'compaction', compact_threshold: 1000 }],
        client_metadata: { 'x-agent': '1' },
      },
    ],
    ['an identifier of its end user', { safety_identifier: 's' }],
    ['a schema', { text: { format: { type: 'json_schema', name: 'n', description: 'd', schema: {}, strict: false } } }],
    ['a format that nobody knows', { text: { format: { type: 'grammar', syntax: 'lark' } } }],
    ['empty records', { text: {}, reasoning: {}, tools: [], metadata: {} }],
    ['a declined stream', { stream: false }],
    ['an empty instruction', { instructions: '' }],
    ['a stored conversation', { conversation: 'conv_1' }],
    ['a stored prompt', { prompt: { id: 'p', variables: { a: 'b' } } }],
    ['an answer in the background', { background: true }],
    [
      'system and developer messages',
      items({ role: 'developer', content: 'a' }, { role: 'system', content: [] }, user('q')),
    ],
    ['a developer message in the middle', items(user('q'), { type: 'message', role: 'developer', content: 'a' })],
    [
      'messages as text and as lists, with and without a type',
      items(
        user('a'),
        { type: 'message', ...user([{ type: 'input_text', text: 'b' }]) },
        { role: 'assistant', content: 'c' },
        user(''),
        user([]),
      ),
    ],
    [
      'all kinds of content',
      items(
        user([
          { type: 'input_text', text: 'a', prompt_cache_breakpoint: { mode: 'explicit' } },
          { type: 'input_image', image_url: 'data:image/png;base64,AA', detail: 'high' },
          { type: 'input_image', file_id: 'file_1', detail: 'auto' },
          { type: 'input_image', image_url: 'https://x/a.png' },
          { type: 'input_file', file_id: 'file_2', detail: 'low' },
          { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,AA' },
          { type: 'input_file', filename: 'b.pdf', file_data: 'BB' },
          { type: 'input_file', filename: 'c.txt', file_data: 'CC' },
          { type: 'input_file', file_url: 'https://x/c.pdf' },
          { type: 'input_audio', input_audio: { data: 'AA', format: 'mp3' } },
          { type: 'input_hologram', ray: { a: 1 } },
        ]),
      ),
    ],
    [
      'the items of an answer',
      items(
        user('q'),
        {
          type: 'reasoning',
          id: 'rs_1',
          summary: [
            { type: 'summary_text', text: 'a' },
            { type: 'summary_text', text: 'b' },
          ],
          content: [],
          encrypted_content: 'sealed',
          status: 'completed',
        },
        {
          type: 'message',
          id: 'msg_1',
          role: 'assistant',
          status: 'completed',
          phase: 'commentary',
          content: [
            {
              type: 'output_text',
              text: 'abc',
              annotations: [{ type: 'file_citation', file_id: 'f', filename: 'a', index: 1 }],
              logprobs: [],
            },
            { type: 'refusal', refusal: 'no' },
          ],
        },
        { ...call, id: 'fc_1', status: 'completed', namespace: 'ns', caller: { type: 'direct' } },
        { type: 'custom_tool_call', id: 'ctc_1', call_id: 'd', name: 'sql', input: 'select' },
        { type: 'function_call_output', id: 'fco_1', call_id: 'c', output: 'x', status: 'completed' },
        { type: 'custom_tool_call_output', call_id: 'd', output: [{ type: 'input_text', text: 'rows' }] },
      ),
    ],
    ['raw reasoning', items({ type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'r' }] })],
    ['an output that is no text', items(call, { type: 'function_call_output', call_id: 'c', output: { a: [1] } })],
    ['arguments that are no text', items({ ...call, arguments: { a: 1 } })],
    ['an empty output', items(call, { type: 'function_call_output', call_id: 'c', output: '' })],
    [
      'items that only this wire knows',
      items(
        { type: 'web_search_call', id: 'ws_1', status: 'completed', action: { type: 'search', query: 'q' } },
        { type: 'mcp_call', id: 'm', name: 'n', arguments: '{}', output: 'o' },
        { type: 'local_shell_call_output', id: 's', output: 'o' },
        { type: 'item_reference', id: 'msg_1' },
        { id: 'msg_2' },
        { type: 'compaction', encrypted_content: 'x' },
        { type: 'from_the_future', a: { b: null } },
      ),
    ],
    [
      'all kinds of tools',
      {
        tools: [
          { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' }, strict: true },
          { type: 'function', name: 'g', parameters: {}, defer_loading: true, output_schema: { type: 'object' } },
          {
            type: 'custom',
            name: 'sql',
            description: 'd',
            format: { type: 'grammar', syntax: 'lark', definition: 'x' },
          },
          { type: 'custom', name: 'free', format: { type: 'text' } },
          { type: 'web_search', filters: { allowed_domains: ['x'] } },
          { type: 'namespace', name: 'n', description: 'd', tools: [{ type: 'function', name: 'h' }] },
          { type: 'mcp', server_label: 'l', server_url: 'https://x', require_approval: 'never' },
        ],
      },
    ],
    ['a forced function', { tool_choice: { type: 'function', name: 'f' } }],
    ['a forced free-text tool', { tool_choice: { type: 'custom', name: 'f' } }],
    ['a forced tool of the provider', { tool_choice: { type: 'file_search' } }],
    ['allowed tools', { tool_choice: { type: 'allowed_tools', mode: 'required', tools: [{ type: 'web_search' }] } }],
  ])('%s', (_name, members) => {
    const body = bodyWith(members)
    const encoded = encode(decode(body))
    // Without items the list is empty on the way out, which says the same.
    const expected = members['input'] === undefined && 'input' in members ? { ...body, input: [] } : body
    expect(normalised(sent(encoded))).toEqual(normalised(JSON.parse(JSON.stringify(expected))))
    expect(encoded.losses).toEqual([])
  })
})

describe('what is changed on the way', () => {
  it('is what goes out: text, calls and reasoning are not kept twice', () => {
    const request = decode(
      bodyWith(
        items(
          user('secret'),
          {
            type: 'reasoning',
            id: 'rs_1',
            summary: [{ type: 'summary_text', text: 'old' }],
            encrypted_content: 'sealed',
          },
          { ...call, arguments: '{"a":1}' },
        ),
      ),
    )
    const edited = {
      ...request,
      turns: request.turns.map((turn) => ({
        ...turn,
        parts: turn.parts.map((part) => {
          if (part.type === 'text') return { ...part, text: 'public' }
          if (part.type === 'tool-call') return { ...part, input: '{}' }
          if (part.type !== 'reasoning') return part
          const { signature: _signature, ...rest } = part
          return { ...rest, text: 'new' }
        }),
      })),
    }
    expect(sent(encode(edited))['input']).toEqual([
      user('public'),
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'new' }] },
      { ...call, arguments: '{}' },
    ])
  })

  it('is the model', () => {
    expect(sent(encode({ ...decode(bodyWith()), model: 'gpt-y' }))['model']).toBe('gpt-y')
  })
})

// What a coding agent sends: no instructions, system text as developer messages, nested tools, ids of earlier answers.
describe('a request of a coding agent', () => {
  const body = bodyWith({
    input: [
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'You are an agent' }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: '<environment/>' }] },
      {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: 'fix it' }],
        internal_chat_message_metadata_passthrough: { a: 1 },
      },
      { type: 'reasoning', summary: [], encrypted_content: 'sealed' },
      { type: 'function_call', id: 'fc_1', name: 'exec', arguments: '{"cmd":["ls"]}', call_id: 'call_1' },
      { type: 'function_call_output', id: 'fco_1', call_id: 'call_1', output: 'a.txt' },
    ],
    tools: [
      {
        type: 'function',
        name: 'exec',
        description: 'run',
        strict: false,
        parameters: { type: 'object', properties: {} },
      },
      { type: 'namespace', name: 'agents', description: 'd', tools: [{ type: 'function', name: 'spawn' }] },
      { type: 'web_search', external_web_access: true },
    ],
    tool_choice: 'auto',
    parallel_tool_calls: true,
    reasoning: { effort: 'medium', summary: 'auto' },
    store: false,
    stream: true,
    include: ['reasoning.encrypted_content'],
    prompt_cache_key: 'session',
    client_metadata: { installation: 'x' },
  })

  it('comes back as it was', () => {
    expect(sent(encode(decode(body)))).toEqual(body)
  })

  it('has its developer message as instructions, its session, and nothing that binds it', () => {
    const request = decode(body)
    expect(request.instructions).toMatchObject([{ text: 'You are an agent' }])
    expect(request.turns.map((turn) => turn.role)).toEqual(['user', 'user', 'assistant', 'user'])
    expect(request).not.toHaveProperty('bound')
    expect(request.tools.map((tool) => tool.type)).toEqual(['function', 'opaque', 'opaque'])
  })
})
