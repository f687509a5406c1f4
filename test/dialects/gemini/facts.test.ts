// What the gateway reads of a request before anything is translated: the model and the action from the path, the rest
// from the body.
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import { bodyWith, errorOf, valueOf, wireRequest, type Asked, type Json } from './support.ts'

const facts = (body: unknown, asked?: Asked) => valueOf(gemini.facts(wireRequest(body, asked)))
const fault = (body: unknown, asked?: Asked) => {
  const { code, param } = errorOf(gemini.facts(wireRequest(body, asked)))
  return { code, param }
}
const part = (value: Json): Json => ({ contents: [{ role: 'user', parts: [value] }] })

describe('the path', () => {
  it.each<[string, string, boolean]>([
    ['/v1beta/models/gemini-2.5-flash:generateContent', 'gemini-2.5-flash', false],
    ['/v1/models/gemini-2.5-flash:streamGenerateContent', 'gemini-2.5-flash', true],
    ['/gemini/v1beta/models/my/own/name:streamGenerateContent', 'my/own/name', true],
    ['/gemini/v1/models/vendor:tag:generateContent', 'vendor:tag', false],
    ['/v1beta/models/publishers/google/models/x:generateContent', 'publishers/google/models/x', false],
  ])('%s asks for a model', (path, model, stream) => {
    expect(facts(bodyWith(), { path })).toMatchObject({ dialect: 'gemini', task: 'generate', model, stream })
  })

  it.each([
    ['empty', '/v1beta/models/:generateContent'],
    ['white space', '/v1beta/models/ :generateContent'],
    ['too long', `/v1beta/models/${'x'.repeat(600)}:generateContent`],
    ['with a control character', '/v1beta/models/a\u0007b:generateContent'],
  ])('a model that is %s is refused', (_what, path) => {
    expect(fault(bodyWith(), { path })).toEqual({ code: 'invalid_model', param: 'model' })
  })

  it('is owned under both versions, with and without a prefix', () => {
    const paths = gemini.endpoints.map(({ path, task }) => `${task} ${path}`)
    expect(paths).toHaveLength(24)
    expect(paths).toContain('generate /v1/models/{model}:streamGenerateContent')
    expect(paths).toContain('count-tokens /gemini/v1beta/models/{model}:countTokens')
    // A name with a slash, as some clients write it.
    expect(paths).toContain('generate /v1beta/{model}:generateContent')
  })
})

describe('the framing that the client asked for', () => {
  const framing = (path: string, query: string) => gemini.clientFraming?.(wireRequest(bodyWith(), { path, query }))
  const stream = '/v1beta/models/m:streamGenerateContent'
  it.each([
    [stream, 'alt=sse', 'sse'],
    [stream, '', 'json-array'],
    [stream, 'alt=json', 'json-array'],
    ['/v1beta/models/m:generateContent', '', 'sse'],
  ])('%s?%s is %s', (path, query, expected) => {
    expect(framing(path, query)).toBe(expected)
  })
})

describe('the body', () => {
  it.each<[string, Json, string, string]>([
    ['no contents', {}, 'invalid_messages', 'contents'],
    ['empty contents', { contents: [] }, 'invalid_messages', 'contents'],
    ['contents of text', { contents: 'hi' }, 'invalid_messages', 'contents[0]'],
    ['a content of text', { contents: [{ parts: [{ text: 'a' }] }, 'b'] }, 'invalid_messages', 'contents[1]'],
    ['a part of text', { contents: [{ parts: ['hi'] }] }, 'invalid_messages', 'contents[0]'],
    ['tools that are no records', bodyWith({ tools: ['x'] }), 'invalid_value', 'tools'],
    ['a config that is no record', bodyWith({ generationConfig: 3 }), 'invalid_value', 'generationConfig'],
    ['a tool config that is no record', bodyWith({ toolConfig: [] }), 'invalid_value', 'toolConfig'],
    [
      'a limit of nothing',
      bodyWith({ generationConfig: { maxOutputTokens: 0 } }),
      'invalid_value',
      'generationConfig.maxOutputTokens',
    ],
    [
      'a limit of text',
      bodyWith({ generation_config: { max_output_tokens: '5' } }),
      'invalid_value',
      'generationConfig.maxOutputTokens',
    ],
    [
      'half an answer',
      bodyWith({ generationConfig: { candidateCount: 1.5 } }),
      'invalid_value',
      'generationConfig.candidateCount',
    ],
  ])('with %s is refused', (_what, body, code, param) => {
    expect(fault(body)).toEqual({ code, param })
  })

  it.each<[string, Json]>([
    ['a content that stands alone', { contents: { parts: { text: 'hi' } } }],
    ['no role', { contents: [{ parts: [{ text: 'hi' }] }] }],
    ['an unknown part', part({ somethingNew: {} })],
  ])('with %s is the provider’s to judge', (_what, body) => {
    expect(gemini.facts(wireRequest(body)).ok).toBe(true)
  })

  const png = { mimeType: 'image/png', data: 'AAAA' }
  it.each<[string, Json, Json]>([
    ['text', bodyWith(), { needsTools: false, needsImages: false, needsFiles: false, choices: 1, wantsUsage: true }],
    ['an image', part({ inlineData: png }), { needsImages: true }],
    ['an image in snake case', part({ inline_data: { mime_type: 'image/png', data: 'AAAA' } }), { needsImages: true }],
    ['sound', part({ inlineData: { mimeType: 'audio/wav', data: 'AAAA' } }), { needsAudio: true }],
    ['a file', part({ fileData: { mimeType: 'application/pdf', fileUri: 'gs://x' } }), { needsFiles: true }],
    ['tools', bodyWith({ tools: [{ googleSearch: {} }] }), { needsTools: true }],
    ['a call in the history', part({ functionCall: { name: 'f' } }), { needsTools: true }],
    ['a schema', bodyWith({ generationConfig: { responseSchema: { type: 'OBJECT' } } }), { needsSchema: true }],
    ['a JSON schema', bodyWith({ generation_config: { response_json_schema: {} } }), { needsSchema: true }],
    ['thinking', bodyWith({ generationConfig: { thinkingConfig: { thinkingBudget: 5 } } }), { needsReasoning: true }],
    [
      'no thinking',
      bodyWith({ generationConfig: { thinkingConfig: { thinkingBudget: 0 } } }),
      { needsReasoning: false },
    ],
    ['several answers', bodyWith({ generationConfig: { candidateCount: 3 } }), { choices: 3 }],
    ['a limit', bodyWith({ generationConfig: { maxOutputTokens: 7 } }), { maxOutputTokens: 7 }],
  ])('with %s says so', (_what, body, expected) => {
    expect(facts(body)).toMatchObject(expected)
  })

  it('counts text and not media', () => {
    const text = facts(part({ text: 'x'.repeat(400) })).approxInputTokens
    const media = facts(part({ inlineData: { mimeType: 'image/png', data: 'A'.repeat(4000) } })).approxInputTokens
    expect(text).toBeGreaterThan(95)
    expect(media).toBeLessThan(50)
  })

  it('names its session by a header', () => {
    expect(facts(bodyWith(), { headers: { 'x-session-id': 's' } }).sessionKey).toBe('s')
  })
})

describe('a request to count tokens', () => {
  const asked: Asked = { path: '/v1beta/models/m:countTokens', task: 'count-tokens' }
  it.each<[string, Json]>([
    ['bare', bodyWith()],
    ['wrapped', { generateContentRequest: { model: 'models/m', ...bodyWith({ tools: [{ codeExecution: {} }] }) } }],
    ['wrapped in snake case', { generate_content_request: bodyWith() }],
  ])('is read in its %s form', (_what, body) => {
    expect(facts(body, asked)).toMatchObject({ task: 'count-tokens', model: 'm', stream: false })
  })

  it('has to have contents too', () => {
    expect(fault({ generateContentRequest: {} }, asked)).toEqual({ code: 'invalid_messages', param: 'contents' })
  })
})
