// I-16: breakers under any history of requests, against a model that keeps the whole log of what happened.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BreakerSettings } from '../../src/catalog/snapshot.ts'
import type { CoordinationEvent, TargetSettings, Use, UseOutcome } from '../../src/coordination/event.ts'
import { createState, type CoordinationState } from '../../src/coordination/state.ts'
import { errorCodes, type ErrorCode } from '../../src/ir/error.ts'
import { breakerPhase, defaultBreaker, isProbed, probeLeaseMs, type BreakerPhase } from '../../src/policy/breaker.ts'
import { targetKey } from '../../src/policy/health.ts'
import { defaultPermanent } from '../../src/policy/locks.ts'

const common: BreakerSettings = { ...defaultBreaker, resetMs: 30_000, windowMs: 20_000 }
const partMs = common.windowMs / 10
/** By failures in a row, by their share, and by both. */
const kinds: readonly BreakerSettings[] = [
  { ...common, failureThreshold: 4, minRequests: 1000 },
  { ...common, failureThreshold: 1000, minRequests: 5, errorPercent: 60 },
  { ...common, failureThreshold: 3, minRequests: 6, errorPercent: 50 },
  { ...common, failureThreshold: 2, minRequests: 2, errorPercent: 50, enabled: false },
]
const target: Use['target'] = { name: 't', provider: 'p', account: null, region: null }
const key = targetKey({ route: 'r', target, model: 'm' })

/** How a request may end. */
type End = 'answer' | 'failure' | 'rate_limit' | 'rejection' | 'cancel'

interface Call {
  readonly id: string
  readonly startedAt: number
  accepted: boolean
}

/** What the specification says, written down as plainly as it goes. */
interface Model {
  readonly breaker: BreakerSettings
  now: number
  open: { until: number } | undefined
  /** Results of what began before say nothing. */
  since: number
  inRow: number
  /** Everything that counted since the breaker last opened or closed. */
  log: { at: number; ok: boolean }[]
  probe: { owner: string; until: number } | undefined
  calls: Call[]
  next: number
}

interface Real {
  readonly state: CoordinationState
  /** Everything it was told, to be told again. */
  readonly told: ((state: CoordinationState) => void)[]
}

function phaseOf({ open, now }: Model): BreakerPhase {
  return open === undefined ? 'closed' : open.until > now ? 'open' : 'half_open'
}

function use({ id, startedAt }: Call): Use {
  const same = { route: 'r', target, model: 'm', account: null, task: 'generate', home: undefined } as const
  return { requestId: id, startedAt, ...same }
}

function tell({ told, state }: Real, event: CoordinationEvent, now: number): void {
  const step = (to: CoordinationState): void => to.apply(event, now, 0.5)
  told.push(step)
  step(state)
}

function outcomeOf(end: End): UseOutcome {
  const failed = (code: ErrorCode): UseOutcome => ({
    type: 'failed',
    error: { code, origin: errorCodes[code].origin, retryAfterMs: undefined, isPermanent: false },
    totalMs: 5,
    isCommitted: false,
  })
  switch (end) {
    case 'answer':
      return { type: 'completed', totalMs: 5, ttftMs: null }
    case 'failure':
      return failed('upstream_error')
    case 'rate_limit':
      return failed('upstream_rate_limited')
    case 'rejection':
      return failed('upstream_rejected')
    case 'cancel':
      return { type: 'neutral' }
  }
}

const allowed: Readonly<Record<BreakerPhase, readonly BreakerPhase[]>> = {
  closed: ['closed', 'open'],
  open: ['open', 'half_open'],
  half_open: ['half_open', 'closed', 'open'],
}

abstract class Command implements fc.Command<Model, Real> {
  check(_model: Readonly<Model>): boolean {
    return true
  }
  run(model: Model, real: Real): void {
    const before = breakerPhase(real.state.breakers.get(key), model.now)
    this.act(model, real)
    const found = real.state.breakers.get(key)
    const phase = breakerPhase(found, model.now)
    expect(phase).toBe(phaseOf(model))
    expect(allowed[before]).toContain(phase)
    expect(found === undefined ? false : isProbed(found, model.now)).toBe(
      model.probe !== undefined && model.probe.until > model.now,
    )
    expect(found?.consecutive ?? 0).toBe(model.inRow)
    expect(real.state.health(model.now).loads.get(key) ?? 0).toBe(model.calls.length)
  }
  abstract act(model: Model, real: Real): void
  abstract toString(): string
}

/** A request comes: it goes where the breaker lets it. */
class Begin extends Command {
  act(model: Model, real: Real): void {
    const call: Call = { id: `q${model.next++}`, startedAt: model.now, accepted: false }
    const phase = phaseOf(model)
    const claim = (to: CoordinationState): boolean => to.claimProbe(key, call.id, model.now)
    const { now } = model
    const mayProbe = phase === 'half_open' && (model.probe === undefined || model.probe.until <= now)
    // Asking must be refused in every other phase.
    real.told.push((to) => void to.claimProbe(key, call.id, now))
    expect(claim(real.state)).toBe(mayProbe)
    if (mayProbe) model.probe = { owner: call.id, until: now + probeLeaseMs }
    if (phase !== 'closed' && !mayProbe) return
    tell(real, { type: 'began', use: use(call) }, now)
    model.calls.push(call)
  }
  toString = () => 'begin'
}

/** `at`: which of the calls under way, -1 the newest. */
class Accept extends Command {
  readonly at: number
  constructor(at: number) {
    super()
    this.at = at
  }
  override check = ({ calls }: Readonly<Model>) => calls.length > 0
  act(model: Model, real: Real): void {
    const call = model.calls.at(this.at % model.calls.length) as Call
    if (call.accepted) return
    call.accepted = true
    tell(real, { type: 'accepted', use: use(call) }, model.now)
    if (model.open !== undefined && model.probe?.owner === call.id) close(model, call)
  }
  toString = () => `accept ${this.at}`
}

class Finish extends Command {
  readonly at: number
  readonly end: End
  constructor(at: number, end: End) {
    super()
    this.at = at
    this.end = end
  }
  override check = ({ calls }: Readonly<Model>) => calls.length > 0
  act(model: Model, real: Real): void {
    const [call] = model.calls.splice(this.at % model.calls.length, 1) as [Call]
    const settings: TargetSettings = { permanent: defaultPermanent, maxMs: 4_800_000, breaker: model.breaker }
    tell(real, { type: 'ended', use: use(call), outcome: outcomeOf(this.end), settings }, model.now)
    const isProbe = model.open !== undefined && model.probe?.owner === call.id
    if (this.end !== 'answer' && this.end !== 'failure') {
      if (isProbe) model.probe = undefined
      return
    }
    const ok = this.end === 'answer'
    if (isProbe) {
      if (ok) close(model, call)
      else {
        model.inRow++
        open(model)
      }
    } else if (model.open === undefined && call.startedAt >= model.since) this.count(model, ok)
  }
  count(model: Model, ok: boolean): void {
    const { breaker } = model
    model.inRow = ok ? 0 : model.inRow + 1
    model.log.push({ at: model.now, ok })
    if (ok || !breaker.enabled) return
    const recent = model.log.filter(({ at }) => Math.floor(at / partMs) * partMs > model.now - breaker.windowMs)
    const bad = recent.filter((result) => !result.ok).length
    const share = (bad / recent.length) * 100
    if (model.inRow >= breaker.failureThreshold) open(model)
    else if (recent.length >= breaker.minRequests && share >= breaker.errorPercent) open(model)
  }
  toString = () => `finish ${this.at} ${this.end}`
}

function open(model: Model): void {
  model.open = { until: model.now + model.breaker.resetMs }
  model.since = model.now
  model.log = []
  model.probe = undefined
}

function close(model: Model, probe: Call): void {
  model.open = undefined
  model.since = Math.max(model.since, probe.startedAt)
  model.inRow = 0
  model.log = []
  model.probe = undefined
}

class Wait extends Command {
  readonly ms: number
  constructor(ms: number) {
    super()
    this.ms = ms
  }
  act(model: Model): void {
    model.now += this.ms
  }
  toString = () => `wait ${this.ms}`
}

/** The time of an open breaker is over, give or take so many milliseconds. */
class Until extends Command {
  readonly by: number
  constructor(by: number) {
    super()
    this.by = by
  }
  override check = ({ open, now }: Readonly<Model>) => open !== undefined && open.until + this.by > now
  act(model: Model): void {
    model.now = (model.open?.until ?? 0) + this.by
  }
  toString = () => `until ${this.by}`
}

class Look extends Command {
  act(model: Model, real: Real): void {
    const before = structuredClone([...real.state.breakers])
    real.state.health(model.now + 1e9)
    real.state.claimProbe('somewhere else', 'nobody', model.now)
    expect([...real.state.breakers]).toEqual(before)
  }
  toString = () => 'look'
}

class Reset extends Command {
  act(model: Model, real: Real): void {
    const { open: was } = model
    const step = (to: CoordinationState): boolean => to.resetBreaker('r', 't')
    real.told.push(step)
    expect(step(real.state)).toBe(was !== undefined)
    Object.assign(model, { open: undefined, since: 0, inRow: 0, log: [], probe: undefined })
  }
  // An operator may close what is open.
  override run(model: Model, real: Real): void {
    this.act(model, real)
    expect(real.state.breakers.has(key)).toBe(false)
  }
  toString = () => 'reset'
}

describe('I-16: a breaker against a model', () => {
  it('agrees after any history, makes legal steps only, and is a function of what it was told', () => {
    const which = fc.nat(20)
    const end = fc.constantFrom<End>('answer', 'failure', 'failure', 'failure', 'rate_limit', 'rejection', 'cancel')
    const commands = [
      // More begin than end, so that results may be late.
      ...Array.from({ length: 6 }, () => fc.constant(new Begin())),
      which.map((at) => new Accept(at)),
      fc.tuple(which, end).map(([at, how]) => new Finish(at, how)),
      fc.tuple(which, end).map(([at, how]) => new Finish(at, how)),
      // The newest, which has the probe where anybody has it, and the oldest, whose result may be late.
      fc.constant(new Accept(-1)),
      end.map((how) => new Finish(-1, how)),
      fc.constantFrom<End>('answer', 'failure').map((how) => new Finish(0, how)),
      fc.oneof(fc.nat(500), fc.nat(5000), fc.nat(120_000)).map((ms) => new Wait(ms)),
      // Waits end where something changes: a part of the window, the lease of a probe, the time of an open breaker.
      fc.constantFrom(1, 1, 4, 10, 12).map((n) => new Wait(n * partMs)),
      fc.constantFrom(-1, 0, 0, 0, 1).map((ms) => new Until(ms)),
      fc.constantFrom(1000, 1000, 1000, probeLeaseMs).map((ms) => new Wait(ms)),
      fc.constant(new Look()),
      fc.nat(12).map((n) => (n === 0 ? new Reset() : new Look())),
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        fc.commands(commands, { maxCommands: 120, size: 'max' }),
        (breaker, run) => {
          const real: Real = { state: createState(), told: [] }
          fc.modelRun(() => {
            const model: Model = {
              breaker,
              now: 1_000_000,
              open: undefined,
              since: 0,
              inRow: 0,
              log: [],
              probe: undefined,
              calls: [],
              next: 0,
            }
            return { model, real }
          }, run)
          const again = createState()
          for (const step of real.told) step(again)
          expect([...again.breakers]).toEqual([...real.state.breakers])
          expect([...again.locks]).toEqual([...real.state.locks])
          expect(again.health(0)).toEqual(real.state.health(0))
        },
      ),
      { numRuns: 1000 },
    )
  })
})
