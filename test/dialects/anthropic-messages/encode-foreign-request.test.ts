// A request of another wire becomes one that the API takes; what that costs is listed, what cannot be is refused.
// Every body that comes out here is also validated against the published specification, where that is at hand.
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { Loss } from '../../../src/ir/loss.ts'
import type { IrRequest, Tool, Turn } from '../../../src/ir/request.ts'
import { requireShared } from '../../support/shared.ts'
import { encodeForeign, errorOf, expectValidRequest, foreignRequest, type Json } from './support.ts'

const hasSpecification = requireShared('requests for Anthropic against the specification')

const text = (value: string, more: object = {}): ContentPart => ({ type: 'text', text: value, ...more })
const user = (...parts: ContentPart[]): Turn => ({ role: 'user', parts })
const assistant = (...parts: ContentPart[]): Turn => ({ role: 'assistant', parts })
const call = (id: string, input = '{}'): ContentPart => ({ type: 'tool-call', id, name: 'f', input })
const result = (callId: string, ...parts: ContentPart[]): ContentPart => ({ type: 'tool-result', callId, parts })
const tool = (members: object = {}): Tool => ({ type: 'function', name: 'f', at: 'tools[0]', ...members }) as Tool
const actions = (losses: readonly Loss[]): string[] => losses.map(({ action, path }) => `${action} ${path}`)

function refusal(members: Partial<IrRequest>) {
  const error = errorOf(anthropicMessages.encodeRequest(foreignRequest(members), { model: 'claude' }))
  return { code: error.code, param: error.param }
}

describe('the smallest request', () => {
  it('has the model of the target and a limit', () => {
    const { body, encoded } = encodeForeign({})
    expect(body).toEqual({
      model: 'claude',
      max_tokens: 4096,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
    })
    expect(encoded.losses).toEqual([])
    expect(encoded.call.path).toBe('/v1/messages')
    expect(encoded.call.headers).toEqual({ 'content-type': 'application/json', 'anthropic-version': '2023-06-01' })
  })

  it('keeps the limit, the stream and the user of the client', () => {
    const { body } = encodeForeign({ sampling: { maxOutputTokens: 7 }, stream: true, user: 'u' })
    expect(body).toMatchObject({ max_tokens: 7, stream: true, metadata: { user_id: 'u' } })
  })
})

describe('the conversation', () => {
  const cases: readonly (readonly [what: string, turns: readonly Turn[], messages: unknown])[] = [
    [
      'joins turns of one role',
      [user(text('a')), user(text('b')), assistant(text('c')), assistant(text('d')), user(text('e'))],
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'c' },
            { type: 'text', text: 'd' },
          ],
        },
        { role: 'user', content: [{ type: 'text', text: 'e' }] },
      ],
    ],
    [
      'puts all results of parallel calls into one message, before everything else',
      [
        user(text('go')),
        assistant(text('ok'), call('a', '{"x":1}'), call('b', '')),
        user(result('b', text('2'))),
        user(text('by the way'), result('a', text('1'))),
      ],
      [
        { role: 'user', content: [{ type: 'text', text: 'go' }] },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'ok' },
            { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
            { type: 'tool_use', id: 'b', name: 'f', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: '2' }] },
            { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: '1' }] },
            { type: 'text', text: 'by the way' },
          ],
        },
      ],
    ],
    [
      'leaves out empty texts, and assistant messages that say nothing',
      [
        user(text(''), text('a')),
        assistant(text('')),
        user(text('b')),
        assistant(text(''), call('c')),
        user(result('c', text(''))),
      ],
      [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'f', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c' }] },
      ],
    ],
    [
      'begins with the assistant where the client did',
      [assistant(text('welcome')), user(text('a'))],
      [
        { role: 'assistant', content: [{ type: 'text', text: 'welcome' }] },
        { role: 'user', content: [{ type: 'text', text: 'a' }] },
      ],
    ],
    [
      'keeps an error of a tool, and an image it returned',
      [
        user(text('a')),
        assistant(call('c')),
        user({
          type: 'tool-result',
          callId: 'c',
          isError: true,
          parts: [{ type: 'image', source: { kind: 'url', url: 'https://a.example/b' } }],
        }),
      ],
      [
        { role: 'user', content: [{ type: 'text', text: 'a' }] },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'c', name: 'f', input: {} }] },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'c',
              is_error: true,
              content: [{ type: 'image', source: { type: 'url', url: 'https://a.example/b' } }],
            },
          ],
        },
      ],
    ],
    [
      'keeps signed and redacted reasoning in order',
      [
        user(text('a')),
        assistant(
          { type: 'reasoning', text: 'hm', signature: 's' },
          { type: 'reasoning', text: '', signature: 't' },
          { type: 'reasoning', text: '', redacted: 'd' },
          text('b'),
        ),
        user(text('c')),
      ],
      [
        { role: 'user', content: [{ type: 'text', text: 'a' }] },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 's' },
            { type: 'thinking', thinking: '', signature: 't' },
            { type: 'redacted_thinking', data: 'd' },
            { type: 'text', text: 'b' },
          ],
        },
        { role: 'user', content: [{ type: 'text', text: 'c' }] },
      ],
    ],
  ]
  it.each(cases)('%s', (_what, turns, messages) => {
    const { body, encoded } = encodeForeign({ turns })
    expect(body['messages']).toEqual(messages)
    expect(encoded.losses).toEqual([])
  })

  it('moves a later system message to the end of the system prompt', () => {
    const { body, encoded } = encodeForeign({
      instructions: [text('be'), text(''), text('kind')],
      turns: [user(text('a')), { role: 'system', parts: [text('be brief')], at: 'messages[3]' }, user(text('b'))],
    })
    expect(body['system']).toEqual([
      { type: 'text', text: 'be' },
      { type: 'text', text: 'kind' },
      { type: 'text', text: 'be brief' },
    ])
    expect(body['messages']).toHaveLength(1)
    expect(actions(encoded.losses)).toEqual(['approximated messages[3]'])
  })

  it('trims the end of a prefill', () => {
    const { body, encoded } = encodeForeign({
      turns: [user(text('a')), assistant(text('Sure: \n', { at: 'messages[1].content' }))],
    })
    expect(body['messages']).toMatchObject([{}, { content: [{ type: 'text', text: 'Sure:' }] }])
    expect(actions(encoded.losses)).toEqual(['approximated messages[1].content'])
  })
})

describe('content of another wire', () => {
  const at = 'messages[0].content[1]'
  const base64 = { kind: 'base64', mediaType: 'image/png', data: 'AA==' } as const
  const pdf = { kind: 'base64', mediaType: 'application/pdf', data: 'AA==' } as const

  const carried: readonly (readonly [what: string, part: ContentPart, block: Json, losses: string[]])[] = [
    [
      'an image in base64',
      { type: 'image', source: base64, detail: 'auto', at },
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AA==' } },
      [],
    ],
    [
      'an image with a resolution hint',
      { type: 'image', source: { kind: 'url', url: 'https://a.example/b' }, detail: 'high', at },
      { type: 'image', source: { type: 'url', url: 'https://a.example/b' } },
      [`dropped ${at}.image_url.detail`],
    ],
    [
      'a PDF',
      { type: 'file', source: pdf, name: 'a.pdf', at },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AA==' }, title: 'a.pdf' },
      [],
    ],
    [
      'a plain text that came as bytes',
      {
        type: 'file',
        source: { kind: 'base64', mediaType: 'text/plain; charset=utf-8', data: 'Z3LDvMOf' },
        name: 'a',
        at,
      },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'gr\u00fc\u00df' }, title: 'a' },
      [],
    ],
    [
      'a document in pieces',
      { type: 'file', source: { kind: 'parts', parts: [text('a', { extras: {} }), text('b')] }, at },
      {
        type: 'document',
        source: {
          type: 'content',
          content: [
            { type: 'text', text: 'a' },
            { type: 'text', text: 'b' },
          ],
        },
      },
      [],
    ],
    [
      'a text of another type',
      { type: 'file', source: { kind: 'text', mediaType: 'text/csv', text: 'a,b' }, at },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a,b' } },
      [`approximated ${at}`],
    ],
    [
      'a text of another type that came as bytes',
      { type: 'file', source: { kind: 'base64', mediaType: 'application/json', data: 'e30=' }, at },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: '{}' } },
      [`approximated ${at}`],
    ],
    [
      'a cache breakpoint',
      text('a', { at, cache: { ttl: '1h', extras: { mood: 'good' } } }),
      { type: 'text', text: 'a', cache_control: { type: 'ephemeral', ttl: '1h' } },
      [`dropped ${at}.cache_control.mood`],
    ],
    [
      'fields of its own',
      text('a', { at, extras: { shade: 1, tone: 2 } }),
      { type: 'text', text: 'a' },
      [`dropped ${at}.shade`, `dropped ${at}.tone`],
    ],
  ]
  it.each(carried)('is carried: %s', (_what, part, block, losses) => {
    const { body, encoded } = encodeForeign({ turns: [user(text('see'), part)] })
    expect(body['messages']).toEqual([{ role: 'user', content: [{ type: 'text', text: 'see' }, block] }])
    expect(actions(encoded.losses)).toEqual(losses)
  })

  const dropped: readonly (readonly [what: string, part: ContentPart, losses: string[]])[] = [
    ['reasoning without a signature', { type: 'reasoning', text: 'hm', at }, [`dropped ${at}`]],
    ['reasoning with an empty signature', { type: 'reasoning', text: 'hm', signature: '', at }, [`dropped ${at}`]],
    ['a block of a server tool', { type: 'opaque', kind: 'web_search_call', value: {}, at }, [`dropped ${at}`]],
    ['an image the assistant made', { type: 'image', source: base64, at }, [`dropped ${at}`]],
    ['white space alone', text(' \n', { at }), [`dropped ${at}`]],
    ['citations', text('', { at, citations: [{ url: 'u', value: {} }] }), [`dropped ${at}.annotations`]],
    ['a breakpoint on nothing', text('', { at, cache: {} }), [`dropped ${at}.cache_control`]],
  ]
  it.each(dropped)('is dropped from the history: %s', (_what, part, losses) => {
    const { body, encoded } = encodeForeign({ turns: [user(text('a')), assistant(text('b'), part), user(text('c'))] })
    expect(body['messages']).toMatchObject([{}, { content: [{ type: 'text', text: 'b' }] }, {}])
    expect(actions(encoded.losses)).toEqual(losses)
  })

  it('is text where it was a refusal', () => {
    const { body, encoded } = encodeForeign({
      turns: [user(text('a')), assistant({ type: 'refusal', text: 'no', at }), user(text('b'))],
    })
    expect(body['messages']).toMatchObject([{}, { content: [{ type: 'text', text: 'no' }] }, {}])
    expect(actions(encoded.losses)).toEqual([`approximated ${at}`])
  })

  const refused: readonly (readonly [what: string, turns: readonly Turn[], code: string, param: string])[] = [
    ['audio', [user({ type: 'audio', format: 'wav', data: 'AA==', at })], 'unsupported_content', at],
    ['something nobody knows', [user({ type: 'opaque', kind: 'smell', value: {}, at })], 'unsupported_content', at],
    [
      'a file stored elsewhere',
      [user({ type: 'file', source: { kind: 'file', id: 'f' }, at })],
      'unsupported_content',
      at,
    ],
    [
      'an image stored elsewhere',
      [user({ type: 'image', source: { kind: 'file', id: 'f' }, at })],
      'unsupported_content',
      at,
    ],
    [
      'a document that is no PDF',
      [user({ type: 'file', source: { ...pdf, mediaType: 'application/zip' }, at })],
      'unsupported_content',
      at,
    ],
    [
      'audio from a tool',
      [user(text('a')), assistant(call('c')), user(result('c', { type: 'audio', format: 'wav', data: '', at }))],
      'unsupported_content',
      at,
    ],
    [
      'a call of a free-text tool',
      [user(text('a')), assistant({ ...call('c'), kind: 'custom', at } as ContentPart)],
      'unsupported_content',
      at,
    ],
    [
      'arguments that are no JSON',
      [user(text('a')), assistant({ ...call('c', '{"a":'), at })],
      'unsupported_content',
      at,
    ],
    ['arguments that are a list', [user(text('a')), assistant({ ...call('c', '[1]'), at })], 'unsupported_content', at],
    ['an empty user message', [{ ...user(text('')), at: 'messages[0]' }], 'invalid_messages', 'messages[0]'],
    ['no message at all', [], 'invalid_messages', 'messages'],
    ['only an empty assistant message', [assistant(text(''))], 'invalid_messages', 'messages'],
  ]
  it.each(refused)('is refused: %s', (_what, turns, code, param) => {
    expect(refusal({ turns })).toEqual({ code, param })
  })

  it('is refused in instructions where it is no text', () => {
    expect(refusal({ instructions: [{ type: 'image', source: base64, at: 'messages[0].content[0]' }] })).toEqual({
      code: 'unsupported_content',
      param: 'messages[0].content[0]',
    })
  })
})

describe('names and ids', () => {
  it('that the API refuses are replaced, everywhere alike, and the client gets its own back', () => {
    const name = 'mcp server.do it'
    const { body, encoded } = encodeForeign({
      turns: [
        user(text('a')),
        assistant({ type: 'tool-call', id: 'functions.add:0', name, input: '{}' }),
        user(result('functions.add:0', text('1'))),
      ],
      tools: [tool({ name })],
      toolChoice: { mode: 'tool', name },
    })
    const [tools] = body['tools'] as Json[]
    const messages = body['messages'] as { content: Json[] }[]
    const legal = tools?.['name']
    expect(legal).toMatch(/^[a-zA-Z0-9_-]{1,128}$/)
    expect(body['tool_choice']).toEqual({ type: 'tool', name: legal })
    expect(messages[1]?.content[0]).toMatchObject({ name: legal })
    const id = messages[1]?.content[0]?.['id']
    expect(id).toMatch(/^[a-zA-Z0-9_-]+$/)
    expect(messages[2]?.content[0]).toMatchObject({ tool_use_id: id })
    expect([...encoded.toolNames]).toEqual([[legal, name]])
  })

  it('that are legal stay as they are', () => {
    const { body, encoded } = encodeForeign({ tools: [tool({ name: 'a'.repeat(128) })] })
    expect(body['tools']).toMatchObject([{ name: 'a'.repeat(128) }])
    expect(encoded.toolNames.size).toBe(0)
  })

  it('that differ only in what the API refuses stay different', () => {
    const { body } = encodeForeign({ tools: [tool({ name: 'a.b' }), tool({ name: 'a:b' })] })
    const [first, second] = body['tools'] as Json[]
    expect(first?.['name']).not.toBe(second?.['name'])
  })
})

describe('tools', () => {
  const schemas: readonly (readonly [what: string, schema: unknown, sent: Json])[] = [
    ['none', undefined, { type: 'object', properties: {} }],
    ['null', null, { type: 'object', properties: {} }],
    ['an object without properties', { type: 'object' }, { type: 'object', properties: {} }],
    ['no type', { properties: { a: {} } }, { type: 'object', properties: { a: {} } }],
    ['null properties', { type: 'object', properties: null }, { type: 'object', properties: {} }],
    [
      'everything',
      {
        type: 'object',
        properties: { type: { type: 'string' } },
        required: ['type'],
        additionalProperties: false,
        $defs: {},
      },
      {
        type: 'object',
        properties: { type: { type: 'string' } },
        required: ['type'],
        additionalProperties: false,
        $defs: {},
      },
    ],
  ]
  it.each(schemas)('with %s as parameters have an object schema', (_what, schema, sent) => {
    const { body, encoded } = encodeForeign({ tools: [tool(schema === undefined ? {} : { schema })] })
    expect(body['tools']).toEqual([{ name: 'f', input_schema: sent }])
    expect(encoded.losses).toEqual([])
  })

  it.each([{ type: 'string' }, [], 'object', { type: ['object', 'null'] }])(
    'with parameters %j are refused',
    (schema) => {
      expect(refusal({ tools: [tool({ schema })] })).toEqual({ code: 'unsupported_content', param: 'tools[0]' })
    },
  )

  it('keep description, strictness and breakpoint, and lose fields of their own', () => {
    const { body, encoded } = encodeForeign({
      tools: [
        tool({ description: 'd', strict: true, cache: {}, extras: { x: 1 } }),
        tool({ name: 'g', strict: false }),
      ],
    })
    expect(body['tools']).toEqual([
      {
        name: 'f',
        description: 'd',
        strict: true,
        input_schema: { type: 'object', properties: {} },
        cache_control: { type: 'ephemeral' },
      },
      { name: 'g', input_schema: { type: 'object', properties: {} } },
    ])
    expect(actions(encoded.losses)).toEqual(['dropped tools[0].x'])
  })

  it('of free text are refused', () => {
    expect(refusal({ tools: [{ type: 'custom', name: 'f', at: 'tools[1]' }] })).toEqual({
      code: 'unsupported_content',
      param: 'tools[1]',
    })
  })

  it('of the provider are dropped', () => {
    const { body, encoded } = encodeForeign({
      tools: [{ type: 'opaque', kind: 'web_search', value: {}, at: 'tools[0]' }],
    })
    expect(body).not.toHaveProperty('tools')
    expect(actions(encoded.losses)).toEqual(['dropped tools[0]'])
  })

  const server: Tool = { type: 'opaque', kind: 'web_search', value: { type: 'web_search' }, at: 'tools[0]' }
  const choices: readonly (readonly [what: string, members: Partial<IrRequest>, choice: Json | undefined])[] = [
    ['nothing', {}, undefined],
    ['auto', { toolChoice: { mode: 'auto' } }, { type: 'auto' }],
    ['none', { toolChoice: { mode: 'none' } }, { type: 'none' }],
    ['required', { toolChoice: { mode: 'required' } }, { type: 'any' }],
    ['a name', { toolChoice: { mode: 'tool', name: 'f' } }, { type: 'tool', name: 'f' }],
    ['one at a time', { parallelToolCalls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    ['several at a time', { parallelToolCalls: true }, undefined],
    [
      'required, one at a time',
      { toolChoice: { mode: 'required' }, parallelToolCalls: false },
      { type: 'any', disable_parallel_tool_use: true },
    ],
    [
      'a name, one at a time',
      { toolChoice: { mode: 'tool', name: 'f' }, parallelToolCalls: false },
      { type: 'tool', name: 'f', disable_parallel_tool_use: true },
    ],
    ['none, one at a time', { toolChoice: { mode: 'none' }, parallelToolCalls: false }, { type: 'none' }],
    ['auto without any tool', { tools: [], toolChoice: { mode: 'auto' } }, undefined],
    ['none without any tool', { tools: [], toolChoice: { mode: 'none' } }, undefined],
  ]
  it.each(choices)('are chosen by %s', (_what, members, choice) => {
    const { body, encoded } = encodeForeign({ tools: [tool()], ...members })
    expect(body['tool_choice']).toEqual(choice)
    expect(encoded.losses).toEqual([])
  })

  const impossible: readonly (readonly [what: string, members: Partial<IrRequest>])[] = [
    ['a form of the other wire', { toolChoice: { mode: 'opaque', kind: 'allowed_tools', value: {} } }],
    ['a free-text tool', { toolChoice: { mode: 'tool', name: 'f', kind: 'custom' } }],
    ['a provider tool that is dropped', { tools: [tool(), server], toolChoice: { mode: 'tool', name: 'web_search' } }],
    ['force, where every tool is dropped', { tools: [server], toolChoice: { mode: 'required' } }],
  ]
  it.each(impossible)('cannot be chosen by %s', (_what, members) => {
    expect(refusal({ tools: [tool()], ...members })).toEqual({ code: 'unsupported_content', param: 'tool_choice' })
  })
})

describe('parameters', () => {
  const cases: readonly (readonly [what: string, members: Partial<IrRequest>, sent: Json, losses: string[]])[] = [
    ['a temperature', { sampling: { temperature: 0.3 } }, { temperature: 0.3 }, []],
    ['a temperature above 1', { sampling: { temperature: 1.7 } }, { temperature: 1 }, ['approximated temperature']],
    ['top_p and top_k', { sampling: { topP: 0.2, topK: 4 } }, { top_p: 0.2, top_k: 4 }, []],
    ['both, where top_p says nothing', { sampling: { temperature: 0.3, topP: 1 } }, { temperature: 0.3 }, []],
    ['both, where the temperature says nothing', { sampling: { temperature: 1, topP: 0.3 } }, { top_p: 0.3 }, []],
    ['both', { sampling: { temperature: 0.3, topP: 0.3 } }, { temperature: 0.3 }, ['dropped top_p']],
    [
      'what has no counterpart',
      { sampling: { seed: 1, frequencyPenalty: 0, presencePenalty: 1 } },
      {},
      ['dropped seed', 'dropped frequency_penalty', 'dropped presence_penalty'],
    ],
    ['stop sequences', { sampling: { stop: ['a', ' b'] } }, { stop_sequences: ['a', ' b'] }, []],
    [
      'stop sequences of white space',
      { sampling: { stop: ['a', '\n', ''] } },
      { stop_sequences: ['a'] },
      ['dropped stop'],
    ],
    ['only such', { sampling: { stop: ['\n'] } }, {}, ['dropped stop']],
    ['text as format', { output: { type: 'text' } }, {}, []],
    ['JSON without a schema', { output: { type: 'json-object' } }, {}, ['dropped response_format']],
    [
      'a schema, whose name is a label',
      { output: { type: 'json-schema', schema: { type: 'object' }, name: 'n', strict: true } },
      { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      [],
    ],
    [
      'a schema with a description',
      { output: { type: 'json-schema', schema: { type: 'object' }, description: 'd' } },
      { output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } },
      ['dropped response_format.json_schema.description'],
    ],
    [
      'fields of the other wire',
      { extras: { logit_bias: {}, store: true } },
      {},
      ['dropped logit_bias', 'dropped store'],
    ],
    ['one choice', { choices: 1 }, {}, []],
  ]
  it.each(cases)('%s', (_what, members, sent, losses) => {
    const { body, encoded } = encodeForeign(members)
    const { model: _model, max_tokens: _limit, messages: _messages, ...rest } = body
    expect(rest).toEqual(sent)
    expect(actions(encoded.losses)).toEqual(losses)
  })

  it('for several answers are refused', () => {
    expect(refusal({ choices: 2 })).toEqual({ code: 'unsupported_content', param: 'n' })
  })
})

describe('reasoning', () => {
  const cases: readonly (readonly [what: string, members: Partial<IrRequest>, sent: Json, losses: string[]])[] = [
    ['none', { reasoning: { effort: 'none' } }, { max_tokens: 4096 }, []],
    ['minimal', { reasoning: { effort: 'minimal' } }, { max_tokens: 4096 }, ['approximated reasoning_effort']],
    ['low', { reasoning: { effort: 'low' } }, budget(4096, 8192), ['approximated reasoning_effort']],
    ['medium', { reasoning: { effort: 'medium' } }, budget(16_000, 20_096), ['approximated reasoning_effort']],
    ['high', { reasoning: { effort: 'high' } }, budget(32_000, 36_096), ['approximated reasoning_effort']],
    ['xhigh', { reasoning: { effort: 'xhigh' } }, budget(32_000, 36_096), ['approximated reasoning_effort']],
    ['a word nobody knows', { reasoning: { effort: 'heroic' } }, { max_tokens: 4096 }, ['dropped reasoning_effort']],
    [
      'high below a limit of the client',
      { reasoning: { effort: 'high' }, sampling: { maxOutputTokens: 10_000 } },
      budget(9_999, 10_000),
      ['approximated reasoning_effort'],
    ],
    [
      'low with room to spare',
      { reasoning: { effort: 'low' }, sampling: { maxOutputTokens: 10_000 } },
      budget(4096, 10_000),
      ['approximated reasoning_effort'],
    ],
    [
      'the smallest budget that fits',
      { reasoning: { effort: 'low' }, sampling: { maxOutputTokens: 1025 } },
      budget(1024, 1025),
      ['approximated reasoning_effort'],
    ],
    [
      'a limit below the smallest budget',
      { reasoning: { effort: 'low' }, sampling: { maxOutputTokens: 1024 } },
      { max_tokens: 1024 },
      ['dropped reasoning_effort'],
    ],
    ['a budget', { reasoning: { mode: 'enabled', budgetTokens: 2000 } }, budget(2000, 6096), []],
    ['adaptive', { reasoning: { mode: 'adaptive' } }, { max_tokens: 4096, thinking: { type: 'adaptive' } }, []],
    ['disabled', { reasoning: { mode: 'disabled' } }, { max_tokens: 4096 }, []],
  ]
  function budget(tokens: number, limit: number): Json {
    return { max_tokens: limit, thinking: { type: 'enabled', budget_tokens: tokens } }
  }
  it.each(cases)('%s', (_what, members, sent, losses) => {
    const { body, encoded } = encodeForeign(members)
    const { model: _model, messages: _messages, ...rest } = body
    expect(rest).toEqual(sent)
    expect(actions(encoded.losses)).toEqual(losses)
  })

  const signed: ContentPart = { type: 'reasoning', text: 'hm', signature: 's' }
  const obstacles: readonly (readonly [what: string, members: Partial<IrRequest>, thinks: boolean])[] = [
    ['a forced call', { tools: [tool()], toolChoice: { mode: 'required' } }, false],
    ['a forced tool', { tools: [tool()], toolChoice: { mode: 'tool', name: 'f' } }, false],
    ['a free choice', { tools: [tool()], toolChoice: { mode: 'auto' } }, true],
    [
      'calls without signed reasoning',
      { turns: [user(text('a')), assistant(call('c')), user(result('c', text('1')))] },
      false,
    ],
    [
      'calls with unsigned reasoning',
      {
        turns: [user(text('a')), assistant({ type: 'reasoning', text: 'hm' }, call('c')), user(result('c', text('1')))],
      },
      false,
    ],
    [
      'calls with signed reasoning',
      { turns: [user(text('a')), assistant(signed, call('c')), user(result('c', text('1')))] },
      true,
    ],
    [
      'calls of an earlier turn',
      {
        turns: [
          user(text('a')),
          assistant(call('c')),
          user(result('c', text('1'))),
          assistant(text('b')),
          user(text('d')),
        ],
      },
      true,
    ],
    ['a prefill', { turns: [user(text('a')), assistant(text('b'))] }, false],
  ]
  it.each(obstacles)('beside %s', (_what, members, thinks) => {
    const { body, encoded } = encodeForeign({ ...members, reasoning: { effort: 'low' } })
    expect('thinking' in body).toBe(thinks)
    const loss = encoded.losses.filter(({ path }) => path === 'reasoning_effort')
    expect(loss.map(({ action }) => action)).toEqual([thinks ? 'approximated' : 'dropped'])
  })

  it('drops the sampling that the API refuses beside it', () => {
    const { body, encoded } = encodeForeign({
      reasoning: { effort: 'low' },
      sampling: { temperature: 0.2, topP: 0.9, topK: 5 },
    })
    expect(body).not.toHaveProperty('temperature')
    expect(body).not.toHaveProperty('top_p')
    expect(body).not.toHaveProperty('top_k')
    expect(actions(encoded.losses)).toEqual([
      'approximated reasoning_effort',
      'dropped temperature',
      'dropped top_k',
      'dropped top_p',
    ])
  })

  it.each([{ temperature: 1 }, { topP: 0.95 }])('keeps the sampling that it takes: %j', (sampling) => {
    const { encoded } = encodeForeign({ reasoning: { effort: 'low' }, sampling })
    expect(actions(encoded.losses)).toEqual(['approximated reasoning_effort'])
  })
})

describe('cache breakpoints', () => {
  it('are at most four, and the last ones', () => {
    const cached = (value: string, at: string): ContentPart => text(value, { at, cache: {} })
    const { body, encoded } = encodeForeign({
      instructions: [cached('s', 'messages[0].content[0]')],
      turns: [
        user(cached('a', 'messages[1].content[0]'), cached('b', 'messages[1].content[1]')),
        assistant(call('c')),
        user({ ...result('c', cached('d', 'messages[3].content[0]')), cache: {}, at: 'messages[3]' }),
      ],
      tools: [tool({ cache: {}, at: 'tools[0]' })],
    })
    expect(JSON.stringify(body).match(/cache_control/g)).toHaveLength(4)
    expect(actions(encoded.losses)).toEqual([
      'dropped tools[0].cache_control',
      'dropped messages[0].content[0].cache_control',
    ])
  })
})

describe('the specification', () => {
  it('is at hand and refuses what the API refuses, or these tests would prove little', () => {
    const { body } = encodeForeign({})
    const bad = { ...body, tools: [{ name: 'a b', input_schema: { type: 'object' } }] }
    // Without the shared folder there is nothing to validate against, and the body passes.
    let refused = false
    try {
      expectValidRequest(bad)
    } catch {
      refused = true
    }
    expect(refused).toBe(hasSpecification)
  })
})
