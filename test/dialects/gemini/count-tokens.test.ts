// Counting tokens, and vectors of texts: the two tasks beside generating.
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import type { EmbeddingRequest } from '../../../src/ir/embedding.ts'
import { requireShared } from '../../support/shared.ts'
import {
  bodyWith,
  decode,
  errorOf,
  foreignRequest,
  jsonOf,
  recorded,
  recordedJson,
  sent,
  told,
  unknownKeys,
  valueOf,
  type Json,
} from './support.ts'

const { tokenCounting, embedding } = gemini
if (tokenCounting === undefined || embedding === undefined) throw new Error('a task is missing')

describe('counting', () => {
  const encode = (request: Parameters<typeof tokenCounting.encodeRequest>[0]) => {
    const encoded = valueOf(tokenCounting.encodeRequest(request, { model: 'gemini-x' }))
    expect(encoded.call.path).toBe('/v1beta/models/gemini-x:countTokens')
    expect(unknownKeys('CountTokensRequest', sent(encoded))).toEqual([])
    return sent(encoded)
  }

  it('of contents alone is a list of contents', () => {
    expect(encode(foreignRequest())).toEqual({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] })
  })

  it('of anything more wraps the whole request', () => {
    const tools = [{ type: 'function', name: 'f' }] as const
    const body = encode(foreignRequest({ instructions: [{ type: 'text', text: 'be' }], tools }))
    expect(body).toEqual({
      generateContentRequest: {
        model: 'models/gemini-x',
        contents: [{ role: 'user', parts: [{ text: 'hi' }] }],
        systemInstruction: { parts: [{ text: 'be' }] },
        tools: [{ functionDeclarations: [{ name: 'f' }] }],
      },
    })
  })

  it('of a request of this wire sends it as it was', () => {
    const asked = { path: '/v1beta/models/m:countTokens', task: 'count-tokens' } as const
    const tools = [{ codeExecution: {} }]
    const wrapped = { generateContentRequest: { model: 'models/m', ...bodyWith({ tools }) } }
    expect(encode(decode(bodyWith(), asked))).toEqual(bodyWith())
    expect(encode(decode(wrapped, asked))).toEqual({
      generateContentRequest: { model: 'models/gemini-x', ...bodyWith({ tools }) },
    })
  })

  it('refuses what generating would refuse', () => {
    const bound = { param: 'p', reason: 'r' }
    expect(errorOf(tokenCounting.encodeRequest(foreignRequest({ bound }), { model: 'm' })).param).toBe('p')
  })

  it.each<[string, unknown, number]>([
    ['a count', { totalTokens: 7, promptTokensDetails: [] }, 7],
    ['a count in snake case', { total_tokens: 7 }, 7],
    ['a count of nothing', {}, 0],
  ])('reads %s', (_what, body, expected) => {
    expect(valueOf(tokenCounting.decodeResponse(body))).toBe(expected)
  })

  it.each<[string, unknown, string]>([
    ['an error', { error: { code: 404, status: 'NOT_FOUND' } }, 'upstream_model_missing'],
    ['something else', { input_tokens: 4 }, 'upstream_bad_content'],
    ['no object', 'x', 'upstream_bad_content'],
  ])('fails on %s', (_what, body, code) => {
    expect(errorOf(tokenCounting.decodeResponse(body)).code).toBe(code)
  })

  it('answers with the total', () => {
    expect(jsonOf(tokenCounting.encodeResponse(12))).toEqual({ totalTokens: 12 })
  })
})

describe('embedding', () => {
  const request = (members: Partial<EmbeddingRequest> = {}): EmbeddingRequest => ({
    source: 'openai-embeddings',
    model: 'm',
    inputs: [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ],
    encoding: 'float',
    ...members,
  })

  it('is one batch of texts', () => {
    const encoded = valueOf(embedding.encodeRequest(request({ dimensions: 3 }), { model: 'gemini-embedding-001' }))
    expect(encoded.call.path).toBe('/v1beta/models/gemini-embedding-001:batchEmbedContents')
    expect(sent(encoded)).toEqual({
      requests: ['a', 'b'].map((text) => ({
        model: 'models/gemini-embedding-001',
        content: { parts: [{ text }] },
        outputDimensionality: 3,
      })),
    })
    expect(unknownKeys('BatchEmbedContentsRequest', sent(encoded))).toEqual([])
    expect(encoded.losses).toEqual([])
  })

  it('loses what its client’s wire alone knows, and refuses token ids', () => {
    const encoded = valueOf(embedding.encodeRequest(request({ user: 'u', extras: { x: 1 } }), { model: 'm' }))
    expect(told(encoded.losses)).toEqual(['dropped user', 'dropped x'])
    const inputs = [{ type: 'tokens', tokens: [1], at: 'input[0]' }] as const
    expect(errorOf(embedding.encodeRequest(request({ inputs }), { model: 'm' }))).toMatchObject({
      code: 'unsupported_content',
      param: 'input[0]',
    })
  })

  it('reads vectors, and what was counted', () => {
    const embeddings = [{ values: [0.5, 1] }, { values: [0, -1] }]
    expect(valueOf(embedding.decodeResponse({ embeddings }))).toEqual({
      source: 'gemini',
      vectors: [
        [0.5, 1],
        [0, -1],
      ],
    })
    expect(
      valueOf(embedding.decodeResponse({ embeddings, usageMetadata: { promptTokenCount: 4 } })).usage,
    ).toMatchObject({
      evidence: 'reported',
      input: 4,
    })
    expect(valueOf(embedding.decodeResponse({ embedding: { values: [1] } })).vectors).toEqual([[1]])
  })

  it.each<[string, unknown, string]>([
    ['nothing', {}, 'upstream_empty'],
    ['no numbers', { embeddings: [{ values: ['x'] }] }, 'upstream_bad_content'],
    ['an empty vector', { embeddings: [{ values: [] }] }, 'upstream_bad_content'],
    ['an error', { error: { code: 429, status: 'RESOURCE_EXHAUSTED' } }, 'upstream_rate_limited'],
    ['no object', 3, 'upstream_bad_content'],
  ])('fails on %s', (_what, body, code) => {
    expect(errorOf(embedding.decodeResponse(body)).code).toBe(code)
  })

  it.runIf(requireShared('recorded embeddings'))('speaks as the recording does', () => {
    const [asked = '', answered = ''] = ['.request.json', '.response.json'].map(
      (ending) => recorded(ending).find((name) => name.includes('embedding')) ?? '',
    )
    const [one] = recordedJson(asked)['requests'] as Json[]
    const { parts } = (one ?? {})['content'] as { parts: { text: string }[] }
    const inputs = parts.map(({ text }) => ({ type: 'text', text }) as const)
    const encoded = embedding.encodeRequest(request({ inputs, dimensions: 768 }), { model: 'gemini-embedding-001' })
    expect(sent(valueOf(encoded))).toEqual(recordedJson(asked))
    expect(valueOf(embedding.decodeResponse(recordedJson(answered))).vectors[0]).toHaveLength(768)
  })
})
