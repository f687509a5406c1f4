// Sessions with the room that Chat has: `extra_content` on calls, `reasoning_details` on messages, both ways.
import { describe, expect, it } from 'vitest'
import { createHome, openrouter } from './support.ts'
import { receive, receiveStream, send } from './session.ts'
import { clientOf, clients, list, providers, type Json } from './wires.ts'

const deliveries = [
  ['whole', receive],
  ['streamed', receiveStream],
] as const

const anyState = /SignalboxRS1|sig-anthropic|blob-anthropic|c2lnLWdlbWluaQ|sig-responses|sig-bedrock|sig-openrouter/

describe.each(providers.map((provider) => [provider.name, provider] as const))(
  'a chat client of %s',
  (_name, provider) => {
    const client = clientOf('openai-chat')
    const { origin } = provider

    it.each(deliveries)('%s: brings everything back by itself, with nothing stored', async (_how, deliver) => {
      const keeper = createHome().keeper({}, { store: undefined })
      const sent = await send(client.first, { client, origin, keeper })
      const answer = await deliver(provider.answer, { client, origin, keeper, sent })
      const again = await send(client.next(client.first, answer), { client, origin, keeper })
      expect(provider.tokensIn(again.body)).toEqual(provider.tokens)
    })

    it.each(deliveries)('%s: shows none of it to a provider of its own wire', async (_how, deliver) => {
      const keeper = createHome().keeper()
      const sent = await send(client.first, { client, origin, keeper })
      const body = client.next(client.first, await deliver(provider.answer, { client, origin, keeper, sent }))
      expect(JSON.stringify(body)).toContain('SignalboxRS1')
      const own = await send(body, { client, origin: openrouter, keeper })
      expect(own.byBytes).toBe(false)
      expect(JSON.stringify(own.body)).not.toMatch(anyState)
      expect(own.losses.length).toBeGreaterThan(0)
    })
  },
)

describe.each(
  clients.filter(({ dialect }) => dialect !== 'openai-chat').map((client) => [client.dialect, client] as const),
)('a client of %s', (_name, client) => {
  const answer: Json = {
    id: 'c1',
    object: 'chat.completion',
    created: 1_790_000_000,
    model: 'x/y',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: null,
          reasoning_details: [
            {
              type: 'reasoning.text',
              text: 'hmm',
              signature: 'sig-openrouter',
              format: 'anthropic-claude-v1',
              index: 0,
            },
          ],
          tool_calls: [
            {
              id: 'call_A1b2C3d4E5f6G7h8I9j0',
              type: 'function',
              function: { name: 'weather', arguments: '{"in":"Paris"}' },
            },
          ],
        },
        finish_reason: 'tool_calls',
      },
    ],
  }

  it.each(deliveries)('%s: brings the reasoning of a chat provider back to it', async (_how, deliver) => {
    const keeper = createHome().keeper()
    const sent = await send(client.first, { client, origin: openrouter, keeper })
    const got = await deliver(answer, { client, origin: openrouter, keeper, sent })
    expect(JSON.stringify(got)).not.toContain('sig-openrouter')
    const again = await send(client.next(client.first, got), { client, origin: openrouter, keeper })
    const [, message] = list(again.body['messages'])
    expect(list(message?.['reasoning_details'])).toMatchObject([
      { type: 'reasoning.text', text: 'hmm', signature: 'sig-openrouter' },
    ])
  })
})

describe('a chat provider with Google’s signatures', () => {
  it.each(deliveries)('%s: has them back on its calls', async (_how, deliver) => {
    const client = clientOf('anthropic-messages')
    const origin = { ...openrouter, provider: 'google-compat', model: 'gemini-3-pro-preview' }
    const keeper = createHome().keeper()
    const call = {
      id: 'function-call-123456789012345678',
      type: 'function',
      function: { name: 'weather', arguments: '{"in":"Paris"}' },
      extra_content: { google: { thought_signature: 'c2lnLWdlbWluaQ==' } },
    }
    const message = { role: 'assistant', content: null, tool_calls: [call] }
    const answer = {
      id: 'c1',
      object: 'chat.completion',
      created: 1,
      model: 'g',
      choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
    }
    const sent = await send(client.first, { client, origin, keeper })
    const again = await send(client.next(client.first, await deliver(answer, { client, origin, keeper, sent })), {
      client,
      origin,
      keeper,
    })
    expect(list(list(again.body['messages'])[1]?.['tool_calls'])).toMatchObject([
      { id: call.id, extra_content: call.extra_content },
    ])
  })
})
