// The list of models in the shape that the caller's SDK reads.
import type { Hono } from 'hono'
import type { Snapshot } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import { listModels, type ListedModel } from '../policy/list-models.ts'
import { matchRoute } from '../policy/match-route.ts'
import type { DoorEnv } from './door.ts'
import { errorResponse } from './errors.ts'
import { dialectOfModels } from './ingress.ts'

// Neither list has a date for a name of our own, and both SDKs want one.
const created = 0
const createdAt = '1970-01-01T00:00:00Z'

/** The list of models in one wire's own shape. */
interface ListShape {
  list(models: readonly ListedModel[]): object
  one(model: ListedModel): object
}

const openaiShape: ListShape = {
  list: (models) => ({ object: 'list', data: models.map(openaiShape.one) }),
  one: ({ id, ownedBy, kind, targets }) => ({
    id,
    object: 'model',
    created,
    owned_by: ownedBy,
    signalbox: { kind, targets },
  }),
}

const anthropicShape: ListShape = {
  list: (models) => ({
    data: models.map(anthropicShape.one),
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  }),
  one: (model) => ({ type: 'model', id: model.id, display_name: model.displayName, created_at: createdAt }),
}

// https://ai.google.dev/api/models
const geminiShape: ListShape = {
  list: (models) => ({ models: models.map(geminiShape.one) }),
  one: (model) => ({
    name: `models/${model.id}`,
    displayName: model.displayName,
    supportedGenerationMethods: ['generateContent', 'streamGenerateContent', 'countTokens'],
  }),
}

function shapeOf(path: string, headers: Headers): ListShape {
  switch (dialectOfModels(path, headers).id) {
    case 'anthropic-messages':
      return anthropicShape
    case 'gemini':
      return geminiShape
    default:
      return openaiShape
  }
}

/** A name that is not listed but served all the same: behind a glob, or as `provider/model`. */
function unlisted(id: string, snapshot: Snapshot): ListedModel | undefined {
  const match = id === '' ? undefined : matchRoute(id, snapshot)
  if (match === undefined) return undefined
  const targets = match.targets.map(({ provider, model }) => `${provider}/${model === '*' ? match.clientModel : model}`)
  const kind = match.route === null ? 'target' : 'route'
  return { id, displayName: id, kind, ownedBy: 'signalbox', targets }
}

const prefixes = ['/v1/models', '/anthropic/v1/models', '/v1beta/models', '/gemini/v1beta/models', '/gemini/v1/models']

/** Adds `GET …/models` and `GET …/models/{id}` in the shape that the caller's SDK reads. */
export function mountModels(app: Hono<DoorEnv>): void {
  for (const prefix of prefixes) {
    app.get(prefix, (c) => c.json(shapeOf(prefix, c.req.raw.headers).list(listModels(c.get('snapshot')))))
    app.get(`${prefix}/*`, (c) => {
      const { headers } = c.req.raw
      const path = c.get('path')
      const id = path.slice(prefix.length + 1)
      const snapshot = c.get('snapshot')
      const model = listModels(snapshot).find((candidate) => candidate.id === id) ?? unlisted(id, snapshot)
      if (model !== undefined) return c.json(shapeOf(prefix, headers).one(model))
      return errorResponse(new GatewayError('model_not_found', { param: 'model' }), path, c.get('requestId'), headers)
    })
    app.all(prefix, (c) => {
      const refusal = new GatewayError('method_not_allowed')
      const response = errorResponse(refusal, prefix, c.get('requestId'), c.req.raw.headers)
      response.headers.set('allow', 'GET')
      return response
    })
  }
}
