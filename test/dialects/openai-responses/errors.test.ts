// Errors of this wire beside those that all of OpenAI's wires share.
import { describe, expect, it } from 'vitest'
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts'
import { errorCodes, GatewayError, type ErrorCode } from '../../../src/ir/error.ts'
import { expectLegal } from '../../support/stream-grammar.ts'
import { dataOf, jsonOf, type Json } from './support.ts'

describe('a provider’s error', () => {
  it.each<[number, Json, ErrorCode]>([
    [401, { error: { message: 'm', type: 'invalid_request_error', code: 'invalid_api_key' } }, 'upstream_auth'],
    [
      404,
      { error: { message: "Item with id 'rs_1' not found.", type: 'invalid_request_error', param: 'input' } },
      'upstream_rejected',
    ],
    [404, { error: { message: "Previous response with id 'resp_1' not found." } }, 'upstream_rejected'],
    [404, { error: { message: 'The model `x` does not exist', code: 'model_not_found' } }, 'upstream_model_missing'],
    [400, { error: { message: 'm', code: 'context_length_exceeded' } }, 'upstream_context_overflow'],
    [400, { error: { message: 'm', code: 'unsupported_parameter', param: 'temperature' } }, 'upstream_rejected'],
    [429, { error: { message: 'm', code: 'insufficient_quota' } }, 'upstream_quota'],
    [500, {}, 'upstream_error'],
  ])('of status %i: %j', (status, body, code) => {
    expect(openaiResponses.decodeError(status, new Headers(), body).code).toBe(code)
  })
})

describe('an error for the client', () => {
  it('before the first byte is the record of the wire, with its status and our code', () => {
    const error = new GatewayError('unsupported_content', { param: 'input[3]', message: 'no' })
    const { status, headers, body } = openaiResponses.encodeError(error, 'req_1')
    expect(status).toBe(400)
    expect(headers['x-signalbox-error-code']).toBe('unsupported_content')
    expect(jsonOf(body)).toEqual({
      error: { message: 'no', type: 'invalid_request_error', param: 'input[3]', code: 'unsupported_content' },
    })
  })

  it.each(Object.keys(errorCodes) as ErrorCode[])('after the first byte is legal: %s', (code) => {
    const frames = openaiResponses.encodeStreamError(new GatewayError(code), 'req_1')
    expectLegal('openai-responses', frames)
    expect(dataOf(frames)).toMatchObject([
      { type: 'error' },
      { type: 'response.failed', response: { status: 'failed' } },
    ])
  })

  it.each<[ErrorCode, string]>([
    ['upstream_rate_limited', 'rate_limit_exceeded'],
    ['upstream_quota', 'insufficient_quota'],
    ['upstream_context_overflow', 'context_length_exceeded'],
    ['upstream_overloaded', 'server_is_overloaded'],
    ['stream_truncated', 'server_error'],
    ['internal', 'server_error'],
  ])('after the first byte says what its clients know: %s', (code, word) => {
    const [, failed] = dataOf(openaiResponses.encodeStreamError(new GatewayError(code), 'req_1'))
    expect(failed?.['response']).toMatchObject({ error: { code: word } })
  })
})
