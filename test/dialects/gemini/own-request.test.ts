// A request that came in on this wire and goes out on it says the same: nothing lost, every spelling kept.
import { describe, expect, it } from 'vitest'
import { bodyWith, decode, encode, sent, type Json } from './support.ts'

const call = { functionCall: { name: 'f', args: { a: 1 } }, thoughtSignature: 's' }
const result = { functionResponse: { name: 'f', response: { result: 5 } } }
const conversation = (...contents: Json[]): Json => ({ contents })

describe('a request comes back as it was with', () => {
  it.each<[string, Json]>([
    ['nothing special', bodyWith()],
    ['no role', conversation({ parts: [{ text: 'hi' }] })],
    ['empty records', bodyWith({ generationConfig: {}, toolConfig: {} })],
    [
      'instructions with a role',
      bodyWith({ systemInstruction: { role: 'user', parts: [{ text: 'a' }, { text: 'b' }] } }),
    ],
    [
      'all parameters',
      bodyWith({
        generationConfig: {
          maxOutputTokens: 1,
          temperature: 0,
          topP: 1,
          topK: 40,
          stopSequences: [],
          seed: 0,
          frequencyPenalty: 0,
          presencePenalty: 0,
          candidateCount: 1,
          responseModalities: ['TEXT'],
          speechConfig: { languageCode: 'de' },
          responseLogprobs: true,
          thinkingConfig: { includeThoughts: false, thinkingBudget: -1 },
          mediaResolution: 'MEDIA_RESOLUTION_LOW',
        },
        safetySettings: [{ category: 'c', threshold: 't' }],
        cachedContent: 'cachedContents/1',
        labels: { team_a: 'x' },
        store: false,
        serviceTier: 'flex',
      }),
    ],
    [
      'snake case throughout',
      {
        contents: [
          { role: 'user', parts: [{ inline_data: { mime_type: 'image/png', data: 'AA==' } }] },
          { role: 'model', parts: [{ function_call: { name: 'f', args: { a_b: 1 } }, thought_signature: 's' }] },
          { role: 'user', parts: [{ function_response: { name: 'f', response: { c_d: 2 } } }] },
        ],
        system_instruction: { parts: [{ text: 'a' }] },
        generation_config: {
          max_output_tokens: 1,
          response_mime_type: 'application/json',
          response_schema: { type: 'object', property_ordering: ['a'] },
          thinking_config: { include_thoughts: true, thinking_budget: 5 },
          speech_config: {},
        },
        tools: [
          { function_declarations: [{ name: 'f', parameters_json_schema: { type: 'object' } }] },
          { google_search: {} },
        ],
        tool_config: { function_calling_config: { mode: 'any', allowed_function_names: ['f'] } },
        safety_settings: [],
        cached_content: 'c',
      },
    ],
    [
      'single values for lists',
      { contents: { parts: { text: 'hi' } }, tools: { functionDeclarations: { name: 'f' } } },
    ],
    [
      'a bare enum',
      bodyWith({ generationConfig: { responseMimeType: 'text/x.enum', responseSchema: { enum: ['a'] } } }),
    ],
    ['a schema without a media type', bodyWith({ generationConfig: { responseSchema: { type: 'OBJECT' } } })],
    [
      'tools of both kinds in one entry',
      bodyWith({
        tools: [{ functionDeclarations: [{ name: 'f' }, { name: 'g', response: {} }], googleSearch: { a: 1 } }],
      }),
    ],
    [
      'tools in an order of their own',
      bodyWith({ tools: [{ urlContext: {} }, { functionDeclarations: [{ name: 'f' }] }] }),
    ],
    [
      'a schema of this wire',
      bodyWith({ tools: [{ functionDeclarations: [{ name: 'f', parameters: { type: 'OBJECT' } }] }] }),
    ],
    ['validated calls', bodyWith({ toolConfig: { functionCallingConfig: { mode: 'VALIDATED' } } })],
    [
      'several tools to choose from',
      bodyWith({
        toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['f', 'g'] }, retrievalConfig: {} },
      }),
    ],
    [
      'a tool conversation without ids',
      conversation(
        { role: 'user', parts: [{ text: 'go' }] },
        { role: 'model', parts: [{ text: 'think', thought: true }, call, { functionCall: { name: 'g' } }] },
        {
          role: 'user',
          parts: [result, { functionResponse: { name: 'g', response: { output: 'x' } } }, { text: 'more' }],
        },
      ),
    ],
    [
      'ids of results alone',
      conversation(
        { role: 'model', parts: [call] },
        { role: 'user', parts: [{ functionResponse: { id: 'f-1', name: 'f', response: {} } }] },
      ),
    ],
    [
      'results in contents of their own',
      conversation(
        { role: 'model', parts: [call, call] },
        { role: 'function', parts: [result] },
        { role: 'function', parts: [result] },
      ),
    ],
    [
      'a server’s tool inside the model’s content',
      conversation({ role: 'model', parts: [{ text: 'a' }, call, result, { text: 'b' }] }),
    ],
    [
      'results with media and a schedule',
      conversation({
        role: 'user',
        parts: [
          {
            functionResponse: {
              name: 'f',
              response: { error: 'x' },
              parts: [{ inlineData: { mimeType: 'image/png', data: 'AA==' } }],
              scheduling: 'SILENT',
              willContinue: true,
            },
          },
        ],
      }),
    ],
    [
      'every other kind of part',
      conversation({
        role: 'user',
        parts: [
          { text: '', thoughtSignature: 's' },
          { thoughtSignature: 't' },
          { text: 'a', thought: false },
          { text: 'a', partMetadata: { k_k: 1 } },
          { inlineData: { mimeType: 'audio/x-wav', data: 'AA==' } },
          { inlineData: { mimeType: 'text/plain', data: 'aMOp', displayName: 'n' } },
          { inlineData: { mimeType: 'text/plain', data: 'aMO' } },
          { inlineData: { mimeType: 'image/png', data: 'AA==', displayName: 'n' } },
          { fileData: { fileUri: 'https://a.example/x' } },
          { fileData: { mimeType: 'video/mp4', fileUri: 'gs://a/b' }, videoMetadata: { startOffset: '1s' } },
          { executableCode: { language: 'PYTHON', code: 'x' }, thoughtSignature: 's' },
          { newThing: 5 },
        ],
      }),
    ],
  ])('%s', (_what, body) => {
    const encoded = encode(decode(body))
    expect(sent(encoded)).toEqual(body)
    expect(encoded.losses).toEqual([])
    expect([...encoded.toolNames]).toEqual([])
  })

  it('an instruction that was a text, as a content', () => {
    expect(sent(encode(decode(bodyWith({ systemInstruction: 'a' }))))).toEqual(
      bodyWith({ systemInstruction: { parts: [{ text: 'a' }] } }),
    )
  })
})

describe('a request that was changed on the way', () => {
  it('has the new signature, and the answer that was made shorter', () => {
    const request = decode(
      conversation(
        { role: 'model', parts: [call] },
        { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'long' } } }] },
      ),
    )
    const turns = request.turns.map((turn) => ({
      ...turn,
      parts: turn.parts.map((part) =>
        part.type === 'tool-result'
          ? { ...part, parts: [{ type: 'text' as const, text: 'short' }] }
          : { ...part, signature: 'new' },
      ),
    }))
    expect(sent(encode({ ...request, turns }))).toEqual(
      conversation(
        { role: 'model', parts: [{ ...call, thoughtSignature: 'new' }] },
        { role: 'user', parts: [{ functionResponse: { name: 'f', response: { output: 'short' } } }] },
      ),
    )
  })

  it('asks the target’s model for a stream of events', () => {
    const request = decode(bodyWith(), { path: '/v1/models/a:streamGenerateContent' })
    expect(encode(request, 'tunedModels/b').call.path).toBe('/v1beta/tunedModels/b:streamGenerateContent?alt=sse')
    expect(encode(decode(bodyWith())).call.path).toBe('/v1beta/models/gemini-2.5-flash:generateContent')
  })
})
