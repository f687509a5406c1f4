// The breaker of one target, outcome by outcome.
import { describe, expect, it } from 'vitest'
import type { BreakerSettings } from '../../src/catalog/snapshot.ts'
import { errorCodes, type ErrorCode } from '../../src/ir/error.ts'
import {
  afterAccepted,
  afterOtherFailure,
  afterOutcome,
  breakerInUse,
  breakerPhase,
  claimProbe,
  countsAgainstTarget,
  defaultBreaker,
  freshBreaker,
  isHealthy,
  isProbed,
  lastFailed,
  probeLeaseMs,
  releaseProbe,
  settledBreaker,
  type Breaker,
} from '../../src/policy/breaker.ts'

const settings: BreakerSettings = { ...defaultBreaker, failureThreshold: 3, minRequests: 4 }
const never: BreakerSettings = { ...settings, failureThreshold: 1000 }

interface Step {
  readonly ok?: boolean
  readonly startedAt?: number
  readonly owner?: string
}

/** The breaker after a request that ends at `now`, and began just then where it does not say otherwise. */
function after(breaker: Breaker, now: number, step: Step = {}, by = settings): Breaker {
  const { ok = false, startedAt = now, owner = 'q' } = step
  return afterOutcome(breaker, { code: ok ? null : 'upstream_error', startedAt, durationMs: 10, owner }, by, now)
}

function many(breaker: Breaker, count: number, now: number, step: Step = {}, by = settings): Breaker {
  return Array.from({ length: count }).reduce<Breaker>((last) => after(last, now, step, by), breaker)
}

/** Opened at 1000, half open from 61 000 on. */
const open = many(freshBreaker, 3, 1000)
const halfOpen = 61_000

describe('a closed breaker', () => {
  it('opens with as many failures in a row as failure_threshold says, for reset_timeout_ms', () => {
    expect(breakerPhase(many(freshBreaker, 2, 1000), 1000)).toBe('closed')
    expect(open).toMatchObject({ isOpen: true, until: 61_000, code: 'upstream_error', consecutive: 3 })
    expect([breakerPhase(open, 1000), breakerPhase(open, 60_999), breakerPhase(open, 61_000)]).toEqual([
      'open',
      'open',
      'half_open',
    ])
  })

  it('starts counting anew with every success', () => {
    const mixed = [false, false, true, false, false, true, false, false].reduce<Breaker>(
      (last, ok) => after(last, 1000, { ok }, { ...settings, minRequests: 100 }),
      freshBreaker,
    )
    expect(breakerPhase(mixed, 1000)).toBe('closed')
  })

  it.each<[string, number, number, number, boolean]>([
    ['half of four requests', 2, 2, 50, true],
    ['a third of six', 4, 2, 50, false],
    ['too few to say', 1, 2, 50, false],
    ['3.93 % of 1247 where 3.9 % is too much', 1198, 49, 3.9, true],
    ['3.93 % of 1247 where 4 % is too much', 1198, 49, 4, false],
    ['all of them where 100 % is too much', 0, 4, 100, true],
    ['all but one of them where 100 % is too much', 1, 20, 100, false],
  ])('opens where the share of failures in the window is too high: %s', (_, good, bad, errorPercent, opens) => {
    const by = { ...never, errorPercent }
    const last = many(many(freshBreaker, good, 1000, { ok: true }, by), bad, 1500, {}, by)
    expect(last.isOpen).toBe(opens)
  })

  it('forgets what is older than window_ms, part by part', () => {
    const early = many(freshBreaker, 3, 1000, {}, never)
    expect(after(many(early, 3, 59_000, { ok: true }, never), 59_500, {}, never).isOpen).toBe(true)
    expect(after(many(early, 3, 59_000, { ok: true }, never), 61_500, {}, never).isOpen).toBe(false)
    expect(many(many(early, 20, 500_000, { ok: true }, never), 19, 500_000, {}, never)).toMatchObject({
      isOpen: false,
      past: [],
    })
  })

  it('never opens where it is not enabled', () => {
    expect(many(freshBreaker, 100, 1000, {}, { ...settings, enabled: false }).isOpen).toBe(false)
  })

  it('is not moved by what began before it was last closed', () => {
    const probing = claimProbe(open, 'p', halfOpen)!
    const healed = after(afterAccepted(probing, 'p', halfOpen), 62_000, { ok: true, startedAt: halfOpen, owner: 'p' })
    const late = many(healed, 10, 62_500, { startedAt: 900 })
    expect(late).toMatchObject({ isOpen: false, consecutive: 0, failures: healed.failures + 10 })
    // Another probe, whose lease was over.
    expect(many(healed, 10, 62_500, { startedAt: halfOpen - 1 }).isOpen).toBe(false)
    expect(many(healed, 3, 62_500, { startedAt: 62_000 }).isOpen).toBe(true)
  })
})

describe('an open breaker', () => {
  it('hears nothing of requests that were under way when it opened, good or bad', () => {
    const good = after(open, 2000, { ok: true, startedAt: 900 })
    const bad = after(open, 30_000, { startedAt: 900 })
    expect(good).toMatchObject({ isOpen: true, until: 61_000, requests: 4, failures: 3 })
    expect(bad).toMatchObject({ isOpen: true, until: 61_000, requests: 4, failures: 4 })
    expect(after(open, 70_000, { ok: true, startedAt: 900 }).isOpen).toBe(true)
  })

  it('gives nobody its probe before its time', () => {
    expect(claimProbe(open, 'p', 60_999)).toBeUndefined()
    expect(claimProbe(freshBreaker, 'p', 60_999)).toBeUndefined()
  })
})

describe('a half-open breaker', () => {
  const probing = claimProbe(open, 'p', halfOpen)!

  it('gives its probe to one request, until the lease is over', () => {
    expect(isProbed(probing, halfOpen)).toBe(true)
    expect(claimProbe(probing, 'other', halfOpen + probeLeaseMs - 1)).toBeUndefined()
    expect(claimProbe(probing, 'p', halfOpen + 10)?.probe?.until).toBe(halfOpen + 10 + probeLeaseMs)
    expect(claimProbe(probing, 'other', halfOpen + probeLeaseMs)?.probe?.owner).toBe('other')
  })

  it('closes with the first content of the probe, and what comes of that answer still counts', () => {
    const healed = afterAccepted(probing, 'p', halfOpen)
    expect(healed).toMatchObject({ isOpen: false, consecutive: 0, code: null, probe: null })
    expect(after(healed, 70_000, { startedAt: halfOpen, owner: 'p' }).consecutive).toBe(1)
  })

  it('closes with a whole answer of the probe', () => {
    expect(after(probing, 62_000, { ok: true, startedAt: halfOpen, owner: 'p' }).isOpen).toBe(false)
  })

  it('opens again with a failed probe, for the same time however often', () => {
    let breaker = open
    for (let n = 0, now = halfOpen; n < 5; n++, now += 60_000) {
      breaker = after(claimProbe(breaker, `p${n}`, now)!, now, { owner: `p${n}` })
      expect(breaker).toMatchObject({ isOpen: true, until: now + 60_000, probe: null, consecutive: 4 + n })
    }
  })

  it('hears of its prober only', () => {
    expect(after(probing, 62_000, { ok: true, owner: 'other' }).isOpen).toBe(true)
    expect(after(probing, 62_000, { owner: 'other' })).toMatchObject({ until: 61_000, probe: { owner: 'p' } })
    expect(afterAccepted(probing, 'other', 62_000)).toBe(probing)
  })

  it('hears of a prober whose lease is over while nobody else has it, and no longer', () => {
    const late = { ok: true, startedAt: halfOpen, owner: 'p' }
    expect(after(probing, 200_000, late).isOpen).toBe(false)
    const taken = claimProbe(probing, 'other', 200_000)!
    expect(after(taken, 200_001, late)).toMatchObject({ isOpen: true, probe: { owner: 'other' } })
  })

  it('T37, T40: gets its probe back from a client that left and from a rate limit, and stays half open', () => {
    const left = releaseProbe(probing, 'p')
    const limited = afterOtherFailure(
      probing,
      { code: 'upstream_rate_limited', startedAt: halfOpen, durationMs: 5, owner: 'p' },
      62_000,
    )
    for (const breaker of [left, limited]) {
      expect([breaker.probe, breakerPhase(breaker, 62_000)]).toEqual([null, 'half_open'])
      expect(claimProbe(breaker, 'other', 62_000)).toBeDefined()
    }
    expect(releaseProbe(probing, 'other')).toBe(probing)
  })

  it('closes with a failed probe where it was switched off meanwhile', () => {
    expect(after(probing, 62_000, { owner: 'p' }, { ...settings, enabled: false }).isOpen).toBe(false)
  })

  it('closes with any outcome where it was switched off meanwhile, and keeps nobody away until then', () => {
    const off = { ...settings, enabled: false }
    for (const ok of [true, false]) expect(after(open, 2000, { ok }, off)).toMatchObject({ isOpen: false, until: 0 })
    expect(breakerPhase(breakerInUse(open, off), 2000)).toBe('closed')
    expect(breakerInUse(open, settings)).toBe(open)
    expect(breakerInUse(undefined, off)).toBeUndefined()
  })
})

describe('what counts', () => {
  const counted: readonly ErrorCode[] = [
    'upstream_error',
    'upstream_overloaded',
    'upstream_unreachable',
    'upstream_tls',
    'upstream_redirect',
    'upstream_bad_content',
    'upstream_empty',
    'stream_truncated',
    'upstream_timeout',
    'stream_idle_timeout',
    'limit_exceeded',
  ]
  it.each(Object.keys(errorCodes) as ErrorCode[])('%s', (code) => {
    expect(countsAgainstTarget(code)).toBe(counted.includes(code))
  })

  it('T36, T37, T40: no refusal of a request, no rate limit, no client that left', () => {
    for (const code of ['upstream_rejected', 'upstream_rate_limited', 'client_cancelled'] as const)
      expect(countsAgainstTarget(code)).toBe(false)
  })

  it('not a long answer that ran out of time', () => {
    expect(countsAgainstTarget('limit_exceeded', true)).toBe(false)
    expect(countsAgainstTarget('stream_truncated', true)).toBe(true)
  })
})

describe('for those who watch', () => {
  it('it counts every answer and every failure, and remembers the last failure', () => {
    const told = { code: 'upstream_auth', startedAt: 0, durationMs: 30, owner: 'q' } as const
    const breaker = afterOtherFailure(after(after(freshBreaker, 100, { ok: true }), 200), told, 300)
    expect(breaker).toMatchObject({
      requests: 3,
      failures: 2,
      totalMs: 50,
      lastFailure: { code: 'upstream_auth', at: 300 },
      consecutive: 1,
    })
  })

  it('looking changes nothing', () => {
    const before = structuredClone(open)
    breakerPhase(open, 1e9)
    isProbed(open, 1e9)
    lastFailed(open)
    claimProbe(open, 'p', 1e9)
    expect(open).toEqual(before)
  })

  it('it is plain data that survives JSON', () => {
    const busy = claimProbe(many(open, 3, 70_000), 'p', 80_000)
    for (const breaker of [freshBreaker, open, busy]) expect(JSON.parse(JSON.stringify(breaker))).toEqual(breaker)
  })

  it.each<[string, Breaker | undefined, boolean]>([
    ['never heard of', undefined, false],
    ['fresh', freshBreaker, false],
    ['after one failure', after(freshBreaker, 10), true],
    ['after a success', after(after(freshBreaker, 10), 20, { ok: true }), false],
    ['open', open, true],
  ])('it says whether the last outcome was a failure: %s', (_, breaker, failed) => {
    expect(lastFailed(breaker)).toBe(failed)
  })

  it('it is healthy when nothing it remembers could keep anybody away', () => {
    const failedOnce = after(freshBreaker, 10)
    const over = after(after(failedOnce, 20, { ok: true }), 100_000, { ok: true })
    expect([freshBreaker, failedOnce, after(failedOnce, 20, { ok: true }), over, open].map(isHealthy)).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
  })
})

describe('F-73: a clock that was set back', () => {
  it('keeps a breaker open for as long as it was meant to be, and no longer', () => {
    const settled = settledBreaker(open, 400)
    expect(settled).toMatchObject({ since: 400, until: 60_400, isOpen: true })
    expect(settledBreaker(open, 5000)).toBe(open)
  })
})
