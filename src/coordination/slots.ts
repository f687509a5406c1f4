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
  renew(owner: string, asked: readonly SlotAsk[], now: number, leaseMs: number): void
  release(owner: string, asked: readonly Pick<SlotAsk, 'name'>[]): void
  /** In use, by name. */
  used(now: number): ReadonlyMap<string, number>
}

/** Nobody holds anything. */
export function createSlots(): Slots {
  const held = new Map<string, Map<string, number>>()

  function alive(name: string, now: number): Map<string, number> {
    const owners = held.get(name) ?? new Map<string, number>()
    for (const [owner, until] of owners) if (until <= now) owners.delete(owner)
    return owners
  }

  return {
    take(owner, asked, now, leaseMs) {
      for (const slot of asked) {
        const owners = alive(slot.name, now)
        if (!owners.has(owner) && owners.size >= slot.limit) return slot
      }
      for (const { name } of asked) {
        const owners = held.get(name) ?? new Map<string, number>()
        owners.set(owner, now + leaseMs)
        held.set(name, owners)
      }
      return undefined
    },
    renew(owner, asked, now, leaseMs) {
      for (const { name } of asked) if (held.get(name)?.has(owner) === true) held.get(name)?.set(owner, now + leaseMs)
    },
    release(owner, asked) {
      for (const { name } of asked) {
        const owners = held.get(name)
        owners?.delete(owner)
        if (owners?.size === 0) held.delete(name)
      }
    },
    used: (now) => new Map([...held.keys()].map((name) => [name, alive(name, now).size] as const)),
  }
}
