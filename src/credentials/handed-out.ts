// Which secrets may be in somebody's hands: what has to be taken out of texts. Bounded.
import type { Secret } from '../ir/secret.ts'

/** Secrets that are used together. */
export interface Use {
  readonly secrets: readonly Secret[]
  /** Unix milliseconds. */
  usedAt: number
  /** Whether it is among what is remembered. */
  isListed: boolean
}

export interface HandedOut {
  /** Counts as in use at `now`. */
  add(secrets: readonly Secret[], now: number): Use
  /** Used again. */
  touch(use: Use, now: number): void
  /** What was used in the last hour. */
  list(now: number): readonly Secret[]
}

/** An answer may take a quarter of an hour, and what quotes it comes later still. */
export const rememberedMs = 3_600_000
/** More than this many, and what was not used for longest is forgotten. */
export const maxUses = 1024
/** How often it is looked for what is out of use: the list is asked for with every line of a log. */
const sweepMs = 60_000

/** Nothing handed out yet. */
export function createHandedOut(): HandedOut {
  let uses: Use[] = []
  let listed: readonly Secret[] | undefined
  let sweptAt = 0

  function sweep(now: number): void {
    sweptAt = now
    // Of those used at the same time, the ones that came last.
    const newest = uses.toReversed().toSorted((left, right) => right.usedAt - left.usedAt)
    const kept = newest.filter((use) => now - use.usedAt <= rememberedMs).slice(0, maxUses)
    if (kept.length === uses.length) return
    for (const use of uses) use.isListed = false
    for (const use of kept) use.isListed = true
    uses = kept.toReversed()
    listed = undefined
  }

  function remember(use: Use, now: number): void {
    use.isListed = true
    uses.push(use)
    listed = undefined
    if (uses.length > maxUses) sweep(now)
  }

  return {
    add(secrets, now) {
      const use: Use = { secrets, usedAt: now, isListed: true }
      if (secrets.length > 0) remember(use, now)
      return use
    },
    touch(use, now) {
      use.usedAt = now
      // It was not used for an hour, and is again.
      if (!use.isListed) remember(use, now)
    },
    list(now) {
      if (Math.abs(now - sweptAt) >= sweepMs) sweep(now)
      listed ??= uses.flatMap((use) => use.secrets)
      return listed
    },
  }
}
