// A provider's errors, classified, and ours in the words of this wire.
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import { GatewayError, type ErrorCode, type GatewayErrorOptions } from '../../../src/ir/error.ts'
import { jsonOf } from './support.ts'

const anthropic = (type: string, message = 'words'): unknown => ({
  type: 'error',
  error: { type, message },
  request_id: 'req_1',
})

function decoded(status: number, body: unknown, headers: Record<string, string> = {}): GatewayError {
  return anthropicMessages.decodeError(status, new Headers(headers), body)
}

describe('an error of the provider', () => {
  const cases: readonly (readonly [status: number, body: unknown, code: ErrorCode, clientStatus: number])[] = [
    [400, anthropic('invalid_request_error', 'max_tokens: Field required'), 'upstream_rejected', 400],
    [422, anthropic('invalid_request_error'), 'upstream_rejected', 422],
    [409, anthropic('invalid_request_error'), 'upstream_rejected', 409],
    [413, anthropic('request_too_large'), 'upstream_rejected', 413],
    [
      400,
      anthropic('invalid_request_error', 'prompt is too long: 208310 tokens > 200000 maximum'),
      'upstream_context_overflow',
      400,
    ],
    [
      400,
      anthropic('invalid_request_error', 'input length and `max_tokens` exceed context limit: 199000 + 8000 > 200000'),
      'upstream_context_overflow',
      400,
    ],
    [400, { message: 'Input Tokens Exceeded: …' }, 'upstream_context_overflow', 400],
    [400, { error: { message: 'm', code: 'context_length_exceeded' } }, 'upstream_context_overflow', 400],
    [400, anthropic('invalid_request_error', 'Output blocked by content filtering policy'), 'upstream_filtered', 400],
    [
      400,
      anthropic(
        'invalid_request_error',
        'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing',
      ),
      'upstream_quota',
      429,
    ],
    [401, anthropic('authentication_error', 'invalid x-api-key'), 'upstream_auth', 502],
    [402, anthropic('billing_error'), 'upstream_quota', 429],
    [403, anthropic('permission_error'), 'upstream_forbidden', 502],
    [404, anthropic('not_found_error', 'model: nope'), 'upstream_model_missing', 502],
    [429, anthropic('rate_limit_error'), 'upstream_rate_limited', 429],
    [429, { error: { code: 'insufficient_quota', message: 'm' } }, 'upstream_quota', 429],
    [500, anthropic('api_error'), 'upstream_error', 502],
    [500, anthropic('overloaded_error'), 'upstream_overloaded', 529],
    [503, undefined, 'upstream_error', 502],
    [504, anthropic('timeout_error'), 'upstream_error', 502],
    [529, anthropic('overloaded_error'), 'upstream_overloaded', 529],
    [529, undefined, 'upstream_overloaded', 529],
    [302, undefined, 'upstream_redirect', 502],
    [500, 'text', 'upstream_error', 502],
    [500, { error: 'text' }, 'upstream_error', 502],
  ]
  it.each(cases)('%i %j is %s', (status, body, code, clientStatus) => {
    const error = decoded(status, body)
    expect({ code: error.code, status: error.status, upstream: error.upstream?.status }).toEqual({
      code,
      status: clientStatus,
      upstream: status,
    })
  })

  it('keeps the words of the provider apart from ours', () => {
    const error = decoded(404, anthropic('not_found_error', 'model: secret-name'))
    expect(error.message).not.toContain('secret-name')
    expect(error.upstream).toEqual({ status: 404, type: 'not_found_error', message: 'model: secret-name' })
  })

  const waits: readonly (readonly [headers: Record<string, string>, milliseconds: number | undefined])[] = [
    [{}, undefined],
    [{ 'retry-after': '3' }, 3000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': '-3' }, 0],
    [{ 'retry-after': '3', 'retry-after-ms': '20' }, 20],
    [{ 'retry-after': '3', 'retry-after-ms': 'soon' }, 3000],
    [{ 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, undefined],
  ]
  it.each(waits)('with %j asks to wait %s ms', (headers, milliseconds) => {
    expect(decoded(429, undefined, headers).retryAfterMs).toBe(milliseconds)
  })
})

describe('an error of ours', () => {
  function encoded(code: ErrorCode, options: GatewayErrorOptions = {}) {
    const { status, headers, body } = anthropicMessages.encodeError(new GatewayError(code, options), 'request1')
    return {
      status,
      headers,
      body: jsonOf(body) as { type: string; error: Record<string, unknown>; request_id: string },
    }
  }

  const types: readonly (readonly [code: ErrorCode, type: string])[] = [
    ['invalid_json', 'invalid_request_error'],
    ['invalid_api_key', 'authentication_error'],
    ['insufficient_role', 'permission_error'],
    ['model_not_found', 'not_found_error'],
    ['method_not_allowed', 'invalid_request_error'],
    ['body_too_large', 'request_too_large'],
    ['unsupported_media_type', 'invalid_request_error'],
    ['fidelity_lost', 'invalid_request_error'],
    ['upstream_rate_limited', 'rate_limit_error'],
    ['upstream_quota', 'rate_limit_error'],
    ['internal', 'api_error'],
    ['upstream_unreachable', 'api_error'],
    ['no_eligible_target', 'overloaded_error'],
    ['upstream_timeout', 'timeout_error'],
    ['upstream_overloaded', 'overloaded_error'],
  ]
  it.each(types)('%s is of type %s', (code, type) => {
    const { status, headers, body } = encoded(code)
    const error = new GatewayError(code)
    expect(status).toBe(error.status)
    expect(headers['content-type']).toBe('application/json')
    expect(headers['x-signalbox-error-code']).toBe(code)
    expect(body).toEqual({ type: 'error', error: { type, message: error.message, code }, request_id: 'request1' })
  })

  it('names the field it is about', () => {
    expect(encoded('invalid_value', { param: 'stream' }).body.error).toMatchObject({ param: 'stream' })
  })

  it('has the type and code of the provider where they are of this wire', () => {
    const own = encoded('upstream_rejected', { upstream: { type: 'request_too_large', code: 'big' }, status: 413 })
    expect(own.body.error).toMatchObject({ type: 'request_too_large', code: 'big' })
    const other = encoded('upstream_quota', { upstream: { type: 'insufficient_quota' } })
    expect(other.body.error).toMatchObject({ type: 'rate_limit_error', code: 'upstream_quota' })
  })

  const waits: readonly (readonly [
    code: ErrorCode,
    options: GatewayErrorOptions,
    seconds: string | undefined,
    ms: string | undefined,
  ])[] = [
    ['invalid_json', {}, undefined, undefined],
    ['upstream_rate_limited', {}, '1', '1000'],
    ['no_eligible_target', {}, '1', '1000'],
    ['upstream_rate_limited', { retryAfterMs: 20 }, '1', '20'],
    ['upstream_rate_limited', { retryAfterMs: 2001 }, '3', '2001'],
    ['upstream_rate_limited', { retryAfterMs: 0 }, '1', '0'],
    ['upstream_overloaded', { retryAfterMs: 5000 }, '5', '5000'],
  ]
  it.each(waits)('%s with %j asks to wait %s s', (code, options, seconds, milliseconds) => {
    const { headers } = encoded(code, options)
    expect([headers['retry-after'], headers['retry-after-ms']]).toEqual([seconds, milliseconds])
  })

  it('in a stream is the error event of this wire', () => {
    const [frame, ...more] = anthropicMessages.encodeStreamError(new GatewayError('stream_idle_timeout'), 'request1')
    expect(more).toEqual([])
    expect(frame?.event).toBe('error')
    expect(JSON.parse(frame?.data ?? '')).toEqual({
      type: 'error',
      error: {
        type: 'timeout_error',
        message: new GatewayError('stream_idle_timeout').message,
        code: 'stream_idle_timeout',
      },
      request_id: 'request1',
    })
  })
})
