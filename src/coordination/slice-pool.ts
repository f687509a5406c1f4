// A tenant's side of shared limits: the slices that it holds, asks for, says again and gives back.
import type { SlotAsk } from './coordinator.ts'
import { sliceTtlMs, type ReclaimAnswer, type SliceAnswer, type SliceMessage } from './slices.ts'
import type { Share } from './state-server.ts'

/** How often a holder says again what it holds, on the occasion of a request. Milliseconds, all of these. */
const sliceRenewMs = 30_000
/** Who was told that nothing is left does not ask again before this. */
const fullMs = 50
/** What is not used for this long goes back. */
const idleMs = 10_000

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

/** What is held of one limit, by the last statement. */
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

/** A pool that holds nothing but what was kept. Within one object requests may wait for each other. */
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
