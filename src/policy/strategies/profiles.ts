// How much each factor counts in the profiles of strategy `score`. The weights of a profile sum up to 1.
import type { ScoreProfile } from '../../catalog/score-profiles.ts'

export type FactorName =
  | 'selection_rank'
  | 'health'
  | 'account_availability'
  | 'cost'
  | 'latency'
  | 'ttft'
  | 'task_fit'
  | 'context_fit'

export interface Profile {
  readonly weights: Readonly<Partial<Record<FactorName, number>>>
  /** The strength of a model that `task_fit` looks for. */
  readonly strength?: string
  /** `context_fit` is the size of the window, and not how much of it the request leaves. */
  readonly wantsLargeContext?: boolean
}

export const profiles: Readonly<Record<ScoreProfile, Profile>> = {
  balanced: {
    weights: {
      selection_rank: 0.1,
      health: 0.25,
      account_availability: 0.15,
      cost: 0.15,
      latency: 0.15,
      context_fit: 0.2,
    },
  },
  cheap: {
    weights: {
      cost: 0.6,
      health: 0.15,
      account_availability: 0.1,
      selection_rank: 0.05,
      latency: 0.05,
      context_fit: 0.05,
    },
  },
  fast: {
    weights: {
      ttft: 0.3,
      latency: 0.25,
      health: 0.2,
      account_availability: 0.1,
      selection_rank: 0.05,
      cost: 0.05,
      context_fit: 0.05,
    },
  },
  coding: {
    strength: 'coding',
    weights: {
      task_fit: 0.3,
      health: 0.2,
      context_fit: 0.15,
      account_availability: 0.1,
      cost: 0.1,
      latency: 0.1,
      selection_rank: 0.05,
    },
  },
  private: {
    strength: 'private',
    weights: {
      task_fit: 0.6,
      health: 0.15,
      account_availability: 0.1,
      selection_rank: 0.05,
      cost: 0.05,
      latency: 0.05,
    },
  },
  'large-context': {
    wantsLargeContext: true,
    weights: {
      context_fit: 0.6,
      health: 0.15,
      account_availability: 0.1,
      selection_rank: 0.05,
      cost: 0.05,
      latency: 0.05,
    },
  },
  judge: {
    strength: 'judge',
    weights: {
      task_fit: 0.4,
      health: 0.2,
      account_availability: 0.1,
      context_fit: 0.1,
      selection_rank: 0.1,
      cost: 0.05,
      latency: 0.05,
    },
  },
  extract: {
    strength: 'extract',
    weights: {
      task_fit: 0.3,
      cost: 0.25,
      health: 0.15,
      latency: 0.15,
      account_availability: 0.1,
      selection_rank: 0.05,
    },
  },
}
