// The names that a client may send as its model. Pure.
import type { Snapshot } from '../catalog/snapshot.ts'

/** What a client may name. */
export interface ListedModel {
  readonly id: string
  readonly displayName: string
  readonly kind: 'route' | 'target'
  readonly ownedBy: string
  readonly targets: readonly string[]
}

/** Routes by name, then the targets behind them as `provider/model`; globs have no name to list. */
export function listModels(snapshot: Snapshot): readonly ListedModel[] {
  const listed = new Map<string, ListedModel>()
  for (const route of snapshot.routes.values()) {
    const targets = route.targets.map((target) => `${target.provider}/${target.model}`)
    if (route.match === null)
      listed.set(route.name, {
        id: route.name,
        displayName: route.displayName ?? route.name,
        kind: 'route',
        ownedBy: 'signalbox',
        targets,
      })
  }
  for (const route of snapshot.routes.values())
    for (const target of route.targets) {
      const id = `${target.provider}/${target.model}`
      if (target.model === '*' || listed.has(id)) continue
      const model = snapshot.models.get(target.model)
      listed.set(id, {
        id,
        displayName: model?.displayName ?? id,
        kind: 'target',
        ownedBy: model?.creator ?? target.provider,
        targets: [id],
      })
    }
  return [...listed.values()]
}
