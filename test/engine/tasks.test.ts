// Counting tokens and embedding through the whole gateway: same wire, another wire, and nobody to ask.
import { describe, expect, it } from 'vitest'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { createTestApp, jsonAnswer, type TestApp } from '../support/app.ts'

const provider = (base: string, formats: readonly string[]): object => ({
  type: 'openai_compatible',
  base_url: base,
  api_formats: formats,
  auth_scheme: { kind: 'none' },
})

function appWith(upstream: (request: FetchRequest) => FetchResponse): TestApp {
  return createTestApp({
    config: {
      config_version: 1,
      providers: {
        claude: provider('https://claude.example.com', ['anthropic_messages']),
        google: provider('https://google.example.com', ['gemini']),
        chat: provider('https://chat.example.com/v1', ['openai_chat', 'openai_embeddings']),
        words: provider('https://words.example.com/v1', ['openai_chat']),
      },
      storage: { kind: 'memory' },
    },
    upstream,
  })
}

const bodyOf = (request: FetchRequest | undefined): unknown =>
  JSON.parse(new TextDecoder().decode(request?.body ?? new Uint8Array()))

describe('counting tokens', () => {
  const question = { messages: [{ role: 'user', content: 'How many are these?' }] }
  const count = (test: TestApp, model: string) =>
    test.request('/v1/messages/count_tokens', { json: { model, ...question } })

  it('asks the provider’s own counter on its own wire, byte for byte but for the model', async () => {
    const test = appWith(() => jsonAnswer({ input_tokens: 14 }))
    const response = await count(test, 'claude/claude-x')
    expect([response.status, await response.json()]).toEqual([200, { input_tokens: 14 }])
    expect(response.headers.get('x-signalbox-token-count')).toBe('reported')
    expect(test.sent[0]?.url).toBe('https://claude.example.com/v1/messages/count_tokens')
    expect(bodyOf(test.sent[0])).toEqual({ model: 'claude-x', ...question })
  })

  it('asks the counter of another wire', async () => {
    const test = appWith(() => jsonAnswer({ totalTokens: 15 }))
    const response = await count(test, 'google/gemini-x')
    expect([response.status, await response.json()]).toEqual([200, { input_tokens: 15 }])
    expect(test.sent[0]?.url).toBe('https://google.example.com/v1beta/models/gemini-x:countTokens')
  })

  it('estimates, and says so, where the provider has no counter', async () => {
    const test = appWith(() => {
      throw new Error('nobody is asked')
    })
    const response = await count(test, 'words/x')
    expect(response.status).toBe(200)
    expect(response.headers.get('x-signalbox-token-count')).toBe('estimated')
    const { input_tokens: estimate } = (await response.json()) as { input_tokens: number }
    expect(estimate).toBeGreaterThan(4)
    expect(estimate).toBeLessThan(40)
    expect(test.traces.map((row) => row.outcome)).toEqual(['succeeded'])
  })

  it('estimates where the counter fails, and not where it refuses the request', async () => {
    const failing = await count(
      appWith(() => jsonAnswer({}, 503)),
      'claude/x',
    )
    expect([failing.status, failing.headers.get('x-signalbox-token-count')]).toEqual([200, 'estimated'])
    const refusing = await count(
      appWith(() => jsonAnswer({ type: 'error', error: { type: 'invalid_request_error', message: 'no' } }, 400)),
      'claude/x',
    )
    expect(refusing.status).toBe(400)
  })

  it('works for clients of Gemini too', async () => {
    const test = appWith(() => jsonAnswer({ input_tokens: 9 }))
    const response = await test.request('/v1beta/models/claude/claude-x:countTokens', {
      json: { contents: [{ role: 'user', parts: [{ text: 'How many?' }] }] },
    })
    expect([response.status, await response.json()]).toEqual([200, expect.objectContaining({ totalTokens: 9 })])
    expect(test.sent[0]?.url).toBe('https://claude.example.com/v1/messages/count_tokens')
  })
})

describe('embedding', () => {
  const embed = (test: TestApp, model: string, extra: object = {}) =>
    test.request('/v1/embeddings', { json: { model, input: ['one', 'two'], ...extra } })

  it('passes the answer of the same wire on as it is, and reads its usage', async () => {
    const answer = {
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: 'AACAPwAAAEA=' }],
      model: 'e',
      usage: { prompt_tokens: 3, total_tokens: 3 },
    }
    const test = appWith(() => jsonAnswer(answer))
    const response = await embed(test, 'chat/e', { encoding_format: 'base64' })
    expect([response.status, await response.json()]).toEqual([200, answer])
    expect(test.sent[0]?.url).toBe('https://chat.example.com/v1/embeddings')
    expect(test.traces.map((row) => [row.inputTokens, row.outputTokens])).toEqual([[3, null]])
  })

  it('asks Gemini and answers in the encoding that the client asked for', async () => {
    const test = appWith(() => jsonAnswer({ embeddings: [{ values: [1, 2] }, { values: [0.5, 0.25] }] }))
    const floats = await embed(test, 'google/gemini-embedding-001')
    expect(test.sent[0]?.url).toBe('https://google.example.com/v1beta/models/gemini-embedding-001:batchEmbedContents')
    expect(await floats.json()).toMatchObject({
      object: 'list',
      data: [
        { index: 0, embedding: [1, 2] },
        { index: 1, embedding: [0.5, 0.25] },
      ],
    })
    const packed = await embed(test, 'google/gemini-embedding-001', { encoding_format: 'base64' })
    // Little-endian float32: 1 is 00 00 80 3f, 2 is 00 00 00 40.
    expect(((await packed.json()) as { data: { embedding: string }[] }).data[0]?.embedding).toBe('AACAPwAAAEA=')
  })

  it.each([
    ['of the same wire', 'chat/e', { object: 'list', data: [{ object: 'embedding', index: 0, embedding: [1] }] }],
    ['of Gemini, which never tells one', 'google/e', { embeddings: [{ values: [1, 2] }, { values: [0.5, 0.25] }] }],
  ])('has an estimate of its input where the answer has no usage: %s', async (_what, model, answer) => {
    const test = appWith(() => jsonAnswer(answer))
    expect((await embed(test, model)).status).toBe(200)
    const [row] = test.traces
    expect(row?.inputTokens).toBeGreaterThan(0)
    expect([row?.outputTokens, row?.usageEvidence]).toEqual([null, 'counted'])
  })

  it('is refused where no target of the route can do it', async () => {
    const response = await embed(
      appWith(() => jsonAnswer({})),
      'words/x',
    )
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_request' } })
  })
})
