// The Response to the client: status and headers that explain what happened, around the answer's body.
import { GatewayError } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import { summariseDecision, type RouteDecision } from '../policy/decision.ts'
import type { HeaderSource } from '../ports/index.ts'
import { forwardableResponseHeaders, headerValue } from '../wire/headers.ts'
import { scrub } from './scrub.ts'

const lossHeaderLimit = 2048

/** Headers that every answer of a planned request carries. */
export function decisionHeaders(requestId: string, revision: string, decision: RouteDecision): Record<string, string> {
  return {
    'x-signalbox-request-id': requestId,
    'x-signalbox-revision': revision,
    'x-signalbox-route': headerValue(summariseDecision(decision)),
  }
}

/** What the request lost on its way, by path: `messages[0].content[1] dropped, stop approximated`. */
export function lossHeader(losses: readonly Loss[]): Record<string, string> {
  if (losses.length === 0) return {}
  const text = losses.map((loss) => `${loss.path} ${loss.action}`).join(', ')
  return { 'x-signalbox-losses': headerValue(text, lossHeaderLimit) }
}

/** The provider's own headers that may travel. */
export function upstreamHeaders(headers: HeaderSource | undefined): Record<string, string> {
  return headers === undefined ? {} : Object.fromEntries(forwardableResponseHeaders(headers.entries()))
}

/** Statuses whose text of the provider helps the client and says nothing of us. */
const relayed = new Set([400, 404, 413, 422, 429, 529])

/**
 * What an error may say to the client: the provider's own words for a few statuses on the same dialect, scrubbed,
 * else our constant alone.
 */
export function errorForClient(error: GatewayError, sameDialect: boolean, secrets: readonly string[]): GatewayError {
  const report = error.upstream
  if (report === undefined) return error
  const relay = sameDialect && report.message !== undefined && relayed.has(error.status)
  return new GatewayError(error.code, {
    message: relay ? scrub(report.message, secrets) : error.message,
    status: error.status,
    retry: error.retry,
    ...(error.param !== undefined && sameDialect && { param: error.param }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    ...(relay && {
      upstream: {
        ...(report.type !== undefined && { type: scrub(report.type, secrets, 128) }),
        ...(report.code !== undefined && { code: scrub(report.code, secrets, 128) }),
        ...(report.details !== undefined && isClean(report.details, secrets) && { details: report.details }),
      },
    }),
  })
}

// A record cannot be scrubbed without breaking it, so one that holds anything like a key stays behind.
function isClean(details: object, secrets: readonly string[]): boolean {
  const text = JSON.stringify(details)
  return scrub(text, secrets, text.length) === text
}
