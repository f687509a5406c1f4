// The official SDKs read the mock's answers, so that what it speaks is not only what its author believes.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { send } from './support.ts'

/** A fetch that asks the mock. */
const toMock: typeof fetch = async (input, init) => {
  const url = String(input instanceof Request ? input.url : input).replace('http://sdk.invalid', 'mock://mock')
  const answer = await send(url, String(init?.body))
  const headers = { 'content-type': answer.headers.get('content-type') ?? '' }
  return new Response(answer.bytes as Uint8Array<ArrayBuffer>, { status: answer.status, headers })
}

const options = { apiKey: 'sk-test', maxRetries: 0, fetch: toMock }
const openai = new OpenAI({ ...options, baseURL: 'http://sdk.invalid/v1', logLevel: 'off' })
const anthropic = new Anthropic({ ...options, baseURL: 'http://sdk.invalid', logLevel: 'off' })

const parameters = { type: 'object' as const, properties: { heard: { type: 'string' } } }
const messages = [{ role: 'user' as const, content: 'one two' }]
const names = ['a', 'b']

describe('the openai SDK reads', () => {
  const chatTools = names.map((name) => ({ type: 'function' as const, function: { name, parameters } }))
  const responseTools = names.map((name) => ({ type: 'function' as const, name, parameters, strict: false }))

  it.each(['echo', 'thinking', 'tools', 'refusal', 'signed'])(
    'Chat: %s is the same streamed as whole',
    async (model) => {
      const ask = { model, messages, tools: chatTools }
      const whole = (await openai.chat.completions.create(ask)).choices[0]
      const stream = openai.chat.completions.stream({ ...ask, stream_options: { include_usage: true } })
      const streamed = await stream.finalChatCompletion()
      expect(streamed.choices[0]?.message.content ?? null).toEqual(whole?.message.content ?? null)
      expect(streamed.choices[0]?.message.refusal ?? null).toEqual(whole?.message.refusal ?? null)
      const called = (calls: typeof whole): unknown =>
        calls?.message.tool_calls?.map((call) =>
          'function' in call ? [call.id, call.function.name, call.function.arguments] : [],
        )
      expect(called(streamed.choices[0] as typeof whole)).toEqual(called(whole))
      expect(streamed.choices[0]?.finish_reason).toBe(whole?.finish_reason)
      expect(streamed.usage?.total_tokens).toBeGreaterThan(0)
    },
  )

  it.each(['echo', 'thinking', 'tools', 'refusal', 'signed', 'fault-empty'])(
    'Responses: %s is the same streamed as whole',
    async (model) => {
      const ask = { model, input: 'one two', tools: responseTools }
      const whole = await openai.responses.create(ask)
      const streamed = await openai.responses.stream(ask).finalResponse()
      const bare = (value: unknown): unknown =>
        JSON.parse(JSON.stringify(value, (key, member: unknown) => (key.startsWith('parsed') ? undefined : member)))
      expect(bare(streamed.output)).toEqual(bare(whole.output))
      expect(streamed.usage).toEqual(whole.usage)
    },
  )

  it('Responses: an error in a stream', async () => {
    const failed = await openai.responses
      .stream({ model: 'fault-error-in-stream-2', input: 'one two three' })
      .finalResponse()
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'server_error' } })
  })

  it('Completions, whole and streamed', async () => {
    const whole = await openai.completions.create({ model: 'echo', prompt: 'one two' })
    let text = ''
    for await (const chunk of await openai.completions.create({ model: 'echo', prompt: 'one two', stream: true }))
      text += chunk.choices[0]?.text ?? ''
    expect([whole.choices[0]?.text, text]).toEqual(['echo: one two', 'echo: one two'])
  })

  it('Embeddings, which it asks for in base64', async () => {
    const plain = await openai.embeddings.create({ model: 'm', input: ['a', 'b'], encoding_format: 'float' })
    const packed = await openai.embeddings.create({ model: 'm', input: ['a', 'b'] })
    expect(packed.data.map(({ embedding }) => Array.from(embedding))).toEqual(
      plain.data.map(({ embedding }) => embedding),
    )
  })

  it('a refusal of the request', async () => {
    await expect(openai.responses.create({ model: 'm', input: 'x', max_output_tokens: 5 })).rejects.toMatchObject({
      status: 400,
    })
  })
})

describe('the anthropic SDK reads', () => {
  const tools = names.map((name) => ({ name, input_schema: parameters }))

  it.each(['echo', 'thinking', 'tools', 'refusal', 'signed', 'fault-empty'])(
    '%s, the same streamed as whole',
    async (model) => {
      const ask = { model, max_tokens: 100, messages, tools }
      const whole = await anthropic.messages.create(ask)
      const streamed = await anthropic.messages.stream(ask).finalMessage()
      expect(streamed.content).toEqual(whole.content)
      expect(streamed.stop_reason).toBe(whole.stop_reason)
      expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens)
    },
  )

  it('a count', async () => {
    expect(await anthropic.messages.countTokens({ model: 'm', messages })).toEqual({ input_tokens: 2 })
  })
})
