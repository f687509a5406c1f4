// What policy gets to know of a request, and the few shapes that are refused at once.
import { describe, expect, it } from 'vitest'
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts'
import type { ErrorCode } from '../../../src/ir/error.ts'
import type { RequestFacts } from '../../../src/ir/facts.ts'
import { bodyWith, errorOf, valueOf, wireRequest, type Json } from './support.ts'

function factsOf(members: Json, headers: Record<string, string> = {}): RequestFacts {
  return valueOf(openaiResponses.facts(wireRequest(bodyWith(members), headers)))
}

const message = (...content: Json[]): Json => ({ input: [{ role: 'user', content }] })

describe('a request', () => {
  it('has plain facts where it asks for nothing in particular', () => {
    expect(factsOf({})).toMatchObject({
      dialect: 'openai-responses',
      task: 'generate',
      model: 'm',
      stream: false,
      wantsUsage: true,
      needsTools: false,
      needsImages: false,
      needsAudio: false,
      needsFiles: false,
      needsSchema: false,
      needsReasoning: false,
      choices: 1,
    })
    expect(factsOf({})).not.toHaveProperty('maxOutputTokens')
    expect(factsOf({})).not.toHaveProperty('sessionKey')
  })

  it.each<[string, Json, Partial<RequestFacts>]>([
    ['text as its input', { input: 'hi' }, {}],
    ['a stream', { stream: true }, { stream: true }],
    ['tools', { tools: [{ type: 'web_search' }] }, { needsTools: true }],
    ['an image', message({ type: 'input_image', image_url: 'https://x/a.png' }), { needsImages: true }],
    [
      'an image in the output of a tool',
      { input: [{ type: 'function_call_output', call_id: 'c', output: [{ type: 'input_image', file_id: 'f' }] }] },
      { needsImages: true },
    ],
    ['a file', message({ type: 'input_file', file_id: 'f' }), { needsFiles: true }],
    ['sound', message({ type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } }), { needsAudio: true }],
    ['a schema', { text: { format: { type: 'json_schema', name: 'x', schema: {} } } }, { needsSchema: true }],
    ['an effort', { reasoning: { effort: 'low' } }, { needsReasoning: true }],
    ['no effort', { reasoning: { effort: 'none' } }, { needsReasoning: false }],
    ['a limit', { max_output_tokens: 100 }, { maxOutputTokens: 100 }],
    ['a cache key', { prompt_cache_key: 'k' }, { sessionKey: 'k' }],
    ['a stored answer and no input', { input: null, previous_response_id: 'resp_1' }, {}],
    ['a stored prompt and no input', { input: undefined, prompt: { id: 'p' } }, {}],
    ['an item without type that is a reference', { input: [{ id: 'msg_1' }] }, {}],
    ['items of a type that nobody knows', { input: [{ type: 'invented' }] }, {}],
  ])('is known by %s', (_name, members, expected) => {
    expect(factsOf(members)).toMatchObject(expected)
  })

  it('belongs to the session that a header names, before its cache key', () => {
    expect(factsOf({ prompt_cache_key: 'k' }, { 'session-id': 's' }).sessionKey).toBe('s')
  })

  it('counts text and leaves inline media out', () => {
    const text = factsOf({ input: 'a'.repeat(4000) }).approxInputTokens
    expect(text).toBeGreaterThan(990)
    expect(text).toBeLessThan(1020)
    const image = `data:image/png;base64,${'A'.repeat(40_000)}`
    expect(factsOf(message({ type: 'input_image', image_url: image })).approxInputTokens).toBeLessThan(60)
  })

  it('is of the task of its path', () => {
    const request = wireRequest(bodyWith(), {}, 'count-tokens')
    expect(valueOf(openaiResponses.facts(request)).task).toBe('count-tokens')
  })
})

describe('a request is refused', () => {
  it.each<[string, Json, ErrorCode, string]>([
    ['without model', { model: undefined }, 'missing_required_parameter', 'model'],
    ['with an empty model', { model: ' ' }, 'invalid_model', 'model'],
    ['with a model that is no text', { model: 5 }, 'invalid_model', 'model'],
    ['without input', { input: undefined }, 'missing_required_parameter', 'input'],
    ['with a number as its input', { input: 5 }, 'invalid_value', 'input'],
    ['with an object as its input', { input: {} }, 'invalid_value', 'input'],
    ['with no items', { input: [] }, 'invalid_messages', 'input'],
    ['with an item that is no object', { input: ['hi'] }, 'invalid_messages', 'input'],
    ['with a message without content', { input: [{ role: 'user' }] }, 'invalid_messages', 'input'],
    ['with a message without role', { input: [{ type: 'message', content: 'a' }] }, 'invalid_messages', 'input'],
    ['with a stream that is no yes or no', { stream: 'yes' }, 'invalid_value', 'stream'],
    ['with tools that are no list', { tools: {} }, 'invalid_value', 'tools'],
    ['with a limit of nothing', { max_output_tokens: 0 }, 'invalid_value', 'max_output_tokens'],
  ])('%s', (_name, members, code, param) => {
    const error = errorOf(openaiResponses.facts(wireRequest(bodyWith(members))))
    expect(error).toMatchObject({ code, param, status: 400 })
  })
})
