// How long to wait before a further try.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs } from '../../src/policy/retry.ts'

const settings = { baseMs: 100, maxMs: 2000 }

describe('the wait before a further try', () => {
  it.each([
    [1, 100],
    [2, 200],
    [3, 400],
    [5, 1600],
    [6, 2000],
    [40, 2000],
    [5000, 2000],
  ])('before the %i. one: up to %i ms', (n, most) => {
    expect(backoffMs(n, settings, 0)).toBe(0)
    expect(backoffMs(n, settings, 0.5)).toBe(most / 2)
    expect(backoffMs(n, settings, 0.999_999)).toBeCloseTo(most, 0)
  })

  it('is always within the cap, whatever is asked', () => {
    const any = fc.tuple(fc.integer(), fc.nat(100_000), fc.nat(100_000), fc.double({ min: 0, max: 0.999, noNaN: true }))
    fc.assert(
      fc.property(any, ([n, baseMs, maxMs, random]) => {
        const wait = backoffMs(n, { baseMs, maxMs }, random)
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(maxMs)
      }),
    )
  })
})
