// Streams as particular vendors send them, in words of our own, for what no recording beside this checkout shows. The
// official SDK reads each as its vendor means it, once the quirks of the vendor's type are mended.
import { describe, expect, it } from 'vitest'
import type { presets } from '../../../../src/catalog/presets.ts'
import type { Frame } from '../../../../src/wire/frame.ts'
import { foldChat } from '../../../support/sdk-fold.ts'
import { done, type Json } from '../support.ts'
import { clientView, decodedStream, normalise, quirksOf, viewOf, type AnswerView } from './support.ts'

interface Vendor {
  readonly type: keyof typeof presets
  readonly title: string
  readonly chunks: readonly Json[]
  /** Some end without the terminal. */
  readonly noDone?: true
  readonly means: AnswerView
  /** What the SDK makes of the stream as it comes: an error, or another answer. */
  readonly plain: 'refused' | 'misread' | 'read'
}

const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' }

function one(choice: Json, more: Json = {}): Json {
  return { ...head, choices: [{ index: 0, finish_reason: null, ...choice }], ...more }
}

function fragment(id: string | undefined, called: Json, more: Json = {}): Json {
  return one({
    delta: { tool_calls: [{ ...(id !== undefined && { id }), type: 'function', function: called, ...more }] },
  })
}

const add = { name: 'add', arguments: '{"a":1}' }
const mul = { name: 'mul', arguments: '{"b":2}' }
const role = one({ delta: { role: 'assistant', content: '' } })

function ended(word: unknown, more: Json = {}): Json {
  return one({ delta: {}, finish_reason: word }, more)
}

const adds = { name: 'add', input: { a: 1 } }
const muls = { name: 'mul', input: { b: 2 } }

function grown(text: string, count: number, word: string | null): Json {
  return {
    ...head,
    ...(word !== null && { object: 'chat.completion.done' }),
    usage: { prompt_tokens: 3, completion_tokens: count, total_tokens: 3 + count, cost: { total_cost: 0.005 } },
    citations: ['https://a.test'],
    choices: [
      {
        index: 0,
        finish_reason: word,
        message: { role: 'assistant', content: 'Hello'.slice(0, text === '' ? 5 : count) },
        delta: { role: 'assistant', content: text },
      },
    ],
  }
}

const vendors: readonly Vendor[] = [
  {
    type: 'perplexity',
    title: 'the whole message and the usage so far on every chunk, and no terminal',
    chunks: [grown('H', 1, null), grown('ello', 5, null), grown('', 5, 'stop')],
    noDone: true,
    means: { choices: [{ text: 'Hello', calls: [], finish: 'stop' }], usage: { input: 3, output: 5 } },
    plain: 'read',
  },
  {
    type: 'perplexity',
    title: 'a last chunk that still has text beside the whole message',
    chunks: [grown('H', 1, null), grown('ello', 5, 'stop')],
    noDone: true,
    means: { choices: [{ text: 'Hello', calls: [], finish: 'stop' }], usage: { input: 3, output: 5 } },
    plain: 'misread',
  },
  {
    type: 'alibaba',
    title: 'an empty id on every fragment',
    chunks: [
      role,
      fragment('call_1', { name: 'add', arguments: '' }, { index: 0 }),
      fragment('', { arguments: '{"a"' }, { index: 0 }),
      fragment('', { name: '', arguments: ':1}' }, { index: 0 }),
      ended('tool_calls'),
    ],
    means: { choices: [{ text: '', calls: [adds], finish: 'tool' }], usage: undefined },
    plain: 'read',
  },
  {
    type: 'mistral',
    title: 'two calls in one chunk without index or type',
    chunks: [
      role,
      one({
        delta: {
          tool_calls: [
            { id: 'QAw0JBXkB', function: add },
            { id: 'h4R7dZ0aB', function: mul },
          ],
        },
        finish_reason: 'tool_calls',
      }),
    ],
    means: { choices: [{ text: '', calls: [adds, muls], finish: 'tool' }], usage: undefined },
    plain: 'refused',
  },
  {
    type: 'gemini_openai',
    title: 'calls without id or index, each in a chunk of its own, that end with stop, and no terminal',
    chunks: [
      one({
        delta: { role: 'assistant', tool_calls: [{ id: '', type: 'function', function: add }] },
        finish_reason: 'stop',
      }),
      one(
        {
          delta: { role: 'assistant', tool_calls: [{ id: '', type: 'function', function: mul }] },
          finish_reason: 'stop',
        },
        { usage: { prompt_tokens: 35, completion_tokens: 12, total_tokens: 109 } },
      ),
    ],
    noDone: true,
    means: { choices: [{ text: '', calls: [adds, muls], finish: 'tool' }], usage: { input: 35, output: 74 } },
    plain: 'refused',
  },
  {
    type: 'gemini_openai',
    title: 'parallel calls that all have index 0',
    chunks: [role, fragment('a', add, { index: 0 }), fragment('b', mul, { index: 0 }), ended('tool_calls')],
    means: { choices: [{ text: '', calls: [adds, muls], finish: 'tool' }], usage: undefined },
    plain: 'misread',
  },
  {
    type: 'together',
    title: 'eos for the end',
    chunks: [role, one({ delta: { content: 'Hello', tool_calls: [] } }), ended('eos')],
    means: { choices: [{ text: 'Hello', calls: [], finish: 'stop' }], usage: undefined },
    plain: 'misread',
  },
  {
    type: 'xai',
    title: 'completion tokens without the reasoning',
    chunks: [
      role,
      one({ delta: { content: 'Hello' } }),
      ended('stop'),
      {
        ...head,
        choices: [],
        usage: {
          prompt_tokens: 493,
          completion_tokens: 35,
          total_tokens: 582,
          completion_tokens_details: { reasoning_tokens: 54 },
        },
      },
    ],
    means: { choices: [{ text: 'Hello', calls: [], finish: 'stop' }], usage: { input: 493, output: 89 } },
    plain: 'misread',
  },
  {
    type: 'vllm',
    title: 'text with an empty list of calls, and stop after a call',
    chunks: [role, one({ delta: { content: 'Hi', tool_calls: [] } }), fragment('x', add, { index: 0 }), ended('stop')],
    means: { choices: [{ text: 'Hi', calls: [adds], finish: 'tool' }], usage: undefined },
    plain: 'misread',
  },
  {
    type: 'openrouter',
    title: 'a call without any arguments',
    chunks: [role, fragment('0', { name: 'now' }, { index: 0 }), ended('tool_calls')],
    means: { choices: [{ text: '', calls: [{ name: 'now', input: {} }], finish: 'tool' }], usage: undefined },
    plain: 'misread',
  },
  {
    type: 'snowflake',
    title: 'placeholders of calls and audio, and no head',
    chunks: [
      {
        ...one({
          delta: { role: 'assistant', content: '4', function_call: { name: '', arguments: '' }, audio: { id: '' } },
        }),
        id: '',
        created: 0,
      },
      { ...head, id: '', created: 0, choices: [], usage: { prompt_tokens: 2, completion_tokens: 1, total_tokens: 3 } },
    ],
    means: { choices: [{ text: '4', calls: [], finish: 'stop' }], usage: { input: 2, output: 1 } },
    plain: 'refused',
  },
]

function framesOf({ chunks, noDone }: Vendor): Frame[] {
  return [...chunks.map((chunk) => ({ data: JSON.stringify(chunk) })), ...(noDone === true ? [] : [done])]
}

/** What a reader gets of an answer, broken arguments and unknown words included. */
function read(answer: Json): AnswerView | 'unreadable' {
  try {
    return clientView(answer)
  } catch {
    return 'unreadable'
  }
}

describe('a stream of', () => {
  it.each(vendors.map((vendor) => [`${vendor.type}: ${vendor.title}`, vendor] as const))('%s', async (_, vendor) => {
    const frames = framesOf(vendor)
    const { frames: mended } = normalise(frames, quirksOf(vendor.type))
    const fold = await foldChat(mended)
    if (!fold.ok) throw new Error(fold.error)
    expect(clientView(fold.value)).toEqual(vendor.means)
    expect(viewOf(decodedStream(mended))).toEqual(vendor.means)
    expect(viewOf(decodedStream(frames)), 'our decoder needs no mending').toEqual(vendor.means)

    const plain = await foldChat(frames)
    if (!plain.ok) expect(vendor.plain).toBe('refused')
    else if (vendor.plain === 'read') expect(read(plain.value)).toEqual(vendor.means)
    else expect(read(plain.value)).not.toEqual(vendor.means)
  })
})
