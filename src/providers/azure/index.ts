// Azure OpenAI and Azure AI Foundry: OpenAI's wires at a resource of one's own, in two styles. The v1 API takes the
// deployment as the model in the body; the dated API has it in the path, and wants a version.
// https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle
// https://learn.microsoft.com/azure/foundry/openai/reference
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { CallPlace, DiscoveryPlace, Provider } from '../provider.ts'

/** For a provider that names a deployment and no version: the newest that is no preview, and the newest there is. */
const newestVersion = '2024-10-21'
const newestPreview = '2025-04-01-preview'

export const azure: Provider = {
  type: 'azure',
  // What Azure calls a model is the name of the deployment, in the path and in the body alike.
  modelId: ({ provider, model }) => provider.deployment ?? model,
  url: urlOf,
  discovery: ({ provider }) => {
    const base = rootOf(provider)
    if (!base.ok) return base
    const version = datedVersion(provider)
    return ok([
      version === undefined
        ? `${base.value}/openai/v1/models${queryOf(provider)}`
        : `${base.value}/openai/models?api-version=${version}`,
    ])
  },
}

/** A date, where the provider is of the dated style: `v1`, `latest` and `preview` are words of the newer one. */
function datedVersion({ apiVersion, deployment }: CallPlace['provider']): string | undefined {
  if (apiVersion !== null && /^\d/.test(apiVersion)) return apiVersion
  return deployment === null || apiVersion !== null ? undefined : newestVersion
}

function queryOf({ apiVersion }: CallPlace['provider']): string {
  return apiVersion === 'preview' || apiVersion === 'latest' ? `?api-version=${apiVersion}` : ''
}

/** The address of the resource, however much of a path was written behind it. */
function rootOf({ id, baseUrl }: DiscoveryPlace['provider']): Outcome<string> {
  if (baseUrl === null) return failed('missing_credential', { message: `provider ${id} has no address` })
  return ok(baseUrl.replace(/\/openai(?:\/v1)?\/?$/, '').replace(/\/$/, ''))
}

function urlOf(path: string, place: CallPlace): Outcome<string> {
  const { provider, dialect, model } = place
  const root = rootOf(provider)
  if (!root.ok) return root
  const tail = path.replace(/^\/v1(?=\/)/, '')
  const version = datedVersion(provider)
  if (version === undefined) return ok(`${root.value}/openai/v1${tail}${queryOf(provider)}`)
  // Responses stand beside the deployments, and name theirs in the body.
  if (dialect === 'openai-responses')
    return ok(`${root.value}/openai${tail}?api-version=${provider.apiVersion === null ? newestPreview : version}`)
  return ok(`${root.value}/openai/deployments/${encodeURIComponent(model)}${tail}?api-version=${version}`)
}
