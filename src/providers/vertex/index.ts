// Google's Vertex AI: one address for the models of several publishers, each spoken to on its own wire.
// https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference
// https://platform.claude.com/docs/en/api/claude-on-vertex-ai
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { baseUrlAt, type CallPlace, type Provider } from '../provider.ts'
import { claudeId } from './models.ts'

/** Where Google is reached at a place: a region by its name, the whole world and the two large areas at hosts of their own. */
const hosts: Readonly<Record<string, string>> = {
  global: 'https://aiplatform.googleapis.com',
  us: 'https://aiplatform.us.rep.googleapis.com',
  eu: 'https://aiplatform.eu.rep.googleapis.com',
}
const regional = 'https://{region}-aiplatform.googleapis.com'

/** The places where lists of models are asked for: they are the same everywhere, and are only kept in version v1beta1. */
const publishers = ['google', 'anthropic']

export const vertex: Provider = {
  type: 'vertex',
  modelId: ({ dialect, model }) => (dialect === 'anthropic-messages' ? claudeId(model) : model),
  url: urlOf,
  discovery({ provider, region }) {
    const base = baseAt(provider, region ?? 'global')
    if (!base.ok) return base
    return ok(publishers.map((publisher) => `${base.value}/v1beta1/publishers/${publisher}/models?pageSize=200`))
  },
}

function baseAt(provider: CallPlace['provider'], region: string): Outcome<string> {
  const host = provider.baseUrl === regional && Object.hasOwn(hosts, region) ? hosts[region] : undefined
  return host === undefined ? baseUrlAt(provider, region) : ok(host)
}

function urlOf(path: string, place: CallPlace): Outcome<string> {
  const { provider } = place
  const region = place.region ?? 'global'
  if (provider.project === null)
    return failed('missing_credential', {
      message: `provider ${provider.id} needs "project", the id of a Google project`,
    })
  const base = baseAt(provider, region)
  if (!base.ok) return base
  const trunk = `projects/${encodeURIComponent(provider.project)}/locations/${region}`
  const resource = place.dialect === 'anthropic-messages' ? claudePath(place) : geminiPath(path, place)
  if (!resource.ok) return resource
  const root = base.value.endsWith('/v1') ? base.value : `${base.value}/v1`
  if (!resource.value.startsWith('projects/')) return ok(`${root}/${trunk}/${resource.value}`)
  // A resource that says where it is, such as a tuned model. Names come from clients too, so it has to be our project's.
  return resource.value.startsWith(`projects/${encodeURIComponent(provider.project)}/`)
    ? ok(`${root}/${resource.value}`)
    : failed('invalid_model', { param: 'model', message: 'model: a resource of another project than the provider has' })
}

function claudePath({ model, task, stream }: CallPlace): Outcome<string> {
  const models = 'publishers/anthropic/models'
  if (task === 'count-tokens') return ok(`${models}/count-tokens:rawPredict`)
  const name = model.startsWith(`${models}/`) ? model.slice(models.length + 1) : model
  return ok(`${models}/${escaped(name)}:${stream ? 'streamRawPredict' : 'rawPredict'}`)
}

/** The wire's own path says what is asked, and how a stream is framed; everything before it is Vertex's. */
function geminiPath(path: string, { model }: CallPlace): Outcome<string> {
  const action = /:(\w+)(\?.*)?$/.exec(path)?.[0] ?? ''
  if (/^(?:publishers|projects|endpoints)\//.test(model)) return ok(escaped(model) + action)
  return ok(`publishers/google/models/${escaped(model.replace(/^models\//, ''))}${action}`)
}

function escaped(name: string): string {
  return name
    .split('/')
    .map((segment) => encodeURIComponent(segment).replaceAll('%40', '@'))
    .join('/')
}
