// What one request carries from its first line to its last. Built once by the door, read by everything below.
import type { ProviderRecord, Snapshot } from '../catalog/snapshot.ts'
import type { Session } from '../coordination/coordinator.ts'
import type { CredentialKeeper } from '../credentials/keeper.ts'
import type { AnyDialect, WireRequest } from '../dialects/dialect.ts'
import type { EmbeddingRequest } from '../ir/embedding.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { Outcome } from '../ir/error.ts'
import type { IrRequest } from '../ir/request.ts'
import type { RouteDecision } from '../policy/decision.ts'
import type { Ports } from '../ports/index.ts'
import type { Scrubber } from '../redaction/index.ts'
import type { ExtraCalls } from './extra-calls.ts'
import type { Finale } from './finale.ts'
import type { StateKeeper } from './state/index.ts'
import type { StreamSource } from './stream.ts'

/** One of several targets that are asked for the same request at the same time. */
export interface Contender {
  /** A call begins; `withdraw` ends it before its answer is there, for the reason that the trace gives. */
  began(withdraw: (reason: LossReason) => void): void
  /** Whether its answer may be the client's; from then on nobody else's may. */
  claim(): boolean
}

/** Why a call that had not failed came to nothing: somebody else answered or ended the request, or nobody waits for it. */
export type LossReason = 'hedge_lost' | 'client_cancelled'

/** A request that passed the door and has a plan. */
export interface RequestContext {
  readonly requestId: string
  readonly ports: Ports
  /** Pinned: a reload during the request changes nothing for it. */
  readonly snapshot: Snapshot
  readonly ingress: AnyDialect
  /** The client's request, route defaults and parameter aliases already applied. */
  readonly wire: WireRequest
  readonly facts: RequestFacts
  readonly decision: RouteDecision
  /** Plans once more, with what is known by now. */
  readonly replan: () => RouteDecision
  /** The client asked to be refused rather than translated with a loss. */
  readonly strict: boolean
  /** Fires when the client goes away before the answer has begun. */
  readonly clientSignal: AbortSignal
  /** Wall clock, Unix milliseconds. */
  readonly startedAt: number
  /** Monotonic, for durations and deadlines. */
  readonly startedMono: number
  /** What it waited for a slot, in milliseconds. */
  readonly queueMs: number
  readonly finale: Finale
  /** Absent where one target is asked at a time. */
  readonly contender?: Contender
  readonly credentials: CredentialKeeper
  /** What is known of accounts and targets, and told of them. */
  readonly session: Session
  /** What all requests of the app share of further calls. */
  readonly extraCalls: ExtraCalls
  /** Takes secrets out of whatever a provider says. */
  readonly scrubber: Scrubber
  /** Seals and opens what has to come back, under the caller's name. */
  readonly state: StateKeeper
  /** Streams that are under way in this gateway, so that a stop can end them properly. */
  readonly live: Set<StreamSource>
  /** Ends the connection of a client that has stopped reading. */
  readonly hangUp?: (() => void) | undefined
  /** The canonical request; decoded at most once, however many attempts need it. */
  readonly canonical: () => Outcome<IrRequest>
  /** The same for texts to embed. */
  readonly embedding: () => Outcome<EmbeddingRequest>
}

/** Calls `decode` at most once and remembers what it said. */
export function once<T>(decode: () => T): () => T {
  let memo: { readonly value: T } | undefined
  return () => (memo ??= { value: decode() }).value
}

/** The provider of a candidate. The planner only selects providers that exist, so absence is a bug. */
export function providerOf(context: RequestContext, id: string): ProviderRecord {
  const provider = context.snapshot.providers.get(id)
  if (provider === undefined) throw new Error(`the plan names provider ${id}, which the snapshot does not have`)
  return provider
}
