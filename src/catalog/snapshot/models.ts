// A model wherever it is had: what it costs, what it can do.
import type { TargetCapabilities } from '../capabilities.ts'

/** Prices in integer nano-USD per million tokens; null where unknown, never 0. */
export interface Price {
  readonly input: number | null
  readonly output: number | null
  readonly cacheRead: number | null
  readonly cacheWrite: number | null
  readonly cacheWrite1h: number | null
  readonly request: number | null
}

export interface ModelRecord {
  readonly id: string
  readonly creator: string | null
  readonly displayName: string | null
  readonly contextWindow: number | null
  readonly price: Price | null
  /** Where they differ from those of its provider. */
  readonly capabilities: TargetCapabilities
  /** What it is good at, in the words of the score profiles. */
  readonly strengths: readonly string[]
}

/** How something is paid for. */
export type Lane = 'standard' | 'free' | 'promo' | 'aggregator'
