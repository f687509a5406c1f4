// The mock that signs its thinking: it has to come back unchanged with the results of the call, on each wire in its own place.
import { describe, expect, it } from 'vitest'
import { below, followUpOn, followUps, send, valuesIn, waysWithTools, type Json, type Way } from './support.ts'

/** What all signatures begin with: `signed by the mock`. The wire follows, so that none is taken for another's. */
const seal = 'c2lnbmVkIGJ5IHRoZSBtb2Nr'
const sealed = expect.stringMatching(new RegExp(`^${seal}`))

/** With thinking switched on, on the wires that have a switch for it. */
function thoughtful(name: string, body: Json): Json {
  const thinking = { type: 'enabled', budget_tokens: 1024 }
  if (name.startsWith('anthropic')) return { ...body, max_tokens: 2000, thinking }
  return name.startsWith('bedrock') ? { ...body, additionalModelRequestFields: { thinking } } : body
}

const wayOf = (name: string): Way => waysWithTools.find((entry) => entry.name === name) as Way

/** What a wire answers to the first question. */
async function firstOn(name: string, model = 'signed'): Promise<Json> {
  const way = wayOf(name)
  return valuesIn(await send(way.url(model), thoughtful(name, way.body(model, 'one', ['f']))))[0] as Json
}

/** The text of a request in which every call was made by another model. */
const byAnother = (request: Json): string =>
  JSON.stringify(request).replaceAll(/(call|toolu|tooluse)_[a-z]+_/g, '$1_other_')

describe.each(followUps)('signed thinking on %s', (name, followUp) => {
  const way = wayOf(name)
  const again = (answer: Json): Json => thoughtful(name, followUp('signed', answer))
  const first = (): Promise<Json> => firstOn(name)

  it('stands before the call, and is taken back unchanged', async () => {
    const answer = await first()
    expect(JSON.stringify(answer)).toContain(seal)
    const second = await send(way.url('signed'), again(answer))
    expect(second.status, second.text).toBe(200)
    expect(second.text).toContain('echo: the result')
  })

  it('is refused where its signature was changed', async () => {
    const changed = JSON.stringify(again(await first())).replace(seal, 'c2lnbmVkIGJ5IHNvbWVib2R5')
    const second = await send(way.url('signed'), changed)
    expect(second.status).toBe(400)
    expect(second.text).toContain('was changed')
  })

  it('is refused where it is missing', async () => {
    const bare = JSON.parse(JSON.stringify(again(await first())), (_key, value: unknown) =>
      Array.isArray(value) ? value.filter((entry) => !isThought(entry)) : withoutSignature(value),
    ) as Json
    const second = await send(way.url('signed'), bare)
    expect(second.status, second.text).toBe(400)
    expect(second.text).toMatch(/without the signature|Expected .thinking/)
  })

  it('is not asked for from a call that another model made, and not taken from one either', async () => {
    const signed = again(await first())
    const bare = JSON.parse(byAnother(signed), (_key, value: unknown) =>
      Array.isArray(value) ? value.filter((entry) => !isThought(entry)) : withoutSignature(value),
    ) as Json
    const unasked = thoughtless(bare)
    // Google wants its own word for such a call, and has no switch.
    const second = await send(way.url('signed'), name === 'gemini' ? standIn(unasked) : unasked)
    expect([second.status, second.text]).toEqual([200, expect.stringContaining('the result')])
    const foreign = byAnother(signed).replace(/c2lnbmVkIGJ5IHRoZSBtb2Nr[^"]*/, 'c2lnbmVkIGJ5IHRoZSBvdGhlcg==')
    expect((await send(way.url('signed'), foreign)).status).toBe(400)
  })
})

/** Thinking off, as a gateway has to send a conversation that another model began. */
function thoughtless({ thinking: _thinking, additionalModelRequestFields: _fields, ...rest }: Json): Json {
  return rest
}

function standIn(request: Json): Json {
  return JSON.parse(
    JSON.stringify(request).replaceAll(
      '{"functionCall"',
      '{"thoughtSignature":"skip_thought_signature_validator","functionCall"',
    ),
  ) as Json
}

describe('a model that thinks only when it is told to', () => {
  it.each(['anthropic-messages', 'bedrock-converse'])('signs nothing on %s where thinking is off', async (name) => {
    const way = wayOf(name)
    const answer = valuesIn(await send(way.url('signed'), way.body('signed', 'one', ['f'])))[0] as Json
    expect(JSON.stringify(answer)).not.toContain(seal)
    expect((await send(way.url('signed'), followUpOn(name)('signed', answer))).status).toBe(200)
  })

  it('wants the thoughts before the last results on anthropic-messages, from whomever', async () => {
    const way = wayOf('anthropic-messages')
    const plain = valuesIn(await send(way.url('signed'), way.body('signed', 'one', ['f'])))[0] as Json
    const second = await send(way.url('signed'), thoughtful('anthropic', followUpOn(way.name)('signed', plain)))
    expect([second.status, second.text]).toEqual([400, expect.stringContaining('Expected `thinking`')])
  })
})

function isThought(value: unknown): boolean {
  const { type, reasoningContent, thought } = value as Json
  return (
    type === 'reasoning' || type === 'thinking' || type === 'reasoning.text' || !!reasoningContent || thought === true
  )
}

function withoutSignature(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const { thoughtSignature: _signature, ...rest } = value as Json
  return rest
}

describe('a thought that was stored', () => {
  it('may be named on openai-responses instead of being repeated', async () => {
    const again = followUpOn('openai-responses')('signed', await firstOn('openai-responses'))
    const named = (again['input'] as Json[]).map((item) =>
      item['type'] === 'reasoning' ? { type: 'item_reference', id: item['id'] } : item,
    )
    const second = await send(wayOf('openai-responses').url('signed'), { ...again, input: named })
    expect([second.status, second.text]).toEqual([200, expect.stringContaining('the result')])
  })
})

describe('the text of signed thinking', () => {
  it.each(['openai-chat', 'anthropic-messages', 'bedrock-converse'])('may not be changed on %s', async (name) => {
    const way = wayOf(name)
    const again = thoughtful(name, followUpOn(name)('signed', await firstOn(name)))
    const changed = JSON.stringify(again).replace('I repeat', 'I invent')
    expect((await send(way.url('signed'), changed)).status).toBe(400)
  })
})

describe('signed thinking in a stream', () => {
  it.each(waysWithTools.filter(({ streamed }) => streamed).map((way): [string, Way] => [way.name, way]))(
    'is told on %s',
    async (name, way) => {
      const answer = await send(way.url('signed'), thoughtful(name, way.body('signed', 'one', ['f'])))
      expect(answer.status).toBe(200)
      const signatures = ['signature', 'thoughtSignature', 'encrypted_content'].flatMap((key) =>
        below(key, valuesIn(answer)),
      )
      expect(signatures).toContainEqual(sealed)
    },
  )
})

describe('ids of calls', () => {
  it('go on counting over a conversation', async () => {
    const way = waysWithTools.find((entry) => entry.name === 'anthropic-messages') as Way
    const first = valuesIn(await send(way.url('tool'), way.body('tool', 'one', ['f'])))[0] as Json
    const base = followUpOn('anthropic-messages')('tool', first)
    const more = [
      { role: 'assistant', content: 'well' },
      { role: 'user', content: 'again' },
    ]
    const second = { ...base, messages: [...(base['messages'] as Json[]), ...more] }
    const ids = [first, valuesIn(await send(way.url('tool'), second))[0]].flatMap((answer) => below('id', answer))
    expect(ids.filter((id) => String(id).startsWith('toolu'))).toEqual(['toolu_mock_0', 'toolu_mock_1'])
  })
})
