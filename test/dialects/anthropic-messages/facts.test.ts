// What the gateway checks and counts before anything else happens.
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import { bodyWith, errorOf, valueOf, wireRequest, type Json } from './support.ts'

function factsOf(body: unknown, headers: Record<string, string> = {}) {
  return anthropicMessages.facts(wireRequest(body, headers))
}

describe('a request is refused', () => {
  const { model: _model, ...withoutModel } = bodyWith()
  const { messages: _messages, ...withoutMessages } = bodyWith()
  const cases: readonly (readonly [why: string, body: unknown, code: string, param: string])[] = [
    ['without a model', withoutModel, 'missing_required_parameter', 'model'],
    ['with a model that is null', bodyWith({ model: null }), 'invalid_model', 'model'],
    ['with a model that is an object', bodyWith({ model: { id: 'x' } }), 'invalid_model', 'model'],
    ['with an empty model', bodyWith({ model: '' }), 'invalid_model', 'model'],
    ['with a blank model', bodyWith({ model: '  ' }), 'invalid_model', 'model'],
    ['with a model of 513 characters', bodyWith({ model: 'm'.repeat(513) }), 'invalid_model', 'model'],
    ['with a control character in the model', bodyWith({ model: 'a\nb' }), 'invalid_model', 'model'],
    ['with stream: 1', bodyWith({ stream: 1 }), 'invalid_value', 'stream'],
    ['without messages', withoutMessages, 'invalid_messages', 'messages'],
    ['with messages that are null', bodyWith({ messages: null }), 'invalid_messages', 'messages'],
    ['with no message', bodyWith({ messages: [] }), 'invalid_messages', 'messages'],
    ['with a message that is text', bodyWith({ messages: ['hi'] }), 'invalid_messages', 'messages[0]'],
    [
      'with a role that is no text',
      bodyWith({ messages: [{ role: 'user', content: 'a' }, { role: 1 }] }),
      'invalid_messages',
      'messages[1]',
    ],
    ['with tools that are no list', bodyWith({ tools: {} }), 'invalid_value', 'tools'],
    ['with max_tokens: 0', bodyWith({ max_tokens: 0 }), 'invalid_value', 'max_tokens'],
    ['with negative max_tokens', bodyWith({ max_tokens: -1 }), 'invalid_value', 'max_tokens'],
    ['with fractional max_tokens', bodyWith({ max_tokens: 1.5 }), 'invalid_value', 'max_tokens'],
    ['with max_tokens as text', bodyWith({ max_tokens: '16' }), 'invalid_value', 'max_tokens'],
    ['with max_tokens beyond every number', bodyWith({ max_tokens: 1e300 }), 'invalid_value', 'max_tokens'],
  ]
  it.each(cases)('%s', (_why, body, code, param) => {
    const error = errorOf(factsOf(body))
    expect({ code: error.code, status: error.status, param: error.param }).toEqual({ code, status: 400, param })
  })

  it('with a version that is no date', () => {
    expect(errorOf(factsOf(bodyWith(), { 'anthropic-version': 'not-a-date' })).code).toBe('invalid_header')
  })
})

describe('a request is let through', () => {
  const { max_tokens: _maxTokens, ...withoutLimit } = bodyWith()
  const cases: readonly (readonly [why: string, body: unknown])[] = [
    ['without max_tokens, which the provider judges', withoutLimit],
    ['with stream: null', bodyWith({ stream: null })],
    ['with a model of 512 characters', bodyWith({ model: 'm'.repeat(512) })],
    ['with a role nobody knows', bodyWith({ messages: [{ role: 'root', content: 'x' }] })],
    ['with fields nobody knows', bodyWith({ future: { a: 1 } })],
  ]
  it.each(cases)('%s', (_why, body) => {
    expect(factsOf(body).ok).toBe(true)
  })

  it.each(['2023-06-01', '2026-10-21'])('with the version %s', (version) => {
    expect(factsOf(bodyWith(), { 'anthropic-version': version }).ok).toBe(true)
  })
})

describe('the facts', () => {
  it('of the smallest request say that nothing special is needed', () => {
    expect(valueOf(factsOf(bodyWith()))).toEqual({
      dialect: 'anthropic-messages',
      task: 'generate',
      model: 'claude',
      stream: false,
      wantsUsage: true,
      needsTools: false,
      needsImages: false,
      needsAudio: false,
      needsFiles: false,
      needsSchema: false,
      needsReasoning: false,
      choices: 1,
      maxOutputTokens: 100,
      approxInputTokens: Math.ceil(JSON.stringify(bodyWith()['messages']).length / 4),
    })
  })

  const image = { type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } }
  const pdf = { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AAAA' } }
  const user = (...content: unknown[]): Json => ({ messages: [{ role: 'user', content }] })
  const cases: readonly (readonly [need: string, members: Json])[] = [
    ['needsTools', { tools: [{ name: 'f', input_schema: { type: 'object' } }] }],
    ['needsTools', user({ type: 'tool_result', tool_use_id: 'a', content: 'b' })],
    ['needsImages', user(image)],
    ['needsImages', user({ type: 'tool_result', tool_use_id: 'a', content: [image] })],
    ['needsImages', user({ type: 'document', source: { type: 'content', content: [image] } })],
    ['needsFiles', user(pdf)],
    ['needsFiles', user({ type: 'container_upload', file_id: 'f' })],
    ['needsSchema', { output_config: { format: { type: 'json_schema', schema: {} } } }],
    ['needsSchema', { output_format: { type: 'json_schema', schema: {} } }],
    ['needsReasoning', { thinking: { type: 'enabled', budget_tokens: 2000 } }],
    ['needsReasoning', { thinking: { type: 'adaptive' } }],
  ]
  it.each(cases)('say %s for %j', (need, members) => {
    expect(valueOf(factsOf(bodyWith(members)))).toMatchObject({ [need]: true })
  })

  it.each([{ thinking: { type: 'disabled' } }, { output_config: { effort: 'low' } }, { tools: [] }])(
    'say nothing is needed for %j',
    (members) => {
      expect(valueOf(factsOf(bodyWith(members)))).toMatchObject({
        needsTools: false,
        needsSchema: false,
        needsReasoning: false,
      })
    },
  )

  it('count no base64, wherever it stands', () => {
    const bare = valueOf(factsOf(bodyWith(user(pdf)))).approxInputTokens
    const data = 'A'.repeat(400_004)
    const source = { type: 'base64', media_type: 'image/png', data }
    const heavy = user({ ...pdf, source: { ...pdf.source, data } })
    expect(valueOf(factsOf(bodyWith(heavy))).approxInputTokens).toBe(bare)
    const nested = user({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'image', source }] })
    expect(valueOf(factsOf(bodyWith(nested))).approxInputTokens).toBeLessThan(100)
  })

  it('count text beyond ASCII at more than a quarter token', () => {
    const ascii = valueOf(factsOf(bodyWith({ system: 'a'.repeat(1400) }))).approxInputTokens
    const kanji = valueOf(factsOf(bodyWith({ system: '漢'.repeat(1400) }))).approxInputTokens
    expect(kanji - ascii).toBe(1000 - 350)
  })
})

describe('the session', () => {
  const uuid = '0b0e8a3c-4b7e-4a40-9f0e-1c9c34c0a8c5'
  const sessions: readonly (readonly [
    where: string,
    body: Json,
    headers: Record<string, string>,
    key: string | undefined,
  ])[] = [
    ['x-signalbox-session-id', {}, { 'x-signalbox-session-id': 'a', 'x-session-id': 'b' }, 'a'],
    ['x-session-id', {}, { 'x-session-id': 'b', session_id: 'c' }, 'b'],
    ['x-session-affinity', {}, { 'x-session-affinity': 'd' }, 'd'],
    ['session_id', {}, { session_id: 'c' }, 'c'],
    ['x-claude-code-session-id', {}, { 'x-claude-code-session-id': 'e' }, 'e'],
    ['the user id as JSON', { metadata: { user_id: JSON.stringify({ device_id: 'd', session_id: uuid }) } }, {}, uuid],
    ['the user id as text', { metadata: { user_id: `user_ab_account__session_${uuid}` } }, {}, uuid],
    ['a user id without a session', { metadata: { user_id: 'alice' } }, {}, undefined],
    ['a user id that only begins like JSON', { metadata: { user_id: '{alice' } }, {}, undefined],
    ['an empty header', {}, { 'x-session-id': ' ' }, undefined],
    ['nothing', {}, {}, undefined],
  ]
  it.each(sessions)('comes from %s', (_where, members, headers, key) => {
    expect(valueOf(factsOf(bodyWith(members), headers)).sessionKey).toBe(key)
  })
})
