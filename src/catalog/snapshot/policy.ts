// What is decided once for all routes: locks, prices, what is not known, further tries.
import type { BreakerSettings, PermanentFailures } from './routes.ts'

/** The policy block. */
export interface PolicySettings {
  /** A schema that the provider's wire cannot say in full is refused instead of sent with less. */
  readonly strictSchemaDownlevel: boolean
  /** The longest that an account, a model of an account or a target is left out. */
  readonly lockMaxMs: number
  /** Of targets that are named without a route. */
  readonly direct: { readonly breaker: BreakerSettings; readonly permanent: PermanentFailures }
  /** Prices order the targets of every route with strategy `priority`, or latencies do. */
  readonly costAware: boolean
  readonly latencyAware: boolean
  readonly costBasis: 'blended' | 'expected'
  /** Nano-USD per million tokens, input plus output; null: no ceiling. */
  readonly maxPrice: number | null
  readonly unknownCost: UnknownPolicy
  readonly unknownContext: UnknownPolicy
  readonly lanes: { readonly free: boolean; readonly promo: boolean; readonly aggregator: boolean }
  readonly retry: RetrySettings
  readonly hedge: HedgeSettings
}

/** When the next target is asked although nobody has failed. */
export interface HedgeSettings {
  readonly enabled: boolean
  /** How long the one asked last may take before. */
  readonly delayMs: number
  /** Targets asked at the same time. */
  readonly maxParallel: number
}

/** What becomes of a target of which something is not known. */
export type UnknownPolicy = 'allow' | 'penalize' | 'reject'

/** Further tries of a target that failed. Milliseconds. */
export interface RetrySettings {
  readonly maxRetries: number
  readonly baseMs: number
  /** The longest wait before a further try, also where the provider asks for one. */
  readonly maxMs: number
  /** Calls beyond one per request that may go to targets that fail: a share of the requests, and always so many per second. */
  readonly budget: { readonly percent: number; readonly minPerSecond: number }
}
