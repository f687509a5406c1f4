// Token counts: one algebra behind every provider's way of counting.
import { describe, expect, it } from 'vitest'
import { decodeUsage, encodeUsage } from '../../../src/dialects/openai-wire/usage.ts'
import { mergeUsage, totalInput, type Usage } from '../../../src/ir/usage.ts'
import type { Json } from './support.ts'

function counts(record: Json): Json {
  const { extras: _extras, evidence: _evidence, ...rest } = decodeUsage(record) as Usage
  return rest
}

const plain = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 }

describe('a usage record', () => {
  it.each<[string, Json, Json]>([
    ['has input and output', plain, { input: 10, output: 4 }],
    [
      'counts cached tokens inside the prompt',
      { ...plain, prompt_tokens_details: { cached_tokens: 8 } },
      { input: 2, cacheRead: 8, output: 4 },
    ],
    [
      'counts written tokens inside the prompt',
      { ...plain, prompt_tokens_details: { cached_tokens: 3, cache_write_tokens: 5 } },
      { input: 2, cacheRead: 3, cacheWrite: 5, output: 4 },
    ],
    [
      'counts DeepSeek’s hits',
      { ...plain, prompt_cache_hit_tokens: 6, prompt_cache_miss_tokens: 4 },
      { input: 4, cacheRead: 6, output: 4 },
    ],
    ['counts Together’s hits', { ...plain, cached_tokens: 6 }, { input: 4, cacheRead: 6, output: 4 }],
    [
      'clamps more cached tokens than there were',
      { ...plain, prompt_tokens_details: { cached_tokens: 12 } },
      { input: 0, cacheRead: 10, output: 4 },
    ],
    [
      'counts reasoning inside the output',
      { ...plain, completion_tokens_details: { reasoning_tokens: 3 } },
      { input: 10, output: 4, reasoning: 3 },
    ],
    [
      'adds reasoning that the output leaves out (xAI)',
      {
        prompt_tokens: 493,
        completion_tokens: 35,
        total_tokens: 582,
        completion_tokens_details: { reasoning_tokens: 54 },
      },
      { input: 493, output: 89, reasoning: 54 },
    ],
    [
      'adds what only the total knows (Gemini)',
      { prompt_tokens: 35, completion_tokens: 12, total_tokens: 109 },
      { input: 35, output: 74 },
    ],
    [
      'clamps more reasoning than output',
      { ...plain, completion_tokens_details: { reasoning_tokens: 11 } },
      { input: 10, output: 4, reasoning: 4 },
    ],
    ['leaves negative counts out', { prompt_tokens: -1, completion_tokens: 4, total_tokens: 3 }, { output: 4 }],
    ['leaves absurd counts out', { prompt_tokens: 1e300, completion_tokens: 4, total_tokens: 1.5 }, { output: 4 }],
    [
      'keeps zeros that were reported',
      { prompt_tokens: 10, completion_tokens: 0, total_tokens: 10, prompt_tokens_details: { cached_tokens: 0 } },
      { input: 10, cacheRead: 0, output: 0 },
    ],
    ['takes null details for none', { ...plain, prompt_tokens_details: null }, { input: 10, output: 4 }],
  ])('%s', (_name, record, expected) => {
    expect(counts(record)).toEqual(expected)
  })

  it.each([null, undefined, 'x', {}, { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }])(
    'says nothing as %j',
    (value) => {
      expect(decodeUsage(value)).toBeUndefined()
    },
  )

  it('keeps counters without a canonical name', () => {
    const record = {
      ...plain,
      cost: 0.5,
      is_byok: false,
      prompt_tokens_details: { cached_tokens: 1, audio_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 1, image_tokens: 3 },
    }
    expect({ ...decodeUsage(record)?.extras }).toMatchObject({
      cost: 0.5,
      is_byok: false,
      prompt_tokens_details: { audio_tokens: 2 },
      completion_tokens_details: { image_tokens: 3 },
    })
    expect(Object.keys(decodeUsage(record)?.extras ?? {})).not.toContain('prompt_tokens')
  })

  it('goes back as it came, also after a merge', () => {
    const first = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
    const last = { ...plain, cost: 0.5, prompt_tokens_details: { cached_tokens: 99 } }
    const merged = mergeUsage(decodeUsage(first), decodeUsage(last) as Usage)
    expect(encodeUsage(merged)).toEqual(last)
  })

  it('adds up on the other side', () => {
    const usage: Usage = { input: 1, cacheRead: 2, cacheWrite: 3, output: 4, evidence: 'reported' }
    expect(encodeUsage(usage)).toMatchObject({
      prompt_tokens: totalInput(usage),
      completion_tokens: 4,
      total_tokens: 10,
    })
  })
})
