// A deterministic simulator on the virtual clock. A seed that fails is printed, and run alone by SIGNALBOX_SEED.
import { describe, expect, it } from 'vitest'
import type { Coordinator, Session } from '../../src/coordination/coordinator.ts'
import type { Outcome } from '../../src/ir/error.ts'
import { rounds } from '../support/full-run.ts'
import { simulate, type Mutant } from './simulation.ts'

const seeds = rounds(1000, 60)
/** Seeds that found something once. */
const regressions = [557]
const [onlySeed] = [process.env['SIGNALBOX_SEED']].flatMap((text) => (text === undefined ? [] : [Number(text)]))

describe('a simulation of the whole gateway', () => {
  it(`I-1, I-6, I-7, I-9, I-15, I-16, I-18, I-19, I-33 hold for ${seeds} seeds`, async () => {
    const fresh = Array.from({ length: seeds }, (_, index) => index + 1)
    const all = onlySeed === undefined ? [...regressions, ...fresh] : [onlySeed]
    for (const seed of all) {
      const violations = await simulate(seed)
      expect(violations, `SEED=${seed}: run it alone with SIGNALBOX_SEED=${seed}`).toEqual([])
    }
  }, 600_000)
})

/** The same coordinator with other sessions. */
function withSessions(change: (session: Session) => Partial<Session>): Mutant {
  return {
    coordinator: (real): Coordinator => ({
      ...real,
      admit(ask) {
        const admitted = real.admit(ask) as Outcome<Session>
        return admitted.ok ? { ok: true, value: { ...admitted.value, ...change(admitted.value) } } : admitted
      },
    }),
  }
}

describe('the simulation finds a gateway that', () => {
  let count = 0
  it.each<[string, RegExp, Mutant]>([
    ['never gives its slots back', /I-15/, withSessions(() => ({ settle: () => {} }))],
    [
      'tells the end of every use twice',
      /I-15/,
      withSessions((session) => ({
        ended(...told) {
          session.ended(...told)
          session.ended(...told)
        },
      })),
    ],
    ['never tells the end of a use', /I-15/, withSessions(() => ({ ended: () => {} }))],
    ['lets everybody probe', /I-16/, withSessions(() => ({ claimProbe: () => true }))],
    [
      'forgets to tell its providers that a client has left',
      /I-18/,
      { fetch: (real) => (request) => real({ ...request, cancellation: { cancelled: false, onCancel() {} } }) },
    ],
    ['drops a trace now and then', /I-1:/, { trace: (write) => (row) => (count++ % 7 === 3 ? undefined : write(row)) }],
    [
      'writes a trace twice',
      /I-1:/,
      {
        trace: (write) => (row) => {
          write(row)
          write(row)
        },
      },
    ],
  ])('%s', async (_name, invariant, mutant) => {
    const found: string[] = []
    for (let seed = 1; seed <= 100 && !found.some((line) => invariant.test(line)); seed++)
      found.push(...(await simulate(seed, mutant)))
    expect(found.join('\n')).toMatch(invariant)
  })
})
