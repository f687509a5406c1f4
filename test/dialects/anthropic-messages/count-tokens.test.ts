// Counting tokens: the same body as a request for an answer, without what only an answer needs.
import { readFileSync } from 'node:fs'
import { Validator } from '@cfworker/json-schema'
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import type { TokenCounting, WireRequest } from '../../../src/dialects/dialect.ts'
import type { IrRequest } from '../../../src/ir/request.ts'
import { hasShared, sharedPath } from '../../support/shared.ts'
import { bodyWith, errorOf, jsonOf, valueOf, wireRequest, type Json } from './support.ts'

const counting = anthropicMessages.tokenCounting as TokenCounting

/** A body of a counting request, which has no limit. */
function countBody(members: Json = {}): Json {
  const { max_tokens: _limit, ...body } = bodyWith(members)
  return body
}

function countRequest(body: unknown, headers: Record<string, string> = {}): WireRequest {
  return { ...wireRequest(body, headers), task: 'count-tokens', path: '/v1/messages/count_tokens' }
}

const decode = (members: Json): IrRequest => valueOf(anthropicMessages.decodeRequest(countRequest(countBody(members))))

function expectValid(body: Json): void {
  if (!hasShared) return
  const spec = JSON.parse(readFileSync(sharedPath('wire-specs', 'anthropic.openapi.json'), 'utf8')) as Json
  const result = new Validator({ ...spec, $ref: '#/components/schemas/CountMessageTokensParams' }, '2020-12').validate(
    body,
  )
  expect(result.errors).toEqual([])
}

const foreign: IrRequest = {
  source: 'openai-responses',
  model: 'gpt',
  instructions: [{ type: 'text', text: 'Be brief.' }],
  turns: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }],
  tools: [{ type: 'function', name: 'f', schema: { type: 'object', properties: {} } }],
  toolChoice: { mode: 'required' },
  sampling: { temperature: 0.5, stop: ['x'] },
  user: 'u',
  stream: true,
}

describe('the paths', () => {
  it('are two, beside those for answers', () => {
    const paths = anthropicMessages.endpoints.filter(({ task }) => task === 'count-tokens').map(({ path }) => path)
    expect(paths).toEqual(['/v1/messages/count_tokens', '/anthropic/v1/messages/count_tokens'])
  })

  it('lead to the one of the provider, with the same bytes and headers', () => {
    const text = '{ "model":"claude","messages":[{"role":"user","content":"h\\u00e9"}] }'
    const request = countRequest(text, { 'anthropic-beta': 'a-2026-01-01' })
    const call = anthropicMessages.retarget(request, { model: 'claude' }, [])
    expect(call.path).toBe('/v1/messages/count_tokens')
    expect(call.body).toBe(request.body.bytes)
    expect(call.headers).toMatchObject({ 'anthropic-beta': 'a-2026-01-01', 'anthropic-version': '2023-06-01' })
  })
})

describe('a counting request', () => {
  it('needs no limit, neither for its facts nor to be decoded', () => {
    expect(valueOf(anthropicMessages.facts(countRequest(countBody())))).toMatchObject({
      task: 'count-tokens',
      model: 'claude',
    })
    expect(decode({})).toMatchObject({ sampling: {}, turns: [{ role: 'user', parts: [{ type: 'text', text: 'hi' }] }] })
    expect(decode({}).sampling).not.toHaveProperty('maxOutputTokens')
  })

  it('is still one for an answer elsewhere, where a limit is required', () => {
    expect(errorOf(anthropicMessages.decodeRequest(wireRequest(countBody())))).toMatchObject({
      code: 'missing_required_parameter',
      param: 'max_tokens',
    })
  })

  it('fails as any request where its messages are none', () => {
    const outcome = anthropicMessages.decodeRequest(countRequest(countBody({ messages: [{ role: 'user' }] })))
    expect(errorOf(outcome)).toMatchObject({ code: 'invalid_messages' })
  })

  it.each<[string, Json]>([
    ['alone', {}],
    [
      'with all that counts',
      {
        system: [{ type: 'text', text: 's' }],
        tools: [{ name: 'f', input_schema: { type: 'object' } }],
        tool_choice: { type: 'auto' },
        thinking: { type: 'enabled', budget_tokens: 2000 },
      },
    ],
  ])('comes back as it was: %s', (_name, members) => {
    const { call, losses } = valueOf(counting.encodeRequest(decode(members), { model: 'claude' }))
    const messages = [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }]
    expect(jsonOf(call.body)).toEqual({ ...countBody(members), messages })
    expect(call.path).toBe('/v1/messages/count_tokens')
    expect(losses).toEqual([])
    expectValid(jsonOf(call.body))
  })

  it('leaves out what the path does not take', () => {
    const request = decode({
      max_tokens: 5,
      stream: true,
      temperature: 1,
      metadata: { user_id: 'u' },
      stop_sequences: ['x'],
    })
    const { call } = valueOf(counting.encodeRequest(request, { model: 'claude' }))
    expect(Object.keys(jsonOf(call.body)).sort()).toEqual(['messages', 'model'])
  })

  it('of another wire is counted with its instructions and tools', () => {
    const { call } = valueOf(counting.encodeRequest(foreign, { model: 'claude' }))
    const body = jsonOf(call.body)
    expectValid(body)
    expect(Object.keys(body).sort()).toEqual(['messages', 'model', 'system', 'tool_choice', 'tools'])
  })

  it('is refused where the request for an answer would be', () => {
    const audio: IrRequest = {
      ...foreign,
      turns: [{ role: 'user', parts: [{ type: 'audio', format: 'wav', data: '' }] }],
    }
    expect(errorOf(counting.encodeRequest(audio, { model: 'claude' })).code).toBe('unsupported_content')
  })
})

describe('a count', () => {
  it('is read and written', () => {
    expect(valueOf(counting.decodeResponse({ input_tokens: 14, context_management: null }))).toBe(14)
    expect(jsonOf(counting.encodeResponse(14))).toEqual({ input_tokens: 14 })
  })

  it('passes by without usage, as counting costs nothing', () => {
    expect(valueOf(anthropicMessages.inspectResponse({ input_tokens: 14 }))).toEqual({ complete: true })
  })

  it.each<[string, unknown, string]>([
    ['no number', { input_tokens: '14' }, 'upstream_bad_content'],
    ['nothing', undefined, 'upstream_bad_content'],
    ['an error in a 200', { type: 'error', error: { type: 'overloaded_error', message: 'x' } }, 'upstream_overloaded'],
  ])('is a failure with %s', (_name, body, code) => {
    expect(errorOf(counting.decodeResponse(body)).code).toBe(code)
  })
})
