// An error on its way to a client: same code, same status, nothing secret in its words.
import { GatewayError } from '../ir/error.ts'
import type { Scrubber } from './scrubber.ts'

const maxMessageLength = 2000

/** The error with a clean message; itself where it is clean already. */
export function cleanError(error: GatewayError, scrubber: Scrubber): GatewayError {
  const { message, param, code, status, retry, retryAfterMs, upstream } = error
  if (scrubber.isClean(message) && (param === undefined || scrubber.isClean(param))) return error
  return new GatewayError(code, {
    message: scrubber.scrub(message, maxMessageLength),
    status,
    retry,
    ...(param !== undefined && { param: scrubber.scrub(param) }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(upstream !== undefined && { upstream }),
  })
}
