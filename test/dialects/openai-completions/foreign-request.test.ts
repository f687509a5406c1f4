// Requests of other wires: what a prompt can say of them, what it costs, and what makes it impossible.
import { describe, expect, it } from 'vitest'
import { openaiCompletions } from '../../../src/dialects/openai-completions/index.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import { encode, errorOf, expectValidRequest, foreignRequest, jsonOf, lossLines, type Json } from './support.ts'

const text = (said: string): ContentPart => ({ type: 'text', text: said })
const image: ContentPart = {
  type: 'image',
  source: { kind: 'url', url: 'https://x/y.png' },
  at: 'messages[0].content[1]',
}

function translated(members: Partial<IrRequest>): { body: Json; losses: string[] } {
  const encoded = encode(foreignRequest(members))
  const body = jsonOf(encoded.call.body)
  expectValidRequest(body)
  return { body, losses: lossLines(encoded.losses) }
}

describe('a conversation', () => {
  it('of one thing that a user says is that text, and loses nothing', () => {
    expect(translated({})).toEqual({ body: { model: 'claude', prompt: 'hi', max_tokens: 50 }, losses: [] })
  })

  it('with more turns is one prompt with a name before each', () => {
    const { body, losses } = translated({
      instructions: [{ type: 'text', text: 'Be brief.', at: 'system[0]' }],
      turns: [
        { role: 'user', parts: [text('a'), text('b')], at: 'messages[0]' },
        { role: 'assistant', parts: [text('c')], at: 'messages[1]' },
        { role: 'system', parts: [text('d')], at: 'messages[2]' },
        { role: 'user', parts: [text('e')], at: 'messages[3]' },
      ],
    })
    expect(body['prompt']).toBe('Be brief.\n\nUser: a\nb\n\nAssistant: c\n\nSystem: d\n\nUser: e\n\nAssistant:')
    expect(body['stop']).toEqual(['\n\nUser:'])
    expect(losses).toEqual(['system[0] approximated', 'messages approximated'])
  })

  it('that an assistant began is continued', () => {
    const { body } = translated({
      turns: [
        { role: 'user', parts: [text('a')], at: 'contents[0]' },
        { role: 'assistant', parts: [text('b ')], at: 'contents[1]' },
      ],
    })
    expect(body['prompt']).toBe('User: a\n\nAssistant: b ')
  })

  it('loses what an assistant left in it that is no text, piece by piece', () => {
    const { losses } = translated({
      turns: [
        { role: 'user', parts: [text('a')], at: 'messages[0]' },
        {
          role: 'assistant',
          parts: [
            { type: 'reasoning', text: 'hm', signature: 's', at: 'messages[1].content[0]' },
            { type: 'opaque', kind: 'server_tool_use', value: {}, at: 'messages[1].content[1]' },
            { ...text('b'), at: 'messages[1].content[2]', cache: {}, signature: 's', extras: { x: 1 } } as ContentPart,
            { type: 'refusal', text: 'no', at: 'messages[1].content[3]' },
          ],
          at: 'messages[1]',
        },
        { role: 'user', parts: [text('c')], at: 'messages[2]' },
      ],
    })
    expect(losses).toEqual([
      'messages[1].content[0] dropped',
      'messages[1].content[1] dropped',
      'messages[1].content[2].x dropped',
      'messages[1].content[2].cache_control dropped',
      'messages[1].content[2].signature dropped',
      'messages[1].content[3] approximated',
      'messages approximated',
    ])
  })
})

describe('a request is refused with', () => {
  const call: ContentPart = { type: 'tool-call', id: 'c', name: 'f', input: '{}', at: 'messages[0].content[1]' }
  const result: ContentPart = { type: 'tool-result', callId: 'c', parts: [], at: 'messages[0].content[1]' }
  const said = (part: ContentPart): Partial<IrRequest> => ({ turns: [{ role: 'user', parts: [text('a'), part] }] })

  it.each<[string, Partial<IrRequest>, string]>([
    ['an image', said(image), 'messages[0].content[1]'],
    ['a tool call', said(call), 'messages[0].content[1]'],
    ['a tool result', said(result), 'messages[0].content[1]'],
    ['a user part of another wire', said({ type: 'opaque', kind: 'x', value: {}, at: 'a' }), 'a'],
    ['an image in the instructions', { instructions: [{ ...image, at: 'system[0]' }] }, 'system[0]'],
    ['a tool', { tools: [{ type: 'function', name: 'f', at: 'tools[0]' }] }, 'tools[0]'],
    ['a free-text tool', { tools: [{ type: 'custom', name: 'f' }] }, 'tools[0]'],
    ['a forced call', { toolChoice: { mode: 'required' } }, 'tool_choice'],
    [
      "a forced call of a provider's own tool",
      { tools: [{ type: 'opaque', kind: 'web_search', value: {}, at: 'tools[0]' }], toolChoice: { mode: 'required' } },
      'tools[0]',
    ],
    ['a schema', { output: { type: 'json-schema', schema: {} } }, 'output_config.format'],
    [
      'what is bound to another wire',
      { bound: { param: 'previous_response_id', reason: 'x' } },
      'previous_response_id',
    ],
  ])('%s', (_name, members, param) => {
    const outcome = openaiCompletions.encodeRequest(foreignRequest(members), { model: 'm' })
    expect(errorOf(outcome)).toMatchObject({ code: 'unsupported_content', param })
  })

  it('nothing to complete', () => {
    const outcome = openaiCompletions.encodeRequest(foreignRequest({ turns: [] }), { model: 'm' })
    expect(errorOf(outcome)).toMatchObject({ code: 'invalid_messages' })
  })
})

describe('the members of a foreign request', () => {
  it.each<[string, Partial<IrRequest>, Json]>([
    [
      'sampling',
      { sampling: { maxOutputTokens: 7, temperature: 1, topP: 0.5, seed: 2, frequencyPenalty: 1, presencePenalty: 1 } },
      { max_tokens: 7, temperature: 1, top_p: 0.5, seed: 2, frequency_penalty: 1, presence_penalty: 1 },
    ],
    ['stop sequences', { sampling: { stop: ['a'], maxOutputTokens: 1 } }, { stop: ['a'] }],
    ['several answers', { choices: 2 }, { n: 2 }],
    ['a user', { user: 'u' }, { user: 'u' }],
    ['a stream, always with usage', { stream: true }, { stream: true, stream_options: { include_usage: true } }],
    [
      'a stream whose client declined usage',
      { stream: true, streamUsage: false },
      { stream_options: { include_usage: true } },
    ],
    ['tools that may not be called: none', { toolChoice: { mode: 'none' } }, {}],
  ])('are sent: %s', (_name, members, expected) => {
    const { body, losses } = translated(members)
    expect(body).toMatchObject(expected)
    expect(losses).toEqual([])
  })

  it('always hold a limit, as this wire ends an answer at 16 tokens where none is said: nothing is lost by it', () => {
    const { body, losses } = translated({ sampling: {} })
    expect(body['max_tokens']).toBe(2048)
    expect(losses).toEqual([])
  })

  it.each<[string, Partial<IrRequest>, string[]]>([
    ['top_k', { sampling: { topK: 5, maxOutputTokens: 1 } }, ['top_k dropped']],
    [
      'stop sequences above four',
      { sampling: { stop: ['a', 'b', 'c', 'd', 'e'], maxOutputTokens: 1 } },
      ['stop_sequences dropped'],
    ],
    ['JSON without a schema', { output: { type: 'json-object' } }, ['output_config.format dropped']],
    ['an effort', { reasoning: { effort: 'low' } }, ['output_config.effort dropped']],
    ['a budget', { reasoning: { mode: 'enabled', budgetTokens: 2000 } }, ['thinking dropped']],
    ['no loss for no reasoning', { reasoning: { mode: 'disabled' } }, []],
    [
      "a provider's own tool",
      { tools: [{ type: 'opaque', kind: 'x', value: {}, at: 'tools[0]' }] },
      ['tools[0] dropped'],
    ],
    [
      'a tool that may not be called',
      { tools: [{ type: 'function', name: 'f', at: 'tools[0]' }], toolChoice: { mode: 'none' } },
      ['tools[0] approximated'],
    ],
    ['extras, one loss each', { extras: { a: 1, b: 2 } }, ['a dropped', 'b dropped']],
  ])('are lost: %s', (_name, members, expected) => {
    expect(translated(members).losses).toEqual(expected)
  })
})
