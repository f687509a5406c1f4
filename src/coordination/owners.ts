// The requests that a server of memory hears of: which slots they hold, what they have begun and not ended, and until when
// they are taken to be alive.
import type { CoordinationEvent, Use } from './event.ts'
import { touchedBy, type Entries } from './known.ts'
import type { Slots } from './slots.ts'
import type { HeldSlots, Keeper } from './written.ts'

/** How long a use is counted whose request is not heard of, in milliseconds; longer than any lease. */
export const forgottenMs = 120_000
const sweepEveryMs = 1000

export interface OwnersOptions {
  readonly slots: Slots
  /** Milliseconds that never run backwards. */
  readonly now: () => number
  readonly keep: Keeper['owner']
  /** Hears of what an owner had under way that is gone. */
  readonly lose: (use: Use) => void
}

export interface Owners {
  /** Those who are still there hold what they held, whatever the limits say now: their requests are under way. */
  restore(kept: Entries<HeldSlots>): void
  /** An owner whose slots were taken. */
  admitted(id: string, held: HeldSlots): void
  follow(id: string, event: CoordinationEvent): void
  /** Makes an owner last longer, with its slots, which it has again where it had lost them. */
  renew(id: string, names: readonly string[], leaseMs: number): void
  release(id: string): void
  /** Releases those that were not heard of for too long. */
  sweep(): void
}

interface Owner extends HeldSlots {
  /** What has begun and not ended. */
  readonly underWay: Use[]
}

/** Nobody is there yet. */
export function createOwners({ slots, now, keep, lose }: OwnersOptions): Owners {
  const owners = new Map<string, Owner>()
  let sweptAt = -Infinity

  function hold(id: string, names: readonly string[], leaseMs: number): void {
    const asked = names.map((name) => ({ name, limit: Infinity }))
    slots.take(id, asked, now(), leaseMs)
    owners.set(id, { slots: names, until: now() + leaseMs, underWay: [] })
  }

  function release(id: string): void {
    const owner = owners.get(id)
    if (owner === undefined) return
    owners.delete(id)
    if (owner.slots.length === 0) return
    slots.release(
      id,
      owner.slots.map((name) => ({ name })),
    )
    keep(id, undefined)
  }

  return {
    release,
    restore(kept) {
      for (const [id, held] of kept) {
        const leaseMs = Math.min(held.until - now(), forgottenMs)
        if (leaseMs <= 0) keep(id, undefined)
        else hold(id, held.slots, leaseMs)
      }
    },
    admitted(id, held) {
      owners.set(id, { ...held, underWay: [] })
      keep(id, held)
    },
    follow(id, event) {
      if (event.type !== 'began' && event.type !== 'ended') return
      const owner = owners.get(id) ?? { slots: [], until: now() + forgottenMs, underWay: [] }
      owners.set(id, owner)
      if (event.type === 'began') return void owner.underWay.push(event.use)
      const index = owner.underWay.findIndex((use) => touchedBy(use).breaker === touchedBy(event.use).breaker)
      if (index >= 0) owner.underWay.splice(index, 1)
    },
    renew(id, names, leaseMs) {
      const underWay = owners.get(id)?.underWay ?? []
      hold(id, names, leaseMs)
      owners.set(id, { slots: names, until: now() + Math.max(leaseMs, names.length === 0 ? forgottenMs : 0), underWay })
      if (names.length > 0) keep(id, { slots: names, until: now() + leaseMs })
    },
    sweep() {
      const at = now()
      if (at - sweptAt < sweepEveryMs) return
      sweptAt = at
      for (const [id, owner] of owners) {
        if (owner.until > at) continue
        for (const use of owner.underWay) lose(use)
        release(id)
      }
    },
  }
}
