// The coordinator of one process, as requests meet it.
import { describe, expect, it } from 'vitest'
import type { Coordinator, Session, SlotAsk } from '../../src/coordination/coordinator.ts'
import type { TargetSettings, Use, UseOutcome } from '../../src/coordination/event.ts'
import { guarantees } from '../../src/coordination/guarantees.ts'
import { createMemoryCoordinator, isolateLeaseMs } from '../../src/coordination/memory.ts'
import type { ErrorCode } from '../../src/ir/error.ts'
import { breakerPhase, defaultBreaker } from '../../src/policy/breaker.ts'
import { targetKey, targetLock } from '../../src/policy/health.ts'
import { defaultPermanent } from '../../src/policy/locks.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts'

const settings: TargetSettings = {
  permanent: defaultPermanent,
  maxMs: 4_800_000,
  breaker: { ...defaultBreaker, failureThreshold: 3 },
}
const target: Use['target'] = { name: 't', provider: 'p', account: null, region: null }
const destination = { route: 'r', target, model: 'm' }
const key = targetKey(destination)

function start(): { clock: VirtualClock; coordinator: Coordinator } {
  const clock = createVirtualClock()
  return { clock, coordinator: createMemoryCoordinator(clock, { next: () => 0.5, id: () => 'x' }) }
}

let next = 0
function ask(coordinator: Coordinator, slots: readonly SlotAsk[] = []) {
  const admitted = coordinator.admit({
    requestId: `q${next++}`,
    tenant: null,
    slots,
    watch: () => ({ locks: [], targets: [], providers: [], homes: [], routes: [] }),
    settings: { backend: 'memory', objects: 'one', slice: 1 },
  })
  if (admitted instanceof Promise) throw new Error('a coordinator of this process admits at once')
  return admitted
}

function open(coordinator: Coordinator): Session & { readonly id: string } {
  const admitted = ask(coordinator)
  if (!admitted.ok) throw admitted.error
  return { ...admitted.value, id: `q${next - 1}` }
}

function useOf({ id, now }: { id: string; now(): number }): Use {
  const startedAt = now()
  return { ...destination, requestId: id, account: null, task: 'generate', home: undefined, startedAt }
}

function failed(code: ErrorCode, isCommitted = false): UseOutcome {
  return {
    type: 'failed',
    error: { code, origin: 'upstream', retryAfterMs: undefined, isPermanent: false },
    totalMs: 5,
    isCommitted,
  }
}

/** A whole request that ends so. */
function serve(coordinator: Coordinator, outcome: UseOutcome, isAccepted = outcome.type === 'completed'): void {
  const session = open(coordinator)
  const use = useOf(session)
  session.began(use)
  if (isAccepted) session.accepted(use)
  session.ended(use, outcome, settings)
  session.settle()
}

async function phaseIn(coordinator: Coordinator) {
  const view = await coordinator.view()
  return breakerPhase(view.breakers.get(key), view.now)
}

const done: UseOutcome = { type: 'completed', totalMs: 5, ttftMs: 2 }

describe('a probe', () => {
  async function halfOpen() {
    const started = start()
    for (let n = 0; n < 3; n++) serve(started.coordinator, failed('upstream_error'))
    await started.clock.advance(60_000)
    return started
  }

  it('is given to one request, and to the next one where the first found out nothing', async () => {
    const { coordinator } = await halfOpen()
    const [one, two] = [open(coordinator), open(coordinator)]
    expect([one.claimProbe(key), two.claimProbe(key)]).toEqual([true, false])
    const use = useOf(one)
    one.began(use)
    one.ended(use, { type: 'neutral' }, settings)
    expect(two.claimProbe(key)).toBe(true)
  })

  it('is free again when its request is over without having made a call', async () => {
    const { coordinator } = await halfOpen()
    const [one, two] = [open(coordinator), open(coordinator)]
    expect(one.claimProbe(key)).toBe(true)
    one.settle()
    expect(two.claimProbe(key)).toBe(true)
    one.settle()
    expect(open(coordinator).claimProbe(key)).toBe(false)
  })

  it.each<ErrorCode>(['upstream_rate_limited', 'upstream_auth', 'upstream_rejected', 'upstream_quota'])(
    'T37: %s neither opens nor closes, and gives it back',
    async (code) => {
      const { coordinator } = await halfOpen()
      const one = open(coordinator)
      one.claimProbe(key)
      const use = useOf(one)
      one.began(use)
      one.ended(use, failed(code), settings)
      expect(await phaseIn(coordinator)).toBe('half_open')
      expect(open(coordinator).claimProbe(key)).toBe(true)
    },
  )

  it('closes the breaker with its first content, so that everybody is let in again at once', async () => {
    const { coordinator } = await halfOpen()
    const one = open(coordinator)
    one.claimProbe(key)
    const use = useOf(one)
    one.began(use)
    one.accepted(use)
    expect(await phaseIn(coordinator)).toBe('closed')
  })
})

describe('F-35: streams that break off', () => {
  const broken = (): UseOutcome => failed('stream_truncated', true)

  it('lock the target for five minutes from the third in a row on', async () => {
    const { clock, coordinator } = start()
    for (let n = 0; n < 3; n++) {
      expect(targetLock((await coordinator.view()).health, destination)).toBeUndefined()
      serve(coordinator, broken(), true)
      await clock.advance(1000)
    }
    const lock = targetLock((await coordinator.view()).health, destination)
    expect(lock).toMatchObject({ code: 'stream_truncated', failures: 3 })
    await clock.advance(299_000)
    expect(targetLock((await coordinator.view()).health, destination)).toBeUndefined()
  })

  it('are not in a row where one came to its end between them', async () => {
    const { clock, coordinator } = start()
    for (const outcome of [broken(), broken(), done, broken(), broken()]) {
      serve(coordinator, outcome, true)
      await clock.advance(1000)
    }
    expect(targetLock((await coordinator.view()).health, destination)).toBeUndefined()
  })
})

describe('T36: 25 errors in a row', () => {
  it('reach nobody after the third', async () => {
    const { coordinator } = start()
    let calls = 0
    for (let n = 0; n < 25; n++) {
      if ((await phaseIn(coordinator)) !== 'closed') continue
      calls++
      serve(coordinator, failed('upstream_error'))
    }
    expect(calls).toBe(3)
  })
})

describe('T40: clients that leave', () => {
  it('say nothing of the target, however many they are', async () => {
    const { coordinator } = start()
    for (let n = 0; n < 50; n++) serve(coordinator, { type: 'neutral' })
    expect((await coordinator.view()).breakers.size).toBe(0)
  })
})

describe('I-15: slots', () => {
  it('of an isolate come back by themselves where the runtime ended their request; those of a process are held', async () => {
    for (const [guarantee, isFree] of [
      [guarantees.isolate, true],
      [guarantees.process, false],
    ] as const) {
      const clock = createVirtualClock()
      const coordinator = createMemoryCoordinator(clock, { next: () => 0.5, id: () => 'x' }, guarantee)
      const slot = { name: 'global', limit: 1 }
      expect(ask(coordinator, [slot]).ok).toBe(true)
      await clock.advance(isolateLeaseMs - 1)
      expect(ask(coordinator, [slot]).ok).toBe(false)
      await clock.advance(1)
      expect(ask(coordinator, [slot]).ok).toBe(isFree)
    }
  })

  it('are given back once, whatever happens, and refused with a wait', async () => {
    const { coordinator } = start()
    const slot = { name: 'global', limit: 1 }
    const first = ask(coordinator, [slot])
    const second = ask(coordinator, [slot])
    expect(second).toMatchObject({ ok: false, error: { code: 'overloaded', retryAfterMs: 1000 } })
    if (first.ok) for (let n = 0; n < 3; n++) first.value.settle()
    const third = ask(coordinator, [slot])
    expect(third.ok).toBe(true)
    expect((await coordinator.view()).slots.get('global')).toBe(1)
  })
})

describe('what clients make up', () => {
  it('pushes out no breaker that is open', async () => {
    const clock = createVirtualClock()
    const limits = {
      maxLocks: 10,
      maxSessions: 10,
      sessionTtlMs: 1000,
      maxProviders: 10,
      maxAccounts: 10,
      maxTargets: 20,
    }
    const coordinator = createMemoryCoordinator(clock, { next: () => 0.5, id: () => 'x' }, undefined, limits)
    for (let n = 0; n < 3; n++) serve(coordinator, failed('upstream_error'))
    for (let n = 0; n < 200; n++) {
      const session = open(coordinator)
      const use = { ...useOf(session), model: `made-up-${n}` }
      session.began(use)
      session.ended(use, done, settings)
    }
    const view = await coordinator.view()
    expect([view.breakers.size, view.breakers.get(key)?.isOpen]).toEqual([20, true])
    expect(view.health.speeds.size).toBe(20)
  })
})
