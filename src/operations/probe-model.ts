// Which model of a provider is tried where nobody names one.
import type { ProviderRecord, Snapshot } from '../catalog/snapshot.ts'
import type { DiscoveredModel } from './operation.ts'

const notChat =
  /embed|rerank|whisper|tts|speech|audio|transcri|realtime|dall-e|image|imagen|veo|sora|video|moderation|guard|ocr|aqa|search|instruct|babbage|davinci|bison|\bbge\b|nova-(?:canvas|reel|sonic)|stable-|diffusion|flux|codex/i
const small = /mini|nano|haiku|flash|lite|small|micro|instant|tiny|\b[1-9]b\b/i

/** A model to talk to: of a route, else one that is configured, else of the provider's own list, the smallest by name. */
export function chatModel(
  provider: ProviderRecord,
  snapshot: Snapshot,
  discovered: readonly DiscoveredModel[] | undefined,
): string | undefined {
  const routed = routedModels(provider, snapshot).find((model) => !notChat.test(model))
  if (routed !== undefined) return routed
  if (provider.baseUrl === null) return 'echo'
  if (provider.deployment !== null) return provider.deployment
  const configured = [...snapshot.models.keys()]
  const known = discovered?.map((model) => model.id)
  // The catalog does not say whose a model is; with one real provider there is no question.
  const own =
    known === undefined ? (isAlone(snapshot) ? configured : []) : configured.filter((id) => known.includes(id))
  return best(own) ?? best(known ?? [])
}

/** A model that makes vectors, found the same way. */
export function embeddingModel(
  provider: ProviderRecord,
  snapshot: Snapshot,
  discovered: readonly DiscoveredModel[] | undefined,
): string | undefined {
  if (provider.baseUrl === null) return 'echo'
  const names = [...routedModels(provider, snapshot), ...(discovered ?? []).map((model) => model.id)]
  const able = names.filter((id) => /embed/i.test(id))
  return able.find((id) => small.test(id)) ?? able[0]
}

function routedModels(provider: ProviderRecord, { routes }: Snapshot): readonly string[] {
  return [...routes.values()].flatMap((route) =>
    route.targets.filter((target) => target.provider === provider.id && target.model !== '*').map(({ model }) => model),
  )
}

function isAlone({ providers }: Snapshot): boolean {
  return [...providers.values()].filter((provider) => provider.baseUrl !== null).length === 1
}

function best(names: readonly string[]): string | undefined {
  const able = names.filter((id) => !notChat.test(id))
  return able.find((id) => small.test(id)) ?? able[0]
}
