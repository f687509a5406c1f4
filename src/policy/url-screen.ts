// Which addresses the gateway may talk to. Pure: text in, a reason out. Nothing is resolved here; who resolves names
// asks again for each address that came out.

export interface ScreenOptions {
  /** Private addresses that it may live on (and any port): none, all, or those in these CIDR blocks. */
  readonly allowPrivate: boolean | readonly string[]
  /** `http:` may be used, to private addresses only, so it needs `allowPrivate` as well. */
  readonly allowHttp: boolean
}

// Names by which clouds hand out machine credentials, and what they resolve to beyond the ranges below. Never a provider.
const metadataNames: ReadonlySet<string> = new Set(['metadata', 'metadata.google.internal', 'instance-data'])
const metadataAddresses: ReadonlySet<string> = new Set(['168.63.129.16', '100.100.100.200', 'fd00:ec2:0:0:0:0:0:254'])

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
  if (url.hash !== '') return 'the URL must not have a fragment'
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

interface Range {
  /** Network and prefix length, in 16-bit groups of an IPv6 address or in bytes of an IPv4 address. */
  readonly network: readonly number[]
  readonly bits: number
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
  const embedded = groups.length === 4 ? groups : embedded4(groups)
  if (embedded !== undefined) return screenMetadata(embedded.join('.')) ?? screenRanges(embedded, 8, ranges4, options)
  const metadata = screenMetadata(groups.map((group) => group.toString(16)).join(':'))
  const reason = metadata ?? screenRanges(groups, 16, ranges6, options)
  const global = ((groups[0] ?? 0) & 0xe000) === 0x2000
  const listed = ranges6.some((range) => within(groups, 16, range))
  return reason ?? (global || listed ? undefined : 'the address is a reserved address')
}

function screenMetadata(address: string): string | undefined {
  return metadataAddresses.has(address) ? 'the address is a cloud metadata service' : undefined
}

function screenRanges(
  groups: readonly number[],
  width: number,
  ranges: readonly Range[],
  options: Pick<ScreenOptions, 'allowPrivate'>,
): string | undefined {
  const range = ranges.find(
    (one) => within(groups, width, one) && (one.closed === true || options.allowPrivate === false),
  )
  return range === undefined ? undefined : `the address is ${range.what}`
}

function within(groups: readonly number[], width: number, range: Range): boolean {
  return groups.every((group, index) => {
    const bits = Math.min(Math.max(range.bits - index * width, 0), width)
    const mask = ((2 ** width - 1) << (width - bits)) & (2 ** width - 1)
    return ((group ^ (range.network[index] ?? 0)) & mask) === 0
  })
}

/** The IPv4 address in `::ffff:a.b.c.d` and in the deprecated `::a.b.c.d`; not in `::` and `::1`. */
function embedded4(groups: readonly number[]): number[] | undefined {
  const [sixth = 0, high = 0, low = 0] = groups.slice(5)
  if (groups.slice(0, 5).some((group) => group !== 0)) return undefined
  const mapped = sixth === 0xffff
  const compatible = sixth === 0 && (high !== 0 || low > 1)
  return mapped || compatible ? [high >> 8, high & 0xff, low >> 8, low & 0xff] : undefined
}

/** Four bytes or eight 16-bit groups; undefined where the text is no address in its usual form. */
function addressGroups(text: string): number[] | undefined {
  if (!text.includes(':')) return bytes4(text)
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half) => groups6(half))
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined) return missing === 0 ? head : undefined
  return missing < 1 ? undefined : [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

function groups6(text: string): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const dotted = index === parts.length - 1 && part.includes('.') ? bytes4(part) : undefined
    if (dotted !== undefined) {
      const [a = 0, b = 0, c = 0, d = 0] = dotted
      groups.push(a * 256 + b, c * 256 + d)
    } else if (/^[\da-f]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

function bytes4(text: string): number[] | undefined {
  const parts = text.split('.')
  const canonical = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  return canonical ? parts.map(Number) : undefined
}
