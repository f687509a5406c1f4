// Field bugs A: tool calls over streams, and the tools of a request. Each name begins with the number of its case.
import { expect } from 'vitest'
import type { GenerativeId } from '../../../src/dialects/index.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { list, parse, record, text, type Json } from '../../support/json.ts'
import { decodeRequest, encodeRequest, sentTo, tryEncodeRequest } from '../harness.ts'
import {
  anthropicStream,
  bedrockStream,
  chatCall,
  chatChunk,
  chatStream,
  geminiPart,
  geminiStream,
  responsesStream,
  type Block,
} from '../scripts.ts'
import { wires } from '../wires/index.ts'
import { fieldCases, translated, withTools } from './cases.ts'

const oslo = { city: 'Oslo' }
const call = (id: string, name = 'get_weather', input: Json = oslo): Block => ({ type: 'call', id, name, input })

/** The same blocks as a stream of each wire, with the word for tools where there are calls. */
function streamOf(dialect: GenerativeId, blocks: readonly Block[]): Frame[] {
  const calls = blocks.some((block) => block.type === 'call')
  switch (dialect) {
    case 'anthropic-messages':
      return anthropicStream(blocks, calls ? 'tool_use' : 'end_turn')
    case 'openai-responses':
      return responsesStream(blocks)
    case 'gemini':
      return geminiStream(blocks.map((block) => [geminiPart(block)]))
    case 'bedrock-converse':
      return bedrockStream(blocks, calls ? 'tool_use' : 'end_turn')
    default:
      return chatStream(blocks.map(chatDelta), calls ? 'tool_calls' : 'stop')
  }

  function chatDelta(block: Block): Json {
    if (block.type === 'text') return { content: block.text }
    if (block.type === 'thinking') return { reasoning_content: block.text }
    const index = blocks.filter((entry) => entry.type === 'call').indexOf(block)
    return { tool_calls: [chatCall(index, block.id, block.name, JSON.stringify(block.input))] }
  }
}

/** The arguments that an Anthropic client is sent in deltas: it does not look at those of the opening. */
function inputDeltas(frames: readonly Frame[]): string[] {
  return frames.flatMap((frame) => {
    const delta = record(record(parse(frame.data))['delta'])
    return delta['type'] === 'input_json_delta' ? [text(delta['partial_json'])] : []
  })
}

fieldCases('field bugs A', ({ check }) => {
  for (const target of withTools) {
    check(
      `T01 · arguments in the chunk that opens a call arrive · openai-chat → ${target}`,
      ['openai-chat', target],
      () => {
        const { view, problems } = translated(
          'openai-chat',
          target,
          chatStream([{ tool_calls: [chatCall(0, 'call_1', 'get_weather', '{"city":"Oslo"}')] }], 'tool_calls'),
        )
        expect(problems).toEqual([])
        expect(view.tools).toEqual([{ id: 'call_1', name: 'get_weather', input: oslo }])
      },
    )
    for (const deltas of ['none', 'some'] as const)
      check(
        `T02 · arguments that come when a call is done, ${deltas} before, arrive · openai-responses → ${target}`,
        ['openai-responses', target],
        () => {
          const { view, problems } = translated('openai-responses', target, responsesStream([call('call_1')], deltas))
          expect(problems).toEqual([])
          expect(view.tools).toEqual([{ id: 'call_1', name: 'get_weather', input: oslo }])
        },
      )
    check(`T03 · an empty list of calls is none · openai-chat → ${target}`, ['openai-chat', target], () => {
      const deltas = ['Hel', 'lo'].map((content) => ({ content, tool_calls: [] }))
      const { view, problems } = translated('openai-chat', target, chatStream(deltas))
      expect(problems).toEqual([])
      expect(view).toMatchObject({ text: 'Hello', tools: [], saidFinish: 'stop' })
    })
    check(`T04 · text and a call in one chunk both arrive · openai-chat → ${target}`, ['openai-chat', target], () => {
      const delta = { content: 'Let me see.', tool_calls: [chatCall(0, 'call_1', 'get_weather', '{}')] }
      const { view, problems } = translated('openai-chat', target, chatStream([delta], 'tool_calls'))
      expect(problems).toEqual([])
      expect(view).toMatchObject({ text: 'Let me see.', tools: [{ id: 'call_1', name: 'get_weather', input: {} }] })
    })
    for (const blocks of orders())
      for (const source of withTools)
        check(`T05 · ${blocks.map((block) => block.type).join(', ')} · ${source} → ${target}`, [source, target], () => {
          const { view, problems } = translated(source, target, streamOf(source, blocks))
          if (source !== target) expect(problems).toEqual([])
          expect(view.text).toBe(blocks.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join(''))
          const calls = blocks.flatMap((block) => (block.type === 'call' ? [block] : []))
          expect(view.tools).toEqual(calls.map(({ id, name, input }) => ({ id, name, input })))
          expect(view.saidFinish).toBe(calls.length > 0 ? 'tool' : 'stop')
        })
  }

  check('T06 · parallel calls behind a text are counted from 0 in Chat', ['anthropic-messages', 'openai-chat'], () => {
    const blocks: Block[] = [{ type: 'text', text: 'Two.' }, call('toolu_1'), call('toolu_2')]
    const { frames, problems } = translated('anthropic-messages', 'openai-chat', anthropicStream(blocks, 'tool_use'))
    expect(problems).toEqual([])
    const indexes = frames.flatMap((frame) =>
      list(record(record(list(record(parse(frame.data))['choices'])[0])['delta'])['tool_calls']).map(
        (entry) => record(entry)['index'],
      ),
    )
    expect([...new Set(indexes)]).toEqual([0, 1])
  })

  for (const target of withTools)
    check(`T07 · interleaved fragments reach their own call · openai-chat → ${target}`, ['openai-chat', target], () => {
      const fragment = (index: number, input: string): Json => ({
        tool_calls: [{ index, function: { arguments: input } }],
      })
      const deltas = [
        { tool_calls: [chatCall(0, 'call_1', 'first', '')] },
        { tool_calls: [chatCall(1, 'call_2', 'second', '')] },
        fragment(1, '{"b"'),
        fragment(0, '{"a"'),
        fragment(1, ':2}'),
        fragment(0, ':1}'),
      ]
      const { view, problems } = translated('openai-chat', target, chatStream(deltas, 'tool_calls'))
      expect(problems).toEqual([])
      expect(view.tools).toEqual([
        { id: 'call_1', name: 'first', input: { a: 1 } },
        { id: 'call_2', name: 'second', input: { b: 2 } },
      ])
    })

  for (const target of withTools) {
    check(
      `T08 · calls that all say index 0 are told apart by id · openai-chat → ${target}`,
      ['openai-chat', target],
      () => {
        const deltas = ['call_1', 'call_2'].map((id) => ({ tool_calls: [chatCall(0, id, `name_of_${id}`, '{"a":1}')] }))
        const { view, problems } = translated('openai-chat', target, chatStream(deltas, 'tool_calls'))
        if (target !== 'openai-chat') expect(problems).toEqual([])
        expect(view.tools).toEqual(['call_1', 'call_2'].map((id) => ({ id, name: `name_of_${id}`, input: { a: 1 } })))
      },
    )
    check(
      `T08 · calls in chunks of their own, without ids, are told apart · gemini → ${target}`,
      ['gemini', target],
      () => {
        const parts = [1, 2].map((a): Json[] => [{ functionCall: { name: 'same', args: { a } } }])
        const { view } = translated('gemini', target, geminiStream(parts))
        expect(view.tools.map(({ name, input }) => ({ name, input }))).toEqual([
          { name: 'same', input: { a: 1 } },
          { name: 'same', input: { a: 2 } },
        ])
        if (target !== 'gemini') expect(new Set(view.tools.map(({ id }) => id)).size).toBe(2)
      },
    )
  }

  for (const target of withTools) {
    check(`T09 · a call is told as one though the provider says stop · → ${target}`, ['openai-chat', target], () => {
      for (const word of ['stop', null, 'eos', ''])
        expect(
          translated(
            'openai-chat',
            target,
            chatStream([{ tool_calls: [chatCall(0, 'call_1', 'get_weather', '{}')] }], word),
          ).view.saidFinish,
        ).toBe('tool')
    })
    check(
      `T09 · an answer without calls is none though the provider says so · → ${target}`,
      ['openai-chat', target],
      () => {
        const { view } = translated('openai-chat', target, chatStream([{ content: 'Hello' }], 'tool_calls'))
        expect(view.saidFinish).toBe('stop')
      },
    )
    check(`T09 · STOP with a call is a call · gemini → ${target}`, ['gemini', target], () => {
      expect(translated('gemini', target, geminiStream([[geminiPart(call('c1'))]])).view.saidFinish).toBe('tool')
    })
  }

  const parameters: readonly { readonly name: string; readonly schema?: Json }[] = [
    { name: 'no parameters at all' },
    { name: 'an object without properties', schema: { type: 'object' } },
    { name: 'no type', schema: { properties: { a: { type: 'string' } } } },
    { name: 'a nullable member', schema: { type: 'object', properties: { a: { type: ['string', 'null'] } } } },
    {
      name: 'definitions',
      schema: {
        type: 'object',
        properties: { a: { $ref: '#/$defs/thing' } },
        $defs: { thing: { type: 'object', properties: { b: { type: 'integer', exclusiveMinimum: 0 } } } },
      },
    },
  ]
  for (const target of withTools)
    for (const { name, schema } of parameters)
      check(
        `T10 · a tool with ${name} is one that the provider takes · openai-chat → ${target}`,
        ['openai-chat', target],
        () => {
          const called = { name: 'get_weather', description: 'Weather', ...(schema && { parameters: schema }) }
          const { body } = toolRequest(target, { tools: [{ type: 'function', function: called }] })
          const { schemaErrors, problems, intent } = wires[target].requests
          expect([...schemaErrors(body), ...problems(body)]).toEqual([])
          expect(list(intent(body).tools)).toHaveLength(1)
        },
      )

  const choices: readonly { readonly chat: unknown; readonly meaning: string }[] = [
    { chat: 'auto', meaning: 'auto' },
    { chat: 'none', meaning: 'none' },
    { chat: 'required', meaning: 'required' },
    { chat: { type: 'function', function: { name: 'mcp/search.files' } }, meaning: 'the renamed tool' },
  ]
  for (const target of withTools)
    for (const { chat, meaning } of choices)
      check(`T11 · tool_choice ${meaning} · openai-chat → ${target}`, ['openai-chat', target], () => {
        const tools = ['mcp/search.files', 'get_weather'].map((name) => ({
          type: 'function',
          function: { name, parameters: { type: 'object', properties: {} } },
        }))
        const { body, names, losses } = toolRequest(target, { tools, tool_choice: chat, parallel_tool_calls: false })
        const said = wires[target].requests.intent(body)
        const sent = list(said.tools).map((tool) => text(record(tool)['name']))
        if (meaning === 'none') {
          // Bedrock has no word for it: the tools are left out and the loss says so.
          expect(said.toolChoice === 'none' || (sent.length === 0 && losses.length > 0)).toBe(true)
          return
        }
        expect(sent.map((name) => names.get(name) ?? name)).toEqual(['mcp/search.files', 'get_weather'])
        expect(said.toolChoice).toBe(meaning === 'the renamed tool' ? sent[0] : meaning)
        expect(said.oneCallAtATime || losses.some((path) => /parallel/.test(path))).toBe(true)
      })
  check('T11 · disable_parallel_tool_use is parallel_tool_calls: false', ['anthropic-messages', 'openai-chat'], () => {
    const body = {
      model: 'm',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'hi' }],
      tools: [{ name: 't', input_schema: { type: 'object', properties: {} } }],
      tool_choice: { type: 'any', disable_parallel_tool_use: true },
    }
    const ir = decodeRequest('anthropic-messages', sentTo('anthropic-messages', body))
    expect(encodeRequest('openai-chat', ir).sent.body).toMatchObject({
      tool_choice: 'required',
      parallel_tool_calls: false,
    })
  })

  const hostile = {
    type: 'object',
    propertyNames: { pattern: '^a' },
    properties: {
      propertyNames: { type: 'string', const: 'fixed' },
      list: { type: 'array', items: { $ref: '#/$defs/node' }, uniqueItems: true },
      kind: { anyOf: [{ const: 'a' }, { const: 'b' }] },
    },
    required: ['propertyNames'],
    additionalProperties: false,
    $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' }, name: { type: 'string' } } } },
    $schema: 'http://json-schema.org/draft-07/schema#',
  }
  check('T12 · a schema of every keyword compiles to what Gemini knows', ['gemini'], () => {
    const { body } = toolRequest('gemini', {
      tools: [{ type: 'function', function: { name: 'f', parameters: hostile } }],
    })
    expect(wires.gemini.requests.schemaErrors(body)).toEqual([])
    const [tool] = list(wires.gemini.requests.intent(body).tools)
    const { properties } = record(record(tool)['schema'])
    // A property of a keyword's name is no keyword, and a constant is an enumeration of one.
    expect(record(properties)['propertyNames']).toMatchObject({ type: 'string', enum: ['fixed'] })
    expect(Object.keys(record(properties))).toEqual(['propertyNames', 'list', 'kind'])
    expect(JSON.stringify(body)).not.toMatch(/\$ref|\$defs|uniqueItems|"const"/)
  })

  for (const target of withTools.filter((id) => id !== 'anthropic-messages')) {
    check(
      `T13 · a provider's own tool is named as lost, or refused · anthropic-messages → ${target}`,
      ['anthropic-messages', target],
      () => {
        const outcome = tryEncodeRequest(target, searchRequest())
        if (!outcome.ok) expect(outcome.error).toMatchObject({ code: 'unsupported_content', param: 'tools[0]' })
        else expect(outcome.value.losses.map(({ path }) => path)).toContain('tools[0]')
      },
    )
    check(
      `T13 · a provider's own tool that is forced is refused · anthropic-messages → ${target}`,
      ['anthropic-messages', target],
      () => {
        const ir = searchRequest({ tool_choice: { type: 'tool', name: 'web_search' } })
        expect(tryEncodeRequest(target, ir).ok).toBe(false)
      },
    )
  }
  check("T13 · a provider's own tool stays on its own wire", ['anthropic-messages'], () => {
    const { body } = encodeRequest('anthropic-messages', searchRequest()).sent
    expect(body['tools']).toEqual([{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }])
  })

  check('T01 · an Anthropic client gets the arguments as deltas', ['openai-chat', 'anthropic-messages'], () => {
    const frames = chatStream([{ tool_calls: [chatCall(0, 'call_1', 'get_weather', '{"city":"Oslo"}')] }], 'tool_calls')
    expect(inputDeltas(translated('openai-chat', 'anthropic-messages', frames).frames).join('')).toBe('{"city":"Oslo"}')
  })
  check('T03 · nothing of a text becomes arguments', ['openai-chat', 'anthropic-messages'], () => {
    const frames = [chatChunk({ role: 'assistant', content: 'Hi', tool_calls: [] }), chatChunk({}, 'stop')]
    expect(inputDeltas(translated('openai-chat', 'anthropic-messages', frames).frames)).toEqual([])
  })
})

/** Orders in which blocks may come; a text between two calls is what trips most translators. */
function orders(): Block[][] {
  const thinking: Block = { type: 'thinking', text: 'Hm.' }
  const first: Block = { type: 'text', text: 'One.' }
  const second: Block = { type: 'text', text: 'Two.' }
  return [
    [thinking, first, call('call_1')],
    [thinking, call('call_1')],
    [first, call('call_1'), call('call_2', 'other')],
    [call('call_1'), first],
    [call('call_1'), first, call('call_2', 'other')],
    [first, thinking, second],
    [call('call_1'), call('call_2', 'other'), first],
  ]
}

function toolRequest(
  target: GenerativeId,
  members: Json,
): { body: Json; names: ReadonlyMap<string, string>; losses: readonly string[] } {
  const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], ...members }
  const { sent, toolNames, losses } = encodeRequest(target, decodeRequest('openai-chat', sentTo('openai-chat', body)))
  return { body: sent.body, names: toolNames, losses: losses.map(({ path }) => path) }
}

function searchRequest(members: Json = {}) {
  const body = {
    model: 'm',
    max_tokens: 10,
    messages: [{ role: 'user', content: 'hi' }],
    tools: [{ type: 'web_search_20250305', name: 'web_search', max_uses: 3 }],
    ...members,
  }
  return decodeRequest('anthropic-messages', sentTo('anthropic-messages', body))
}
