// The grammar lets every legal stream of the wire through, and names the rule that an illegal one breaks.
// https://platform.claude.com/docs/en/build-with-claude/streaming
import { describe, expect, it } from 'vitest'
import type { Frame } from '../../../src/wire/frame.ts'
import { framesOf as recorded, recordings } from '../../support/corpus.ts'
import { requireShared } from '../../support/shared.ts'
import { readStream } from '../../support/stream-grammar.ts'
import { framesOf, type Json } from './support.ts'

const message = { id: 'msg_1', model: 'claude', content: [], usage: { input_tokens: 1, output_tokens: 1 } }
const start: Json = { type: 'message_start', message }
const open = (index: number, block: Json): Json => ({ type: 'content_block_start', index, content_block: block })
const delta = (index: number, type: string, members: Json): Json => ({
  type: 'content_block_delta',
  index,
  delta: { type, ...members },
})
const close = (index: number): Json => ({ type: 'content_block_stop', index })
const end = (reason: unknown = 'end_turn'): Json => ({
  type: 'message_delta',
  delta: { stop_reason: reason, stop_sequence: null },
  usage: { output_tokens: 5 },
})
const stop: Json = { type: 'message_stop' }
const ping: Json = { type: 'ping' }
const error: Json = { type: 'error', error: { type: 'overloaded_error', message: 'busy' } }

const empty = { type: 'text', text: '' }
const say = delta(0, 'text_delta', { text: 'hi' })
const text = (index: number): Json[] => [open(index, empty), { ...say, index }, close(index)]
const toolBlock = { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} }
const args = (index: number, fragment: unknown): Json => delta(index, 'input_json_delta', { partial_json: fragment })
const tool = (index: number, ...fragments: string[]): Json[] => [
  open(index, toolBlock),
  ...fragments.map((fragment) => args(index, fragment)),
  close(index),
]
const serverTool = [
  open(0, { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: {} }),
  args(0, '{"query":"x"}'),
  close(0),
  open(1, { type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1', content: [] }),
  close(1),
]

const read = (events: readonly Json[]) => readStream('anthropic-messages', framesOf(events))
const rulesOf = (lines: readonly string[]): string[] => lines.map((line) => line.split(': ')[0] ?? '')

describe('a legal stream', () => {
  it.each<[string, Json[]]>([
    ['of one text', [start, ...text(0), end(), stop]],
    ['without any block', [start, end('refusal'), stop]],
    ['with pings anywhere', [ping, start, ping, open(0, empty), ping, say, close(0), ping, end(), ping, stop]],
    ['that calls tools', [start, ...text(0), ...tool(1, '{"a":', '1}'), ...tool(2, ''), end('tool_use'), stop]],
    ['that is cut off beside a whole call', [start, ...tool(0, '{}'), end('max_tokens'), stop]],
    ['with a server tool', [start, ...serverTool, ...text(2), end(), stop]],
    [
      'with thinking, signed and redacted',
      [
        start,
        open(0, { type: 'thinking', thinking: '', signature: '' }),
        delta(0, 'thinking_delta', { thinking: 'hm' }),
        delta(0, 'signature_delta', { signature: 'c2ln' }),
        close(0),
        open(1, { type: 'redacted_thinking', data: 'eA==' }),
        close(1),
        end(),
        stop,
      ],
    ],
    [
      'whose calls were made and answered by code of the provider',
      [start, open(0, { ...toolBlock, caller: { type: 'code_execution_20250825' } }), close(0), end(), stop],
    ],
    ['that ends in an error', [start, open(0, empty), say, error]],
    ['that is nothing but an error', [error]],
  ])('%s passes', (_name, events) => {
    expect(read(events)).toEqual({ faults: [], flags: [] })
  })

  it.each<[string, string, Json[]]>([
    ['arguments that are not JSON', 'tool-input-not-json', [start, ...tool(0, '{"a":'), end('max_tokens'), stop]],
    ['a block that is newer', 'unknown-block', [start, open(0, { type: 'brand_new' }), close(0), end(), stop]],
  ])('is flagged for %s', (_name, rule, events) => {
    const { faults, flags } = read(events)
    expect(faults).toEqual([])
    expect(rulesOf(flags)).toEqual([rule])
  })
})

describe('a stream is not legal', () => {
  it.each<[string, string, Json[]]>([
    ['without a start', 'out-of-order', [...text(0), end(), stop]],
    ['with two starts', 'second-start', [start, start, end(), stop]],
    ['with a start that lacks its usage', 'start-incomplete', [{ type: 'message_start', message: { id: 'x' } }]],
    ['with a block that opens inside another', 'block-inside-block', [start, open(0, empty), open(1, empty)]],
    ['with blocks that do not begin at 0', 'block-index', [start, open(1, empty)]],
    ['with a gap in the indexes', 'block-index', [start, ...text(0), open(2, empty)]],
    ['with an index that comes again', 'block-index', [start, ...text(0), open(0, empty)]],
    ['with a block without a type', 'block-type', [start, open(0, {})]],
    ['with a call without an id', 'call-incomplete', [start, open(0, { ...toolBlock, id: '' })]],
    ['with a delta outside a block', 'delta-outside-block', [start, say]],
    ['with a delta of a block that is not open', 'block-index', [start, ...text(0), open(1, empty), say]],
    ['with text in a tool block', 'delta-type', [start, open(0, toolBlock), say]],
    ['with arguments in a text block', 'delta-type', [start, open(0, empty), args(0, '{}')]],
    ['with a delta in a block that comes whole', 'delta-type', [start, open(0, { type: 'redacted_thinking' }), say]],
    ['with arguments that are no text', 'delta-type', [start, open(0, toolBlock), args(0, {})]],
    ['with a stop outside a block', 'stop-outside-block', [start, close(0)]],
    ['with a stop of another block', 'block-index', [start, open(0, empty), close(1)]],
    ['with a message_delta inside a block', 'finish-inside-block', [start, open(0, empty), end()]],
    ['without a stop reason', 'no-stop-reason', [start, end(null)]],
    ['without final usage', 'no-usage', [start, { ...end(), usage: {} }]],
    ['with two message_deltas', 'out-of-order', [start, end(), end()]],
    ['with a block behind the message_delta', 'out-of-order', [start, end(), ...text(0)]],
    ['that stops without a message_delta', 'stop-too-early', [start, ...text(0), stop]],
    ['that says tool_use and calls nothing', 'finish-against-content', [start, ...text(0), end('tool_use'), stop]],
    ['that says tool_use for a server tool alone', 'finish-against-content', [start, ...serverTool, end('tool_use')]],
    ['that calls a tool and says end_turn', 'finish-against-content', [start, ...tool(0, '{}'), end(), stop]],
    ['with an event that the wire does not define', 'unknown-event', [start, { type: 'message_pause' }]],
    ['with an error without its object', 'error-incomplete', [start, { type: 'error' }]],
    ['that goes on behind its stop', 'frame-after-end', [start, end(), stop, ping]],
    ['that goes on behind an error', 'frame-after-end', [start, error, stop]],
    ['that ends without message_stop', 'unfinished', [start, ...text(0), end()]],
    ['that is empty', 'unfinished', []],
  ])('%s', (_name, rule, events) => {
    expect(rulesOf(read(events).faults)).toEqual([rule])
  })

  it.each<[string, string, Frame]>([
    ['whose event has another name than its type', 'event-name', { event: 'ping', data: JSON.stringify(stop) }],
    ['whose event has no name', 'event-name', { data: JSON.stringify(ping) }],
    ['that ends as those of OpenAI do', 'not-an-event', { data: '[DONE]' }],
    ['with a frame that is no object', 'not-an-event', { event: 'ping', data: '7' }],
  ])('%s', (_name, rule, frame) => {
    const frames = [...framesOf([start, ...text(0), end()]), frame]
    expect(rulesOf(readStream('anthropic-messages', frames).faults)[0]).toBe(rule)
  })
})

describe('the streams that Anthropic itself wrote', () => {
  const own = requireShared('the grammar on recordings')
    ? recordings().filter(({ dialect, role, format, status }) => {
        return dialect === 'anthropic-messages' && role === 'response' && format !== 'json' && status === 200
      })
    : []
  if (own.length === 0) it.skip('need the shared folder')
  it.each(own.map((recording) => [recording.file, recording] as const))('%s', (file, recording) => {
    const { faults, flags } = readStream('anthropic-messages', recorded(recording))
    // Two messages that a proxy put into one stream.
    const isSpliced = file.endsWith('anthropic-spliced-message-start.sse')
    expect(rulesOf(faults)).toEqual(isSpliced ? ['second-start'] : [])
    expect(flags).toEqual([])
  })
})
