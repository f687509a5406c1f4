// A name that clients ask for, and the targets that may answer: in what order, and until when they are left out.
import type { DialectId } from '../../ir/dialect-id.ts'
import type { TargetCapabilities } from '../capabilities.ts'
import type { ScoreProfile } from '../score-profiles.ts'
import type { Lane } from './models.ts'
import type { Timeouts } from './server.ts'

/** One place that a route may send to. */
export interface TargetRecord {
  readonly name: string
  readonly provider: string
  /** The provider's model id; `*` passes the client's own name on. */
  readonly model: string
  /** Pins the dialect spoken to the provider. */
  readonly dialect: DialectId | null
  readonly account: string | null
  readonly priority: number
  readonly weight: number
  readonly timeouts: Partial<Timeouts>
  /** Further tries of this target; null: as the policy says. */
  readonly maxRetries: number | null
  /** Takes the place of the provider's. */
  readonly region: string | null
  /** What happens to the call when the client leaves: it is ended, or read to its end and thrown away. */
  readonly onAbort: 'cancel' | 'drain'
  /** Absent: as its provider or its price says. */
  readonly lane?: Lane
  /** Absent: the defaults. */
  readonly breaker?: BreakerSettings
  /** Absent: the defaults. */
  readonly permanent?: PermanentFailures
}

/** When a target that fails is left out: after failures in a row, or after a share of them in a window. Milliseconds. */
export interface BreakerSettings {
  readonly enabled: boolean
  readonly failureThreshold: number
  readonly resetMs: number
  readonly windowMs: number
  readonly minRequests: number
  readonly errorPercent: number
  /** No failure keeps a target out for longer. */
  readonly maxOpenMs: number
}

/** How failures that do not pass by themselves are held: base × 2^min(n-1, exponent) for the n-th in a row. */
export interface PermanentFailures {
  readonly enabled: boolean
  readonly baseMs: number
  readonly maxExponent: number
  /** Regular expressions over `status code message` of a failure: what matches is permanent too. Absent: none. */
  readonly patterns?: readonly string[]
}

export type Strategy = 'priority' | 'round_robin' | 'weighted' | 'least_connections' | 'fastest' | 'cheapest' | 'score'

/** What a target of a route has to be able to do, whatever a request asks for. */
export type Requirements = Partial<
  Pick<
    TargetCapabilities,
    | 'streaming'
    | 'tools'
    | 'images'
    | 'imageSources'
    | 'audio'
    | 'files'
    | 'jsonSchema'
    | 'reasoning'
    | 'imageOutput'
    | 'serverTools'
  >
> & { readonly minContextTokens?: number }

/** One route with everything that its section of the file says. */
export interface RouteRecord {
  readonly name: string
  /** A glob over model names; absent where only the name itself matches. */
  readonly match: string | null
  readonly stripPrefix: boolean
  readonly strategy: Strategy
  /** Null: by the route's name. */
  readonly profile: ScoreProfile | null
  /** `session`: one session, one target, as long as it can be had. */
  readonly sticky: 'none' | 'session'
  readonly require: Requirements
  readonly targets: readonly TargetRecord[]
  /** Top-level request fields set where the client did not. */
  readonly defaults: Readonly<Record<string, unknown>>
  readonly fallback: {
    readonly enabled: boolean
    readonly maxAttempts: number
    readonly onContextOverflow: boolean
    /** Routes, or models of the same providers, for when no target of its own is left. */
    readonly degradeTo: readonly string[]
  }
  /** What becomes of an answer whose stream breaks off after its first content was sent. */
  readonly streamFailure: 'error' | 'continue' | 'restart_if_prefix_matches'
  /** What becomes of an event of the provider that cannot be read. */
  readonly malformedEvent: 'skip' | 'fail'
  readonly displayName: string | null
}
