// Puts an account's secret on an outgoing request. Knows the schemes, not where secrets come from.
import type { AuthScheme } from '../catalog/snapshot.ts'

export interface SignableRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** The request with the secret in the place that the scheme names. `none` leaves it as it is. */
export function signRequest(request: SignableRequest, scheme: AuthScheme, secret: string): SignableRequest {
  switch (scheme.kind) {
    case 'none':
      return request
    case 'bearer':
      return { ...request, headers: { ...request.headers, authorization: `Bearer ${secret}` } }
    case 'header':
      return { ...request, headers: { ...request.headers, [scheme.name.toLowerCase()]: secret } }
    case 'query': {
      const separator = request.url.includes('?') ? '&' : '?'
      const parameter = `${encodeURIComponent(scheme.name)}=${encodeURIComponent(secret)}`
      return { ...request, url: request.url + separator + parameter }
    }
  }
}
