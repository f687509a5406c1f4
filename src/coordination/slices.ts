// Limits that several servers share: the root keeps who has leased how much, a tenant's server leases in slices and gives
// back. Safe whatever is lost or late: a tenant numbers what it says it holds, the newest statement counts, and a grant that
// arrives after a newer statement was made is void. So never is more in use than the limit, and never does a tenant starve
// while another one holds what it does not use: the root asks it back.
import type { SlotAsk } from './coordinator.ts'
import type { Share } from './state-server.ts'

/** What a tenant's server says. */
export interface SliceMessage {
  readonly holder: string
  readonly name: string
  readonly limit: number
  /** Grows with every statement of this holder. */
  readonly seq: number
  /** What it holds, and what it would like to have more. */
  readonly have: number
  readonly want: number
}

export interface SliceAnswer {
  readonly granted: number
  readonly ttlMs: number
}

/** What a tenant's server keeps when it is asked to give back: a statement as well. */
export type ReclaimAnswer = Pick<SliceMessage, 'seq' | 'have'>

/** For how long the root counts what a holder has said it holds. */
export const sliceTtlMs = 90_000
/** How often a holder says it again, on the occasion of a request. */
export const sliceRenewMs = 30_000
/** Who was told that nothing is left does not ask again before this. */
const fullMs = 50
/** What is not used for this long goes back. */
const idleMs = 10_000

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

/** The root's side. */
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

export interface PoolOptions {
  readonly now: () => number
  /** Slots of a name that are in use here. */
  readonly used: (name: string) => number
  /** How this server calls itself, and its slice; undefined: it is on its own. */
  readonly self: () => { readonly holder: string; readonly slice: number } | undefined
  readonly ask: (message: SliceMessage) => Promise<SliceAnswer>
  /** Work that nobody waits for. */
  readonly defer: (work: Promise<unknown>) => void
  readonly after: (ms: number, call: () => void) => void
  readonly keep: (name: string, held: HeldSlice) => void
  readonly kept?: readonly (readonly [name: string, held: HeldSlice])[]
}

export interface HeldSlice {
  readonly limit: number
  readonly count: number
  readonly seq: number
  readonly until: number
}

export interface SlicePool extends Share {
  /** Gives back what is not used. */
  reclaim(name: string): ReclaimAnswer
  /** Says again what is held, where that is due. */
  renew(): void
}

/** A tenant's side. Within one object requests may wait for each other. */
export function createSlicePool(options: PoolOptions): SlicePool {
  const { now, used } = options
  const slices = new Map<string, HeldSlice>(options.kept)
  const growing = new Map<string, Promise<boolean>>()
  const fullUntil = new Map<string, number>()
  const isShared = (name: string): boolean => options.self() !== undefined && !name.startsWith('tenant:')

  function hold(name: string, slice: HeldSlice): HeldSlice {
    slices.set(name, slice)
    options.keep(name, slice)
    return slice
  }

  const heldOf = (name: string): number => {
    const slice = slices.get(name)
    return slice === undefined || slice.until <= now() ? 0 : slice.count
  }

  /** A new statement; everything that was answered to earlier ones is void from here on. */
  function stated(name: string, count: number, limit?: number): HeldSlice {
    const slice = slices.get(name)
    return hold(name, {
      limit: limit ?? slice?.limit ?? 0,
      count,
      seq: (slice?.seq ?? 0) + 1,
      until: slice?.until ?? 0,
    })
  }

  async function say(name: string, have: number, want: number, limit?: number): Promise<boolean> {
    const self = options.self()
    if (self === undefined) return false
    const { seq, limit: most } = stated(name, have, limit)
    const sentAt = now()
    const { granted, ttlMs } = await options.ask({ holder: self.holder, name, limit: most, seq, have, want })
    const slice = slices.get(name)
    if (slice?.seq !== seq) return true
    hold(name, { ...slice, count: have + granted, until: sentAt + ttlMs })
    return granted > 0
  }

  async function growOnce({ name, limit }: SlotAsk): Promise<boolean> {
    const self = options.self()
    // What is in use counts as held, also where the lease on it ran out meanwhile.
    const have = Math.max(heldOf(name), used(name))
    const grew = await say(name, have, self?.slice ?? 1, limit)
    if (!grew) fullUntil.set(name, now() + fullMs)
    return grew
  }

  return {
    capacity: ({ name, limit }) => (isShared(name) ? Math.min(limit, heldOf(name)) : limit),
    grow(slot) {
      const { name } = slot
      if (!isShared(name) || (fullUntil.get(name) ?? 0) > now()) return Promise.resolve(false)
      const under = growing.get(name)
      if (under !== undefined) return under
      const started = growOnce(slot).finally(() => growing.delete(name))
      growing.set(name, started)
      return started
    },
    reclaim(name) {
      const held = slices.get(name)
      // A new statement would void what is on its way: two tenants that are both at their end would do so for ever.
      if (held !== undefined && growing.has(name)) return { seq: held.seq, have: held.count }
      const { seq, count } = stated(name, used(name))
      return { seq, have: count }
    },
    renew() {
      for (const [name, { until }] of slices) {
        const held = Math.max(heldOf(name), used(name))
        if (held > 0 && until - now() < sliceTtlMs - sliceRenewMs && !growing.has(name))
          options.defer(say(name, held, 0).catch(() => false))
      }
    },
    released(names) {
      for (const name of names) {
        if (!isShared(name) || used(name) > 0 || heldOf(name) === 0) continue
        options.after(idleMs, () => {
          if (used(name) === 0 && heldOf(name) > 0) options.defer(say(name, 0, 0).catch(() => false))
        })
      }
    },
  }
}
