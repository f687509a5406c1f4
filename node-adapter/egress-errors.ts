// What a connection can fail with, in the words of the gateway. The phase decides: runtimes differ in their texts.
import { GatewayError, type ErrorCode } from '../src/ir/error.ts'

const maxCodeLength = 64

/** The error of a phase, with the runtime's own code for the trace. A `GatewayError` stays what it is. */
export function egressError(code: ErrorCode, cause: unknown, message?: string): GatewayError {
  if (cause instanceof GatewayError) return cause
  const own = codeOf(cause)
  return new GatewayError(code, {
    cause,
    ...(message !== undefined && { message }),
    ...(own !== undefined && { upstream: { code: own } }),
  })
}

/** The `code` of a runtime's error (`ECONNREFUSED`, `CERT_HAS_EXPIRED`), or of what lies inside. */
export function codeOf(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null) return undefined
  if ('code' in cause && typeof cause.code === 'string') return cause.code.slice(0, maxCodeLength)
  if ('errors' in cause && Array.isArray(cause.errors)) return codeOf(cause.errors[0])
  return 'cause' in cause ? codeOf(cause.cause) : undefined
}
