import { describe, expect, it } from 'vitest'
import { plausibleUsage, settledUsage } from '../../src/engine/plausible.ts'

describe('a provider’s count of input tokens', () => {
  it('is believed where it can be true, however large the loops of server tools made it', () => {
    const usage = { input: 404_500, output: 10, evidence: 'reported' } as const
    expect(plausibleUsage(usage, 2000, 500)).toBe(usage)
  })

  it('is replaced by the estimate, and marked so, where no context holds as much', () => {
    const usage = { input: 675_947_905, cacheRead: 5, output: 10, reasoning: 2, evidence: 'reported' } as const
    expect(plausibleUsage(usage, 2000, 500)).toEqual({ input: 500, output: 10, reasoning: 2, evidence: 'counted' })
  })

  it('is judged with its cached tokens', () => {
    const usage = { input: 5, cacheRead: 675_947_905, evidence: 'reported' } as const
    expect(plausibleUsage(usage, 2000, 500)).toEqual({ input: 500, evidence: 'counted' })
  })

  it('is left alone where none was reported', () => {
    const usage = { output: 3, evidence: 'reported' } as const
    expect(plausibleUsage(usage, 2000, 500)).toBe(usage)
  })
})

describe('a provider’s count of output tokens', () => {
  it('is left out, and marked so, where no model writes as much', () => {
    const usage = { input: 9, output: 1e15, reasoning: 5, evidence: 'reported' } as const
    expect(plausibleUsage(usage, 2000, 500)).toEqual({ input: 9, evidence: 'counted' })
  })
})

describe('what an answer took', () => {
  const count = { tokens: 20, isBehind: false }
  const behind = { tokens: 20, isBehind: true }

  it.each([
    ['as reported', { input: 9, output: 3, evidence: 'reported' }, count],
    ['as reported, where nothing of it was text', { input: 9, output: 0, evidence: 'reported' }, undefined],
    [
      'as reported, where all of the input was in the cache',
      { input: 0, cacheRead: 5, output: 3, evidence: 'reported' },
      count,
    ],
    ['as reported, where an embedding has no output', { input: 9, evidence: 'reported' }, undefined],
  ] as const)('is told %s', (_what, told, seen) => {
    expect(settledUsage(told, seen, 500)).toBe(told)
  })

  it.each([
    ['where nothing was told', undefined, count, { input: 500, output: 20 }],
    ['without an output that is no text', undefined, undefined, { input: 500 }],
    ['beside the input that was told', { input: 9, cacheRead: 5 }, count, { input: 9, cacheRead: 5, output: 20 }],
    ['beside the output that was told', { output: 3 }, count, { input: 500, output: 3 }],
    ['where text is said to be nothing', { input: 0, output: 0 }, count, { input: 500, output: 20 }],
    ['where text came behind what was told', { input: 9, output: 1 }, behind, { input: 9, output: 20 }],
    [
      'as no less than was told on the way',
      { input: 9, output: 90, reasoning: 80 },
      behind,
      { input: 9, output: 90, reasoning: 80 },
    ],
  ])('is counted %s', (_what, told, seen, expected) => {
    const usage = told === undefined ? undefined : ({ ...told, evidence: 'reported' } as const)
    expect(settledUsage(usage, seen, 500)).toEqual({ ...expected, evidence: 'counted' })
  })

  it('stays counted where a report that cannot be true was replaced', () => {
    const told = { input: 500, output: 3, evidence: 'counted' } as const
    expect(settledUsage(told, count, 500)).toBe(told)
  })
})
