// The one way out. Every call that leaves the core goes through here: providers, token endpoints, secret stores.
import { GatewayError } from '../ir/error.ts'
import { isAllowedHost } from '../policy/upstream-hosts.ts'
import { screenUrl } from '../policy/url-screen.ts'
import type { ByteSource, EgressAbilities, Fetch, FetchRequest, FetchResponse, Log } from '../ports/index.ts'
import { requestHeaders } from './request-headers.ts'

/** What the guard has to know; asked per request, because the configuration may change. */
export interface GuardOptions {
  /** Host globs; empty: any public host. */
  readonly allowedHosts: () => readonly string[]
  /** What the transport can do; undefined: everything. */
  readonly egress?: EgressAbilities
  /** Hears of every address that was not connected to. */
  readonly log?: () => Pick<Log, 'warn'>
}

/** Addresses whose verdict is kept. The configuration names few; what lies beyond is screened each time. */
const maxVerdicts = 1000

// Only what the URL parser leaves as it is; anything else is parsed each time.
const plainAuthority = /^https?:\/\/[a-z\d.-]+(?::\d{1,5})?(?=[/?]|$)/

/**
 * A `Fetch` that screens the address, sends only headers that may be sent, asks for plain bytes, and hands over statuses
 * that a client may be shown. Rejects with `blocked_endpoint`, and as `requestHeaders` does.
 */
export function guardFetch(transport: Fetch, options: GuardOptions): Fetch {
  const verdicts = new Map<string, string | undefined>()
  let hosts: readonly string[] | undefined

  function screen(request: FetchRequest): string | undefined {
    const allowed = options.allowedHosts()
    if (allowed !== hosts) verdicts.clear()
    hosts = allowed
    const authority = request.url.includes('#') ? undefined : plainAuthority.exec(request.url)?.[0]
    if (authority === undefined) return screenRequest(request, allowed, options.egress)
    const key = `${request.allowHttp} ${String(request.allowPrivate)} ${request.egress !== null} ${authority}`
    if (verdicts.has(key)) return verdicts.get(key)
    const verdict = screenRequest(request, allowed, options.egress)
    if (verdicts.size < maxVerdicts) verdicts.set(key, verdict)
    return verdict
  }

  function report({ url }: FetchRequest, reason: string): void {
    const host = URL.canParse(url) ? new URL(url).host : null
    options.log?.().warn('blocked_endpoint', { host, reason })
  }

  function blocked(request: FetchRequest, reason: string): GatewayError {
    report(request, reason)
    return new GatewayError('blocked_endpoint', { message: `provider address: ${reason}` })
  }

  return async (request) => {
    const reason = screen(request)
    if (reason !== undefined) throw blocked(request, reason)
    const response = await transport({ ...request, headers: requestHeaders(request.headers) }).catch((cause) => {
      // Only who connects knows what a name leads to.
      if (cause instanceof GatewayError && cause.code === 'blocked_endpoint') report(request, cause.message)
      throw cause
    })
    return isOrdinary(response.status) ? response : mapped(response)
  }
}

function screenRequest(
  { url: text, allowPrivate, allowHttp, egress }: FetchRequest,
  allowedHosts: readonly string[],
  abilities: EgressAbilities | undefined,
): string | undefined {
  if (!URL.canParse(text)) return 'not a URL'
  const url = new URL(text)
  // Blocks can be held against addresses only, and nobody sees what a name resolves to here, or behind a proxy.
  const isBlind = abilities?.dnsPinning === false || egress !== null
  const unseen = isBlind && typeof allowPrivate !== 'boolean' && !isLiteral(url)
  const reason = screenUrl(url, { allowHttp, allowPrivate: unseen ? false : allowPrivate })
  if (reason !== undefined) return reason
  if (egress !== null && abilities?.proxies === false) return 'this runtime cannot go through a proxy'
  return isAllowedHost(url.hostname, allowedHosts) ? undefined : 'the host is not in server.allowed_upstreams'
}

function isLiteral({ hostname }: URL): boolean {
  return hostname.startsWith('[') || /^[\d.]+$/.test(hostname)
}

// 204, 205 and 304 have no body, whatever their sender thinks: https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1
function isOrdinary(status: number): boolean {
  return status >= 200 && status <= 599 && status !== 204 && status !== 205 && status !== 304
}

// Runtimes refuse to build a Response with such a status, or with a body beside it.
function mapped(response: FetchResponse): FetchResponse {
  if (response.status < 200 || response.status > 599) return { ...response, status: 502 }
  return { ...response, body: emptied(response.body) }
}

function emptied(body: ByteSource): ByteSource {
  return {
    async read() {
      await body.cancel()
      return undefined
    },
    cancel: () => body.cancel(),
  }
}
