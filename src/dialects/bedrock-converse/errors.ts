// Errors of this wire, both ways. Its own names of errors decide where one status means several things.
// https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
import { GatewayError, type ErrorCode, type UpstreamReport } from '../../ir/error.ts'
import type { Frame } from '../../wire/frame.ts'
import type { HeaderReader, WireResponse } from '../dialect.ts'
import { classify } from '../kit/error-class.ts'
import { present, textOf } from '../kit/present.ts'
import { retryAfterMs, retryHeaders } from '../kit/retry-after.ts'
import { objectOf, type Members } from './extras.ts'

const encoder = new TextEncoder()
const maxReportLength = 2000

interface Meaning {
  readonly status: number
  /** What the status alone does not say. */
  readonly code?: ErrorCode
}

/** The wire's errors by name, with the status that each has. Exceptions in a stream begin in lower case. */
const meanings: ReadonlyMap<string, Meaning> = new Map([
  ['ValidationException', { status: 400 }],
  ['ServiceQuotaExceededException', { status: 400, code: 'upstream_quota' }],
  ['AccessDeniedException', { status: 403 }],
  ['ResourceNotFoundException', { status: 404 }],
  ['ModelTimeoutException', { status: 408 }],
  ['ModelErrorException', { status: 424, code: 'upstream_error' }],
  ['ModelStreamErrorException', { status: 424, code: 'upstream_error' }],
  ['ThrottlingException', { status: 429 }],
  ['ModelNotReadyException', { status: 429, code: 'upstream_overloaded' }],
  ['InternalServerException', { status: 500 }],
  ['ServiceUnavailableException', { status: 503, code: 'upstream_overloaded' }],
  // The front door's, about credentials; it says 403 or 400.
  ...[
    'UnrecognizedClientException',
    'InvalidSignatureException',
    'IncompleteSignatureException',
    'IncompleteSignature',
    'InvalidClientTokenId',
    'MissingAuthenticationTokenException',
    'MissingAuthenticationToken',
    'SignatureDoesNotMatch',
    'ExpiredTokenException',
    'ExpiredToken',
  ].map((name): [string, Meaning] => [name, { status: 403, code: 'upstream_auth' }]),
])

// Only some models count, and none behind a profile of one's own: no fault of what was to be counted.
const uncountedText = /doesn.t support counting tokens/i
// A model that cannot be called this way, told as a fault of the request.
const modelTexts = [/model identifier is invalid/i, /on-demand throughput isn.t supported/i]

/**
 * Decodes a provider's error answer: its name stands in a header, with an address behind a colon, or in the body.
 * @param body parsed JSON, or undefined where the answer was none
 */
export function decodeError(status: number, headers: HeaderReader, body: unknown): GatewayError {
  const record = objectOf(body)
  const named = headers.get('x-amzn-errortype') ?? textOf(record['__type']) ?? textOf(record['code'])
  return errorOf({ ...present({ type: nameOf(named), message: messageIn(record) }), status }, headers)
}

/** Decodes an error that stands inside a 200 answer or a stream: its own name says which status it would have had. */
export function decodeEmbeddedError(name: string | undefined, body: unknown): GatewayError {
  const record = objectOf(body)
  const type = nameOf(name ?? textOf(record['__type']))
  const status = meanings.get(type ?? '')?.status ?? 500
  return errorOf({ status, ...present({ type, message: messageIn(record) }) })
}

function errorOf(report: UpstreamReport, headers?: HeaderReader): GatewayError {
  const code = classifyNamed(report)
  const keepsStatus = code === 'upstream_rejected' || code === 'upstream_context_overflow'
  return new GatewayError(code, {
    upstream: report,
    ...(keepsStatus && report.status !== undefined && report.status !== 429 && { status: report.status }),
    ...present({ retryAfterMs: headers && retryAfterMs(headers, { code, message: report.message }) }),
  })
}

function classifyNamed(report: UpstreamReport): ErrorCode {
  const { type = '', message = '', status = 500 } = report
  const meaning = meanings.get(type)
  if (meaning?.code !== undefined) return meaning.code
  if (uncountedText.test(message)) return 'unsupported_content'
  if (status < 500 && modelTexts.some((text) => text.test(message))) return 'upstream_model_missing'
  return classify({ ...report, status: meaning?.status ?? status })
}

/** `ValidationException:http://…`, `com.amazon…#ValidationException`, `validationException`: the name alone. */
function nameOf(named: string | undefined): string | undefined {
  const bare = textOf(named?.split(':')[0]?.split('#').at(-1)?.trim())
  return bare === undefined ? undefined : bare.charAt(0).toUpperCase() + bare.slice(1)
}

function messageIn(record: Members): string | undefined {
  const message = textOf(record['message']) ?? textOf(record['Message']) ?? textOf(record['originalMessage'])
  return message?.slice(0, maxReportLength)
}

/** An error as this wire's HTTP answer; its name goes into the header where the SDKs look for it. */
export function encodeError(error: GatewayError, requestId: string): WireResponse {
  return {
    status: error.status,
    headers: {
      'content-type': 'application/json',
      'x-amzn-errortype': nameFor(error),
      'x-amzn-requestid': requestId,
      'x-signalbox-error-code': error.code,
      ...retryHeaders(error),
    },
    body: encoder.encode(JSON.stringify(bodyOf(error))),
  }
}

/** An error after the first byte: an exception, and nothing behind it. */
export function encodeStreamError(error: GatewayError, _requestId: string): Frame[] {
  const name = nameFor(error)
  const value = bodyOf(error)
  // The stream knows fewer names than the call.
  const known = streamNames.includes(name)
    ? name
    : error.status < 500
      ? 'ValidationException'
      : 'InternalServerException'
  return [
    { kind: 'exception', event: known.charAt(0).toLowerCase() + known.slice(1), data: JSON.stringify(value), value },
  ]
}

const streamNames = [
  'InternalServerException',
  'ModelStreamErrorException',
  'ValidationException',
  'ThrottlingException',
  'ServiceUnavailableException',
]

function bodyOf(error: GatewayError): Members {
  return { message: error.message, code: error.upstream?.code ?? error.code, ...present({ param: error.param }) }
}

/** The provider's own name where it is one of this wire, else what the status is called here. */
function nameFor(error: GatewayError): string {
  const { upstream, status } = error
  if (upstream?.type !== undefined && meanings.has(upstream.type)) return upstream.type
  if (status === 401) return 'UnrecognizedClientException'
  if (status === 529) return 'ServiceUnavailableException'
  for (const [name, meaning] of meanings) if (meaning.status === status) return name
  return status >= 400 && status < 500 ? 'ValidationException' : 'InternalServerException'
}
