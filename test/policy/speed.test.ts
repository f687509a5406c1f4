import { describe, expect, it } from 'vitest'
import { freshMs, measured, relevantMs, speedTtlMs } from '../../src/policy/speed.ts'

describe('the moving average', () => {
  it('gives the newest measurement three tenths', () => {
    const first = measured(undefined, 100, 1000)
    expect(first).toEqual({ ms: 100, at: 1000 })
    expect(measured(first, 200, 2000)).toEqual({ ms: 130, at: 2000 })
  })

  it('begins anew where nothing was measured for long', () => {
    const old = { ms: 5000, at: 0 }
    expect(measured(old, 100, speedTtlMs)).toEqual({ ms: 5000 + 0.3 * (100 - 5000), at: speedTtlMs })
    expect(measured(old, 100, speedTtlMs + 1)).toEqual({ ms: 100, at: speedTtlMs + 1 })
  })

  it('is not known where it is too old', () => {
    expect(freshMs({ ms: 7, at: 0 }, speedTtlMs)).toBe(7)
    expect(freshMs({ ms: 7, at: 0 }, speedTtlMs + 1)).toBeUndefined()
    expect(freshMs(undefined, 0)).toBeUndefined()
  })

  it('is the time to the first content for streams, and the whole of an answer otherwise', () => {
    const at = 0
    const both = { ttft: { ms: 10, at }, total: { ms: 90, at } }
    expect(relevantMs(both, true, 1)).toBe(10)
    expect(relevantMs(both, false, 1)).toBe(90)
    expect(relevantMs({ total: { ms: 90, at } }, true, 1)).toBe(90)
    expect(relevantMs({ ttft: { ms: 10, at } }, false, 1)).toBeUndefined()
  })
})
