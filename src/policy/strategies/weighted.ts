// `weighted`: smooth weighted round robin. Over as many requests as the weights sum up to, each target gets its weight.
import type { OrderBy } from './strategy.ts'
import { inTurn } from './turn.ts'

/** By turn, as often as its weight says; weight 0 is for when the others fail. */
export const weighted: OrderBy = (contenders, field) => inTurn(contenders, ({ target }) => target.weight, field)
