// The names that a client may send as its model. Pure.
import { scoreProfiles } from '../catalog/score-profiles.ts'
import type { Snapshot } from '../catalog/snapshot.ts'
import { everyRoute } from './match-route.ts'

/** What a client may name. */
export interface ListedModel {
  readonly id: string
  readonly displayName: string
  readonly kind: 'route' | 'target'
  readonly ownedBy: string
  readonly targets: readonly string[]
}

/**
 * Routes by name, then `auto` with its profiles where there is something to choose from, then the targets behind the routes
 * as `provider/model`; globs have no name to list.
 */
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
  for (const profile of autoProfiles(snapshot)) if (!listed.has(profile.id)) listed.set(profile.id, profile)
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

function autoProfiles(snapshot: Snapshot): readonly ListedModel[] {
  const route = everyRoute(snapshot)
  if (route === undefined) return []
  const targets = route.targets
    .filter((target) => target.model !== '*')
    .map((target) => `${target.provider}/${target.model}`)
  const names = ['auto', ...scoreProfiles.filter((name) => name !== 'balanced').map((name) => `auto/${name}`)]
  return names.map((id) => ({ id, displayName: id, kind: 'route', ownedBy: 'signalbox', targets }))
}
