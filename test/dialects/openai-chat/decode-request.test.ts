// What a request of this wire means: every member, every content part, every spelling.
import { describe, expect, it } from 'vitest'
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts'
import type { ToolChoice } from '../../../src/ir/request.ts'
import { bodyWith, decode, errorOf, turnsOf, wireRequest, type Json } from './support.ts'

const user = (content: unknown) => ({ role: 'user', content })
const call = (id: string, name = 'f', input: unknown = '{"a":1}') => ({
  id,
  type: 'function',
  function: { name, arguments: input },
})

/** The first part of a user message. */
function part(content: Json): unknown {
  return turnsOf(user([content]))[0]?.parts[0]
}

describe('parameters', () => {
  it.each<[string, Json, Json]>([
    ['max_completion_tokens', { max_completion_tokens: 9 }, { sampling: { maxOutputTokens: 9 } }],
    ['max_tokens', { max_tokens: 9 }, { sampling: { maxOutputTokens: 9 } }],
    ['temperature', { temperature: 0.5 }, { sampling: { temperature: 0.5 } }],
    ['top_p', { top_p: 0.9 }, { sampling: { topP: 0.9 } }],
    ['top_k of compatible providers', { top_k: 5 }, { sampling: { topK: 5 } }],
    ['one stop sequence', { stop: 'END' }, { sampling: { stop: ['END'] } }],
    ['stop sequences', { stop: ['a', 'b'] }, { sampling: { stop: ['a', 'b'] } }],
    ['seed', { seed: 7 }, { sampling: { seed: 7 } }],
    [
      'penalties',
      { frequency_penalty: 1, presence_penalty: -1 },
      { sampling: { frequencyPenalty: 1, presencePenalty: -1 } },
    ],
    ['reasoning_effort', { reasoning_effort: 'high' }, { reasoning: { effort: 'high' } }],
    ['text output', { response_format: { type: 'text' } }, { output: { type: 'text' } }],
    ['JSON mode', { response_format: { type: 'json_object' } }, { output: { type: 'json-object' } }],
    [
      'a schema',
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 's', description: 'd', strict: true, schema: { a: 1 } },
        },
      },
      { output: { type: 'json-schema', name: 's', description: 'd', strict: true, schema: { a: 1 } } },
    ],
    ['several answers', { n: 2 }, { choices: 2 }],
    ['the end user', { user: 'u1' }, { user: 'u1' }],
    ['no parallel calls', { parallel_tool_calls: false }, { parallelToolCalls: false }],
    ['a stream without usage', { stream: true }, { stream: true, streamUsage: false }],
    ['a stream with usage', { stream: true, stream_options: { include_usage: true } }, { streamUsage: true }],
  ])('%s', (_name, members, expected) => {
    expect(decode(bodyWith(members))).toMatchObject(expected)
  })

  it('are absent where they are null', () => {
    const nulls = { temperature: null, stop: null, tools: null, response_format: null, user: null, n: null, seed: null }
    expect(decode(bodyWith(nulls))).toEqual(decode(bodyWith()))
  })

  it('without a canonical name are extras', () => {
    const members = {
      logit_bias: { 5: 1 },
      metadata: { a: 'b' },
      service_tier: 'flex',
      store: true,
      thinking: { type: 'x' },
    }
    expect(decode(bodyWith(members)).extras).toEqual(members)
  })

  it('that say nothing another provider would lose are no extras', () => {
    const silent = { stream: false, tools: [], stop: 'x', max_tokens: 5, metadata: null, tool_choice: 'any' }
    expect(Object.keys(decode(bodyWith(silent)).extras ?? {})).toEqual([])
  })

  it('keep the older of two limits as an extra', () => {
    expect(decode(bodyWith({ max_tokens: 5, max_completion_tokens: 6 })).extras).toEqual({ max_tokens: 5 })
  })

  it.each<[string, Json, string]>([
    ['a temperature that is no number', { temperature: 'hot' }, 'temperature'],
    ['a stop list with a number', { stop: [1] }, 'stop'],
    ['a tool without its record', { tools: [{ type: 'function' }] }, 'tools[0].function'],
    ['a nameless function', { tools: [{ type: 'function', function: { name: '' } }] }, 'tools[0].function.name'],
    ['a response format that is text', { response_format: 'json' }, 'response_format'],
  ])('are refused with their path: %s', (_name, members, param) => {
    const error = errorOf(openaiChat.decodeRequest(wireRequest(bodyWith(members))))
    expect(error).toMatchObject({ status: 400, param: expect.stringContaining(param) })
  })
})

describe('messages', () => {
  it('that lead and instruct become the instructions, part by part', () => {
    const { instructions, turns } = decode(
      bodyWith({
        messages: [
          { role: 'system', content: 'a' },
          {
            role: 'developer',
            content: [
              { type: 'text', text: 'b' },
              { type: 'text', text: 'c' },
            ],
          },
          user('hi'),
        ],
      }),
    )
    expect(instructions).toMatchObject([
      { type: 'text', text: 'a', at: 'messages[0].content' },
      { type: 'text', text: 'b', at: 'messages[1].content[0]' },
      { type: 'text', text: 'c', at: 'messages[1].content[1]' },
    ])
    expect(turns).toHaveLength(1)
  })

  it.each(['system', 'developer'])('of role %s in the middle stay where they are', (role) => {
    const turns = turnsOf(user('a'), { role, content: 'b' }, user('c'))
    expect(turns.map((turn) => turn.role)).toEqual(['user', 'system', 'user'])
    expect(turns[1]).toMatchObject({ at: 'messages[1]', parts: [{ text: 'b' }] })
  })

  it('carry the path of everything in them', () => {
    const turns = turnsOf(user([{ type: 'text', text: 'a' }]), {
      role: 'assistant',
      content: 'b',
      refusal: 'no',
      tool_calls: [call('1')],
    })
    expect(turns[0]).toMatchObject({ at: 'messages[0]', parts: [{ at: 'messages[0].content[0]' }] })
    expect(turns[1]?.parts.map((entry) => entry.at)).toEqual([
      'messages[1].content',
      'messages[1].refusal',
      'messages[1].tool_calls[0]',
    ])
  })

  it('of several tools become one turn of results', () => {
    const turns = turnsOf(
      { role: 'assistant', content: null, tool_calls: [call('1'), call('2')] },
      { role: 'tool', tool_call_id: '1', content: 'one' },
      { role: 'tool', tool_call_id: '2', content: [{ type: 'text', text: 'two' }] },
      user('go on'),
    )
    expect(turns.map((turn) => turn.role)).toEqual(['assistant', 'user', 'user'])
    expect(turns[1]?.parts).toMatchObject([
      { type: 'tool-result', callId: '1', parts: [{ text: 'one' }], at: 'messages[1]' },
      { type: 'tool-result', callId: '2', parts: [{ text: 'two' }], at: 'messages[2]' },
    ])
  })

  it('of a later round of tools begin a new turn', () => {
    const turns = turnsOf(
      { role: 'tool', tool_call_id: '1', content: 'one' },
      { role: 'assistant', content: 'x' },
      { role: 'tool', tool_call_id: '2', content: 'two' },
    )
    expect(turns.map((turn) => turn.parts.length)).toEqual([1, 1, 1])
  })

  it('of an unknown role are refused', () => {
    const wire = wireRequest(bodyWith({ messages: [user('a'), { role: 'root', content: 'x' }] }))
    expect(errorOf(openaiChat.decodeRequest(wire))).toMatchObject({
      code: 'invalid_messages',
      param: 'messages[1].role',
    })
  })

  it('keep their name and unknown members as extras', () => {
    expect(turnsOf({ ...user('a'), name: 'bob', weight: 1 })[0]?.extras).toEqual({ name: 'bob', weight: 1 })
    expect(
      decode(bodyWith({ messages: [{ role: 'system', content: 'a', name: 's' }, user('b')] })).instructions[0]?.extras,
    ).toMatchObject({ name: 's' })
  })

  it('of a tool lose nothing with their name, which the call repeats', () => {
    const [turn] = turnsOf({ role: 'tool', tool_call_id: '1', name: 'f', content: 'x' })
    expect(Object.keys(turn?.parts[0]?.extras ?? {})).toEqual([])
  })
})

describe('content parts', () => {
  it.each<[string, Json, Json]>([
    ['text', { type: 'text', text: 'a' }, { type: 'text', text: 'a' }],
    [
      'an image by link',
      { type: 'image_url', image_url: { url: 'https://x/y.png', detail: 'low' } },
      { type: 'image', source: { kind: 'url', url: 'https://x/y.png' }, detail: 'low' },
    ],
    [
      'an image inline',
      { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
    ],
    [
      'an image whose link stands in the part',
      { type: 'image_url', image_url: 'data:image/png;base64,AAAA' },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAAA' } },
    ],
    [
      'an image in a data URL that is not base64',
      { type: 'image_url', image_url: { url: 'data:image/svg+xml,<svg/>' } },
      { type: 'image', source: { kind: 'url', url: 'data:image/svg+xml,<svg/>' } },
    ],
    [
      'sound',
      { type: 'input_audio', input_audio: { data: 'AA', format: 'mp3' } },
      { type: 'audio', data: 'AA', format: 'mp3' },
    ],
    [
      'a file inline',
      { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBE' } },
      { type: 'file', name: 'a.pdf', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBE' } },
    ],
    [
      'an uploaded file',
      { type: 'file', file: { file_id: 'file-1' } },
      { type: 'file', source: { kind: 'file', id: 'file-1' } },
    ],
    [
      'a file by link',
      { type: 'file', file: { file_data: 'https://x/y.pdf' } },
      { type: 'file', source: { kind: 'url', url: 'https://x/y.pdf' } },
    ],
    [
      'a part nobody else knows',
      { type: 'video_url', video_url: { url: 'x' } },
      { type: 'opaque', kind: 'video_url', value: { type: 'video_url', video_url: { url: 'x' } } },
    ],
    ['a broken image', { type: 'image_url', image_url: {} }, { type: 'opaque', kind: 'image_url' }],
  ])('%s', (_name, content, expected) => {
    expect(part(content)).toMatchObject(expected)
  })

  it.each<[string, Json, Json]>([
    ['of OpenRouter', { cache_control: { type: 'ephemeral' } }, {}],
    ['of OpenRouter with a lifetime', { cache_control: { type: 'ephemeral', ttl: '1h' } }, { ttl: '1h' }],
    ['of OpenAI', { prompt_cache_breakpoint: { mode: 'explicit' } }, {}],
  ])('carry a cache breakpoint %s', (_name, members, expected) => {
    expect((part({ type: 'text', text: 'a', ...members }) as Json)['cache']).toMatchObject(expected)
  })

  it('get the breakpoint of their message where they are the last', () => {
    const message = {
      ...user([
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ]),
      cache_control: { type: 'ephemeral' },
    }
    const parts = turnsOf(message)[0]?.parts ?? []
    expect(parts.map((entry) => entry.cache !== undefined)).toEqual([false, true])
  })
})

describe('an assistant message', () => {
  const parts = (message: Json) => turnsOf({ role: 'assistant', ...message })[0]?.parts

  it('has its reasoning first, then text, then calls', () => {
    const message = { content: 'b', reasoning_content: 'a', tool_calls: [call('1')] }
    expect(parts(message)?.map((entry) => entry.type)).toEqual(['reasoning', 'text', 'tool-call'])
  })

  it.each<[string, unknown, string]>([
    ['text', '{"a":1}', '{"a":1}'],
    ['empty text', '', ''],
    ['an object', { a: 1 }, '{"a":1}'],
    ['null', null, ''],
  ])('keeps tool arguments that are %s', (_name, input, expected) => {
    expect(parts({ tool_calls: [call('1', 'f', input)] })).toMatchObject([
      { type: 'tool-call', id: '1', name: 'f', input: expected },
    ])
  })

  it('has calls of free-text tools', () => {
    const custom = { id: '1', type: 'custom', custom: { name: 'sh', input: 'ls -l' } }
    expect(parts({ tool_calls: [custom] })).toMatchObject([
      { type: 'tool-call', kind: 'custom', name: 'sh', input: 'ls -l' },
    ])
  })

  it.each<[string, Json]>([
    ['empty text beside calls', { content: '', tool_calls: [call('1')] }],
    ['null', { content: null, tool_calls: [call('1')] }],
    ['absent content', { tool_calls: [call('1')] }],
    [
      'empty placeholders',
      {
        content: null,
        refusal: '',
        annotations: [],
        function_call: { name: '', arguments: '' },
        tool_calls: [call('1')],
      },
    ],
  ])('says nothing with %s', (_name, message) => {
    expect(parts(message)?.map((entry) => entry.type)).toEqual(['tool-call'])
    expect(Object.keys(turnsOf({ role: 'assistant', ...message })[0]?.extras ?? {})).toEqual([])
  })

  it.each<[string, Json, Json[]]>([
    ['reasoning_content', { reasoning_content: 'a' }, [{ text: 'a' }]],
    ['reasoning', { reasoning: 'a' }, [{ text: 'a' }]],
    ['both at once, once', { reasoning: 'a', reasoning_content: 'a' }, [{ text: 'a' }]],
    [
      'details before plain text, with the signature',
      { reasoning_content: 'a', reasoning_details: [{ type: 'reasoning.text', text: 'a', signature: 's', index: 0 }] },
      [{ text: 'a', signature: 's' }],
    ],
    [
      'details in fragments',
      {
        reasoning_details: [
          { type: 'reasoning.text', text: 'a', index: 0 },
          { type: 'reasoning.text', text: 'b', index: 0 },
          { type: 'reasoning.text', text: '', signature: 's', index: 0 },
          { type: 'reasoning.text', text: 'c', index: 1 },
        ],
      },
      [{ text: 'ab', signature: 's' }, { text: 'c' }],
    ],
    [
      'encrypted details',
      { reasoning_details: [{ type: 'reasoning.encrypted', data: 'X', index: 0 }] },
      [{ text: '', redacted: 'X' }],
    ],
    ['summaries', { reasoning_details: [{ type: 'reasoning.summary', summary: 'a' }] }, [{ text: 'a' }]],
  ])('reads %s', (_name, message, expected) => {
    const reasoning = parts({ content: 'x', ...message })?.filter((entry) => entry.type === 'reasoning') ?? []
    expect(reasoning).toHaveLength(expected.length)
    expect(reasoning).toMatchObject(expected)
  })

  it('does not take what another vendor encrypted for redacted thinking', () => {
    const details = [
      { type: 'reasoning.encrypted', data: 'X', format: 'openai-responses-v1' },
      { type: 'reasoning.text', text: 'a', signature: 's', format: 'google-gemini-v1' },
    ]
    const reasoning = parts({ content: 'x', reasoning_details: details })?.filter((entry) => entry.type === 'reasoning')
    expect(reasoning).toMatchObject([{ text: '' }, { text: 'a' }])
    for (const entry of reasoning ?? []) {
      expect(entry).not.toHaveProperty('redacted')
      expect(entry).not.toHaveProperty('signature')
    }
  })

  it('reads thinking inside the content (Mistral)', () => {
    const content = [
      { type: 'thinking', thinking: [{ type: 'text', text: 'a' }] },
      { type: 'text', text: 'b' },
    ]
    expect(parts({ content })).toMatchObject([
      { type: 'reasoning', text: 'a' },
      { type: 'text', text: 'b' },
    ])
  })

  it('reads refusals, as a member and as a part', () => {
    expect(parts({ content: null, refusal: 'no' })).toMatchObject([{ type: 'refusal', text: 'no' }])
    expect(parts({ content: [{ type: 'refusal', refusal: 'no' }] })).toMatchObject([{ type: 'refusal', text: 'no' }])
  })
})

describe('calls without ids', () => {
  it('are paired with their results by name in the pre-tools spelling', () => {
    const turns = turnsOf(
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'function', name: 'f', content: 'r' },
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{"a":1}' } },
      { role: 'function', name: 'f', content: 's' },
    )
    const [first, second, third, fourth] = turns.map((turn) => turn.parts[0])
    expect(first).toMatchObject({ type: 'tool-call', id: 'call_0', name: 'f' })
    expect(second).toMatchObject({ type: 'tool-result', callId: 'call_0' })
    expect(third).toMatchObject({ type: 'tool-call', id: 'call_1', input: '{"a":1}' })
    expect(fourth).toMatchObject({ type: 'tool-result', callId: 'call_1' })
  })

  it('are paired by name also where the results come in another order', () => {
    const turns = turnsOf(
      { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } },
      { role: 'assistant', content: null, function_call: { name: 'g', arguments: '{}' } },
      { role: 'function', name: 'g', content: 'of g' },
      { role: 'function', name: 'f', content: 'of f' },
    )
    expect(turns[2]?.parts).toMatchObject([{ callId: 'call_1' }, { callId: 'call_0' }])
  })

  it('are paired with their results by order where a provider left them empty', () => {
    const turns = turnsOf(
      { role: 'assistant', content: null, tool_calls: [call('', 'a'), call('', 'b')] },
      { role: 'tool', tool_call_id: '', content: 'one' },
      { role: 'tool', tool_call_id: '', content: 'two' },
    )
    const ids = turns[0]?.parts.map((entry) => (entry.type === 'tool-call' ? entry.id : ''))
    const answered = turns[1]?.parts.map((entry) => (entry.type === 'tool-result' ? entry.callId : ''))
    expect(new Set(ids).size).toBe(2)
    expect(answered).toEqual(ids)
  })
})

describe('tools', () => {
  const tools = (...list: unknown[]) => decode(bodyWith({ tools: list })).tools

  it.each<[string, Json, Json]>([
    [
      'a function',
      { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' }, strict: true } },
      { type: 'function', name: 'f', description: 'd', schema: { type: 'object' }, strict: true, at: 'tools[0]' },
    ],
    [
      'a function without a schema',
      { type: 'function', function: { name: 'f', strict: null } },
      { type: 'function', name: 'f', at: 'tools[0]' },
    ],
    ['a function without a type', { function: { name: 'f' } }, { type: 'function', name: 'f', at: 'tools[0]' }],
    [
      'a free-text tool',
      { type: 'custom', custom: { name: 'c', description: 'd', format: { type: 'text' } } },
      { type: 'custom', name: 'c', description: 'd', format: { type: 'text' }, at: 'tools[0]' },
    ],
    [
      'a tool of the provider',
      { type: 'openrouter:web_search', parameters: { max_uses: 1 } },
      {
        type: 'opaque',
        kind: 'openrouter:web_search',
        value: { type: 'openrouter:web_search', parameters: { max_uses: 1 } },
        at: 'tools[0]',
      },
    ],
  ])('%s', (_name, tool, expected) => {
    expect(tools(tool)).toEqual([expected])
  })

  it('carry a cache breakpoint and unknown members', () => {
    const tool = {
      type: 'function',
      function: { name: 'f', defer: true },
      cache_control: { type: 'ephemeral' },
      eager: true,
    }
    expect(tools(tool)).toMatchObject([{ cache: {}, extras: { eager: true, function: { defer: true } } }])
  })

  it('of the pre-tools spelling are functions as well', () => {
    const { tools: list, toolChoice } = decode(
      bodyWith({ functions: [{ name: 'f', parameters: { type: 'object' } }], function_call: { name: 'f' } }),
    )
    expect(list).toMatchObject([{ type: 'function', name: 'f', schema: { type: 'object' }, at: 'functions[0]' }])
    expect(toolChoice).toEqual({ mode: 'tool', name: 'f' })
  })

  it.each<[string, unknown, ToolChoice]>([
    ['auto', 'auto', { mode: 'auto' }],
    ['none', 'none', { mode: 'none' }],
    ['required', 'required', { mode: 'required' }],
    ['any (Mistral)', 'any', { mode: 'required' }],
    ['a function', { type: 'function', function: { name: 'f' } }, { mode: 'tool', name: 'f' }],
    ['a free-text tool', { type: 'custom', custom: { name: 'c' } }, { mode: 'tool', name: 'c', kind: 'custom' }],
    [
      'a set of tools',
      { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } },
      {
        mode: 'opaque',
        kind: 'allowed_tools',
        value: { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } },
      },
    ],
  ])('are chosen by %s', (_name, choice, expected) => {
    expect(decode(bodyWith({ tool_choice: choice })).toolChoice).toEqual(expected)
  })
})
