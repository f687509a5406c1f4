// Which failure locks what, and for how long.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../src/ir/error.ts'
import { errorCodes } from '../../src/ir/error.ts'
import {
  defaultPermanent,
  holds,
  lockAfterFailure,
  lockAfterSuccess,
  lockedBy,
  type Failure,
  type Lock,
  type LockPlace,
  type LockSettings,
} from '../../src/policy/locks.ts'

const place: LockPlace = { on: 'account', provider: 'p', account: 'a' }
const settings: LockSettings = { permanent: defaultPermanent, maxMs: 4_800_000 }
const off: LockSettings = { ...settings, permanent: { ...defaultPermanent, enabled: false } }
const noBreaker: LockSettings = { ...settings, breaker: { enabled: false, maxOpenMs: 4_800_000 } }
const shortBreaker: LockSettings = { ...settings, breaker: { enabled: true, maxOpenMs: 420_000 } }
const s = 1000
const min = 60 * s

function failure(code: ErrorCode, more: Partial<Failure> = {}): Failure {
  return { code, task: 'generate', retryAfterMs: undefined, startedAt: 0, ...more }
}

/** How long each of several failures in a row locks, each one coming when the lock before it is over. */
function durations(
  code: ErrorCode,
  count: number,
  more: Partial<Failure> = {},
  by = settings,
  random = 0.999_999,
): number[] {
  const found: number[] = []
  let lock: Lock | undefined
  let now = 1000
  for (let n = 0; n < count; n++) {
    lock = lockAfterFailure(lock, failure(code, { startedAt: now, ...more }), place, by, now, random)
    found.push(Math.round((lock?.until ?? now) - now))
    now = (lock?.until ?? now) + 1
  }
  return found
}

describe('a failure locks', () => {
  it.each<[ErrorCode, LockPlace['on'] | undefined]>([
    ['upstream_auth', 'account'],
    ['upstream_quota', 'account'],
    ['upstream_forbidden', 'model'],
    ['upstream_rate_limited', 'model'],
    ['upstream_overloaded', 'model'],
    ['upstream_model_missing', 'target'],
    ['stream_truncated', 'target'],
  ])('%s: the %s', (code, on) => {
    expect(lockedBy(failure(code))).toBe(on)
  })

  const locking = ['auth', 'quota', 'forbidden', 'rate_limited', 'overloaded', 'model_missing'].map(
    (n) => `upstream_${n}`,
  )
  const others = (Object.keys(errorCodes) as ErrorCode[]).filter(
    (code) => !locking.includes(code) && code !== 'stream_truncated',
  )
  it.each(others)('%s: nothing', (code) => {
    expect(lockedBy(failure(code))).toBeUndefined()
    expect(durations(code, 1)).toEqual([0])
  })

  it('only what it speaks of where tokens are counted', () => {
    const counting = (code: ErrorCode) => lockedBy(failure(code, { task: 'count-tokens' }))
    expect(counting('upstream_auth')).toBe('account')
    expect(counting('upstream_rate_limited')).toBeUndefined()
    expect(counting('upstream_model_missing')).toBeUndefined()
    expect(counting('stream_truncated')).toBeUndefined()
    expect(lockedBy(failure('upstream_rejected', { task: 'count-tokens', isPermanent: true }))).toBeUndefined()
  })

  it.each<[ErrorCode, LockPlace['on']]>([
    ['upstream_rejected', 'target'],
    ['upstream_error', 'target'],
    ['upstream_timeout', 'target'],
    ['upstream_auth', 'account'],
    ['upstream_quota', 'account'],
    ['upstream_forbidden', 'model'],
    ['upstream_rate_limited', 'model'],
  ])('%s that matches a pattern: the %s, and for no wider reason than without it', (code, on) => {
    expect(lockedBy(failure(code, { isPermanent: true }))).toBe(on)
  })
})

describe('for how long', () => {
  const schedule = [5, 10, 20, 40, 80, 80].map((minutes) => minutes * min)
  it.each<[string, ErrorCode, Partial<Failure>, LockSettings, number[]]>([
    ['F-16 a refused credential: 5, 10, 20, 40, 80 minutes', 'upstream_auth', {}, settings, schedule],
    ['F-17 a refused right: the same', 'upstream_forbidden', {}, settings, schedule],
    ['F-18 a missing model: the same', 'upstream_model_missing', {}, settings, schedule],
    [
      'F-35 a stream that breaks off: five minutes from the third in a row on',
      'stream_truncated',
      {},
      settings,
      [0, 0, 300 * s, 300 * s],
    ],
    [
      'F-35 a stream that breaks off where breakers are off: not at all',
      'stream_truncated',
      {},
      noBreaker,
      [0, 0, 0, 0],
    ],
    ['a failure that matches a pattern: the schedule', 'upstream_error', { isPermanent: true }, settings, schedule],
    [
      'a rate limit that matches a pattern: the schedule, whatever it says',
      'upstream_rate_limited',
      { isPermanent: true, retryAfterMs: 7 },
      settings,
      schedule,
    ],
    [
      'a failure that matches a pattern where the schedule is off: not at all',
      'upstream_error',
      { isPermanent: true },
      off,
      [0],
    ],
    [
      'never longer than breaker.max_open_ms where it does not pass by itself',
      'upstream_auth',
      {},
      shortBreaker,
      [5, 7, 7].map((n) => n * min),
    ],
    ['no credit: breaker.max_open_ms is not about that', 'upstream_quota', {}, shortBreaker, [60 * min]],
    ['a refused credential where the schedule is off: two minutes', 'upstream_auth', {}, off, [120 * s, 120 * s]],
    ['a refused right where the schedule is off: half a minute', 'upstream_forbidden', {}, off, [30 * s, 30 * s]],
    ['a missing model where the schedule is off: not at all', 'upstream_model_missing', {}, off, [0, 0]],
    ['F-20 no credit: an hour', 'upstream_quota', {}, settings, [60 * min, 60 * min]],
    ['F-20 no credit until a moment that is known', 'upstream_quota', { retryAfterMs: 90 * s }, settings, [90 * s]],
    ['F-21 a rate limit: as told', 'upstream_rate_limited', { retryAfterMs: 20 * s }, settings, [20 * s, 20 * s]],
    ['F-21 never more than a quarter of an hour', 'upstream_rate_limited', { retryAfterMs: 9e7 }, settings, [15 * min]],
    ['F-22 a moment that is over: not at all', 'upstream_rate_limited', { retryAfterMs: 0 }, settings, [0, 0]],
    [
      'F-23 a rate limit without a word: 2 s × 2^n, at most five minutes',
      'upstream_rate_limited',
      {},
      settings,
      [2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * s),
    ],
    [
      'F-26 an overload: the same',
      'upstream_overloaded',
      {},
      settings,
      [2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * s),
    ],
    ['an overload that says how long', 'upstream_overloaded', { retryAfterMs: 7 * s }, settings, [7 * s]],
    ['never longer than the configured cap', 'upstream_auth', {}, { ...settings, maxMs: min }, [min, min]],
    [
      'never longer than the configured cap, no credit either',
      'upstream_quota',
      {},
      { ...settings, maxMs: min },
      [min],
    ],
  ])('%s', (_name, code, more, by, expected) => {
    const found = durations(code, expected.length, more, by)
    // Jitter takes a little off what is drawn at its upper end.
    for (const [index, duration] of found.entries()) expect(Math.abs(duration - (expected[index] ?? 0))).toBeLessThan(2)
  })

  it('spreads a rate limit without a word over the whole span, so that not everybody comes back at once', () => {
    expect(durations('upstream_rate_limited', 3, {}, settings, 0)).toEqual([0, 0, 0])
    expect(durations('upstream_rate_limited', 3, {}, settings, 0.5)).toEqual([1 * s, 2 * s, 4 * s])
    // A provider that is overloaded says nothing of the account: no draw.
    expect(durations('upstream_overloaded', 2, {}, settings, 0)).toEqual([2 * s, 4 * s])
  })
})

describe('a lock', () => {
  const first = lockAfterFailure(undefined, failure('upstream_auth', { startedAt: 10 }), place, settings, 100, 0.5)!

  it('counts failures that were under way together as one (twenty parallel 401 are five minutes, not eighty)', () => {
    let lock: Lock | undefined = first
    for (let n = 0; n < 20; n++)
      lock = lockAfterFailure(lock, failure('upstream_auth', { startedAt: 10 + n }), place, settings, 110 + n, 0.5)
    expect(lock?.failures).toBe(1)
    expect(lock?.until).toBeLessThanOrEqual(130 + 5 * min)
  })

  it('T36: is never ended earlier by a later failure with a shorter wait', () => {
    const short = failure('upstream_rate_limited', { retryAfterMs: 2 * s, startedAt: 200 })
    expect(lockAfterFailure(first, short, place, settings, 300, 0.5)).toEqual(first)
  })

  it('is not lifted by the late success of a request that began before it was set', () => {
    expect(lockAfterSuccess(first, 50)).toBe(first)
    expect(lockAfterSuccess(first, 100)).toBeUndefined()
  })

  it('starts over after a success', () => {
    const again = lockAfterFailure(lockAfterSuccess(first, 200), failure('upstream_auth'), place, settings, 400, 0.5)
    expect(again?.failures).toBe(1)
  })

  it('F-35: of a stream that broke off is lifted by a whole answer, and not by a beginning', () => {
    const broken = lockAfterFailure(
      undefined,
      failure('stream_truncated', { startedAt: 10 }),
      place,
      settings,
      20,
      0.5,
    )!
    expect(lockAfterSuccess(broken, 30)).toBe(broken)
    expect(lockAfterSuccess(broken, 30, true)).toBeUndefined()
    expect(lockAfterSuccess(broken, 15, true)).toBe(broken)
  })

  it('F-35: streams that broke off together count as one', () => {
    let lock: Lock | undefined
    for (let n = 0; n < 20; n++)
      lock = lockAfterFailure(lock, failure('stream_truncated', { startedAt: n }), place, settings, 100 + n, 0.5)
    expect([lock?.failures, holds(lock, 120)]).toEqual([1, false])
  })

  it.each([
    [60_000, 300_000],
    [4000, 20_000],
  ])(
    'F-35: a target whose reset time is %i ms is locked for %i ms at the third stream that broke off',
    (resetMs, ms) => {
      const breaker = { enabled: true, maxOpenMs: 4_800_000, resetMs }
      let lock: Lock | undefined
      for (const now of [100, 200, 300])
        lock = lockAfterFailure(
          lock,
          failure('stream_truncated', { startedAt: now }),
          place,
          { ...settings, breaker },
          now,
          0.5,
        )
      expect(lock?.until).toBe(300 + ms)
    },
  )

  it('says whether it was set by the growing schedule', () => {
    const marked = (code: ErrorCode, more: Partial<Failure> = {}, by = settings) =>
      lockAfterFailure(undefined, failure(code, more), place, by, 100, 0.5)?.isPermanent
    expect(marked('upstream_auth')).toBe(true)
    expect(marked('upstream_error', { isPermanent: true })).toBe(true)
    expect(marked('upstream_auth', {}, off)).toBeUndefined()
    expect(marked('upstream_quota')).toBeUndefined()
    expect(marked('stream_truncated')).toBeUndefined()
  })

  it('I-19: only ever moves its end forward, and never beyond the cap', () => {
    const codes = fc.constantFrom<ErrorCode>(
      ...([
        'upstream_auth',
        'upstream_quota',
        'upstream_rate_limited',
        'upstream_overloaded',
        'upstream_error',
        'stream_truncated',
      ] as const),
    )
    const step = fc.record({
      code: codes,
      wait: fc.nat(600_000),
      startedAgo: fc.nat(60_000),
      retryAfterMs: fc.option(fc.nat(10_000_000), { nil: undefined }),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.integer({ min: 1, max: 5_000_000 }), (steps, maxMs) => {
        let now = 100_000
        let lock: Lock | undefined
        for (const { code, wait, startedAgo, retryAfterMs, random } of steps) {
          now += wait
          const before = lock
          const failed = failure(code, { retryAfterMs, startedAt: now - startedAgo })
          lock = lockAfterFailure(lock, failed, place, { ...settings, maxMs }, now, random)
          expect(lock?.until ?? 0).toBeGreaterThanOrEqual(before?.until ?? 0)
          if (lock !== undefined) expect(lock.until).toBeLessThanOrEqual(now + maxMs)
          expect(holds(lock, (lock?.until ?? 0) + 1)).toBe(false)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a lock that was made longer', () => {
  it('is not lifted by a success that began before what made it longer', () => {
    const first = lockAfterFailure(undefined, failure('upstream_overloaded'), place, settings, 100, 0)
    const limit = failure('upstream_rate_limited', { startedAt: 50, retryAfterMs: 60_000 })
    const longer = lockAfterFailure(first, limit, place, settings, 200, 0)
    expect(longer?.until).toBe(60_200)
    expect(lockAfterSuccess(longer, 150)).toBe(longer)
    expect(lockAfterSuccess(longer, 201)).toBe(undefined)
  })
})
