// `cheapest`: the lowest price, unknown ones last.
import { blendedPrice, expectedCost } from '../price.ts'
import type { Contender, Field, OrderBy } from './strategy.ts'
import { byNumber } from './strategy.ts'

/** By input plus output price, or by what this request is expected to cost where the policy says so. */
export const cheapest: OrderBy = (contenders, field) => ({
  order: byNumber(contenders, (contender) => costOf(contender, field)),
})

/** What targets are compared by, in nano-USD; null where unknown. */
export function costOf(contender: Contender, { facts, policy }: Pick<Field, 'facts' | 'policy'>): number | null {
  return policy.costBasis === 'expected' ? expectedCost(contender, facts) : blendedPrice(contender, facts)
}
