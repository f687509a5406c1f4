// A request of another wire becomes one that the API takes; what that costs is listed, what cannot be is refused.
// Every body that comes out here is held against the published description of the wire, where that is at hand.
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { IrRequest, Tool, Turn } from '../../../src/ir/request.ts'
import { decode, encodeForeign, errorOf, foreignRequest, type Json } from './support.ts'

const text = (value: string, more: object = {}): ContentPart => ({ type: 'text', text: value, ...more })
const user = (...parts: ContentPart[]): Turn => ({ role: 'user', parts })
const assistant = (...parts: ContentPart[]): Turn => ({ role: 'assistant', parts })
const call = (id: string, input = '{}', more: object = {}): ContentPart => ({
  type: 'tool-call',
  id,
  name: `f_${id}`,
  input,
  ...more,
})
const result = (callId: string, ...parts: ContentPart[]): ContentPart => ({ type: 'tool-result', callId, parts })
const tool = (members: object = {}): Tool => ({ type: 'function', name: 'f', at: 'tools[0]', ...members }) as Tool
const object = { type: 'object', properties: {} }

function refusal(members: Partial<IrRequest>) {
  const error = errorOf(gemini.encodeRequest(foreignRequest(members), { model: 'gemini-2.5-flash' }))
  return { code: error.code, param: error.param }
}

describe('the smallest request', () => {
  it('is a content, and nothing is lost', () => {
    const { body, encoded, losses } = encodeForeign({})
    expect(body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] })
    expect(losses).toEqual([])
    expect(encoded.call.path).toBe('/v1beta/models/gemini-2.5-flash:generateContent')
    expect(encoded.call.headers).toEqual({ 'content-type': 'application/json' })
  })

  it('streams as server-sent events', () => {
    expect(encodeForeign({ stream: true }).encoded.call.path).toMatch(/:streamGenerateContent\?alt=sse$/)
  })
})

describe('the conversation', () => {
  const answered = { functionResponse: { id: 'a', name: 'f_a', response: { output: '1' } } }
  const cases: readonly (readonly [what: string, turns: readonly Turn[], contents: unknown])[] = [
    [
      'joins turns of one role',
      [user(text('a')), user(text('b')), assistant(text('c')), assistant(text('d')), user(text('e'))],
      [
        { role: 'user', parts: [{ text: 'a' }, { text: 'b' }] },
        { role: 'model', parts: [{ text: 'c' }, { text: 'd' }] },
        { role: 'user', parts: [{ text: 'e' }] },
      ],
    ],
    [
      'puts all results of parallel calls into one content, before everything else',
      [
        user(text('go')),
        assistant(text('ok'), call('a', '{"x":1}'), call('b', '')),
        user(result('b', text('2'))),
        user(text('by the way'), result('a', text('1'))),
      ],
      [
        { role: 'user', parts: [{ text: 'go' }] },
        {
          role: 'model',
          parts: [
            { text: 'ok' },
            { functionCall: { id: 'a', name: 'f_a', args: { x: 1 } } },
            { functionCall: { id: 'b', name: 'f_b' } },
          ],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { id: 'b', name: 'f_b', response: { output: '2' } } },
            answered,
            { text: 'by the way' },
          ],
        },
      ],
    ],
    [
      'leaves out empty texts, but no signature',
      [user(text('a'), text('')), assistant(text(''), text('', { signature: 's' }))],
      [
        { role: 'user', parts: [{ text: 'a' }] },
        { role: 'model', parts: [{ text: '', thoughtSignature: 's' }] },
      ],
    ],
    [
      'keeps reasoning as thoughts, signed or not',
      [user(text('a')), assistant({ type: 'reasoning', text: 't' }, { type: 'reasoning', text: '', signature: 's' })],
      [
        { role: 'user', parts: [{ text: 'a' }] },
        {
          role: 'model',
          parts: [
            { text: 't', thought: true },
            { text: '', thought: true, thoughtSignature: 's' },
          ],
        },
      ],
    ],
  ]
  it.each(cases)('%s', (_what, turns, contents) => {
    expect(encodeForeign({ turns }).body['contents']).toEqual(contents)
  })

  it('has its instructions apart, later ones behind them', () => {
    const { body, losses } = encodeForeign({
      instructions: [text('first')],
      turns: [user(text('a')), { role: 'system', at: 'messages[2]', parts: [text('later')] }, user(text('b'))],
    })
    expect(body['systemInstruction']).toEqual({ parts: [{ text: 'first' }, { text: 'later' }] })
    expect(losses).toEqual(['approximated messages[2]'])
  })

  it('of instructions alone goes as the user, as the API wants a content', () => {
    const { body, losses } = encodeForeign({ instructions: [text('do', { at: 'messages[0].content' })], turns: [] })
    expect(body).toEqual({ contents: [{ role: 'user', parts: [{ text: 'do' }] }] })
    expect(losses).toEqual(['approximated messages[0].content'])
  })

  it.each<[string, readonly Turn[], string, string]>([
    ['nothing', [], 'invalid_messages', 'messages'],
    ['an empty user turn', [{ ...user(), at: 'messages[0]' }], 'invalid_messages', 'messages[0]'],
    [
      'arguments that are no object',
      [assistant(call('a', '[1]', { at: 'messages[1].tool_calls[0]' }))],
      'unsupported_content',
      'messages[1].tool_calls[0]',
    ],
    [
      'a result of no call',
      [user({ ...result('x', text('1')), at: 'messages[3]' })],
      'unsupported_content',
      'messages[3]',
    ],
    [
      'a call of a free-text tool',
      [assistant(call('a', 'x', { kind: 'custom', at: 'm' }))],
      'unsupported_content',
      'm',
    ],
    [
      'something that only its own wire understands',
      [user({ type: 'opaque', kind: 'container_upload', value: {}, at: 'messages[0].content[0]' })],
      'unsupported_content',
      'messages[0].content[0]',
    ],
    [
      'a file at another provider',
      [user({ type: 'image', source: { kind: 'file', id: 'file_1' }, at: 'p' })],
      'unsupported_content',
      'p',
    ],
    [
      'a link that is none',
      [user({ type: 'file', source: { kind: 'url', url: 'data:text/plain,x' }, at: 'p' })],
      'unsupported_content',
      'p',
    ],
  ])('with %s is refused, and the place is named', (_what, turns, code, param) => {
    expect(refusal({ turns })).toEqual({ code, param })
  })

  it('that is bound to another wire’s server is refused', () => {
    expect(refusal({ bound: { param: 'previous_response_id', reason: 'kept elsewhere' } })).toEqual({
      code: 'unsupported_content',
      param: 'previous_response_id',
    })
  })

  it('loses what only its own wire has, each with its place', () => {
    const { losses } = encodeForeign({
      turns: [
        { ...user(text('a', { at: 'p', extras: { x: 1 }, cache: {} })), at: 't', extras: { name: 'n' } },
        assistant(
          { type: 'opaque', kind: 'server_tool_use', value: {}, at: 'o' },
          { type: 'reasoning', text: '', redacted: 'r', at: 'r' },
          { type: 'refusal', text: 'no', at: 'no' },
        ),
        user(text('b')),
      ],
      extras: { store: true },
      user: 'me',
    })
    expect(losses).toEqual([
      'dropped store',
      'dropped user',
      'dropped t.name',
      'dropped p.x',
      'dropped p.cache_control',
      'dropped o',
      'dropped r',
      'approximated no',
    ])
  })
})

describe('media', () => {
  const source = { kind: 'base64', mediaType: 'image/png', data: 'AA==' } as const
  const partOf = (part: ContentPart) => {
    const { body, losses } = encodeForeign({ turns: [user({ ...part, at: 'p' })] })
    const [content] = body['contents'] as { parts: unknown[] }[]
    return { parts: content?.parts, losses }
  }

  it.each<[string, ContentPart, unknown[], string[]]>([
    ['an image', { type: 'image', source }, [{ inlineData: { mimeType: 'image/png', data: 'AA==' } }], []],
    [
      'an image with a resolution',
      { type: 'image', source, detail: 'low' },
      [{ inlineData: { mimeType: 'image/png', data: 'AA==' } }],
      ['dropped p.image_url.detail'],
    ],
    [
      'a link to an image',
      { type: 'image', source: { kind: 'url', url: 'https://a.example/b.JPG?c' } },
      [{ fileData: { mimeType: 'image/jpeg', fileUri: 'https://a.example/b.JPG?c' } }],
      [],
    ],
    [
      'a link that does not tell its type',
      { type: 'image', source: { kind: 'url', url: 'https://a.example/b' } },
      [{ fileData: { fileUri: 'https://a.example/b' } }],
      [],
    ],
    [
      'sound',
      { type: 'audio', format: 'wav', data: 'AA==' },
      [{ inlineData: { mimeType: 'audio/wav', data: 'AA==' } }],
      [],
    ],
    [
      'a document with a name',
      { type: 'file', name: 'a.pdf', source: { ...source, mediaType: 'application/pdf' } },
      [{ inlineData: { mimeType: 'application/pdf', data: 'AA==' } }],
      ['dropped p.file.filename'],
    ],
    [
      'a text document with context and citations',
      { type: 'file', source: { kind: 'text', mediaType: 'text/plain', text: 'hé' }, context: 'c', cite: true },
      [{ text: 'c' }, { inlineData: { mimeType: 'text/plain', data: 'aMOp' } }],
      ['dropped p.citations', 'approximated p.context'],
    ],
    [
      'a document in parts',
      { type: 'file', source: { kind: 'parts', parts: [text('a'), { type: 'image', source }] } },
      [{ text: 'a' }, { inlineData: { mimeType: 'image/png', data: 'AA==' } }],
      ['approximated p'],
    ],
  ])('%s', (_what, part, parts, losses) => {
    expect(partOf(part)).toEqual({ parts, losses })
  })

  it('inside a tool result move behind the results, in their order', () => {
    const { body, losses } = encodeForeign({
      turns: [
        assistant(call('a'), call('b')),
        user(result('a', text('1'), { type: 'image', source, at: 'image' }), result('b', text('2'))),
      ],
    })
    const contents = body['contents'] as { parts: Json[] }[]
    expect(contents[1]?.parts.map((part) => Object.keys(part)[0])).toEqual([
      'functionResponse',
      'functionResponse',
      'inlineData',
    ])
    expect(losses).toContain('approximated image')
  })
})

describe('what a tool answered', () => {
  it.each<[string, readonly ContentPart[], boolean, unknown]>([
    ['a text', [text('x')], false, { output: 'x' }],
    ['nothing', [], false, { output: '' }],
    ['an error', [text('x')], true, { error: 'x' }],
    ['a JSON object', [text('{"a":[1]}')], false, { a: [1] }],
    [
      'a JSON object that would come back otherwise',
      [text('{"a": 9007199254740993}')],
      false,
      { output: '{"a": 9007199254740993}' },
    ],
    ['a JSON object that looks like a text', [text('{"output":"x"}')], false, { output: '{"output":"x"}' }],
    ['JSON that is no object', [text('[1]')], false, { output: '[1]' }],
    ['two texts', [text('x'), text('y')], false, { output: 'x\ny' }],
  ])('%s', (_what, parts, isError, response) => {
    const answer: ContentPart = { type: 'tool-result', callId: 'a', parts, ...(isError && { isError }) }
    const { body } = encodeForeign({ turns: [assistant(call('a')), user(answer)] })
    const contents = body['contents'] as { parts: { functionResponse: { response: unknown } }[] }[]
    expect(contents[1]?.parts[0]?.functionResponse.response).toEqual(response)
    // And it is read back as the text that it was.
    const back = decode(body).turns[1]?.parts[0]
    const said = back?.type === 'tool-result' ? back.parts.map((part) => (part.type === 'text' ? part.text : '')) : []
    expect(said.join('\n')).toBe(parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n'))
    expect(back).toMatchObject(isError ? { isError } : {})
  })
})

describe('the signature of a call', () => {
  const skip = 'skip_thought_signature_validator'
  const turns = [
    user(text('a')),
    assistant(text('t'), call('a', '{}', { at: 'call a' }), call('b')),
    user(result('a', text('1')), result('b', text('2'))),
    assistant(call('c', '{}', { signature: 'real' }), call('d')),
  ]
  const signatures = (model: string) => {
    const { body, losses } = encodeForeign({ turns }, model)
    const parts = (body['contents'] as { parts: Json[] }[]).flatMap((content) => content.parts)
    const calls = parts.filter((part) => 'functionCall' in part)
    return { signatures: calls.map((part) => part['thoughtSignature']), losses }
  }

  it.each(['gemini-3-pro-preview', 'gemini-3.5-flash', 'gemini-flash-latest'])(
    'is the documented stand-in on the first call of a step that has none, for %s',
    (model) => {
      expect(signatures(model)).toEqual({
        signatures: [skip, undefined, 'real', undefined],
        losses: ['approximated call a'],
      })
    },
  )

  it.each(['gemini-2.5-pro', 'gemini-2.0-flash', 'models/gemini-1.5-pro'])('is not asked for by %s', (model) => {
    expect(signatures(model)).toEqual({ signatures: [undefined, undefined, 'real', undefined], losses: [] })
  })
})

describe('tools', () => {
  it('are one list of functions with a JSON Schema', () => {
    const tools = [tool({ description: 'd', schema: object }), tool({ name: 'g', at: 'tools[1]' })]
    const { body, losses } = encodeForeign({ tools })
    expect(body['tools']).toEqual([
      { functionDeclarations: [{ name: 'f', description: 'd', parametersJsonSchema: object }, { name: 'g' }] },
    ])
    expect(losses).toEqual([])
  })

  it('whose schema does not say that it is of an object are made to', () => {
    const { body } = encodeForeign({ tools: [tool({ schema: { additionalProperties: false } })] })
    expect(body).toMatchObject({
      tools: [
        {
          functionDeclarations: [
            { parametersJsonSchema: { type: 'object', properties: {}, additionalProperties: false } },
          ],
        },
      ],
    })
  })

  it.each([{ type: 'string' }, 'x'])('whose schema is of something else are refused: %j', (schema) => {
    expect(refusal({ tools: [tool({ schema })] })).toEqual({ code: 'unsupported_content', param: 'tools[0]' })
  })

  it('that only their own provider has are lost, free-text ones refused', () => {
    const opaque: Tool = { type: 'opaque', kind: 'web_search', value: {}, at: 'tools[0]' }
    expect(encodeForeign({ tools: [opaque] })).toMatchObject({ losses: ['dropped tools[0]'] })
    expect(encodeForeign({ tools: [opaque] }).body).not.toHaveProperty('tools')
    expect(refusal({ tools: [{ type: 'custom', name: 'c', at: 'tools[0]' }] }).param).toBe('tools[0]')
  })

  it('lose strictness, cache breakpoints and members of their wire', () => {
    const { losses } = encodeForeign({ tools: [tool({ strict: true, cache: {}, extras: { defer_loading: true } })] })
    expect(losses).toEqual([
      'dropped tools[0].defer_loading',
      'dropped tools[0].cache_control',
      'dropped tools[0].function.strict',
    ])
  })

  it('with names that the wire refuses get others, in calls, results and the choice too', () => {
    const name = 'über tool/é'
    const { body, encoded } = encodeForeign({
      tools: [tool({ name }), tool({ name: '7up', at: 'tools[1]' }), tool({ name: 'a.b:c-d', at: 'tools[2]' })],
      toolChoice: { mode: 'tool', name },
      turns: [user(text('a')), assistant({ ...call('a'), name } as ContentPart), user(result('a', text('1')))],
    })
    const names = [...encoded.toolNames]
    const [legal] = names.find(([, original]) => original === name) ?? []
    expect(names.map(([, original]) => original).toSorted()).toEqual(['7up', name].toSorted())
    for (const [renamed] of names) expect(renamed).toMatch(/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/)
    expect(body).toMatchObject({
      tools: [{ functionDeclarations: [{ name: legal }, {}, { name: 'a.b:c-d' }] }],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [legal] } },
      contents: [
        {},
        { parts: [{ functionCall: { name: legal } }] },
        { parts: [{ functionResponse: { name: legal } }] },
      ],
    })
  })

  it.each<[IrRequest['toolChoice'], unknown]>([
    [undefined, undefined],
    [{ mode: 'auto' }, { mode: 'AUTO' }],
    [{ mode: 'none' }, { mode: 'NONE' }],
    [{ mode: 'required' }, { mode: 'ANY' }],
    [
      { mode: 'tool', name: 'f' },
      { mode: 'ANY', allowedFunctionNames: ['f'] },
    ],
  ])('are chosen by %j', (toolChoice, functionCallingConfig) => {
    const { body } = encodeForeign({ tools: [tool()], ...(toolChoice && { toolChoice }) })
    expect(body['toolConfig']).toEqual(functionCallingConfig && { functionCallingConfig })
  })

  it.each<[string, Partial<IrRequest>]>([
    [
      'in a form of another wire',
      { tools: [tool()], toolChoice: { mode: 'opaque', kind: 'allowed_tools', value: {} } },
    ],
    ['by force where none can be sent', { toolChoice: { mode: 'required' } }],
    [
      'by the name of one that is lost',
      { tools: [tool(), { type: 'opaque', kind: 'w', value: {} }], toolChoice: { mode: 'tool', name: 'w' } },
    ],
  ])('chosen %s are refused', (_what, members) => {
    expect(refusal(members)).toEqual({ code: 'unsupported_content', param: 'tool_choice' })
  })

  it('cannot be kept from being called several at once', () => {
    expect(encodeForeign({ tools: [tool()], parallelToolCalls: false }).losses).toEqual(['dropped parallel_tool_calls'])
    expect(encodeForeign({ tools: [tool()], parallelToolCalls: true }).losses).toEqual([])
    expect(encodeForeign({ source: 'anthropic-messages', tools: [tool()], parallelToolCalls: false }).losses).toEqual([
      'dropped tool_choice.disable_parallel_tool_use',
    ])
  })
})

describe('parameters', () => {
  const config = (members: Partial<IrRequest>, model?: string) => {
    const { body, losses } = encodeForeign(members, model)
    return { config: body['generationConfig'], losses }
  }

  it('have their names on this wire', () => {
    const sampling = {
      maxOutputTokens: 1,
      temperature: 0.2,
      topP: 0.3,
      topK: 4,
      stop: ['x', ''],
      seed: 5,
      frequencyPenalty: 0.6,
      presencePenalty: 0.7,
    }
    expect(config({ sampling, choices: 2 })).toEqual({
      config: {
        maxOutputTokens: 1,
        temperature: 0.2,
        topP: 0.3,
        topK: 4,
        stopSequences: ['x'],
        seed: 5,
        frequencyPenalty: 0.6,
        presencePenalty: 0.7,
        candidateCount: 2,
      },
      losses: [],
    })
  })

  it('beyond what the wire takes are lost', () => {
    expect(config({ sampling: { stop: ['1', '2', '3', '4', '5', '6'], seed: 2 ** 31 } })).toEqual({
      config: { stopSequences: ['1', '2', '3', '4', '5'] },
      losses: ['dropped stop', 'dropped seed'],
    })
  })

  it.each<[IrRequest['output'], unknown]>([
    [{ type: 'text' }, undefined],
    [{ type: 'json-object' }, { responseMimeType: 'application/json' }],
    [
      { type: 'json-schema', schema: { ...object, additionalProperties: false }, name: 'n', strict: true },
      { responseMimeType: 'application/json', responseJsonSchema: { ...object, additionalProperties: false } },
    ],
  ])('ask for %j', (output, expected) => {
    expect(config({ ...(output && { output }) })).toEqual({ config: expected, losses: [] })
  })

  it('describe the schema instead of the format, unless it has words of its own', () => {
    const path = 'response_format.json_schema.description'
    expect(config({ output: { type: 'json-schema', schema: object, description: 'd' } })).toEqual({
      config: { responseMimeType: 'application/json', responseJsonSchema: { ...object, description: 'd' } },
      losses: [`approximated ${path}`],
    })
    const described = { ...object, description: 'own' }
    expect(config({ output: { type: 'json-schema', schema: described, description: 'd' } })).toEqual({
      config: { responseMimeType: 'application/json', responseJsonSchema: described },
      losses: [`dropped ${path}`],
    })
  })

  it('lose a keyword of the output’s schema under the client’s own path', () => {
    const schema = { type: 'object', properties: { a: { type: 'string', pattern: 'x' } } }
    const output = { type: 'json-schema', schema } as const
    expect(config({ output }).losses).toEqual(['dropped response_format.json_schema.schema.properties.a.pattern'])
    expect(config({ source: 'anthropic-messages', output }).losses).toEqual([
      'dropped output_config.format.schema.properties.a.pattern',
    ])
  })
})

describe('how much to think', () => {
  const thinking = (reasoning: IrRequest['reasoning'], model: string) => {
    const { body, losses } = encodeForeign({ ...(reasoning && { reasoning }) }, model)
    return [(body['generationConfig'] as { thinkingConfig?: unknown } | undefined)?.thinkingConfig, losses]
  }
  const flash = 'gemini-2.5-flash'
  const pro = 'gemini-2.5-pro'
  const level = (thinkingLevel: string, includeThoughts = true) =>
    includeThoughts ? { includeThoughts, thinkingLevel } : { thinkingLevel }
  const budget = (thinkingBudget: number) => ({ includeThoughts: true, thinkingBudget })
  const near = ['approximated reasoning_effort']

  it.each<[string, IrRequest['reasoning'], string, unknown, string[]]>([
    ['nothing', undefined, flash, undefined, []],
    ['a budget', { mode: 'enabled', budgetTokens: 5000 }, flash, budget(5000), []],
    ['a budget above the model’s', { mode: 'enabled', budgetTokens: 31_999 }, flash, budget(24_576), near],
    ['a budget that Pro takes', { mode: 'enabled', budgetTokens: 31_999 }, pro, budget(31_999), []],
    ['as it likes', { mode: 'adaptive' }, flash, budget(-1), []],
    ['not at all', { mode: 'disabled' }, flash, { thinkingBudget: 0 }, []],
    ['not at all, but Pro always does', { mode: 'disabled' }, pro, { thinkingBudget: 128 }, near],
    ['an effort', { effort: 'low' }, flash, budget(4096), near],
    ['the least effort', { effort: 'minimal' }, flash, { thinkingBudget: 0 }, near],
    ['no effort', { effort: 'none' }, flash, { thinkingBudget: 0 }, []],
    ['an effort that is a level', { effort: 'low' }, 'gemini-3-pro-preview', level('LOW'), []],
    ['an effort between two levels', { effort: 'medium' }, 'gemini-3-pro-preview', level('HIGH'), near],
    ['an effort that is a level of Flash', { effort: 'minimal' }, 'gemini-3.5-flash', level('MINIMAL'), []],
    ['an effort above all levels', { effort: 'xhigh' }, 'gemini-3.5-flash', level('HIGH'), near],
    ['no effort, but Gemini 3 always thinks', { effort: 'none' }, 'gemini-3.5-flash', level('MINIMAL', false), near],
    ['a budget, which Gemini 3 still takes', { mode: 'enabled', budgetTokens: 5000 }, 'gemini-3-pro', budget(5000), []],
    ['an unknown effort', { effort: 'ultra' }, flash, undefined, ['dropped reasoning_effort']],
    [
      'an effort of a model that does not think',
      { effort: 'high' },
      'gemini-2.0-flash',
      undefined,
      ['dropped reasoning_effort'],
    ],
    ['nothing of a model that does not think', { effort: 'none' }, 'gemini-2.0-flash', undefined, []],
  ])('%s', (_what, reasoning, model, expected, losses) => {
    expect(thinking(reasoning, model)).toEqual([expected, losses])
  })

  it('is told under the client’s own path', () => {
    const reasoning = { mode: 'enabled', budgetTokens: 31_999, extras: { display: 'omitted' } } as const
    expect(encodeForeign({ source: 'anthropic-messages', reasoning }).losses).toEqual([
      'approximated thinking',
      'dropped thinking.display',
    ])
  })
})
