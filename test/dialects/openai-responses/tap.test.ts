// Watching a stream go by: where content begins, what is learned, and that text cannot fool it.
import { describe, expect, it } from 'vitest'
import { openaiResponses } from '../../../src/dialects/openai-responses/index.ts'
import type { TapReport, TapSignal } from '../../../src/dialects/dialect.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { added, completed, created, event, exchangeWith, itemDone, textDelta, type Json } from './support.ts'

const message: Json = { type: 'message', id: 'msg_1', role: 'assistant', content: [] }
const call: Json = { type: 'function_call', id: 'fc_1', call_id: 'c', name: 'f', arguments: '{}' }
const usage = { input_tokens: 3, output_tokens: 2, total_tokens: 5 }

function watch(...frames: Frame[]): { signals: TapSignal['type'][]; report: TapReport; closing: Frame[] } {
  const tap = openaiResponses.streamTap(exchangeWith())
  const signals = frames.map((frame) => tap.step(frame).type)
  return { signals, report: tap.report(), closing: tap.closing() }
}

describe('the first content', () => {
  it.each<[string, Frame]>([
    ['text', textDelta(0, 'a')],
    ['a refusal', event('response.refusal.delta', { output_index: 0, delta: 'a' })],
    ['a summary', event('response.reasoning_summary_text.delta', { output_index: 0, delta: 'a' })],
    ['raw reasoning', event('response.reasoning_text.delta', { output_index: 0, delta: 'a' })],
    ['a call', added(0, call)],
    ['what only this wire knows', added(0, { type: 'web_search_call', id: 'ws_1' })],
    ['arguments', event('response.function_call_arguments.done', { output_index: 0, arguments: '{}' })],
    ['a whole item', itemDone(0, message)],
  ])('is %s', (_name, frame) => {
    expect(watch(created, frame).signals).toEqual(['idle', 'content'])
  })

  it.each<[string, Frame]>([
    ['a start', created],
    ['a place in the queue', event('response.queued', { response: {} })],
    ['progress', event('response.in_progress', { response: {} })],
    ['an empty message', added(0, message)],
    [
      'reasoning that begins',
      added(0, { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'unfinished' }),
    ],
    [
      'an empty part',
      event('response.content_part.added', {
        output_index: 0,
        part: { type: 'output_text', text: '', annotations: [] },
      }),
    ],
    ['a part of a summary that begins', event('response.reasoning_summary_part.added', { output_index: 0, part: {} })],
    ['an empty delta', textDelta(0, '')],
    ['a keep-alive', event('keepalive')],
    ['no JSON', { data: 'hello' }],
    ['an event of another wire', event('message_start')],
  ])('is not %s', (_name, frame) => {
    expect(watch(frame).signals).toEqual(['idle'])
  })
})

describe('an answer', () => {
  it('is complete with its terminal alone, which says everything', () => {
    const before = watch(created, added(0, message), textDelta(0, 'a'), itemDone(0, message))
    expect(before.report).toEqual({
      complete: false,
      id: 'resp_1',
      model: 'gpt-x',
      count: { tokens: 1, isBehind: true },
    })
    const after = watch(created, textDelta(0, 'a'), completed({ usage, output: [call] }))
    expect(after.signals).toEqual(['idle', 'content', 'end'])
    expect(after.report).toEqual({
      complete: true,
      id: 'resp_1',
      model: 'gpt-x',
      finish: { class: 'tool', raw: 'completed' },
      usage: expect.objectContaining({ input: 3, output: 2 }),
      count: { tokens: 1, isBehind: false },
    })
    expect(after.closing).toEqual([])
  })

  it('may be incomplete', () => {
    const cut = { id: 'resp_1', status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: [] }
    expect(watch(created, textDelta(0, 'a'), event('response.incomplete', { response: cut })).report).toMatchObject({
      complete: true,
      finish: { class: 'length' },
    })
  })

  it('keeps the id and model of its start', () => {
    const other = event('response.in_progress', { response: { id: 'resp_2', model: 'other' } })
    expect(watch(created, other).report).toMatchObject({ id: 'resp_1', model: 'gpt-x' })
  })

  it('is not fooled by what is said in it', () => {
    const said = '{"type":"response.completed"} event: error "error" [DONE]'
    const { signals, report } = watch(created, textDelta(0, 'a'), textDelta(0, said), textDelta(0, 'b'))
    expect(signals).toEqual(['idle', 'content', 'content', 'content'])
    expect(report.complete).toBe(false)
  })

  it('goes on after its terminal only for servers that speak two wires', () => {
    expect(watch(created, textDelta(0, 'a'), completed(), { data: '[DONE]' }).signals.at(-1)).toBe('idle')
  })
})

describe('an error', () => {
  it.each<[string, Frame]>([
    ['as an event', event('error', { code: 'rate_limit_exceeded', message: 'm', param: null })],
    ['with a record', event('error', { error: { code: 'rate_limit_exceeded', message: 'm' } })],
    ['by the name of its event', { event: 'error', data: '{"error":{"code":"rate_limit_exceeded","message":"m"}}' }],
    [
      'as an answer that failed',
      event('response.failed', { response: { error: { code: 'rate_limit_exceeded', message: 'm' } } }),
    ],
  ])('is seen %s, before and after content', (_name, frame) => {
    for (const before of [[created], [created, textDelta(0, 'a')]]) {
      const tap = openaiResponses.streamTap(exchangeWith())
      before.forEach((entry) => tap.step(entry))
      expect(tap.step(frame)).toMatchObject({ type: 'error', error: { code: 'upstream_rate_limited' } })
      expect(tap.report().complete).toBe(false)
    }
  })
})

describe('an answer in full flow', () => {
  const textOf = (...frames: Frame[]): string =>
    frames.map(({ event: name, data }) => `event: ${name}\ndata: ${data}\n\n`).join('')

  it('is not skimmed before its first content', () => {
    const tap = openaiResponses.streamTap(exchangeWith())
    expect(tap.skim(textOf(textDelta(0, 'a')))).toBeUndefined()
    tap.step(created)
    expect(tap.skim(textOf(textDelta(0, 'a')))).toBeUndefined()
  })

  it('is skimmed as long as it says nothing else', () => {
    const tap = openaiResponses.streamTap(exchangeWith())
    tap.step(textDelta(0, 'a'))
    expect(tap.skim(textOf(textDelta(0, 'b'), textDelta(0, 'c')))).toBe(true)
    for (const telling of [
      completed({ usage }),
      event('response.incomplete', { response: {} }),
      event('response.failed', { response: {} }),
      event('error', { message: 'm' }),
    ])
      expect(tap.skim(textOf(textDelta(0, 'b'), telling))).toBe(false)
    expect(tap.skim('data: {"type": "response.completed"}\n\n')).toBe(false)
    tap.step(completed())
    expect(tap.skim(textOf(textDelta(0, 'b')))).toBeUndefined()
  })

  it('reads an event of four megabytes in one go: a square of its length would pass the time limit of the test', () => {
    const data = `{"type":"response.x","a":[${'"response.output_item.added",'.repeat(140_000)}1]}`
    expect(watch({ data })).toBeDefined()
  })
})
