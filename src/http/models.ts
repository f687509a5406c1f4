// The list of models in the shape that the caller's SDK reads.
import type { Snapshot } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'

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

// Neither list has a date for a name of our own, and both SDKs want one.
const created = 0
const createdAt = '1970-01-01T00:00:00Z'

/** `GET /v1/models`: OpenAI's list, or Anthropic's where `anthropic-version` was sent. */
export function modelsResponse(snapshot: Snapshot, anthropic: boolean): object {
  const models = listModels(snapshot)
  if (!anthropic) return { object: 'list', data: models.map(openaiModel) }
  return {
    data: models.map(anthropicModel),
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  }
}

/** `GET /v1/models/{id}`. Throws `model_not_found`. */
export function modelResponse(snapshot: Snapshot, id: string, anthropic: boolean): object {
  const model = listModels(snapshot).find((candidate) => candidate.id === id)
  if (model === undefined) throw new GatewayError('model_not_found', { param: 'model' })
  return anthropic ? anthropicModel(model) : openaiModel(model)
}

function openaiModel(model: ListedModel): object {
  const { id, ownedBy, kind, targets } = model
  return { id, object: 'model', created, owned_by: ownedBy, signalbox: { kind, targets } }
}

function anthropicModel(model: ListedModel): object {
  return { type: 'model', id: model.id, display_name: model.displayName, created_at: createdAt }
}
