// Embeddings on OpenAI's wire, both halves: checks, requests and vectors, and what the official SDK makes of an answer.
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import type { Exchange, WireRequest } from '../../../src/dialects/dialect.ts'
import { encodeResponse } from '../../../src/dialects/openai-embeddings/encode-response.ts'
import { openaiEmbeddings } from '../../../src/dialects/openai-embeddings/index.ts'
import { decodeVector, encodeVector } from '../../../src/dialects/openai-embeddings/vector.ts'
import type { EmbeddingRequest, EmbeddingResponse } from '../../../src/ir/embedding.ts'
import type { GatewayError, Outcome } from '../../../src/ir/error.ts'
import { readJson } from '../../../src/wire/json-scan.ts'
import { plainFacts } from '../../support/facts.ts'

type Json = Record<string, unknown>

function wireRequest(body: unknown, headers: Record<string, string> = {}): WireRequest {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const reading = readJson(new TextEncoder().encode(text), { maxDepth: 100, maxKeysPerObject: 1000 })
  if (!reading.ok) throw new Error(reading.fault)
  return {
    task: 'embed',
    path: '/v1/embeddings',
    query: new URLSearchParams(),
    headers: new Headers(headers),
    body: reading.document,
  }
}

const bodyWith = (members: Json = {}): Json => ({ model: 'm', input: 'hello', ...members })
const jsonOf = (bytes: Uint8Array): Json => JSON.parse(new TextDecoder().decode(bytes)) as Json

function valueOf<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

function errorOf(outcome: Outcome<unknown>): GatewayError {
  if (outcome.ok) throw new Error('expected a failure')
  return outcome.error
}

const facts = (body: unknown, headers?: Record<string, string>) => openaiEmbeddings.facts(wireRequest(body, headers))
const decode = (members: Json): EmbeddingRequest =>
  valueOf(openaiEmbeddings.decodeRequest(wireRequest(bodyWith(members))))

const exchange: Exchange = {
  requestId: 'req_1',
  facts: plainFacts({ dialect: 'openai-embeddings', task: 'embed' }),
  upstream: 'gemini',
  model: 'target-model',
  createdAt: 1_700_000_000,
}

describe('a request is refused where', () => {
  it.each<[string, Json, string, string]>([
    ['the model is missing', { input: 'x' }, 'missing_required_parameter', 'model'],
    ['the model is empty', bodyWith({ model: '' }), 'invalid_model', 'model'],
    ['the input is missing', { model: 'm' }, 'missing_required_parameter', 'input'],
    ['the input is null', bodyWith({ input: null }), 'invalid_value', 'input'],
    ['the input is an object', bodyWith({ input: { text: 'x' } }), 'invalid_value', 'input'],
    ['dimensions are zero', bodyWith({ dimensions: 0 }), 'invalid_value', 'dimensions'],
    ['dimensions are text', bodyWith({ dimensions: '256' }), 'invalid_value', 'dimensions'],
    ['the format is a number', bodyWith({ encoding_format: 1 }), 'invalid_value', 'encoding_format'],
  ])('%s', (_name, body, code, param) => {
    expect(errorOf(facts(body))).toMatchObject({ code, param, status: 400 })
  })
})

describe('the facts of a request', () => {
  it('are those of embedding', () => {
    expect(valueOf(facts(bodyWith({ input: ['a'.repeat(4000)] }), { 'x-session-id': 's' }))).toMatchObject({
      dialect: 'openai-embeddings',
      task: 'embed',
      model: 'm',
      stream: false,
      choices: 1,
      approxInputTokens: expect.closeTo(1001, 0) as number,
      sessionKey: 's',
    })
  })
})

describe('an input', () => {
  it.each<[string, unknown, EmbeddingRequest['inputs']]>([
    ['a text', 'a', [{ type: 'text', text: 'a', at: 'input' }]],
    [
      'several texts',
      ['a', 'b'],
      [
        { type: 'text', text: 'a', at: 'input[0]' },
        { type: 'text', text: 'b', at: 'input[1]' },
      ],
    ],
    ['tokens', [1, 2], [{ type: 'tokens', tokens: [1, 2], at: 'input' }]],
    [
      'several token lists',
      [[1], [2, 3]],
      [
        { type: 'tokens', tokens: [1], at: 'input[0]' },
        { type: 'tokens', tokens: [2, 3], at: 'input[1]' },
      ],
    ],
  ])('is %s', (_name, input, expected) => {
    expect(decode({ input }).inputs).toEqual(expected)
  })

  it.each([[['a', 1]], [[1, 'a']], [[[1], 'a']], [[1.5]], [[{}]]])('is refused in another shape: %j', (input) => {
    const outcome = openaiEmbeddings.decodeRequest(wireRequest(bodyWith({ input })))
    expect(errorOf(outcome)).toMatchObject({ code: 'invalid_value', param: expect.stringMatching(/^input\[[01]\]/) })
  })
})

describe('a request that comes back to this wire', () => {
  it.each<[string, Json]>([
    ['alone', {}],
    ['with a list of one', { input: ['a'] }],
    ['with tokens', { input: [1, 2] }],
    ['with token lists', { input: [[1, 2]] }],
    ['with base64', { encoding_format: 'base64' }],
    ['with numbers asked for by name', { encoding_format: 'float' }],
    ['with everything else', { dimensions: 256, user: 'u', input_type: 'query', truncate: '' }],
  ])('is as it was: %s', (_name, members) => {
    const { call, losses } = valueOf(openaiEmbeddings.embedding.encodeRequest(decode(members), { model: 'm' }))
    expect(jsonOf(call.body)).toEqual(bodyWith(members))
    expect(call.path).toBe('/embeddings')
    expect(losses).toEqual([])
  })

  it('knows how its client wants the vectors written', () => {
    expect(decode({}).encoding).toBe('float')
    expect(decode({ encoding_format: null }).encoding).toBe('float')
    expect(decode({ encoding_format: 'base64' })).toMatchObject({ encoding: 'base64' })
    expect(errorOf(openaiEmbeddings.decodeRequest(wireRequest(bodyWith({ encoding_format: 'int8' }))))).toMatchObject({
      code: 'invalid_value',
      param: 'encoding_format',
    })
  })
})

describe('a foreign request', () => {
  it('asks for numbers, which every server of this wire has, and reports what it loses', () => {
    const request: EmbeddingRequest = {
      source: 'gemini',
      model: 'g',
      inputs: [{ type: 'text', text: 'a' }],
      dimensions: 3,
      encoding: 'base64',
      extras: { taskType: 'RETRIEVAL_QUERY' },
    }
    const { call, losses } = valueOf(openaiEmbeddings.embedding.encodeRequest(request, { model: 'text-embedding' }))
    expect(jsonOf(call.body)).toEqual({ model: 'text-embedding', input: ['a'], dimensions: 3 })
    expect(losses).toMatchObject([{ path: 'taskType', action: 'dropped' }])
  })
})

// 0.5 is 0x3f000000 and -2 is 0xc0000000 (IEEE 754), the lowest byte first.
const half = [0x00, 0x00, 0x00, 0x3f]
const minusTwo = [0x00, 0x00, 0x00, 0xc0]
const base64 = Buffer.from([...half, ...minusTwo]).toString('base64')

describe('a vector in base64', () => {
  it('is little-endian 32-bit floats', () => {
    expect(encodeVector([0.5, -2])).toBe(base64)
    expect(decodeVector(base64)).toEqual([0.5, -2])
  })

  it('comes back from a length that one call of the engine would not take', () => {
    const vector = Array.from({ length: 50_000 }, (_, index) => index)
    expect(decodeVector(encodeVector(vector))).toEqual(vector)
  })

  it.each(['%%%', 'AAA='])('is none where it is %s', (text) => {
    expect(decodeVector(text)).toBeUndefined()
  })
})

const answer = (members: Json = {}): Json => ({
  object: 'list',
  data: [{ object: 'embedding', index: 0, embedding: [0.5, -2] }],
  model: 'text-embedding-3-small',
  usage: { prompt_tokens: 8, total_tokens: 8 },
  ...members,
})

describe('an answer of this wire', () => {
  const read = (body: unknown): EmbeddingResponse => valueOf(openaiEmbeddings.embedding.decodeResponse(body))

  it('is its vectors, and usage of input alone', () => {
    const { usage, ...rest } = read(answer())
    expect(rest).toEqual({ source: 'openai-embeddings', model: 'text-embedding-3-small', vectors: [[0.5, -2]] })
    expect(usage).toMatchObject({ input: 8, evidence: 'reported' })
    expect(usage).not.toHaveProperty('output')
  })

  it('is read from base64 as well', () => {
    expect(read(answer({ data: [{ index: 0, embedding: base64 }] })).vectors).toEqual([[0.5, -2]])
  })

  it('is put in order by index', () => {
    const data = [1, 0].map((index) => ({ index, embedding: [index] }))
    expect(read(answer({ data })).vectors).toEqual([[0], [1]])
  })

  it('comes back as it was', () => {
    const body = answer({ latency: 3, usage: { prompt_tokens: 8, total_tokens: 8, completion_tokens: 0 } })
    expect(jsonOf(openaiEmbeddings.encodeResponse(read(body), exchange, 'float').body)).toEqual(body)
  })

  it.each<[string, unknown, string]>([
    ['no vectors', answer({ data: [] }), 'upstream_empty'],
    ['no data', {}, 'upstream_empty'],
    ['a list', [], 'upstream_empty'],
    ['an error in a 200', { error: { message: 'x', code: 429 } }, 'upstream_rate_limited'],
  ])('is a failure with %s', (_name, body, code) => {
    expect(errorOf(openaiEmbeddings.embedding.decodeResponse(body)).code).toBe(code)
    expect(errorOf(openaiEmbeddings.inspectResponse(body)).code).toBe(code)
  })

  it('is a failure with a vector that is none', () => {
    const body = answer({ data: [{ index: 0, embedding: [0.5, null] }] })
    expect(errorOf(openaiEmbeddings.embedding.decodeResponse(body)).code).toBe('upstream_bad_content')
  })

  it('says in passing what the gateway has to know', () => {
    const report = valueOf(openaiEmbeddings.inspectResponse(answer()))
    expect(report).toMatchObject({ complete: true, model: 'text-embedding-3-small', usage: { input: 8 } })
    expect(report.usage).not.toHaveProperty('output')
  })
})

describe('a foreign answer', () => {
  const foreign: EmbeddingResponse = {
    source: 'gemini',
    vectors: [[0.5, -2], [1]],
    usage: { input: 4, evidence: 'reported' },
    extras: { billing: 1 },
  }

  it('is a list of numbers, with usage and losses', () => {
    const { body, losses } = openaiEmbeddings.encodeResponse(foreign, exchange, 'float')
    expect(jsonOf(body)).toEqual({
      object: 'list',
      data: [
        { object: 'embedding', index: 0, embedding: [0.5, -2] },
        { object: 'embedding', index: 1, embedding: [1] },
      ],
      model: 'target-model',
      usage: { prompt_tokens: 4, total_tokens: 4 },
    })
    expect(losses).toMatchObject([{ path: 'billing', action: 'dropped' }])
  })

  it('has a usage record even where nobody counted', () => {
    const { usage: _usage, ...uncounted } = foreign
    const body = jsonOf(openaiEmbeddings.encodeResponse(uncounted, exchange, 'float').body)
    expect(body['usage']).toEqual({ prompt_tokens: 0, total_tokens: 0 })
  })

  it.each([
    ['base64, as it asks by itself', {}, 'base64'],
    ['numbers, where told to', { encoding_format: 'float' }, 'float'],
  ] as const)('is read by the official SDK from %s', async (_name, asked, encoding) => {
    let format: unknown
    const client = new OpenAI({
      apiKey: 'sk-test',
      baseURL: 'http://sdk.invalid/v1',
      maxRetries: 0,
      fetch: (_url, init) => {
        format = (JSON.parse(String(init?.body)) as Json)['encoding_format']
        const { body } = encodeResponse(foreign, exchange, encoding)
        return Promise.resolve(new Response(new Uint8Array(body), { headers: { 'content-type': 'application/json' } }))
      },
    })
    const { data } = await client.embeddings.create({ model: 'm', input: 'x', ...asked })
    expect(format).toBe(encoding)
    expect(data.map(({ embedding }) => Array.from(embedding))).toEqual([[0.5, -2], [1]])
  })
})

describe('the byte path', () => {
  it('changes the model and nothing else, and goes to its own path', () => {
    const text = '{ "dimensions":256.0, "model":"client/m","input":"\\u00e9" }'
    const request = wireRequest(text)
    const call = openaiEmbeddings.retarget(request, { model: 'x' }, [])
    expect(new TextDecoder().decode(call.body)).toBe(text.replace('"client/m"', '"x"'))
    expect(call.path).toBe('/embeddings')
    expect(openaiEmbeddings.usageEdits(request, exchange.facts)).toEqual([])
    expect(openaiEmbeddings.endpoints).toEqual([{ path: '/v1/embeddings', task: 'embed' }])
  })
})
