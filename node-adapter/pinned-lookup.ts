// Names are resolved once, every address is screened, and the connection goes to an address that passed: what a name
// resolves to between the check and the connect cannot matter.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { GatewayError } from '../src/ir/error.ts'
import { isPublicAddress, screenAddress } from '../src/policy/url-screen.ts'
import { egressError } from './egress-errors.ts'

/** All addresses of a name, in the order in which they are to be tried. Rejects where it has none. */
export type Resolve = (name: string) => Promise<readonly string[]>

/** What the operating system says: `/etc/hosts` and DNS. */
export const systemResolve: Resolve = async (name) => {
  const found = await lookup(name, { all: true, order: 'verbatim' })
  return found.map(({ address }) => address)
}

export interface PinOptions {
  /** Private addresses that may be connected to: none, all, or those in these CIDR blocks. */
  readonly allowPrivate: boolean | readonly string[]
  /** What is sent in the clear goes to private addresses only. */
  readonly onlyPrivate: boolean
  readonly resolve: Resolve
}

/**
 * The addresses that a host may be connected at: itself where it is one, else all that its name resolves to. Rejects
 * with `blocked_endpoint` where any of them is not allowed, with `upstream_unreachable` where there are none.
 */
export async function pinnedAddresses(host: string, options: PinOptions): Promise<readonly string[]> {
  const addresses = isIP(host) === 0 ? await resolved(host, options.resolve) : [host]
  for (const address of addresses) {
    const reason = screenAddress(address, options)
    if (reason !== undefined) throw blocked(reason)
    if (options.onlyPrivate && isPublicAddress(address)) throw blocked('http is accepted for private addresses only')
  }
  return addresses
}

function blocked(reason: string): GatewayError {
  return new GatewayError('blocked_endpoint', { message: `provider address: ${reason}` })
}

async function resolved(name: string, resolve: Resolve): Promise<readonly string[]> {
  try {
    const addresses = await resolve(name)
    if (addresses.length > 0) return addresses
  } catch (cause) {
    throw egressError('upstream_unreachable', cause, 'the name of the provider cannot be resolved')
  }
  throw new GatewayError('upstream_unreachable', { message: 'the name of the provider has no address' })
}
