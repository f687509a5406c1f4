// The normaliser as a machine: what it holds back and when it lets go, what it never touches, and how a stream ends.
import { describe, expect, it } from 'vitest'
import { createNormaliser } from '../../../../src/dialects/openai-chat/quirks/index.ts'
import { quirkNames, type QuirkName } from '../../../../src/ir/traits.ts'
import type { Frame } from '../../../../src/wire/frame.ts'
import { chunk, done, exchangeWith, finish, type Json } from '../support.ts'
import { quirksOf } from './support.ts'

const repairs = quirksOf('openai_compatible')
const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 }
const start = chunk({ role: 'assistant', content: '' })
const hello = chunk({ content: 'Hello' })

function machine(quirks: readonly QuirkName[] = repairs, choices = 1) {
  return createNormaliser(quirks, exchangeWith({ choices }))
}

function call(input: string | null): Frame {
  return chunk({
    tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'add', arguments: input } }],
  })
}

function bare(members: Json): Frame {
  return {
    data: JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm', ...members }),
  }
}

function parsed(frames: readonly Frame[] | 'same'): Json[] {
  return frames === 'same'
    ? []
    : frames.map(({ data }) => (data === '[DONE]' ? { done: true } : (JSON.parse(data) as Json)))
}

describe('a stream in flow', () => {
  it('goes by as it came, and may go by unread', () => {
    const normaliser = machine()
    expect(normaliser.skim(`data: ${hello.data}\n\n`), 'nothing was seen yet').toBe(false)
    expect(normaliser.step(start)).toBe('same')
    expect(normaliser.skim(`data: ${hello.data}\n\ndata: ${hello.data}\n\n`)).toBe(true)
    expect(normaliser.step(hello)).toBe('same')
  })

  it.each([
    ['a finish reason', finish('stop').data],
    ['a call', call('{}').data],
    ['usage', bare({ choices: [], usage }).data],
    ['the terminal', '[DONE]'],
    ['a record without choices', '{"type":"ping"}'],
    ['a list of parts', chunk({ content: [{ type: 'text', text: 'Hi' }] }).data],
  ])('is read where there is %s', (_, data) => {
    const normaliser = machine()
    normaliser.step(start)
    expect(normaliser.skim(`data: ${hello.data}\n\ndata: ${data}\n\n`)).toBe(false)
  })

  it('is read until every choice that was asked for has begun', () => {
    const normaliser = machine(repairs, 2)
    normaliser.step(start)
    expect(normaliser.skim(`data: ${hello.data}\n\n`)).toBe(false)
    const second = bare({ choices: [{ index: 1, delta: { content: 'Hi' } }] })
    expect(parsed(normaliser.step(second))).toMatchObject([
      { choices: [{ index: 1, delta: { role: 'assistant', content: 'Hi' } }] },
    ])
    expect(normaliser.skim(`data: ${hello.data}\n\n`)).toBe(true)
  })

  it('a text that speaks of tool calls is only text', () => {
    const normaliser = machine()
    normaliser.step(start)
    const speaking = chunk({ content: '"finish_reason": "stop", "tool_calls": [{}]' })
    expect(normaliser.skim(`data: ${speaking.data}\n\n`)).toBe(true)
    expect(normaliser.step(speaking)).toBe('same')
  })

  it.each([
    ['no JSON', { data: '{"cut' }],
    ['empty data', { data: '' }],
    ['an error as a chunk', { data: '{"error":{"message":"no"}}' }],
    ['an error as an event', { event: 'error', data: '{"error":{"message":"no","status_code":400}}' }],
  ])('%s goes by untouched, whatever the quirks', (_, frame: Frame) => {
    expect(machine(quirkNames).step(frame)).toBe('same')
  })

  it('changes nothing in the value that a frame brings', () => {
    const value = { choices: [{ delta: { content: 'Hi' } }] }
    const before = JSON.stringify(value)
    expect(machine().step({ data: before, value })).not.toBe('same')
    expect(JSON.stringify(value)).toBe(before)
  })
})

describe('what is held back', () => {
  const headless = bare({ id: '', created: 0, choices: [], prompt_filter_results: [] })

  it('a head goes with the first chunk that has one', () => {
    const normaliser = machine(['head_unsound'])
    expect(normaliser.step(headless)).toEqual([])
    expect(normaliser.skim(`data: ${hello.data}\n\n`)).toBe(false)
    expect(parsed(normaliser.step(start))).toMatchObject([
      { id: 'chatcmpl-1', created: 1, prompt_filter_results: [] },
      { id: 'chatcmpl-1', choices: [{ delta: { role: 'assistant' } }] },
    ])
    expect(normaliser.step(hello)).toBe('same')
  })

  it('usage goes with the next chunk, without it where that one counts again', () => {
    const normaliser = machine(['usage_repeated'])
    normaliser.step(start)
    const last = finish('stop', { usage })
    expect(normaliser.step(last)).toEqual([])
    expect(parsed(normaliser.step(bare({ choices: [], usage })))).toMatchObject([
      { choices: [{ finish_reason: 'stop' }] },
      { choices: [], usage },
    ])
  })

  it('an error lets go what was held back, and comes last', () => {
    const normaliser = machine(['usage_repeated'])
    normaliser.step(start)
    normaliser.step(finish('length', { usage }))
    const error = { data: '{"error":{"message":"no"},"choices":[]}' }
    const out = normaliser.step(error)
    expect(parsed(out)).toMatchObject([{ usage }, { error: { message: 'no' } }])
    expect(out).toContain(error)
  })
})

describe('the end', () => {
  it('of bytes lets go what was held back, once, and makes no end of its own', () => {
    const normaliser = machine([...repairs, 'usage_repeated'])
    normaliser.step(start)
    normaliser.step({ data: JSON.stringify({ ...(JSON.parse(hello.data) as Json), usage }) })
    expect(parsed(normaliser.finish())).toMatchObject([{ choices: [], usage }])
    expect(normaliser.finish()).toEqual([])
  })

  it('without a finish reason or a terminal stays a broken one', () => {
    const normaliser = machine()
    normaliser.step(start)
    normaliser.step(call(null))
    expect(normaliser.finish()).toEqual([])
  })

  it('by a finish reason is whole without a terminal (Gemini, Perplexity)', () => {
    const normaliser = machine()
    normaliser.step(start)
    normaliser.step(call(''))
    expect(parsed(normaliser.step(finish('STOP')))).toMatchObject([
      { choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: '{}' } }] }, finish_reason: null }] },
      { choices: [{ finish_reason: 'tool_calls' }] },
    ])
    expect(normaliser.finish()).toEqual([])
  })

  it('by the terminal alone ends the calls too', () => {
    const normaliser = machine()
    normaliser.step(start)
    normaliser.step(call(null))
    expect(parsed(normaliser.step(done))).toMatchObject([
      { choices: [{ delta: { tool_calls: [{ function: { arguments: '{}' } }] } }] },
      { choices: [{ finish_reason: 'tool_calls' }] },
      { done: true },
    ])
    expect(normaliser.step(done)).toBe('same')
  })

  it('of an answer without any choice is nothing but the terminal', () => {
    expect(machine(quirkNames).step(done)).toBe('same')
  })
})
