// Requests for providers that take less than the wire allows: what is changed, what is lost by it, what stays.
import { describe, expect, it } from 'vitest'
import { presets } from '../../../../src/catalog/presets.ts'
import { applyEdits, fitRequest } from '../../../../src/dialects/openai-chat/quirks/index.ts'
import type { Traits } from '../../../../src/ir/traits.ts'
import { spliceJson } from '../../../../src/wire/json-splice.ts'
import { bodyWith, jsonOf, wireRequest, type Json } from '../support.ts'

interface Case {
  readonly title: string
  readonly traits: Traits
  readonly body: Json
  readonly got: Json
  readonly losses: readonly string[]
}

function conversation(...messages: readonly Json[]): Json {
  return bodyWith({ messages })
}

const user = { role: 'user', content: 'hi' }
const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }

const cases: readonly Case[] = [
  {
    title: 'lists of text become a text',
    traits: { textContent: 'string' },
    body: conversation({
      role: 'system',
      content: [
        { type: 'text', text: 'Be' },
        { type: 'text', text: 'brief' },
      ],
    }),
    got: conversation({ role: 'system', content: 'Be\nbrief' }),
    losses: [],
  },
  {
    title: 'a cache breakpoint on such a part is lost, and told',
    traits: { textContent: 'string' },
    body: conversation(user, {
      role: 'user',
      content: [{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }],
    }),
    got: conversation(user, user),
    losses: ['messages[1].content[0].cache_control dropped'],
  },
  {
    title: 'an image stays: leaving it out would change what was asked',
    traits: { textContent: 'string' },
    body: conversation({ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.test/i.png' } }] }),
    got: conversation({ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.test/i.png' } }] }),
    losses: [],
  },
  {
    title: 'a developer speaks as the system',
    traits: { noDeveloperRole: true },
    body: conversation({ role: 'developer', content: 'Be brief' }, user),
    got: conversation({ role: 'system', content: 'Be brief' }, user),
    losses: [],
  },
  {
    title: 'reasoning goes back under the name that the provider reads',
    traits: { reasoningField: 'reasoning' },
    body: conversation({ role: 'assistant', content: 'Hi', reasoning_content: 'Hm' }),
    got: conversation({ role: 'assistant', content: 'Hi', reasoning: 'Hm' }),
    losses: [],
  },
  {
    title: 'details become text, and what was sealed in them is lost',
    traits: { reasoningField: 'reasoning_content' },
    body: conversation({
      role: 'assistant',
      content: 'Hi',
      reasoning_details: [{ type: 'reasoning.text', text: 'Hm' }],
    }),
    got: conversation({ role: 'assistant', content: 'Hi', reasoning_content: 'Hm' }),
    losses: ['messages[0].reasoning_details dropped'],
  },
  {
    title: 'reasoning that the provider refuses is lost, and told',
    traits: { reasoningField: 'none' },
    body: conversation(user, { role: 'assistant', content: 'Hi', reasoning_content: 'Hm', reasoning: 'Hm' }),
    got: conversation(user, { role: 'assistant', content: 'Hi' }),
    losses: ['messages[1].reasoning_content dropped'],
  },
  {
    title: 'a turn of calls without its reasoning gets a blank one where one is required',
    traits: { reasoningField: 'reasoning_content', reasoningRequired: true },
    body: conversation({ role: 'assistant', content: null, tool_calls: [call] }, { role: 'assistant', content: 'Hi' }),
    got: conversation(
      { role: 'assistant', content: null, tool_calls: [call], reasoning_content: ' ' },
      { role: 'assistant', content: 'Hi' },
    ),
    losses: [],
  },
  {
    title: 'and none where thinking is switched off',
    traits: { reasoningField: 'reasoning_content', reasoningRequired: true },
    body: { ...conversation({ role: 'assistant', tool_calls: [call] }), thinking: { type: 'disabled' } },
    got: { ...conversation({ role: 'assistant', tool_calls: [call] }), thinking: { type: 'disabled' } },
    losses: [],
  },
  {
    title: 'a member under another name, and not twice',
    traits: { renamed: { seed: 'random_seed', max_completion_tokens: 'max_tokens' } },
    body: bodyWith({ seed: 1, max_tokens: 5, max_completion_tokens: 6 }),
    got: bodyWith({ random_seed: 1, max_tokens: 5 }),
    losses: [],
  },
  {
    title: 'members that the provider refuses are lost, and told; an empty one says nothing',
    traits: { refused: ['logprobs', 'user', 'stream_options'] },
    body: bodyWith({ logprobs: true, user: null, stream_options: { include_usage: true } }),
    got: bodyWith(),
    losses: ['logprobs dropped'],
  },
  {
    title: 'the same on messages',
    traits: { refusedInMessages: ['name'] },
    body: conversation({ ...user, name: 'Ada' }, user),
    got: conversation(user, user),
    losses: ['messages[0].name dropped'],
  },
]

describe('a request', () => {
  it.each(cases.map((row) => [row.title, row] as const))('%s', (_, { traits, body, got, losses }) => {
    const fitted = fitRequest(body, traits)
    expect(applyEdits(body, fitted.edits)).toEqual(got)
    expect(fitted.losses.map(({ path, action }) => `${path} ${action}`)).toEqual(losses)
    expect(jsonOf(spliceJson(wireRequest(body).body, fitted.edits)), 'spliced into bytes').toEqual(got)
    expect(fitRequest(got, traits).edits, 'fitted once, it fits').toEqual([])
  })

  it.each(Object.keys(presets) as (keyof typeof presets)[])('a plain one goes to %s as it is', (type) => {
    const body = bodyWith({
      messages: [user, { role: 'assistant', content: 'Hi' }, user],
      temperature: 1,
      stream: true,
    })
    expect(fitRequest(body, presets[type].traits)).toEqual({ edits: [], losses: [] })
  })

  it('without messages is left to the provider', () => {
    expect(fitRequest({ messages: 'none' }, presets.deepseek.traits).edits).toEqual([])
    expect(fitRequest({ messages: ['none', null] }, presets.deepseek.traits).edits).toEqual([])
  })
})
