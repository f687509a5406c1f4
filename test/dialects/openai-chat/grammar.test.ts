// The grammar lets every legal stream of the wire through, and names the rule that an illegal one breaks.
// https://platform.openai.com/docs/api-reference/chat-streaming
import { describe, expect, it } from 'vitest'
import type { Frame } from '../../../src/wire/frame.ts'
import { framesOf, recordings } from '../../support/corpus.ts'
import { requireShared } from '../../support/shared.ts'
import { readStream } from '../../support/stream-grammar.ts'
import { chunk, done, finish, type Json } from './support.ts'

const role = chunk({ role: 'assistant', content: '' })
const say = chunk({ content: 'hi' })
const call = (index: number, members: Json): Frame => chunk({ tool_calls: [{ index, ...members }] })
const opens = (index: number, kind = 'function'): Frame =>
  call(index, {
    id: `call_${index}`,
    type: kind,
    [kind]: { name: 'f', [kind === 'custom' ? 'input' : 'arguments']: '' },
  })
const args = (index: number, text: unknown): Frame => call(index, { function: { arguments: text } })
const legacy = (members: Json): Frame => chunk({ function_call: members })
const second = (delta: Json, members: Json = {}): Frame => chunk(delta, { index: 1, ...members })
const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 }
const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-x' }
const of = (value: unknown): Frame => ({ data: JSON.stringify(value) })
const counts = of({ ...head, choices: [], usage })
const error = of({ error: { message: 'busy', type: 'server_error', param: null, code: null } })

const read = (frames: readonly Frame[]) => readStream('openai-chat', frames)
const rulesOf = (lines: readonly string[]): string[] => lines.map((line) => line.split(': ')[0] ?? '')

describe('a legal stream', () => {
  it.each<[string, Frame[]]>([
    ['of one text', [role, say, say, finish(), done]],
    ['with usage', [role, say, finish(), counts, done]],
    [
      'that says null for usage until the end',
      [chunk({ role: 'assistant' }, {}, { usage: null }), finish(), counts, done],
    ],
    ['of one chunk', [chunk({ role: 'assistant', content: 'hi' }, { finish_reason: 'stop' }), done]],
    [
      'that calls tools in parallel',
      [role, opens(0), opens(1), args(0, '{"a"'), args(1, '{}'), args(0, ':1}'), finish('tool_calls'), done],
    ],
    ['that calls a tool of free text', [role, opens(0, 'custom'), finish('tool_calls'), done]],
    [
      'that calls the old way',
      [role, legacy({ name: 'f', arguments: '' }), legacy({ arguments: '{}' }), finish('function_call'), done],
    ],
    ['that is cut off beside a whole call', [role, opens(0), args(0, '{}'), finish('length'), done]],
    [
      'of two choices',
      [role, second({ role: 'assistant' }), say, second({}, { finish_reason: 'stop' }), say, finish(), done],
    ],
    ['that ends in an error', [role, say, error]],
    ['that is nothing but an error', [error]],
  ])('%s passes', (_name, frames) => {
    expect(read(frames)).toEqual({ faults: [], flags: [] })
  })

  it.each<[string, Frame[]]>([
    ['half a call', [role, opens(0), args(0, '{"a":'), finish('length'), done]],
    ['half a call of the old way', [role, legacy({ name: 'f', arguments: '{' }), finish('length'), done]],
    ['a call without any arguments', [role, opens(0), finish('tool_calls'), done]],
  ])('is flagged for %s', (_name, frames) => {
    const { faults, flags } = read(frames)
    expect(faults).toEqual([])
    expect(rulesOf(flags)).toEqual(['tool-input-not-json'])
  })
})

describe('a stream is not legal', () => {
  it.each<[string, string, Frame[]]>([
    ['whose chunks are named otherwise', 'not-a-chunk', [of({ ...head, object: 'chat.completion', choices: [] })]],
    ['with a frame that is no object', 'not-a-chunk', [of(7)]],
    ['with a chunk without choices', 'not-a-chunk', [of(head)]],
    ['with an event name', 'event-name', [{ ...role, event: 'chunk' }]],
    ['without an id', 'head', [of({ ...head, id: '', choices: [] })]],
    ['whose id changes', 'head', [role, chunk({ content: 'hi' }, {}, { id: 'chatcmpl-2' })]],
    ['whose model changes', 'head', [role, chunk({ content: 'hi' }, {}, { model: 'other' })]],
    ['that does not begin with the role', 'role', [say]],
    ['that says the role twice', 'role', [role, role]],
    ['whose second choice has no role', 'role', [role, second({ content: 'hi' })]],
    ['with a choice without an index', 'not-a-choice', [chunk({ role: 'assistant' }, { index: null })]],
    ['with calls that do not begin at 0', 'call-index', [role, opens(1)]],
    ['with a gap in the calls', 'call-index', [role, opens(0), opens(2)]],
    ['with a call without an id', 'call-opening', [role, call(0, { type: 'function', function: { name: 'f' } })]],
    ['with a call without a name', 'call-opening', [role, call(0, { id: 'a', type: 'function', function: {} })]],
    ['with a call without a type', 'call-opening', [role, call(0, { id: 'a', function: { name: 'f' } })]],
    ['that opens a call twice', 'call-opening', [role, opens(0), opens(0)]],
    ['that grows a call before its opening', 'call-opening', [role, args(0, '{}')]],
    ['with arguments that are no text', 'not-a-call', [role, opens(0), args(0, {})]],
    ['that names an old call twice', 'call-opening', [role, legacy({ name: 'f' }), legacy({ name: 'f' })]],
    ['with a finish_reason that nobody knows', 'finish-reason', [role, finish('end_turn')]],
    ['that says tool_calls and calls nothing', 'finish-against-content', [role, finish('tool_calls')]],
    ['that calls a tool and says stop', 'finish-against-content', [role, opens(0), args(0, '{}'), finish('stop')]],
    ['that goes on behind a finish', 'choice-after-finish', [role, finish(), say]],
    ['that finishes twice', 'choice-after-finish', [role, finish(), finish()]],
    ['with an empty chunk', 'empty-chunk', [of({ ...head, choices: [] })]],
    ['with usage before the finish', 'no-finish', [role, counts]],
    ['with usage beside choices', 'early-usage', [chunk({ role: 'assistant' }, {}, { usage })]],
    ['with usage twice', 'chunk-after-usage', [role, finish(), counts, counts]],
    ['that is done before its finish', 'no-finish', [role, say, done]],
    ['with one choice that never finishes', 'no-finish', [role, second({ role: 'assistant' }), finish(), done]],
    ['that is done without a choice', 'no-choice', [done]],
    ['that is done twice', 'frame-after-end', [role, finish(), done, done]],
    ['that is done after an error', 'frame-after-end', [role, error, done]],
    ['that ends without [DONE]', 'unfinished', [role, finish()]],
    ['that is empty', 'unfinished', []],
  ])('%s', (_name, rule, frames) => {
    expect(rulesOf(read(frames).faults)).toEqual([rule])
  })
})

describe('the streams that OpenAI itself wrote', () => {
  const own = requireShared('the grammar on recordings')
    ? recordings().filter(({ folder, provider, role: half, format, status, endpoint }) => {
        const isChat = folder === 'openai-chat' && provider === 'openai' && endpoint !== 'completions'
        return isChat && half === 'response' && format === 'sse' && status === 200
      })
    : []
  if (own.length === 0) it.skip('need the shared folder')
  it.each(own.map((recording) => [recording.file, recording] as const))('%s', (file, recording) => {
    const { faults, flags } = read(framesOf(recording))
    // A call that the request forced: OpenAI says `stop` for it, and clients that go by the word stop there.
    const isForced = file.endsWith('openai-tool-openai-gpt-4o-completions.1.sse')
    expect(rulesOf(faults)).toEqual(isForced ? ['finish-against-content'] : [])
    expect(flags).toEqual([])
  })
})
