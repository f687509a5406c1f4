// Every client wire against every provider wire, through the whole gateway: what a provider is sent has to pass the mock's
// checks, and what a client gets has to say what the mock said.
import { describe, expect, it } from 'vitest'
import { vectorOf } from '../../src/providers/mock/answer.ts'
import { createTestApp, type TestApp } from '../support/app.ts'
import { below, followUpOn, valuesIn, ways, type Answer, type Json, type Way } from './support.ts'

const formats = [
  'openai_chat',
  'openai_responses',
  'openai_completions',
  'anthropic_messages',
  'gemini',
  'bedrock_converse',
] as const

const scripts = [
  'echo',
  'thinking',
  'tool',
  'tools',
  'refusal',
  'fault-empty',
  'fault-error-in-stream-2',
  'fault-truncated-2',
  'fault-429-retry-after-1',
] as const

/** One route for each provider wire and script: `gemini-echo` asks the mock's `echo` in Google's way. */
function gateway(): TestApp {
  const targets = formats.flatMap((format) => scripts.map((script) => ({ format, script })))
  const routes = Object.fromEntries(
    targets.map(({ format, script }) => [
      `${format}-${script}`,
      { targets: [{ provider: 'mock', model: script, api_format: format }] },
    ]),
  )
  return createTestApp({
    config: { config_version: 1, providers: { mock: { type: 'mock' } }, routes, storage: { kind: 'memory' } },
  })
}

function ask(way: Way, model: string, tools?: readonly string[]): Promise<Answer> {
  return send(way, model, way.body(model, 'one two', tools))
}

async function send(way: Way, model: string, json: Json): Promise<Answer> {
  const path = way.url(model).slice('mock://mock'.length)
  const response = await gateway().request(path, { json })
  const bytes = new Uint8Array(await response.arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  return { status: response.status, headers: mediaType(response), bytes, text, broke: false }
}

function mediaType(response: Response): { get(name: string): string | null } {
  return { get: (name) => response.headers.get(name)?.split(';')[0] ?? null }
}

function textIn(answer: Answer): string {
  const values = valuesIn(answer)
  const deltas = values.filter((value) => String(value['type']).endsWith('.delta'))
  const source: Json[] = deltas.length > 0 ? deltas : values
  return ['content', 'text', 'delta'].flatMap((key) => below(key, source)).join('')
}

// Bedrock's wire is spoken by providers alone.
const asked = ways.filter(({ name }) => !name.startsWith('bedrock'))
const pairs = asked.flatMap((way) => formats.map((format): [string, string, Way] => [way.name, format, way]))
const hasTools = (format: string, way: Way): boolean =>
  format !== 'openai_completions' && !way.name.startsWith('openai-completions')

describe.each(pairs)('a client of %s and a provider of %s', (_name, format, way) => {
  it.each(['echo', 'thinking'])('say what was said: %s', async (script) => {
    const answer = await ask(way, `${format}-${script}`)
    expect(answer.status, answer.text).toBe(200)
    expect(textIn(answer)).toContain('echo: one two')
  })

  if (hasTools(format, way))
    it('call the offered tools', async () => {
      const answer = await ask(way, `${format}-tools`, ['a', 'b'])
      expect(answer.status, answer.text).toBe(200)
      expect(answer.text).toContain('heard')
      const called = new Set(below('name', valuesIn(answer)))
      expect([...called].filter((name) => name === 'a' || name === 'b')).toEqual(['a', 'b'])
    })

  if (hasTools(format, way) && !way.streamed)
    it('go on behind the results of two calls', async () => {
      const model = `${format}-tools`
      const first = valuesIn(await ask(way, model, ['a', 'b']))[0] as Json
      const second = await send(way, model, followUpOn(way.name)(model, first))
      expect(second.status, second.text).toBe(200)
      expect(textIn(second)).toContain('echo: the result the result')
    })

  it.each(['refusal', 'fault-empty'])('end as the provider did: %s', async (script) => {
    const answer = await ask(way, `${format}-${script}`)
    expect(answer.status, answer.text).toBe(200)
    expect(valuesIn(answer).length).toBeGreaterThan(0)
  })

  it('tell a rate limit', async () => {
    expect((await ask(way, `${format}-fault-429-retry-after-1`)).status).toBe(429)
  })

  if (way.streamed)
    it('never end well what broke: fault-error-in-stream-2, fault-truncated-2', async () => {
      for (const script of ['fault-error-in-stream-2', 'fault-truncated-2']) {
        const answer = await ask(way, `${format}-${script}`)
        expect(answer.status, answer.text).toBe(200)
        expect(answer.text).toContain('echo: ')
        expect(answer.text).toMatch(/error|xception/)
        expect(answer.text).not.toMatch(/\[DONE\]|message_stop|response\.completed|messageStop|"finishReason":"STOP"/)
      }
    })
})

describe('counting', () => {
  const said = 'one two three'
  const clients: readonly (readonly [string, string, (model: string) => Json, string])[] = [
    [
      'anthropic-messages',
      '/v1/messages/count_tokens',
      (model) => ({ model, messages: [{ role: 'user', content: said }] }),
      'input_tokens',
    ],
    ['openai-responses', '/v1/responses/input_tokens', (model) => ({ model, input: said }), 'input_tokens'],
    ['gemini', '/v1beta/models/*:countTokens', () => ({ contents: [{ parts: [{ text: said }] }] }), 'totalTokens'],
  ]
  const counting = ['openai_responses', 'anthropic_messages', 'gemini', 'bedrock_converse'] as const
  it.each(clients.flatMap((client) => counting.map((format) => [client[0], format, client] as const)))(
    'for a client of %s is done by a provider of %s',
    async (_name, format, [, path, body, key]) => {
      const model = `${format}-echo`
      const response = await gateway().request(path.replace('*', model), { json: body(model) })
      const answer = (await response.json()) as Json
      expect(response.status, JSON.stringify(answer)).toBe(200)
      expect(answer[key]).toBe(3)
    },
  )
})

describe('embedding', () => {
  it.each(['openai_embeddings', 'gemini'] as const)('is done by a provider of %s', async (format) => {
    const app = createTestApp({
      config: {
        config_version: 1,
        providers: { mock: { type: 'mock' } },
        routes: { vectors: { targets: [{ provider: 'mock', model: 'm', api_format: format }] } },
        storage: { kind: 'memory' },
      },
    })
    const json = { model: 'vectors', input: ['a', 'b'], dimensions: 4 }
    const response = await app.request('/v1/embeddings', { json })
    const answer = (await response.json()) as { data: { embedding: number[] }[] }
    expect(response.status, JSON.stringify(answer)).toBe(200)
    expect(answer.data.map(({ embedding }) => embedding)).toEqual([vectorOf('a', 4), vectorOf('b', 4)])
  })
})
