// Counting tokens: the members of a request that count, and the record of the answer.
import { describe, expect, it } from 'vitest'
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts'
import { requireShared } from '../../support/shared.ts'
import { schemaErrors } from '../../support/openapi.ts'
import { bodyWith, decode, errorOf, foreignRequest, jsonOf, sent, valueOf, type Json } from './support.ts'

const counting = openaiResponses.tokenCounting

function counted(request: Parameters<NonNullable<typeof counting>['encodeRequest']>[0]): Json {
  return sent(valueOf(counting!.encodeRequest(request, { model: 'gpt-y' })))
}

describe('counting the tokens of a request', () => {
  it('sends what counts and nothing else', () => {
    const body = bodyWith({
      instructions: 'be brief',
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object' }, strict: false }],
      reasoning: { effort: 'low' },
      text: { format: { type: 'text' } },
      temperature: 0.5,
      max_output_tokens: 20,
      stream: true,
      store: false,
      metadata: { a: 'b' },
    })
    const { temperature: _t, max_output_tokens: _m, stream: _s, store: _st, metadata: _me, ...rest } = body
    expect(counted(decode(body))).toEqual({ ...rest, model: 'gpt-y' })
  })

  it('has a path of its own', () => {
    expect(valueOf(counting!.encodeRequest(foreignRequest(), { model: 'm' })).call.path).toBe('/responses/input_tokens')
  })

  it.runIf(requireShared('openai-responses count-tokens'))('satisfies the specification for a foreign request', () => {
    const request = foreignRequest({ sampling: { maxOutputTokens: 5, topK: 3 }, stream: true })
    expect(schemaErrors('openai', 'TokenCountsBody', counted(request))).toEqual([])
  })

  it('reads the count, and fails where there is none', () => {
    expect(valueOf(counting!.decodeResponse({ object: 'response.input_tokens', input_tokens: 11 }))).toBe(11)
    expect(errorOf(counting!.decodeResponse({ object: 'response' })).code).toBe('upstream_bad_content')
    expect(errorOf(counting!.decodeResponse(undefined)).code).toBe('upstream_bad_content')
  })

  it('writes the record of the wire', () => {
    expect(jsonOf(counting!.encodeResponse(7))).toEqual({ object: 'response.input_tokens', input_tokens: 7 })
  })
})
