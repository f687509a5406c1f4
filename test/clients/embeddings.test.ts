// Embeddings: the SDKs that ask for them, against a provider of the same wire and one of Gemini's.
import { createOpenAI } from '@ai-sdk/openai'
import { APICallError, embedMany } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { discoveryErrors } from '../support/discovery.ts'
import type { GatewayProcess } from '../support/gateway-process.ts'
import { schemaErrors } from '../support/openapi.ts'
import { requireShared } from '../support/shared.ts'
import { json, startUpstream, type Upstream } from '../support/upstream.ts'
import { secrets, startGateway } from './gateway.ts'
import { marked } from './scripted-provider.ts'
import { gemini } from './wires/gemini.ts'
import { openaiError } from './wires/openai-error.ts'
import { member, records, type Json } from './wires/wire.ts'

// Numbers that 32 bits hold exactly.
const vectors = [
  [0.5, -1.25, 0.03125],
  [-0.0078125, 3, 0],
]

/** What each provider is called with and answers. */
const wires = {
  // https://platform.openai.com/docs/api-reference/embeddings
  openai: {
    model: 'text-embedding-3-small',
    path: '/openai/v1/embeddings',
    errors: (body: Json) => schemaErrors('openai', 'CreateEmbeddingRequest', body),
    texts: (body: Json) => [body['input']].flat(),
    size: (body: Json) => body['dimensions'],
    answer: (body: Json) => ({
      object: 'list',
      data: vectors.map((vector, index) => ({
        object: 'embedding',
        index,
        embedding: body['encoding_format'] === 'base64' ? packed(vector) : vector,
      })),
      model: 'text-embedding-3-small',
      usage: { prompt_tokens: 9, total_tokens: 9 },
    }),
    error: openaiError,
  },
  // https://ai.google.dev/api/embeddings
  gemini: {
    model: 'gemini-embedding-001',
    path: '/gemini/v1beta/models/gemini-embedding-001:batchEmbedContents',
    errors: (body: Json) => discoveryErrors('BatchEmbedContentsRequest', body),
    texts: (body: Json) =>
      records(body['requests']).map((request) => records(member(request, 'content')['parts'])[0]?.['text']),
    size: (body: Json) => records(body['requests'])[0]?.['outputDimensionality'],
    answer: () => ({ embeddings: vectors.map((values) => ({ values })), usageMetadata: { promptTokenCount: 9 } }),
    error: gemini.errorOf,
  },
}

/** 32-bit floats, the lowest byte first, as base64. */
function packed(vector: readonly number[]): string {
  return Buffer.from(Float32Array.from(vector).buffer).toString('base64')
}

let upstream: Upstream
let gateway: GatewayProcess

beforeAll(async () => {
  upstream = await startUpstream((body) => /\[scene ([^\]]+)\]/.exec(body.toString())?.[1] ?? '')
  gateway = await startGateway({
    openai: { type: 'openai', api_formats: ['openai_embeddings'], base_url: `${upstream.url}/openai/v1` },
    gemini: { type: 'gemini', base_url: `${upstream.url}/gemini` },
  })
})
afterAll(async () => {
  await gateway?.stop()
  await upstream?.close()
})

describe.skipIf(!requireShared('SDK embeddings')).each(['openai', 'gemini'] as const)('from %s', (name) => {
  const wire = wires[name]
  const model = `${name}/${wire.model}`
  const openai = (): OpenAI => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: secrets.gateway, maxRetries: 0 })

  /** Scripts a scene, and returns the texts to embed. */
  function script(scene: string): string[] {
    const mark = `${scene} ${name}`
    upstream.on(mark, (response, received) =>
      json(wire.answer(JSON.parse(received.body.toString()) as Json))(response, received),
    )
    return [`One ${marked(mark)}`, 'Grüße, 世界']
  }

  function sentIn(scene: string): Json {
    const [request] = upstream.of(`${scene} ${name}`)
    expect(request?.path).toBe(wire.path)
    const body = JSON.parse(request?.body.toString() ?? '{}') as Json
    expect(wire.errors(body)).toEqual([])
    return body
  }

  it.each([undefined, 'float', 'base64'] as const)(
    'the openai SDK gets its vectors, asked for as %s',
    async (format) => {
      const input = script(`vectors ${format}`)
      const answer = await openai().embeddings.create({ model, input, ...(format && { encoding_format: format }) })
      const got = answer.data.map(({ embedding }) => embedding as unknown)
      expect(got).toEqual(format === 'base64' ? vectors.map(packed) : vectors)
      expect(answer.data.map(({ index }) => index)).toEqual([0, 1])
      expect(answer.usage).toEqual({ prompt_tokens: 9, total_tokens: 9 })
      expect(wire.texts(sentIn(`vectors ${format}`))).toEqual(input)
    },
  )

  it('the openai SDK asks for vectors of a size', async () => {
    const input = script('size')
    await openai().embeddings.create({ model, input, dimensions: 3 })
    expect(wire.size(sentIn('size'))).toBe(3)
  })

  it('the ai SDK gets its vectors', async () => {
    const values = script('ai')
    const provider = createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: secrets.gateway })
    const answer = await embedMany({ model: provider.embedding(model), values, maxRetries: 0 })
    expect(answer.embeddings).toEqual(vectors)
    expect(answer.usage.tokens).toBe(9)
    expect(wire.texts(sentIn('ai'))).toEqual(values)
  })

  it.each([400, 429, 500] as const)("tells of a provider's %d as the SDKs' own errors", async (status) => {
    const mark = `error ${status} ${name}`
    const { body, headers } = wire.error(status)
    upstream.on(mark, json(body, status, headers))
    const expected = status === 500 ? 502 : status
    const value = marked(mark)
    // After a rate limit the gateway keeps away from the account and the model for a while.
    const own = `${model}-${status}`
    const cause: unknown = await openai()
      .embeddings.create({ model: own, input: value })
      .catch((error: unknown) => error)
    expect(cause).toBeInstanceOf(
      { 400: OpenAI.BadRequestError, 429: OpenAI.RateLimitError, 500: OpenAI.InternalServerError }[status],
    )
    expect(cause).toMatchObject({ status: expected })
    const provider = createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: secrets.gateway })
    const failure: unknown = await embedMany({
      model: provider.embedding(own),
      values: [value],
      maxRetries: 0,
    }).catch((error: unknown) => error)
    expect(APICallError.isInstance(failure) && failure.statusCode).toBe(expected)
  })
})
