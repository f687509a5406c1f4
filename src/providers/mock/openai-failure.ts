// How OpenAI's wires tell a failure.
import type { MockFailure } from './wire.ts'

/** The error record of Chat, Completions, Embeddings and Responses. */
export function openaiFailure(status: number, message: string): MockFailure {
  return { body: { error: { message, type: typeOf(status), param: null, code: null } } }
}

function typeOf(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error'
    case 403:
      return 'permission_error'
    case 404:
      return 'not_found_error'
    case 429:
      return 'rate_limit_error'
    default:
      return status < 500 ? 'invalid_request_error' : 'server_error'
  }
}

/** A data-only event. */
export function dataEvent(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`
}
