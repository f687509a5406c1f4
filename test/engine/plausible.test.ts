import { describe, expect, it } from 'vitest'
import { plausibleUsage } from '../../src/engine/plausible.ts'

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
