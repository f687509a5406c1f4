// Errors as all of OpenAI's wires tell them, both ways: the provider's into ours, ours into the client's.
import { GatewayError } from '../../ir/error.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { HeaderReader, WireResponse } from '../dialect.ts'
import { classify, statusOf, type ErrorReport } from '../kit/error-class.ts'
import { present, textOf } from '../kit/present.ts'
import { retryAfterMs, retryHeaders } from '../kit/retry-after.ts'
import { isPlaceholder } from './placeholder.ts'

type Members = Readonly<Record<string, unknown>>

const encoder = new TextEncoder()
const maxMessageLength = 1024

/**
 * A provider's error answer. The message stays our own; what the provider said goes to `upstream`. Reads OpenAI's
 * record, Gemini's list of one, Ollama's bare text, vLLM's flat record and FastAPI's `detail`.
 * @see https://platform.openai.com/docs/guides/error-codes
 */
export function decodeError(status: number, headers: HeaderReader, body: unknown): GatewayError {
  return gatewayError({ ...reportOf(body), status }, { headers, body })
}

/** The error that a 200 or a chunk hides, by its own code and type; undefined where there is none. */
export function hiddenError(value: unknown): GatewayError | undefined {
  if (!isObject(value)) return undefined
  if (!isPlaceholder(value['error'])) return embeddedError(value)
  const choices: unknown = value['choices']
  // OpenRouter reports a provider that failed in the middle on the choice, with or without its words.
  const failed: unknown = Array.isArray(choices) ? choices.find(hasFailed) : undefined
  return isObject(failed) ? embeddedError(isPlaceholder(failed['error']) ? {} : failed) : undefined
}

function hasFailed(choice: unknown): boolean {
  return isObject(choice) && (!isPlaceholder(choice['error']) || choice['finish_reason'] === 'error')
}

/** An error object without a status around it; whatever it is, it is an error. */
export function embeddedError(body: unknown): GatewayError {
  const report = reportOf(body)
  const status = statusOf(report)
  return gatewayError({ ...report, ...(status !== undefined && { status }) })
}

/** The error body of this wire, with our stable code also in a header. */
export function encodeError(error: GatewayError, _requestId: string): WireResponse {
  return {
    status: error.status,
    headers: { 'content-type': 'application/json', 'x-signalbox-error-code': error.code, ...retryHeaders(error) },
    body: encoder.encode(JSON.stringify(errorBody(error))),
  }
}

/** An error after the first byte: the same record as a chunk, and no `[DONE]`. The official SDKs throw on it. */
export function encodeStreamError(error: GatewayError, _requestId: string): Frame[] {
  return [{ data: JSON.stringify(errorBody(error)) }]
}

function errorBody(error: GatewayError): Members {
  return {
    error: {
      message: error.message.slice(0, maxMessageLength),
      type: error.upstream?.type ?? typeOf(error),
      param: error.param ?? null,
      code: error.upstream?.code ?? error.code,
    },
  }
}

function typeOf(error: GatewayError): string {
  if (error.code === 'upstream_quota') return 'insufficient_quota'
  switch (error.status) {
    case 401:
      return 'authentication_error'
    case 403:
      return 'permission_error'
    case 404:
      return 'not_found_error'
    case 413:
      return 'request_too_large'
    case 429:
      return 'rate_limit_error'
    case 503:
    case 529:
      return 'overloaded_error'
    default:
      return error.status >= 500 ? 'server_error' : 'invalid_request_error'
  }
}

interface Answered {
  readonly headers: HeaderReader
  readonly body: unknown
}

function gatewayError(report: ErrorReport, answered?: Answered): GatewayError {
  const code = classify(report)
  const told = { code, message: report.message, body: answered?.body }
  const { status } = report
  const keepsStatus = code === 'upstream_rejected' || code === 'upstream_context_overflow'
  const { param, ...upstream } = report
  return new GatewayError(code, {
    // A context overflow told by a 429 is no rate limit, and must not look like one to the client.
    ...(keepsStatus && status !== undefined && status !== 429 && { status }),
    ...present({ param, retryAfterMs: answered && retryAfterMs(answered.headers, told) }),
    upstream,
  })
}

function reportOf(body: unknown): ErrorReport {
  const record = unwrapped(Array.isArray(body) ? (body as unknown[])[0] : body)
  return present({
    status: statusIn(record),
    type: textOf(record['type']),
    code: codeText(record['code']),
    message: textOf(record['message']) ?? textOf(record['detail']),
    param: textOf(record['param']),
  })
}

// The record that has the message: below `error` on most wires, at the top on some, bare text on others.
function unwrapped(body: unknown): Members {
  if (!isObject(body)) return typeof body === 'string' ? { message: body } : {}
  const inner = body['error']
  if (isObject(inner)) return inner
  return typeof inner === 'string' ? { ...body, message: inner } : body
}

// OpenRouter puts the status into `code`, Groq into `status_code`, vLLM into `code` at the top.
function statusIn(record: Members): number | undefined {
  for (const candidate of [record['status_code'], record['status'], record['code']]) {
    const status = typeof candidate === 'string' && /^\d{3}$/.test(candidate) ? Number(candidate) : candidate
    if (Number.isInteger(status) && (status as number) >= 300 && (status as number) < 600) return status as number
  }
  return undefined
}

function codeText(code: unknown): string | undefined {
  return typeof code === 'number' ? String(code) : textOf(code)
}
