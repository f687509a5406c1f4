// Errors of this wire, both ways. Owns the classification of what a provider answers and the shape a client gets.
// https://platform.claude.com/docs/en/api/errors
import { GatewayError, type UpstreamReport } from '../../ir/error.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { HeaderReader, WireResponse } from '../dialect.ts'
import { classify } from '../kit/error-class.ts'
import { present } from '../kit/present.ts'
import { retryAfterMs, retryHeaders } from '../kit/retry-after.ts'

/** The error types of the wire with the HTTP status that each one has. */
const statusByType: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['api_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
])

const maxReportLength = 2000

/**
 * Decodes a provider's error answer.
 * @param body parsed JSON, or undefined where the answer was none
 */
export function decodeError(status: number, headers: HeaderReader, body: unknown): GatewayError {
  const report = reportOf(status, body)
  const code = classify({ ...report, status })
  return new GatewayError(code, {
    upstream: report,
    ...(code === 'upstream_rejected' && { status }),
    ...present({ retryAfterMs: retryAfterMs(headers, { code, message: report.message, body }) }),
  })
}

/** Decodes an error that stands inside a 200 answer or a stream: its own type says which status it would have had. */
export function decodeEmbeddedError(value: unknown): GatewayError {
  const type = reportOf(0, value).type
  return decodeError(statusByType.get(type ?? '') ?? 500, new Headers(), value)
}

function reportOf(status: number, body: unknown): UpstreamReport {
  const outer = isObject(body) ? body : {}
  // Gateways and other clouds answer `{message}` or an OpenAI shape on this path too.
  const error = isObject(outer['error']) ? outer['error'] : outer
  const { type, code, message, details } = error
  return {
    ...(status > 0 && { status }),
    ...(typeof type === 'string' && type !== 'error' && { type }),
    ...(typeof code === 'string' && { code }),
    ...(typeof message === 'string' && { message: message.slice(0, maxReportLength) }),
    ...(isObject(details) && JSON.stringify(details).length <= maxReportLength && { details }),
  }
}

/** An error as this wire's HTTP answer. */
export function encodeError(error: GatewayError, requestId: string): WireResponse {
  return {
    status: error.status,
    headers: { 'content-type': 'application/json', 'x-signalbox-error-code': error.code, ...retryHeaders(error) },
    body: new TextEncoder().encode(JSON.stringify(errorBody(error, requestId))),
  }
}

/** An error after the first byte: the wire's error event, and no `message_stop` behind it. */
export function encodeStreamError(error: GatewayError, requestId: string): Frame[] {
  const value = errorBody(error, requestId)
  return [{ event: 'error', data: JSON.stringify(value), value }]
}

function errorBody(error: GatewayError, requestId: string): Readonly<Record<string, unknown>> {
  return {
    type: 'error',
    error: {
      type: typeOf(error),
      message: error.message,
      code: error.upstream?.code ?? error.code,
      ...present({ param: error.param, details: error.upstream?.details ?? threadDetails(error) }),
    },
    request_id: requestId,
  }
}

// The word at which the official SDK sends the whole history instead of a thread.
function threadDetails({ param, code }: GatewayError): object | undefined {
  if (param !== 'thread' || code !== 'unsupported_content') return undefined
  return { error_code: 'thread_unsupported_request', unsupported: ['thread'] }
}

/** The provider's own type where it is one of this wire, else what the status is called here. */
function typeOf(error: GatewayError): string {
  const type = error.upstream?.type
  if (type !== undefined && statusByType.has(type)) return type
  const { status } = error
  if (status === 503) return 'overloaded_error'
  for (const [name, known] of statusByType) if (known === status) return name
  return status >= 400 && status < 500 ? 'invalid_request_error' : 'api_error'
}
