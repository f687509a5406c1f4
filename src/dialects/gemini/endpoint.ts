// The paths of this wire, which carry the model and what is asked of it.
// https://ai.google.dev/api/generate-content
import type { Endpoint, WireRequest } from '../dialect.ts'

export type Action = 'generateContent' | 'streamGenerateContent' | 'countTokens' | 'batchEmbedContents' | 'predict'

const served: readonly Action[] = ['generateContent', 'streamGenerateContent', 'countTokens']
// Newer releases of Google's SDK ask for v1, everybody else for v1beta.
const roots = ['/v1beta', '/v1', '/gemini/v1beta', '/gemini/v1']

/**
 * Every path that clients of this wire ask for. The second form is what `@ai-sdk/google` makes of a name with a slash,
 * which it takes for a collection of its own.
 */
export const endpoints: readonly Endpoint[] = roots.flatMap((root) =>
  ['models/{model}', '{model}'].flatMap((resource) =>
    served.map((action) => ({
      path: `${root}/${resource}:${action}`,
      task: action === 'countTokens' ? ('count-tokens' as const) : ('generate' as const),
    })),
  ),
)

export interface Place {
  /** The model's name, which may hold slashes; `''` where the path has none. */
  readonly model: string
  readonly action: Action
}

/** What a client's path says. */
export function placeOf(path: string): Place {
  const match = /^(?:\/gemini)?\/v1(?:beta)?\/(?:models\/)?(.*):(\w+)$/s.exec(path)
  const action = served.find((known) => known === match?.[2]) ?? 'generateContent'
  return { model: match?.[1] ?? '', action }
}

/** Whether the client wants server-sent events; without `alt=sse` a stream of this wire is one JSON array. */
export function wantsEvents({ query }: WireRequest): boolean {
  return query.get('alt') === 'sse'
}

// What stands before the name of a model, on Google's own servers and on Vertex.
const collections = /^(?:models|tunedModels|publishers\/[^/]+\/models|projects\/.+)\//

/** The resource name of a model: `models/…` unless it says its own collection. */
export function resourceOf(model: string): string {
  return collections.test(model) ? model : `models/${model}`
}

/** The path of a call below the provider's base URL. A colon in a name would end it, so it is escaped. */
export function callPath(model: string, action: Action, events: boolean): string {
  const name = resourceOf(model).split('/').map(encodeURIComponent).join('/')
  return `/v1beta/${name}:${action}${events ? '?alt=sse' : ''}`
}
