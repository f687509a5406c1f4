// What a gateway does where the place of agreement is slow, away, or comes back; in virtual time.
import { describe, expect, it } from 'vitest'
import type { Coordinator } from '../../src/coordination/coordinator.ts'
import { guarantees } from '../../src/coordination/guarantees.ts'
import type { CoordinationServer, ReportMessage } from '../../src/coordination/messages.ts'
import { createRemoteCoordinator } from '../../src/coordination/remote.ts'
import { remoteLimits } from '../../src/coordination/remote-instance.ts'
import { createStateServer } from '../../src/coordination/state-server.ts'
import { defaultBreaker } from '../../src/policy/breaker.ts'
import { targetKey } from '../../src/policy/health.ts'
import { defaultPermanent } from '../../src/policy/locks.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts'
import { admitted, tryAdmit } from './contract.ts'

const slot = { name: 'global', limit: 3 }
const settings = { permanent: defaultPermanent, maxMs: 3_600_000, breaker: defaultBreaker }
const refusedKey = { code: 'upstream_auth', origin: 'upstream', retryAfterMs: undefined, isPermanent: false } as const

interface Scene {
  readonly clock: VirtualClock
  readonly coordinator: Coordinator
  readonly server: CoordinationServer
  readonly reports: ReportMessage[]
  readonly calls: string[]
  readonly logs: string[]
  /** `well`, `away` (fails at once), `silent` (never answers), `lost` (does it, and the answer is lost), or answers after so many milliseconds. */
  state: 'well' | 'away' | 'silent' | 'lost' | number
}

function scene(): Scene {
  const clock = createVirtualClock()
  const nothing = { lock() {}, breaker() {}, owner() {} }
  // Its clock is an hour ahead of ours.
  const real = createStateServer({ now: () => clock.now() + 3_600_000, keeper: nothing })
  const made: { -readonly [K in keyof Scene]: Scene[K] } = {
    clock,
    server: real,
    coordinator: undefined as unknown as Coordinator,
    reports: [],
    calls: [],
    logs: [],
    state: 'well',
  }
  const through = async <T>(name: string, call: () => T | Promise<T>): Promise<T> => {
    made.calls.push(name)
    const { state } = made
    if (state === 'away') throw new Error('network lost')
    if (state === 'silent') return new Promise(() => {})
    if (typeof state === 'number') await new Promise<void>((resolve) => void clock.after(state, resolve))
    const answer = await call()
    if (state === 'lost') throw new Error('network lost')
    return answer
  }
  const server: CoordinationServer = {
    keeps: 'everything',
    admit: (message) => through('admit', () => real.admit(message)),
    report: (message) =>
      through('report', () => {
        made.reports.push(message)
        return real.report(message)
      }),
    renew: (message) => through('renew', () => real.renew(message)),
    claimProbe: (message) => through('claimProbe', () => real.claimProbe(message)),
    view: () => through('view', () => real.view()),
    resetLocks: (selector) => through('resetLocks', () => real.resetLocks(selector)),
    resetBreaker: (route, target, model) => through('resetBreaker', () => real.resetBreaker(route, target, model)),
  }
  const log = (event: string): void => void made.logs.push(event)
  let ids = 0
  made.coordinator = createRemoteCoordinator({
    serverFor: () => ({ server }),
    operators: () => server,
    clock,
    random: { next: () => 0.5, id: () => `owner-${ids++}` },
    defer: (work) => void work.catch(() => {}),
    log: { debug: log, info: log, warn: log, error: log },
    guarantee: guarantees.oneObject,
  })
  return made
}

/** Runs a call while time goes on. */
async function during<T>(clock: VirtualClock, ms: number, call: Promise<T>): Promise<T> {
  await clock.advance(ms)
  return call
}

async function failsOnce(coordinator: Coordinator): Promise<void> {
  const session = await admitted(coordinator)
  session.began(session.use)
  session.ended(session.use, { type: 'failed', error: refusedKey, totalMs: 1, isCommitted: false }, settings)
  session.settle()
}

describe('a request at a coordinator that is somewhere else', () => {
  it('asks once, and tells twice at the most: what cannot wait, and the end', async () => {
    const { coordinator, clock, calls, reports } = scene()
    const session = await admitted(coordinator, [slot])
    session.planned({ route: 'smart', weights: { first: 1 }, picked: 'first' })
    session.takeTurn('acme')
    session.began(session.use)
    await clock.advance(1)
    session.accepted(session.use)
    session.ended(session.use, { type: 'completed', totalMs: 1, ttftMs: null }, settings)
    session.settle()
    await clock.advance(1)
    expect(calls).toEqual(['admit', 'report', 'report'])
    expect(reports.map(({ told, release }) => [told.map(({ event }) => event.type), release])).toEqual([
      [['planned', 'turn', 'began'], null],
      [['accepted', 'ended'], ['global']],
    ])
  })

  it('tells everything in one letter where nothing is urgent', async () => {
    const { coordinator, clock, calls } = scene()
    const session = await admitted(coordinator)
    session.began(session.use)
    session.accepted(session.use)
    session.ended(session.use, { type: 'completed', totalMs: 1, ttftMs: null }, settings)
    session.settle()
    session.settle()
    await clock.advance(1000)
    expect(calls).toEqual(['admit', 'report'])
    expect(clock.pending()).toBe(0)
  })

  it('lets others know of a long request after a moment, so that it counts as load', async () => {
    const { coordinator, clock, server } = scene()
    const session = await admitted(coordinator)
    session.began(session.use)
    await clock.advance(remoteLimits.reportDelayMs + 1)
    expect(new Map((await server.view()).known.loads).get(targetKey(session.use))).toBe(1)
    session.ended(session.use, { type: 'neutral' }, settings)
    session.settle()
    await clock.advance(1)
    expect((await server.view()).known.loads).toEqual([])
  })

  it('goes by the clock of the coordinator', async () => {
    const { coordinator, clock } = scene()
    const session = await admitted(coordinator)
    await clock.advance(5000)
    expect(session.now()).toBe(clock.now() + 3_600_000)
    expect(session.health().now).toBe(session.now())
  })

  it('keeps its slots by renewals for as long as it lives, and gives them back at its end', async () => {
    const { coordinator, clock, calls } = scene()
    const session = await admitted(coordinator, [slot])
    await clock.advance(10 * 60_000)
    expect(calls.filter((call) => call === 'renew')).toHaveLength(20)
    expect((await coordinator.view()).slots.get('global')).toBe(1)
    session.settle()
    await clock.advance(1)
    expect((await coordinator.view()).slots.get('global')).toBeUndefined()
  })
})

describe('where the coordinator does not answer', () => {
  it('a request without a limit is served by what its instance found out itself, and one line says so', async () => {
    const one = scene()
    await failsOnce(one.coordinator)
    await one.clock.advance(1)
    one.state = 'silent'
    const session = await during(one.clock, remoteLimits.patienceMs + 1, admitted(one.coordinator))
    expect([...session.health().locks.values()]).toMatchObject([{ code: 'upstream_auth' }])
    const [lock] = session.health().locks.values()
    // The lock was learned on another clock and holds here for as long as it did there.
    expect((lock?.until ?? 0) - session.now()).toBeGreaterThan(290_000)
    expect((lock?.until ?? 0) - session.now()).toBeLessThanOrEqual(300_000)
    session.settle()
    // The next ones do not even wait.
    const before = one.calls.length
    for (let index = 0; index < 20; index++) (await admitted(one.coordinator)).settle()
    expect(one.calls.length).toBe(before)
    expect(one.logs).toEqual(['coordinator_is_away'])
  })

  it('a target that was probed by leave of the coordinator is well for the instance too', async () => {
    const one = scene()
    const quick = { ...settings, breaker: { ...defaultBreaker, failureThreshold: 1, resetMs: 10 } }
    const error = { code: 'upstream_error', origin: 'upstream', retryAfterMs: undefined, isPermanent: false } as const
    const ill = await admitted(one.coordinator)
    ill.began(ill.use)
    ill.ended(ill.use, { type: 'failed', error, totalMs: 1, isCommitted: false }, quick)
    ill.settle()
    await one.clock.advance(20)
    const probe = await admitted(one.coordinator)
    const target = targetKey(probe.use)
    expect(await probe.claimProbe(target)).toBe(true)
    probe.began(probe.use)
    probe.accepted(probe.use)
    probe.ended(probe.use, { type: 'completed', totalMs: 1, ttftMs: null }, quick)
    probe.settle()
    await one.clock.advance(1)
    one.state = 'away'
    const session = await admitted(one.coordinator)
    expect(session.health().breakers.get(target)).toMatchObject({ isOpen: false, requests: 2, failures: 1 })
    session.settle()
  })

  it('asks again after a while, and says that it is back', async () => {
    const one = scene()
    one.state = 'away'
    ;(await admitted(one.coordinator)).settle()
    one.state = 'well'
    await one.clock.advance(remoteLimits.awayMs + 1)
    ;(await admitted(one.coordinator)).settle()
    expect(one.logs).toEqual(['coordinator_is_away', 'coordinator_is_back'])
  })

  it('a request with a limit is refused with store_unavailable: a limit that cannot be asked is not passed', async () => {
    const one = scene()
    one.state = 'silent'
    const outcome = await during(one.clock, remoteLimits.slotPatienceMs + 1, tryAdmit(one.coordinator, [slot]))
    expect(outcome.ok ? undefined : [outcome.error.code, outcome.error.status]).toEqual(['store_unavailable', 503])
    expect(outcome.ok ? undefined : outcome.error.retryAfterMs).toBe(1000)
  })

  it('a request with a limit is more patient: a slow answer is better than none', async () => {
    const one = scene()
    one.state = remoteLimits.patienceMs + 500
    const outcome = await during(one.clock, remoteLimits.slotPatienceMs, tryAdmit(one.coordinator, [slot]))
    expect(outcome.ok).toBe(true)
    if (outcome.ok) outcome.value.settle()
    expect(one.logs).toEqual([])
  })

  it('a slot that is granted after its request gave up is given back', async () => {
    const one = scene()
    one.state = remoteLimits.slotPatienceMs + 200
    const outcome = await during(one.clock, remoteLimits.slotPatienceMs + 1, tryAdmit(one.coordinator, [slot]))
    expect(outcome.ok).toBe(false)
    one.state = 'well'
    await one.clock.advance(1000)
    expect(one.reports).toMatchObject([{ told: [], release: ['global'] }])
    expect(new Map((await one.server.view()).slots).get('global')).toBeUndefined()
  })

  it('a slot whose grant was lost on its way is given back', async () => {
    const one = scene()
    one.state = 'lost'
    expect((await tryAdmit(one.coordinator, [slot])).ok).toBe(false)
    one.state = 'well'
    await one.clock.advance(1)
    expect(new Map((await one.server.view()).slots).get('global')).toBeUndefined()
  })

  it.each([
    ['comes too late', remoteLimits.patienceMs + 200],
    ['is lost on its way', 'lost'],
  ] as const)('a probe whose leave %s is free for the next one', async (_name, state) => {
    const one = scene()
    const session = await admitted(one.coordinator)
    session.began(session.use)
    const error = { code: 'upstream_error', origin: 'upstream', retryAfterMs: undefined, isPermanent: false } as const
    const quick = { ...settings, breaker: { ...defaultBreaker, failureThreshold: 1, resetMs: 10 } }
    session.ended(session.use, { type: 'failed', error, totalMs: 1, isCommitted: false }, quick)
    await one.clock.advance(20)
    const target = targetKey(session.use)
    const late = await admitted(one.coordinator)
    one.state = state
    const claimed = Promise.resolve(late.claimProbe(target))
    expect(await during(one.clock, remoteLimits.patienceMs + 1, claimed)).toBe(false)
    one.state = 'well'
    await one.clock.advance(1000)
    const next = await admitted(one.coordinator)
    expect(await next.claimProbe(target)).toBe(true)
    for (const each of [session, late, next]) each.settle()
  })

  it('reports that are lost are counted, and one line a minute tells how many', async () => {
    const one = scene()
    const sessions = await Promise.all(Array.from({ length: 5 }, () => admitted(one.coordinator)))
    one.state = 'away'
    for (const session of sessions) {
      session.began(session.use)
      session.settle()
    }
    await one.clock.advance(1000)
    expect(one.logs).toEqual(['coordination_reports_lost'])
  })

  it('letters of one request arrive in their order, however long each one takes', async () => {
    const one = scene()
    const session = await admitted(one.coordinator)
    one.state = 300
    session.takeTurn('acme')
    await one.clock.advance(10)
    one.state = 'well'
    session.takeTurn('zeta')
    await one.clock.advance(10)
    expect(one.reports).toEqual([])
    await one.clock.advance(1000)
    expect(one.reports.flatMap(({ told }) => told.map(({ event }) => 'provider' in event && event.provider))).toEqual([
      'acme',
      'zeta',
    ])
    session.settle()
  })

  it('nobody probes without leave', async () => {
    const one = scene()
    const session = await admitted(one.coordinator)
    one.state = 'silent'
    const claimed = Promise.resolve(session.claimProbe(targetKey(session.use)))
    expect(await during(one.clock, remoteLimits.patienceMs + 1, claimed)).toBe(false)
    session.settle()
  })

  it('operators are told that nobody answers', async () => {
    const one = scene()
    one.state = 'silent'
    const look = Promise.resolve(one.coordinator.view()).catch((error: unknown) => error)
    expect(await during(one.clock, remoteLimits.backgroundPatienceMs + 1, look)).toMatchObject({
      code: 'store_unavailable',
    })
  })
})
