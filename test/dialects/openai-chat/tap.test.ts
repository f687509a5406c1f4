// Watching a stream go by: where content begins, what is hidden, what is learned, and that text cannot fool it.
import { describe, expect, it } from 'vitest'
import { openaiChat } from '../../../src/dialects/openai-chat/index.ts'
import type { TapReport } from '../../../src/dialects/dialect.ts'
import type { RequestFacts } from '../../../src/ir/facts.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { chunk, done, exchangeWith, finish, type Json } from './support.ts'

const frame = (record: unknown): Frame => ({ data: JSON.stringify(record) })
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }
const usageChunk = frame({ id: 'c', model: 'm', choices: [], usage })
const content = chunk({ content: 'a' })

function watch(
  frames: readonly Frame[],
  facts: Partial<RequestFacts> = {},
): { signals: string[]; report: TapReport; closing: Frame[] } {
  const tap = openaiChat.streamTap(exchangeWith(facts))
  const signals = frames.map((entry) => tap.step(entry).type)
  return { signals, report: tap.report(), closing: tap.closing() }
}

describe('the first content', () => {
  it.each<[string, Json]>([
    ['text', { content: 'a' }],
    ['a list of parts', { content: [{ type: 'text', text: 'a' }] }],
    ['a refusal', { refusal: 'a' }],
    ['reasoning_content', { reasoning_content: 'a' }],
    ['reasoning', { reasoning: 'a' }],
    ['reasoning_details', { reasoning_details: [{ type: 'reasoning.text', text: 'a' }] }],
    ['a call', { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }] }],
    ['a legacy call', { function_call: { name: 'f', arguments: '' } }],
    ['sound', { audio: { id: 'a' } }],
    ['a link', { annotations: [{ type: 'url_citation', url_citation: { url: 'https://x' } }] }],
  ])('is %s', (_name, delta) => {
    expect(watch([chunk(delta)]).signals).toEqual(['content'])
  })

  it.each<[string, Frame]>([
    ['a role', chunk({ role: 'assistant', content: '' })],
    [
      'a role with empty members',
      chunk({ role: 'assistant', content: null, refusal: '', tool_calls: [], reasoning_details: [] }),
    ],
    [
      'an empty first chunk (Azure)',
      frame({ choices: [], id: '', model: '', prompt_filter_results: [{ hate: { filtered: false } }] }),
    ],
    [
      'a nameless call',
      chunk({ tool_calls: [{ index: 0, id: '', type: 'function', function: { name: '', arguments: '' } }] }),
    ],
    [
      'empty placeholders',
      chunk({ content: '', function_call: { name: '', arguments: '' }, audio: { data: '', expires_at: 0 } }),
    ],
    ['a finish', finish()],
    ['usage null', frame({ choices: [], usage: null })],
    ['an unknown record', frame({ type: 'ping' })],
    ['broken JSON', { data: '{' }],
    ['nothing', { data: '' }],
  ])('is not %s', (_name, entry) => {
    expect(watch([entry]).signals).toEqual(['idle'])
  })
})

describe('a usage chunk', () => {
  it('is hidden from a client that did not ask', () => {
    const { signals, report } = watch([content, finish(), usageChunk, done])
    expect(signals).toEqual(['content', 'idle', 'hidden', 'end'])
    expect(report.usage).toMatchObject({ input: 3, output: 2 })
  })

  it('is forwarded to a client that asked', () => {
    expect(watch([content, finish(), usageChunk, done], { wantsUsage: true }).signals).toEqual([
      'content',
      'idle',
      'idle',
      'end',
    ])
  })

  it('is hidden with blanks in its JSON, with more beside it, and with nothing but zeros', () => {
    const spaced: Frame = { data: '{ "choices" : [ ] , "usage" : { "prompt_tokens" : 3, "completion_tokens": 2 } }' }
    const more = frame({ choices: [], usage, latency_checkpoint: {}, obfuscation: 'x' })
    const zeros = frame({ choices: [], usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } })
    expect(watch([content, spaced, more, zeros]).signals).toEqual(['content', 'hidden', 'hidden', 'hidden'])
  })

  it('is not hidden where it also carries content or the finish', () => {
    const { signals, report } = watch([content, chunk({ content: 'b' }, {}, { usage }), finish('stop', { usage })])
    expect(signals).toEqual(['content', 'content', 'idle'])
    expect(report.usage).toMatchObject({ input: 3 })
  })
})

describe('the end', () => {
  it('is the terminal, and nothing after it counts', () => {
    const { signals, closing } = watch([content, finish(), done, content, usageChunk])
    expect(signals).toEqual(['content', 'idle', 'end', 'idle', 'idle'])
    expect(closing).toEqual([])
  })

  it('is supplied where a finish was seen and the terminal was not', () => {
    const { report, closing } = watch([content, finish()])
    expect(report.complete).toBe(true)
    expect(closing).toEqual([done])
  })

  it('is neither where nothing was finished', () => {
    const { report, closing } = watch([content])
    expect(report.complete).toBe(false)
    expect(closing).toEqual([])
  })

  it('is complete by the terminal alone (Snowflake)', () => {
    expect(watch([content, done]).report).toMatchObject({ complete: true, finish: { class: 'stop' } })
  })

  it('needs a finish for each answer that was asked for', () => {
    expect(watch([content, finish()], { choices: 2 }).report.complete).toBe(false)
    expect(
      watch([content, finish(), chunk({}, { index: 1, finish_reason: 'stop' })], { choices: 2 }).report.complete,
    ).toBe(true)
  })

  it('is not an empty finish reason', () => {
    expect(watch([content, finish('')]).report.complete).toBe(false)
  })
})

describe('an error', () => {
  it.each<[string, Frame]>([
    ['in a chunk', frame({ error: { message: 'x', code: 429 } })],
    ['in a chunk with blanks', { data: '{ "error" : {"message":"x","code":429}}' }],
    ['as text', frame({ error: 'rate limit', code: 429 })],
    ['beside choices', chunk({ content: '' }, {}, { error: { message: 'x', code: 429 } })],
    ['on a choice', chunk({ content: '' }, { error: { message: 'x', code: 429 } })],
    ['in a finish reason alone', chunk({}, { finish_reason: 'error' })],
    ['as an event', { event: 'error', data: '{"error":{"message":"x","code":429}}' }],
  ])('%s is seen before and after content, and ends it all', (_name, entry) => {
    for (const before of [[], [content], [content, finish('length')]]) {
      const { signals, report, closing } = watch([...before, entry, done])
      expect(signals.slice(before.length)).toEqual(['error', 'idle'])
      expect(report.complete).toBe(false)
      expect(closing).toEqual([])
    }
  })

  it('keeps the usage that came with it', () => {
    expect(watch([content, chunk({}, {}, { usage, error: { code: 400, message: 'x' } })]).report.usage).toMatchObject({
      input: 3,
    })
  })

  it('is none where it is null or empty', () => {
    expect(
      watch([chunk({ content: 'a' }, {}, { error: null }), chunk({ content: 'a' }, {}, { error: {} })]).signals,
    ).toEqual(['content', 'content'])
  })
})

describe('what is learned', () => {
  it('is id and model of the content, not of the first chunk', () => {
    const frames = [
      chunk({ role: 'assistant' }, {}, { id: '', model: '' }),
      chunk({ content: 'a' }, {}, { id: 'gen-1', model: 'x' }),
      finish(null, { id: '' }),
    ]
    expect(watch(frames).report).toMatchObject({ id: 'gen-1', model: 'x' })
  })

  it.each<[string, Frame[], string]>([
    ['stop', [content, finish()], 'stop'],
    ['calls behind a stop', [chunk({ tool_calls: [{ function: { name: 'f', arguments: '{}' } }] }), finish()], 'tool'],
    [
      'calls after text',
      [content, chunk({ tool_calls: [{ index: 0, function: { name: 'f', arguments: '' } }] }), finish()],
      'tool',
    ],
    ['a legacy call after text', [content, chunk({ function_call: { name: 'f' } }), finish('function_call')], 'tool'],
    ['no calls behind tool_calls', [content, finish('tool_calls')], 'stop'],
    [
      'a placeholder behind stop',
      [content, chunk({ content: 'b', function_call: { name: '', arguments: '' } }), finish()],
      'stop',
    ],
    ['a refusal', [chunk({ refusal: 'no' }), finish()], 'filter'],
    ['a limit', [content, finish('length')], 'length'],
  ])('is how it ended: %s', (_name, frames, expected) => {
    expect(watch(frames).report.finish?.class).toBe(expected)
  })
})

describe('text inside an answer', () => {
  it.each([
    '"usage": {"prompt_tokens": 99}',
    '{"choices":[],"usage":{"prompt_tokens":99}}',
    '"finish_reason":"stop"',
    '{"error":{"message":"x"}}',
    '[DONE]',
    'data: [DONE]',
    '"tool_calls":[{"function":{"name":"f"}}]',
    '\\"finish_reason\\":\\"stop\\"',
  ])('means nothing: %s', (said) => {
    const call = chunk({ tool_calls: [{ index: 0, function: { arguments: said } }] })
    const { signals, report } = watch([content, chunk({ content: said }), chunk({ reasoning: said }), call])
    expect(signals).toEqual(['content', 'content', 'content', 'content'])
    expect(report).toMatchObject({ complete: false })
    expect(report.usage).toBeUndefined()
    expect(report.finish).toBeUndefined()
  })

  it('is not parsed once the answer has begun', () => {
    // A frame that would be skipped as malformed if anybody looked.
    expect(watch([content, { data: '{"choices":[{"delta":{"content":"b"' }]).signals).toEqual(['content', 'content'])
  })
})
