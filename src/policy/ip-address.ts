// IP addresses and CIDR blocks as numbers: text in, four bytes or eight 16-bit groups out. Knows no range by name.

/** Four bytes of IPv4, or eight 16-bit groups of IPv6. */
export type AddressGroups = readonly number[]

/** A network and how many of its first bits count. */
export interface Cidr {
  readonly network: AddressGroups
  readonly bits: number
}

/** The numbers of an address in its usual form (IPv6 in lower case, without a zone); undefined for any other text. */
export function addressGroups(text: string): AddressGroups | undefined {
  if (!text.includes(':')) return bytes4(text)
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail] = halves.map((half, index) => groups6(half, index === halves.length - 1))
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const missing = 8 - head.length - (tail?.length ?? 0)
  if (tail === undefined) return missing === 0 ? head : undefined
  return missing < 1 ? undefined : [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

/** The IPv4 address in `::ffff:a.b.c.d` and in the deprecated `::a.b.c.d`; not in `::` and `::1`. */
export function embedded4(groups: AddressGroups): AddressGroups | undefined {
  if (groups.length !== 8) return undefined
  const [sixth = 0, high = 0, low = 0] = groups.slice(5)
  if (groups.slice(0, 5).some((group) => group !== 0)) return undefined
  const mapped = sixth === 0xffff
  const compatible = sixth === 0 && (high !== 0 || low > 1)
  return mapped || compatible ? [high >> 8, high & 0xff, low >> 8, low & 0xff] : undefined
}

/** Whether an address lies in a block; never across families. */
export function within(groups: AddressGroups, { network, bits }: Cidr): boolean {
  if (groups.length !== network.length) return false
  const width = groups.length === 4 ? 8 : 16
  return groups.every((group, index) => ((group ^ (network[index] ?? 0)) & maskOf(bits, index, width)) === 0)
}

/** The block that a text such as `10.0.0.0/8` or `fd12::/16` names; undefined for any other text. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '', ...rest] = text.toLowerCase().split('/')
  const network = addressGroups(address)
  if (network === undefined || rest.length > 0 || !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined
  const bits = Number(length)
  return bits <= (network.length === 4 ? 32 : 128) ? { network, bits } : undefined
}

/** Why a text cannot be used as a block; undefined where it can. */
export function cidrProblem(text: string): string | undefined {
  const cidr = parseCidr(text)
  if (cidr === undefined) return 'not a CIDR block such as "10.0.0.0/8" or "fd00::/8"'
  const { network, bits } = cidr
  const width = network.length === 4 ? 8 : 16
  const extra = network.some((group, index) => (group & ~maskOf(bits, index, width)) !== 0)
  // Somebody who writes 10.1.2.3/8 means either one address or a network, and only they know which.
  if (extra)
    return `bits are set beyond the first ${bits}: write the network, or the address with /${width * network.length}`
  return embedded4(network) === undefined ? undefined : 'write the IPv4 block itself'
}

function maskOf(bits: number, index: number, width: number): number {
  const counted = Math.min(Math.max(bits - index * width, 0), width)
  return ((2 ** width - 1) << (width - counted)) & (2 ** width - 1)
}

function groups6(text: string, isLast: boolean): number[] | undefined {
  if (text === '') return []
  const groups: number[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    const dotted = isLast && index === parts.length - 1 && part.includes('.') ? bytes4(part) : undefined
    if (dotted !== undefined) {
      const [a = 0, b = 0, c = 0, d = 0] = dotted
      groups.push(a * 256 + b, c * 256 + d)
    } else if (/^[\da-f]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16))
    else return undefined
  }
  return groups
}

function bytes4(text: string): AddressGroups | undefined {
  const parts = text.split('.')
  const canonical = parts.length === 4 && parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)
  return canonical ? parts.map(Number) : undefined
}
