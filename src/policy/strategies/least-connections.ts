// `least_connections`: the target with the fewest requests under way, a stream counted to its end, relative to its weight.
import { targetKey } from '../health.ts'
import { byNumber, type Contender, type OrderBy } from './strategy.ts'
import { inTurn } from './turn.ts'

/** By requests under way for each unit of weight; targets that are equally busy take turns. */
export const leastConnections: OrderBy = (contenders, field) => {
  const { loads } = field.health
  const busyOf = ({ candidate, target }: Contender): number => {
    const load = loads.get(targetKey(candidate)) ?? 0
    // Without a weight it gets what the others cannot take.
    return target.weight === 0 ? Infinity : load / target.weight
  }
  const order = byNumber(contenders, busyOf)
  const [first] = order
  if (first === undefined) return { order }
  const least = busyOf(first)
  const tied = order.filter((contender) => busyOf(contender) === least)
  if (tied.length < 2 || least === Infinity) return { order }
  const turn = inTurn(tied, ({ target }) => target.weight, field)
  return { ...turn, order: [...turn.order, ...order.slice(tied.length)] }
}
