// The shape that every strategy has: targets that can take the request in, the same targets in another order out.
import type { ScoreProfile } from '../../catalog/score-profiles.ts'
import type { PolicySettings } from '../../catalog/snapshot.ts'
import type { RequestFacts } from '../../ir/facts.ts'
import type { CursorStep } from '../cursor.ts'
import type { Candidate, TargetScore } from '../decision.ts'
import type { Health } from '../health.ts'
import type { Priced } from '../price.ts'

/** A target that can take the request. */
export interface Contender extends Priced {
  readonly candidate: Candidate
  /** Its place by priority, and among equals as declared: what decides where a strategy sees no difference. */
  readonly rank: number
  /** It goes after the others, because this of it is not known. */
  readonly penalty: 'cost' | 'context' | null
  /** Accounts of it that cannot be used at the moment. */
  readonly locked: number
}

/** What a strategy may look at besides the targets. */
export interface Field {
  /** The name of the route, which its cursor has. */
  readonly route: string
  readonly facts: RequestFacts
  readonly policy: PolicySettings
  readonly health: Health
  readonly profile: ScoreProfile
  /** Uniform in [0, 1); drawn once for the request. */
  readonly random: number
  /** Whether whose turn it is counts: targets that stand in for those of a route take none. */
  readonly takesTurns: boolean
}

export interface Ordering {
  /** Every contender, best first. */
  readonly order: readonly Contender[]
  /** How the cursor moves where this is served; absent: it stays. */
  readonly cursor?: CursorStep
  readonly scores?: readonly TargetScore[]
  /** In words for the decision, `key=value`. */
  readonly reasons?: readonly string[]
}

/** Orders two or more contenders, which come by rank. Changes nothing. */
export type OrderBy = (contenders: readonly Contender[], field: Field) => Ordering

/** By a number, the smallest first; what has none goes last, and equals keep their order. */
export function byNumber(
  contenders: readonly Contender[],
  numberOf: (contender: Contender) => number | undefined | null,
): readonly Contender[] {
  const numbers = new Map(contenders.map((contender) => [contender, numberOf(contender) ?? Infinity]))
  return contenders.toSorted((left, right) => compared(numbers.get(left) ?? 0, numbers.get(right) ?? 0))
}

function compared(left: number, right: number): number {
  // Infinity minus itself is no number.
  return left === right ? 0 : left - right
}
