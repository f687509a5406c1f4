import { describe, expect, it } from 'vitest'
import { discoveryLimits } from '../../src/engine/discovery/index.ts'
import type { UpstreamProbe } from '../../src/operations/operation.ts'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { createTestApp, jsonAnswer, pieces, type TestApp } from '../support/app.ts'

interface Scene extends TestApp {
  readonly upstream: UpstreamProbe
}

type Answer = (request: FetchRequest) => FetchResponse | Promise<FetchResponse>

function scene(provider: object, answer: Answer, more: object = {}): Scene {
  const made = createTestApp({
    config: { providers: { p: provider }, storage: { kind: 'memory' }, ...more },
    env: { KEY: 'key-of-the-vendor-1', OTHER: 'key-of-the-vendor-2', AWS_BEARER: 'bedrock-key-1' },
    upstream: answer,
  })
  const { upstream } = made.app.operations()
  if (upstream === undefined) throw new Error('no way to the providers')
  return { ...made, upstream }
}

const keyed = {
  credentials: { main: { type: 'api_key', env: 'KEY' }, other: { type: 'api_key', env: 'OTHER' } },
}
const accounts = [
  { id: 'b', credential: 'other', priority: 1 },
  { id: 'a', credential: 'main', priority: 0 },
]

async function models(made: Scene, account: string | null = null) {
  const found = await made.upstream.models('p', account)
  if (!found.ok) throw found.error
  return found.value
}

async function failure(made: Scene, account: string | null = null) {
  const found = await made.upstream.models('p', account)
  if (found.ok) throw new Error('it succeeded')
  return found.error
}

describe('the list of a vendor', () => {
  it("is OpenAI's below the base URL, with the key of the first account by priority", async () => {
    const made = scene(
      { type: 'openai', accounts },
      () => jsonAnswer({ object: 'list', data: [{ id: 'gpt-4o', object: 'model', created: 1, owned_by: 'x' }] }),
      keyed,
    )
    expect(await models(made)).toEqual([{ id: 'gpt-4o', displayName: null, contextWindow: null }])
    expect(made.sent).toHaveLength(1)
    expect(made.sent[0]).toMatchObject({
      method: 'GET',
      url: 'https://api.openai.com/v1/models',
      headers: { authorization: 'Bearer key-of-the-vendor-1', accept: 'application/json' },
      allowPrivate: false,
      allowHttp: false,
    })
    expect(made.sent[0]?.body).toBeUndefined()
    await models(made, 'b')
    expect(made.sent[1]?.headers['authorization']).toBe('Bearer key-of-the-vendor-2')
  })

  it.each([
    [
      'OpenRouter',
      { data: [{ id: 'a/b', name: 'A: B', context_length: 128000 }] },
      { displayName: 'A: B', contextWindow: 128000 },
    ],
    ['Groq', { data: [{ id: 'a/b', context_window: 8192 }] }, { displayName: null, contextWindow: 8192 }],
    ['vLLM', { data: [{ id: 'a/b', max_model_len: 4096 }] }, { displayName: null, contextWindow: 4096 }],
    ['Together', [{ id: 'a/b', display_name: 'B', context_length: 32768 }], { displayName: 'B', contextWindow: 32768 }],
    [
      'a vendor that says nonsense of its window',
      { data: [{ id: 'a/b', context_length: -1 }] },
      { displayName: null, contextWindow: null },
    ],
  ])('is read from %s', async (_vendor, body, expected) => {
    const made = scene(
      { type: 'openai_compatible', base_url: 'https://v.example/v1', auth_scheme: { kind: 'none' } },
      () => jsonAnswer(body),
    )
    expect(await models(made)).toEqual([{ id: 'a/b', ...expected }])
  })

  it("is Anthropic's page by page, with the key and the version in their headers", async () => {
    const pages: Record<string, object> = {
      '': {
        data: [
          {
            type: 'model',
            id: 'claude-b',
            display_name: 'Claude B',
            created_at: '2026-01-01T00:00:00Z',
            max_input_tokens: 200000,
          },
        ],
        has_more: true,
        first_id: 'claude-b',
        last_id: 'claude-b',
      },
      'claude-b': {
        data: [
          { type: 'model', id: 'claude-a', display_name: 'Claude A' },
          { type: 'model', id: 'claude-b' },
        ],
        has_more: false,
        last_id: 'claude-b',
      },
    }
    const made = scene(
      { type: 'anthropic', accounts: [{ id: 'a', credential: 'main' }] },
      ({ url }) => jsonAnswer(pages[new URL(url).searchParams.get('after_id') ?? '']),
      keyed,
    )
    expect(await models(made)).toEqual([
      { id: 'claude-b', displayName: 'Claude B', contextWindow: 200000 },
      { id: 'claude-a', displayName: 'Claude A', contextWindow: null },
    ])
    expect(made.sent.map(({ url }) => url)).toEqual([
      'https://api.anthropic.com/v1/models?limit=1000',
      'https://api.anthropic.com/v1/models?limit=1000&after_id=claude-b',
    ])
    for (const { headers } of made.sent)
      expect(headers).toMatchObject({ 'x-api-key': 'key-of-the-vendor-1', 'anthropic-version': '2023-06-01' })
  })

  it("is Gemini's page by page, without the prefix and without what answers nothing", async () => {
    const pages: Record<string, object> = {
      '': {
        models: [
          {
            name: 'models/gemini-x',
            displayName: 'Gemini X',
            inputTokenLimit: 1048576,
            supportedGenerationMethods: ['generateContent'],
          },
          { name: 'models/aqa', supportedGenerationMethods: ['generateAnswer'] },
        ],
        nextPageToken: 'two',
      },
      two: {
        models: [
          { name: 'models/text-embedding', inputTokenLimit: 2048, supportedGenerationMethods: ['embedContent'] },
        ],
      },
    }
    const made = scene(
      { type: 'gemini', accounts: [{ id: 'a', credential: 'main' }] },
      ({ url }) => jsonAnswer(pages[new URL(url).searchParams.get('pageToken') ?? '']),
      keyed,
    )
    expect(await models(made)).toEqual([
      { id: 'gemini-x', displayName: 'Gemini X', contextWindow: 1048576 },
      { id: 'text-embedding', displayName: null, contextWindow: 2048 },
    ])
    expect(made.sent[0]?.url).toBe('https://generativelanguage.googleapis.com/v1beta/models?pageSize=1000')
    expect(made.sent[0]?.headers['x-goog-api-key']).toBe('key-of-the-vendor-1')
  })

  it("is Bedrock's from the control plane: models that are called by name, and profiles for the others", async () => {
    const made = scene(
      { type: 'bedrock', region: 'eu-west-1', accounts: [{ id: 'a', credential: 'main' }] },
      ({ url }) =>
        new URL(url).pathname === '/foundation-models'
          ? jsonAnswer({
              modelSummaries: [
                { modelId: 'amazon.titan-text', modelName: 'Titan', inferenceTypesSupported: ['ON_DEMAND'] },
                {
                  modelId: 'anthropic.claude-x',
                  modelName: 'Claude X',
                  inferenceTypesSupported: ['INFERENCE_PROFILE'],
                },
              ],
            })
          : jsonAnswer({
              inferenceProfileSummaries: [
                { inferenceProfileId: 'eu.anthropic.claude-x', inferenceProfileName: 'EU Claude X' },
              ],
            }),
      { credentials: { main: { type: 'api_key', env: 'AWS_BEARER' } } },
    )
    expect((await models(made)).map(({ id }) => id)).toEqual(['amazon.titan-text', 'eu.anthropic.claude-x'])
    for (const { url, headers } of made.sent) {
      expect(new URL(url).hostname).toBe('bedrock.eu-west-1.amazonaws.com')
      expect(headers['authorization']).toBe('Bearer bedrock-key-1')
    }
  })

  it("is Bedrock's with AWS's own keys too, which sign each page for the region and the service", async () => {
    const made = createTestApp({
      config: { providers: { p: { type: 'bedrock', region: 'eu-west-1' } }, storage: { kind: 'memory' } },
      env: { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
      upstream: () => jsonAnswer({ modelSummaries: [{ modelId: 'amazon.nova-lite-v1:0' }] }),
    })
    expect(await made.app.operations().upstream?.models('p', null)).toMatchObject({
      ok: true,
      value: [{ id: 'amazon.nova-lite-v1:0' }],
    })
    for (const { headers, method } of made.sent) {
      expect(method).toBe('GET')
      expect(headers['authorization']).toMatch(
        /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-west-1\/bedrock\/aws4_request, SignedHeaders=.*host.*, Signature=[0-9a-f]{64}$/,
      )
      expect(JSON.stringify(headers)).not.toContain('wJalrXUtnFEMI')
    }
  })

  it('holds no name that would do harm in a file or a terminal, and no name twice', async () => {
    const made = scene(
      { type: 'openai_compatible', base_url: 'https://v.example/v1', auth_scheme: { kind: 'none' } },
      () =>
        jsonAnswer({
          data: [
            { id: 'good' },
            { id: 'good' },
            { id: 'bad\u001b[31m' },
            { id: 'x'.repeat(300) },
            { id: 5 },
            null,
            'text',
            { id: ' ' },
          ],
        }),
    )
    expect((await models(made)).map(({ id }) => id)).toEqual(['good'])
  })

  it('is cut at the limits, and a page that leads to itself is the last', async () => {
    const many = (from: number): object[] => Array.from({ length: 1000 }, (_, at) => ({ id: `m${from + at}` }))
    const endless = scene(
      { type: 'anthropic', accounts: [{ id: 'a', credential: 'main' }] },
      ({ url }) => {
        const from = Number(new URL(url).searchParams.get('after_id') ?? 0)
        return jsonAnswer({ data: many(from), has_more: true, last_id: String(from + 1000) })
      },
      keyed,
    )
    expect(await models(endless)).toHaveLength(discoveryLimits.models)
    const circle = scene(
      { type: 'anthropic', accounts: [{ id: 'a', credential: 'main' }] },
      () => jsonAnswer({ data: [{ id: 'm' }], has_more: true, last_id: 'm' }),
      keyed,
    )
    expect(await models(circle)).toHaveLength(1)
    expect(circle.sent).toHaveLength(2)
    const drip = scene(
      { type: 'anthropic', accounts: [{ id: 'a', credential: 'main' }] },
      ({ url }) => {
        const at = Number(new URL(url).searchParams.get('after_id') ?? 0)
        return jsonAnswer({ data: [], has_more: true, last_id: String(at + 1) })
      },
      keyed,
    )
    await models(drip)
    expect(drip.sent).toHaveLength(discoveryLimits.pages)
  })
})

describe('a list that cannot be had', () => {
  const openai = { type: 'openai', accounts: [{ id: 'a', credential: 'main' }] }

  it.each([
    [
      401,
      { error: { message: 'Incorrect API key provided: key-of-t***r-1', code: 'invalid_api_key' } },
      'upstream_auth',
    ],
    [403, { error: { message: 'You have no rights' } }, 'upstream_forbidden'],
    [429, { error: { message: 'Rate limit reached', code: 'rate_limit_exceeded' } }, 'upstream_rate_limited'],
    [500, { error: { message: 'Oops' } }, 'upstream_error'],
    [302, '', 'upstream_redirect'],
    [200, '<html>log in</html>', 'upstream_bad_content'],
    [200, { nothing: true }, 'upstream_bad_content'],
  ])('for a %i %j fails as an attempt does (%s), and names the account', async (status, body, code) => {
    const error = await failure(scene(openai, () => jsonAnswer(body, status), keyed))
    expect(error.code).toBe(code)
    expect(error.message).toContain('provider p (account a)')
    expect(error.message).not.toContain('key-of')
  })

  it('says what the provider said where that helps, and never a key in it', async () => {
    const error = await failure(
      scene(openai, () => jsonAnswer({ error: { message: 'no such path for key-of-the-vendor-1' } }, 404), keyed),
    )
    expect(error.message).toContain('no such path for')
    expect(error.message).not.toContain('key-of-the-vendor-1')
  })

  it('where a key is not set names the variable, and asks nobody', async () => {
    const made = scene({ type: 'openai' }, () => jsonAnswer({}))
    const error = await failure(made)
    expect(error.code).toBe('missing_credential')
    expect(error.message).toContain('OPENAI_API_KEY')
    expect(made.sent).toEqual([])
  })

  it('because nobody answers is told as that', async () => {
    const error = await failure(scene(openai, () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1')), keyed))
    expect(error.code).toBe('upstream_unreachable')
    expect(error.message).not.toContain('10.0.0.1')
  })

  it.each([
    ['headers', (): Promise<FetchResponse> => new Promise(() => {})],
    [
      'the rest of it',
      (): FetchResponse => ({ status: 200, headers: new Headers(), body: pieces(['{"data":['], 'hang') }),
    ],
  ])('because %s never comes is over after a while', async (what, answer) => {
    const made = scene(
      openai,
      (request) => {
        if (what !== 'headers') return answer()
        return new Promise((_, reject) => request.cancellation.onCancel(() => reject(new Error('cancelled'))))
      },
      keyed,
    )
    const waiting = failure(made)
    await new Promise((resolve) => setImmediate(resolve))
    await made.clock.advance(discoveryLimits.timeoutMs + 1)
    const error = await waiting
    expect(error.code).toBe('upstream_timeout')
    expect(error.message).toContain('30 s')
  })

  it('because it is too large is told as that', async () => {
    const piece = 'x'.repeat(1024 * 1024)
    const error = await failure(
      scene(
        openai,
        () => ({ status: 200, headers: new Headers(), body: pieces(Array.from({ length: 17 }, () => piece)) }),
        keyed,
      ),
    )
    expect(error.code).toBe('upstream_too_large')
  })

  it('because the vendor fails at length is told as its failure', async () => {
    const body = pieces([`<html>${'x'.repeat(discoveryLimits.errorBytes)}</html>`])
    const error = await failure(scene(openai, () => ({ status: 500, headers: new Headers(), body }), keyed))
    expect(error.code).toBe('upstream_error')
  })

  it('because there is none says so', async () => {
    const error = await failure(scene({ type: 'perplexity' }, () => jsonAnswer({})))
    expect(error.code).toBe('unsupported_content')
    expect(error.message).toContain('perplexity')
  })

  it('because the account is unknown names those that are', async () => {
    const error = await failure(
      scene(openai, () => jsonAnswer({}), keyed),
      'z',
    )
    expect(error).toMatchObject({ code: 'not_found', param: 'account' })
    expect(error.message).toContain('a')
  })
})
