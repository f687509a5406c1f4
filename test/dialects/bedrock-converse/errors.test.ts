// What the service answers when it fails, and what a client of this wire is told.
import { describe, expect, it } from 'vitest'
import { bedrockConverse } from '../../../src/dialects/bedrock-converse/index.ts'
import { GatewayError, type ErrorCode } from '../../../src/ir/error.ts'
import { jsonOf } from './support.ts'

function decoded(status: number, type: string | undefined, body: unknown, headers: Record<string, string> = {}) {
  const named = type === undefined ? {} : { 'x-amzn-errortype': type }
  return bedrockConverse.decodeError(status, new Headers({ ...named, ...headers }), body)
}

describe("the service's error", () => {
  it('has its name in a header, with an address behind a colon', () => {
    const error = decoded(400, 'ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/', {
      message: 'no',
    })
    expect(error).toMatchObject({ code: 'upstream_rejected', status: 400 })
    expect(error.upstream).toEqual({ status: 400, type: 'ValidationException', message: 'no' })
  })

  it.each([
    ['in the body', { __type: 'com.amazon.coral.service#ThrottlingException', Message: 'slow' }, 'ThrottlingException'],
    ['nowhere', { message: 'm' }, undefined],
  ])('has its name %s', (_where, body, type) => {
    const error = decoded(429, undefined, body)
    expect([error.code, error.upstream?.type]).toEqual(['upstream_rate_limited', type])
  })

  it.each([
    [400, 'ValidationException', 'bad', 'upstream_rejected', 'never'],
    [
      400,
      'ValidationException',
      'The model returned the following errors: Input Tokens Exceeded: too many',
      'upstream_context_overflow',
      'next',
    ],
    [400, 'ValidationException', 'Input is too long for requested model.', 'upstream_context_overflow', 'next'],
    [
      400,
      'ValidationException',
      'input length and `max_tokens` exceed context limit: 196395 + 64000 > 204698',
      'upstream_context_overflow',
      'next',
    ],
    [400, 'ValidationException', 'The provided model identifier is invalid.', 'upstream_model_missing', 'next'],
    [
      400,
      'ValidationException',
      'Invocation of model ID x with on-demand throughput isn’t supported.',
      'upstream_model_missing',
      'next',
    ],
    [400, 'ServiceQuotaExceededException', 'm', 'upstream_quota', 'next'],
    [403, 'AccessDeniedException', 'm', 'upstream_forbidden', 'next'],
    [
      403,
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
      'upstream_auth',
      'next',
    ],
    [403, 'ExpiredTokenException', 'm', 'upstream_auth', 'next'],
    [404, 'ResourceNotFoundException', 'm', 'upstream_model_missing', 'next'],
    [408, 'ModelTimeoutException', 'm', 'upstream_timeout', 'next'],
    [424, 'ModelErrorException', 'm', 'upstream_error', 'next'],
    [429, 'ThrottlingException', 'Too many tokens, please wait before trying again.', 'upstream_rate_limited', 'next'],
    [429, 'ModelNotReadyException', 'm', 'upstream_overloaded', 'next'],
    [500, 'InternalServerException', 'm', 'upstream_error', 'next'],
    [503, 'ServiceUnavailableException', 'm', 'upstream_overloaded', 'next'],
  ])('%s %s "%s" is %s', (status, type, message, code, retry) => {
    expect(decoded(status, `${type}:`, { message })).toMatchObject({ code, retry })
  })

  it('says when to come back', () => {
    expect(decoded(429, 'ThrottlingException', {}, { 'retry-after': '3' }).retryAfterMs).toBe(3000)
  })

  it('may be no JSON', () => {
    expect(decoded(502, undefined, undefined)).toMatchObject({ code: 'upstream_error' })
  })
})

describe("a client's error", () => {
  it.each([
    ['invalid_value', 400, 'ValidationException'],
    ['invalid_api_key', 401, 'UnrecognizedClientException'],
    ['insufficient_role', 403, 'AccessDeniedException'],
    ['model_not_found', 404, 'ResourceNotFoundException'],
    ['request_timeout', 408, 'ModelTimeoutException'],
    ['body_too_large', 413, 'ValidationException'],
    ['upstream_rate_limited', 429, 'ThrottlingException'],
    ['internal', 500, 'InternalServerException'],
    ['upstream_error', 502, 'InternalServerException'],
    ['shutting_down', 503, 'ServiceUnavailableException'],
    ['upstream_overloaded', 529, 'ServiceUnavailableException'],
  ] as [ErrorCode, number, string][])('%s is %s %s', (code, status, name) => {
    const { status: sent, headers, body } = bedrockConverse.encodeError(new GatewayError(code, { message: 'm' }), 'r')
    expect(sent).toBe(status)
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-amzn-errortype': name,
      'x-amzn-requestid': 'r',
      'x-signalbox-error-code': code,
    })
    expect(jsonOf(body)).toEqual({ message: 'm', code })
  })

  it('keeps the name that the service gave it, and the place', () => {
    const error = new GatewayError('upstream_error', { upstream: { type: 'ModelErrorException' }, param: 'messages' })
    const { headers, body } = bedrockConverse.encodeError(error, 'r')
    expect(headers['x-amzn-errortype']).toBe('ModelErrorException')
    expect(jsonOf(body)).toMatchObject({ param: 'messages' })
  })

  it('says when to come back', () => {
    const error = new GatewayError('upstream_rate_limited', { retryAfterMs: 2500 })
    expect(bedrockConverse.encodeError(error, 'r').headers).toMatchObject({
      'retry-after': '3',
      'retry-after-ms': '2500',
    })
  })

  it.each([
    ['upstream_rate_limited', 'throttlingException'],
    ['upstream_overloaded', 'serviceUnavailableException'],
    ['upstream_rejected', 'validationException'],
    ['upstream_model_missing', 'internalServerException'],
    ['stream_truncated', 'internalServerException'],
    ['client_cancelled', 'validationException'],
  ] as [ErrorCode, string][])('in a stream, %s is %s', (code, event) => {
    const frames = bedrockConverse.encodeStreamError(new GatewayError(code, { message: 'm' }), 'r')
    expect(frames).toMatchObject([{ kind: 'exception', event, value: { message: 'm', code } }])
    expect(JSON.parse(frames[0]?.data ?? '')).toEqual(frames[0]?.value)
  })
})
