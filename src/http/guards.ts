// What is refused before anybody asks who is calling: hosts, URLs, headers and browsers that have no business here.
import type { Snapshot } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import type { Surface } from './authenticate.ts'

const hostShape = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i
const localHosts = new Set(['localhost', '127.0.0.1', '[::1]'])
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Hostnames (without port) that the gateway was bound to. */
export interface GuardOptions {
  readonly surface: Surface
  readonly boundHost: string | null
}

/**
 * Host, URL, header and path hygiene, in this order; throws `GatewayError`. Returns the URL, parsed once for everybody. The raw Host header is judged before any
 * URL is read, because runtimes disagree on the path when it is malformed.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.2
 */
export function guardRequest(request: Request, snapshot: Snapshot, options: GuardOptions): URL {
  const { headers } = request
  const url = guardHost(request, snapshot, options)
  if (!methods.has(request.method)) throw new GatewayError('method_not_allowed')
  const { limits } = snapshot.server
  if (request.url.length > limits.maxUrlBytes) throw new GatewayError('url_too_long')
  guardHeaders(headers, limits.maxHeaderCount, limits.maxHeaderBytes)
  guardPath(url.pathname)
  guardBrowser(headers, snapshot.server.corsOrigins)
  return url
}

function guardHost(request: Request, snapshot: Snapshot, options: GuardOptions): URL {
  const host = request.headers.get('host')
  if (host !== null && !hostShape.test(host)) throw new GatewayError('invalid_host')
  let url: URL
  try {
    url = new URL(request.url)
  } catch {
    throw new GatewayError('invalid_host')
  }
  const named = host ?? url.host
  if (host !== null && withoutPort(host) !== url.hostname) throw new GatewayError('invalid_host')
  if (!isAllowedHost(withoutPort(named), snapshot, options)) throw new GatewayError('misdirected_request')
  return url
}

function withoutPort(host: string): string {
  return host.replace(/:\d{1,5}$/, '').toLowerCase()
}

// Against DNS rebinding. A network bind with keys answers for any name unless names were configured; so does a Worker.
function isAllowedHost(host: string, snapshot: Snapshot, options: GuardOptions): boolean {
  const configured = snapshot.server.allowedHosts.map((allowed) => withoutPort(allowed))
  if (configured.includes(host)) return true
  if (options.surface !== 'loopback' && configured.length === 0) return true
  return options.surface !== 'edge' && (localHosts.has(host) || host === options.boundHost?.toLowerCase())
}

function guardHeaders(headers: Headers, maxCount: number, maxBytes: number): void {
  let count = 0
  let bytes = 0
  for (const [name, value] of headers) {
    count++
    bytes += name.length + value.length
  }
  if (count > maxCount || bytes > maxBytes) throw new GatewayError('headers_too_large')
}

// Its names of models hold slashes, and are decoded one by one after the path was split.
const namingPath = /^\/admin\/providers\/[^/]+\/[^/]+\/reset$/

// Escapes that mean another path to somebody else: refused instead of interpreted.
function guardPath(pathname: string): void {
  const isEscaped = /%2f/i.test(pathname) && !namingPath.test(pathname)
  if (isEscaped || /%(?![0-9a-f]{2})|%00|%5c|;|\/\/|\\/i.test(pathname)) throw new GatewayError('invalid_path')
  try {
    decodeURIComponent(pathname)
  } catch {
    throw new GatewayError('invalid_path')
  }
}

function guardBrowser(headers: Headers, allowedOrigins: readonly string[]): void {
  const origin = headers.get('origin')
  if (origin !== null && allowedOrigins.includes(origin)) return
  if (origin !== null) throw new GatewayError('cross_site_request')
  const site = headers.get('sec-fetch-site')
  if (site !== null && site !== 'none' && site !== 'same-origin') throw new GatewayError('cross_site_request')
}
