// Errors of this wire beside those that all of OpenAI's wires share: inside a stream, and about what a provider stores.
import { GatewayError, type ErrorCode } from '../../ir/error.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { HeaderReader } from '../dialect.ts'
import { present } from '../kit/present.ts'
import { decodeError as decodeShared, encodeStreamError as encodeChunk } from '../openai-wire/errors.ts'
import type { Members } from './extras.ts'

const storedText = /^(?:item|previous response|response|conversation|prompt) with id .*not found/i

/**
 * A provider's error answer. A 404 about something that the request refers to (an item, an earlier answer) says nothing
 * about the model, and another provider would not know it either.
 */
export function decodeError(status: number, headers: HeaderReader, body: unknown): GatewayError {
  const error = decodeShared(status, headers, body)
  if (error.code !== 'upstream_model_missing' || !storedText.test(error.upstream?.message ?? '')) return error
  const { param, upstream } = error
  return new GatewayError('upstream_rejected', { status, ...present({ param, upstream }) })
}

/** Nothing comes behind an error; where in the stream it stands is not known here, and numbers have to grow. */
const lastSequence = 2_147_483_646

/**
 * An error after the first byte, as OpenAI tells it: an `error` event, on which the official SDKs throw, and then
 * `response.failed`, which is where coding agents look for the code.
 * @see https://platform.openai.com/docs/api-reference/responses-streaming/error
 */
export function encodeStreamError(error: GatewayError, requestId: string): Frame[] {
  const record = errorRecord(error, requestId)
  const { message, param, code } = record
  const failed = {
    id: `resp_${requestId}`,
    object: 'response',
    status: 'failed',
    error: { code: failureCode(error), message },
    incomplete_details: null,
    output: [],
  }
  return [
    frame({ type: 'error', sequence_number: lastSequence, code, message, param, error: record }),
    frame({ type: 'response.failed', sequence_number: lastSequence + 1, response: failed }),
  ]
}

function frame(value: Members): Frame {
  return { event: String(value['type']), data: JSON.stringify(value), value }
}

/** The record that all of OpenAI's wires have inside an error. */
function errorRecord(error: GatewayError, requestId: string): Members {
  const [chunk] = encodeChunk(error, requestId)
  const body = chunk === undefined ? undefined : parseJson(chunk.data)
  return isObject(body) && isObject(body['error']) ? body['error'] : {}
}

// The provider's words for what coding agents tell apart.
const failureCodes: Readonly<Partial<Record<ErrorCode, string>>> = {
  upstream_rate_limited: 'rate_limit_exceeded',
  upstream_quota: 'insufficient_quota',
  upstream_context_overflow: 'context_length_exceeded',
  upstream_overloaded: 'server_is_overloaded',
  upstream_filtered: 'invalid_prompt',
  upstream_rejected: 'invalid_prompt',
}

function failureCode(error: GatewayError): string {
  return error.upstream?.code ?? failureCodes[error.code] ?? 'server_error'
}
