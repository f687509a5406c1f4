// Which dialect a path belongs to, and what is asked for there. A table made of the dialects' own endpoints.
import type { AnyDialect, Endpoint } from '../dialects/dialect.ts'
import { allDialects } from '../dialects/index.ts'

/** A path of the data plane, understood. */
export interface Ingress {
  readonly dialect: AnyDialect
  readonly endpoint: Endpoint
}

interface Pattern extends Ingress {
  readonly prefix: string
  readonly suffix: string
}

const model = '{model}'
const exact = new Map<string, Ingress>()
const patterns: Pattern[] = []

for (const dialect of Object.values(allDialects))
  for (const endpoint of dialect.endpoints) {
    const at = endpoint.path.indexOf(model)
    if (at < 0) exact.set(endpoint.path, { dialect, endpoint })
    else {
      const prefix = endpoint.path.slice(0, at)
      patterns.push({ dialect, endpoint, prefix, suffix: endpoint.path.slice(at + model.length) })
    }
  }

/** The endpoint that owns a pathname (percent-encoding undone); undefined where it is none of inference. */
export function matchEndpoint(path: string): Ingress | undefined {
  return (
    exact.get(path) ??
    patterns.find(
      ({ prefix, suffix }) =>
        path.length > prefix.length + suffix.length && path.startsWith(prefix) && path.endsWith(suffix),
    )
  )
}

/**
 * The dialect that an answer on this path is written in, errors of unknown paths included.
 * @param headers where given, they tell whose SDK asks on the one path that three of them share
 */
export function dialectOfPath(path: string, headers?: Headers): AnyDialect {
  if (headers !== undefined && /^\/v1\/models(?:\/|$)/.test(path)) return dialectOfModels(path, headers)
  const owner = matchEndpoint(path) ?? [...exact].find(([own]) => path.startsWith(`${own}/`))?.[1]
  if (owner !== undefined) return owner.dialect
  if (path.startsWith('/anthropic/')) return allDialects['anthropic-messages']
  return isGeminiPath(path) ? allDialects.gemini : allDialects['openai-chat']
}

/** Whose list of models is asked for: where the path does not tell, the headers that each SDK sends do. */
export function dialectOfModels(path: string, headers: Headers): AnyDialect {
  if (path.startsWith('/anthropic/')) return allDialects['anthropic-messages']
  if (isGeminiPath(path) || headers.has('x-goog-api-key') || headers.has('x-goog-api-client')) return allDialects.gemini
  return headers.has('anthropic-version') ? allDialects['anthropic-messages'] : allDialects['openai-chat']
}

/** Whether Google's SDKs would ask here: `/v1beta/…`, `/gemini/…`, `/v1/models/<model>:<action>`. */
export function isGeminiPath(path: string): boolean {
  return /^\/(?:v1beta|gemini)\//.test(path) || /^\/v1\/models\/[^:]+:\w+$/.test(path)
}

/** The pathname of a request as the endpoints spell it. The door has made sure that it can be decoded. */
export function pathOf(request: Request): string {
  return decodeURIComponent(new URL(request.url).pathname)
}
