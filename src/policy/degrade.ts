// What stands in for the targets of a route when none of them is left: the targets of other routes, or other models of the
// same providers. One step only: what a stand-in would degrade to itself does not count, so nothing goes round.
import type { RouteRecord, Snapshot, TargetRecord } from '../catalog/snapshot.ts'
import type { RouteMatch } from './match-route.ts'

/** Targets that are ordered among themselves. */
export interface Group {
  /** The route whose strategy, requirements and breakers count. */
  readonly route: RouteRecord | null
  readonly targets: readonly TargetRecord[]
  readonly degraded: boolean
}

/** The targets of a match, then those that stand in for them, in the order of the file. */
export function groupsOf({ route, targets }: RouteMatch, snapshot: Snapshot): readonly Group[] {
  const own: Group = { route, targets, degraded: false }
  if (route === null || route.fallback.degradeTo.length === 0 || !route.fallback.enabled) return [own]
  return [own, ...route.fallback.degradeTo.map((name) => standIn(name, route, snapshot))]
}

function standIn(name: string, route: RouteRecord, snapshot: Snapshot): Group {
  const other = snapshot.routes.get(name)
  if (other !== undefined) return { route: other, targets: other.targets, degraded: true }
  const targets = new Map<string, TargetRecord>()
  for (const target of route.targets) {
    const place = placeOf(target, name)
    if (!targets.has(place)) targets.set(place, { ...target, model: name })
  }
  return { route, targets: [...targets.values()], degraded: true }
}

/** Where a target sends: two of one place are one to whoever has to find another. */
export function placeOf({ provider, account, region }: TargetRecord, model: string): string {
  return `${provider}\u0000${model}\u0000${account ?? ''}\u0000${region ?? ''}`
}
