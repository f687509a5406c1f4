// What the server that keeps everything writes down, and what it forgets again.
import { describe, expect, it } from 'vitest'
import type { TargetSettings, Use } from '../../src/coordination/event.ts'
import type { Told } from '../../src/coordination/messages.ts'
import { forgottenMs } from '../../src/coordination/owners.ts'
import { stateLimits } from '../../src/coordination/state.ts'
import { createStateServer } from '../../src/coordination/state-server.ts'
import type { Kept } from '../../src/coordination/written.ts'
import type { ErrorCode } from '../../src/ir/error.ts'
import { defaultBreaker, freshBreaker, type Breaker } from '../../src/policy/breaker.ts'
import { defaultPermanent, type Lock } from '../../src/policy/locks.ts'
import { plainUse } from './use.ts'

const dayMs = 86_400_000
const settings: TargetSettings = { permanent: defaultPermanent, maxMs: dayMs, breaker: defaultBreaker }

function scene(kept?: Kept, startsAt = 1000) {
  let now = startsAt
  const rows = new Set<string>([
    ...(kept?.breakers.map(([key]) => `breaker ${key}`) ?? []),
    ...(kept?.locks.map(([key]) => `lock ${key}`) ?? []),
  ])
  const put = (kind: string) => (key: string, value: unknown) =>
    void (value === undefined ? rows.delete(`${kind} ${key}`) : rows.add(`${kind} ${key}`))
  const server = createStateServer({
    now: () => now,
    keeper: { lock: put('lock'), breaker: put('breaker'), owner: put('owner') },
    limits: { ...stateLimits, maxTargets: 50, maxLocks: 50 },
    ...(kept !== undefined && { kept }),
  })
  return { rows, server, pass: (ms: number) => void (now += ms) }
}

function failure(model: string, code: ErrorCode): Told {
  const error = { code, origin: 'upstream', retryAfterMs: undefined, isPermanent: false } as const
  const outcome = { type: 'failed', error, totalMs: 1, isCommitted: false } as const
  return { event: { type: 'ended', use: useOf(model), outcome, settings }, random: 0.5 }
}

function useOf(model: string): Use {
  const target = { name: 'acme', provider: 'acme', account: null, region: null }
  return { ...plainUse, requestId: `req_${model}`, route: null, target, model, account: 'a', startedAt: 1000 }
}

describe('what is written down', () => {
  it.each<ErrorCode>(['upstream_error', 'upstream_model_missing'])(
    'stays bounded, whatever names clients ask for: %s',
    async (code) => {
      const { rows, server } = scene()
      const told = Array.from({ length: 1000 }, (_, index) => failure(`model-${index}`, code))
      await server.report({ owner: 'o', told, probes: [], release: null })
      expect(rows.size).toBeGreaterThan(0)
      expect(rows.size).toBeLessThanOrEqual(50 + 101)
    },
  )

  it('is forgotten a day after its time where nothing was heard of it', () => {
    const open = (until: number): Breaker => ({ ...freshBreaker, isOpen: true, since: until - 10, until })
    const breakers = [
      ['old', open(1000)],
      ['new', open(dayMs)],
    ] as const
    const lock = (until: number): Lock => {
      const place = { on: 'account', provider: 'acme', account: 'a' } as const
      return { place, code: 'upstream_auth', since: until - 10, until, failures: 1 }
    }
    const locks = [
      ['old', lock(1000)],
      ['new', lock(dayMs)],
    ] as const
    const { rows } = scene({ locks, owners: [], breakers }, dayMs + 2000)
    expect([...rows]).toEqual(['breaker new', 'lock new'])
  })
})

describe('a request that is not heard of any more', () => {
  const began = (model: string): Told => ({ event: { type: 'began', use: useOf(model) }, random: 0 })
  const ended = (model: string): Told => {
    const event = { type: 'ended', use: useOf(model), outcome: { type: 'neutral' }, settings } as const
    return { event, random: 0 }
  }
  const busy = async ({ server }: ReturnType<typeof scene>) => (await server.view()).known.loads.map(([, load]) => load)

  it('keeps its target busy for two minutes and no longer', async () => {
    const at = scene()
    await at.server.report({ owner: 'gone', told: [began('m')], probes: [], release: null })
    at.pass(forgottenMs - 1)
    expect(await busy(at)).toEqual([1])
    at.pass(1001)
    expect(await busy(at)).toEqual([])
  })

  it('ends what it had not ended, and nothing twice', async () => {
    const at = scene()
    await at.server.report({ owner: 'gone', told: [began('m'), ended('m')], probes: [], release: null })
    at.pass(1)
    await at.server.report({ owner: 'alive', told: [began('m')], probes: [], release: null })
    at.pass(forgottenMs - 10)
    await at.server.renew({ owner: 'alive', slots: [], leaseMs: 1 })
    at.pass(1001)
    expect(await busy(at)).toEqual([1])
  })
})
