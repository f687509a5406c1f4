// How many calls beyond the first one of a request may go to targets that fail, as a value. While everything fails, what
// reaches the providers stays near what the clients ask for: retries must not keep down what is trying to get up.
// https://sre.google/sre-book/handling-overload/
import type { RetrySettings } from '../catalog/snapshot.ts'

/** What happened in one part of the window. */
interface Part {
  readonly from: number
  readonly requests: number
  readonly spent: number
}

/** Plain data. The newest part lies flat in it, so that a request costs one object. */
export interface RetryBudget extends Part {
  /** The parts before it, oldest first. */
  readonly past: readonly Part[]
}

/** The length of the sliding window in milliseconds. */
export const budgetWindowMs = 10_000
const partMs = 1000

export const freshBudget: RetryBudget = { from: 0, requests: 0, spent: 0, past: [] }

/** The budget once another request has come: it adds its share. */
export function withRequest(budget: RetryBudget, now: number): RetryBudget {
  const { from, requests, spent, past } = slid(budget, now)
  return { from, requests: requests + 1, spent, past }
}

/**
 * The budget after one more call to a target that fails; undefined where nothing is left of it. A first call, and one to
 * a target whose last outcome was a success, costs nothing and need not ask.
 */
export function withRetry(
  budget: RetryBudget,
  settings: RetrySettings['budget'],
  now: number,
): RetryBudget | undefined {
  const { from, requests, spent, past } = slid(budget, now)
  return retriesLeft(budget, settings, now) >= 1 ? { from, requests, spent: spent + 1, past } : undefined
}

/** How many such calls there may be at this moment; looking changes nothing. */
export function retriesLeft(
  budget: RetryBudget,
  { percent, minPerSecond }: RetrySettings['budget'],
  now: number,
): number {
  const parts = [...slid(budget, now).past, slid(budget, now)]
  const spent = parts.reduce((sum, part) => sum + part.spent, 0)
  // What was spent is remembered for one part longer than what gives a right to spend, so that no ten seconds, wherever
  // they begin, hold more calls than their requests allow.
  const counted = parts.filter(({ from }) => from > now - budgetWindowMs)
  const requests = counted.reduce((sum, part) => sum + part.requests, 0)
  const allowed = Math.max((requests * percent) / 100, (minPerSecond * budgetWindowMs) / 1000)
  return Math.max(0, Math.floor(allowed - spent))
}

function slid(budget: RetryBudget, now: number): RetryBudget {
  const from = Math.floor(now / partMs) * partMs
  if (from <= budget.from) return budget
  const { past, ...newest } = budget
  const kept = [...past, newest].filter((part) => part.from > now - budgetWindowMs - partMs)
  return { from, requests: 0, spent: 0, past: kept.filter((part) => part.requests > 0 || part.spent > 0) }
}
