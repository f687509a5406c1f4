// What a request becomes elsewhere, without sending it.
import { describe, expect, it } from 'vitest'
import { operationContext } from '../../src/http/operation-context.ts'
import type { OperationContext } from '../../src/operations/operation.ts'
import { translate } from '../../src/operations/translate.ts'
import { contextOf, dataOf, errorOf } from './context.ts'

function servingContext(): OperationContext {
  const context = contextOf({ providers: { mock: { type: 'mock' } }, storage: { kind: 'memory' } })
  const ports = { clock: context.clock, stores: context.stores, secrets: { get: () => undefined } }
  return operationContext({ ports, status: undefined }, context.snapshot)
}

const messages = [{ role: 'user', content: 'hi' }]
const prompts: Readonly<Record<string, object>> = {
  'openai-chat': { messages },
  'openai-responses': { input: 'hi' },
  'openai-completions': { prompt: 'hi' },
  'anthropic-messages': { messages, max_tokens: 9 },
  gemini: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
  'bedrock-converse': { messages: [{ role: 'user', content: [{ text: 'hi' }] }] },
}

describe('translate', () => {
  it('shows what would be sent, and what became of every member', async () => {
    const body = { model: 'mine', messages, seed: 7 }
    expect(
      await dataOf(translate, servingContext(), { to: 'anthropic-messages', model: 'theirs', body }),
    ).toMatchObject({
      path: '/v1/messages',
      body: { model: 'theirs', messages: [{ role: 'user' }] },
      mapped: expect.arrayContaining(['/model', '/messages/0/content']),
      dropped: [{ pointer: '/seed' }],
      refused: [],
    })
  })

  it.each(Object.entries(prompts))('needs no model in a body of %s: it was asked for by name', async (from, body) => {
    for (const to of Object.keys(prompts)) {
      const shown = await dataOf(translate, servingContext(), { from, to, model: 'theirs', body })
      expect([to, shown]).toEqual([to, expect.objectContaining({ dropped: [], refused: [] })])
      expect((shown as { mapped: string[] }).mapped).not.toContain('/model')
    }
  })

  it('names the member that is wrong', async () => {
    const body = { messages: [{ role: 'user', content: 5 }] }
    expect(await errorOf(translate, servingContext(), { to: 'gemini', model: 'theirs', body })).toMatchObject({
      code: 'invalid_messages',
      param: 'messages[0].content',
    })
  })
})
