// Requests of other wires, for a provider of this one: what they become, what they lose, and what is refused.
import { describe, expect, it } from 'vitest'
import type { ContentPart, FilePart } from '../../../src/ir/content.ts'
import type { IrRequest, Tool, Turn } from '../../../src/ir/request.ts'
import { schemaErrors } from '../../support/openapi.ts'
import { requireShared } from '../../support/shared.ts'
import { encode, foreignRequest, refused, sent, translated, type Json } from './support.ts'

const at = 'messages[0].content[0]'
const say = (...parts: ContentPart[]): Pick<IrRequest, 'turns'> => ({
  turns: [
    {
      role: 'user',
      at: 'messages[0]',
      parts: parts.map((part, index) => ({ at: `messages[0].content[${index}]`, ...part })),
    },
  ],
})
const turn = (role: Turn['role'], ...parts: ContentPart[]): Turn => ({ role, parts, at: 'messages[1]' })
const text = (value: string): ContentPart => ({ type: 'text', text: value })
const call = (id: string, more: Partial<ContentPart & { type: 'tool-call' }> = {}): ContentPart => ({
  type: 'tool-call',
  id,
  name: 'f',
  input: '{"a":1}',
  ...more,
})
const result = (callId: string, ...parts: ContentPart[]): ContentPart => ({ type: 'tool-result', callId, parts })
const fileOf = (source: FilePart['source'], more: Partial<FilePart> = {}): ContentPart => ({
  type: 'file',
  source,
  at,
  ...more,
})
const fn: Tool = { type: 'function', name: 'f', schema: { type: 'object', properties: {} } }

describe('instructions', () => {
  it('are `instructions` where they are one text', () => {
    const { body, items } = translated({ instructions: [text('be brief')] })
    expect(body['instructions']).toBe('be brief')
    expect(items).toHaveLength(1)
  })

  it('are a message where they are several, so that they stay apart', () => {
    const { body, items } = translated({ instructions: [text('a'), text('b')] })
    expect(body).not.toHaveProperty('instructions')
    expect(items[0]).toEqual({
      type: 'message',
      role: 'system',
      content: [
        { type: 'input_text', text: 'a' },
        { type: 'input_text', text: 'b' },
      ],
    })
  })

  it('in the middle of the conversation stay where they are', () => {
    const { items } = translated({
      turns: [turn('user', text('q')), turn('system', text('later')), turn('user', text('r'))],
    })
    expect(items.map((item) => [item['role'], item['content']])).toEqual([
      ['user', 'q'],
      ['system', 'later'],
      ['user', 'r'],
    ])
  })

  it('cannot be an image', () => {
    const image: ContentPart = { type: 'image', source: { kind: 'url', url: 'https://x' }, at: 'system[0]' }
    expect(refused({ instructions: [image] })).toMatchObject({ code: 'unsupported_content', param: 'system[0]' })
  })
})

describe('a user’s message', () => {
  it('is text alone, or a list of parts', () => {
    expect(translated(say(text('hi'))).items).toEqual([{ type: 'message', role: 'user', content: 'hi' }])
    expect(translated(say(text('a'), text(''), text('b'))).items[0]?.['content']).toEqual([
      { type: 'input_text', text: 'a' },
      { type: 'input_text', text: 'b' },
    ])
  })

  it.each<[string, ContentPart, Json]>([
    [
      'an image',
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' } },
      { type: 'input_image', image_url: 'data:image/png;base64,AA', detail: 'auto' },
    ],
    [
      'an image behind a link',
      { type: 'image', source: { kind: 'url', url: 'https://x/a.png' }, detail: 'low' },
      { type: 'input_image', image_url: 'https://x/a.png', detail: 'low' },
    ],
    [
      'a document',
      fileOf({ kind: 'base64', mediaType: 'application/pdf', data: 'AA' }, { name: 'a.pdf' }),
      { type: 'input_file', file_data: 'data:application/pdf;base64,AA', filename: 'a.pdf' },
    ],
    [
      'a document without a name',
      fileOf({ kind: 'base64', mediaType: 'application/pdf', data: 'AA' }),
      { type: 'input_file', file_data: 'data:application/pdf;base64,AA', filename: 'document.pdf' },
    ],
    [
      'a document behind a link',
      fileOf({ kind: 'url', url: 'https://x/a.pdf' }),
      { type: 'input_file', file_url: 'https://x/a.pdf' },
    ],
  ])('holds %s', (_name, part, expected) => {
    const { items, losses } = translated(say(part))
    expect(items[0]?.['content']).toEqual([expected])
    expect(losses).toEqual([])
  })

  it.each<[string, ContentPart, unknown, string[]]>([
    [
      'a text document as text',
      fileOf({ kind: 'text', mediaType: 'text/plain', text: 'T' }),
      'T',
      [`${at} approximated`],
    ],
    [
      'a titled document in parts as its parts',
      fileOf({ kind: 'parts', parts: [text('P')] }, { name: 'n' }),
      'P',
      [`${at} approximated`, `${at}.title dropped`],
    ],
    [
      'a document’s context before it',
      fileOf({ kind: 'url', url: 'https://x' }, { context: 'C', cite: true }),
      [
        { type: 'input_text', text: 'C' },
        { type: 'input_file', file_url: 'https://x' },
      ],
      [`${at}.context approximated`, `${at}.citations dropped`],
    ],
    [
      'a text without its cache breakpoint',
      { ...text('a'), cache: { ttl: '5m' } },
      'a',
      [`${at}.cache_control dropped`],
    ],
    ['a text without what only its wire knows', { ...text('a'), extras: { x: 1 } }, 'a', [`${at}.x dropped`]],
    ['a text without a signature', { ...text('a'), signature: 's' }, 'a', [`${at}.signature dropped`]],
    [
      'an image without a hint of another wire',
      { type: 'image', source: { kind: 'url', url: 'https://x' }, detail: 'ultra' },
      [{ type: 'input_image', image_url: 'https://x', detail: 'auto' }],
      [`${at}.image_url.detail dropped`],
    ],
  ])('has %s, and says so', (_name, part, content, losses) => {
    const translation = translated(say(part))
    expect(translation.items[0]?.['content']).toEqual(content)
    expect(translation.losses).toEqual(losses)
  })

  it.each<[string, ContentPart]>([
    ['sound', { type: 'audio', data: 'AA', format: 'wav' }],
    ['an image at another provider', { type: 'image', source: { kind: 'file', id: 'f' } }],
    ['a document at another provider', fileOf({ kind: 'file', id: 'f' })],
    ['something that only its wire knows', { type: 'opaque', kind: 'container_upload', value: {} }],
    ['reasoning', { type: 'reasoning', text: 'r', signature: 's' }],
  ])('is refused with %s', (_name, part) => {
    expect(refused(say(part))).toMatchObject({ code: 'unsupported_content', param: at, status: 400 })
  })
})

describe('results of tools', () => {
  it('come before what else the user says, each as an item', () => {
    const { items } = translated({
      turns: [
        turn('assistant', call('c1'), call('c2')),
        turn('user', text('so?'), result('c1', text('one')), result('c2', text('a'), text('b'))),
      ],
    })
    expect(items.slice(2)).toEqual([
      { type: 'function_call_output', call_id: 'c1', output: 'one' },
      {
        type: 'function_call_output',
        call_id: 'c2',
        output: [
          { type: 'input_text', text: 'a' },
          { type: 'input_text', text: 'b' },
        ],
      },
      { type: 'message', role: 'user', content: 'so?' },
    ])
  })

  it('keep their images where they are', () => {
    const image: ContentPart = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' } }
    const { items, losses } = translated({
      turns: [turn('assistant', call('c')), turn('user', result('c', text('t'), image))],
    })
    expect(items[1]?.['output']).toEqual([
      { type: 'input_text', text: 't' },
      { type: 'input_image', image_url: 'data:image/png;base64,AA', detail: 'auto' },
    ])
    expect(losses).toEqual([])
  })

  it('may be empty, and say that they are an error in words alone', () => {
    const failedResult: ContentPart = { type: 'tool-result', callId: 'c', parts: [], isError: true, at }
    const { items, losses } = translated({ turns: [turn('assistant', call('c')), turn('user', failedResult)] })
    expect(items[1]).toEqual({ type: 'function_call_output', call_id: 'c', output: '' })
    expect(losses).toEqual([`${at}.is_error approximated`])
  })

  it('of a free-text tool are items of their own kind', () => {
    const { items } = translated({
      source: 'openai-chat',
      turns: [
        turn('assistant', call('c', { kind: 'custom', input: 'select' })),
        turn('user', result('c', text('rows'))),
      ],
    })
    expect(items).toEqual([
      { type: 'custom_tool_call', call_id: 'c', name: 'f', input: 'select' },
      { type: 'custom_tool_call_output', call_id: 'c', output: 'rows' },
    ])
  })

  it('and their calls keep their pairing where an id is not accepted', () => {
    const id = `toolu_${'x'.repeat(80)}`
    const { items } = translated({ turns: [turn('assistant', call(id)), turn('user', result(id, text('r')))] })
    expect(String(items[0]?.['call_id']).length).toBeLessThanOrEqual(64)
    expect(items[1]?.['call_id']).toBe(items[0]?.['call_id'])
  })
})

describe('an assistant’s turn', () => {
  const answered = (...parts: ContentPart[]) =>
    translated({ turns: [turn('assistant', ...parts), turn('user', text('q'))] })

  it('is an item for each thing it did', () => {
    const { items, losses } = answered(text('a'), call('c', { input: '' }), text('b'))
    expect(items.slice(0, 3)).toEqual([
      { type: 'message', role: 'assistant', content: 'a' },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
      { type: 'message', role: 'assistant', content: 'b' },
    ])
    expect(losses).toEqual([])
  })

  it('keeps a refusal, in the only item that can hold one', () => {
    expect(answered({ type: 'refusal', text: 'no' }).items[0]).toEqual({
      type: 'message',
      id: 'msg_0',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'refusal', refusal: 'no' }],
    })
  })

  // An id of an item that was never stored is looked up, not found, and fails the request.
  it('keeps signed reasoning without an id, and asks for more of it', () => {
    const { body, items } = answered({ type: 'reasoning', text: 'r', signature: 'sealed' }, text('a'))
    expect(items[0]).toEqual({
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: 'r' }],
      encrypted_content: 'sealed',
    })
    expect(body).toMatchObject({ store: false, include: ['reasoning.encrypted_content'] })
  })

  it('keeps a signature that has no text', () => {
    expect(answered({ type: 'reasoning', text: '', signature: 'sealed' }).items[0]).toEqual({
      type: 'reasoning',
      summary: [],
      encrypted_content: 'sealed',
    })
  })

  it.each<[string, ContentPart]>([
    ['unsigned reasoning', { type: 'reasoning', text: 'r', at }],
    ['redacted reasoning', { type: 'reasoning', text: '', redacted: 'x', at }],
    ['what a foreign server left', { type: 'opaque', kind: 'server_tool_use', value: {}, at }],
    ['an image', { type: 'image', source: { kind: 'url', url: 'https://x' }, at }],
  ])('loses %s, and says so', (_name, part) => {
    const { items, losses } = answered(part, text('a'))
    expect(items[0]).toMatchObject({ role: 'assistant', content: 'a' })
    expect(losses).toEqual([`${at} dropped`])
  })

  it('at the end is followed, and not continued', () => {
    expect(translated({ turns: [turn('user', text('q')), turn('assistant', text('{'))] }).losses).toEqual([
      'messages[1] approximated',
    ])
  })
})

describe('tools', () => {
  it('are not strict unless it was asked for, which is no default here', () => {
    const { body } = translated({ tools: [fn, { ...fn, name: 'g', strict: true, description: 'd' }] })
    expect(body['tools']).toEqual([
      { type: 'function', name: 'f', parameters: { type: 'object', properties: {} }, strict: false },
      { type: 'function', name: 'g', description: 'd', parameters: { type: 'object', properties: {} }, strict: true },
    ])
  })

  it.each([[undefined], [{ type: 'object' }]])('have properties in their schema: %j', (schema) => {
    const tool: Tool = schema === undefined ? { type: 'function', name: 'f' } : { type: 'function', name: 'f', schema }
    expect(translated({ tools: [tool] }).body['tools']).toMatchObject([
      { parameters: { type: 'object', properties: {} } },
    ])
  })

  it('have their grammar where this wire wants it', () => {
    const format = { type: 'grammar', grammar: { syntax: 'lark', definition: 'x' } }
    expect(
      translated({ source: 'openai-chat', tools: [{ type: 'custom', name: 'sql', format }] }).body['tools'],
    ).toEqual([{ type: 'custom', name: 'sql', format: { type: 'grammar', syntax: 'lark', definition: 'x' } }])
  })

  it('lose what has no counterpart, and say so', () => {
    const tools: Tool[] = [
      { ...fn, at: 'tools[0]', cache: {}, extras: { eager_input_streaming: true } },
      { type: 'opaque', kind: 'web_search_20250305', value: {}, at: 'tools[1]' },
    ]
    expect(translated({ tools }).losses).toEqual([
      'tools[0].eager_input_streaming dropped',
      'tools[0].cache_control dropped',
      'tools[1] dropped',
    ])
  })

  it('get names that are legal here, in calls and choices too, and the way back is known', () => {
    const name = 'mcp/files.read'
    const encoded = encode(
      foreignRequest({
        tools: [{ ...fn, name }],
        toolChoice: { mode: 'tool', name },
        turns: [turn('assistant', call('c', { name })), turn('user', result('c', text('r')))],
      }),
    )
    const body = sent(encoded)
    const [tool] = body['tools'] as Json[]
    const legal = String(tool?.['name'])
    expect(legal).toMatch(/^[a-zA-Z0-9_-]{1,64}$/)
    expect(body['tool_choice']).toEqual({ type: 'function', name: legal })
    expect((body['input'] as Json[])[0]?.['name']).toBe(legal)
    expect(encoded.toolNames.get(legal)).toBe(name)
  })

  it.each<[IrRequest['toolChoice'], unknown]>([
    [{ mode: 'auto' }, 'auto'],
    [{ mode: 'none' }, 'none'],
    [{ mode: 'required' }, 'required'],
    [
      { mode: 'tool', name: 'f' },
      { type: 'function', name: 'f' },
    ],
    [
      { mode: 'tool', name: 'f', kind: 'custom' },
      { type: 'custom', name: 'f' },
    ],
  ])('are chosen: %j', (toolChoice, expected) => {
    expect(translated({ tools: [fn], ...(toolChoice && { toolChoice }) }).body['tool_choice']).toEqual(expected)
  })

  it('may be narrowed down as Chat Completions does it', () => {
    const value = {
      type: 'allowed_tools',
      allowed_tools: { mode: 'auto', tools: [{ type: 'function', function: { name: 'f' } }] },
    }
    const { body, losses } = translated({
      source: 'openai-chat',
      tools: [fn],
      toolChoice: { mode: 'opaque', kind: 'allowed_tools', value },
    })
    expect(body['tool_choice']).toEqual({
      type: 'allowed_tools',
      mode: 'auto',
      tools: [{ type: 'function', name: 'f' }],
    })
    expect(losses).toEqual([])
  })

  it('are called one at a time where that was asked for', () => {
    expect(translated({ tools: [fn], parallelToolCalls: false }).body['parallel_tool_calls']).toBe(false)
  })

  it('that were none leave no choice behind', () => {
    const { body } = translated({ toolChoice: { mode: 'auto' }, parallelToolCalls: true })
    expect(body).not.toHaveProperty('tool_choice')
    expect(body).not.toHaveProperty('parallel_tool_calls')
  })

  it.each<[string, Partial<IrRequest>]>([
    ['must be called and all were lost', { toolChoice: { mode: 'required' } }],
    ['is named and was lost', { toolChoice: { mode: 'tool', name: 'web_search' }, tools: [fn] }],
  ])('are refused where one %s', (_name, members) => {
    const lost: Tool = { type: 'opaque', kind: 'web_search_20250305', value: { name: 'web_search' } }
    expect(refused({ ...members, tools: [...(members.tools ?? []), lost] })).toMatchObject({
      code: 'unsupported_content',
      param: 'tool_choice',
    })
  })
})

describe('parameters', () => {
  it('that the wire has are sent', () => {
    const { body, losses } = translated({
      sampling: { maxOutputTokens: 100, temperature: 0.5, topP: 0.9 },
      stream: true,
      user: 'u',
    })
    expect(body).toMatchObject({ max_output_tokens: 100, temperature: 0.5, top_p: 0.9, stream: true, user: 'u' })
    expect(losses).toEqual([])
  })

  it('that it has not are lost, by the names that the client gave them', () => {
    const sampling = { topK: 3, stop: ['x'], seed: 1, frequencyPenalty: 0.1, presencePenalty: 0.2 }
    expect(translated({ sampling: { topK: 3, stop: ['x'] } }).losses).toEqual([
      'top_k dropped',
      'stop_sequences dropped',
    ])
    expect(translated({ source: 'openai-chat', sampling }).losses).toEqual([
      'top_k dropped',
      'stop dropped',
      'seed dropped',
      'frequency_penalty dropped',
      'presence_penalty dropped',
    ])
    expect(translated({ source: 'gemini', sampling: { topK: 3 } }).losses).toEqual(['generationConfig.topK dropped'])
  })

  it('have the least limit that the wire takes', () => {
    const { body, losses } = translated({ sampling: { maxOutputTokens: 5 } })
    expect(body['max_output_tokens']).toBe(16)
    expect(losses).toEqual(['max_tokens approximated'])
  })

  it('cannot ask for several answers', () => {
    expect(refused({ source: 'openai-chat', choices: 2 })).toMatchObject({ code: 'unsupported_content', param: 'n' })
    expect(translated({ source: 'openai-chat', choices: 1 }).losses).toEqual([])
  })

  it('that only another wire has are lost one by one', () => {
    expect(translated({ extras: { metadata: {}, service_tier: 'auto' } }).losses).toEqual([
      'metadata dropped',
      'service_tier dropped',
    ])
  })

  it('never ask for an answer to be stored', () => {
    const { body } = translated({})
    expect(body['store']).toBe(false)
    expect(body).not.toHaveProperty('include')
  })

  it.each<[IrRequest['output'], unknown]>([
    [{ type: 'text' }, { type: 'text' }],
    [{ type: 'json-object' }, { type: 'json_object' }],
    [
      { type: 'json-schema', schema: { type: 'object' } },
      { type: 'json_schema', name: 'response', schema: { type: 'object' } },
    ],
    [
      { type: 'json-schema', schema: {}, name: 'my name', description: 'd', strict: true },
      { type: 'json_schema', name: expect.stringMatching(/^my_name_\w+$/), description: 'd', schema: {}, strict: true },
    ],
  ])('ask for an output format: %j', (output, format) => {
    expect(translated({ ...(output && { output }) }).body['text']).toEqual({ format })
  })
})

describe('reasoning', () => {
  it.each<[IrRequest['reasoning'], unknown, string[]]>([
    [{ effort: 'high' }, { effort: 'high' }, []],
    [{ effort: 'none' }, { effort: 'none' }, []],
    [{ mode: 'enabled', budgetTokens: 20_000 }, { effort: 'medium' }, ['thinking.budget_tokens approximated']],
    [{ effort: 'low', budgetTokens: 20_000 }, { effort: 'low' }, ['thinking.budget_tokens dropped']],
    [{ mode: 'adaptive' }, undefined, []],
    [{ mode: 'disabled' }, undefined, ['thinking approximated']],
    [{ mode: 'disabled', effort: 'low' }, undefined, ['thinking approximated', 'output_config.effort dropped']],
    [{ mode: 'enabled' }, undefined, ['thinking dropped']],
    [{ effort: 'gigantic' }, undefined, ['output_config.effort dropped']],
    [{ effort: 'low', extras: { display: 'omitted' } }, { effort: 'low' }, ['thinking.display dropped']],
  ])('%j', (reasoning, expected, losses) => {
    const translation = translated({ ...(reasoning && { reasoning }) })
    expect(translation.body['reasoning']).toEqual(expected)
    expect(translation.losses).toEqual(losses)
  })

  it('is asked to come back sealed where there may be some', () => {
    const include = (reasoning: IrRequest['reasoning']): unknown =>
      translated({ ...(reasoning && { reasoning }) }).body['include']
    expect(include({ effort: 'low' })).toEqual(['reasoning.encrypted_content'])
    expect(include({ mode: 'adaptive' })).toEqual(['reasoning.encrypted_content'])
    expect(include({ effort: 'none' })).toBeUndefined()
    expect(include({ mode: 'disabled' })).toBeUndefined()
  })
})

describe.runIf(requireShared('openai-responses requests'))('a foreign request', () => {
  it('satisfies the specification with everything in it', () => {
    const image: ContentPart = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA' } }
    const { body } = translated({
      source: 'openai-chat',
      instructions: [text('a'), text('b')],
      turns: [
        turn('user', text('q'), image, fileOf({ kind: 'base64', mediaType: 'application/pdf', data: 'AA' })),
        turn('assistant', text('a'), call('c1'), call('c2', { kind: 'custom' })),
        turn('user', result('c1', text('r'), image), result('c2', text('s')), text('so?')),
        turn('system', text('later')),
        turn('user', text('why?')),
      ],
      tools: [
        fn,
        { type: 'custom', name: 'sql', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'x' } } },
      ],
      toolChoice: { mode: 'required' },
      parallelToolCalls: false,
      sampling: { maxOutputTokens: 3, temperature: 0, topP: 1, stop: ['x'] },
      reasoning: { effort: 'low' },
      output: { type: 'json-schema', schema: { type: 'object' } },
      stream: true,
      user: 'u',
    })
    expect(schemaErrors('openai', 'CreateResponse', body)).toEqual([])
  })
})
