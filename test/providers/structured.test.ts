// Structured output of the mock: a value that fits the schema, wherever a wire puts one; and vectors that depend on the text.
import { Validator, type Schema } from '@cfworker/json-schema'
import { describe, expect, it } from 'vitest'
import { fitting } from '../../src/providers/mock/fit.ts'
import { below, send, valuesIn, type Json } from './support.ts'

const schema: Schema = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    kind: { enum: ['a', 'b'] },
    count: { type: 'integer', minimum: 3 },
    tags: { type: 'array', items: { $ref: '#/$defs/tag' }, minItems: 2 },
    more: { anyOf: [{ type: 'null' }, { type: 'string' }] },
  },
  required: ['name', 'kind', 'count', 'tags', 'more'],
  $defs: { tag: { type: 'object', properties: { on: { type: 'boolean' } }, required: ['on'] } },
}

describe('a fitting value', () => {
  it.each<[string, Schema]>([
    ['an object with everything', schema],
    ['a constant', { const: 5 }],
    ['a list of types', { type: ['null', 'number'] }],
    ['text of a least length', { type: 'string', minLength: 20 }],
    ['no type', {}],
    [
      'a schema that refers to itself',
      {
        $ref: '#/$defs/node',
        $defs: {
          node: {
            type: 'object',
            properties: { next: { $ref: '#/$defs/node' }, v: { type: 'number' } },
            required: ['v'],
          },
        },
      },
    ],
  ])('fits: %s', (_name, wanted) => {
    expect(new Validator(wanted, '2020-12').validate(fitting(wanted)).errors).toEqual([])
  })

  it("reads Google's spelling of types", () => {
    const value = fitting({
      type: 'OBJECT',
      properties: { a: { type: 'ARRAY', items: { type: 'INTEGER' }, minItems: '2' } },
    })
    expect(value).toEqual({ a: [1, 1] })
  })
})

const said = [{ role: 'user', content: 'x' }]
const tool = { name: 'f', parameters: schema }

describe('the mock told structured', () => {
  it.each<[string, string, Json]>([
    [
      'openai-chat',
      '/v1/chat/completions',
      { messages: said, response_format: { type: 'json_schema', json_schema: { name: 's', schema } } },
    ],
    ['openai-responses', '/v1/responses', { input: 'x', text: { format: { type: 'json_schema', name: 's', schema } } }],
    [
      'anthropic-messages',
      '/v1/messages',
      { max_tokens: 9, messages: said, output_config: { format: { type: 'json_schema', schema } } },
    ],
    [
      'gemini',
      '/v1beta/models/structured:generateContent',
      {
        contents: [{ parts: [{ text: 'x' }] }],
        generationConfig: { responseMimeType: 'application/json', responseJsonSchema: schema },
      },
    ],
    [
      'bedrock-converse',
      '/model/structured/converse',
      {
        messages: [{ role: 'user', content: [{ text: 'x' }] }],
        outputConfig: {
          textFormat: { type: 'json_schema', structure: { jsonSchema: { schema: JSON.stringify(schema) } } },
        },
      },
    ],
  ])('answers JSON that fits on %s', async (name, path, members) => {
    const isInBody = name.startsWith('openai') || name.startsWith('anthropic')
    const answer = await send(`mock://mock${path}`, { ...(isInBody && { model: 'structured' }), ...members })
    expect(answer.status, answer.text).toBe(200)
    const { choices, output, content, candidates } = valuesIn(answer)[0] as Json
    const texts = [...below('content', choices), ...below('text', [output, content, candidates])]
    const value: unknown = JSON.parse(String(texts[0]))
    expect(new Validator(schema, '2020-12').validate(value).errors).toEqual([])
  })

  it.each<[string, string, Json, string]>([
    [
      'openai-chat',
      '/v1/chat/completions',
      { messages: said, tools: [{ type: 'function', function: tool }], tool_choice: 'required' },
      'arguments',
    ],
    [
      'openai-responses',
      '/v1/responses',
      { input: 'x', tools: [{ type: 'function', ...tool }], tool_choice: { type: 'function', name: 'f' } },
      'arguments',
    ],
  ])('calls the forced tool with arguments that fit on %s', async (_name, path, members, key) => {
    const answer = await send(`mock://mock${path}`, { model: 'structured', ...members })
    const [input] = below(key, valuesIn(answer))
    expect(new Validator(schema, '2020-12').validate(JSON.parse(String(input))).errors).toEqual([])
  })
})

describe('vectors of the mock', () => {
  const embed = async (members: Json): Promise<Json> => {
    const answer = await send('mock://mock/v1/embeddings', { model: 'm', ...members })
    expect(answer.status, answer.text).toBe(200)
    return JSON.parse(answer.text) as Json
  }
  const vectors = (value: Json): number[][] =>
    (value['data'] as { embedding: number[] }[]).map((entry) => entry.embedding)

  it('depend on the text and on nothing else', async () => {
    const [first, second, third] = vectors(await embed({ input: ['a', 'b', 'a'] }))
    expect(first).toEqual(third)
    expect(first).not.toEqual(second)
    expect(vectors(await embed({ input: 'a' }))[0]).toEqual(first)
  })

  it('are as long as asked, and 8 numbers otherwise', async () => {
    expect(vectors(await embed({ input: 'a' }))[0]).toHaveLength(8)
    expect(vectors(await embed({ input: 'a', dimensions: 256 }))[0]).toHaveLength(256)
  })

  it('are the same in base64', async () => {
    const plain = vectors(await embed({ input: 'a' }))[0]
    const [{ embedding }] = (await embed({ input: 'a', encoding_format: 'base64' }))['data'] as [{ embedding: string }]
    const bytes = new Uint8Array(Buffer.from(embedding, 'base64'))
    expect([...new Float32Array(bytes.buffer)]).toEqual(plain)
  })

  it('are given for tokens too, one for each list', async () => {
    expect(vectors(await embed({ input: [1, 2] }))).toHaveLength(1)
    expect(vectors(await embed({ input: [[1, 2], [3]] }))).toHaveLength(2)
  })

  it("are Google's as well, in a batch or alone", async () => {
    const content = { parts: [{ text: 'a' }] }
    const one = await send('mock://mock/v1beta/models/e:embedContent', { content, outputDimensionality: 3 })
    const batch = await send('mock://mock/v1beta/models/e:batchEmbedContents', {
      requests: [{ model: 'models/e', content, outputDimensionality: 3 }],
    })
    const { embedding } = JSON.parse(one.text) as { embedding: { values: number[] } }
    expect(embedding.values).toHaveLength(3)
    expect(JSON.parse(batch.text)).toEqual({ embeddings: [embedding] })
  })
})

describe('counting with the mock', () => {
  const turns = { contents: [{ role: 'user', parts: [{ text: 'one two three' }] }] }
  const conversation = { messages: [{ role: 'user', content: [{ text: 'one two three' }] }] }

  it.each<[string, string, Json, Json]>([
    [
      'anthropic-messages',
      '/v1/messages/count_tokens',
      { model: 'm', messages: [{ role: 'user', content: 'one two three' }] },
      { input_tokens: 3 },
    ],
    [
      'openai-responses',
      '/v1/responses/input_tokens',
      { model: 'm', input: 'one two three' },
      { object: 'response.input_tokens', input_tokens: 3 },
    ],
    ['gemini', '/v1beta/models/m:countTokens', turns, { totalTokens: 3 }],
    [
      'gemini, with a whole request',
      '/v1beta/models/m:countTokens',
      { generateContentRequest: { model: 'models/m', ...turns } },
      { totalTokens: 3 },
    ],
    ['bedrock-converse', '/model/m/count-tokens', { input: { converse: conversation } }, { inputTokens: 3 }],
  ])('counts words on %s', async (_name, path, body, expected) => {
    const answer = await send(`mock://mock${path}`, body)
    expect(answer.status, answer.text).toBe(200)
    expect(JSON.parse(answer.text)).toMatchObject(expected)
  })

  it.each<[string, string, Json]>([
    [
      'anthropic-messages',
      '/v1/messages/count_tokens',
      { model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'x' }] },
    ],
    ['openai-responses', '/v1/responses/input_tokens', { model: 'm', input: 'x', stream: true }],
    ['gemini', '/v1beta/models/m:countTokens', { ...turns, tools: [] }],
    ['gemini, without the model inside', '/v1beta/models/m:countTokens', { generateContentRequest: turns }],
    ['bedrock-converse', '/model/m/count-tokens', conversation],
  ])('refuses what only an answer needs on %s', async (_name, path, body) => {
    expect((await send(`mock://mock${path}`, body)).status).toBe(400)
  })

  it('fails as told, and knows no other path', async () => {
    expect((await send('mock://mock/v1beta/models/fault-503:countTokens', turns)).status).toBe(503)
    expect((await send('mock://mock/v1/moderations', {})).status).toBe(404)
    expect((await send('mock://mock/v1beta/models/m:predict', {})).status).toBe(404)
  })
})
