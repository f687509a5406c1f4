// The root's side of shared limits: who has leased how much of which.
import { sliceTtlMs, type ReclaimAnswer, type SliceAnswer, type SliceMessage } from './slices.ts'
import type { Share } from './state-server.ts'

/** What a holder has said it holds, with what it was granted on it. */
export interface Leased {
  readonly count: number
  readonly seq: number
  readonly until: number
}

/** By holder and name. */
export type LeasedEntries = readonly (readonly [holder: string, name: string, leased: Leased])[]

export interface BookOptions {
  readonly now: () => number
  /** Slots of a name that the root itself has given out. */
  readonly used: (name: string) => number
  /** Asks a holder to give back what it does not use. */
  readonly reclaim: (holder: string, name: string) => Promise<ReclaimAnswer>
  /** Undefined: nothing any more. */
  readonly keep: (holder: string, name: string, leased: Leased | undefined) => void
  readonly kept?: LeasedEntries
}

export interface SliceBook extends Share {
  lease(message: SliceMessage): Promise<SliceAnswer>
  /** Leased at this moment, over all holders. */
  leased(name: string): number
}

/** A book in which nothing is leased but what was kept. */
export function createSliceBook({ now, used, reclaim, keep, kept }: BookOptions): SliceBook {
  const book = new Map<string, Map<string, Leased>>()
  for (const [holder, name, leased] of kept ?? [])
    holdersOf(name).set(holder, { ...leased, until: Math.min(leased.until, now() + sliceTtlMs) })

  function holdersOf(name: string): Map<string, Leased> {
    const holders = book.get(name) ?? new Map<string, Leased>()
    book.set(name, holders)
    return holders
  }

  function leasedBut(name: string, except?: string): number {
    let sum = 0
    for (const [holder, { count, until }] of book.get(name) ?? []) if (holder !== except && until > now()) sum += count
    return sum
  }

  function state(holder: string, name: string, leased: Leased): void {
    holdersOf(name).set(holder, leased)
    keep(holder, name, leased)
  }

  /** Whether anybody gave something back. */
  async function reclaimFrom(name: string, asker: string | undefined): Promise<boolean> {
    const others = [...(book.get(name) ?? [])].filter(
      ([holder, { count, until }]) => holder !== asker && count > 0 && until > now(),
    )
    const before = others.reduce((sum, [, { count }]) => sum + count, 0)
    await Promise.all(
      others.map(async ([holder]) => {
        const answer = await reclaim(holder, name).catch(() => undefined)
        const known = book.get(name)?.get(holder)
        if (answer === undefined || known === undefined || answer.seq <= known.seq) return
        state(holder, name, { count: answer.have, seq: answer.seq, until: known.until })
      }),
    )
    return leasedBut(name, asker) < before
  }

  return {
    leased: (name) => leasedBut(name),
    capacity: ({ name, limit }) => limit - leasedBut(name),
    grow: ({ name }) => (leasedBut(name) === 0 ? Promise.resolve(false) : reclaimFrom(name, undefined)),
    released() {},
    async lease({ holder, name, limit, seq, have, want }) {
      const isStale = (): boolean => seq < (book.get(name)?.get(holder)?.seq ?? 0)
      if (isStale()) return { granted: 0, ttlMs: sliceTtlMs }
      state(holder, name, { count: have, seq, until: now() + sliceTtlMs })
      const free = (): number => Math.max(0, limit - used(name) - leasedBut(name, holder) - have)
      if (want > 0 && free() < want && leasedBut(name, holder) > 0) await reclaimFrom(name, holder)
      if (isStale()) return { granted: 0, ttlMs: sliceTtlMs }
      const granted = Math.min(want, free())
      if (granted > 0) state(holder, name, { count: have + granted, seq, until: now() + sliceTtlMs })
      return { granted, ttlMs: sliceTtlMs }
    },
  }
}
