// Breakers for operators where instances share what keeps targets away, and count for themselves.
import { closed, withCounts, type Breaker } from '../policy/breaker.ts'
import type { Entries } from './known.ts'

/** The shared breakers with this instance's counts, and the counts alone where nothing is shared of a target. */
export function breakersOfView(own: ReadonlyMap<string, Breaker>, shared: Entries<Breaker>): Map<string, Breaker> {
  const merged = new Map<string, Breaker>()
  for (const [key, breaker] of own) merged.set(key, closed(breaker))
  for (const [key, breaker] of shared) merged.set(key, withCounts(breaker, own.get(key)))
  return merged
}
