// Ways to cut bytes into chunks, for everything that promises to accept any chunking.

/** Cuts into pieces of one size; the last may be shorter. */
export function chunksOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size))
  return chunks
}

/** Cuts at places that depend on the seed only, some of them twice (so that empty chunks occur). */
export function randomChunks(bytes: Uint8Array, seed: number): Uint8Array[] {
  const random = seededRandom(seed)
  const cuts = Array.from({ length: Math.min(200, Math.ceil(bytes.length / 7)) }, () =>
    Math.floor(random() * (bytes.length + 1)),
  )
  cuts.push(0, bytes.length)
  cuts.sort((left, right) => left - right)
  return cuts.slice(1).map((cut, index) => bytes.slice(cuts[index], cut))
}

/** Numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Every chunking that a stream has to survive: sizes 1 to 64 and random ones in full, a handful otherwise. */
export function chunkings(bytes: Uint8Array, full: boolean): { name: string; chunks: Uint8Array[] }[] {
  const sizes = full ? Array.from({ length: 64 }, (_, index) => index + 1) : [1, 2, 3, 7, 61]
  const seeds = full ? Array.from({ length: 32 }, (_, index) => index + 1) : [1, 2, 3]
  return [
    { name: 'whole', chunks: [bytes] },
    ...sizes.map((size) => ({ name: `size ${size}`, chunks: chunksOf(bytes, size) })),
    ...seeds.map((seed) => ({ name: `seed ${seed}`, chunks: randomChunks(bytes, seed) })),
  ]
}
