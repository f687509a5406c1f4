// Text that grows by deltas and is then told as a whole: what the whole adds is the rest. Owns that bookkeeping.

export interface GrowingText {
  /** Takes a delta. */
  add(delta: string): void
  /** What the whole has beyond the deltas; nothing where it is not their continuation. */
  rest(whole: string): string
  length(): number
  text(): string
}

/** An empty text. Fragments are joined once, and only where the length says that something is missing. */
export function createGrowingText(): GrowingText {
  const fragments: string[] = []
  let length = 0
  return {
    add(delta) {
      fragments.push(delta)
      length += delta.length
    },
    rest(whole) {
      return whole.length > length && whole.startsWith(fragments.join('')) ? whole.slice(length) : ''
    },
    length: () => length,
    text: () => fragments.join(''),
  }
}
