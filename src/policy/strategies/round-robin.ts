// `round_robin`: one after the other, whatever the weights.
import type { OrderBy } from './strategy.ts'
import { inTurn } from './turn.ts'

/** By turn, all alike. */
export const roundRobin: OrderBy = (contenders, field) => inTurn(contenders, () => 1, field)
