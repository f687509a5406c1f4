// Whole answers, both ways.
import { describe, expect, it } from 'vitest'
import { openaiCompletions } from '../../../src/dialects/openai-completions/index.ts'
import type { ContentPart } from '../../../src/ir/content.ts'
import type { Finish, IrResponse } from '../../../src/ir/response.ts'
import { errorOf, exchangeWith, jsonOf, lossLines, valueOf, type Json } from './support.ts'

const answer = (members: Json = {}, choice: Json = {}): Json => ({
  id: 'cmpl-1',
  object: 'text_completion',
  created: 1_700_000_001,
  model: 'gpt-x',
  choices: [{ text: 'upon a time', index: 0, logprobs: null, finish_reason: 'stop', ...choice }],
  usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
  ...members,
})

const decode = (body: unknown): IrResponse => valueOf(openaiCompletions.decodeResponse(body))

describe('an answer of this wire', () => {
  it('is its text, its end and its usage', () => {
    expect(decode(answer())).toMatchObject({
      source: 'openai-completions',
      id: 'cmpl-1',
      model: 'gpt-x',
      created: 1_700_000_001,
      outputs: [{ index: 0, parts: [{ type: 'text', text: 'upon a time' }], finish: { class: 'stop', raw: 'stop' } }],
      usage: { input: 3, output: 4, evidence: 'reported' },
    })
  })

  it.each<[string, unknown, Finish]>([
    ['length', 'length', { class: 'length', raw: 'length' }],
    ['content_filter', 'content_filter', { class: 'filter', raw: 'content_filter' }],
    ['the word of a local server', 'eos', { class: 'stop', raw: 'eos' }],
    ['a word about tools', 'tool_calls', { class: 'stop', raw: 'tool_calls' }],
    ['an unknown word', 'abort', { class: 'other', raw: 'abort' }],
    ['nothing', null, { class: 'stop' }],
  ])('ends by %s', (_name, word, finish) => {
    expect(decode(answer({}, { finish_reason: word })).outputs[0]?.finish).toEqual(finish)
  })

  it.each<[string, Json]>([
    ['alone', answer()],
    ['with log probabilities', answer({}, { logprobs: { tokens: ['a'], token_logprobs: [-1], text_offset: [0] } })],
    ['with a fingerprint', answer({ system_fingerprint: 'fp' })],
    ["with vLLM's stop_reason", answer({}, { stop_reason: 'x' })],
    [
      'with several choices',
      answer({ choices: [0, 1].map((index) => ({ ...choiceOf(answer()), index, text: `${index}` })) }),
    ],
    ['without text', answer({}, { text: '', finish_reason: 'length' })],
    ['with more counters', answer({ usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7, x: { y: 1 } } })],
  ])('comes back as it was: %s', (_name, body) => {
    const encoded = openaiCompletions.encodeResponse(decode(body), exchangeWith({}, 'openai-completions'))
    expect(jsonOf(encoded.body)).toEqual(body)
    expect(encoded.losses).toEqual([])
  })

  it.each<[string, unknown, string]>([
    ['no choices', answer({ choices: [] }), 'upstream_empty'],
    ['choices that say nothing', answer({ choices: [{ index: 0 }] }), 'upstream_empty'],
    ['no object', [], 'upstream_empty'],
    ['an error in a 200', { error: { message: 'x', code: 429 } }, 'upstream_rate_limited'],
  ])('is a failure with %s', (_name, body, code) => {
    expect(errorOf(openaiCompletions.decodeResponse(body)).code).toBe(code)
    expect(errorOf(openaiCompletions.inspectResponse(body)).code).toBe(code)
  })

  it('says in passing what the gateway has to know', () => {
    expect(valueOf(openaiCompletions.inspectResponse(answer()))).toMatchObject({
      complete: true,
      id: 'cmpl-1',
      model: 'gpt-x',
      finish: { class: 'stop' },
      usage: { input: 3, output: 4 },
    })
  })
})

function choiceOf(body: Json): Json {
  return (body['choices'] as Json[])[0] ?? {}
}

describe('a foreign answer', () => {
  function encode(parts: readonly ContentPart[], finish: Finish, members: Partial<IrResponse> = {}) {
    const response: IrResponse = { source: 'anthropic-messages', outputs: [{ index: 0, parts, finish }], ...members }
    const { body, losses } = openaiCompletions.encodeResponse(response, exchangeWith())
    const value = jsonOf(body)
    return { body: value, choice: choiceOf(value), losses: lossLines(losses) }
  }

  it('is all of its text in one', () => {
    const parts: ContentPart[] = [
      { type: 'text', text: 'a' },
      { type: 'text', text: 'b' },
    ]
    const { body, losses } = encode(
      parts,
      { class: 'length', raw: 'max_tokens' },
      { usage: { input: 5, cacheRead: 2, output: 3, evidence: 'reported' } },
    )
    expect(body).toEqual({
      id: 'cmpl-req_1',
      object: 'text_completion',
      created: 1_700_000_000,
      model: 'target-model',
      choices: [{ index: 0, text: 'ab', logprobs: null, finish_reason: 'length' }],
      usage: {
        prompt_tokens: 7,
        completion_tokens: 3,
        total_tokens: 10,
        prompt_tokens_details: { cached_tokens: 2 },
      },
    })
    expect(losses).toEqual([])
  })

  it.each<[string, ContentPart[], Finish, string, string[]]>([
    ['reasoning', [{ type: 'reasoning', text: 'x' }], { class: 'stop' }, 'stop', ['reasoning dropped']],
    [
      'a tool call',
      [{ type: 'tool-call', id: 'a', name: 'f', input: '{}' }],
      { class: 'tool', raw: 'tool_use' },
      'stop',
      ['tool-call dropped', 'stop_reason approximated'],
    ],
    [
      'content of another wire',
      [{ type: 'opaque', kind: 'web', value: {} }],
      { class: 'stop' },
      'stop',
      ['web dropped'],
    ],
    ['a refusal', [{ type: 'refusal', text: 'no' }], { class: 'filter' }, 'content_filter', ['refusal approximated']],
    [
      'a refusal that its own wire ends with a stop',
      [{ type: 'refusal', text: 'no' }],
      { class: 'filter', raw: 'stop' },
      'content_filter',
      ['refusal approximated'],
    ],
    [
      'citations',
      [{ type: 'text', text: 'a', citations: [{ value: {} }] }],
      { class: 'stop' },
      'stop',
      ['citations dropped'],
    ],
    ['a pause', [{ type: 'text', text: 'a' }], { class: 'pause' }, 'stop', ['stop_reason approximated']],
    [
      'the stop sequence that was met',
      [{ type: 'text', text: 'a' }],
      { class: 'stop', stopSequence: 'x' },
      'stop',
      ['stop_sequence dropped'],
    ],
  ])('reports what is no text: %s', (_name, parts, finish, word, expected) => {
    const { choice, losses } = encode(parts, finish)
    expect(choice['finish_reason']).toBe(word)
    expect([...losses].sort()).toEqual([...expected].sort())
  })

  it('shows the words of a refusal', () => {
    expect(encode([{ type: 'refusal', text: 'no' }], { class: 'filter' }).choice['text']).toBe('no')
  })
})

describe('an error for a client', () => {
  it('is the record of all OpenAI wires', () => {
    const error = openaiCompletions.decodeError(429, new Headers({ 'retry-after': '3' }), { error: { message: 'x' } })
    const written = openaiCompletions.encodeError(error, 'req_1')
    expect(written).toMatchObject({ status: 429, headers: { 'retry-after': '3' } })
    expect(jsonOf(written.body)).toMatchObject({ error: { type: 'rate_limit_error' } })
  })
})
