// The Response to the client: status and headers that explain what happened, around the answer's body.
import { GatewayError } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { CompatSystem } from '../catalog/snapshot.ts'
import type { BreakerPhase } from '../policy/breaker.ts'
import { summariseDecision, type Candidate, type RouteDecision } from '../policy/decision.ts'
import type { HeaderSource } from '../ports/index.ts'
import { forwardableResponseHeaders, headerValue } from '../wire/headers.ts'
import { cleanError, type Scrubber } from '../redaction/index.ts'

/** Characters of `x-signalbox-losses`, and of one entry in it. */
export const lossHeaderLimit = 2048
const maxLossEntry = 256

/** Headers that every answer of a planned request carries. */
export function decisionHeaders(requestId: string, revision: string, decision: RouteDecision): Record<string, string> {
  return {
    'x-signalbox-request-id': requestId,
    'x-signalbox-revision': revision,
    'x-signalbox-route': headerValue(summariseDecision(decision)),
  }
}

/** What the request waited for a slot, in milliseconds; nothing where it did not wait. */
export function queueHeader(queueMs: number): Record<string, string> {
  return queueMs > 0 ? { 'x-signalbox-queue-ms': String(Math.max(1, Math.round(queueMs))) } : noHeaders
}

const noHeaders: Record<string, string> = {}

/** A breaker's phase in the word of Switch. */
const circuitStates: Readonly<Record<BreakerPhase, string>> = {
  closed: 'closed',
  open: 'open',
  half_open: 'half-open',
}

/**
 * Headers of an answer: who gave it, whether somebody else should have, how the circuit of that target stood, and how long
 * it took to the response headers, in milliseconds. The names are those of Switch, and carry no brand.
 */
export function usedHeaders(
  candidate: Candidate,
  { candidates }: RouteDecision,
  headersMs: number,
): Record<string, string> {
  return {
    'x-used-provider': candidate.target.provider,
    ...(candidate !== candidates[0] && { 'x-used-fallback': 'true' }),
    'x-circuit-breaker-state': circuitStates[candidate.breaker],
    'x-provider-response-time': String(Math.round(headersMs)),
  }
}

/** Our headers by the names that clients of earlier systems know them by. */
const earlierNames: Readonly<Record<CompatSystem, Readonly<Record<string, string>>>> = {
  switchback: {
    'x-signalbox-route': 'x-switchback-route',
    'x-signalbox-request-id': 'x-switchback-request-id',
    'x-signalbox-revision': 'x-switchback-revision',
    'x-signalbox-queue-ms': 'x-switchback-queue-ms',
    'x-signalbox-client-profile': 'x-switchback-client-profile',
    'x-signalbox-client-protocol': 'x-switchback-client-protocol',
  },
  switchmaxxer: { 'x-signalbox-request-id': 'x-switchmaxxer-request-id' },
  switch: {},
}

/** Adds to the headers of a response, ours among them, the same by the names of earlier systems. */
export function addEarlierNames(headers: Headers, systems: readonly CompatSystem[]): void {
  for (const system of systems)
    for (const [ours, theirs] of Object.entries(earlierNames[system])) {
      const value = headers.get(ours)
      if (value !== null) headers.set(theirs, value)
    }
}

/**
 * What the request lost on its way, by path: `messages[0].content[1] dropped, stop approximated`. The same loss at many
 * places of a list is one entry with its count, `messages[*].name dropped (12)`; what does not fit is counted at the end.
 */
export function lossHeader(losses: readonly Loss[]): Record<string, string> {
  if (losses.length === 0) return {}
  const entries = collapsed(losses).map((entry) => headerValue(entry, maxLossEntry))
  let text = ''
  for (const [index, entry] of entries.entries()) {
    const longer = text === '' ? entry : `${text}, ${entry}`
    const left = entries.length - index - 1
    // Whatever is said last, the count of what was left out has to fit behind it.
    if (longer.length + (left > 0 ? andMore(left).length : 0) > lossHeaderLimit)
      return { 'x-signalbox-losses': `${text}${andMore(left + 1)}` }
    text = longer
  }
  return { 'x-signalbox-losses': text }
}

function andMore(count: number): string {
  return ` and ${count} more`
}

function collapsed(losses: readonly Loss[]): string[] {
  const groups = new Map<string, { readonly first: Loss; count: number }>()
  for (const loss of losses) {
    const group = `${loss.path.replaceAll(/\[\d+\]/g, '[*]')} ${loss.action}`
    const known = groups.get(group)
    if (known === undefined) groups.set(group, { first: loss, count: 1 })
    else known.count++
  }
  return [...groups].map(([group, { first, count }]) =>
    count === 1 ? `${first.path} ${first.action}` : `${group} (${count})`,
  )
}

/** The provider's own headers that may travel, without those whose value quotes a key. */
export function upstreamHeaders(headers: HeaderSource | undefined, scrubber: Scrubber): Record<string, string> {
  if (headers === undefined) return {}
  const kept = forwardableResponseHeaders(headers.entries())
  if (kept.length === 0) return {}
  // All at once: it is asked for every answer, and nearly always clean.
  const clean = scrubber.isClean(kept.map(([, value]) => value).join(' '))
  return Object.fromEntries(clean ? kept : kept.filter(([, value]) => scrubber.isClean(value)))
}

/** The error with the wait that is true for the whole route, where it is one that passes with time. */
export function withWait(error: GatewayError, waitMs: number | undefined): GatewayError {
  const passes = error.status === 429 || error.status === 503 || error.status === 529
  if (!passes || waitMs === undefined || waitMs === error.retryAfterMs) return error
  const { code, message, status, retry, param, upstream } = error
  return new GatewayError(code, {
    message,
    status,
    retry,
    retryAfterMs: waitMs,
    ...(param !== undefined && { param }),
    ...(upstream !== undefined && { upstream }),
  })
}

/** Statuses whose text of the provider helps the client and says nothing of us. */
const relayed = new Set([400, 404, 413, 422, 429, 529])

/**
 * What an error may say to the client: the provider's own words for a few statuses on the same dialect, scrubbed,
 * else our constant alone.
 */
export function errorForClient(error: GatewayError, sameDialect: boolean, scrubber: Scrubber): GatewayError {
  const report = error.upstream
  if (report === undefined) return cleanError(error, scrubber)
  const relay = sameDialect && report.message !== undefined && relayed.has(error.status)
  return new GatewayError(error.code, {
    message: relay ? scrubber.scrub(report.message) : scrubber.scrub(error.message),
    status: error.status,
    retry: error.retry,
    ...(error.param !== undefined && sameDialect && { param: scrubber.scrub(error.param, 256) }),
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
    ...(relay && {
      upstream: {
        ...(report.type !== undefined && { type: scrubber.scrub(report.type, 128) }),
        ...(report.code !== undefined && { code: scrubber.scrub(report.code, 128) }),
        // A record cannot be scrubbed without breaking it, so one that holds anything like a key stays behind.
        ...(report.details !== undefined &&
          scrubber.isClean(JSON.stringify(report.details)) && { details: report.details }),
      },
    }),
  })
}
