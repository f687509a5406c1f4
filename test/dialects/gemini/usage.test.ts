// Token counts: what includes what on this wire, and what a client of it is told.
import { describe, expect, it } from 'vitest'
import { decodeUsage, encodeUsage } from '../../../src/dialects/gemini/usage.ts'
import { totalInput, type Usage } from '../../../src/ir/usage.ts'
import type { Json } from './support.ts'

const counters = (value: Json) => {
  const { extras: _extras, evidence: _evidence, ...rest } = decodeUsage(value) ?? { evidence: 'reported' }
  return rest
}

describe('a usage record', () => {
  it.each<[string, Json, Json]>([
    // The counts of these are those of real answers: 85 + 22 + 50 = 157, 9613 with 9602 from a cache.
    [
      'counts thoughts apart from the candidates',
      { promptTokenCount: 85, candidatesTokenCount: 22, thoughtsTokenCount: 50, totalTokenCount: 157 },
      { input: 85, output: 72, reasoning: 50 },
    ],
    [
      'counts what was cached in the prompt',
      { promptTokenCount: 9613, candidatesTokenCount: 33, thoughtsTokenCount: 39, cachedContentTokenCount: 9602 },
      { input: 11, cacheRead: 9602, output: 72, reasoning: 39 },
    ],
    [
      'counts what Google’s tools read beside the prompt',
      {
        promptTokenCount: 15,
        candidatesTokenCount: 14,
        thoughtsTokenCount: 742,
        toolUsePromptTokenCount: 770,
        totalTokenCount: 1541,
      },
      { input: 785, output: 756, reasoning: 742 },
    ],
    ['leaves out a count of nothing', { promptTokenCount: 14, totalTokenCount: 14 }, { input: 14, output: 0 }],
    ['may know nothing but the traffic', { trafficType: 'ON_DEMAND' }, {}],
    [
      'may have more cached than there is',
      { promptTokenCount: 3, cachedContentTokenCount: 5 },
      { input: 0, cacheRead: 3 },
    ],
    ['may be in snake case', { prompt_token_count: 3, candidates_token_count: 4 }, { input: 3, output: 4 }],
    ['may be nonsense', { promptTokenCount: -1, candidatesTokenCount: 'x' }, {}],
  ])('%s', (_what, value, expected) => {
    expect(counters(value)).toEqual(expected)
  })

  it('adds up to the total that the wire reports', () => {
    const value = {
      promptTokenCount: 15,
      candidatesTokenCount: 37,
      thoughtsTokenCount: 742,
      toolUsePromptTokenCount: 770,
    }
    const usage = decodeUsage(value)
    expect((usage && totalInput(usage))! + (usage?.output ?? 0)).toBe(1564)
  })

  it('keeps what has no canonical name, and comes back as it was', () => {
    const value = { promptTokenCount: 1, promptTokensDetails: [], trafficType: 'ON_DEMAND' }
    const usage = decodeUsage(value)
    expect(Object.keys(usage?.extras ?? {})).toEqual(['promptTokensDetails', 'trafficType'])
    expect(usage && encodeUsage(usage)).toBe(value)
  })
})

describe('the usage of another wire', () => {
  it.each<[string, Usage, Json]>([
    [
      'includes its cache in the prompt and leaves its reasoning out of the candidates',
      { evidence: 'reported', input: 10, cacheRead: 5, cacheWrite: 2, output: 30, reasoning: 20 },
      {
        promptTokenCount: 17,
        cachedContentTokenCount: 5,
        candidatesTokenCount: 10,
        thoughtsTokenCount: 20,
        totalTokenCount: 47,
      },
    ],
    [
      'says nothing that nobody counted',
      { evidence: 'counted', output: 3 },
      { candidatesTokenCount: 3, totalTokenCount: 3 },
    ],
  ])('%s', (_what, usage, expected) => {
    expect(encodeUsage(usage)).toEqual(expected)
  })
})
