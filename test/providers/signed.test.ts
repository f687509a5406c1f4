// The mock that signs its thinking: it has to come back unchanged with the results of the call, on each wire in its own place.
import { describe, expect, it } from 'vitest'
import { below, followUpOn, followUps, send, valuesIn, waysWithTools, type Json, type Way } from './support.ts'

const seal = 'c2lnbmVkIGJ5IHRoZSBtb2Nr'

describe.each(followUps)('signed thinking on %s', (name, followUp) => {
  const way = waysWithTools.find((entry) => entry.name === name) as Way
  const again = (answer: Json): Json => followUp('signed', answer)
  const first = async (): Promise<Json> =>
    valuesIn(await send(way.url('signed'), way.body('signed', 'one', ['f'])))[0] as Json

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
    expect(second.text).toContain('without the signature')
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

describe('the text of signed thinking', () => {
  it.each(['openai-chat', 'anthropic-messages', 'bedrock-converse'])('may not be changed on %s', async (name) => {
    const way = waysWithTools.find((entry) => entry.name === name) as Way
    const answer = valuesIn(await send(way.url('signed'), way.body('signed', 'one', ['f'])))[0] as Json
    const changed = JSON.stringify(followUpOn(name)('signed', answer)).replace('I repeat', 'I invent')
    expect((await send(way.url('signed'), changed)).status).toBe(400)
  })
})

describe('signed thinking in a stream', () => {
  it.each(waysWithTools.filter(({ streamed }) => streamed).map((way): [string, Way] => [way.name, way]))(
    'is told on %s',
    async (_name, way) => {
      const answer = await send(way.url('signed'), way.body('signed', 'one', ['f']))
      expect(answer.status).toBe(200)
      const signatures = ['signature', 'thoughtSignature', 'encrypted_content'].flatMap((key) =>
        below(key, valuesIn(answer)),
      )
      expect(signatures).toContain(seal)
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
