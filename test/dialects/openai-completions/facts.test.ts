// The checks the gateway makes itself, and what policy gets to know.
import { describe, expect, it } from 'vitest'
import { openaiCompletions } from '../../../src/dialects/openai-completions/index.ts'
import { bodyWith, errorOf, valueOf, wireRequest, type Json } from './support.ts'

const facts = (body: unknown, headers: Record<string, string> = {}) =>
  openaiCompletions.facts(wireRequest(body, headers))

describe('a request is refused where', () => {
  it.each<[string, Json, string, string]>([
    ['the model is missing', { prompt: 'hi' }, 'missing_required_parameter', 'model'],
    ['the model is a number', bodyWith({ model: 1 }), 'invalid_model', 'model'],
    ['the prompt is an object', bodyWith({ prompt: {} }), 'invalid_value', 'prompt'],
    ['the prompt is a number', bodyWith({ prompt: 7 }), 'invalid_value', 'prompt'],
    ['stream is text', bodyWith({ stream: 'true' }), 'invalid_value', 'stream'],
    ['max_tokens is negative', bodyWith({ max_tokens: -1 }), 'invalid_value', 'max_tokens'],
    ['max_tokens is a fraction', bodyWith({ max_tokens: 1.5 }), 'invalid_value', 'max_tokens'],
    ['n is zero', bodyWith({ n: 0 }), 'invalid_value', 'n'],
  ])('%s', (_name, body, code, param) => {
    expect(errorOf(facts(body))).toMatchObject({ code, param, status: 400 })
  })
})

describe('a request is accepted where', () => {
  it.each<[string, Json]>([
    ['there is no prompt', { model: 'm' }],
    ['the prompt is null', bodyWith({ prompt: null })],
    ['the prompt is in tokens', bodyWith({ prompt: [1, 2] })],
    ['nothing is to be written, only scored', bodyWith({ max_tokens: 0, echo: true, logprobs: 1 })],
    ['a member has a value that only the provider may judge', bodyWith({ temperature: 'hot' })],
  ])('%s', (_name, body) => {
    expect(facts(body).ok).toBe(true)
  })
})

describe('the facts of a request', () => {
  it('ask for nothing but text', () => {
    expect(valueOf(facts(bodyWith()))).toMatchObject({
      dialect: 'openai-completions',
      task: 'generate',
      model: 'm',
      stream: false,
      wantsUsage: false,
      needsTools: false,
      needsImages: false,
      needsSchema: false,
      choices: 1,
    })
  })

  it.each<[string, Json, Json]>([
    [
      'a stream with usage',
      { stream: true, stream_options: { include_usage: true } },
      { stream: true, wantsUsage: true },
    ],
    ['a limit', { max_tokens: 5 }, { maxOutputTokens: 5 }],
    ['an answer for each of several prompts', { prompt: ['a', 'b', 'c'] }, { choices: 3 }],
    ['n answers for each of several prompts', { prompt: [[1], [2]], n: 2 }, { choices: 4 }],
    ['one prompt in tokens', { prompt: [1, 2, 3] }, { choices: 1 }],
    ['no answer less for an empty list', { prompt: [] }, { choices: 1 }],
  ])('say %s', (_name, members, expected) => {
    expect(valueOf(facts(bodyWith(members)))).toMatchObject(expected)
  })

  it('take the session from a header', () => {
    expect(valueOf(facts(bodyWith(), { 'x-session-id': 's' })).sessionKey).toBe('s')
  })

  it('count four ASCII characters of prompt and suffix to a token, and no parameters', () => {
    const plain = valueOf(facts(bodyWith())).approxInputTokens
    expect(valueOf(facts(bodyWith({ prompt: 'a'.repeat(4000) }))).approxInputTokens).toBeCloseTo(1000, -2)
    expect(valueOf(facts(bodyWith({ suffix: 'a'.repeat(400) }))).approxInputTokens - plain).toBeGreaterThan(90)
    expect(valueOf(facts(bodyWith({ user: 'a'.repeat(400) }))).approxInputTokens).toBe(plain)
  })
})
