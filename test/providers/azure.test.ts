// Azure OpenAI in both styles of its API: which path, which query, which name for the model, and what its errors mean.
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { problemText } from '../../src/catalog/problem.ts'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { azure } from '../../src/providers/azure/index.ts'
import { createTestApp, jsonAnswer, streamAnswer, type TestApp } from '../support/app.ts'
import { bytesOf, jsonOf, recordings } from '../support/corpus.ts'
import { list, record, type Json } from '../support/json.ts'
import { requireShared } from '../support/shared.ts'

const host = 'https://my-resource.openai.azure.com'
const dated = { api_version: '2025-04-01-preview' }
const user = { role: 'user', content: 'What is the capital of Japan?' }

function providerWith(members: object): Record<string, unknown> {
  return { type: 'azure', base_url: host, accounts: [{ id: 'a', credential: 'key' }], ...members }
}

function gateway(members: object = {}, upstream: (request: FetchRequest) => FetchResponse = () => answer): TestApp {
  return createTestApp({
    config: {
      credentials: { key: { type: 'api_key', env: 'AZURE_OPENAI_API_KEY' } },
      providers: { az: providerWith(members) },
      routes: { m: { targets: [{ provider: 'az', model: 'my-gpt' }] } },
      storage: { kind: 'memory' },
    },
    upstream: (request) => upstream(request),
    env: { AZURE_OPENAI_API_KEY: 'azure-test-key' },
  })
}

const answer = jsonAnswer({ error: { message: 'not asked' } }, 400)

function chatAnswer(): FetchResponse {
  return jsonAnswer({
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-5-mini-2025-08-07',
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Tokyo.' } }],
    usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
  })
}

function bodyOf(request: FetchRequest | undefined): Json {
  return record(JSON.parse(new TextDecoder().decode(request?.body)))
}

const chat = { path: '/v1/chat/completions', json: { model: 'm', messages: [user] } }
const responses = { path: '/v1/responses', json: { model: 'm', input: 'Hi' } }
const embeddings = { path: '/v1/embeddings', json: { model: 'm', input: 'Hi' } }

describe('the address', () => {
  // https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle, https://learn.microsoft.com/azure/foundry/openai/reference
  it.each<[string, object, typeof chat | typeof responses | typeof embeddings, string, string]>([
    ['v1', {}, chat, '/openai/v1/chat/completions', 'my-gpt'],
    ['v1', {}, responses, '/openai/v1/responses', 'my-gpt'],
    ['v1', {}, embeddings, '/openai/v1/embeddings', 'my-gpt'],
    ['v1, by name', { api_version: 'v1' }, chat, '/openai/v1/chat/completions', 'my-gpt'],
    ['v1 in preview', { api_version: 'preview' }, responses, '/openai/v1/responses?api-version=preview', 'my-gpt'],
    [
      'v1 with a deployment for all',
      { api_version: 'v1', deployment: 'only-one' },
      chat,
      '/openai/v1/chat/completions',
      'only-one',
    ],
    ['a date', dated, chat, '/openai/deployments/my-gpt/chat/completions?api-version=2025-04-01-preview', 'my-gpt'],
    ['a date', dated, embeddings, '/openai/deployments/my-gpt/embeddings?api-version=2025-04-01-preview', 'my-gpt'],
    ['a date', dated, responses, '/openai/responses?api-version=2025-04-01-preview', 'my-gpt'],
    [
      'a deployment',
      { deployment: 'only-one' },
      chat,
      '/openai/deployments/only-one/chat/completions?api-version=2024-10-21',
      'only-one',
    ],
    [
      'a deployment',
      { deployment: 'only-one' },
      responses,
      '/openai/responses?api-version=2025-04-01-preview',
      'only-one',
    ],
    [
      'a date before Responses',
      { api_version: '2024-10-21' },
      responses,
      '/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21',
      'my-gpt',
    ],
  ])('with %s %j', async (_name, members, { path, json }, expected, model) => {
    const app = gateway(members)
    await app.request(path, { json })
    expect(app.sent[0]?.url).toBe(host + expected)
    expect(bodyOf(app.sent[0])['model']).toBe(model)
    expect(app.sent[0]?.headers).toMatchObject({ 'api-key': 'azure-test-key' })
    expect(app.sent[0]?.headers).not.toHaveProperty('authorization')
  })

  it.each([
    ['https://my-foundry.services.ai.azure.com', 'https://my-foundry.services.ai.azure.com/openai/v1/chat/completions'],
    [`${host}/openai/v1/`, `${host}/openai/v1/chat/completions`],
    [`${host}/openai`, `${host}/openai/v1/chat/completions`],
    ['https://apim.example.com/llm/', 'https://apim.example.com/llm/openai/v1/chat/completions'],
  ])('of %s', async (base, url) => {
    const app = gateway({ base_url: base })
    await app.request(chat.path, { json: chat.json })
    expect(app.sent[0]?.url).toBe(url)
  })

  // https://platform.claude.com/docs/en/build-with-claude/claude-in-microsoft-foundry
  it('of a Claude in Foundry is a provider of its own, with the key of the resource', async () => {
    const base = 'https://my-foundry.services.ai.azure.com/anthropic'
    const app = gateway({ type: 'azure_anthropic', base_url: base })
    const json = { model: 'az/claude-opus-4-8', max_tokens: 9, messages: [user] }
    await app.request('/v1/messages', { json })
    await app.request('/v1/chat/completions', { json })
    expect(app.sent.map(({ url }) => url)).toEqual(Array(2).fill(`${base}/v1/messages`))
    expect(bodyOf(app.sent[0])).toEqual({ ...json, model: 'claude-opus-4-8' })
    expect(app.sent[0]?.headers).toMatchObject({ 'api-key': 'azure-test-key', 'anthropic-version': '2023-06-01' })
    const usual = createTestApp({
      config: { providers: { az: { type: 'azure_anthropic', base_url: base } }, storage: { kind: 'memory' } },
      upstream: () => answer,
      env: { AZURE_OPENAI_API_KEY: 'azure-usual-key' },
    })
    await usual.request('/v1/messages', { json })
    expect(usual.sent[0]?.headers).toMatchObject({ 'api-key': 'azure-usual-key' })
  })

  it('takes the key of the usual variable where no account is named', async () => {
    const app = createTestApp({
      config: { providers: { az: { type: 'azure', base_url: host } }, storage: { kind: 'memory' } },
      upstream: () => chatAnswer(),
      env: { AZURE_OPENAI_API_KEY: 'azure-usual-key' },
    })
    const response = await app.request('/v1/chat/completions', { json: { model: 'az/my-gpt', messages: [user] } })
    expect(response.status).toBe(200)
    expect(app.sent[0]?.headers).toMatchObject({ 'api-key': 'azure-usual-key' })
  })

  it('takes a token of Entra as bearer', async () => {
    const app = gateway({ auth_scheme: { kind: 'bearer' } })
    await app.request(chat.path, { json: chat.json })
    expect(app.sent[0]?.headers).toMatchObject({ authorization: 'Bearer azure-test-key' })
  })

  it.each([
    [{}, `${host}/openai/v1/models`],
    [{ api_version: 'preview' }, `${host}/openai/v1/models?api-version=preview`],
    [dated, `${host}/openai/models?api-version=2025-04-01-preview`],
  ])('lists models with %j', (members, url) => {
    const document = { credentials: { key: { type: 'api_key', env: 'K' } }, providers: { az: providerWith(members) } }
    const compiled = compileConfig({ document })
    const provider = compiled.ok ? compiled.snapshot.providers.get('az') : undefined
    expect(provider && azure.discovery?.({ provider, region: null })).toEqual({ ok: true, value: [url] })
  })
})

describe('the configuration', () => {
  it.each<[string, object, string]>([
    ['a version that is none', { api_version: 'newest' }, 'providers.az.api_version: not a version'],
    ['a version with a query', { api_version: '2024-10-21&x=1' }, 'providers.az.api_version: not a version'],
    ['a deployment with a path', { deployment: 'a/b' }, 'providers.az.deployment: not the name of a deployment'],
    [
      'the address of a deployment',
      { base_url: `${host}/openai/deployments/x/chat/completions` },
      'providers.az.base_url: holds a deployment',
    ],
    ['no address', { base_url: undefined }, 'providers.az.base_url: required'],
  ])('refuses %s', (_name, members, problem) => {
    const document = { credentials: { key: { type: 'api_key', env: 'K' } }, providers: { az: providerWith(members) } }
    const compiled = compileConfig({ document })
    expect(compiled.ok ? [] : compiled.problems.map(problemText)).toEqual([expect.stringContaining(problem)])
  })
})

describe('what Azure answers', () => {
  it.each<[string, number, object, number, string]>([
    [
      'a deployment that is not there',
      404,
      { error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' } },
      502,
      'upstream_model_missing',
    ],
    [
      'a prompt that its filter refuses',
      400,
      {
        error: {
          message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
          type: null,
          param: 'prompt',
          code: 'content_filter',
          status: 400,
          innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { hate: { filtered: true } } },
        },
      },
      400,
      'upstream_filtered',
    ],
    ['a key of another resource', 401, { error: { code: '401', message: 'Access denied.' } }, 502, 'upstream_auth'],
    [
      'a limit',
      429,
      {
        error: {
          code: '429',
          message: 'Requests to the ChatCompletions_Create Operation have exceeded token rate limit',
        },
      },
      429,
      'upstream_rate_limited',
    ],
  ])('%s', async (_name, status, body, seen, code) => {
    const app = gateway({}, () => jsonAnswer(body, status))
    const response = await app.request(chat.path, { json: chat.json })
    expect(response.status).toBe(seen)
    expect(app.traces[0]).toMatchObject({ errorCode: code })
  })

  const shared = requireShared('recorded answers of Azure')

  it.runIf(shared)('a limit of Grok, whose details are a text and whose headers disagree', async () => {
    const recording = recordings().find(
      ({ file, role }) => role === 'response' && file.includes('azure-real-error-scenarios-azure-grok'),
    )
    if (recording === undefined) throw new Error('no recording')
    const headers = { 'retry-after': '1', 'retry-after-ms': '0' }
    const app = gateway({}, () => jsonAnswer(jsonOf(recording), recording.status, headers))
    await app.request(chat.path, { json: chat.json })
    expect(app.traces[0]).toMatchObject({ errorCode: 'upstream_rate_limited', status: 429 })
  })

  it.runIf(shared)('a stream whose first chunk says nothing but what was filtered', async () => {
    const recording = recordings().find(({ file }) => file === 'openai-chat/azure-gpt-5-mini-tool-streaming.1.sse')
    if (recording === undefined) throw new Error('no recording')
    const app = gateway({}, () => streamAnswer([new TextDecoder().decode(bytesOf(recording))]))
    const response = await app.request(chat.path, { json: { ...chat.json, stream: true } })
    const chunks = (await response.text())
      .split('\n\n')
      .filter((event) => event.startsWith('data: {'))
      .map((event) => record(JSON.parse(event.slice(6))))
    expect(chunks.length).toBeGreaterThan(2)
    // Every chunk has the head that the SDKs count on.
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1)
    expect(chunks.every(({ object }) => object === 'chat.completion.chunk')).toBe(true)
    expect(chunks.some((chunk) => list(chunk['choices']).some((one) => record(one)['finish_reason'] === 'stop'))).toBe(
      true,
    )
  })

  it('a Claude client gets it in its own words, and the limit under the name that Azure knows', async () => {
    const app = gateway(dated, chatAnswer)
    const response = await app.request('/v1/messages', { json: { model: 'm', max_tokens: 9, messages: [user] } })
    expect(record(await response.json())).toMatchObject({
      type: 'message',
      content: [{ type: 'text', text: 'Tokyo.' }],
    })
    expect(bodyOf(app.sent[0])).toMatchObject({ max_completion_tokens: 9 })
  })
})
