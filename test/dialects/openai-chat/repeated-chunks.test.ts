// Chunks that repeat one another are not parsed one by one: what comes of them is the same as if they were.
import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Frame } from '../../../src/wire/frame.ts'
import { chunk, done, events, finish, type Json } from './support.ts'

/** The same chunk in other bytes, so that no two of a stream look alike. */
function respelled(frame: Frame, index: number): Frame {
  return frame.data.startsWith('{') ? { data: `{${' '.repeat(index + 1)}${frame.data.slice(1)}` } : frame
}

const text = fc.constantFrom('a', 'bc', '', ' ', 'é🙂', '"', '\\', '\n', '","content":"x', 'null')
const logprobs = (content: string): Json => ({ logprobs: { content: [{ token: content, logprob: -1 }] } })
const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
const call = (index: number, args: string): Json => ({ tool_calls: [{ index, function: { arguments: args } }] })
const opened = (index: number): Json => ({
  tool_calls: [{ index, id: `c${index}`, type: 'function', function: { name: 'f', arguments: '' } }],
})
const frame = fc.oneof(
  { weight: 8, arbitrary: text.map((content) => chunk({ content })) },
  { weight: 2, arbitrary: text.map((content) => chunk({ content, role: 'assistant' })) },
  text.map((content) => chunk({ content }, logprobs('t'))),
  text.map((content) => chunk({ content }, {}, { usage })),
  text.map((content) => chunk({ content }, { index: 1 })),
  text.map((content) => chunk({ content }, {}, { vendor: 'v' })),
  text.map((content) => chunk({ reasoning_content: content })),
  text.map((content) => chunk({ content, reasoning_content: content })),
  text.map((content) => chunk({ refusal: content })),
  text.map((content) => chunk({ content, annotations: [{ type: 'url_citation', url_citation: { url: 'u' } }] })),
  text.map((content) => chunk({ content: [{ type: 'text', text: content }] })),
  fc.constantFrom(
    chunk(opened(0)),
    chunk(call(0, '{}')),
    chunk({ content: null }),
    chunk({}),
    finish('stop'),
    { data: '' },
    { data: '{"half' },
    { data: '{"type":"noise"}' },
  ),
)

it('chunks mean the same whether or not they repeat the one before', () => {
  const holds = (frames: readonly Frame[]): void => {
    const stream = [...frames, finish('stop'), done]
    expect(events(...stream)).toEqual(events(...stream.map(respelled)))
  }
  fc.assert(fc.property(fc.array(frame, { maxLength: 25 }), holds), { numRuns: 3000, seed: 20_261_121 })
})
