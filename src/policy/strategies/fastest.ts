// `fastest`: the lowest moving average of the time to the first content (streams) or to the end (whole answers). What is
// not known has to be found out, but by one request at a time.
import { targetKey } from '../health.ts'
import { relevantMs } from '../speed.ts'
import { byNumber, type Contender, type Field, type OrderBy } from './strategy.ts'

/** The share of requests that go to another target than the fastest, so that one that got faster is noticed. */
export const explorationShare = 0.05

/** Unmeasured targets that nobody is measuring, then the measured by their average, then those being measured. */
export const fastest: OrderBy = (contenders, field) => {
  const ranked = bySpeed(contenders, field)
  const { random } = field
  if (random < 1 - explorationShare) return { order: ranked }
  // The rest of the number is as good as another one: it says which.
  const rest = (random - (1 - explorationShare)) / explorationShare
  const explored = ranked[1 + Math.floor(rest * (ranked.length - 1))]
  if (explored === undefined) return { order: ranked }
  return {
    order: [explored, ...ranked.filter((contender) => contender !== explored)],
    reasons: [`explores=${explored.target.name}`],
  }
}

/** The fastest first, without the exploration of what is known. */
export function bySpeed(contenders: readonly Contender[], { facts, health }: Field): readonly Contender[] {
  const placeOf = ({ candidate }: Contender): number => {
    const key = targetKey(candidate)
    const ms = relevantMs(health.speeds.get(key), facts.stream, health.now)
    if (ms !== undefined) return ms
    const load = health.loads.get(key) ?? 0
    // Behind every time that can be measured, the least busy first.
    return load === 0 ? -1 : Number.MAX_SAFE_INTEGER + load
  }
  return byNumber(contenders, placeOf)
}
