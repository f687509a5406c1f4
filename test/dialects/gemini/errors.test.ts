// Errors: what a provider's answer means, and what a client of this wire is told.
import { describe, expect, it } from 'vitest'
import { gemini } from '../../../src/dialects/gemini/index.ts'
import { errorCodes, GatewayError, type ErrorCode } from '../../../src/ir/error.ts'
import { expectLegal } from '../../support/stream-grammar.ts'
import { jsonOf, unknownKeys, type Json } from './support.ts'

const body = (status: string, message: string, details: Json[] = []): Json => ({
  error: { code: 400, message, status, details },
})
const decode = (status: number, value: unknown, headers: Record<string, string> = {}) =>
  gemini.decodeError(status, new Headers(headers), value)
const info = (reason: string): Json => ({ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason })
const retry = (retryDelay: string): Json => ({ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay })

describe('a provider’s error', () => {
  it.each<[string, number, unknown, ErrorCode]>([
    ['a bad request', 400, body('INVALID_ARGUMENT', 'Invalid JSON payload received.'), 'upstream_rejected'],
    [
      'a key that is told to be a bad request',
      400,
      body('INVALID_ARGUMENT', 'API key not valid.', [info('API_KEY_INVALID')]),
      'upstream_auth',
    ],
    [
      'a key, in another tongue',
      400,
      body('INVALID_ARGUMENT', 'clé invalide', [info('API_KEY_INVALID')]),
      'upstream_auth',
    ],
    ['an account', 400, body('FAILED_PRECONDITION', 'User location is not supported'), 'upstream_forbidden'],
    ['no credential', 401, body('UNAUTHENTICATED', 'x'), 'upstream_auth'],
    ['no permission', 403, body('PERMISSION_DENIED', 'x'), 'upstream_forbidden'],
    ['no model', 404, body('NOT_FOUND', 'models/x is not found'), 'upstream_model_missing'],
    ['a rate', 429, body('RESOURCE_EXHAUSTED', 'Resource has been exhausted'), 'upstream_rate_limited'],
    [
      'a quota that comes back',
      429,
      body('RESOURCE_EXHAUSTED', 'You exceeded your current quota, please check your plan', [retry('48s')]),
      'upstream_rate_limited',
    ],
    [
      'a quota that does not',
      429,
      body('RESOURCE_EXHAUSTED', 'You exceeded your current quota, please check your plan'),
      'upstream_quota',
    ],
    [
      'too much input',
      400,
      body(
        'INVALID_ARGUMENT',
        'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
      ),
      'upstream_context_overflow',
    ],
    [
      'too much input, told as a rate',
      429,
      body('RESOURCE_EXHAUSTED', 'The input token count exceeds the maximum number of tokens allowed 1048576.'),
      'upstream_context_overflow',
    ],
    ['an overload', 503, body('UNAVAILABLE', 'The model is overloaded.'), 'upstream_overloaded'],
    ['a deadline', 504, body('DEADLINE_EXCEEDED', 'x'), 'upstream_timeout'],
    ['an inner error', 500, body('INTERNAL', 'x'), 'upstream_error'],
    ['a list of one, as streams fail without alt=sse', 404, [body('NOT_FOUND', 'x')], 'upstream_model_missing'],
    ['no body', 500, undefined, 'upstream_error'],
    ['text', 502, 'bad gateway', 'upstream_error'],
  ])('is told by its status, its reason or its text: %s', (_what, status, value, code) => {
    expect(decode(status, value).code).toBe(code)
  })

  it.each([
    ['48s', 48_000],
    ['0.25s', 250],
    ['37.914217512s', 37_915],
  ])('tells in its body when to come back: %s', (delay, expected) => {
    expect(decode(429, body('RESOURCE_EXHAUSTED', 'x', [info('A'), retry(delay)])).retryAfterMs).toBe(expected)
  })

  it('may tell it in a header', () => {
    expect(decode(429, body('RESOURCE_EXHAUSTED', 'x'), { 'retry-after': '3' }).retryAfterMs).toBe(3000)
    expect(decode(429, body('RESOURCE_EXHAUSTED', 'x', [retry('soon')])).retryAfterMs).toBeUndefined()
  })

  it('keeps what the provider said and the field it names', () => {
    const violations = { '@type': 'x', fieldViolations: [{ field: 'tools[0].x', description: 'd' }] }
    const error = decode(400, body('INVALID_ARGUMENT', 'no', [violations]))
    expect(error).toMatchObject({
      status: 400,
      param: 'tools[0].x',
      upstream: { status: 400, type: 'INVALID_ARGUMENT', message: 'no' },
    })
  })

  it('keeps a 503, which Google’s SDKs try again', () => {
    expect(decode(503, body('UNAVAILABLE', 'x')).status).toBe(503)
  })
})

describe('an error for a client', () => {
  const encode = (error: GatewayError) => {
    const response = gemini.encodeError(error, 'req_1')
    return { ...response, body: jsonOf(response.body) as { error: { code: number; status: string; details: Json[] } } }
  }

  it('has the status, its name, and our stable code where it can be found', () => {
    const { status, headers, body: value } = encode(new GatewayError('invalid_messages', { param: 'contents' }))
    expect(status).toBe(400)
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-signalbox-error-code': 'invalid_messages' })
    expect(value).toEqual({
      error: {
        code: 400,
        message: errorCodes.invalid_messages.meaning,
        status: 'INVALID_ARGUMENT',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'invalid_messages',
            domain: 'signalbox',
            metadata: { requestId: 'req_1', param: 'contents' },
          },
          {
            '@type': 'type.googleapis.com/google.rpc.BadRequest',
            fieldViolations: [{ field: 'contents', description: errorCodes.invalid_messages.meaning }],
          },
        ],
      },
    })
  })

  it.each<[ErrorCode, number, string]>([
    ['invalid_api_key', 401, 'UNAUTHENTICATED'],
    ['insufficient_role', 403, 'PERMISSION_DENIED'],
    ['model_not_found', 404, 'NOT_FOUND'],
    ['body_too_large', 413, 'INVALID_ARGUMENT'],
    ['upstream_rate_limited', 429, 'RESOURCE_EXHAUSTED'],
    ['internal', 500, 'INTERNAL'],
    ['upstream_auth', 502, 'UNAVAILABLE'],
    ['not_configured', 503, 'UNAVAILABLE'],
    ['upstream_timeout', 504, 'DEADLINE_EXCEEDED'],
  ])('%s is %i %s', (code, status, name) => {
    const { status: sent, body: value } = encode(new GatewayError(code))
    expect([sent, value.error.code, value.error.status]).toEqual([status, status, name])
  })

  it('of every code is one that Google’s SDKs take for an error', () => {
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      const { error } = encode(new GatewayError(code)).body
      expect(error.code).toBeGreaterThanOrEqual(400)
      expect(error.code).toBeLessThan(600)
      expect(error.status).toMatch(/^[A-Z_]+$/)
      expectLegal('gemini', gemini.encodeStreamError(new GatewayError(code), 'r'))
    }
  })

  it('keeps the provider’s own name for it where that fits', () => {
    const upstream = (type: string) =>
      encode(new GatewayError('upstream_rejected', { status: 400, upstream: { type } })).body
    expect(upstream('FAILED_PRECONDITION').error.status).toBe('FAILED_PRECONDITION')
    expect(upstream('invalid_request_error').error.status).toBe('INVALID_ARGUMENT')
    expect(upstream('NOT_FOUND').error.status).toBe('INVALID_ARGUMENT')
  })

  it('tells when to come back, in the body and in the headers', () => {
    const { headers, body: value } = encode(new GatewayError('upstream_rate_limited', { retryAfterMs: 1500 }))
    expect(headers).toMatchObject({ 'retry-after': '2', 'retry-after-ms': '1500' })
    expect(value.error.details).toContainEqual(retry('2s'))
    expect(decode(429, value).retryAfterMs).toBe(2000)
  })

  it('after the first byte is a chunk', () => {
    const [frame] = gemini.encodeStreamError(new GatewayError('stream_idle_timeout'), 'r')
    expect(frame?.event).toBeUndefined()
    expect(frame?.value).toMatchObject({ error: { code: 504, status: 'DEADLINE_EXCEEDED' } })
    expect(JSON.parse(frame?.data ?? '')).toEqual(frame?.value)
  })

  it('has members that the description of the wire knows', () => {
    expect(unknownKeys('Status', encode(new GatewayError('internal')).body.error)).toEqual([])
  })
})
