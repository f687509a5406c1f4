// `score`: several factors at once, weighted by a profile.
import type { TargetScore } from '../decision.ts'
import { factors } from './factors.ts'
import { profiles, type FactorName } from './profiles.ts'
import { byNumber, type Contender, type Field, type OrderBy } from './strategy.ts'

/** A factor with the share of each contender, in their order. */
interface Column {
  readonly name: FactorName
  readonly weight: number
  readonly shares: readonly number[]
}

/**
 * By the weighted sum of all factors, the highest first. A factor that is known of nobody drops out, and the weights of
 * the others grow so that they sum up to 1 again. Scores are rounded, so that noise decides nothing.
 */
export const score: OrderBy = (contenders, field) => {
  const profile = profiles[field.profile]
  const columns: Column[] = []
  for (const [name, weight] of Object.entries(profile.weights)) {
    const shares = sharesOf(name as FactorName, contenders, field)
    if (shares !== undefined) columns.push({ name: name as FactorName, weight, shares })
  }
  const sum = columns.reduce((total, { weight }) => total + weight, 0)
  const scores = contenders.map((contender, index): TargetScore => {
    const total = columns.reduce((value, { weight, shares }) => value + weight * (shares[index] ?? 0), 0)
    const shown = columns.map(({ name, shares }) => [name, rounded(shares[index] ?? 0)] as const)
    return {
      target: contender.candidate.label,
      name: contender.target.name,
      score: rounded(sum === 0 ? 0 : total / sum),
      factors: Object.fromEntries(shown),
    }
  })
  const scoreOf = new Map(contenders.map((contender, index) => [contender, scores[index]?.score ?? 0]))
  const order = byNumber(contenders, (contender) => -(scoreOf.get(contender) ?? 0))
  return { order, scores, reasons: [`profile=${field.profile}`] }
}

/** Undefined where the factor is known of nobody. */
function sharesOf(name: FactorName, contenders: readonly Contender[], field: Field): readonly number[] | undefined {
  const profile = profiles[field.profile]
  const factor = factors[name]
  const measures = contenders.map((contender) => factor.measure(contender, field, profile))
  const known = measures.filter((measure) => measure !== undefined)
  if (known.length === 0) return undefined
  const least = Math.min(...known)
  const most = Math.max(...known)
  const scale = factor.scale(profile)
  return measures.map((measure, index) => {
    const contender = contenders[index]
    if (measure === undefined) return contender === undefined ? 0 : factor.unknown(contender, field)
    if (scale === 'share') return measure
    if (most === least) return 1
    const above = (measure - least) / (most - least)
    return scale === 'less' ? 1 - above : above
  })
}

function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000
}
