// One example and more for every quirk: what the provider sends, and what its client gets. The shapes are those of
// recorded answers, with words of our own.
import { describe, expect, it } from 'vitest'
import { normaliseResponse } from '../../../../src/dialects/openai-chat/quirks/index.ts'
import { quirkNames, type QuirkName } from '../../../../src/ir/traits.ts'
import type { Frame } from '../../../../src/wire/frame.ts'
import { done, exchangeWith, type Json } from '../support.ts'
import { normalise } from './support.ts'

interface Example {
  readonly quirk: QuirkName
  readonly title: string
  readonly sent: readonly Json[]
  readonly got: readonly Json[]
}

const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-x' }

/** A chunk with one choice. */
function delta(members: unknown, choice: Json = {}, more: Json = {}): Json {
  return { ...head, choices: [{ index: 0, delta: members, finish_reason: null, ...choice }], ...more }
}

function ends(word: unknown, more: Json = {}): Json {
  return delta({}, { finish_reason: word }, more)
}

function calls(...entries: readonly Json[]): Json {
  return delta({ tool_calls: entries })
}

function called(name: string, input: unknown = '{}', more: Json = {}): Json {
  return { index: 0, id: `call_${name}`, type: 'function', ...more, function: { name, arguments: input } }
}

function more(input: string, index = 0): Json {
  return { index, function: { arguments: input } }
}

const hello = delta({ role: 'assistant', content: 'Hello' })
const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 }

function without(record: Json, key: string): Json {
  const { [key]: _, ...rest } = record
  return rest
}

const add = called('add', '{"a":1}')

const examples: readonly Example[] = [
  {
    quirk: 'members_missing',
    title: 'a chunk of usage without choices has none',
    sent: [hello, ends('stop'), { ...head, usage }],
    got: [hello, ends('stop'), { ...head, usage, choices: [] }],
  },
  {
    quirk: 'members_missing',
    title: 'a choice without an index is the one at its place, and a role comes first',
    sent: [{ ...head, choices: [{ delta: { content: 'Hi' } }] }, ends('stop')],
    got: [{ ...head, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' } }] }, ends('stop')],
  },
  {
    quirk: 'members_missing',
    title: 'a last choice without a delta gets an empty one',
    sent: [hello, { ...head, choices: [{ index: 0, finish_reason: 'stop' }] }],
    got: [hello, { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }],
  },
  {
    quirk: 'members_missing',
    title: 'a message where a delta is due is the delta, once',
    sent: [
      { ...head, choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' } }] },
      { ...head, choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }] },
    ],
    got: [
      { ...head, choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello' } }] },
      { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    ],
  },
  {
    quirk: 'members_missing',
    title: 'a record that is no chunk is left out',
    sent: [hello, { type: 'ping' }, ends('stop')],
    got: [hello, ends('stop')],
  },
  {
    quirk: 'message_beside_delta',
    title: 'the message so far goes, the delta stays',
    sent: [delta({ role: 'assistant', content: 'Hel' }, { message: { role: 'assistant', content: 'Hel' } })],
    got: [delta({ role: 'assistant', content: 'Hel' })],
  },
  {
    quirk: 'head_unsound',
    title: 'a first chunk without a head waits for the second',
    sent: [{ ...head, id: '', model: '', object: '', created: 0, choices: [], prompt_filter_results: [1] }, hello],
    got: [{ ...head, choices: [], prompt_filter_results: [1] }, hello],
  },
  {
    quirk: 'head_unsound',
    title: 'an answer without a head gets the one of the request',
    sent: [
      { ...hello, id: '', created: 0 },
      { ...ends('stop'), id: '', created: 0 },
    ],
    got: [
      { ...hello, id: 'chatcmpl-req_1', created: 1700000000 },
      { ...ends('stop'), id: 'chatcmpl-req_1', created: 1700000000 },
    ],
  },
  {
    quirk: 'head_unsound',
    title: 'every chunk is called one',
    sent: [hello, { ...ends('stop'), object: 'chat.completion.done' }],
    got: [hello, ends('stop')],
  },
  {
    quirk: 'id_changes',
    title: 'the first id stays',
    sent: [hello, { ...ends('stop'), id: 'gen-2' }],
    got: [hello, ends('stop')],
  },
  {
    quirk: 'content_parts',
    title: 'text and thinking of one list go where each belongs',
    sent: [
      delta({ content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }], closed: true }] }),
      delta({
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: '.' }] },
          { type: 'text', text: '1' },
        ],
      }),
    ],
    got: [delta({ reasoning_content: 'Hm' }), delta({ content: '1', reasoning_content: '.' })],
  },
  {
    quirk: 'content_parts',
    title: 'a part that is neither is kept beside the text',
    sent: [
      delta({
        content: [
          { type: 'text', text: 'See' },
          { type: 'reference', reference_ids: [3] },
        ],
      }),
    ],
    got: [delta({ content: 'See', content_parts: [{ type: 'reference', reference_ids: [3] }] })],
  },
  {
    quirk: 'reasoning_spelling',
    title: 'reasoning is `reasoning_content` as well',
    sent: [delta({ reasoning: 'Hm', channel: 'analysis' })],
    got: [delta({ reasoning: 'Hm', channel: 'analysis', reasoning_content: 'Hm' })],
  },
  {
    quirk: 'reasoning_spelling',
    title: 'details stay beside it, as they go back to their provider',
    sent: [delta({ reasoning_details: [{ type: 'reasoning.summary', summary: 'Hm', index: 0 }] })],
    got: [
      delta({ reasoning_details: [{ type: 'reasoning.summary', summary: 'Hm', index: 0 }], reasoning_content: 'Hm' }),
    ],
  },
  {
    quirk: 'placeholder_members',
    title: 'what says nothing is not there',
    sent: [
      {
        ...delta(
          {
            content: '4',
            refusal: '',
            audio: { id: '', data: '', expires_at: 0 },
            function_call: { name: '', arguments: '' },
            tool_calls: [],
          },
          { logprobs: { content: null, refusal: null } },
        ),
        service_tier: '',
        system_fingerprint: '',
      },
    ],
    got: [delta({ content: '4', refusal: null }, { logprobs: null })],
  },
  {
    quirk: 'placeholder_members',
    title: 'a call keeps what it says',
    sent: [calls({ ...add, custom: { name: '', input: '' } }, { function: { name: '', arguments: '' } })],
    got: [calls(add)],
  },
  {
    quirk: 'tool_index',
    title: 'two calls of one chunk without index',
    sent: [calls(without(add, 'index'), without(called('mul'), 'index'))],
    got: [calls(add, { ...called('mul'), index: 1 })],
  },
  {
    quirk: 'tool_index',
    title: 'calls counted from one',
    sent: [calls(called('add', '', { index: 1 })), calls(more('{}', 1)), calls(called('mul', '{}', { index: 2 }))],
    got: [calls(called('add', '')), calls(more('{}')), calls(called('mul', '{}', { index: 1 }))],
  },
  {
    quirk: 'tool_index',
    title: 'parallel calls under one index',
    sent: [calls(called('add', '{"a":1}')), calls(called('mul', '')), calls(more('{"b":2}'))],
    got: [calls(called('add', '{"a":1}')), calls(called('mul', '', { index: 1 })), calls(more('{"b":2}', 1))],
  },
  {
    quirk: 'tool_index',
    title: 'the same tool twice under one index',
    sent: [calls(called('add', '')), calls(called('add', '{}', { id: 'call_other' }))],
    got: [calls(called('add', '')), calls(called('add', '{}', { id: 'call_other', index: 1 }))],
  },
  {
    quirk: 'tool_fragment_empties',
    title: 'fragments repeat nothing that is empty',
    sent: [calls(called('add', '')), calls({ index: 0, id: '', type: '', function: { name: '', arguments: '{}' } })],
    got: [calls(called('add', '')), calls(more('{}'))],
  },
  {
    quirk: 'tool_type_missing',
    title: 'a call is a function',
    sent: [calls(without(add, 'type'))],
    got: [calls(add)],
  },
  {
    quirk: 'tool_id_missing',
    title: 'calls without an id get ids of their own',
    sent: [calls({ ...add, id: '' }, without(called('mul', '{}', { index: 1 }), 'id'))],
    got: [
      calls(
        { ...add, id: 'call_chatcmpl-1_0' },
        { ...without(called('mul', '{}', { index: 1 }), 'id'), id: 'call_chatcmpl-1_1' },
      ),
    ],
  },
  {
    quirk: 'tool_id_missing',
    title: 'an id that comes late is the one that the client knows',
    sent: [calls({ ...called('add', ''), id: null }), calls({ ...more('{}'), id: 'late' })],
    got: [calls({ ...called('add', ''), id: 'call_chatcmpl-1_0' }), calls({ ...more('{}'), id: 'call_chatcmpl-1_0' })],
  },
  {
    quirk: 'arguments_not_text',
    title: 'arguments that are an object',
    sent: [calls(called('add', { a: 1 }))],
    got: [calls(called('add', '{"a":1}'))],
  },
  {
    quirk: 'arguments_not_text',
    title: 'arguments that are null are none, and none are `{}`',
    sent: [calls(called('add', null)), ends('tool_calls')],
    got: [calls(called('add', '')), calls(more('{}')), ends('tool_calls')],
  },
  {
    quirk: 'arguments_not_text',
    title: 'arguments that never come are `{}`',
    sent: [calls({ ...called('add'), function: { name: 'add' } }), ends('tool_calls')],
    got: [calls(called('add', '')), calls(more('{}')), ends('tool_calls')],
  },
  {
    quirk: 'finish_foreign',
    title: "another vendor's word is told by ours, and stays beside it",
    sent: [hello, ends('eos')],
    got: [
      hello,
      ends('stop', { choices: [{ native_finish_reason: 'eos', index: 0, delta: {}, finish_reason: 'stop' }] }),
    ],
  },
  {
    quirk: 'finish_foreign',
    title: 'empty text is no word',
    sent: [hello, ends('')],
    got: [hello, ends(null)],
  },
  {
    quirk: 'finish_lies',
    title: 'stop although a tool was called',
    sent: [calls(add), ends('stop')],
    got: [calls(add), ends('tool_calls')],
  },
  {
    quirk: 'finish_lies',
    title: 'stop on the very chunk that calls',
    sent: [delta({ tool_calls: [add] }, { finish_reason: 'stop' })],
    got: [delta({ tool_calls: [add] }, { finish_reason: 'tool_calls' })],
  },
  {
    quirk: 'finish_lies',
    title: 'tool calls although none were made',
    sent: [hello, ends('tool_calls')],
    got: [hello, ends('stop')],
  },
  {
    quirk: 'finish_repeated',
    title: 'the same word twice is said once',
    sent: [hello, ends('stop'), ends('stop', { usage })],
    got: [hello, ends('stop'), ends(null, { usage })],
  },
  {
    quirk: 'finish_missing',
    title: 'the terminal ends an answer',
    sent: [hello, { ...head, choices: [], usage }],
    got: [hello, ends('stop'), { ...head, choices: [], usage }],
  },
  {
    quirk: 'finish_missing',
    title: 'the terminal ends a turn of calls',
    sent: [calls(add), delta({ content: '' }, {}, { usage })],
    got: [calls(add), delta({ content: '' }, {}, { usage }), ends('tool_calls')],
  },
  {
    quirk: 'usage_repeated',
    title: 'a count that grows with every chunk is told at the end',
    sent: [
      { ...hello, usage: { ...usage, completion_tokens: 1 } },
      delta({ content: '!' }, {}, { usage: { ...usage, completion_tokens: 1 } }),
      ends('stop', { usage: { ...usage, cost: { total: 0.1 } } }),
    ],
    got: [hello, delta({ content: '!' }), ends('stop', { usage: { ...usage, cost: { total: 0.1 } } })],
  },
  {
    quirk: 'usage_repeated',
    title: 'a count on the last two chunks is told on the last',
    sent: [hello, ends('stop', { usage }), { ...head, choices: [], usage }],
    got: [hello, ends('stop'), { ...head, choices: [], usage }],
  },
  {
    quirk: 'usage_repeated',
    title: 'a count that no later chunk has gets a chunk of its own',
    sent: [{ ...hello, usage }, ends('stop')],
    got: [hello, ends('stop'), { ...head, choices: [], usage }],
  },
  {
    quirk: 'reasoning_excluded',
    title: 'what the total counts was generated',
    sent: [
      {
        ...head,
        choices: [],
        usage: { prompt_tokens: 493, completion_tokens: 35, total_tokens: 582, cost_in_usd_ticks: 9 },
      },
    ],
    got: [
      {
        ...head,
        choices: [],
        usage: { prompt_tokens: 493, completion_tokens: 89, total_tokens: 582, cost_in_usd_ticks: 9 },
      },
    ],
  },
  {
    quirk: 'cached_exceeds_prompt',
    title: 'no more is cached than was read',
    sent: [{ ...head, choices: [], usage: { ...usage, prompt_tokens_details: { cached_tokens: 9, audio_tokens: 0 } } }],
    got: [{ ...head, choices: [], usage: { ...usage, prompt_tokens_details: { cached_tokens: 5, audio_tokens: 0 } } }],
  },
]

function framesOf(records: readonly Json[]): Frame[] {
  return [...records.map((record) => ({ data: JSON.stringify(record) })), done]
}

function recordsIn(frames: readonly Frame[]): unknown[] {
  return frames.filter(({ data }) => data !== '[DONE]').map(({ data }) => JSON.parse(data) as unknown)
}

describe('a quirk in a stream', () => {
  it.each(examples.map((example) => [`${example.quirk}: ${example.title}`, example] as const))(
    '%s',
    (_, { quirk, sent, got }) => {
      const mended = normalise(framesOf(sent), [quirk])
      expect(recordsIn(mended.frames)).toEqual(got)
      expect(mended.frames.at(-1)).toEqual(done)
      for (const { data, value } of mended.frames) if (value !== undefined) expect(JSON.parse(data)).toEqual(value)
    },
  )

  it.each(examples.map((example) => [`${example.quirk}: ${example.title}`, example] as const))(
    '%s: stays with the quirk switched off',
    (_, { sent, got }) => {
      const plain = normalise(framesOf(sent), [])
      expect(plain.same).toBe(sent.length + 1)
      expect(recordsIn(plain.frames)).not.toEqual(got)
    },
  )

  it('has an example for every name', () => {
    expect(new Set(examples.map(({ quirk }) => quirk))).toEqual(new Set(quirkNames))
  })
})

describe('what is left alone', () => {
  it.each([
    ['a word that nobody knows: it may be a failure', [hello, ends('unheard_of')]],
    ['an answer cut off in a call', [hello, calls(called('add', '{"a')), ends('length')]],
    ['an answer withheld', [hello, calls(add), ends('content_filter')]],
    ['another finish reason after the first', [hello, ends('stop'), ends('length')]],
    ['usage that adds up', [hello, ends('stop'), { ...head, choices: [], usage }]],
  ])('%s', (_, sent) => {
    expect(
      normalise(
        framesOf(sent),
        quirkNames.filter((name) => name !== 'id_changes'),
      ).same,
    ).toBe(sent.length + 1)
  })
})

interface Answer {
  readonly quirk: QuirkName
  readonly sent: Json
  readonly got: Json
}

const answerHead = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-x' }

function answer(message: unknown, choice: Json = {}, members: Json = {}): Json {
  const told = message === undefined ? {} : { message }
  return { ...answerHead, choices: [{ index: 0, ...told, finish_reason: 'stop', ...choice }], ...members }
}

function said(members: Json, choice: Json = {}): Json {
  return answer({ role: 'assistant', ...members }, choice)
}

const entry = without(add, 'index')

const answers: readonly Answer[] = [
  {
    quirk: 'members_missing',
    sent: answer(undefined, { finish_reason: 'content_filter' }),
    got: answer({ content: null, role: 'assistant' }, { finish_reason: 'content_filter' }),
  },
  {
    quirk: 'head_unsound',
    sent: { ...said({ content: 'Hi' }), id: '', created: 0 },
    got: { ...said({ content: 'Hi' }), id: 'chatcmpl-req_1', created: 1700000000 },
  },
  {
    quirk: 'content_parts',
    sent: said({
      content: [
        { type: 'thinking', thinking: [{ type: 'text', text: 'Hm' }] },
        { type: 'text', text: 'Hi' },
      ],
    }),
    got: said({ content: 'Hi', reasoning_content: 'Hm' }),
  },
  {
    quirk: 'reasoning_spelling',
    sent: said({ content: 'Hi', reasoning: 'Hm' }),
    got: said({ content: 'Hi', reasoning: 'Hm', reasoning_content: 'Hm' }),
  },
  {
    quirk: 'placeholder_members',
    sent: said({ content: '', refusal: '', audio: { data: '' }, tool_calls: [{ ...entry, custom: { name: '' } }] }),
    got: said({ content: '', refusal: null, tool_calls: [entry] }),
  },
  {
    quirk: 'tool_id_missing',
    sent: said({ tool_calls: [{ ...entry, id: '' }] }),
    got: said({ tool_calls: [{ ...entry, id: 'call_chatcmpl-1_0' }] }),
  },
  {
    quirk: 'tool_type_missing',
    sent: said({ tool_calls: [without(entry, 'type')] }),
    got: said({ tool_calls: [entry] }),
  },
  {
    quirk: 'arguments_not_text',
    sent: said({ tool_calls: [called('a', { a: 1 }), called('b', null), called('c', '')] }),
    got: said({ tool_calls: [called('a', '{"a":1}'), called('b', '{}'), called('c', '{}')] }),
  },
  { quirk: 'finish_foreign', sent: said({ content: 'Hi' }, { finish_reason: '' }), got: said({ content: 'Hi' }) },
  {
    quirk: 'finish_lies',
    sent: said({ tool_calls: [entry] }),
    got: said({ tool_calls: [entry] }, { finish_reason: 'tool_calls' }),
  },
  {
    quirk: 'finish_missing',
    sent: said({ tool_calls: [entry] }, { finish_reason: null }),
    got: said({ tool_calls: [entry] }, { finish_reason: 'tool_calls' }),
  },
  {
    quirk: 'reasoning_excluded',
    sent: { ...said({}), usage: { prompt_tokens: 35, completion_tokens: 12, total_tokens: 109 } },
    got: { ...said({}), usage: { prompt_tokens: 35, completion_tokens: 74, total_tokens: 109 } },
  },
  {
    quirk: 'cached_exceeds_prompt',
    sent: { ...said({}), usage: { prompt_tokens: 347, prompt_tokens_details: { cached_tokens: 403 } } },
    got: { ...said({}), usage: { prompt_tokens: 347, prompt_tokens_details: { cached_tokens: 347 } } },
  },
]

describe('a quirk in a whole answer', () => {
  it.each(answers.map((row) => [row.quirk, row] as const))('%s', (_, { quirk, sent, got }) => {
    expect(normaliseResponse(sent, [quirk], exchangeWith())).toEqual(got)
    expect(normaliseResponse(sent, [], exchangeWith())).toBe('same')
  })

  it.each([
    ['an error that a 200 hides', { error: { message: 'no' }, choices: [] }],
    ['what is no answer', { detail: 'no' }],
    ['no object', []],
    ['an answer that lacks nothing', said({ content: 'Hi' })],
  ])('leaves %s alone', (_, body) => {
    expect(normaliseResponse(body, quirkNames, exchangeWith())).toBe('same')
  })
})
