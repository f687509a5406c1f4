// When to come back: read from a provider's answer, written for the client's.
import type { ErrorCode, GatewayError } from '../../ir/error.ts'
import type { HeaderReader } from '../dialect.ts'
import { askedWait, maxRetryHintMs, resetWait, toldWait } from './retry-hint.ts'

const defaultRetryMs = 1000

/** What else the answer said, beside its headers. */
export interface Told {
  /** What the answer means: only a request that was turned away for its rate waits for a limit to be whole again. */
  readonly code: ErrorCode
  readonly message?: string | undefined
  readonly body?: unknown
}

/**
 * Milliseconds to wait, 0 to `maxRetryHintMs`: what the provider asks for, else when the limit that was hit is whole
 * again, else what its message says. Undefined where nothing of it is there or can be read.
 */
export function retryAfterMs(headers: HeaderReader, told?: Told): number | undefined {
  const asked = askedWait(headers, told?.body)
  if (asked !== undefined || told?.code !== 'upstream_rate_limited') return asked
  return resetWait(headers, told.body) ?? toldWait(told.message)
}

/** The headers that tell a client when to come back: always there for 429 and 503, else where the provider said it. */
export function retryHeaders(error: GatewayError): Record<string, string> {
  const mustWait = error.status === 429 || error.status === 503
  const said = Number.isNaN(error.retryAfterMs) ? undefined : error.retryAfterMs
  const wait = said ?? (mustWait ? defaultRetryMs : undefined)
  if (wait === undefined) return {}
  const bounded = Math.min(maxRetryHintMs, Math.max(0, wait))
  return {
    'retry-after': String(Math.max(1, Math.ceil(bounded / 1000))),
    'retry-after-ms': String(Math.round(bounded)),
  }
}
