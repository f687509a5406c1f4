// Errors of this wire, both ways: google.rpc.Status in, google.rpc.Status out.
// https://cloud.google.com/apis/design/errors and https://ai.google.dev/gemini-api/docs/troubleshooting
import { GatewayError, type ErrorCode, type UpstreamReport } from '../../ir/error.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { HeaderReader, WireResponse } from '../dialect.ts'
import { classify } from '../kit/error-class.ts'
import { present, textOf } from '../kit/present.ts'
import { retryAfterMs, retryHeaders } from '../kit/retry-after.ts'
import { askedWait } from '../kit/retry-hint.ts'
import type { Members } from './extras.ts'
import { repeated } from './names.ts'

const encoder = new TextEncoder()
const maxReportLength = 2000
const rpc = 'type.googleapis.com/google.rpc.'

// https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
const statusNames: ReadonlyMap<number, string> = new Map([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [408, 'DEADLINE_EXCEEDED'],
  [409, 'ABORTED'],
  [429, 'RESOURCE_EXHAUSTED'],
  [499, 'CANCELLED'],
  [500, 'INTERNAL'],
  [501, 'UNIMPLEMENTED'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
  [529, 'UNAVAILABLE'],
])

/** The HTTP status of a name, for errors that stand in an answer without one. */
const statusByName: ReadonlyMap<string, number> = new Map([
  ['INVALID_ARGUMENT', 400],
  ['FAILED_PRECONDITION', 400],
  ['OUT_OF_RANGE', 400],
  ['UNAUTHENTICATED', 401],
  ['PERMISSION_DENIED', 403],
  ['NOT_FOUND', 404],
  ['ABORTED', 409],
  ['ALREADY_EXISTS', 409],
  ['RESOURCE_EXHAUSTED', 429],
  ['CANCELLED', 499],
  ['INTERNAL', 500],
  ['UNKNOWN', 500],
  ['DATA_LOSS', 500],
  ['UNIMPLEMENTED', 501],
  ['UNAVAILABLE', 503],
  ['DEADLINE_EXCEEDED', 504],
])

/**
 * A provider's error answer. The retry time stands in the body and in no header.
 * @param body parsed JSON, or undefined where the answer was none; a stream without `alt=sse` fails with a list of one
 */
export function decodeError(status: number, headers: HeaderReader, body: unknown): GatewayError {
  const error = errorIn(body)
  const details = repeated(error['details']).filter(isObject)
  const reason = details.map((detail) => textOf(detail['reason'])).find((found) => found !== undefined)
  const message = textOf(error['message'])
  const type = textOf(error['status'])
  const report: UpstreamReport = {
    status,
    ...present({ type, code: reason, message: message?.slice(0, maxReportLength) }),
  }
  const asked = askedWait(headers, body)
  const code = classOf(status, report, asked !== undefined)
  const wait = asked ?? retryAfterMs(headers, { code, message, body })
  const keepsStatus = code === 'upstream_rejected' || code === 'upstream_context_overflow'
  return new GatewayError(code, {
    // A context overflow told by a 429 is no rate limit, and must not look like one to the client.
    ...(((keepsStatus && status !== 429) || status === 503) && { status }),
    ...present({ param: fieldIn(details), retryAfterMs: wait }),
    upstream: report,
  })
}

/** Whether a 200 answer, or a chunk of a stream, is an error. */
export function hidesError(value: Members): boolean {
  return isObject(value['error'])
}

/** An error without a status around it: its own code or name says which it would have had. */
export function decodeEmbeddedError(value: unknown): GatewayError {
  const { code, status } = errorIn(value)
  const known = typeof code === 'number' && code >= 400 && code < 600 ? code : statusByName.get(textOf(status) ?? '')
  return decodeError(known ?? 500, new Headers(), value)
}

function errorIn(body: unknown): Members {
  const [record] = repeated(body)
  if (!isObject(record)) return {}
  const inner = record['error']
  return isObject(inner) ? inner : typeof inner === 'string' ? { message: inner } : record
}

// What Google says where OpenAI and Anthropic speak of a context window; the first also comes with a 429.
const overflow = /token count[^.]{0,80}exceeds the maximum|exceeds the maximum number of (?:input )?tokens/i
const badKey = /API_KEY_(?:INVALID|EXPIRED)|ACCESS_TOKEN_EXPIRED|CREDENTIALS_MISSING/
const quota = /exceeded your current quota/i

function classOf(status: number, report: UpstreamReport, timed: boolean): ErrorCode {
  const message = report.message ?? ''
  if (overflow.test(message)) return 'upstream_context_overflow'
  // A key that is not valid is told by a 400.
  if (badKey.test(report.code ?? '') || /^API key (?:not valid|expired)/i.test(message)) return 'upstream_auth'
  // Google says "quota" of every limit; one that tells when it ends is a rate.
  if (status === 429 && timed && quota.test(message)) return 'upstream_rate_limited'
  // The account is what fails: its country, its plan, an API that is not switched on.
  if (status === 400 && report.type === 'FAILED_PRECONDITION') return 'upstream_forbidden'
  if (status === 503) return 'upstream_overloaded'
  if (status === 504) return 'upstream_timeout'
  return classify(report)
}

/** The first field that `BadRequest` complains of. */
function fieldIn(details: readonly Members[]): string | undefined {
  for (const { fieldViolations } of details)
    for (const violation of repeated(fieldViolations)) {
      const field = isObject(violation) ? textOf(violation['field']) : undefined
      if (field !== undefined) return field
    }
  return undefined
}

/** The error body of this wire, with our stable code also in a header. */
export function encodeError(error: GatewayError, requestId: string): WireResponse {
  return {
    status: error.status,
    headers: { 'content-type': 'application/json', 'x-signalbox-error-code': error.code, ...retryHeaders(error) },
    body: encoder.encode(JSON.stringify(errorBody(error, requestId))),
  }
}

/** An error after the first byte: the same record as a chunk, which Google's SDKs throw on. */
export function encodeStreamError(error: GatewayError, requestId: string): Frame[] {
  const value = errorBody(error, requestId)
  return [{ data: JSON.stringify(value), value }]
}

function errorBody(error: GatewayError, requestId: string): Members {
  const { status, param, retryAfterMs: wait, upstream } = error
  const type = upstream?.type
  // A name of this wire stands where it is the provider's own and fits the status that the client gets.
  const own = type !== undefined && statusByName.get(type) === status ? type : undefined
  return {
    error: {
      code: status,
      message: error.message,
      status: own ?? statusNames.get(status) ?? (status < 500 ? 'INVALID_ARGUMENT' : 'INTERNAL'),
      details: [
        {
          '@type': `${rpc}ErrorInfo`,
          // The gateway's own stable code, spelled as everywhere else.
          reason: error.code,
          domain: 'signalbox',
          metadata: present({ requestId, param, upstreamReason: upstream?.code }),
        },
        ...(param === undefined ? [] : [badRequest(param, error.message)]),
        ...(wait === undefined ? [] : [{ '@type': `${rpc}RetryInfo`, retryDelay: `${Math.ceil(wait / 1000)}s` }]),
      ],
    },
  }
}

function badRequest(field: string, description: string): Members {
  return { '@type': `${rpc}BadRequest`, fieldViolations: [{ field, description }] }
}
