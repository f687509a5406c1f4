// Sessions of several requests on the real codecs: every client's wire with every provider that signs.
import { describe, expect, it } from 'vitest'
import { dialects, type GenerativeId } from '../../../src/dialects/index.ts'
import { realmOf } from '../../../src/engine/state/realm.ts'
import { createHome, openrouter } from './support.ts'
import { receive, receiveStream, send } from './session.ts'
import {
  clientOf,
  clients,
  list,
  providerOf,
  providers,
  type ClientWire,
  type Json,
  type ProviderWire,
} from './wires.ts'

/** Whether a dialect can do all that a session asks of it. */
function isWritten(dialect: GenerativeId): boolean {
  try {
    dialects[dialect].streamDecoder()
    dialects[dialect].decodeError(500, new Headers(), undefined)
    return true
  } catch {
    return false
  }
}

const unwritten = (Object.keys(dialects) as GenerativeId[]).filter((dialect) => !isWritten(dialect))
if (unwritten.length > 0) console.log(`sessions: skipped for want of a codec: ${unwritten.join(', ')}`)

const ready = (client: ClientWire, provider: ProviderWire): boolean =>
  isWritten(client.dialect) && isWritten(provider.origin.dialect as GenerativeId)

const pairs = clients.flatMap((client) =>
  providers
    .filter((provider) => provider.origin.dialect !== client.dialect && ready(client, provider))
    .map((provider) => [`${client.dialect} client, ${provider.name}`, client, provider] as const),
)

const deliveries = [
  ['whole', receive],
  ['streamed', receiveStream],
] as const

/** No token of a provider, and nothing sealed. */
const anyState = /SignalboxRS1|sig-anthropic|blob-anthropic|c2lnLWdlbWluaQ|sig-responses|sig-bedrock/

describe.each(pairs)('%s', (_name, client, provider) => {
  const { origin } = provider

  it.each(deliveries)('%s: the state comes back as it was, and no other provider sees it', async (_how, deliver) => {
    const keeper = createHome().keeper()
    const first = await send(client.first, { client, origin, keeper })
    const answer = await deliver(provider.answer, { client, origin, keeper, sent: first })
    expect(JSON.stringify(answer)).not.toMatch(/sig-anthropic|blob-anthropic|c2lnLWdlbWluaQ|sig-responses|sig-bedrock/)
    const histories = [client.next, ...(client.nextOfStrict === undefined ? [] : [client.nextOfStrict])]
    for (const next of histories) {
      const body = next(client.first, answer)
      const again = await send(body, { client, origin, keeper })
      expect(provider.tokensIn(again.body)).toEqual(provider.tokens)
      expect(again.losses.filter((loss) => /state|signature/.test(loss.reason))).toEqual([])
      for (const other of providers) {
        if (realmOf(other.origin) === realmOf(origin) || !ready(client, other)) continue
        const foreign = await send(body, { client, origin: other.origin, keeper })
        expect(JSON.stringify(foreign.body), other.name).not.toMatch(anyState)
      }
    }
  })
})

describe('a session that changes its provider and comes back', () => {
  it.runIf(isWritten('gemini'))('Anthropic, Gemini, Anthropic: everybody has his own and nothing else', async () => {
    const client = clientOf('anthropic-messages')
    const keeper = createHome().keeper()
    const anthropic = providerOf('Anthropic')
    const gemini = providerOf('Gemini')

    // By bytes, so the client holds Anthropic's own signature.
    const first = await send(client.first, { client, origin: anthropic.origin, keeper })
    expect(first.byBytes).toBe(true)
    const second = client.next(
      client.first,
      await receive(anthropic.answer, { client, origin: anthropic.origin, keeper, sent: first }),
    )
    expect(JSON.stringify(second)).toContain('sig-anthropic')

    const away = await send(second, { client, origin: gemini.origin, keeper })
    expect(JSON.stringify(away.body)).not.toMatch(/sig-anthropic/)
    expect(away.losses).toContainEqual({
      path: 'messages[1].content[0]',
      action: 'dropped',
      reason: 'a signature of another provider',
    })
    const third = client.next(
      second,
      await receive(gemini.answer, { client, origin: gemini.origin, keeper, sent: away }),
    )
    expect(JSON.stringify(third)).toContain('SignalboxRS1')

    const there = await send(third, { client, origin: gemini.origin, keeper })
    expect(gemini.tokensIn(there.body).slice(-2)).toEqual(gemini.tokens)

    const back = await send(third, { client, origin: anthropic.origin, keeper })
    expect(back.byBytes).toBe(false)
    expect(JSON.stringify(back.body)).not.toMatch(/SignalboxRS1|c2lnLWdlbWluaQ/)
    expect(anthropic.tokensIn(back.body)).toEqual(anthropic.tokens)
    // The last calls were Gemini's, without a thought of Anthropic's before them.
    expect(back.body['thinking']).toBeUndefined()
    expect(back.losses.map((loss) => loss.path)).toEqual([
      'messages[3].content[0]',
      'messages[3].content[1]',
      'thinking',
    ])
    expect(list(back.body['messages']).length).toBe(5)
  })

  it('an Anthropic client whose turn was served by a provider that signs nothing goes to Anthropic', async () => {
    const client = clientOf('anthropic-messages')
    const keeper = createHome().keeper()
    const first = await send(client.first, { client, origin: openrouter, keeper })
    const answer = {
      id: 'c1',
      object: 'chat.completion',
      created: 1,
      model: 'x',
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            reasoning_content: 'hmm',
            content: null,
            tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } }],
          },
          finish_reason: 'tool_calls',
        },
      ],
    }
    const body = client.next(client.first, await receive(answer, { client, origin: openrouter, keeper, sent: first }))
    expect(list(list(body['messages'])[1]?.['content'])[0]).toMatchObject({ type: 'thinking', thinking: 'hmm' })
    const { origin } = providerOf('Anthropic')
    const sent = await send(body, { client, origin, keeper })
    expect(sent.byBytes).toBe(false)
    expect(list(list(sent.body['messages'])[1]?.['content']).map((block) => block['type'])).toEqual(['tool_use'])
    expect(sent.body['thinking']).toBeUndefined()
    expect(sent.losses.map((loss) => loss.path)).toEqual(['messages[1].content[0]', 'thinking'])
  })

  it('a chat client whose records are off thinks no more behind its calls, and is told so', async () => {
    const client = clientOf('openai-chat')
    const home = createHome()
    const { origin, answer, tokens, tokensIn } = providerOf('Anthropic')
    const strict = client.nextOfStrict ?? client.next
    for (const [keeper, thinks] of [
      [home.keeper({}, { store: undefined }), false],
      [home.keeper(), true],
    ] as const) {
      const first = await send(client.first, { client, origin, keeper })
      expect(first.body['thinking']).toBeDefined()
      const body = strict(client.first, await receive(answer, { client, origin, keeper, sent: first }))
      const sent = await send(body, { client, origin, keeper })
      expect(sent.body['thinking'] !== undefined).toBe(thinks)
      expect(tokensIn(sent.body)).toEqual(thinks ? tokens : [])
      expect(
        sent.losses.some(
          (loss) => loss.reason === 'no thinking where the last tool calls came without signed thinking',
        ),
      ).toBe(!thinks)
    }
  })
})

describe('renamed tools', () => {
  const name = 'mcp.files/read file'
  const client = clientOf('openai-chat')
  const first: Json = {
    ...client.first,
    tools: [{ type: 'function', function: { name, parameters: { type: 'object', properties: {} } } }],
    tool_choice: { type: 'function', function: { name } },
  }

  it.runIf(isWritten('gemini'))('keep their names over a session of two providers', async () => {
    const keeper = createHome().keeper()
    const anthropic = providerOf('Anthropic')
    const asked = await send(first, { client, origin: anthropic.origin, keeper })
    const [legal] = list(asked.body['tools']).map((tool) => String(tool['name']))
    expect(legal).toMatch(/^[a-zA-Z0-9_-]{1,128}$/)
    expect(asked.body['tool_choice']).toMatchObject({ type: 'tool', name: legal })
    const call = { type: 'tool_use', id: 'toolu_01A09q90qw90lq917835lq9', name: legal, input: {} }
    const answer = await receive(
      { ...anthropic.answer, content: [call] },
      { client, origin: anthropic.origin, keeper, sent: asked },
    )
    expect(JSON.stringify(answer)).toContain(JSON.stringify(name))

    const body = client.next(first, answer)
    const again = await send(body, { client, origin: anthropic.origin, keeper })
    expect(
      list(again.body['messages'])
        .flatMap((message) => list(message['content']))
        .find((block) => block['type'] === 'tool_use'),
    ).toMatchObject({ name: legal })

    const away = await send(body, { client, origin: providerOf('Gemini').origin, keeper })
    const parts = list(away.body['contents']).flatMap((content) => list(content['parts']))
    const declared = list(list(away.body['tools'])[0]?.['functionDeclarations'])[0]?.['name']
    expect(declared).toMatch(/^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/)
    expect(parts.find((part) => 'functionCall' in part)?.['functionCall']).toMatchObject({ name: declared })
    expect(parts.find((part) => 'functionResponse' in part)?.['functionResponse']).toMatchObject({ name: declared })
    expect(away.toolNames.get(String(declared)) ?? declared).toBe(name)
  })
})
