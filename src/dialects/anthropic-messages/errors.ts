// Errors of this wire, both ways. Owns the classification of what a provider answers and the shape a client gets.
// https://platform.claude.com/docs/en/api/errors
import { GatewayError, type ErrorCode, type UpstreamReport } from '../../ir/error.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { HeaderReader, WireResponse } from '../dialect.ts'
import { present } from './present.ts'

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
 * Decodes a provider's error answer. The status decides; text decides only where one status means several things.
 * @param body parsed JSON, or undefined where the answer was none
 */
export function decodeError(status: number, headers: HeaderReader, body: unknown): GatewayError {
  const report = reportOf(status, body)
  const retryAfterMs = decodeRetryAfter(headers)
  const code = classify(status, report)
  return new GatewayError(code, {
    upstream: report,
    ...(code === 'upstream_rejected' && { status }),
    ...present({ retryAfterMs }),
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
  const { type, code, message } = error
  return {
    ...(status > 0 && { status }),
    ...(typeof type === 'string' && type !== 'error' && { type }),
    ...(typeof code === 'string' && { code }),
    ...(typeof message === 'string' && { message: message.slice(0, maxReportLength) }),
  }
}

const overflow =
  /prompt is too long|context[_ ]length[_ ]exceeded|input tokens exceeded|maximum context length|exceeds? (?:the )?(?:model'?s )?(?:maximum )?context|exceed context limit|input is too long/i
const filtered =
  /content[_ ]filter(?:ing)?|content (?:management )?policy|usage policy|blocked by.*(?:policy|guardrail)/i
const outOfCredit =
  /insufficient_quota|credit balance|out of credits?|insufficient (?:credits?|balance|funds)|billing_error|plan and billing/i

function classify(status: number, { type, code, message }: UpstreamReport): ErrorCode {
  const text = `${type ?? ''} ${code ?? ''} ${message ?? ''}`
  if (status >= 300 && status < 400) return 'upstream_redirect'
  if (status === 529 || type === 'overloaded_error') return 'upstream_overloaded'
  if (status === 402) return 'upstream_quota'
  if (status === 400 || status === 413 || status === 422 || status === 429) {
    if (overflow.test(text)) return 'upstream_context_overflow'
    if (outOfCredit.test(text)) return 'upstream_quota'
  }
  if (status === 400 && filtered.test(text)) return 'upstream_filtered'
  switch (status) {
    case 401:
      return 'upstream_auth'
    case 403:
      return 'upstream_forbidden'
    case 404:
      return 'upstream_model_missing'
    case 429:
      return 'upstream_rate_limited'
    default:
      return status >= 400 && status < 500 ? 'upstream_rejected' : 'upstream_error'
  }
}

/** Milliseconds to wait; an HTTP date is left to the caller, who has a clock. */
function decodeRetryAfter(headers: HeaderReader): number | undefined {
  const milliseconds = number(headers.get('retry-after-ms'))
  if (milliseconds !== undefined) return Math.max(0, milliseconds)
  const seconds = number(headers.get('retry-after'))
  return seconds === undefined ? undefined : Math.max(0, seconds * 1000)
}

function number(text: string | null): number | undefined {
  return text !== null && /^\s*-?\d+(?:\.\d+)?\s*$/.test(text) ? Number(text) : undefined
}

const defaultRetryAfterMs = 1000

/** An error as this wire's HTTP answer. */
export function encodeError(error: GatewayError, requestId: string): WireResponse {
  const mustWait = error.status === 429 || error.status === 503
  const retryAfterMs = error.retryAfterMs ?? (mustWait ? defaultRetryAfterMs : undefined)
  return {
    status: error.status,
    headers: {
      'content-type': 'application/json',
      'x-signalbox-error-code': error.code,
      ...(retryAfterMs !== undefined && {
        'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))),
        'retry-after-ms': String(Math.max(0, Math.round(retryAfterMs))),
      }),
    },
    body: new TextEncoder().encode(errorJson(error, requestId)),
  }
}

/** An error after the first byte: the wire's error event, and no `message_stop` behind it. */
export function encodeStreamError(error: GatewayError, requestId: string): Frame[] {
  return [{ event: 'error', data: errorJson(error, requestId) }]
}

function errorJson(error: GatewayError, requestId: string): string {
  return JSON.stringify({
    type: 'error',
    error: {
      type: typeOf(error),
      message: error.message,
      code: error.upstream?.code ?? error.code,
      ...present({ param: error.param }),
    },
    request_id: requestId,
  })
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
