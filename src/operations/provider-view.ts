// A provider and a model, back in the words of the file. Addresses lose their user, password and query, which may hold a key.
import type { ModelRecord, ProviderRecord } from '../catalog/snapshot.ts'
import { credentialView } from './credentials-view.ts'
import { capabilitiesView, formatName, headersView, redacted, usd } from './view-parts.ts'

/** One provider; accounts show where their secret comes from, never what it is. */
export function providerView(provider: ProviderRecord) {
  return {
    type: provider.type,
    base_url: provider.baseUrl === null ? null : addressView(provider.baseUrl),
    api_formats: provider.dialects.map(formatName),
    auth_scheme: provider.authScheme,
    accounts: provider.accounts.map((account) => ({
      id: account.id,
      credential: account.credential === null ? null : credentialView(account.credential),
      priority: account.priority,
    })),
    allow_private: provider.allowPrivate,
    allow_http: provider.allowHttp,
    headers: headersView(provider.headers),
    max_tokens_field: provider.traits.maxTokensField ?? 'max_completion_tokens',
    quirks: provider.traits.quirks ?? [],
    normalize: (provider.traits.quirks ?? []).length > 0,
    region: provider.region,
    project: provider.project,
    api_version: provider.apiVersion,
    deployment: provider.deployment,
    inference_profile: provider.inferenceProfile ?? 'auto',
    model_id_format: provider.modelIdFormat ?? 'passthrough',
    ...(provider.traits.betas !== undefined && { betas: provider.traits.betas }),
    lane: provider.lane ?? null,
    capabilities: capabilitiesView(provider.capabilities),
  }
}

function addressView(address: string): string {
  // What cannot be read cannot be cleaned either.
  if (!URL.canParse(address)) return redacted
  const url = new URL(address)
  if (url.username === '' && url.password === '' && url.search === '' && url.hash === '') return address
  url.username = ''
  url.password = ''
  url.search = ''
  url.hash = ''
  return url.href
}

/** One model without its id. */
export function modelView(model: ModelRecord): Record<string, unknown> {
  const { price } = model
  return {
    creator: model.creator,
    display_name: model.displayName,
    context_window: model.contextWindow,
    capabilities: capabilitiesView(model.capabilities),
    strengths: model.strengths,
    cost: price && {
      input: usd(price.input),
      output: usd(price.output),
      cache_read: usd(price.cacheRead),
      cache_write: usd(price.cacheWrite),
      cache_write_1h: usd(price.cacheWrite1h),
      request: usd(price.request),
    },
  }
}
