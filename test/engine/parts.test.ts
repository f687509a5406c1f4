// The small parts of the engine, each by its rule.
import { describe, expect, it } from 'vitest'
import { createCancellation } from '../../src/engine/cancellation.ts'
import { join } from '../../src/engine/collect.ts'
import { joinUrl } from '../../src/engine/join-url.ts'
import { createWatchdog } from '../../src/engine/watchdog.ts'
import { legalName } from '../../src/ir/legal-name.ts'
import { mergeUsage, totalInput } from '../../src/ir/usage.ts'
import { createVirtualClock } from '../support/virtual-clock.ts'

describe('joining a base URL and a path', () => {
  it.each([
    ['https://api.openai.com/v1', '/chat/completions', 'https://api.openai.com/v1/chat/completions'],
    ['https://api.openai.com/v1/', '/chat/completions', 'https://api.openai.com/v1/chat/completions'],
    ['https://api.anthropic.com', '/v1/messages', 'https://api.anthropic.com/v1/messages'],
    ['https://openrouter.ai/api/v1', '/v1/messages', 'https://openrouter.ai/api/v1/messages'],
    [
      'https://x.example/compatible-mode/v1',
      '/chat/completions',
      'https://x.example/compatible-mode/v1/chat/completions',
    ],
    [
      'https://x.example/openai?api-version=1',
      '/chat/completions',
      'https://x.example/openai/chat/completions?api-version=1',
    ],
    ['https://x.example/v10', '/v1/messages', 'https://x.example/v10/v1/messages'],
    [
      'https://g.example/v1beta/',
      '/v1beta/models/m:streamGenerateContent?alt=sse',
      'https://g.example/v1beta/models/m:streamGenerateContent?alt=sse',
    ],
    ['https://g.example', '/v1beta/models/m:countTokens', 'https://g.example/v1beta/models/m:countTokens'],
    ['https://g.example/p?a=1', '/v1beta/models/m:x?alt=sse', 'https://g.example/p/v1beta/models/m:x?alt=sse&a=1'],
  ])('%s + %s', (base, path, url) => {
    expect(joinUrl(base, path)).toBe(url)
  })
})

describe('legal names', () => {
  const rule = { illegal: /[^a-zA-Z0-9_-]/g, maxLength: 20 }
  it('leave legal ones alone and make others legal, distinct and stable', () => {
    expect(legalName('get_weather', rule)).toBe('get_weather')
    const names = ['a.b', 'a:b', 'a_b', 'x'.repeat(30), `${'x'.repeat(29)}y`, '', 'ä']
    const legal = names.map((name) => legalName(name, rule))
    expect(new Set(legal).size).toBe(names.length)
    for (const name of legal) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,20}$/)
    expect(names.map((name) => legalName(name, rule))).toEqual(legal)
  })
})

describe('usage', () => {
  it('adds up its disjoint input classes, and knows nothing where nothing was reported', () => {
    expect(totalInput({ input: 10, cacheRead: 7351, evidence: 'reported' })).toBe(7361)
    expect(totalInput({ output: 5, evidence: 'reported' })).toBeUndefined()
  })
  it('merges field by field: the later report wins, what it does not mention stays', () => {
    const start = { input: 2479, output: 1, cacheRead: 0, evidence: 'reported', extras: { a: 1 } } as const
    expect(mergeUsage(start, { input: 404_500, output: 900, evidence: 'reported', extras: { b: 2 } })).toEqual({
      input: 404_500,
      output: 900,
      cacheRead: 0,
      evidence: 'reported',
      extras: { a: 1, b: 2 },
    })
  })
})

describe('joining chunks', () => {
  it('copies nothing where they are neighbours, and everything in order where they are not', () => {
    const bytes = new Uint8Array([1, 2, 3, 4])
    const neighbours = join([bytes.subarray(0, 2), bytes.subarray(2)])
    expect(neighbours.buffer).toBe(bytes.buffer)
    expect([...join([bytes.subarray(2), bytes.subarray(0, 2)])]).toEqual([3, 4, 1, 2])
  })
})

describe('a watchdog', () => {
  const timeouts = { connectMs: 1, headersMs: 100, firstContentMs: 200, idleMs: 300, totalMs: 10_000 }
  it('barks once, for the phase that ran out, and progress keeps it quiet without touching the clock', async () => {
    const clock = createVirtualClock()
    let barks = 0
    const dog = createWatchdog(clock, timeouts, 10_000, () => barks++)
    dog.enter('idle')
    for (let i = 0; i < 10; i++) {
      await clock.advance(200)
      dog.progress()
      expect(clock.pending()).toBe(1)
    }
    expect(barks).toBe(0)
    await clock.advance(301)
    expect(barks).toBe(1)
    expect(dog.fired()?.code).toBe('stream_idle_timeout')
    await clock.advance(10_000)
    expect(barks).toBe(1)
  })
  it('is bound by the deadline whatever the progress', async () => {
    const clock = createVirtualClock()
    const dog = createWatchdog(clock, timeouts, 500, () => {})
    dog.enter('idle')
    for (let i = 0; i < 6; i++) {
      await clock.advance(100)
      dog.progress()
    }
    expect(dog.fired()?.code).toBe('limit_exceeded')
  })
})

describe('a cancellation', () => {
  it('calls its listener once, also where it was cancelled before', () => {
    const source = createCancellation()
    let calls = 0
    source.onCancel(() => calls++)
    source.cancel()
    source.cancel()
    expect(calls).toBe(1)
    source.onCancel(() => calls++)
    expect(calls).toBe(2)
  })
})
