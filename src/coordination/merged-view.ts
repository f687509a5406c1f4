// What several servers see, as one: the worst of each lock and breaker, and the sum of what is counted.
import type { Breaker } from '../policy/breaker.ts'
import type { Lock } from '../policy/locks.ts'
import type { Entries, Known } from './known.ts'
import type { ViewAnswer } from './messages.ts'
import type { AccountTally } from './tally.ts'

/** One view of many; of at least one. */
export function mergedView(views: readonly ViewAnswer[]): ViewAnswer {
  const all = <K extends keyof Known>(key: K): Known[K][] => views.map(({ known }) => known[key])
  return {
    now: Math.max(...views.map(({ now }) => now)),
    known: {
      locks: merged<Lock>(all('locks'), (left, right) => (left.until >= right.until ? left : right)),
      breakers: merged<Breaker>(all('breakers'), worse),
      loads: merged(all('loads'), (left, right) => left + right),
      turns: merged(all('turns'), Math.max),
      homes: merged(all('homes'), (left, right) => (left.usedAt >= right.usedAt ? left : right)),
      speeds: merged(all('speeds'), (left) => left),
      cursors: merged(all('cursors'), (left) => left),
    },
    tallies: merged<AccountTally>(
      views.map(({ tallies }) => tallies),
      (left, right) => ({
        lastUsedAt: Math.max(left.lastUsedAt, right.lastUsedAt),
        attempts: left.attempts + right.attempts,
        failures: left.failures + right.failures,
        authFailures: left.authFailures + right.authFailures,
      }),
    ),
    slots: merged(
      views.map(({ slots }) => slots),
      (left, right) => left + right,
    ),
  }
}

function merged<V>(lists: readonly Entries<V>[], join: (left: V, right: V) => V): Entries<V> {
  const result = new Map<string, V>()
  for (const [key, value] of lists.flat()) {
    const known = result.get(key)
    result.set(key, known === undefined ? value : join(known, value))
  }
  return [...result]
}

function worse(left: Breaker, right: Breaker): Breaker {
  const worst = [left, right].toSorted(
    (one, other) =>
      Number(other.isOpen) - Number(one.isOpen) || other.until - one.until || other.consecutive - one.consecutive,
  )[0]
  return {
    ...(worst ?? left),
    requests: left.requests + right.requests,
    failures: left.failures + right.failures,
    totalMs: left.totalMs + right.totalMs,
  }
}
