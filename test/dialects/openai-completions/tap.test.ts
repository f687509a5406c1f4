// Watching a stream go by: where content begins, what is hidden, what is learned, and that text cannot fool it.
import { describe, expect, it } from 'vitest'
import type { TapReport } from '../../../src/dialects/dialect.ts'
import { openaiCompletions } from '../../../src/dialects/openai-completions/index.ts'
import type { RequestFacts } from '../../../src/ir/facts.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { chunk, done, exchangeWith, frame } from './support.ts'

const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const usageChunk = frame({ id: 'c', model: 'm', choices: [], usage })
const finish = chunk('', { finish_reason: 'length' })

function watch(
  frames: readonly Frame[],
  facts: Partial<RequestFacts> = {},
): { signals: string[]; report: TapReport; closing: Frame[] } {
  const tap = openaiCompletions.streamTap(exchangeWith(facts, 'openai-completions'))
  const signals = frames.map((entry) => tap.step(entry).type)
  return { signals, report: tap.report(), closing: tap.closing() }
}

describe('a stream that passes by', () => {
  it('begins with its first text', () => {
    expect(watch([chunk(''), chunk('a'), chunk('b'), finish]).signals).toEqual(['idle', 'content', 'content', 'idle'])
  })

  it('tells usage, finish, model and id', () => {
    const { report, signals } = watch([chunk('a'), chunk('b', { finish_reason: 'length' }), usageChunk, done])
    expect(signals).toEqual(['content', 'content', 'hidden', 'end'])
    expect(report).toMatchObject({
      complete: true,
      usage: { input: 3, output: 2 },
      finish: { class: 'length', raw: 'length' },
      // Those of the content.
      model: 'gpt-x',
      id: 'cmpl-1',
    })
  })

  it('shows usage to a client that asked for it', () => {
    expect(watch([chunk('a'), finish, usageChunk], { wantsUsage: true }).signals).toEqual(['content', 'idle', 'idle'])
  })

  it('gets the terminal that a complete stream lacks, and no other does', () => {
    expect(watch([chunk('a'), finish]).closing).toEqual([done])
    expect(watch([chunk('a')]).closing).toEqual([])
    expect(watch([chunk('a'), finish, done]).closing).toEqual([])
  })

  it('is complete when every answer has finished', () => {
    expect(watch([chunk('a'), finish], { choices: 2 }).report.complete).toBe(false)
    expect(
      watch([chunk('a'), finish, chunk('', { index: 1, finish_reason: 'stop' })], { choices: 2 }).report.complete,
    ).toBe(true)
  })

  it.each<[string, Frame]>([
    ['in a chunk', frame({ error: { message: 'x', code: 429 } })],
    ['as an event', { event: 'error', data: '{"error":{"message":"x"}}' }],
  ])('is ended by an error %s, before and after content', (_name, entry) => {
    for (const before of [[], [chunk('a')]]) {
      const { signals, report, closing } = watch([...before, entry, done])
      expect(signals.slice(before.length)).toEqual(['error', 'idle'])
      expect(report.complete).toBe(false)
      expect(closing).toEqual([])
    }
  })
})

describe('text inside an answer', () => {
  it.each(['"usage": {"prompt_tokens": 99}', '"finish_reason":"stop"', '{"error":{"message":"x"}}', '[DONE]'])(
    'means nothing: %s',
    (said) => {
      const { signals, report } = watch([chunk('a'), chunk(said)])
      expect(signals).toEqual(['content', 'content'])
      expect(report.complete).toBe(false)
      expect(report.usage).toBeUndefined()
      expect(report.finish).toBeUndefined()
    },
  )

  it('lets a whole piece of the stream go by unread, but never an end, usage or an error', () => {
    const tap = openaiCompletions.streamTap(exchangeWith({}, 'openai-completions'))
    const sse = (...frames: Frame[]): string => frames.map(({ data }) => `data: ${data}\n\n`).join('')
    expect(tap.skim(sse(chunk('b')))).toBeUndefined()
    tap.step(chunk('a'))
    expect(tap.skim(sse(chunk('b'), chunk('c')))).toBe(true)
    for (const entry of [finish, usageChunk, done, frame({ error: { message: 'x' } })])
      expect(tap.skim(sse(chunk('b'), entry))).toBe(false)
  })
})
