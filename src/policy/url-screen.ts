// Which addresses the gateway may talk to. Pure: text in, a reason out. Nothing is resolved here; who resolves names
// asks again for each address that came out.
import {
  addressGroups,
  cidrProblem,
  embedded4,
  parseCidr,
  within,
  type AddressGroups,
  type Cidr,
} from './ip-address.ts'

export { cidrProblem, parseCidr } from './ip-address.ts'

export interface ScreenOptions {
  /** Private addresses that it may live on (and any port): none, all, or those in these CIDR blocks. */
  readonly allowPrivate: boolean | readonly string[]
  /** `http:` may be used, to private addresses only, so it needs `allowPrivate` as well. */
  readonly allowHttp: boolean
}

// Names by which clouds hand out machine credentials, and what they resolve to beyond the ranges below. Never a provider.
const metadataNames: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.google.internal',
  'metadata.goog',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
  'instance-data',
  'instance-data.ec2.internal',
])
const metadataAddresses: ReadonlySet<string> = new Set([
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  'fd00:ec2:0:0:0:0:0:254',
  'fd20:ce:0:0:0:0:0:254',
])

const privateSuffixes = [
  'localhost',
  'internal',
  'local',
  'localdomain',
  'lan',
  'home',
  'corp',
  'intranet',
  'home.arpa',
]

// RFC 1035 letters, digits and hyphens, and the underscore that some internal names have.
const dnsName = /^(?=.{1,253}$)[a-z\d_](?:[\w-]{0,61}[a-z\d_])?(?:\.[a-z\d_](?:[\w-]{0,61}[a-z\d_])?)*$/

/**
 * Why the gateway may not talk to this address; undefined where it may. Takes a parsed URL, so that decimal, octal and
 * shortened hosts are already in their one written form.
 */
export function screenUrl(url: URL, options: ScreenOptions): string | undefined {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'only https URLs are accepted'
  if (url.username !== '' || url.password !== '') return 'the URL must not hold a user name or password'
  if (url.href.includes('#')) return 'the URL must not have a fragment'
  if (url.protocol === 'http:') {
    if (!options.allowHttp) return 'only https URLs are accepted unless allow_http is set'
    if (options.allowPrivate === false)
      return 'http is accepted for private addresses only, so allow_private has to be set too'
  }
  return screenHost(url, options) ?? screenPort(url, options)
}

function screenHost(url: URL, options: ScreenOptions): string | undefined {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const groups = addressGroups(host)
  if (groups !== undefined) return screenLiteral(host, url.protocol, options)
  if (host.endsWith('.')) return 'the host name must not end with a dot'
  if (!dnsName.test(host)) return 'the host is not a valid name'
  // A last label of digits would be read as an IPv4 address by some resolvers.
  if (/(?:^|\.)(?:\d+|0x[\da-f]*)$/.test(host)) return 'the host is not an address in its usual form'
  if (metadataNames.has(host)) return 'the host is a cloud metadata service'
  if (options.allowPrivate !== false) return undefined
  if (host === 'localhost') return 'the host is a loopback address'
  if (!host.includes('.')) return 'the host has a single label, which is a private name'
  const suffix = privateSuffixes.find((one) => host.endsWith(`.${one}`))
  return suffix === undefined ? undefined : `names under .${suffix} are private`
}

function screenLiteral(host: string, protocol: string, options: ScreenOptions): string | undefined {
  const reason = screenAddress(host, options)
  if (reason !== undefined) return reason
  const open = screenAddress(host, { allowPrivate: false }) === undefined
  return open && protocol === 'http:' ? 'http is accepted for private addresses only' : undefined
}

function screenPort(url: URL, options: ScreenOptions): string | undefined {
  const usual = url.port === '' || url.port === '8443'
  return usual || options.allowPrivate !== false
    ? undefined
    : `port ${url.port} is accepted only where allow_private is set`
}

interface Range extends Cidr {
  readonly what: string
  /** Not even `allowPrivate` opens it. */
  readonly closed?: boolean
}

// https://www.iana.org/assignments/iana-ipv4-special-registry
const ranges4: readonly Range[] = [
  { network: [0, 0, 0, 0], bits: 8, what: 'the unspecified address', closed: true },
  { network: [10, 0, 0, 0], bits: 8, what: 'a private address' },
  { network: [100, 64, 0, 0], bits: 10, what: 'a shared address' },
  { network: [127, 0, 0, 0], bits: 8, what: 'a loopback address' },
  { network: [169, 254, 0, 0], bits: 16, what: 'a link-local address', closed: true },
  { network: [172, 16, 0, 0], bits: 12, what: 'a private address' },
  { network: [192, 0, 0, 0], bits: 24, what: 'a reserved address' },
  { network: [192, 0, 2, 0], bits: 24, what: 'a documentation address' },
  { network: [192, 88, 99, 0], bits: 24, what: 'a reserved address' },
  { network: [192, 168, 0, 0], bits: 16, what: 'a private address' },
  { network: [198, 18, 0, 0], bits: 15, what: 'a benchmarking address' },
  { network: [198, 51, 100, 0], bits: 24, what: 'a documentation address' },
  { network: [203, 0, 113, 0], bits: 24, what: 'a documentation address' },
  { network: [224, 0, 0, 0], bits: 3, what: 'a multicast or reserved address', closed: true },
]

// https://www.iana.org/assignments/iana-ipv6-special-registry: what lies outside of 2000::/3 is refused as a whole.
const ranges6: readonly Range[] = [
  { network: [0, 0, 0, 0, 0, 0, 0, 1], bits: 128, what: 'a loopback address' },
  { network: [0, 0, 0, 0, 0, 0, 0, 0], bits: 128, what: 'the unspecified address', closed: true },
  { network: [0xfe80, 0, 0, 0, 0, 0, 0, 0], bits: 10, what: 'a link-local address', closed: true },
  { network: [0xff00, 0, 0, 0, 0, 0, 0, 0], bits: 8, what: 'a multicast address', closed: true },
  { network: [0xfc00, 0, 0, 0, 0, 0, 0, 0], bits: 7, what: 'a private address' },
  // These carry an IPv4 address in their middle or end, which a translator on the way would unwrap.
  { network: [0x64, 0xff9b, 0, 0, 0, 0, 0, 0], bits: 32, what: 'a translated address', closed: true },
  { network: [0x2002, 0, 0, 0, 0, 0, 0, 0], bits: 16, what: 'a 6to4 address', closed: true },
  { network: [0x2001, 0, 0, 0, 0, 0, 0, 0], bits: 32, what: 'a Teredo address', closed: true },
  { network: [0x2001, 0, 0, 0, 0, 0, 0, 0], bits: 23, what: 'a reserved address' },
  { network: [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], bits: 32, what: 'a documentation address' },
  { network: [0x3fff, 0, 0, 0, 0, 0, 0, 0], bits: 20, what: 'a documentation address' },
]

/**
 * Why the gateway may not connect to this IP address (in text, IPv4 or IPv6, with or without a zone);
 * undefined where it may. Text that is no address is refused.
 */
export function screenAddress(address: string, options: Pick<ScreenOptions, 'allowPrivate'>): string | undefined {
  const groups = addressGroups(address.toLowerCase().replace(/%.*$/, ''))
  if (groups === undefined) return 'not an IP address'
  const plain = embedded4(groups) ?? groups
  return screenMetadata(plain) ?? (plain.length === 4 ? screen4(plain, options) : screen6(plain, options))
}

/** Whether this IP address is one of the open network; false for text that is no address. */
export function isPublicAddress(address: string): boolean {
  return screenAddress(address, { allowPrivate: false }) === undefined
}

function screenMetadata(groups: AddressGroups): string | undefined {
  const text = groups.length === 4 ? groups.join('.') : groups.map((group) => group.toString(16)).join(':')
  return metadataAddresses.has(text) ? 'the address is a cloud metadata service' : undefined
}

type Private = Pick<ScreenOptions, 'allowPrivate'>

function screen4(groups: AddressGroups, options: Private): string | undefined {
  return screenRanges(groups, ranges4, options)
}

function screen6(groups: AddressGroups, options: Private): string | undefined {
  const reason = screenRanges(groups, ranges6, options)
  const global = ((groups[0] ?? 0) & 0xe000) === 0x2000
  const listed = ranges6.some((range) => within(groups, range))
  return reason ?? (global || listed ? undefined : 'the address is a reserved address')
}

function screenRanges(groups: AddressGroups, ranges: readonly Range[], { allowPrivate }: Private): string | undefined {
  const found = ranges.filter((one) => within(groups, one))
  const [range] = found
  if (range === undefined) return undefined
  const closed = found.find((one) => one.closed === true)
  if (closed !== undefined) return `the address is ${closed.what}`
  if (allowPrivate === false) return `the address is ${range.what}`
  if (allowPrivate === true || blocksOf(allowPrivate).some((block) => within(groups, block))) return undefined
  return `the address is ${range.what} outside of allow_private`
}

// A configuration's lists live as long as it does, so each is read once.
const parsedLists = new WeakMap<readonly string[], readonly Cidr[]>()

function blocksOf(list: readonly string[]): readonly Cidr[] {
  let blocks = parsedLists.get(list)
  if (blocks === undefined) {
    blocks = list.map(parseCidr).filter((block) => block !== undefined)
    parsedLists.set(list, blocks)
  }
  return blocks
}

/** Why an entry of `allow_private` is refused: it is no block, or one that stays closed; undefined where it is used. */
export function allowPrivateProblem(text: string): string | undefined {
  const problem = cidrProblem(text)
  const block = parseCidr(text)
  if (problem !== undefined || block === undefined) return problem
  const ranges = block.network.length === 4 ? ranges4 : ranges6
  const closed = ranges.find((one) => one.closed === true && one.bits <= block.bits && within(block.network, one))
  return closed === undefined ? undefined : `${closed.what} is never opened`
}
