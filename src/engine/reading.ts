// What every way of reading an answer has in hand: types, and what follows from whose answer it is and for whom.
import type { Exchange } from '../dialects/dialect.ts'
import type { GatewayError } from '../ir/error.ts'
import type { OutputCount, Usage } from '../ir/usage.ts'
import type { Candidate } from '../policy/decision.ts'
import type { FetchResponse } from '../ports/index.ts'
import type { RequestContext } from './context.ts'
import { createEventCheck, type EventCheck } from './malformed.ts'
import { plausibleUsage, settledUsage } from './plausible.ts'
import type { Prepared } from './prepare.ts'
import type { Joining, Repairs } from './repair/index.ts'
import { realmOf, type SealOptions } from './state/index.ts'
import type { StreamEnd, StreamSource } from './stream.ts'
import type { Watchdog } from './watchdog.ts'

/** Whose answer it is, and for whom. */
export interface ReadOptions {
  readonly context: RequestContext
  readonly candidate: Candidate
  readonly prepared: Prepared
  /** Who else may go on where a stream breaks off; absent where nobody may. */
  readonly repairs?: Repairs | undefined
  /** It goes on where another stream broke off. */
  readonly joining?: Joining | undefined
}

export interface StreamOptions extends ReadOptions {
  readonly response: FetchResponse
  readonly watchdog: Watchdog
  /** Ends the upstream request. */
  readonly abort: () => void
  /** Called with the source before anything is read from it. */
  readonly expose: (source: StreamSource) => void
  /** How the use of this target ended. */
  readonly onUseEnd: (end: StreamEnd) => void
  /** How the request ended; behind `onUseEnd`, and not where somebody else goes on. */
  readonly onStreamEnd: (end: StreamEnd) => void
  readonly forClient: (error: GatewayError) => GatewayError
}

/** What both halves of an exchange may know. */
export function exchangeOf({ context, candidate }: ReadOptions): Exchange {
  return {
    requestId: context.requestId,
    facts: context.facts,
    upstream: candidate.dialect,
    model: candidate.model,
    createdAt: Math.floor(context.startedAt / 1000),
  }
}

/** Makes of a usage report one that can be true. */
export function plausibleIn({ wire, facts }: RequestContext): (usage: Usage) => Usage {
  return (usage) => plausibleUsage(usage, wire.body.bytes.length, facts.approxInputTokens)
}

/** Makes of what was told and what was counted the usage of an answer, for those who look at the trace. */
export function settledIn(context: RequestContext): (told: Usage | undefined, count: OutputCount | undefined) => Usage {
  const plausible = plausibleIn(context)
  const { approxInputTokens } = context.facts
  return (told, count) => settledUsage(told === undefined ? undefined : plausible(told), count, approxInputTokens)
}

/** How the tokens of the answer are sealed. */
export function sealingOf({ context, prepared }: ReadOptions): SealOptions {
  const request = context.canonical()
  return {
    keeper: context.state,
    ingress: context.ingress.id,
    realm: realmOf(prepared.origin),
    before: request.ok ? request.value.turns.findLast((turn) => turn.role === 'user') : undefined,
  }
}

/** What the route says of events that cannot be read. */
export function checkOf({ context, candidate }: ReadOptions): EventCheck {
  const route = candidate.route === null ? undefined : context.snapshot.routes.get(candidate.route)
  return createEventCheck(route?.malformedEvent ?? 'skip')
}
