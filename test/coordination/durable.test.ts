// What the Durable Object remembers when its machine dies, and what it does with a clock that jumped meanwhile.
import type { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AdmitMessage, CoordinationServer } from '../../src/coordination/messages.ts'
import { createStateServer } from '../../src/coordination/state-server.ts'
import type { HeldSlots } from '../../src/coordination/written.ts'
import { stateLimits } from '../../src/coordination/state.ts'
import { createSteadyClock } from '../../src/coordination/steady-clock.ts'
import { defaultBreaker, type Breaker } from '../../src/policy/breaker.ts'
import { targetKey } from '../../src/policy/health.ts'
import { defaultPermanent, type Lock } from '../../src/policy/locks.ts'
import type { Use } from '../../src/coordination/event.ts'
import { startObjects } from './objects.ts'
import { plainUse } from './use.ts'

const watch = { locks: [], targets: [], providers: [], homes: [], routes: [] }
const slots = [{ name: 'global', limit: 2 }]
const use: Use = { ...plainUse, startedAt: Number.MAX_SAFE_INTEGER }
const settings = { permanent: defaultPermanent, maxMs: 3_600_000, breaker: { ...defaultBreaker, failureThreshold: 1 } }

function ask(owner: string): AdmitMessage {
  return { owner, slots, leaseMs: 90_000, watch }
}

function failure(code: 'upstream_error' | 'upstream_auth') {
  const error = { code, origin: 'upstream', retryAfterMs: undefined, isPermanent: false } as const
  const outcome = { type: 'failed', error, totalMs: 1, isCommitted: false } as const
  return { event: { type: 'ended', use, outcome, settings } as const, random: 0.5 }
}

/** What a test of the object may call. */
type Crashing = CoordinationServer & { crash(): Promise<void>; kept(): Promise<void> }

describe('the Durable Object', () => {
  let miniflare: Miniflare
  beforeAll(async () => {
    miniflare = await startObjects('durable-worker.ts', { COORDINATOR: 'Coordinator' })
  })
  afterAll(() => miniflare.dispose())

  async function object(name: string): Promise<Crashing> {
    const namespace = await miniflare.getDurableObjectNamespace('COORDINATOR')
    return namespace.get(namespace.idFromName(name)) as unknown as Crashing
  }

  it('comes back with its locks, its breakers and the slots of those that are still there', async () => {
    const before = await object('crashes')
    expect((await before.admit(ask('one'))).refused).toBeNull()
    expect((await before.admit(ask('two'))).refused).toBeNull()
    await before.report({
      owner: 'two',
      told: [failure('upstream_error'), failure('upstream_auth')],
      probes: [],
      release: ['global'],
    })
    // Written behind the answer.
    await before.kept()
    await before.crash().catch(() => {})
    const after = await object('crashes')
    const view = await after.view()
    expect(view.slots).toEqual([['global', 1]])
    expect(view.known.locks.map(([, { code }]) => code)).toEqual(['upstream_auth'])
    expect(new Map(view.known.breakers).get(targetKey(use))).toMatchObject({ isOpen: true, code: 'upstream_error' })
    // What is not kept began anew.
    expect(view.tallies).toEqual([])
    expect((await after.admit(ask('three'))).refused).toBeNull()
    expect((await after.admit(ask('four'))).refused).toEqual(slots[0])
  })

  it('comes back without what was lifted before', async () => {
    const before = await object('lifted')
    await before.report({
      owner: 'x',
      told: [failure('upstream_error'), failure('upstream_auth')],
      probes: [],
      release: [],
    })
    expect(await before.resetLocks({ provider: null, account: null, model: null })).toBe(1)
    expect(await before.resetBreaker('smart', 'first')).toBe(true)
    await before.kept()
    await before.crash().catch(() => {})
    const view = await (await object('lifted')).view()
    expect([view.known.locks, view.known.breakers]).toEqual([[], []])
  })
})

/** A keeper that keeps. */
function shelf() {
  const locks = new Map<string, Lock>()
  const breakers = new Map<string, Breaker>()
  const owners = new Map<string, HeldSlots>()
  const put =
    <V>(map: Map<string, V>) =>
    (key: string, value: V | undefined): void =>
      void (value === undefined ? map.delete(key) : map.set(key, value))
  return {
    keeper: { lock: put(locks), breaker: put(breakers), owner: put(owners) },
    kept: () => ({ locks: [...locks], breakers: [...breakers], owners: [...owners] }),
  }
}

describe('the clock of the coordinator', () => {
  const hour = 3_600_000

  it('set back while it runs, it goes on from where it was: nothing holds longer', () => {
    let wall = 10 * hour
    const now = createSteadyClock(() => wall)
    const started = now()
    wall -= 5 * hour
    expect(now()).toBe(started)
    wall += 1000
    expect(now()).toBe(started + 1000)
  })

  it.each([
    ['set back by five hours', -5 * hour, 1],
    ['as it was', 0, 1],
    ['set forward by five hours', 5 * hour, 0],
  ])('%s while nobody was there, no lock and no slot holds longer than it was meant to', async (_, jump, held) => {
    let wall = 10 * hour
    const { keeper, kept } = shelf()
    const before = createStateServer({ now: createSteadyClock(() => wall), keeper })
    await before.admit(ask('one'))
    await before.report({
      owner: 'x',
      told: [failure('upstream_error'), failure('upstream_auth')],
      probes: [],
      release: null,
    })
    wall += jump
    const now = createSteadyClock(() => wall)
    const after = createStateServer({ now, keeper, kept: kept() })
    const { known, slots: used } = await after.view()
    const ends = known.locks.map(([, lock]) => lock.until - now())
    expect(ends.filter((ms) => ms > 0)).toHaveLength(held)
    expect(Math.max(...ends)).toBeLessThanOrEqual(defaultPermanent.baseMs)
    const [breaker] = known.breakers
    expect((breaker?.[1].until ?? 0) - now()).toBeLessThanOrEqual(defaultBreaker.resetMs)
    expect(used).toEqual(held === 1 ? [['global', 1]] : [])
    wall += 120_000
    expect((await after.view()).slots).toEqual([])
  })

  it('keeps no more locks than it knows', async () => {
    const { keeper, kept } = shelf()
    const limits = { ...stateLimits, maxLocks: 50 }
    const server = createStateServer({ now: () => 1000, keeper, limits })
    for (let index = 0; index < 1000; index++) {
      const { event, random } = failure('upstream_auth')
      const told = [{ event: { ...event, use: { ...use, account: `a${index}` } }, random }]
      await server.report({ owner: 'x', told, probes: [], release: [] })
    }
    expect(kept().locks.length).toBeLessThanOrEqual(151)
  })

  it('keeps nothing of targets that are well', async () => {
    const { keeper, kept } = shelf()
    const server = createStateServer({ now: () => 1000, keeper })
    const told = [
      { event: { type: 'began', use }, random: 0 },
      { event: { type: 'accepted', use }, random: 0 },
      { event: { type: 'ended', use, outcome: { type: 'completed', totalMs: 5, ttftMs: null }, settings }, random: 0 },
    ] as const
    await server.report({ owner: 'x', told, probes: [], release: [] })
    expect(kept()).toEqual({ locks: [], breakers: [], owners: [] })
  })
})
