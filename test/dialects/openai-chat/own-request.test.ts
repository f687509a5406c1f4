// A request that came in on this wire and goes out on it says the same: nothing lost, every spelling kept.
import { describe, expect, it } from 'vitest'
import { bodyWith, decode, encode, sent, type Json } from './support.ts'

/** String content and one text part are the same; a member that is null is absent. */
function normalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalised)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null)
      .map(([key, member]) => [
        key,
        key === 'content' && typeof member === 'string' ? [{ type: 'text', text: member }] : normalised(member),
      ]),
  )
}

const user = (content: unknown): Json => ({ role: 'user', content })
const messages = (...list: Json[]): Json => ({ messages: list })
const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }

describe('a request comes back as it was with', () => {
  it.each<[string, Json]>([
    ['nothing special', {}],
    [
      'all parameters',
      {
        temperature: 0.1,
        top_p: 0.2,
        top_k: 3,
        seed: 4,
        frequency_penalty: 0.5,
        presence_penalty: 0.6,
        stop: ['a'],
        n: 1,
        user: 'u',
        reasoning_effort: 'minimal',
        parallel_tool_calls: true,
        logprobs: true,
        top_logprobs: 2,
        metadata: { a: 'b' },
        logit_bias: { 1: 2 },
        prediction: { type: 'content', content: 'x' },
        verbosity: 'low',
        web_search_options: {},
        modalities: ['text'],
        service_tier: 'auto',
        store: false,
        prompt_cache_key: 'k',
        enable_thinking: false,
      },
    ],
    ['the older limit', { max_tokens: 5 }],
    ['the newer limit', { max_completion_tokens: 5 }],
    ['both limits', { max_tokens: 5, max_completion_tokens: 6 }],
    ['one stop sequence as text', { stop: 'END' }],
    ['a declined stream', { stream: false }],
    ['a stream', { stream: true }],
    ['a stream with usage', { stream: true, stream_options: { include_usage: true } }],
    [
      'a stream without usage and another option',
      { stream: true, stream_options: { include_usage: false, include_obfuscation: false } },
    ],
    ['stream options and no stream', { stream_options: { include_usage: true } }],
    ['empty tools', { tools: [], functions: [] }],
    ['JSON mode', { response_format: { type: 'json_object' } }],
    [
      'a schema with more',
      { response_format: { type: 'json_schema', json_schema: { name: 's', schema: { a: null }, x: 1 }, y: 2 } },
    ],
    ['a response format nobody else knows', { response_format: { type: 'grammar', grammar: 'x' } }],
    [
      'tools of all kinds',
      {
        tools: [
          {
            type: 'function',
            function: { name: 'not legal!', description: '', parameters: { type: 'object' }, strict: false, x: 1 },
            y: 2,
          },
          { type: 'custom', custom: { name: 'c', format: { type: 'text' }, x: 1 }, y: 2 },
          { type: 'web_search', filters: {} },
          { type: 'function', function: { name: 'g' }, cache_control: { type: 'ephemeral', ttl: '1h' } },
        ],
      },
    ],
    ['functions', { functions: [{ name: 'f', description: 'd', parameters: {}, x: 1 }], function_call: 'auto' }],
    ['a named function', { functions: [{ name: 'f' }], function_call: { name: 'f' } }],
    ...[
      'auto',
      'none',
      'required',
      'any',
      { type: 'function', function: { name: 'f' } },
      { type: 'custom', custom: { name: 'c' } },
      { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } },
    ].map((choice): [string, Json] => [
      `the tool choice ${JSON.stringify(choice)}`,
      {
        tools: [call.function, { name: 'c' }].map((entry) => ({ type: 'function', function: { name: entry.name } })),
        tool_choice: choice,
      },
    ]),
    ['several instructions', messages({ role: 'system', content: 'a' }, { role: 'system', content: 'b' }, user('c'))],
    ['a developer', messages({ role: 'developer', content: 'a' }, user('c'))],
    [
      'named instructions in parts',
      messages(
        {
          role: 'system',
          name: 's',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
          w: 1,
        },
        user('c'),
      ),
    ],
    ['a developer in the middle', messages(user('a'), { role: 'developer', content: 'b', name: 'n' }, user('c'))],
    ['two users in a row', messages(user('a'), { ...user('b'), name: 'bob' })],
    [
      'media',
      messages(
        user([
          { type: 'text', text: 'a' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AA', detail: 'auto', x: 1 } },
          { type: 'image_url', image_url: 'https://x/y' },
          { type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } },
          { type: 'file', file: { filename: 'f', file_data: 'data:application/pdf;base64,AA' } },
          { type: 'file', file: { file_id: 'x' } },
          { type: 'video_url', video_url: {} },
        ]),
      ),
    ],
    [
      'cache breakpoints',
      messages(
        { role: 'system', content: 'a', cache_control: { type: 'ephemeral' } },
        { ...user('b'), cache_control: { type: 'ephemeral', ttl: '1h' } },
        user([{ type: 'text', text: 'c', cache_control: { type: 'ephemeral', scope: 'x' } }]),
        user([{ type: 'text', text: 'd', prompt_cache_breakpoint: { mode: 'explicit' } }]),
      ),
    ],
    [
      'a cache breakpoint on a message and on its last part',
      messages({
        ...user([{ type: 'text', text: 'c', cache_control: { type: 'ephemeral' } }]),
        cache_control: { type: 'ephemeral', ttl: '1h' },
      }),
    ],
    [
      'tool calls',
      messages(
        user('a'),
        {
          role: 'assistant',
          content: '',
          tool_calls: [call, { ...call, id: 'd', extra_content: { google: { thought_signature: 's' } } }],
        },
        { role: 'tool', tool_call_id: 'c', name: 'f', content: '' },
        {
          role: 'tool',
          tool_call_id: 'd',
          content: [
            { type: 'text', text: 'x' },
            { type: 'text', text: 'y' },
          ],
        },
      ),
    ],
    [
      'calls with odd arguments',
      messages({
        role: 'assistant',
        tool_calls: [
          { id: '1', type: 'function', function: { name: 'f', arguments: { a: 1 } } },
          { id: '2', type: 'function', function: { name: 'f', arguments: '' } },
          { id: '', index: 2, type: 'function', function: { name: 'f', arguments: 'not json' } },
          { id: '4', type: 'custom', custom: { name: 'c', input: 'x' } },
        ],
      }),
    ],
    [
      'images in a tool result',
      messages({ role: 'tool', tool_call_id: 'c', content: [{ type: 'image_url', image_url: { url: 'https://x' } }] }),
    ],
    [
      'legacy calls',
      messages(
        { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
        { role: 'function', name: 'f', content: 'r' },
      ),
    ],
    [
      'reasoning in every spelling',
      messages(
        { role: 'assistant', content: 'a', reasoning_content: 'r' },
        {
          role: 'assistant',
          content: 'a',
          reasoning: 'r',
          reasoning_details: [{ type: 'reasoning.summary', summary: 'r', format: 'x', index: 0 }],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: [{ type: 'text', text: 't' }], closed: true },
            { type: 'text', text: 'a' },
          ],
        },
      ),
    ],
    [
      'refusals',
      messages(
        { role: 'assistant', content: null, refusal: 'no' },
        {
          role: 'assistant',
          content: [
            { type: 'refusal', refusal: 'no' },
            { type: 'text', text: 'x' },
          ],
        },
      ),
    ],
    [
      'placeholders',
      messages({
        role: 'assistant',
        content: 'x',
        refusal: '',
        annotations: [],
        tool_calls: [],
        audio: { id: 'a1' },
        prefix: true,
      }),
    ],
    ['empty content lists', messages({ role: 'user', content: [] }, { role: 'assistant', content: [] })],
  ])('%s', (_name, members) => {
    const body = bodyWith(members)
    const encoded = encode(decode(body))
    expect(normalised(sent(encoded))).toEqual(normalised(body))
    expect(encoded.losses).toEqual([])
    expect(encoded.toolNames.size).toBe(0)
  })
})

describe('a request of this wire', () => {
  it('goes to the model of the target', () => {
    expect(sent(encode(decode(bodyWith()), { model: 'gpt-5' }))).toMatchObject({ model: 'gpt-5' })
  })

  it.each([
    ['max_tokens', 'max_completion_tokens'],
    ['max_completion_tokens', 'max_tokens'],
  ] as const)('has its limit called %s where the provider wants that', (field, other) => {
    for (const said of [field, other]) {
      const body = sent(encode(decode(bodyWith({ [said]: 5 })), { traits: { maxTokensField: field } }))
      expect(body).toMatchObject({ [field]: 5 })
      expect(body).not.toHaveProperty(other)
    }
  })

  it('is sent as JSON to the provider path', () => {
    const { call: request } = encode(decode(bodyWith()))
    expect(request).toMatchObject({ path: '/chat/completions', headers: { 'content-type': 'application/json' } })
  })

  it('sends plain text content as a string, which every provider takes', () => {
    const body = sent(encode(decode(bodyWith(messages(user([{ type: 'text', text: 'a' }]))))))
    expect(body['messages']).toEqual([{ role: 'user', content: 'a' }])
  })
})
