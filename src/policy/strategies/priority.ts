// `priority`: in the order of the file, unless the policy lets prices or times decide.
import { costOf } from './cheapest.ts'
import { bySpeed } from './fastest.ts'
import { byNumber, type OrderBy } from './strategy.ts'

/** By rank; with `cost_aware` the cheapest first, with `latency_aware` the fastest, with both the fastest of the cheapest. */
export const priority: OrderBy = (contenders, field) => {
  const { costAware, latencyAware } = field.policy
  if (!costAware && !latencyAware) return { order: contenders }
  const fast = latencyAware ? bySpeed(contenders, field) : contenders
  if (!costAware) return { order: fast, reasons: ['ordered_by=latency'] }
  const order = byNumber(fast, (contender) => costOf(contender, field))
  return { order, reasons: [latencyAware ? 'ordered_by=cost,latency' : 'ordered_by=cost'] }
}
