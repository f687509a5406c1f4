// Vertex AI: one address, two publishers, two wires. Whole requests through the gateway, and what exactly leaves it.
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { importSPKI, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { vertex } from '../../src/providers/vertex/index.ts'
import { claudeId } from '../../src/providers/vertex/models.ts'
import type { FetchRequest, FetchResponse } from '../../src/ports/index.ts'
import { createTestApp, jsonAnswer, streamAnswer, type TestApp } from '../support/app.ts'
import { bytesOf, jsonOf, recordings } from '../support/corpus.ts'
import { list, record, type Json } from '../support/json.ts'
import { requireShared, sharedPath } from '../support/shared.ts'

const claude = { role: 'assistant', type: 'message', id: 'msg_vrtx_1', model: 'claude-sonnet-4-5-20250929' }
const claudeAnswer = {
  ...claude,
  content: [{ type: 'text', text: 'Tokyo.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 5, output_tokens: 2 },
}
const geminiAnswer = {
  candidates: [{ content: { role: 'model', parts: [{ text: 'Tokyo.' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2, totalTokenCount: 7 },
  modelVersion: 'gemini-2.5-pro',
}

function answerOf({ url }: FetchRequest): FetchResponse {
  if (url.endsWith('count-tokens:rawPredict')) return jsonAnswer({ input_tokens: 12 })
  if (url.endsWith(':countTokens')) return jsonAnswer({ totalTokens: 12 })
  return jsonAnswer(url.includes('/anthropic/') ? claudeAnswer : geminiAnswer)
}

function gateway(upstream = answerOf, provider: object = {}, routes: object = {}): TestApp {
  return createTestApp({
    config: {
      // A token as it is stands for the one that a service account's key is exchanged for.
      credentials: { token: { type: 'api_key', env: 'TOKEN' } },
      providers: {
        v: {
          type: 'vertex',
          project: 'my-project',
          region: 'us-east5',
          accounts: [{ id: 'a', credential: 'token' }],
          ...provider,
        },
      },
      routes: {
        claude: { match: { model: 'claude-*' }, targets: [{ provider: 'v', model: '*' }] },
        gemini: { match: { model: 'gemini-*' }, targets: [{ provider: 'v', model: '*' }] },
        ...routes,
      },
      storage: { kind: 'memory' },
    },
    upstream,
    env: { TOKEN: 'ya29.test' },
  })
}

function textOf(request: FetchRequest | undefined): string {
  return new TextDecoder().decode(request?.body)
}

function bodyOf(request: FetchRequest | undefined): Json {
  return record(JSON.parse(textOf(request)))
}

const trunk = 'https://us-east5-aiplatform.googleapis.com/v1/projects/my-project/locations/us-east5'
const models = `${trunk}/publishers/anthropic/models`

describe('the id of a Claude', () => {
  // https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude
  it.each([
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5@20250929'],
    ['claude-sonnet-4-5', 'claude-sonnet-4-5@20250929'],
    ['claude-opus-4-5', 'claude-opus-4-5@20251101'],
    ['claude-opus-4-1-20250805', 'claude-opus-4-1@20250805'],
    ['claude-sonnet-4-20250514', 'claude-sonnet-4@20250514'],
    ['claude-3-7-sonnet-20250219', 'claude-3-7-sonnet@20250219'],
    ['claude-3-5-sonnet-20241022', 'claude-3-5-sonnet-v2@20241022'],
    ['claude-3-5-sonnet-20240620', 'claude-3-5-sonnet@20240620'],
    ['claude-haiku-4-5-20251001', 'claude-haiku-4-5@20251001'],
    ['claude-opus-4', 'claude-opus-4@20250514'],
    ['claude-sonnet-4-6', 'claude-sonnet-4-6'],
    ['claude-opus-5-5', 'claude-opus-5-5'],
    ['claude-opus-4-8@default', 'claude-opus-4-8@default'],
    ['claude-haiku-4-5@20251001', 'claude-haiku-4-5@20251001'],
  ])('%s is %s', (name, id) => expect(claudeId(name)).toBe(id))
})

describe('the address', () => {
  const app = (region: string | null) => gateway(answerOf, { region })
  it.each([
    ['us-east5', 'https://us-east5-aiplatform.googleapis.com'],
    ['global', 'https://aiplatform.googleapis.com'],
    ['us', 'https://aiplatform.us.rep.googleapis.com'],
    ['eu', 'https://aiplatform.eu.rep.googleapis.com'],
  ])('in %s is at %s', async (region, host) => {
    const one = app(region)
    await one.request('/v1/messages', { json: { model: 'claude-haiku-4-5', max_tokens: 5, messages: [user] } })
    expect(one.sent[0]?.url).toBe(
      `${host}/v1/projects/my-project/locations/${region}/publishers/anthropic/models/claude-haiku-4-5@20251001:rawPredict`,
    )
  })

  it('is that of all the world where no region is said, and of the target where it says one', async () => {
    const one = gateway(
      answerOf,
      { region: null },
      { far: { targets: [{ provider: 'v', model: 'gemini-x', region: 'eu' }] } },
    )
    await one.request('/v1/chat/completions', { json: { model: 'gemini-2.5-pro', messages: [user] } })
    await one.request('/v1/chat/completions', { json: { model: 'far', messages: [user] } })
    expect(one.sent.map(({ url }) => url)).toEqual([
      'https://aiplatform.googleapis.com/v1/projects/my-project/locations/global/publishers/google/models/gemini-2.5-pro:generateContent',
      'https://aiplatform.eu.rep.googleapis.com/v1/projects/my-project/locations/eu/publishers/google/models/gemini-x:generateContent',
    ])
  })

  it.each([
    ['gemini-2.5-pro', 'google/models/gemini-2.5-pro:generateContent'],
    ['claude-haiku-4-5', 'anthropic/models/claude-haiku-4-5@20251001:rawPredict'],
  ])('is that of one region after the other where a target has several: %s', async (model, path) => {
    const one = gateway(
      (request) => (request.url.includes('us-east5') ? jsonAnswer({ error: { code: 503 } }, 503) : answerOf(request)),
      {},
      { near: { targets: [{ provider: 'v', model, regions: ['us-east5', 'europe-west1'] }] } },
    )
    const response = await one.request('/v1/chat/completions', { json: { model: 'near', messages: [user] } })
    expect([response.status, response.headers.get('x-used-fallback')]).toEqual([200, 'true'])
    expect(one.sent.map(({ url }) => url)).toEqual(
      ['us-east5', 'europe-west1'].map(
        (region) =>
          `https://${region}-aiplatform.googleapis.com/v1/projects/my-project/locations/${region}/publishers/${path}`,
      ),
    )
  })

  it('of a proxy keeps its own path', async () => {
    const one = gateway(answerOf, { base_url: 'https://llm.example.com/vertex/v1/' })
    await one.request('/v1/chat/completions', { json: { model: 'gemini-2.5-pro', messages: [user] } })
    expect(one.sent[0]?.url).toMatch(/^https:\/\/llm\.example\.com\/vertex\/v1\/projects\/my-project\//)
  })

  it.each([
    [
      'a publisher of its own',
      'publishers/meta/models/llama-4',
      `${trunk}/publishers/meta/models/llama-4:generateContent`,
    ],
    ['an endpoint', 'endpoints/123', `${trunk}/endpoints/123:generateContent`],
    [
      'a tuned model elsewhere in the project',
      'projects/my-project/locations/us-central1/endpoints/9',
      'https://us-east5-aiplatform.googleapis.com/v1/projects/my-project/locations/us-central1/endpoints/9:generateContent',
    ],
  ])('of %s', async (_name, model, url) => {
    const one = gateway(answerOf, {}, { r: { targets: [{ provider: 'v', model }] } })
    await one.request('/v1/chat/completions', { json: { model: 'r', messages: [user] } })
    expect(one.sent[0]?.url).toBe(url)
  })

  it.each(['gemini-x/../../../../v1/projects/p2', '../x', 'projects/p2/locations/us/endpoints/9'])(
    'is not led elsewhere by a client that asks for %s',
    async (model) => {
      const one = gateway(answerOf, {}, { any: { match: { model: '*' }, targets: [{ provider: 'v', model: '*' }] } })
      const response = await one.request('/v1/chat/completions', { json: { model, messages: [user] } })
      expect(response.status).toBe(400)
      expect(one.sent).toEqual([])
    },
  )

  it('lists the models of both publishers', () => {
    const provider = { baseUrl: 'https://{region}-aiplatform.googleapis.com' } as never
    expect(vertex.discovery?.({ provider, region: null })).toEqual({
      ok: true,
      value: [
        'https://aiplatform.googleapis.com/v1beta1/publishers/google/models?pageSize=200',
        'https://aiplatform.googleapis.com/v1beta1/publishers/anthropic/models?pageSize=200',
      ],
    })
  })
})

const user = { role: 'user', content: 'What is the capital of Japan?' }

describe("a client of Anthropic's", () => {
  // Numbers, escapes and order that no serialiser would keep.
  const text =
    '{ "max_tokens":64, "temperature":1.0,"model" : "claude-sonnet-4-5", "metadata":{"user_id":"\\u00fc"},\n "messages":[{"role":"user","content":"a\\/b 9007199254740993"}]}'

  it('keeps every byte but the model, which becomes a version', async () => {
    const app = gateway()
    const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' }
    const response = await app.request('/v1/messages', { body: text, headers })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual(claudeAnswer)
    const [sent] = app.sent
    expect(sent?.url).toBe(`${models}/claude-sonnet-4-5@20250929:rawPredict`)
    expect(sent?.headers).toMatchObject({ authorization: 'Bearer ya29.test' })
    expect(Object.keys(sent?.headers ?? {})).not.toContain('anthropic-version')
    expect(bodyOf(sent)).toMatchObject({ anthropic_version: 'vertex-2023-10-16', max_tokens: 64 })
    expect(bodyOf(sent)).not.toHaveProperty('model')
    for (const kept of ['"max_tokens":64, "temperature":1.0', '{"user_id":"\\u00fc"},\n', '"a\\/b 9007199254740993"'])
      expect(textOf(sent)).toContain(kept)
  })

  it('streams', async () => {
    const events = [
      [
        'message_start',
        { message: { ...claude, content: [], stop_reason: null, usage: { input_tokens: 5, output_tokens: 1 } } },
      ],
      ['content_block_start', { index: 0, content_block: { type: 'text', text: '' } }],
      ['content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Tokyo.' } }],
      ['content_block_stop', { index: 0 }],
      ['message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }],
      ['message_stop', {}],
    ] as const
    const pieces = events.map(([type, rest]) => `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`)
    const app = gateway(() => streamAnswer(pieces))
    const response = await app.request('/v1/messages', {
      json: { model: 'claude-sonnet-4-5', max_tokens: 5, messages: [user], stream: true },
    })
    expect(await response.text()).toBe(pieces.join(''))
    expect(app.sent[0]?.url).toBe(`${models}/claude-sonnet-4-5@20250929:streamRawPredict`)
    expect(bodyOf(app.sent[0])).toMatchObject({ stream: true })
  })

  it.runIf(requireShared('a recorded stream of Vertex'))('gets the recorded stream byte for byte', async () => {
    const name = 'anthropic-messages/vertex-claude-3-7-sonnet-tool-streaming.0'
    const recording = recordings().find(({ file }) => file === `${name}.sse`)
    const request = recordings().find(({ file }) => file === `${name}.request.json`)
    if (recording === undefined || request === undefined) throw new Error('no recording')
    const text = new TextDecoder().decode(bytesOf(recording))
    const { anthropic_version: version, ...asked } = jsonOf(request)
    const app = gateway(() => streamAnswer([text]))
    const response = await app.request('/v1/messages', { json: { ...asked, model: 'claude-3-7-sonnet-20250219' } })
    expect(await response.text()).toBe(text)
    expect(app.sent[0]?.url).toBe(`${models}/claude-3-7-sonnet@20250219:streamRawPredict`)
    // What the gateway makes of Anthropic's own request is what a client of Vertex sent.
    expect(bodyOf(app.sent[0])).toEqual({ ...asked, anthropic_version: version })
  })

  it('counts at a path that names no model', async () => {
    const app = gateway()
    const response = await app.request('/v1/messages/count_tokens', {
      json: { model: 'claude-sonnet-4-5', messages: [user] },
    })
    expect(await response.json()).toEqual({ input_tokens: 12 })
    expect(app.sent[0]?.url).toBe(`${models}/count-tokens:rawPredict`)
    expect(bodyOf(app.sent[0])).toEqual({
      model: 'claude-sonnet-4-5@20250929',
      messages: [user],
      anthropic_version: 'vertex-2023-10-16',
    })
  })

  it('asking for a Gemini is translated: that publisher does not speak its wire', async () => {
    const app = gateway()
    const response = await app.request('/v1/messages', {
      json: { model: 'gemini-2.5-pro', max_tokens: 5, messages: [user] },
    })
    expect(record(await response.json())).toMatchObject({
      type: 'message',
      content: [{ type: 'text', text: 'Tokyo.' }],
    })
    expect(app.sent[0]?.url).toBe(`${trunk}/publishers/google/models/gemini-2.5-pro:generateContent`)
  })

  it('loses the betas that Vertex refuses, and what they gate, and is told so', async () => {
    const app = gateway()
    const betas =
      'claude-code-20250219,interleaved-thinking-2025-05-14,mcp-client-2025-11-20, context-management-2025-06-27'
    const json = {
      model: 'claude-sonnet-4-5',
      max_tokens: 5,
      messages: [user],
      mcp_servers: [{ type: 'url', url: 'https://mcp.example.com', name: 'm' }],
      context_management: { edits: [] },
    }
    const response = await app.request('/v1/messages', { json, headers: { 'anthropic-beta': betas } })
    expect(response.status).toBe(200)
    expect(app.sent[0]?.headers['anthropic-beta']).toBe('interleaved-thinking-2025-05-14,context-management-2025-06-27')
    expect(bodyOf(app.sent[0])).not.toHaveProperty('mcp_servers')
    expect(bodyOf(app.sent[0])).toHaveProperty('context_management')
    expect(response.headers.get('x-signalbox-losses')).toMatch(/anthropic-beta.*mcp_servers/)
    const strict = await app.request('/v1/messages', {
      json,
      headers: { 'anthropic-beta': betas, 'x-signalbox-fidelity': 'strict' },
    })
    expect(strict.status).toBe(422)
  })

  it('has the betas that the file allows', async () => {
    const app = gateway(answerOf, { betas: ['new-beta-2027-01-01'] })
    const headers = { 'anthropic-beta': 'new-beta-2027-01-01,interleaved-thinking-2025-05-14' }
    await app.request('/v1/messages', {
      json: { model: 'claude-sonnet-4-5', max_tokens: 5, messages: [user] },
      headers,
    })
    expect(app.sent[0]?.headers['anthropic-beta']).toBe('new-beta-2027-01-01')
  })
})

describe("a client of OpenAI's", () => {
  it('reaches Claude with a body that names a version and no model', async () => {
    const app = gateway()
    const response = await app.request('/v1/chat/completions', {
      json: { model: 'claude-sonnet-4-6', messages: [user] },
    })
    expect(list(record(await response.json())['choices'])[0]).toMatchObject({ message: { content: 'Tokyo.' } })
    expect(app.sent[0]?.url).toBe(`${models}/claude-sonnet-4-6:rawPredict`)
    expect(bodyOf(app.sent[0])).toMatchObject({
      anthropic_version: 'vertex-2023-10-16',
      max_tokens: expect.any(Number),
    })
    expect(bodyOf(app.sent[0])).not.toHaveProperty('model')
    expect(app.sent[0]?.headers).not.toHaveProperty('anthropic-version')
  })

  const called = [
    user,
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'call_1', content: '4' },
  ]
  const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }]

  // https://github.com/vercel/ai/issues/15664: ids of calls are a 400 for the models before Gemini 3.
  it.each([
    ['gemini-2.5-pro', false],
    ['gemini-3.5-flash', true],
  ])('sends %s the ids of calls: %s', async (model, has) => {
    const app = gateway()
    await app.request('/v1/chat/completions', { json: { model, messages: called, tools } })
    expect(textOf(app.sent[0]).includes('call_1')).toBe(has)
    const parts = list(bodyOf(app.sent[0])['contents']).flatMap((content) => list(record(content)['parts']))
    expect(parts.flatMap((part) => Object.keys(record(part)))).toEqual(
      expect.arrayContaining(['functionCall', 'functionResponse']),
    )
  })

  it('counts at Gemini with the request as it is', async () => {
    const app = gateway()
    const json = { model: 'gemini-2.5-pro', system: 'Be brief.', messages: [user] }
    const response = await app.request('/v1/messages/count_tokens', { json })
    expect(await response.json()).toEqual({ input_tokens: 12 })
    expect(app.sent[0]?.url).toMatch(/gemini-2\.5-pro:countTokens$/)
    expect(Object.keys(bodyOf(app.sent[0])).toSorted()).toEqual(['contents', 'systemInstruction'])
  })

  // https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
  it('gets embeddings, which are predictions there', async () => {
    const statistics = { token_count: 3, truncated: false }
    const predictions = [
      { embeddings: { values: [0.5, -1], statistics } },
      { embeddings: { values: [0.25, 2], statistics } },
    ]
    const app = gateway(() => jsonAnswer({ predictions, metadata: { billableCharacterCount: 9 } }))
    const json = { model: 'gemini-embedding-001', input: ['one', 'two'], dimensions: 2 }
    const response = await app.request('/v1/embeddings', { json })
    expect(await response.json()).toMatchObject({
      data: [{ embedding: [0.5, -1] }, { embedding: [0.25, 2] }],
      usage: { prompt_tokens: 6, total_tokens: 6 },
    })
    expect(app.sent[0]?.url).toBe(`${trunk}/publishers/google/models/gemini-embedding-001:predict`)
    expect(bodyOf(app.sent[0])).toEqual({
      instances: [{ content: 'one' }, { content: 'two' }],
      parameters: { outputDimensionality: 2 },
    })
  })
})

describe("a client of Gemini's", () => {
  const path = '/v1beta/models/gemini-2.5-pro'

  it.runIf(requireShared('a recorded request of Gemini'))('keeps its bytes, to the last one', async () => {
    const recording = recordings().find(({ file }) => file === 'gemini/vertex-gemini-2-5-pro-multi-tool.1.request.json')
    const response = recordings().find(({ file }) => file === 'gemini/vertex-gemini-2-5-pro-multi-tool.1.response.json')
    if (recording === undefined || response === undefined) throw new Error('no recording')
    const body = readFileSync(sharedPath('corpus', 'recorded', recording.file), 'utf8')
    const app = gateway(() => jsonAnswer(jsonOf(response)))
    const answer = await app.request(`${path}:generateContent`, {
      body,
      headers: { 'content-type': 'application/json' },
    })
    expect(textOf(app.sent[0])).toBe(body)
    expect(await answer.json()).toEqual(jsonOf(response))
    expect(app.sent[0]?.url).toBe(`${trunk}/publishers/google/models/gemini-2.5-pro:generateContent`)
  })

  it.each([
    ['?alt=sse', '?alt=sse'],
    ['', ''],
  ])('streams as it asks to with "%s"', async (query, sent) => {
    const pieces = query === '' ? [`[${JSON.stringify(geminiAnswer)}]`] : [`data: ${JSON.stringify(geminiAnswer)}\n\n`]
    const app = gateway(() => streamAnswer(pieces))
    await (
      await app.request(`${path}:streamGenerateContent${query}`, {
        json: { contents: [{ role: 'user', parts: [{ text: 'a' }] }] },
      })
    ).text()
    expect(app.sent[0]?.url).toBe(`${trunk}/publishers/google/models/gemini-2.5-pro:streamGenerateContent${sent}`)
  })

  it('counts a wrapped request as the bare one that Vertex knows', async () => {
    const app = gateway()
    const inner = '{"model":"models/gemini-2.5-pro","contents":[{"role":"user","parts":[{"text":"1.0 \\u00e9"}]}]}'
    const response = await app.request(`${path}:countTokens`, {
      body: `{"generateContentRequest": ${inner}}`,
      headers: { 'content-type': 'application/json' },
    })
    expect(await response.json()).toEqual({ totalTokens: 12 })
    expect(textOf(app.sent[0])).toBe('{"contents":[{"role":"user","parts":[{"text":"1.0 \\u00e9"}]}]}')
  })

  it('reaches Claude as well', async () => {
    const app = gateway()
    const response = await app.request('/v1beta/models/claude-sonnet-4-5:generateContent', {
      json: { contents: [{ role: 'user', parts: [{ text: 'a' }] }] },
    })
    expect(list(record(await response.json())['candidates'])[0]).toMatchObject({
      content: { parts: [{ text: 'Tokyo.' }] },
    })
    expect(app.sent[0]?.url).toBe(`${models}/claude-sonnet-4-5@20250929:rawPredict`)
  })
})

describe('a service account', () => {
  it('is exchanged for a token once, and the token is what Vertex sees', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const account = {
      type: 'service_account',
      project_id: 'my-project',
      private_key_id: 'k1',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: 'gateway@my-project.iam.gserviceaccount.com',
      token_uri: 'https://oauth2.googleapis.com/token',
    }
    const assertions: string[] = []
    const app = createTestApp({
      config: { providers: { v: { type: 'vertex', project: 'my-project' } }, storage: { kind: 'memory' } },
      upstream: (request) => {
        if (request.url !== account.token_uri) return answerOf(request)
        assertions.push(new URLSearchParams(textOf(request)).get('assertion') ?? '')
        return jsonAnswer({ access_token: 'ya29.exchanged', expires_in: 3599, token_type: 'Bearer' })
      },
      env: { GOOGLE_SERVICE_ACCOUNT_JSON: JSON.stringify(account) },
    })
    for (const model of ['v/gemini-2.5-pro', 'v/claude-sonnet-4-5'])
      expect((await app.request('/v1/chat/completions', { json: { model, messages: [user] } })).status).toBe(200)
    const calls = app.sent.filter(({ url }) => url.includes('aiplatform'))
    expect(calls.map(({ headers }) => headers['authorization'])).toEqual(Array(2).fill('Bearer ya29.exchanged'))
    expect(assertions).toHaveLength(1)
    const key = await importSPKI(publicKey.export({ type: 'spki', format: 'pem' }) as string, 'RS256')
    const currentDate = new Date(app.clock.now())
    const { payload } = await jwtVerify(assertions[0] ?? '', key, { audience: account.token_uri, currentDate })
    expect(payload).toMatchObject({
      iss: account.client_email,
      scope: 'https://www.googleapis.com/auth/cloud-platform',
    })
  })
})
