// Names are resolved once, every address is screened, and the connection goes to an address that passed: what a name
// resolves to between the check and the connect cannot matter.
import { lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { GatewayError } from '../src/ir/error.ts'
import { screenAddress } from '../src/policy/url-screen.ts'

/** A `lookup` for a connector: all addresses of a name have to pass, or the name is blocked. */
export function createPinnedLookup(allowPrivate: boolean | readonly string[]): LookupFunction {
  return (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const blocked = addresses.find(({ address }) => screenAddress(address, { allowPrivate }) !== undefined)
      if (blocked !== undefined) return callback(new GatewayError('blocked_endpoint'), [])
      if (options.all === true) return callback(null, addresses)
      const [first] = addresses
      return callback(null, first?.address ?? '', first?.family)
    })
  }
}

/** An address that is written in the URL is never looked up, so it is screened here. Throws `blocked_endpoint`. */
export function screenLiteral(url: URL, allowPrivate: boolean | readonly string[]): void {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const isLiteral = /^[\d.]+$/.test(host) || host.includes(':')
  if (isLiteral && screenAddress(host, { allowPrivate }) !== undefined) throw new GatewayError('blocked_endpoint')
}
