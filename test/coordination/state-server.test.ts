// What the server that keeps everything writes down, and what it forgets again.
import { describe, expect, it } from 'vitest'
import type { Told } from '../../src/coordination/messages.ts'
import { stateLimits } from '../../src/coordination/state.ts'
import { createStateServer, type Kept } from '../../src/coordination/state-server.ts'
import type { ErrorCode } from '../../src/ir/error.ts'
import { defaultBreaker, freshBreaker, type Breaker } from '../../src/policy/breaker.ts'
import { defaultPermanent } from '../../src/policy/locks.ts'

const dayMs = 86_400_000

function scene(kept?: Kept, now = 1000) {
  const rows = new Set<string>(kept?.breakers.map(([key]) => `breaker ${key}`))
  const put = (kind: string) => (key: string, value: unknown) =>
    void (value === undefined ? rows.delete(`${kind} ${key}`) : rows.add(`${kind} ${key}`))
  const server = createStateServer({
    now: () => now,
    keeper: { lock: put('lock'), breaker: put('breaker'), owner: put('owner') },
    limits: { ...stateLimits, maxTargets: 50, maxLocks: 50 },
    ...(kept !== undefined && { kept }),
  })
  return { rows, server }
}

function failure(model: string, code: ErrorCode): Told {
  const use = {
    requestId: `req_${model}`,
    route: null,
    target: { name: 'acme', provider: 'acme', account: null, region: null },
    model,
    account: 'a',
    task: 'generate',
    home: undefined,
    startedAt: 1000,
  } as const
  const error = { code, origin: 'upstream', retryAfterMs: undefined, isPermanent: false } as const
  const settings = { permanent: defaultPermanent, maxMs: dayMs, breaker: defaultBreaker }
  const outcome = { type: 'failed', error, totalMs: 1, isCommitted: false } as const
  return { event: { type: 'ended', use, outcome, settings }, random: 0.5 }
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
    const { rows } = scene({ locks: [], owners: [], breakers }, dayMs + 2000)
    expect([...rows]).toEqual(['breaker new'])
  })
})
