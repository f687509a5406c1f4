// What the planner decides, as data: serving, previewing, explaining and replaying all read this one record.
import type { DialectId } from '../ir/dialect-id.ts'
import type { ScoreProfile } from '../catalog/score-profiles.ts'
import type { Strategy, TargetRecord } from '../catalog/snapshot.ts'
import type { ErrorCode } from '../ir/error.ts'
import type { AccountBy } from './accounts.ts'
import type { BreakerPhase } from './breaker.ts'
import type { CursorStep } from './cursor.ts'

/** How the model name was understood. */
export type ResolvedBy = 'route' | 'auto' | 'provider' | 'glob' | 'default_provider'

/** Why a candidate was not taken. Stable codes; the text may change. */
export type RejectionCode =
  | 'provider_missing'
  | 'no_common_dialect'
  | 'no_model'
  | 'streaming_unsupported'
  | 'tools_unsupported'
  | 'images_unsupported'
  | 'image_source_unsupported'
  | 'audio_unsupported'
  | 'files_unsupported'
  | 'schema_unsupported'
  | 'reasoning_unsupported'
  | 'choices_unsupported'
  | 'context_window'
  | 'client_profile'
  | 'target_locked'
  | 'account_locked'
  | 'breaker_open'
  | 'server_tools_unsupported'
  | 'image_output_unsupported'
  | 'requirement'
  | 'lane'
  | 'price'
  | 'cost_unknown'
  | 'context_unknown'
  | 'duplicate'

export interface Rejection {
  /** `provider/model`, for humans. */
  readonly target: string
  /** The target's own name, where that is another one. */
  readonly name?: string
  readonly code: RejectionCode
  readonly reason: string
  /** The account that is left out; the target itself may still be a candidate with another one. */
  readonly account?: string
  /** The failure that led to a lock, and milliseconds until it ends. */
  readonly lockedBy?: ErrorCode
  readonly retryInMs?: number
}

/** One target that can take the request, with everything an attempt needs to know of it. */
export interface Candidate {
  /** The route that the target is of; null where a provider was named directly. */
  readonly route: string | null
  readonly target: TargetRecord
  /** `provider/model`, for humans and headers. */
  readonly label: string
  /** The provider's model id, `*` already replaced. */
  readonly model: string
  /** The dialect to speak: the client's own where the provider offers it. */
  readonly dialect: DialectId
  /** Whether the bytes can travel untouched. */
  readonly passthrough: boolean
  /** Account ids in the order to try; empty where the provider needs none. */
  readonly accounts: readonly string[]
  /** Why the first account is the first. */
  readonly accountBy: AccountBy
  /** `half_open`: one request may find out whether it is well again, and has to claim that. */
  readonly breaker: BreakerPhase
  /** It stands in for the targets of the route, which are gone. */
  readonly degraded: boolean
  /** The context window in tokens; null where unknown. */
  readonly contextWindow: number | null
}

/** How strategy `score` and its kin came to their order. */
export interface TargetScore {
  readonly target: string
  /** The target's own name. */
  readonly name: string
  /** 0 to 1, higher is better. */
  readonly score: number
  /** The share of each factor before its weight, 0 to 1. */
  readonly factors: Readonly<Record<string, number>>
}

export interface RouteDecision {
  /** The model name as the client sent it. */
  readonly requested: string
  /** The route's name; null where a provider was named directly. */
  readonly route: string | null
  readonly resolvedBy: ResolvedBy
  readonly strategy: Strategy
  /** The weights of strategy `score`; null for every other. */
  readonly profile: ScoreProfile | null
  /** The first is selected, the rest are fallbacks in order. */
  readonly candidates: readonly Candidate[]
  readonly rejected: readonly Rejection[]
  readonly reasons: readonly string[]
  /** The model name was passed on without being known. */
  readonly unverified: boolean
  /** How many targets may be tried. */
  readonly maxAttempts: number
  readonly scores: readonly TargetScore[]
  /** How the cursor of the route moves on where this is served; null where it stays. */
  readonly cursor: CursorStep | null
  /** The number in [0, 1) that was drawn for this request: with it the decision can be made again. */
  readonly random: number
}

/** Characters of a summary, and of the fallbacks in it: intermediaries refuse headers of a few kilobytes. */
const maxSummary = 1024
const maxFallbacks = 512

/**
 * One line for `x-signalbox-route`: `route=fast strategy=priority selected=openai/gpt-4o fallbacks=[…] rejected=0`. A long
 * list of fallbacks is cut and says how many are left out; targets that stand in for those of the route have a `~`.
 */
export function summariseDecision(decision: RouteDecision): string {
  const [selected, ...fallbacks] = decision.candidates
  const route = decision.route === null ? '' : `route=${shortened(decision.route)} `
  const profile = decision.profile === null ? '' : ` profile=${decision.profile}`
  const unverified = decision.unverified ? ' unverified' : ''
  const summary =
    `${route}strategy=${decision.strategy}${profile} selected=${selected === undefined ? 'none' : named(selected)} ` +
    `fallbacks=[${listed(fallbacks)}] rejected=${decision.rejected.length}${unverified}`
  return summary.slice(0, maxSummary)
}

function named({ label, degraded }: Candidate): string {
  return degraded ? `~${shortened(label)}` : shortened(label)
}

function shortened(name: string): string {
  return name.length <= 128 ? name : `${name.slice(0, 125)}...`
}

function listed(candidates: readonly Candidate[]): string {
  let text = ''
  for (const [index, candidate] of candidates.entries()) {
    const longer = index === 0 ? named(candidate) : `${text},${named(candidate)}`
    if (longer.length > maxFallbacks) return `${text},+${candidates.length - index}`
    text = longer
  }
  return text
}
