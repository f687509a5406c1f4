// The server that keeps everything in memory: one for all instances. It writes down what has to survive it, and is fed with
// that when it comes back. Synchronous but for shared limits, which a tenant's server leases from the root's.
import type { SlotAsk } from './coordinator.ts'
import type { CoordinationEvent, Use } from './event.ts'
import { allKnown, knownOf, nothingKnown, settledLock, touchedBy } from './known.ts'
import type { AdmitAnswer, AdmitMessage, CoordinationServer, ReportMessage } from './messages.ts'
import { createSlots } from './slots.ts'
import { createState, stateLimits, type StateLimits } from './state.ts'
import { createWritten, type HeldSlots, type Keeper } from './written.ts'
import { defaultBreaker, settledBreaker, type Breaker } from '../policy/breaker.ts'
import { defaultPermanent, type Lock } from '../policy/locks.ts'

/** What has to survive the server. */
export interface Kept {
  readonly locks: readonly (readonly [string, Lock])[]
  readonly breakers: readonly (readonly [string, Breaker])[]
  readonly owners: readonly (readonly [string, HeldSlots])[]
}

/** How much of a limit is this server's to give, where it is not alone. */
export interface Share {
  /** What of a limit may be in use here now. */
  capacity(slot: SlotAsk): number
  /** Tries to get more; whether it is worth asking for a slot again. */
  grow(slot: SlotAsk): Promise<boolean>
  /** Slots of these names were given back. */
  released(names: readonly string[]): void
}

export interface StateServerOptions {
  /** Milliseconds that never run backwards. */
  readonly now: () => number
  readonly keeper: Keeper
  readonly kept?: Kept
  /** Absent: all limits are this server's alone. */
  readonly share?: Share
  readonly limits?: StateLimits
}

export interface StateServer extends CoordinationServer {
  /** Slots of a name in use. */
  used(name: string): number
}

interface Owner {
  readonly slots: readonly string[]
  readonly until: number
  /** What has begun and not ended. */
  readonly underWay: Use[]
}

/** How long a use is counted whose request is not heard of; longer than any lease. */
const forgottenMs = 120_000
const sweepEveryMs = 1000
/** A lock that is over is remembered for so long, because the next failure counts on from it. */
const rememberMs = 86_400_000
/** How often one admission asks for more of a shared limit: others may take what comes. */
const maxGrowTries = 16
/** Of an ending that says nothing, nothing is read but that it came. */
const nothingSaid = { permanent: defaultPermanent, maxMs: 0, breaker: defaultBreaker }

/** A server over plain memory. */
export function createStateServer(options: StateServerOptions): StateServer {
  const { now, keeper, share } = options
  const state = createState(options.limits ?? stateLimits)
  const slots = createSlots()
  const owners = new Map<string, Owner>()
  const written = createWritten(state, keeper)
  let sweptAt = -Infinity
  restore(options.kept)

  function restore(kept: Kept | undefined): void {
    if (kept === undefined) return
    const at = now()
    const locks = kept.locks.filter(([, lock]) => lock.until + rememberMs > at)
    const breakers = kept.breakers.filter(
      ([, { until, since, from }]) => Math.max(until, since, from) + rememberMs > at,
    )
    state.learn({
      ...nothingKnown,
      locks: locks.map(([key, lock]) => [key, settledLock(lock, at)] as const),
      breakers: breakers.map(([key, breaker]) => [key, settledBreaker(breaker, at)] as const),
    })
    written.found(kept)
    for (const [owner, held] of kept.owners) {
      const leaseMs = Math.min(held.until - at, forgottenMs)
      if (leaseMs <= 0) keeper.owner(owner, undefined)
      else hold(owner, held.slots, leaseMs)
    }
  }

  /** Holds them whatever the limit says: the request is under way. */
  function hold(owner: string, names: readonly string[], leaseMs: number): void {
    const asked = names.map((name) => ({ name, limit: Infinity }))
    slots.take(owner, asked, now(), leaseMs)
    owners.set(owner, { slots: names, until: now() + leaseMs, underWay: [] })
  }

  const used = (name: string): number => slots.used(now()).get(name) ?? 0

  function take({ owner, slots: wanted, leaseMs }: AdmitMessage): SlotAsk | undefined {
    if (wanted.length === 0) return undefined
    const asked = wanted.map((slot) => ({ name: slot.name, limit: share?.capacity(slot) ?? slot.limit }))
    const refused = slots.take(owner, asked, now(), leaseMs)
    return refused && wanted.find(({ name }) => name === refused.name)
  }

  async function takeShared(message: AdmitMessage, first: SlotAsk, from: Share): Promise<AdmitAnswer> {
    let refused: SlotAsk | undefined = first
    for (let tries = 0; refused !== undefined && tries < maxGrowTries; tries++) {
      if (!(await from.grow(refused))) break
      refused = take(message)
    }
    return answer(message, refused)
  }

  function answer(message: AdmitMessage, refused: SlotAsk | undefined): AdmitAnswer {
    const at = now()
    if (refused !== undefined) return { now: at, refused, known: nothingKnown }
    if (message.slots.length > 0) {
      const held = { slots: message.slots.map(({ name }) => name), until: at + message.leaseMs }
      owners.set(message.owner, { ...held, underWay: [] })
      keeper.owner(message.owner, held)
    }
    return { now: at, refused: null, known: knownOf(state.health(at), message.watch) }
  }

  function apply(event: CoordinationEvent, random: number): void {
    if (!('use' in event)) return state.apply(event, now(), random)
    const touched = touchedBy(event.use)
    const locksBefore = touched.locks.map((key) => state.locks.get(key))
    const breakerBefore = state.breakers.get(touched.breaker)
    state.apply(event, now(), random)
    for (const [index, key] of touched.locks.entries())
      if (state.locks.get(key) !== locksBefore[index]) written.lock(key)
    if (state.breakers.get(touched.breaker) !== breakerBefore) written.breaker(touched.breaker)
  }

  function follow(id: string, event: CoordinationEvent): void {
    if (event.type !== 'began' && event.type !== 'ended') return
    const owner = owners.get(id) ?? { slots: [], until: now() + forgottenMs, underWay: [] }
    owners.set(id, owner)
    if (event.type === 'began') return void owner.underWay.push(event.use)
    const index = owner.underWay.findIndex((use) => touchedBy(use).breaker === touchedBy(event.use).breaker)
    if (index >= 0) owner.underWay.splice(index, 1)
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
    keeper.owner(id, undefined)
  }

  /** Requests that were not heard of for too long: what they began is over. */
  function sweep(): void {
    const at = now()
    if (at - sweptAt < sweepEveryMs) return
    sweptAt = at
    for (const [id, owner] of owners) {
      if (owner.until > at) continue
      for (const use of owner.underWay)
        apply({ type: 'ended', use, outcome: { type: 'neutral' }, settings: nothingSaid }, 0)
      release(id)
    }
  }

  return {
    keeps: 'everything',
    used,
    admit(message) {
      sweep()
      const refused = take(message)
      return refused === undefined || share === undefined
        ? answer(message, refused)
        : takeShared(message, refused, share)
    },
    report({ owner, told, probes, release: freed }: ReportMessage) {
      for (const { event, random } of told) {
        follow(owner, event)
        apply(event, random)
      }
      for (const { target, prober } of probes) {
        const before = state.breakers.get(target)
        state.releaseProbe(target, prober)
        if (state.breakers.get(target) !== before) written.breaker(target)
      }
      if (freed === null) return
      release(owner)
      if (freed.length > 0) share?.released(freed)
    },
    renew({ owner: id, slots: names, leaseMs }) {
      const owner = owners.get(id)
      const underWay = owner?.underWay ?? []
      hold(id, names, leaseMs)
      owners.set(id, { slots: names, until: now() + Math.max(leaseMs, names.length === 0 ? forgottenMs : 0), underWay })
      if (names.length > 0) keeper.owner(id, { slots: names, until: now() + leaseMs })
    },
    claimProbe({ target, prober }) {
      if (!state.claimProbe(target, prober, now())) return null
      written.breaker(target)
      return state.breakers.get(target) ?? null
    },
    view() {
      sweep()
      const at = now()
      return { now: at, known: allKnown(state.health(at)), tallies: [...state.tallies], slots: [...slots.used(at)] }
    },
    resetLocks(selector) {
      const before = [...state.locks.keys()]
      const held = state.resetLocks(selector, now())
      for (const key of before) if (!state.locks.has(key)) written.lock(key)
      return held
    },
    resetBreaker(route, target) {
      const before = [...state.breakers.keys()]
      const wasOpen = state.resetBreaker(route, target)
      for (const key of before) if (!state.breakers.has(key)) written.breaker(key)
      return wasOpen
    },
  }
}
