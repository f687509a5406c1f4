// The checks the gateway makes itself, and what policy gets to know.
import { describe, expect, it } from 'vitest'
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts'
import { bodyWith, errorOf, valueOf, wireRequest, type Json } from './support.ts'

const facts = (body: unknown, headers: Record<string, string> = {}) => openaiChat.facts(wireRequest(body, headers))
const user = (content: unknown): Json => ({ messages: [{ role: 'user', content }] })

describe('a request is refused where', () => {
  it.each<[string, Json, string, string]>([
    ['the model is missing', { messages: [{ role: 'user', content: 'x' }] }, 'missing_required_parameter', 'model'],
    ['the model is null', bodyWith({ model: null }), 'invalid_model', 'model'],
    ['the model is an object', bodyWith({ model: { id: 'm' } }), 'invalid_model', 'model'],
    ['the model is empty', bodyWith({ model: '' }), 'invalid_model', 'model'],
    ['the model is blank', bodyWith({ model: '   ' }), 'invalid_model', 'model'],
    ['the model has a control character', bodyWith({ model: 'm\u0000/x' }), 'invalid_model', 'model'],
    ['the model has a C1 control character', bodyWith({ model: 'm\u0085' }), 'invalid_model', 'model'],
    ['the model is too long', bodyWith({ model: 'm'.repeat(513) }), 'invalid_model', 'model'],
    ['the messages are missing', { model: 'm' }, 'invalid_messages', 'messages'],
    ['the messages are null', bodyWith({ messages: null }), 'invalid_messages', 'messages'],
    ['the messages are an object', bodyWith({ messages: {} }), 'invalid_messages', 'messages'],
    ['there is no message', bodyWith({ messages: [] }), 'invalid_messages', 'messages'],
    ['a message is text', bodyWith({ messages: ['hi'] }), 'invalid_messages', 'messages'],
    ['a message has no role', bodyWith({ messages: [{ content: 'hi' }] }), 'invalid_messages', 'messages'],
    ['a role is a number', bodyWith({ messages: [{ role: 1, content: 'hi' }] }), 'invalid_messages', 'messages'],
    ['a user says nothing', bodyWith({ messages: [{ role: 'user' }] }), 'invalid_messages', 'messages'],
    [
      'a tool answers no call',
      bodyWith({ messages: [{ role: 'tool', content: 'x' }] }),
      'invalid_messages',
      'messages',
    ],
    ['stream is a number', bodyWith({ stream: 1 }), 'invalid_value', 'stream'],
    ['stream is text', bodyWith({ stream: 'true' }), 'invalid_value', 'stream'],
    ['tools are an object', bodyWith({ tools: {} }), 'invalid_value', 'tools'],
    ['max_tokens is zero', bodyWith({ max_tokens: 0 }), 'invalid_value', 'max_tokens'],
    ['max_tokens is negative', bodyWith({ max_tokens: -1 }), 'invalid_value', 'max_tokens'],
    ['max_tokens is text', bodyWith({ max_tokens: '16' }), 'invalid_value', 'max_tokens'],
    ['max_tokens is a fraction', bodyWith({ max_tokens: 1.5 }), 'invalid_value', 'max_tokens'],
    [
      'max_completion_tokens is unsafe',
      bodyWith({ max_completion_tokens: 2 ** 53 }),
      'invalid_value',
      'max_completion_tokens',
    ],
    ['n is zero', bodyWith({ n: 0 }), 'invalid_value', 'n'],
  ])('%s', (_name, body, code, param) => {
    expect(errorOf(facts(body))).toMatchObject({ code, param, status: 400 })
  })

  it('a number is infinite', () => {
    const text = '{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":1e400}'
    expect(errorOf(facts(text))).toMatchObject({ code: 'invalid_value', param: 'max_tokens' })
  })
})

describe('a request is accepted where', () => {
  it.each<[string, Json]>([
    ['stream is null', { stream: null }],
    ['limits are null', { max_tokens: null, max_completion_tokens: null, n: null }],
    ['tools are null', { tools: null }],
    ['the model name is as long as it may be', { model: 'm'.repeat(512) }],
    [
      'a parameter has a value that only the provider may judge',
      { temperature: 'hot', response_format: 'json', user: {} },
    ],
    ['an assistant says nothing beside calls', { messages: [{ role: 'assistant', tool_calls: [] }] }],
    ['a role is unknown', { messages: [{ role: 'root', content: 'x' }] }],
    ['a tool answers a call without id', { messages: [{ role: 'tool', tool_call_id: '', content: 'x' }] }],
  ])('%s', (_name, members) => {
    expect(facts(bodyWith(members)).ok).toBe(true)
  })
})

describe('the facts of a request', () => {
  it('are plain where nothing is asked for', () => {
    expect(valueOf(facts(bodyWith()))).toEqual({
      dialect: 'openai-chat',
      task: 'generate',
      model: 'm',
      stream: false,
      wantsUsage: false,
      needsTools: false,
      needsImages: false,
      needsAudio: false,
      needsFiles: false,
      needsSchema: false,
      needsReasoning: false,
      choices: 1,
      approxInputTokens: expect.any(Number),
    })
  })

  it.each<[string, Json, Json]>([
    ['a stream', { stream: true }, { stream: true, wantsUsage: false }],
    ['usage in a stream', { stream: true, stream_options: { include_usage: true } }, { wantsUsage: true }],
    [
      'no usage where it is declined',
      { stream: true, stream_options: { include_usage: false } },
      { wantsUsage: false },
    ],
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }, { needsTools: true }],
    ['no tools in an empty list', { tools: [] }, { needsTools: false }],
    ['functions from before', { functions: [{ name: 'f' }] }, { needsTools: true }],
    ['an image', user([{ type: 'image_url', image_url: { url: 'https://x/y.png' } }]), { needsImages: true }],
    ['sound', user([{ type: 'input_audio', input_audio: { data: 'AA', format: 'wav' } }]), { needsAudio: true }],
    ['spoken output', { modalities: ['text', 'audio'] }, { needsAudio: true }],
    ['a file', user([{ type: 'file', file: { file_id: 'f' } }]), { needsFiles: true }],
    ['a schema', { response_format: { type: 'json_schema', json_schema: { name: 's' } } }, { needsSchema: true }],
    ['no schema in JSON mode', { response_format: { type: 'json_object' } }, { needsSchema: false }],
    ['reasoning', { reasoning_effort: 'low' }, { needsReasoning: true }],
    ['no reasoning where it is declined', { reasoning_effort: 'none' }, { needsReasoning: false }],
    ['several answers', { n: 3 }, { choices: 3 }],
    ['the newer limit before the older', { max_tokens: 5, max_completion_tokens: 7 }, { maxOutputTokens: 7 }],
    ['the older limit', { max_tokens: 5 }, { maxOutputTokens: 5 }],
  ])('say %s', (_name, members, expected) => {
    expect(valueOf(facts(bodyWith(members)))).toMatchObject(expected)
  })

  it.each<[string, Record<string, string>, Json, string]>([
    ['our header', { 'x-signalbox-session-id': 'a', 'x-session-id': 'b' }, {}, 'a'],
    ['x-session-id', { 'x-session-id': 'b' }, {}, 'b'],
    ['x-session-affinity', { 'x-session-affinity': 'c' }, {}, 'c'],
    ['session-id', { 'session-id': 'd' }, {}, 'd'],
    ['session_id', { session_id: 'e' }, {}, 'e'],
    ['a header before the body', { session_id: 'e' }, { prompt_cache_key: 'f' }, 'e'],
    ['prompt_cache_key', {}, { prompt_cache_key: 'f' }, 'f'],
    ['metadata', {}, { metadata: { session_id: 'g' } }, 'g'],
  ])('take the session from %s', (_name, headers, members, expected) => {
    expect(valueOf(facts(bodyWith(members), headers)).sessionKey).toBe(expected)
  })

  it.each<[string, Json]>([
    ['empty', { prompt_cache_key: '' }],
    ['a number', { metadata: { session_id: 7 } }],
  ])('have no session where it is %s', (_name, members) => {
    expect(valueOf(facts(bodyWith(members)))).not.toHaveProperty('sessionKey')
  })
})

describe('the estimate of input tokens', () => {
  const estimate = (body: unknown) => valueOf(facts(body)).approxInputTokens

  it('counts four ASCII characters to a token', () => {
    expect(estimate(bodyWith(user('a'.repeat(4000))))).toBeCloseTo(1000, -2)
  })

  it('counts 1.4 other characters to a token', () => {
    expect(estimate(bodyWith(user('語'.repeat(1400))))).toBeCloseTo(1000, -2)
  })

  it('counts tools and not parameters', () => {
    const tool = { type: 'function', function: { name: 'f', description: 'd'.repeat(400) } }
    expect(estimate(bodyWith({ tools: [tool] })) - estimate(bodyWith())).toBeGreaterThan(100)
    expect(estimate(bodyWith({ metadata: { note: 'd'.repeat(400) } }))).toBe(estimate(bodyWith()))
  })

  it.each<[string, Json]>([
    ['an image', { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(100_000)}` } }],
    ['sound', { type: 'input_audio', input_audio: { data: 'A'.repeat(100_000), format: 'wav' } }],
    ['a file', { type: 'file', file: { file_data: `data:application/pdf;base64,${'A'.repeat(100_000)}` } }],
  ])('leaves the bytes of %s out', (_name, part) => {
    expect(estimate(bodyWith(user([part])))).toBeLessThan(100)
  })
})
