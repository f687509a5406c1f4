// Errors, both ways: what a provider's error means to us, and what a client of this wire is told.
import { describe, expect, it } from 'vitest'
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts'
import { hiddenError } from '../../../src/dialects/openai-wire/errors.ts'
import { errorCodes, GatewayError, type ErrorCode } from '../../../src/ir/error.ts'
import { jsonOf, type Json } from './support.ts'

const error = (members: Json): Json => ({ error: members })
const decode = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  openaiChat.decodeError(status, new Headers(headers), body)

describe('a provider error', () => {
  it.each<[string, number, unknown, ErrorCode, number]>([
    [
      'a bad request',
      400,
      error({
        message: 'Unsupported parameter',
        type: 'invalid_request_error',
        code: 'unsupported_parameter',
        param: 'stop',
      }),
      'upstream_rejected',
      400,
    ],
    ['an unprocessable request', 422, { detail: 'x' }, 'upstream_rejected', 422],
    ['a request that is too large', 413, undefined, 'upstream_rejected', 413],
    [
      'a context overflow by code',
      400,
      error({ code: 'context_length_exceeded', message: 'x' }),
      'upstream_context_overflow',
      400,
    ],
    [
      'a context overflow by text (DeepSeek)',
      400,
      error({
        code: 'invalid_request_error',
        message: "This model's maximum context length is 1048565 tokens. However, you requested 1250025 tokens",
      }),
      'upstream_context_overflow',
      400,
    ],
    [
      'a context overflow by text (Anthropic)',
      400,
      error({ message: 'prompt is too long: 210000 tokens > 200000 maximum' }),
      'upstream_context_overflow',
      400,
    ],
    [
      'a context overflow by text (Bedrock)',
      400,
      error({ message: 'Input Tokens Exceeded: …' }),
      'upstream_context_overflow',
      400,
    ],
    [
      'a context overflow by text (xAI)',
      400,
      error({ message: "This model's maximum prompt length is 131072 but the request contains 150000 tokens." }),
      'upstream_context_overflow',
      400,
    ],
    [
      'a context overflow by text (llama.cpp)',
      400,
      error({ message: 'the request exceeds the available context size', type: 'exceed_context_size_error' }),
      'upstream_context_overflow',
      400,
    ],
    [
      'a context overflow told by a 429',
      429,
      error({ message: 'maximum context length is 8192 tokens' }),
      'upstream_context_overflow',
      400,
    ],
    [
      'a rate limit on tokens',
      429,
      error({
        message: 'Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000',
        type: 'tokens',
        code: 'rate_limit_exceeded',
      }),
      'upstream_rate_limited',
      429,
    ],
    [
      'a content filter (Azure)',
      400,
      error({
        code: 'content_filter',
        message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
      }),
      'upstream_filtered',
      400,
    ],
    [
      'a moderation (OpenRouter)',
      403,
      error({ code: 403, message: 'Your chosen model requires moderation and your input was flagged' }),
      'upstream_filtered',
      400,
    ],
    [
      'a refused content (xAI)',
      403,
      {
        code: 'The caller does not have permission to execute the specified operation',
        error:
          'Content violates usage guidelines. Team: t, API key ID: k, Model: m, Failed check: SAFETY_CHECK_TYPE_BIO',
      },
      'upstream_filtered',
      400,
    ],
    [
      'a refused key',
      401,
      error({ message: 'Incorrect API key provided', type: 'invalid_request_error', code: 'invalid_api_key' }),
      'upstream_auth',
      502,
    ],
    ['no credit', 402, error({ message: 'Insufficient credits', code: 402 }), 'upstream_quota', 429],
    [
      'a used-up quota',
      429,
      error({ message: 'You exceeded your current quota', type: 'insufficient_quota', code: 'insufficient_quota' }),
      'upstream_quota',
      429,
    ],
    ['a balance that is too low', 400, error({ message: 'Your credit balance is too low' }), 'upstream_quota', 429],
    ['a forbidden region', 403, error({ message: 'Country not supported' }), 'upstream_forbidden', 502],
    [
      'an unknown model',
      404,
      error({ message: 'The model does not exist', code: 'model_not_found' }),
      'upstream_model_missing',
      502,
    ],
    [
      'an unknown deployment (Azure)',
      404,
      error({ code: 'DeploymentNotFound', message: 'x' }),
      'upstream_model_missing',
      502,
    ],
    [
      'an unknown model behind a 400',
      400,
      error({ code: 'model_not_found', message: 'x' }),
      'upstream_model_missing',
      502,
    ],
    [
      'a rate limit (Azure-Grok)',
      429,
      error({ code: 'RateLimitReached', message: 'x', details: 'x' }),
      'upstream_rate_limited',
      429,
    ],
    ['an overload', 529, undefined, 'upstream_overloaded', 529],
    [
      'an overload by type',
      500,
      error({ type: 'overloaded_error', message: 'Overloaded' }),
      'upstream_overloaded',
      529,
    ],
    ['a redirect', 307, undefined, 'upstream_redirect', 502],
    ['a fault', 500, error({ message: 'x', type: 'server_error' }), 'upstream_error', 502],
    ['an unavailable service', 503, undefined, 'upstream_error', 502],
    ['a gateway time-out', 504, undefined, 'upstream_error', 502],
    ['a request time-out', 408, error({ code: 408, message: 'x' }), 'upstream_timeout', 504],
    ['a page of HTML', 502, undefined, 'upstream_error', 502],
  ])('%s', (_name, status, body, code, ours) => {
    expect(decode(status, body)).toMatchObject({ code, status: ours, upstream: { status } })
  })

  it('keeps our message, and the provider’s own words apart', () => {
    const decoded = decode(400, error({ message: 'their words', type: 't', code: 'c', param: 'p' }))
    expect(decoded.message).toBe(errorCodes.upstream_rejected.meaning)
    expect(decoded.upstream).toEqual({ status: 400, message: 'their words', type: 't', code: 'c' })
    expect(decoded.param).toBe('p')
  })

  it.each<[string, unknown, Json]>([
    ['Ollama’s text', { error: 'model not found' }, { message: 'model not found' }],
    [
      'Gemini’s list',
      [{ error: { code: 400, message: 'm', status: 'INVALID_ARGUMENT' } }],
      { message: 'm', code: '400' },
    ],
    [
      'vLLM’s flat record',
      { object: 'error', message: 'm', type: 'BadRequestError', code: 400 },
      { message: 'm', type: 'BadRequestError', code: '400' },
    ],
    ['FastAPI’s detail', { detail: 'm' }, { message: 'm' }],
    ['a bare message', { message: 'm' }, { message: 'm' }],
    ['nothing', undefined, {}],
  ])('is read from %s', (_name, body, expected) => {
    expect(decode(400, body).upstream).toEqual({ status: 400, ...expected })
  })

  it.each<[string, Record<string, string>, number | undefined]>([
    ['in seconds', { 'retry-after': '7' }, 7000],
    ['in fractions of seconds', { 'retry-after': '0.5' }, 500],
    ['in milliseconds first', { 'retry-after': '7', 'retry-after-ms': '250' }, 250],
    ['in seconds where the milliseconds say nothing (Azure-Grok)', { 'retry-after': '1', 'retry-after-ms': '0' }, 1000],
    ['in the past', { 'retry-after': '-5' }, 0],
    ['as a date', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }, undefined],
    ['as garbage', { 'retry-after': 'soon' }, undefined],
    ['nowhere', {}, undefined],
  ])('says how long to wait %s', (_name, headers, expected) => {
    expect(decode(429, undefined, headers).retryAfterMs).toBe(expected)
  })
})

describe('an error inside a 200', () => {
  it.each<[string, unknown, ErrorCode, number | undefined]>([
    ['by its numeric code (OpenRouter)', error({ code: 429, message: 'x' }), 'upstream_rate_limited', 429],
    [
      'by its status_code (Groq)',
      error({ status_code: 400, code: 'tool_use_failed', message: 'x' }),
      'upstream_rejected',
      400,
    ],
    ['by a numeric text', error({ code: '503', message: 'x' }), 'upstream_error', 503],
    ['by its type', error({ type: 'invalid_request_error', message: 'x' }), 'upstream_rejected', 400],
    ['by its type, an overload', error({ type: 'overloaded_error', message: 'x' }), 'upstream_overloaded', 529],
    ['by its code', error({ code: 'rate_limit_exceeded', message: 'x' }), 'upstream_rate_limited', 429],
    ['by its text', error({ message: 'prompt is too long' }), 'upstream_context_overflow', undefined],
    ['as a fault where nothing says', error({ message: 'x' }), 'upstream_error', undefined],
    ['as text', { error: 'boom' }, 'upstream_error', undefined],
    ['on a choice', { choices: [{ index: 0, error: { code: 502, message: 'x' } }] }, 'upstream_error', 502],
  ])('is classed %s', (_name, body, code, status) => {
    const found = hiddenError(body)
    expect(found?.code).toBe(code)
    expect(found?.upstream?.status).toBe(status)
  })

  it.each([
    undefined,
    null,
    'x',
    {},
    { error: null },
    { error: '' },
    { error: {} },
    { choices: [] },
    { choices: [{ error: null }, null] },
  ])('is none in %j', (body) => {
    expect(hiddenError(body)).toBeUndefined()
  })
})

describe('an error for a client', () => {
  const encode = (gatewayError: GatewayError) => {
    const { status, headers, body } = openaiChat.encodeError(gatewayError, 'req_1')
    return { status, headers, error: jsonOf(body)['error'] as Json }
  }

  it('has all four members, null where they are absent', () => {
    const { status, error: record, headers } = encode(new GatewayError('invalid_json'))
    expect(status).toBe(400)
    expect(record).toEqual({
      message: errorCodes.invalid_json.meaning,
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_json',
    })
    expect(headers).toEqual({ 'content-type': 'application/json', 'x-signalbox-error-code': 'invalid_json' })
  })

  it('names the field', () => {
    expect(encode(new GatewayError('invalid_value', { param: 'n' })).error).toMatchObject({ param: 'n' })
  })

  it('says the provider’s type and code where they are known, and ours in the header', () => {
    const { error: record, headers } = encode(
      new GatewayError('upstream_rejected', { upstream: { type: 't', code: 'c' } }),
    )
    expect(record).toMatchObject({ type: 't', code: 'c' })
    expect(headers['x-signalbox-error-code']).toBe('upstream_rejected')
  })

  it.each<[ErrorCode, number, string]>([
    ['invalid_value', 400, 'invalid_request_error'],
    ['invalid_api_key', 401, 'authentication_error'],
    ['insufficient_role', 403, 'permission_error'],
    ['model_not_found', 404, 'not_found_error'],
    ['method_not_allowed', 405, 'invalid_request_error'],
    ['body_too_large', 413, 'request_too_large'],
    ['unsupported_media_type', 415, 'invalid_request_error'],
    ['fidelity_lost', 422, 'invalid_request_error'],
    ['upstream_rate_limited', 429, 'rate_limit_error'],
    ['upstream_quota', 429, 'insufficient_quota'],
    ['internal', 500, 'server_error'],
    ['upstream_error', 502, 'server_error'],
    ['no_eligible_target', 503, 'overloaded_error'],
    ['upstream_timeout', 504, 'server_error'],
    ['upstream_overloaded', 529, 'overloaded_error'],
  ])('of code %s has status %i and type %s', (code, status, type) => {
    const encoded = encode(new GatewayError(code))
    expect(encoded.status).toBe(status)
    expect(encoded.error).toMatchObject({ type, code })
  })

  it.each<[string, GatewayError, string | undefined, string | undefined]>([
    ['whole seconds, rounded up', new GatewayError('upstream_rate_limited', { retryAfterMs: 1500 }), '2', '1500'],
    ['at least one second', new GatewayError('upstream_rate_limited', { retryAfterMs: 0 }), '1', '0'],
    ['a second on 429 where nobody knows', new GatewayError('upstream_rate_limited'), '1', '1000'],
    ['a second on 503 where nobody knows', new GatewayError('shutting_down'), '1', '1000'],
    ['what is known on other errors', new GatewayError('upstream_error', { retryAfterMs: 4000 }), '4', '4000'],
    ['nothing on other errors', new GatewayError('upstream_error'), undefined, undefined],
  ])('asks to wait %s', (_name, gatewayError, seconds, milliseconds) => {
    const { headers } = encode(gatewayError)
    expect(headers['retry-after']).toBe(seconds)
    expect(headers['retry-after-ms']).toBe(milliseconds)
  })

  it('is bounded', () => {
    const { error: record } = encode(new GatewayError('internal', { message: 'x'.repeat(5000) }))
    expect((record['message'] as string).length).toBe(1024)
  })

  it('inside a stream is one frame without a terminal', () => {
    expect(openaiChat.encodeStreamError(new GatewayError('upstream_timeout'), 'req_1')).toEqual([
      {
        data: JSON.stringify({
          error: {
            message: errorCodes.upstream_timeout.meaning,
            type: 'server_error',
            param: null,
            code: 'upstream_timeout',
          },
        }),
      },
    ])
  })
})
