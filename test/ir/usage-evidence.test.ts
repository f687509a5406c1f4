import { describe, expect, it } from 'vitest'
import { mergeUsage, type Usage } from '../../src/ir/usage.ts'

describe('two reports of one answer', () => {
  const counted: Usage = { input: 5, evidence: 'counted' }

  it.each([
    ['keep an estimate that the later one does not replace', { output: 3 }, 'counted'],
    ['are as good as the later one, where it replaces all of the estimate', { input: 4, output: 3 }, 'reported'],
  ])('%s', (_what, later, evidence) => {
    expect(mergeUsage(counted, { ...later, evidence: 'reported' })).toEqual({ ...counted, ...later, evidence })
  })

  it('are reported where both are', () => {
    const merged = mergeUsage({ input: 5, evidence: 'reported' }, { output: 3, evidence: 'reported' })
    expect(merged).toEqual({ input: 5, output: 3, evidence: 'reported' })
  })
})
