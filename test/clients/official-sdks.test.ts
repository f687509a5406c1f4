// The official SDKs against a running gateway: two clients, two kinds of provider, every feature, streamed and not.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGatewayProcess, type GatewayProcess } from '../support/gateway-process.ts'
import {
  chatChunk,
  json,
  messageEvent,
  silence,
  startUpstream,
  stream,
  type Received,
  type Upstream,
} from '../support/upstream.ts'
import { chatJson, chatStream, messageJson, messageStreamOf, type ScriptedAnswer } from './answers.ts'
import { anthropicClient, openaiClient, toolSchema, type Heard, type Question, type SdkClient } from './sdk-clients.ts'

const key = 'sbx_test_client_0f3a9c5e7d214b68'
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

let upstream: Upstream
let gateway: GatewayProcess

beforeAll(async () => {
  upstream = await startUpstream()
  const local = { allow_private: true, allow_http: true, accounts: [{ id: 'a', credential: 'up' }] }
  gateway = await startGatewayProcess('node', {
    env: { SIGNALBOX_KEY: key, UPSTREAM_KEY: 'sk-upstream-0123456789abcdef' },
    config: {
      config_version: 1,
      keys: [{ id: 'test', env: 'SIGNALBOX_KEY', role: 'client' }],
      credentials: { up: { type: 'api_key', source: 'env', env: 'UPSTREAM_KEY' } },
      providers: {
        openai: { type: 'openai', base_url: `${upstream.url}/v1`, ...local },
        anthropic: { type: 'anthropic', base_url: upstream.url, ...local },
      },
      storage: { kind: 'memory' },
    },
  })
})
afterAll(async () => {
  await gateway?.stop()
  await upstream?.close()
})

/** Answers a scenario on the wire that is asked, streamed where that is asked. */
function script(model: string, answerFor: (received: Received) => ScriptedAnswer): void {
  upstream.on(model, (response, received) => {
    const answer = answerFor(received)
    const streamed = /"stream"\s*:\s*true/.test(received.body.toString())
    const onMessages = received.path.endsWith('/messages')
    if (streamed) return stream(onMessages ? messageStreamOf(answer) : chatStream(answer))(response, received)
    return json(onMessages ? messageJson(answer) : chatJson(answer))(response, received)
  })
}

const clients: readonly (readonly [string, () => SdkClient])[] = [
  ['openai', () => openaiClient(gateway.url, key)],
  ['anthropic', () => anthropicClient(gateway.url, key)],
]
const combinations = clients.flatMap(([client, make]) =>
  ['openai', 'anthropic'].flatMap((provider) =>
    [true, false].map((streamed) => ({ client, make, provider, streamed, way: streamed ? 'streamed' : 'whole' })),
  ),
)

describe.each(combinations)(
  'the $client SDK to a provider that speaks $provider, $way',
  ({ client, make, provider, streamed }) => {
    const name = (feature: string): string => `${feature}-${client}-${streamed}`
    const ask = async (feature: string, question: Partial<Question> = {}): Promise<Heard> => {
      const sdk = make()
      const asked = sdk.ask({ text: 'What is new?', ...question, model: `${provider}/${name(feature)}` }, streamed)
      // An SDK takes much that is not legal, and fails in its own words where it does not.
      return asked.finally(() => expect(sdk.faults).toEqual([]))
    }
    const lastBody = <T>(feature: string): T =>
      JSON.parse(upstream.of(name(feature)).at(-1)?.body.toString() ?? '{}') as T

    it('carries text, usage and the name of the model that answered', async () => {
      script(name('text'), () => ({ text: 'Grüße, 世界 🙂' }))
      const heard = await ask('text')
      expect(heard).toEqual({
        text: 'Grüße, 世界 🙂',
        thinking: '',
        calls: [],
        finish: 'stop',
        inputTokens: 11,
        outputTokens: 7,
        model: streamed && provider === 'openai' ? 'up' : 'answering-model',
      })
      const body = lastBody<{ system?: unknown; messages: { role: string }[] }>('text')
      if (provider === 'anthropic') expect(JSON.stringify(body.system)).toContain('Be brief.')
      else expect(body.messages[0]?.role).toBe('system')
    })

    it('carries a tool call there and its result back', async () => {
      script(name('tools'), (received) =>
        received.body.includes('sunny')
          ? { text: 'It is sunny.' }
          : { text: 'Let me look.', calls: [{ id: 'call_a1', name: 'get_weather', input: { city: 'Paris' } }] },
      )
      const first = await ask('tools', { tools: true })
      expect(first).toMatchObject({
        finish: 'tool',
        text: 'Let me look.',
        calls: [{ id: 'call_a1', name: 'get_weather', input: { city: 'Paris' } }],
      })
      const sent = lastBody<{ tools: { function?: { parameters: object }; input_schema?: object }[] }>('tools')
      expect(sent.tools[0]?.function?.parameters ?? sent.tools[0]?.input_schema).toEqual(toolSchema)
      const second = await ask('tools', { tools: true, followUp: { heard: first, results: ['sunny'] } })
      expect(second).toMatchObject({ finish: 'stop', text: 'It is sunny.', calls: [] })
    })

    it('carries parallel tool calls, and all their results in one turn', async () => {
      const calls = [
        { id: 'call_a1', name: 'get_weather', input: { city: 'Paris' } },
        { id: 'call_b2', name: 'get_weather', input: { city: 'London' } },
      ]
      script(name('parallel'), (received) => (received.body.includes('sunny') ? { text: 'Both known.' } : { calls }))
      const first = await ask('parallel', { tools: true })
      expect(first.calls).toEqual(calls)
      await ask('parallel', { tools: true, followUp: { heard: first, results: ['sunny', 'rainy'] } })
      const { messages } = lastBody('parallel') as {
        messages: { role: string; content: { type: string }[]; tool_call_id?: string }[]
      }
      if (provider === 'anthropic')
        expect(messages.at(-1)?.content.map((block) => block.type)).toEqual(['tool_result', 'tool_result'])
      else expect(messages.slice(-2).map((message) => message.tool_call_id)).toEqual(['call_a1', 'call_b2'])
    })

    it('carries thinking', async () => {
      script(name('thinking'), () => ({ thinking: 'First, I wonder.', text: 'Done.' }))
      const heard = await ask('thinking', { think: true })
      expect(heard).toMatchObject({ thinking: 'First, I wonder.', text: 'Done.' })
      const body = lastBody('thinking') as {
        thinking?: { type: string; budget_tokens: number }
        reasoning_effort?: string
      }
      if (provider === 'anthropic') expect(body.thinking).toEqual({ type: 'enabled', budget_tokens: 4096 })
      else expect(body.reasoning_effort).toBe('low')
    })

    it('carries a schema for structured output', async () => {
      const schema = {
        type: 'object',
        properties: { n: { type: 'integer' } },
        required: ['n'],
        additionalProperties: false,
      }
      script(name('schema'), () => ({ text: '{"n":4}' }))
      expect(JSON.parse((await ask('schema', { schema })).text)).toEqual({ n: 4 })
      const body = lastBody('schema') as {
        output_config?: { format: { schema: object } }
        response_format?: { json_schema: { schema: object } }
      }
      expect(body.output_config?.format.schema ?? body.response_format?.json_schema.schema).toEqual(schema)
    })

    it('carries an image', async () => {
      script(name('image'), () => ({ text: 'A dot.' }))
      expect((await ask('image', { image: png })).text).toBe('A dot.')
      const sent = JSON.stringify(lastBody('image'))
      expect(sent).toContain(png)
      expect(sent).toContain(provider === 'anthropic' ? '"media_type":"image/png"' : 'data:image/png;base64,')
    })

    it.each([
      [429, { 'retry-after': '7' }],
      [400, {}],
      [500, {}],
    ] as const)('tells of an error with status %d as the SDK expects it', async (status, headers) => {
      const body =
        provider === 'anthropic'
          ? { type: 'error', error: { type: 'invalid_request_error', message: 'no' } }
          : { error: { message: 'no', type: 'invalid_request_error', param: null, code: null } }
      upstream.on(name(`error${status}`), json(body, status, headers))
      const failure = await ask(`error${status}`).then(
        () => undefined,
        (cause: unknown) => cause,
      )
      const expected = status === 500 ? 502 : status
      const classes = client === 'openai' ? OpenAI : Anthropic
      expect(failure).toBeInstanceOf(
        status === 429
          ? classes.RateLimitError
          : status === 400
            ? classes.BadRequestError
            : classes.InternalServerError,
      )
      expect(failure).toMatchObject({ status: expected })
      if (status === 429) expect((failure as { headers: Headers }).headers.get('retry-after')).toBe('7')
    })

    if (streamed)
      it('tells of an error in the middle of a stream by failing, not by ending', async () => {
        const begin =
          provider === 'anthropic'
            ? messageStreamOf({ text: 'Half an answer' }).slice(0, 4)
            : chatStream({ text: 'Half an answer' }).slice(0, 2)
        const fault =
          provider === 'anthropic'
            ? messageEvent('error', { error: { type: 'overloaded_error', message: 'busy' } })
            : 'data: {"error":{"message":"busy","type":"server_error"}}\n\n'
        upstream.on(name('midway'), stream([...begin, fault]))
        await expect(ask('midway')).rejects.toThrow()
        upstream.on(name('cut'), stream(begin))
        await expect(ask('cut')).rejects.toThrow()
      })

    it('stops the provider when the SDK aborts', async () => {
      const leave = new AbortController()
      upstream.on(
        name('abort'),
        streamed
          ? stream(
              provider === 'anthropic'
                ? messageStreamOf({ text: 'Long story' }).slice(0, 5)
                : [chatChunk({ role: 'assistant', content: 'Long' })],
              'hold',
            )
          : silence,
      )
      const asked = ask('abort', { signal: leave.signal, onFirst: () => leave.abort() }).catch(
        (cause: unknown) => cause,
      )
      if (!streamed) setTimeout(() => leave.abort(), 200)
      expect(await asked).toBeInstanceOf((client === 'openai' ? OpenAI : Anthropic).APIUserAbortError)
      await upstream.of(name('abort'))[0]?.aborted
    })
  },
)
