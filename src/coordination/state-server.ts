// The server that keeps everything in memory: one for all instances. It writes down what has to survive it, and is fed with
// that when it comes back. Synchronous but for shared limits, which a tenant's server leases from the root's.
import { defaultBreaker } from '../policy/breaker.ts'
import { defaultPermanent } from '../policy/locks.ts'
import type { SlotAsk } from './coordinator.ts'
import type { CoordinationEvent, Use } from './event.ts'
import { allKnown, knownOf, nothingKnown, touchedBy } from './known.ts'
import type { AdmitAnswer, AdmitMessage, CoordinationServer, ReportMessage } from './messages.ts'
import { createOwners } from './owners.ts'
import { createSlots } from './slots.ts'
import { createState, type StateLimits } from './state.ts'
import { createWritten, type Kept, type Keeper } from './written.ts'

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
  /** What the one before it has written down. */
  readonly kept?: Kept
  /** Absent: all limits are this server's alone. */
  readonly share?: Share
  readonly limits?: StateLimits
}

export interface StateServer extends CoordinationServer {
  /** Slots of a name in use. */
  used(name: string): number
}

/** How often one admission asks for more of a shared limit: others may take what comes. */
const maxGrowTries = 16
/** Of an ending that says nothing, nothing is read but that it came. */
const nothingSaid = { permanent: defaultPermanent, maxMs: 0, breaker: defaultBreaker }

/** A server over plain memory. */
export function createStateServer(options: StateServerOptions): StateServer {
  const { now, keeper, share } = options
  const state = createState(options.limits)
  const slots = createSlots()
  const written = createWritten(state, keeper)
  const owners = createOwners({ slots, now, keep: (owner, held) => keeper.owner(owner, held), lose })
  if (options.kept !== undefined) {
    written.restore(options.kept, now())
    owners.restore(options.kept.owners)
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
    const names = message.slots.map(({ name }) => name)
    if (names.length > 0) owners.admitted(message.owner, { slots: names, until: at + message.leaseMs })
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

  // What a request that is gone had under way is over, and said nothing.
  function lose(use: Use): void {
    apply({ type: 'ended', use, outcome: { type: 'neutral' }, settings: nothingSaid }, 0)
  }

  return {
    keeps: 'everything',
    used,
    admit(message) {
      owners.sweep()
      const refused = take(message)
      return refused === undefined || share === undefined
        ? answer(message, refused)
        : takeShared(message, refused, share)
    },
    report({ owner, told, probes, release: freed }: ReportMessage) {
      for (const { event, random } of told) {
        owners.follow(owner, event)
        apply(event, random)
      }
      for (const { target, prober } of probes) {
        const before = state.breakers.get(target)
        state.releaseProbe(target, prober)
        if (state.breakers.get(target) !== before) written.breaker(target)
      }
      if (freed === null) return
      owners.release(owner)
      if (freed.length > 0) share?.released(freed)
    },
    renew: ({ owner, slots: names, leaseMs }) => owners.renew(owner, names, leaseMs),
    claimProbe({ target, prober }) {
      if (!state.claimProbe(target, prober, now())) return null
      written.breaker(target)
      return state.breakers.get(target) ?? null
    },
    view() {
      owners.sweep()
      const at = now()
      return { now: at, known: allKnown(state.health(at)), tallies: [...state.tallies], slots: [...slots.used(at)] }
    },
    resetLocks(selector) {
      const before = [...state.locks.keys()]
      const held = state.resetLocks(selector, now())
      for (const key of before) if (!state.locks.has(key)) written.lock(key)
      return held
    },
    resetBreaker(route, target, model) {
      const before = [...state.breakers.keys()]
      const wasOpen = state.resetBreaker(route, target, model)
      for (const key of before) if (!state.breakers.has(key)) written.breaker(key)
      return wasOpen
    },
  }
}
