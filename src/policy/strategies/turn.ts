// Whose turn it is among some targets: what weighted, round robin and the ties of least connections share.
import { byTurn, type CursorStep } from '../cursor.ts'
import { claimOf } from '../rendezvous.ts'
import type { Contender, Field } from './strategy.ts'

export interface InTurn {
  readonly order: readonly Contender[]
  readonly cursor?: CursorStep
}

/**
 * Targets in the order of their turn. Those without weight stand for no election and go last. Where no turn is taken, the
 * random number of the request decides instead, with the same shares.
 */
export function inTurn(
  contenders: readonly Contender[],
  weightOf: (contender: Contender) => number,
  { route, health, random, takesTurns }: Field,
): InTurn {
  const electors = contenders.filter((contender) => weightOf(contender) > 0)
  const idle = electors.length === contenders.length ? [] : contenders.filter((one) => !(weightOf(one) > 0))
  if (!takesTurns) return { order: [...byClaim(String(random), electors, weightOf), ...idle] }
  const ballot = electors.map((contender) => ({ name: contender.target.name, weight: weightOf(contender) }))
  const order = byTurn(health.cursors.get(route) ?? {}, ballot).flatMap((place) => electors[place] ?? [])
  const [picked] = order
  const all = [...order, ...idle]
  // Nobody gets ahead of anybody where there is nobody else.
  if (picked === undefined || order.length === 1) return { order: all }
  const weights = Object.fromEntries(ballot.map(({ name, weight }) => [name, weight]))
  return { order: all, cursor: { route, weights, picked: picked.target.name } }
}

/** Targets in the order of their claim to a key; the same key, the same order. */
export function byClaim(
  key: string,
  contenders: readonly Contender[],
  weightOf: (contender: Contender) => number,
): readonly Contender[] {
  const claims = new Map(contenders.map((one) => [one, claimOf(key, one.target.name, weightOf(one))]))
  return contenders.toSorted((left, right) => (claims.get(right) ?? 0) - (claims.get(left) ?? 0))
}
