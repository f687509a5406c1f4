// Rendezvous hashing: every target draws a number for a key, and the highest goes first. A target that goes away moves
// only the keys that it had, and one that comes takes its share from everybody.
// https://www.eecs.umich.edu/techreports/cse/96/CSE-TR-316-96.pdf, weighted as in
// https://www.snia.org/sites/default/files/SDC15_presentations/dist_sys/Jason_Resch_New_Consistent_Hashings_Rev.pdf

/**
 * How strongly a name claims a key: of many keys, the share of a name is that of its weight. Weight 0 claims nothing.
 * @returns 0 or more
 */
export function claimOf(key: string, name: string, weight = 1): number {
  return weight === 0 ? 0 : -weight / Math.log(uniformOf(`${key}\u0000${name}`))
}

/** A number in (0, 1) that is always the same for a text, and looks like chance. */
export function uniformOf(text: string): number {
  let high = 0x811c9dc5
  let low = 0x01000193
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    high = Math.imul(high ^ unit, 0x01000193)
    low = Math.imul(low ^ unit ^ (high >>> 16), 0x85ebca6b)
  }
  // 26 and 26 bits, and half a step so that neither end is met.
  return ((mixed(high) >>> 6) * 2 ** 26 + (mixed(low ^ high) >>> 6) + 0.5) / 2 ** 52
}

// FNV alone leaves the names of one key close together; the end of MurmurHash3 spreads them.
// https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp
function mixed(hash: number): number {
  let spread = hash ^ (hash >>> 16)
  spread = Math.imul(spread, 0x85ebca6b)
  spread ^= spread >>> 13
  spread = Math.imul(spread, 0xc2b2ae35)
  return spread ^ (spread >>> 16)
}
