// A request of this wire, decoded and encoded again, is the request that came.
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import { bodyWith, decode, sent, valueOf, type Json } from './support.ts'

const schema = { type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false }
const cache = { cache_control: { type: 'ephemeral' } }

const conversation: Json = {
  system: [
    { type: 'text', text: 'be kind' },
    { type: 'text', text: 'be brief', cache_control: { type: 'ephemeral', ttl: '1h' } },
  ],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'look', ...cache },
        { type: 'text', text: '' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' }, ...cache },
        { type: 'image', source: { type: 'url', url: 'https://a.example/b' } },
        { type: 'image', source: { type: 'file', file_id: 'f' } },
        { type: 'image', source: { type: 'hologram', id: 'h' } },
        {
          type: 'document',
          source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' },
          title: 't',
          context: 'c',
          citations: { enabled: false },
          ...cache,
        },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'long' }, citations: {} },
        { type: 'document', source: { type: 'url', url: 'https://a.example/b.pdf' } },
        { type: 'document', source: { type: 'file', file_id: 'f' } },
        { type: 'document', source: { type: 'content', content: [{ type: 'text', text: 'a' }] } },
        { type: 'container_upload', file_id: 'f' },
        { type: 'search_result', source: 's', title: 't', content: [{ type: 'text', text: 'a' }], ...cache },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 's' },
        { type: 'thinking', thinking: '', signature: 's2' },
        { type: 'redacted_thinking', data: 'd' },
        { type: 'text', text: 'see', citations: [{ type: 'char_location', cited_text: 'a', document_index: 0 }] },
        { type: 'server_tool_use', id: 'srv', name: 'web_search', input: { query: 'q' } },
        { type: 'web_search_tool_result', tool_use_id: 'srv', content: [{ type: 'web_search_result', url: 'u' }] },
        { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 'é', n: 1.5 }, caller: { type: 'direct' }, ...cache },
        { type: 'tool_use', id: 'weird id:1', name: 'a b', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'before the results' },
        {
          type: 'tool_result',
          tool_use_id: 'toolu_1',
          content: [{ type: 'text', text: 'ok' }],
          is_error: false,
          ...cache,
        },
        { type: 'tool_result', tool_use_id: 'weird id:1', is_error: true },
      ],
    },
    { role: 'system', content: [{ type: 'text', text: 'now in French', ...cache }] },
    { role: 'user', content: [{ type: 'text', text: 'go on' }] },
    { role: 'user', content: [{ type: 'text', text: 'and on' }] },
    { role: 'assistant', content: [{ type: 'text', text: 'Sure, ' }] },
  ],
}

const cases: readonly (readonly [what: string, members: Json])[] = [
  ['a conversation with everything in it', conversation],
  ['sampling', { temperature: 1.5, top_p: 0.1, top_k: 5, stop_sequences: [' ', 'a'] }],
  ['stream: true', { stream: true }],
  ['stream: false', { stream: false }],
  [
    'thinking beside a temperature',
    { thinking: { type: 'enabled', budget_tokens: 2000, display: 'omitted' }, temperature: 0.5 },
  ],
  ['thinking switched off', { thinking: { type: 'disabled' } }],
  ['adaptive thinking with an effort', { thinking: { type: 'adaptive' }, output_config: { effort: 'xhigh' } }],
  ['thinking of a kind nobody knows', { thinking: { type: 'psychic', level: 3 } }],
  [
    'a schema and a budget',
    { output_config: { format: { type: 'json_schema', schema, name: 'n' }, task_budget: { total: 1 } } },
  ],
  ['a schema of the beta', { output_format: { type: 'json_schema', schema } }],
  ['a format nobody knows', { output_config: { format: { type: 'poem', metre: 'iamb' } } }],
  ['a beta format nobody knows', { output_format: { type: 'poem', metre: 'iamb' } }],
  ['a user', { metadata: { user_id: 'u' } }],
  ['a user and more', { metadata: { user_id: 'u', team: 't' } }],
  [
    'tools of every kind',
    {
      tools: [
        { name: 'f', description: 'd', input_schema: schema, strict: true, ...cache },
        {
          type: 'custom',
          name: 'g',
          input_schema: { type: 'object' },
          eager_input_streaming: true,
          defer_loading: false,
        },
        { name: 'h', input_schema: { type: 'object' } },
        {
          type: 'web_search_20250305',
          name: 'web_search',
          max_uses: 3,
          user_location: { type: 'approximate' },
          ...cache,
        },
      ],
    },
  ],
  ['tool_choice auto', { tool_choice: { type: 'auto' } }],
  ['tool_choice auto, several at a time', { tool_choice: { type: 'auto', disable_parallel_tool_use: false } }],
  ['tool_choice any, one at a time', { tool_choice: { type: 'any', disable_parallel_tool_use: true } }],
  ['tool_choice tool', { tool_choice: { type: 'tool', name: 'a b' } }],
  ['tool_choice none', { tool_choice: { type: 'none' } }],
  ['a tool_choice nobody knows', { tool_choice: { type: 'dice', sides: 6 } }],
  ['a tool_choice with more', { tool_choice: { type: 'auto', mood: 'good' } }],
  [
    'everything else',
    {
      service_tier: 'standard_only',
      context_management: { edits: [{ type: 'clear_thinking_20251015' }] },
      mcp_servers: [{ type: 'url', url: 'https://a.example', name: 'a' }],
      container: { id: 'c', skills: [] },
      cache_control: { type: 'ephemeral' },
      future: { nested: [1] },
    },
  ],
]

describe('a request of this wire comes back as it was', () => {
  it.each(cases)('with %s', (_what, members) => {
    const body = bodyWith({ messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }], ...members })
    const encoded = valueOf(anthropicMessages.encodeRequest(decode(body), { model: 'claude' }))
    expect(sent(encoded)).toEqual(body)
    expect(encoded.losses).toEqual([])
    expect([...encoded.toolNames]).toEqual([])
  })

  it('with its text as blocks, for the model of the target', () => {
    const encoded = valueOf(anthropicMessages.encodeRequest(decode(bodyWith({ system: 's' })), { model: 'other' }))
    expect(sent(encoded)).toEqual({
      model: 'other',
      max_tokens: 100,
      system: [{ type: 'text', text: 's' }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    })
    expect(encoded.call.path).toBe('/v1/messages')
    expect(encoded.call.headers).toEqual({ 'content-type': 'application/json', 'anthropic-version': '2023-06-01' })
  })
})
