// State that comes back, through the whole gateway: door, planner, engine, store.
import { describe, expect, it } from 'vitest'
import type { FetchRequest, FetchResponse } from '../../../src/ports/index.ts'
import { createTestApp, jsonAnswer, streamAnswer, type TestApp } from '../../support/app.ts'
import { firstKey } from './support.ts'
import { anthropicAnswer, clientOf, list, providerOf, type Json } from './wires.ts'

const anthropic = providerOf('Anthropic')
const gemini = providerOf('Gemini')
const env = {
  SIGNALBOX_KEK: firstKey,
  A: 'key-of-anthropic',
  G: 'key-of-google',
  KEY_ONE: 'k'.repeat(30),
  KEY_TWO: 'q'.repeat(30),
}

const config = {
  storage: { kind: 'memory' },
  credentials: { a: { type: 'api_key', env: 'A' }, g: { type: 'api_key', env: 'G' } },
  providers: {
    anthropic: { type: 'anthropic', accounts: [{ id: 'a', credential: 'a' }] },
    google: { type: 'gemini', accounts: [{ id: 'g', credential: 'g' }] },
  },
  routes: {
    claude: { targets: [{ provider: 'anthropic', model: anthropic.origin.model }] },
    gemini: { targets: [{ provider: 'google', model: gemini.origin.model }] },
  },
}

function bodyOf(request: FetchRequest | undefined): Json {
  return JSON.parse(new TextDecoder().decode(request?.body)) as Json
}

function isAnthropic(request: FetchRequest): boolean {
  return request.url.includes('anthropic.com')
}

/** Both providers, who refuse what is not theirs as the real ones do. */
function upstream(request: FetchRequest): FetchResponse {
  const text = new TextDecoder().decode(request.body)
  if (text.includes('SignalboxRS1')) return jsonAnswer({ error: { message: 'what is this?' } }, 400)
  return isAnthropic(request) ? jsonAnswer(anthropic.answer) : jsonAnswer(gemini.answer)
}

async function ask(app: TestApp, path: string, body: Json, key?: string): Promise<Json> {
  const headers = key === undefined ? undefined : { authorization: `Bearer ${key}` }
  const response = await app.request(path, { method: 'POST', json: body, ...(headers !== undefined && { headers }) })
  const answer = (await response.json()) as Json
  expect(response.status, JSON.stringify(answer)).toBe(200)
  return answer
}

/** The provider's stream of the same answer. */
const anthropicStream = [
  [
    'message_start',
    {
      message: {
        id: 'msg_1',
        type: 'message',
        role: 'assistant',
        model: anthropic.origin.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 10, output_tokens: 1 },
      },
    },
  ],
  ['content_block_start', { index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } }],
  ['content_block_delta', { index: 0, delta: { type: 'thinking_delta', thinking: 'hmm' } }],
  ['content_block_delta', { index: 0, delta: { type: 'signature_delta', signature: 'sig-anthropic' } }],
  ['content_block_stop', { index: 0 }],
  [
    'content_block_start',
    { index: 1, content_block: { type: 'tool_use', id: 'toolu_01A09q90qw90lq917835lq9', name: 'weather', input: {} } },
  ],
  ['content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json: '{"in":"Paris"}' } }],
  ['content_block_stop', { index: 1 }],
  ['message_delta', { delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 20 } }],
  ['message_stop', {}],
].map(([type, members]) => `event: ${String(type)}\ndata: ${JSON.stringify({ type, ...(members as object) })}\n\n`)

describe('a session through the gateway', () => {
  it('goes from Anthropic to Gemini and back, and nobody sees what is not his', async () => {
    const app = createTestApp({ config, env, upstream })
    const client = clientOf('anthropic-messages')
    const first: Json = { ...client.first, model: 'claude' }
    const second = client.next(first, await ask(app, '/v1/messages', first))
    const third = client.next(second, await ask(app, '/v1/messages', { ...second, model: 'gemini' }))
    expect(JSON.stringify(third)).toMatch(/sig-anthropic.*SignalboxRS1/)
    const fourth = client.next(third, await ask(app, '/v1/messages', { ...third, model: 'gemini' }))
    await ask(app, '/v1/messages', { ...fourth, model: 'claude' })
    const [, away, there, back] = app.sent.map(bodyOf)
    expect(JSON.stringify(away)).not.toContain('sig-anthropic')
    expect(gemini.tokensIn(there ?? {}).slice(-2)).toEqual(gemini.tokens)
    expect(anthropic.tokensIn(back ?? {})).toEqual(anthropic.tokens)
    expect(back?.['thinking']).toBeUndefined()
    const details = app.traces.map((row) => JSON.parse(row.detail) as { losses: { reason: string }[] })
    expect(details[0]?.losses).toEqual([])
    expect(details[3]?.losses.map((loss) => loss.reason)).toContain('reasoning state of another provider or model')
  })

  it('of a chat client that keeps the call alone has the thinking back, also after a stream', async () => {
    const client = clientOf('openai-chat')
    const app = createTestApp({
      config,
      env,
      upstream: (request) => (bodyOf(request)['stream'] === true ? streamAnswer(anthropicStream) : upstream(request)),
    })
    const first: Json = { ...client.first, model: 'claude' }
    const response = await app.request('/v1/chat/completions', { method: 'POST', json: { ...first, stream: true } })
    const said = await response.text()
    expect(said).toContain('data: [DONE]')
    expect(said).not.toContain('sig-anthropic')
    const call = {
      id: 'toolu_01A09q90qw90lq917835lq9',
      type: 'function',
      function: { name: 'weather', arguments: '{"in":"Paris"}' },
    }
    const message = { role: 'assistant', content: null, tool_calls: [call] }
    const result = { role: 'tool', tool_call_id: call.id, content: '21' }
    await ask(app, '/v1/chat/completions', { ...first, messages: [...list(first['messages']), message, result] })
    expect(anthropic.tokensIn(bodyOf(app.sent[1]))).toEqual(['hmm/sig-anthropic'])
    expect(bodyOf(app.sent[1])['thinking']).toMatchObject({ type: 'enabled' })
  })

  it('of one tenant is closed to another, whatever he sends', async () => {
    const keys = [
      { id: 'one', env: 'KEY_ONE', role: 'client', tenant: 'one' },
      { id: 'two', env: 'KEY_TWO', role: 'client', tenant: 'two' },
    ]
    const client = clientOf('openai-chat')
    const first: Json = { ...client.first, model: 'claude' }
    for (const next of [client.next, client.nextOfStrict ?? client.next]) {
      const app = createTestApp({ config: { ...config, keys, tenants: [{ id: 'one' }, { id: 'two' }] }, env, upstream })
      const body = next(first, await ask(app, '/v1/chat/completions', first, env.KEY_ONE))
      await ask(app, '/v1/chat/completions', body, env.KEY_TWO)
      await ask(app, '/v1/chat/completions', body, env.KEY_ONE)
      expect(app.sent.map((sent) => anthropic.tokensIn(bodyOf(sent)))).toEqual([[], [], ['hmm/sig-anthropic']])
    }
  })
})

describe('a provider that refuses the history’s signatures', () => {
  const refusal = {
    type: 'error',
    error: { type: 'invalid_request_error', message: 'messages.1.content.0: Invalid `signature` in `thinking` block' },
  }

  it('is asked once more without them, and the client is served', async () => {
    const app = createTestApp({
      config,
      env,
      upstream: (request) =>
        anthropic.tokensIn(bodyOf(request)).length > 0
          ? jsonAnswer(refusal, 400)
          : jsonAnswer(anthropicAnswer([{ type: 'text', text: 'ok' }])),
    })
    const client = clientOf('anthropic-messages')
    const body = client.next({ ...client.first, model: 'claude' }, anthropic.answer)
    const answer = await ask(app, '/v1/messages', body)
    expect(list(answer['content'])).toEqual([{ type: 'text', text: 'ok' }])
    expect(app.sent.length).toBe(2)
    expect(bodyOf(app.sent[1])['thinking']).toBeUndefined()
    const detail = JSON.parse(app.traces[0]?.detail ?? '') as {
      attempts: { error: string | null }[]
      losses: { reason: string }[]
    }
    expect(detail.attempts.map((attempt) => attempt.error)).toEqual(['upstream_rejected', null])
    expect(detail.losses.map((loss) => loss.reason)).toContain('reasoning state that the provider refused')
  })

  it('is asked no third time', async () => {
    const app = createTestApp({ config, env, upstream: () => jsonAnswer(refusal, 400) })
    const client = clientOf('anthropic-messages')
    const body = client.next({ ...client.first, model: 'claude' }, anthropic.answer)
    const response = await app.request('/v1/messages', { method: 'POST', json: body })
    expect(response.status).toBe(400)
    expect(app.sent.length).toBe(2)
  })
})

describe('a gateway without a key', () => {
  it('says so once, and in every answer that loses by it', async () => {
    const { SIGNALBOX_KEK: _, ...keyless } = env
    const app = createTestApp({ config, env: keyless, upstream })
    const client = clientOf('openai-chat')
    const first: Json = { ...client.first, model: 'claude' }
    const answer = await ask(app, '/v1/chat/completions', first)
    await ask(app, '/v1/chat/completions', client.next(first, answer))
    expect(JSON.stringify(answer)).not.toMatch(/sig-anthropic|SignalboxRS1/)
    expect(app.logs.filter((line) => line.includes('no_sealing_key')).length).toBe(1)
    const detail = JSON.parse(app.traces[0]?.detail ?? '') as { answer_losses: { reason: string }[] }
    expect(detail.answer_losses.map((loss) => loss.reason)).toContain(
      'no sealing key is configured, so signatures cannot travel',
    )
    expect(bodyOf(app.sent[1])['thinking']).toBeUndefined()
  })
})
