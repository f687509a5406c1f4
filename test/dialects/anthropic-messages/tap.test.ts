// What the gateway sees of a stream that only passes through.
import { describe, expect, it } from 'vitest'
import { anthropicMessages } from '../../../src/dialects/anthropic-messages/index.ts'
import type { Frame } from '../../../src/wire/frame.ts'
import { exchange, framesOf, type Json } from './support.ts'

const start: Json = {
  type: 'message_start',
  message: { id: 'msg_1', model: 'claude-x', usage: { input_tokens: 9, cache_read_input_tokens: 3, output_tokens: 1 } },
}
const open = (content_block: Json): Json => ({ type: 'content_block_start', index: 0, content_block })
const delta = (type: string, members: Json): Json => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type, ...members },
})
const close: Json = { type: 'content_block_stop', index: 0 }
const end: Json = {
  type: 'message_delta',
  delta: { stop_reason: 'tool_use', stop_sequence: null },
  usage: { output_tokens: 7 },
}
const stop: Json = { type: 'message_stop' }
const text = delta('text_delta', { text: 'a' })

function watch(frames: readonly Frame[]) {
  const tap = anthropicMessages.streamTap(exchange)
  return { signals: frames.map((frame) => tap.step(frame).type), report: tap.report(), closing: tap.closing() }
}

const withoutEvents = (frames: readonly Frame[]): Frame[] => frames.map(({ data }) => ({ data }))

describe.each([
  ['with event lines', (frames: readonly Frame[]) => frames],
  ['without event lines', withoutEvents],
])('a tap on a stream %s', (_how, shape) => {
  it('knows a start, content and an end', () => {
    const frames = shape(framesOf([start, { type: 'ping' }, open({ type: 'text', text: '' }), text, text, end, stop]))
    const { signals, report, closing } = watch(frames)
    expect(signals).toEqual(['idle', 'idle', 'idle', 'content', 'content', 'idle', 'end'])
    expect(report).toMatchObject({
      complete: true,
      id: 'msg_1',
      model: 'claude-x',
      finish: { class: 'tool', raw: 'tool_use' },
      usage: { input: 9, cacheRead: 3, output: 7, evidence: 'reported' },
    })
    expect(closing).toEqual([])
  })

  const first: readonly (readonly [what: string, event: Json, signal: string])[] = [
    ['an empty text', open({ type: 'text', text: '' }), 'idle'],
    ['an empty text with citations', open({ type: 'text', text: '', citations: [] }), 'idle'],
    ['an empty thinking', open({ type: 'thinking', thinking: '', signature: '' }), 'idle'],
    ['a text that is there', open({ type: 'text', text: 'a' }), 'content'],
    ['redacted thinking', open({ type: 'redacted_thinking', data: 'd' }), 'content'],
    ['a call', open({ type: 'tool_use', id: 't', name: 'f', input: {} }), 'content'],
    ['a server tool', open({ type: 'server_tool_use', id: 't', name: 'f', input: {} }), 'content'],
    ['text', text, 'content'],
    ['no text', delta('text_delta', { text: '' }), 'idle'],
    ['thinking', delta('thinking_delta', { thinking: 'a' }), 'content'],
    ['no thinking', delta('thinking_delta', { thinking: '' }), 'idle'],
    ['a signature', delta('signature_delta', { signature: 's' }), 'content'],
    ['no arguments', delta('input_json_delta', { partial_json: '' }), 'idle'],
    ['arguments', delta('input_json_delta', { partial_json: '{' }), 'content'],
    ['a citation', delta('citations_delta', { citation: {} }), 'content'],
    ['the end of a block', close, 'idle'],
    ['an event nobody knows', { type: 'weather_report' }, 'idle'],
  ]
  it.each(first)('is %s', (_what, event, signal) => {
    expect(watch(shape(framesOf([start, event]))).signals).toEqual(['idle', signal])
  })

  it.each([false, true])('sees an error, before content or behind it: %s', (committed) => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }
    const tap = anthropicMessages.streamTap(exchange)
    for (const frame of shape(framesOf(committed ? [start, text] : [start]))) tap.step(frame)
    const [frame] = shape(framesOf([error]))
    expect(frame && tap.step(frame)).toMatchObject({
      type: 'error',
      error: { code: 'upstream_overloaded', status: 529 },
    })
  })

  it('adds the stop that a complete stream lacks, and nothing to one that is not complete', () => {
    const lacking = watch(shape(framesOf([start, text, end])))
    expect(lacking.report.complete).toBe(true)
    expect(lacking.closing).toMatchObject([{ event: 'message_stop', data: '{"type":"message_stop"}' }])
    const broken = watch(shape(framesOf([start, text])))
    expect(broken.report.complete).toBe(false)
    expect(broken.closing).toEqual([])
  })

  it('names the model that took over before the answer', () => {
    const block = { type: 'fallback', from: { model: 'claude-x' }, to: { model: 'claude-y' } }
    const { report } = watch(shape(framesOf([start, open(block), close, text, end, stop])))
    expect(report).toMatchObject({ id: 'msg_1', model: 'claude-y' })
  })

  it('believes the first start, and the last usage field by field', () => {
    const second = { type: 'message_start', message: { id: 'msg_2', model: 'other', usage: { output_tokens: 2 } } }
    expect(watch(shape(framesOf([start, text, second, text]))).report).toMatchObject({
      id: 'msg_1',
      model: 'claude-x',
      usage: { input: 9, output: 2 },
    })
  })

  it('is not fooled by text that speaks of events', () => {
    const sly = delta('text_delta', { text: '{"type":"message_stop"} "error"' })
    const { signals, report } = watch(shape(framesOf([start, text, sly])))
    expect(signals).toEqual(['idle', 'content', 'content'])
    expect(report.complete).toBe(false)
  })
})

describe('a tap', () => {
  it('reads nothing of a delta once content was seen', () => {
    const unreadable: Frame = { event: 'content_block_delta', data: '{ broken' }
    expect(watch([...framesOf([start, text]), unreadable]).signals).toEqual(['idle', 'content', 'content'])
  })

  it('takes a frame that is no JSON for nothing', () => {
    expect(watch([{ data: 'hello' }, { event: 'message_start', data: '' }]).signals).toEqual(['idle', 'idle'])
  })

  it('has nothing to report of a stream that said nothing', () => {
    expect(watch([]).report).toEqual({ complete: false })
  })
})
