// Switch's view of breakers: an object keyed `<model>-<provider name>`, where a model is our route and a provider our
// target, and the reset of one of them.
import { providerReset } from '../../operations/provider-reset.ts'
import { percentOf, providerStatus, type TargetStatus } from '../../operations/provider-status.ts'
import { operatorJson, perform } from '../control-plane.ts'
import type { Face } from './index.ts'

interface ProviderFace {
  readonly state: 'closed' | 'open' | 'half-open'
  readonly metrics: {
    readonly totalRequests: number
    readonly successfulRequests: number
    readonly failedRequests: number
    /** Milliseconds. */
    readonly averageResponseTime: number
    /** In percent, with two decimals. */
    readonly errorRate: number
  }
  readonly consecutiveFailures: number
  readonly lastFailureTime: string | null
  /** Until when it is left out; null where it is not. */
  readonly nextAttemptTime: string | null
  /** Left out for longer than the breaker says, and why; null where it is not. */
  readonly extendedTimeout: {
    readonly until: string
    readonly reason: string
    readonly failures: number
    readonly permanent: boolean
  } | null
}

export const statusFace: Face = {
  method: 'GET',
  path: '/admin/providers/status',
  async answer(c, options) {
    const { data } = await perform(c, providerStatus, options, undefined)
    return operatorJson(c, statusObject(data as readonly TargetStatus[]))
  },
}

/** The rows of `provider status` in Switch's shape; models that one target passes on count together. */
export function statusObject(rows: readonly TargetStatus[]): Readonly<Record<string, ProviderFace>> {
  const grouped = new Map<string, TargetStatus[]>()
  for (const row of rows) {
    const place = `${row.route ?? `${row.provider}/${row.model}`}\u0000${row.target}`
    grouped.set(place, [...(grouped.get(place) ?? []), row])
  }
  const entries: [string, ProviderFace][] = []
  const taken = new Set<string>()
  for (const [place, group] of grouped) {
    const plain = place.replace('\u0000', '-')
    // Two pairs of names may join to one; neither of them may hide the other.
    let key = plain
    for (let number = 2; taken.has(key); number++) key = `${plain}#${number}`
    taken.add(key)
    entries.push([key, faceOf(group)])
  }
  return Object.fromEntries(entries)
}

function faceOf(rows: readonly TargetStatus[]): ProviderFace {
  const sum = (of: (row: TargetStatus) => number): number => rows.reduce((total, row) => total + of(row), 0)
  const total = sum((row) => row.requests)
  const failed = sum((row) => row.failed)
  const state = (['open', 'half_open'] as const).find((each) => rows.some((row) => row.state === each)) ?? 'closed'
  const extended = extendedOf(rows)
  const openUntil = last(rows.map((row) => row.open_until))
  return {
    // Whoever knows only these states must read that nothing is sent.
    state: extended !== null ? 'open' : state === 'half_open' ? 'half-open' : state,
    metrics: {
      totalRequests: total,
      successfulRequests: sum((row) => row.succeeded),
      failedRequests: failed,
      averageResponseTime: total === 0 ? 0 : Math.round(sum((row) => (row.average_ms ?? 0) * row.requests) / total),
      errorRate: percentOf(failed, total),
    },
    consecutiveFailures: Math.max(...rows.map((row) => row.consecutive_failures)),
    lastFailureTime: last(rows.map((row) => row.last_failure?.at)),
    nextAttemptTime: last([openUntil, extended?.until]),
    extendedTimeout: extended,
  }
}

function last(times: readonly (string | null | undefined)[]): string | null {
  return (
    times
      .filter((time) => time !== null && time !== undefined)
      .toSorted()
      .at(-1) ?? null
  )
}

// Of a target as a whole; a lock of one account leaves the others.
function extendedOf(rows: readonly TargetStatus[]): ProviderFace['extendedTimeout'] {
  const locks = rows.flatMap((row) => (isLockedOut(row) ? row.locks : []))
  const longest = locks.toSorted((left, right) => left.until.localeCompare(right.until)).at(-1)
  if (longest === undefined) return null
  const { until, reason, failures, permanent } = longest
  return { until, reason, failures, permanent }
}

function isLockedOut({ locks, accounts_ready }: TargetStatus): boolean {
  return locks.some((lock) => lock.on === 'target') || (locks.length > 0 && accounts_ready === 0)
}

const resetPath = /^\/admin\/providers\/([^/]+)\/([^/]+)\/reset$/

export const resetFace: Face = {
  method: 'POST',
  path: '/admin/providers/:model/:provider/reset',
  async answer(c, options) {
    // Split first, decoded then: both names may hold slashes and colons.
    const { pathname } = new URL(c.req.raw.url)
    const [model = '', provider = ''] = (resetPath.exec(pathname) ?? []).slice(1).map(decodeURIComponent)
    const { data } = await perform(c, providerReset, options, { route: model, target: provider })
    return operatorJson(c, { success: true, reset: data })
  },
}
