// Numbers of requests that may be in flight together: taken all at once or not at all, given back, or lost with their lease.
import type { SlotAsk } from './coordinator.ts'

/** The error of a request that did not get a slot. */
export function refusalOf({ name }: Pick<SlotAsk, 'name'>): 'overloaded' | 'concurrency_limit' {
  return name.startsWith('tenant:') ? 'concurrency_limit' : 'overloaded'
}

export interface Slots {
  /** The first one that is full; undefined where all were taken. Owners that have some already are counted once. */
  take(owner: string, asked: readonly SlotAsk[], now: number, leaseMs: number): SlotAsk | undefined
  /** Makes what an owner holds last longer. */
  renew(owner: string, asked: readonly Pick<SlotAsk, 'name'>[], now: number, leaseMs: number): void
  release(owner: string, asked: readonly Pick<SlotAsk, 'name'>[]): void
  /** In use, by name. */
  used(now: number): ReadonlyMap<string, number>
}

/** Who holds a slot, and until when. */
interface Holders {
  readonly until: Map<string, number>
  /** Nobody's lease ends before; it may well be later. */
  soonest: number
}

/** Nobody holds anything. */
export function createSlots(): Slots {
  const held = new Map<string, Holders>()

  // Only where leases may be over: taking costs the same however many hold one.
  function sweep(holders: Holders, now: number): void {
    if (holders.soonest > now) return
    holders.soonest = Infinity
    for (const [owner, until] of holders.until)
      if (until <= now) holders.until.delete(owner)
      else holders.soonest = Math.min(holders.soonest, until)
  }

  function isFull({ name, limit }: SlotAsk, owner: string, now: number): boolean {
    const holders = held.get(name)
    if (holders === undefined) return limit <= 0
    if (holders.until.size < limit) return false
    sweep(holders, now)
    return holders.until.size >= limit && !holders.until.has(owner)
  }

  return {
    take(owner, asked, now, leaseMs) {
      for (const slot of asked) if (isFull(slot, owner, now)) return slot
      const until = now + leaseMs
      for (const { name } of asked) {
        const holders = held.get(name) ?? { until: new Map<string, number>(), soonest: Infinity }
        holders.until.set(owner, until)
        holders.soonest = Math.min(holders.soonest, until)
        held.set(name, holders)
      }
      return undefined
    },
    renew(owner, asked, now, leaseMs) {
      for (const { name } of asked) {
        const holders = held.get(name)
        // Who is late still has it, as long as nobody needed it.
        if (holders?.until.has(owner) !== true) continue
        holders.until.set(owner, now + leaseMs)
        holders.soonest = Math.min(holders.soonest, now + leaseMs)
      }
    },
    release(owner, asked) {
      for (const { name } of asked) {
        const holders = held.get(name)
        holders?.until.delete(owner)
        if (holders?.until.size === 0) held.delete(name)
      }
    },
    used(now) {
      const counts = new Map<string, number>()
      for (const [name, { until, soonest }] of held) {
        const count = soonest > now ? until.size : [...until.values()].filter((end) => end > now).length
        if (count > 0) counts.set(name, count)
      }
      return counts
    },
  }
}
