// A short name for a configuration: the same whatever the order of its keys, another one after any change.
// Not a security measure: nothing secret goes in, and nobody is kept from finding a second text of the same name.

/** JSON text with the members of every object in one order and absent members left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    // By code unit, so that no locale has a say.
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`)
  return `{${members.join(',')}}`
}

/** The 64-bit FNV-1a hash of a text's UTF-8 bytes, as 16 hex digits. http://www.isthe.com/chongo/tech/comp/fnv/ */
export function fnv1a64(text: string): string {
  let high = 0xcbf29ce4
  let low = 0x84222325
  for (const byte of new TextEncoder().encode(text)) {
    low = (low ^ byte) >>> 0
    // Times the prime 2^40 + 0x1b3, in halves of 32 bits: a product with 0x1b3 stays below 2^53.
    const product = low * 0x1b3
    high = (high * 0x1b3 + Math.floor(product / 2 ** 32) + low * 0x100) % 2 ** 32
    low = product >>> 0
  }
  return hex(high) + hex(low)
}

function hex(half: number): string {
  return half.toString(16).padStart(8, '0')
}
