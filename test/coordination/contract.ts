// What every backend has to do, for two gateways that share it. Nobody waits: time is moved, at the gateways and where they
// agree.
import { describe, expect, it } from 'vitest'
import type { CoordinationSettings } from '../../src/catalog/snapshot.ts'
import type { AdmissionAsk, Coordinator, Session, SlotAsk } from '../../src/coordination/coordinator.ts'
import type { TargetSettings, Use } from '../../src/coordination/event.ts'
import { guarantees } from '../../src/coordination/guarantees.ts'
import type { CoordinationServer } from '../../src/coordination/messages.ts'
import { createRemoteCoordinator, type Asked } from '../../src/coordination/remote.ts'
import type { RemoteLimits } from '../../src/coordination/remote-instance.ts'
import { touchedBy } from '../../src/coordination/known.ts'
import { errorCodes, type ErrorCode } from '../../src/ir/error.ts'
import { breakerPhase, defaultBreaker } from '../../src/policy/breaker.ts'
import { targetKey } from '../../src/policy/health.ts'
import { defaultPermanent, holds } from '../../src/policy/locks.ts'
import { createAgreementStore } from '../../src/store/sql/agreement.ts'
import type { SqlExecutor } from '../../src/store/sql/executor.ts'
import type { VirtualClock } from '../support/virtual-clock.ts'
import { plainUse } from './use.ts'

/** Two gateways that are to agree. The same one twice where a backend knows only one. */
export interface Pair {
  readonly one: Coordinator
  readonly two: Coordinator
  /** A third gateway, which `kill` ends without a word. */
  readonly doomed: Coordinator
  kill(): void
  sleep(ms: number): Promise<void>
  /** Lets what was told arrive. */
  settled(): Promise<void>
  close(): Promise<void> | void
}

export interface Backend {
  readonly name: string
  open(limits: Partial<RemoteLimits>): Promise<Pair>
  /** A lease ends by itself; not in a process, where who holds it lives as long as it is counted. */
  readonly hasLeases: boolean
  /** Loads, turns and cursors are shared as well. */
  readonly sharesEverything: boolean
}

export const plainSettings: CoordinationSettings = { backend: 'auto', objects: 'one', slice: 8 }
const stepMs = 50
const leaseMs = 600
const resetMs = 300

function settingsWith(resetMs: number): TargetSettings {
  const breaker = { ...defaultBreaker, failureThreshold: 3, resetMs }
  return { permanent: defaultPermanent, maxMs: 3_600_000, breaker }
}

let requests = 0

export interface GatewaysOptions {
  readonly asked: () => Asked
  readonly operators: () => CoordinationServer
  readonly clock: VirtualClock
  /** Lets time pass where the gateways agree, if that is not the same clock. */
  readonly pass?: (ms: number) => Promise<void>
  readonly limits: Partial<RemoteLimits>
  readonly close?: () => Promise<void> | void
}

/** Three gateways at one server, or each at its own way to it. */
export function gatewaysAt(servers: readonly [GatewaysOptions, GatewaysOptions, GatewaysOptions]): Pair {
  const work = new Set<Promise<unknown>>()
  let isDead = false
  const gateway = ({ asked, operators, clock, limits }: GatewaysOptions, isDoomed: boolean): Coordinator =>
    createRemoteCoordinator({
      serverFor: asked,
      operators,
      clock: {
        ...clock,
        after: (ms, call) => clock.after(ms, () => (isDoomed && isDead ? undefined : call())),
      },
      random: { next: () => Math.random(), id: () => crypto.randomUUID() },
      defer(promise) {
        const guarded = promise.catch(() => {}).finally(() => work.delete(guarded))
        work.add(guarded)
      },
      log: { debug() {}, info() {}, warn() {}, error: (event, fields) => void logged.push({ event, ...fields }) },
      guarantee: guarantees.process,
      limits,
    })
  const logged: object[] = []
  const [first, second, third] = servers
  async function settled(): Promise<void> {
    while (work.size > 0) await Promise.all(work)
  }
  return {
    one: gateway(first, false),
    two: gateway(second, false),
    doomed: gateway(third, true),
    kill: () => void (isDead = true),
    // In steps, after each of which what it set off arrives: leases are renewed in time.
    async sleep(ms) {
      for (let left = ms; left > 0; left -= stepMs) {
        const step = Math.min(stepMs, left)
        await first.pass?.(step)
        await first.clock.advance(step)
        await settled()
      }
    },
    settled,
    async close() {
      await settled()
      for (const { close } of servers) await close?.()
      expect(logged).toEqual([])
    },
  }
}

/** One request on one of the gateways. */
export async function admitted(
  at: Coordinator,
  slots: readonly SlotAsk[] = [],
  more: Partial<AdmissionAsk> = {},
): Promise<Session & { readonly use: Use }> {
  const outcome = await tryAdmit(at, slots, more)
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

export async function tryAdmit(at: Coordinator, slots: readonly SlotAsk[] = [], more: Partial<AdmissionAsk> = {}) {
  const requestId = `req_${requests++}`
  const use: Use = { ...plainUse, requestId }
  const touched = touchedBy(use)
  const watch = () => ({
    locks: touched.locks,
    targets: [touched.breaker],
    providers: ['acme'],
    homes: [],
    routes: ['smart'],
  })
  const outcome = await at.admit({ requestId, tenant: null, slots, watch, settings: plainSettings, ...more })
  if (!outcome.ok) return outcome
  const session = outcome.value
  return { ok: true as const, value: { ...session, use: { ...use, startedAt: session.now() } } }
}

const target = targetKey({
  route: 'smart',
  target: { name: 'first', provider: 'acme', account: null, region: null },
  model: 'big',
})

async function failsWith(
  at: Coordinator,
  settings: TargetSettings,
  code: ErrorCode,
  retryAfterMs?: number,
): Promise<void> {
  const session = await admitted(at)
  session.began(session.use)
  const error = { code, origin: errorCodes[code].origin, retryAfterMs, isPermanent: false }
  session.ended(session.use, { type: 'failed', error, totalMs: 5, isCommitted: false }, settings)
  session.settle()
}

function succeedsWith(session: Session & { readonly use: Use }, settings: TargetSettings): void {
  session.began(session.use)
  session.accepted(session.use)
  session.ended(session.use, { type: 'completed', totalMs: 10, ttftMs: null }, settings)
  session.settle()
}

async function phase(at: Coordinator): Promise<string> {
  const session = await admitted(at)
  const health = session.health()
  session.settle()
  return breakerPhase(health.breakers.get(target), health.now)
}

async function lockCount(at: Coordinator): Promise<number> {
  const session = await admitted(at)
  const { locks, now } = session.health()
  session.settle()
  return [...locks.values()].filter((lock) => holds(lock, now)).length
}

async function used(at: Coordinator, name = 'global'): Promise<number> {
  return (await at.view()).slots.get(name) ?? 0
}

/** Declares the suite for one backend. */
export function describeCoordination({ name, open, hasLeases, sharesEverything }: Backend): void {
  describe(`coordination through ${name}`, () => {
    const settings = settingsWith(resetMs)
    const fails = (at: Coordinator, code: ErrorCode, retryAfterMs?: number): Promise<void> =>
      failsWith(at, settings, code, retryAfterMs)
    const succeeds = (session: Session & { readonly use: Use }): void => succeedsWith(session, settings)
    const test = (title: string, run: (pair: Pair) => Promise<void>, lacks?: string): void =>
      it.skipIf(lacks !== undefined)(lacks === undefined ? title : `${title} (${lacks})`, async () => {
        const pair = await open({
          leaseMs,
          renewMs: leaseMs / 3,
          reportDelayMs: 20,
          patienceMs: 10_000,
          slotPatienceMs: 10_000,
          backgroundPatienceMs: 10_000,
        })
        try {
          await run(pair)
        } finally {
          await pair.close()
        }
      })

    test('a lock that one gateway learns of keeps the other one away', async ({ one, two, settled }) => {
      expect(await lockCount(two)).toBe(0)
      await fails(one, 'upstream_auth')
      await settled()
      expect(await lockCount(two)).toBe(1)
      expect((await two.view()).locks).toMatchObject([{ code: 'upstream_auth', failures: 1, place: { on: 'account' } }])
    })

    test('a request sees its own failures at once', async ({ one }) => {
      const session = await admitted(one)
      session.began(session.use)
      const error = { code: 'upstream_auth', origin: 'upstream', retryAfterMs: undefined, isPermanent: false } as const
      session.ended(session.use, { type: 'failed', error, totalMs: 5, isCommitted: false }, settings)
      expect([...session.health().locks.values()]).toHaveLength(1)
      session.settle()
    })

    test('failures on two gateways open one breaker', async ({ one, two, settled }) => {
      for (const at of [one, two]) {
        await fails(at, 'upstream_error')
        await settled()
      }
      expect(await phase(one)).toBe('closed')
      await fails(one, 'upstream_error')
      await settled()
      expect([await phase(one), await phase(two)]).toEqual(['open', 'open'])
      expect((await two.view()).breakers.get(target)).toMatchObject({ isOpen: true, code: 'upstream_error' })
    })

    test('30 failures at once on two gateways are all counted', async ({ one, two, settled }) => {
      const patient = { ...settings, breaker: { ...settings.breaker, failureThreshold: 1000, minRequests: 1000 } }
      await Promise.all(
        Array.from({ length: 30 }, (_, index) => failsWith(index % 2 === 0 ? one : two, patient, 'upstream_error')),
      )
      await settled()
      expect((await one.view()).breakers.get(target)).toMatchObject({ consecutive: 30, isOpen: false })
    })

    test('a success in between keeps the breaker closed', async ({ one, two, settled }) => {
      for (let round = 0; round < 3; round++) {
        await fails(one, 'upstream_error')
        await settled()
        await fails(two, 'upstream_error')
        await settled()
        succeeds(await admitted(two))
        await settled()
      }
      expect([await phase(one), await phase(two)]).toEqual(['closed', 'closed'])
    })

    test('a success between failures keeps the breaker closed where all of them began together', async (pair) => {
      const { one, settled } = pair
      const few = { ...settings, breaker: { ...settings.breaker, minRequests: 100 } }
      const sessions = await Promise.all(Array.from({ length: 8 }, () => admitted(one)))
      for (const [index, session] of sessions.entries()) {
        session.began(session.use)
        const error = {
          code: 'upstream_error',
          origin: 'upstream',
          retryAfterMs: undefined,
          isPermanent: false,
        } as const
        if (index % 2 === 0) {
          session.ended(session.use, { type: 'failed', error, totalMs: 5, isCommitted: false }, few)
          session.settle()
        } else succeedsWith(session, few)
        await settled()
      }
      expect(await phase(one)).toBe('closed')
    })

    test('of 40 who want to probe one may, and its success closes the breaker for all', async (pair) => {
      const { one, two, sleep, settled } = pair
      for (const at of [one, two, one]) {
        await fails(at, 'upstream_error')
        await settled()
      }
      await sleep(resetMs + 50)
      expect(await phase(two)).toBe('half_open')
      const sessions = await Promise.all(
        Array.from({ length: 40 }, (_, index) => admitted(index % 2 === 0 ? one : two)),
      )
      const claims = await Promise.all(sessions.map((session) => session.claimProbe(target)))
      expect(claims.filter(Boolean)).toHaveLength(1)
      const winner = sessions[claims.indexOf(true)]
      if (winner === undefined) throw new Error('nobody may probe')
      const probing = { ...winner, use: { ...winner.use, startedAt: winner.now() } }
      succeeds(probing)
      for (const session of sessions) session.settle()
      await settled()
      expect([await phase(one), await phase(two)]).toEqual(['closed', 'closed'])
    })

    test('a probe that fails opens the breaker again', async ({ one, two, sleep, settled }) => {
      for (const at of [one, two, one]) {
        await fails(at, 'upstream_error')
        await settled()
      }
      await sleep(resetMs + 50)
      const session = await admitted(one)
      expect(await session.claimProbe(target)).toBe(true)
      const use = { ...session.use, startedAt: session.now() }
      session.began(use)
      const error = { code: 'upstream_error', origin: 'upstream', retryAfterMs: undefined, isPermanent: false } as const
      session.ended(use, { type: 'failed', error, totalMs: 5, isCommitted: false }, settings)
      session.settle()
      await settled()
      expect([await phase(one), await phase(two)]).toEqual(['open', 'open'])
    })

    test('a probe that led to no call is free for the next one', async ({ one, two, sleep, settled }) => {
      for (const at of [one, two, one]) {
        await fails(at, 'upstream_error')
        await settled()
      }
      await sleep(resetMs + 50)
      const idle = await admitted(one)
      expect(await idle.claimProbe(target)).toBe(true)
      const next = await admitted(two)
      expect(await next.claimProbe(target)).toBe(false)
      idle.settle()
      await settled()
      expect(await next.claimProbe(target)).toBe(true)
      next.settle()
    })

    test('a late result of what began before the breaker opened changes nothing', async (pair) => {
      const { one, two, sleep, settled } = pair
      const late = await admitted(two)
      late.began(late.use)
      await sleep(20)
      for (const at of [one, one, one]) {
        await fails(at, 'upstream_error')
        await settled()
      }
      late.accepted(late.use)
      late.ended(late.use, { type: 'completed', totalMs: 10, ttftMs: null }, settings)
      late.settle()
      await settled()
      expect([await phase(one), await phase(two)]).toEqual(['open', 'open'])
    })

    test('100 at once on two gateways never hold more slots than the limit, and none at the end', async (pair) => {
      const { one, two, settled } = pair
      const limit = 7
      const asked = await Promise.all(
        Array.from({ length: 100 }, (_, index) => tryAdmit(index % 2 === 0 ? one : two, [{ name: 'global', limit }])),
      )
      const granted = asked.flatMap((outcome) => (outcome.ok ? [outcome.value] : []))
      const codes = new Set(asked.flatMap((outcome) => (outcome.ok ? [] : [outcome.error.code])))
      expect([granted.length, [...codes]]).toEqual([limit, ['overloaded']])
      expect(await used(two)).toBe(limit)
      for (const session of granted) session.settle()
      await settled()
      expect([await used(one), await used(two)]).toEqual([0, 0])
      const again = await tryAdmit(one, [{ name: 'global', limit }])
      expect(again.ok).toBe(true)
      if (again.ok) again.value.settle()
      await settled()
    })

    test('all slots are given or none', async ({ one, two, settled }) => {
      const tenant = { name: 'tenant:acme', limit: 1 }
      const global = { name: 'global', limit: 5 }
      const first = await admitted(one, [global, tenant])
      const second = await tryAdmit(two, [global, tenant])
      expect(second.ok ? undefined : second.error.code).toBe('concurrency_limit')
      expect(await used(two)).toBe(1)
      first.settle()
      first.settle()
      await settled()
      expect(await used(one)).toBe(0)
    })

    test(
      'slots of a gateway that died are free once their lease ends, and those of one that lives stay',
      async ({ one, two, doomed, kill, sleep, settled }) => {
        const slot = { name: 'global', limit: 2 }
        await admitted(doomed, [slot])
        const alive = await admitted(two, [slot])
        kill()
        expect(await used(one)).toBe(2)
        await sleep(leaseMs * 2)
        expect(await used(two)).toBe(1)
        expect((await tryAdmit(two, [slot])).ok).toBe(true)
        expect((await tryAdmit(one, [slot])).ok).toBe(false)
        alive.settle()
        await settled()
      },
      hasLeases ? undefined : 'nobody can die by itself in one process',
    )

    test('operators see and lift locks, and close breakers', async ({ one, two, settled }) => {
      await fails(one, 'upstream_auth')
      for (const at of [one, one, two]) {
        await fails(at, 'upstream_error')
        await settled()
      }
      expect(await two.resetLocks({ provider: 'acme', account: null, model: null })).toBe(1)
      expect(await two.resetLocks({ provider: 'acme', account: null, model: null })).toBe(0)
      expect(await lockCount(one)).toBe(0)
      expect(await two.resetBreaker('smart', 'first', 'another')).toBe(false)
      expect([await phase(one), await phase(two)]).toEqual(['open', 'open'])
      expect(await two.resetBreaker('smart', 'first')).toBe(true)
      expect(await two.resetBreaker('smart', 'first')).toBe(false)
      expect([await phase(one), await phase(two)]).toEqual(['closed', 'closed'])
    })

    test('looking changes nothing', async ({ one, two, settled }) => {
      await fails(one, 'upstream_rate_limited', 60_000)
      await settled()
      const looks = [await one.view(), await two.view(), await two.view()]
      expect(looks.map(({ locks }) => locks.length)).toEqual([1, 1, 1])
    })

    test(
      'whose turn it is and what is under way is known to both',
      async ({ one, two, settled, sleep }) => {
        const step = { route: 'smart', weights: { first: 1, second: 1 }, picked: 'first' }
        const session = await admitted(one)
        session.planned(step)
        session.takeTurn('acme')
        session.began(session.use)
        await sleep(60)
        await settled()
        const other = await admitted(two)
        const health = other.health()
        expect(health.cursors.get('smart')).toEqual({ first: -1, second: 1 })
        expect(health.turns.get('acme')).toBe(1)
        expect(health.loads.get(target)).toBe(1)
        session.ended(session.use, { type: 'neutral' }, settings)
        session.settle()
        other.settle()
        await settled()
        expect((await two.view()).health.loads.get(target)).toBeUndefined()
      },
      sharesEverything ? undefined : 'a database keeps locks, breakers and slots only',
    )
  })
}

/** What databases forget where clients ask for models of ever new names. */
export async function forgetsSurplus(sql: SqlExecutor): Promise<void> {
  const store = createAgreementStore(sql, { maxRows: 10 })
  const row = (key: string, forgetAt: number) => ({ key, value: '{}', expected: 0, forgetAt })
  const account = row('lock\u0000account\u0000acme\u0000a', 100)
  const targets = Array.from({ length: 30 }, (_, index) =>
    row(`lock\u0000target\u0000acme\u0000\u0000m${index}\u0000`, 200 + index),
  )
  await store.write([account, ...targets], 1)
  await store.sweep(50)
  const kept = (await store.all()).map(({ key }) => key)
  expect(kept.toSorted()).toEqual([account, ...targets.slice(21)].map(({ key }) => key).toSorted())
}
