// A request of this wire in canonical words, whatever spelling it came in.
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import { bodyWith, decode, errorOf, wireRequest, type Json } from './support.ts'

const contents = (...list: Json[]): Json => ({ contents: list })
const user = (...parts: Json[]): Json => ({ role: 'user', parts })
const model = (...parts: Json[]): Json => ({ role: 'model', parts })
const parts = (...list: Json[]) => decode(contents(user(...list))).turns[0]?.parts ?? []

describe('a conversation', () => {
  it('has turns with their places', () => {
    expect(decode(contents(user({ text: 'a' }), model({ text: 'b' }))).turns).toEqual([
      { role: 'user', at: 'contents[0]', parts: [{ type: 'text', text: 'a', at: 'contents[0].parts[0]' }] },
      { role: 'assistant', at: 'contents[1]', parts: [{ type: 'text', text: 'b', at: 'contents[1].parts[0]' }] },
    ])
  })

  it.each<[string, Json]>([
    ['systemInstruction', { systemInstruction: { parts: [{ text: 'be' }] } }],
    ['system_instruction', { system_instruction: { role: 'system', parts: [{ text: 'be' }] } }],
    ['a text', { systemInstruction: 'be' }],
    ['one part alone', { systemInstruction: { parts: { text: 'be' } } }],
    ['a bare part', { systemInstruction: { text: 'be' } }],
  ])('has instructions from %s', (_what, members) => {
    expect(decode(bodyWith(members)).instructions).toMatchObject([{ type: 'text', text: 'be' }])
  })

  it('takes the model and the stream from the path', () => {
    const request = decode(bodyWith(), { path: '/v1/models/my/model:streamGenerateContent' })
    expect(request).toMatchObject({ source: 'gemini', model: 'my/model', stream: true })
  })

  it('is told where it does not have the shape of the wire', () => {
    const fault = (body: Json) => {
      const { code, param } = errorOf(gemini.decodeRequest(wireRequest(body)))
      return `${code} ${param}`
    }
    expect(fault(contents(user({ text: 3 })))).toBe('invalid_messages contents[0].parts[0].text')
    expect(fault(contents(user({ functionCall: {} })))).toBe('invalid_messages contents[0].parts[0].functionCall.name')
    expect(fault(bodyWith({ tools: [{ functionDeclarations: [{ description: 'x' }] }] }))).toBe(
      'invalid_value tools[0].functionDeclarations[0].name',
    )
    expect(fault(bodyWith({ generationConfig: { temperature: 'hot' } }))).toBe(
      'invalid_value generationConfig.temperature',
    )
  })
})

describe('a part', () => {
  const at = 'contents[0].parts[0]'
  it.each<[string, Json, Json]>([
    ['text', { text: 'a' }, { type: 'text', text: 'a' }],
    ['a thought', { text: 'a', thought: true }, { type: 'reasoning', text: 'a' }],
    ['a signed text', { text: 'a', thoughtSignature: 's' }, { type: 'text', text: 'a', signature: 's' }],
    ['a signature alone', { thoughtSignature: 's' }, { type: 'text', text: '', signature: 's' }],
    ['a signature in snake case', { text: '', thought_signature: 's' }, { type: 'text', text: '', signature: 's' }],
    [
      'an image',
      { inline_data: { mime_type: 'image/png', data: 'AA==' } },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' } },
    ],
    ['sound', { inlineData: { mimeType: 'audio/mpeg', data: 'AA==' } }, { type: 'audio', format: 'mp3', data: 'AA==' }],
    [
      'a document',
      { inlineData: { mimeType: 'application/pdf', data: 'AA==', displayName: 'a.pdf' } },
      { type: 'file', name: 'a.pdf', source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA==' } },
    ],
    [
      'a text document',
      { inlineData: { mimeType: 'text/plain', data: 'aMOp' } },
      { type: 'file', source: { kind: 'text', mediaType: 'text/plain', text: 'hé' } },
    ],
    [
      'a link to an image',
      { fileData: { mimeType: 'image/jpeg', fileUri: 'https://a.example/x' } },
      { type: 'image', source: { kind: 'url', url: 'https://a.example/x' } },
    ],
    [
      'a link without a type',
      { fileData: { fileUri: 'https://a.example/x.png?size=2' } },
      { type: 'image', source: { kind: 'url', url: 'https://a.example/x.png?size=2' } },
    ],
    [
      'a file at Google',
      { fileData: { mimeType: 'video/mp4', fileUri: 'https://generativelanguage.googleapis.com/v1beta/files/a' } },
      { type: 'file', source: { kind: 'file', id: 'https://generativelanguage.googleapis.com/v1beta/files/a' } },
    ],
    [
      'a video that only Google can open',
      { fileData: { fileUri: 'https://www.youtube.com/watch?v=1' } },
      { type: 'file', source: { kind: 'file', id: 'https://www.youtube.com/watch?v=1' } },
    ],
    [
      'a bucket',
      { fileData: { mimeType: 'image/png', fileUri: 'gs://b/x.png' } },
      { type: 'image', source: { kind: 'file', id: 'gs://b/x.png' } },
    ],
    [
      'code that ran at Google',
      { executableCode: { language: 'PYTHON', code: '1' }, thoughtSignature: 's' },
      {
        type: 'opaque',
        kind: 'executableCode',
        signature: 's',
        value: { executableCode: { language: 'PYTHON', code: '1' } },
      },
    ],
    ['something new', { newThing: { a: 1 } }, { type: 'opaque', kind: 'newThing', value: { newThing: { a: 1 } } }],
  ])('of %s', (_what, part, expected) => {
    expect(parts(part)[0]).toMatchObject({ at, ...expected })
  })

  it('keeps what it says beside its content, by name', () => {
    const [video] = parts({
      inlineData: { mimeType: 'video/mp4', data: 'AA==' },
      videoMetadata: { fps: 1 },
      mediaResolution: { level: 'MEDIA_RESOLUTION_LOW' },
    })
    expect(Object.keys(video?.extras ?? {})).toEqual(['videoMetadata', 'mediaResolution'])
  })
})

describe('calls and their results', () => {
  const call = (name: string, members: Json = {}): Json => ({ functionCall: { name, ...members } })
  const result = (name: string, members: Json = {}): Json => ({
    functionResponse: { name, response: { output: name }, ...members },
  })
  const pairs = (...list: Json[]) =>
    decode(contents(...list)).turns.flatMap((turn) =>
      turn.parts.flatMap((part) =>
        part.type === 'tool-call' ? [part.id] : part.type === 'tool-result' ? [`→${part.callId}`] : [],
      ),
    )

  it('are paired by id where both have one', () => {
    expect(
      pairs(
        model(call('f', { id: 'a' }), call('f', { id: 'b' })),
        user(result('f', { id: 'b' }), result('f', { id: 'a' })),
      ),
    ).toEqual(['a', 'b', '→b', '→a'])
  })

  it('are paired by name in order where they have none, under ids that are minted', () => {
    expect(pairs(model(call('f'), call('g'), call('f')), user(result('g'), result('f'), result('f')))).toEqual([
      'call_0',
      'call_1',
      'call_2',
      '→call_1',
      '→call_0',
      '→call_2',
    ])
  })

  it('are paired by name where only the result has an id, as Gemini CLI sends them', () => {
    expect(pairs(model(call('f'), call('g')), user(result('f', { id: 'f-1' }), result('g', { id: 'g-2' })))).toEqual([
      'call_0',
      'call_1',
      '→call_0',
      '→call_1',
    ])
  })

  it('never get an id that the conversation has already', () => {
    expect(pairs(model(call('f'), call('g', { id: 'call_0' })))).toEqual(['call_1', 'call_0'])
  })

  it.each<[string, Json, string]>([
    ['an object', { args: { a: 1 } }, '{"a":1}'],
    ['an empty object', { args: {} }, '{}'],
    ['none at all', {}, ''],
    ['null', { args: null }, ''],
  ])('have arguments as JSON text: %s', (_what, members, input) => {
    expect(parts(call('f', members))[0]).toMatchObject({ type: 'tool-call', input })
  })

  it.each<[string, unknown, Json]>([
    ['an output', { output: 'x' }, { parts: [{ text: 'x' }] }],
    ['an error', { error: 'x' }, { parts: [{ text: 'x' }], isError: true }],
    ['an object', { a: [1] }, { parts: [{ text: '{"a":[1]}' }] }],
    ['an output that is no text', { output: [1] }, { parts: [{ text: '{"output":[1]}' }] }],
    ['nothing', undefined, { parts: [] }],
  ])('answer with %s', (_what, response, expected) => {
    expect(parts({ functionResponse: { name: 'f', response } })[0]).toMatchObject({ type: 'tool-result', ...expected })
  })

  it('answer with media beside the text', () => {
    const media = { inlineData: { mimeType: 'image/png', data: 'AA==' } }
    expect(parts({ functionResponse: { name: 'f', response: { output: 'x' }, parts: [media] } })[0]).toMatchObject({
      parts: [{ type: 'text' }, { type: 'image', at: 'contents[0].parts[0].functionResponse.parts[0]' }],
    })
  })

  it('are one user turn, however many contents the results came in', () => {
    const turns = decode(
      contents(
        model(call('f'), call('g')),
        { role: 'function', parts: [result('f')] },
        { role: 'function', parts: [result('g')] },
        user({ text: 'and' }),
      ),
    ).turns
    expect(turns.map(({ role, parts }) => `${role} ${parts.map(({ type }) => type).join()}`)).toEqual([
      'assistant tool-call,tool-call',
      'user tool-result,tool-result',
      'user text',
    ])
  })

  it('of a server’s own tools stand in the model’s content and are the user’s all the same', () => {
    const turns = decode(contents(model({ text: 'a' }, call('f'), result('f'), { text: 'b' }))).turns
    expect(turns.map(({ role }) => role)).toEqual(['assistant', 'user', 'assistant'])
  })
})

describe('parameters', () => {
  it('have canonical names', () => {
    const generationConfig = {
      maxOutputTokens: 1,
      temperature: 0.2,
      topP: 0.3,
      topK: 4,
      stopSequences: ['x'],
      seed: 5,
      frequencyPenalty: 0.6,
      presencePenalty: 0.7,
      candidateCount: 2,
    }
    expect(decode(bodyWith({ generationConfig }))).toMatchObject({
      sampling: {
        maxOutputTokens: 1,
        temperature: 0.2,
        topP: 0.3,
        topK: 4,
        stop: ['x'],
        seed: 5,
        frequencyPenalty: 0.6,
        presencePenalty: 0.7,
      },
      choices: 2,
    })
  })

  it('may be spelled in snake case', () => {
    expect(decode(bodyWith({ generation_config: { max_output_tokens: 1, top_k: 2 } })).sampling).toEqual({
      maxOutputTokens: 1,
      topK: 2,
    })
  })

  it('without a canonical name are extras under the client’s own path', () => {
    const request = decode(
      bodyWith({
        safetySettings: [],
        generation_config: { speech_config: {} },
        toolConfig: { retrievalConfig: {} },
      }),
    )
    expect(Object.keys(request.extras ?? {})).toEqual([
      'safetySettings',
      'generation_config.speech_config',
      'toolConfig.retrievalConfig',
    ])
  })

  it('that every model answers to anyway are no extras', () => {
    const said = (modality: string) =>
      Object.keys(decode(bodyWith({ generationConfig: { responseModalities: [modality] } })).extras ?? {})
    expect(said('TEXT')).toEqual([])
    expect(said('IMAGE')).toEqual(['generationConfig.responseModalities'])
  })

  it('that name a cache at Google bind the request to this wire', () => {
    expect(decode(bodyWith({ cachedContent: 'cachedContents/1' })).bound).toMatchObject({ param: 'cachedContent' })
    expect(decode(bodyWith({ cached_content: 'cachedContents/1' })).bound).toMatchObject({ param: 'cached_content' })
    expect(decode(bodyWith()).bound).toBeUndefined()
  })

  it.each<[string, Json, Json]>([
    ['a budget', { thinkingBudget: 9 }, { mode: 'enabled', budgetTokens: 9 }],
    ['no budget', { thinkingBudget: 0 }, { mode: 'disabled' }],
    ['its own budget', { thinkingBudget: -1 }, { mode: 'adaptive' }],
    ['a level', { thinkingLevel: 'HIGH' }, { effort: 'high' }],
    ['a level in snake case', { thinking_level: 'low' }, { effort: 'low' }],
  ])('ask for thinking: %s', (_what, thinkingConfig, expected) => {
    const { extras, ...reasoning } = decode(bodyWith({ generationConfig: { thinkingConfig } })).reasoning ?? {}
    expect(reasoning).toEqual(expected)
    expect(Object.keys(extras ?? {})).toEqual([])
  })

  it('that ask for thoughts lose that only where it is all they ask', () => {
    const keys = (thinkingConfig: Json) =>
      Object.keys(decode(bodyWith({ generationConfig: { thinkingConfig } })).reasoning?.extras ?? {})
    expect(keys({ includeThoughts: true, thinkingBudget: 5 })).toEqual([])
    expect(keys({ includeThoughts: true })).toEqual(['includeThoughts'])
  })

  const schema = { type: 'OBJECT', properties: { a: { type: 'STRING' } } }
  it.each<[string, Json, unknown]>([
    ['text', { responseMimeType: 'text/plain' }, { type: 'text' }],
    ['JSON', { responseMimeType: 'application/json' }, { type: 'json-object' }],
    [
      'a schema of this wire',
      { responseMimeType: 'application/json', responseSchema: schema },
      { type: 'json-schema', schema: { type: 'object', properties: { a: { type: 'string' } } } },
    ],
    [
      'a JSON Schema',
      { responseMimeType: 'application/json', responseJsonSchema: { type: 'object' } },
      { type: 'json-schema', schema: { type: 'object' } },
    ],
    ['a bare enum', { responseMimeType: 'text/x.enum', responseSchema: { enum: ['a'] } }, undefined],
  ])('ask for an output: %s', (_what, generationConfig, output) => {
    expect(decode(bodyWith({ generationConfig })).output).toEqual(output)
  })
})

describe('tools', () => {
  it('are functions and Google’s own, each with its place', () => {
    const tools = [
      { functionDeclarations: [{ name: 'f', description: 'd', parameters: { type: 'OBJECT' }, behavior: 'BLOCKING' }] },
      { google_search: {}, codeExecution: {} },
    ]
    expect(decode(bodyWith({ tools })).tools).toMatchObject([
      {
        type: 'function',
        name: 'f',
        description: 'd',
        schema: { type: 'object' },
        at: 'tools[0].functionDeclarations[0]',
      },
      { type: 'opaque', kind: 'googleSearch', at: 'tools[1].google_search' },
      { type: 'opaque', kind: 'codeExecution', at: 'tools[1].codeExecution' },
    ])
  })

  it('may have a JSON Schema', () => {
    const schema = { type: 'object', additionalProperties: false }
    for (const key of ['parametersJsonSchema', 'parameters_json_schema'])
      expect(
        decode(bodyWith({ tools: [{ functionDeclarations: [{ name: 'f', [key]: schema }] }] })).tools[0],
      ).toMatchObject({
        schema,
      })
  })

  it.each<[Json, unknown]>([
    [{ mode: 'AUTO' }, { mode: 'auto' }],
    [{ mode: 'auto' }, { mode: 'auto' }],
    [{ mode: 'NONE' }, { mode: 'none' }],
    [{ mode: 'any' }, { mode: 'required' }],
    [{ mode: 'VALIDATED' }, { mode: 'auto' }],
    [
      { mode: 'ANY', allowedFunctionNames: ['f'] },
      { mode: 'tool', name: 'f' },
    ],
    [
      { mode: 'ANY', allowed_function_names: ['f'] },
      { mode: 'tool', name: 'f' },
    ],
    [{ mode: 'MODE_UNSPECIFIED' }, undefined],
    [{}, undefined],
  ])('are chosen by %j', (functionCallingConfig, choice) => {
    expect(decode(bodyWith({ toolConfig: { functionCallingConfig } })).toolChoice).toEqual(choice)
  })

  it('are chosen among several by a form that only this wire has', () => {
    const functionCallingConfig = { mode: 'ANY', allowedFunctionNames: ['f', 'g'] }
    expect(decode(bodyWith({ toolConfig: { functionCallingConfig } })).toolChoice).toMatchObject({
      mode: 'opaque',
      kind: 'functionCallingConfig',
    })
  })
})

describe('a request to count tokens', () => {
  const asked = { path: '/v1beta/models/m:countTokens', task: 'count-tokens' } as const
  it.each<[string, Json]>([
    ['bare', bodyWith()],
    ['wrapped', { generateContentRequest: { model: 'models/m', ...bodyWith() } }],
  ])('is decoded in its %s form', (_what, body) => {
    expect(decode(body, asked)).toMatchObject({ model: 'm', stream: false, turns: [{ role: 'user' }] })
  })
})
