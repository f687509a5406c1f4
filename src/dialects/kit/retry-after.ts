// When to come back: read from a provider's headers, written for the client's.
import type { GatewayError } from '../../ir/error.ts'
import type { HeaderReader } from '../dialect.ts'

const defaultRetryMs = 1000

/**
 * Milliseconds to wait, from `retry-after-ms` or `retry-after`; an HTTP date is left to the caller, who has a clock.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterMs(headers: HeaderReader): number | undefined {
  const milliseconds = numberIn(headers.get('retry-after-ms'))
  if (milliseconds !== undefined) return milliseconds
  const seconds = numberIn(headers.get('retry-after'))
  return seconds === undefined ? undefined : seconds * 1000
}

function numberIn(value: string | null): number | undefined {
  if (value === null || !/^\s*-?\d+(?:\.\d+)?\s*$/.test(value)) return undefined
  return Math.max(0, Number(value))
}

/** The headers that tell a client when to come back: always there for 429 and 503, else where the provider said it. */
export function retryHeaders(error: GatewayError): Record<string, string> {
  const mustWait = error.status === 429 || error.status === 503
  const wait = error.retryAfterMs ?? (mustWait ? defaultRetryMs : undefined)
  if (wait === undefined) return {}
  return {
    'retry-after': String(Math.max(1, Math.ceil(wait / 1000))),
    'retry-after-ms': String(Math.max(0, Math.round(wait))),
  }
}
