// F-42 to F-49: events of a stream that are wrong, too large, or do not come.
import { expect } from 'vitest'
import { readStream } from '../support/stream-grammar.ts'
import { chatChunk, messageEvent } from '../support/upstream.ts'
import type { Expectation, FaultRow } from './catalogue.ts'
import { chunk, sse, type Reaction } from './fault-upstream.ts'
import {
  anthropic,
  begun,
  brokenOff,
  drop,
  events,
  expectClosed,
  fromAnthropic,
  held,
  messages,
  served,
  streamed,
} from './stream-scripts.ts'

const malformed = 'data: {"id":"chatcmpl-1", oops\n\n'

const malformedFails: Expectation = {
  alone: {
    status: 200,
    code: 'upstream_bad_content',
    says: ['one', 'two', 'error'],
    never: ['oops', 'three', '[DONE]', 'message_stop'],
  },
  fallsBack: false,
  leaves: 'breaker',
}

/** The head of a stream, some events, and then an event that goes on for 50 MB. */
function endless(before: readonly string[] = []): FaultSteps {
  const open = sse(before).slice(0, -2)
  const text = 'x'.repeat(100_000)
  return [...open, { send: chunk(`data: {"id":"${text}`) }, { repeat: chunk(text), times: 500 }]
}

type FaultSteps = Exclude<Reaction, (...args: never[]) => unknown>

/** Content again and again. */
function more(gapMs: number, times: number): FaultSteps[number] {
  return { repeat: chunk(chatChunk({ content: 'more ' })), times, gapMs }
}

function pings(gapMs: number, times: number): FaultSteps[number] {
  return { repeat: chunk(': still here\n\n'), times, gapMs }
}

function dripped(text: string): FaultSteps {
  return drop(text).flatMap((byte) => [{ waitMs: 100 }, { send: chunk(byte) }])
}

export const streamEventRows: readonly FaultRow[] = [
  {
    id: 'F-42',
    title: 'an event that is no JSON is left out by default, and the answer goes on',
    everywhere: true,
    fault: { does: [sse([...begun, malformed, ...events.slice(3)])] },
    request: streamed,
    expect: served(['one', 'two', 'three', 'data: [DONE]'], ['oops']),
  },
  {
    id: 'F-42',
    title: 'an event that is no JSON is left out of a translation by default',
    everywhere: true,
    fault: { does: [sse([...begun, malformed, ...events.slice(3)])] },
    request: fromAnthropic,
    expect: served(['one', 'two', 'three', 'message_stop'], ['oops']),
  },
  {
    id: 'F-42',
    title: 'an event that is no JSON ends the answer with an error where the route says so',
    everywhere: true,
    fault: { does: [sse([...begun, malformed, ...events.slice(3)])] },
    route: { malformed_event: 'fail' },
    request: streamed,
    expect: malformedFails,
  },
  {
    id: 'F-42',
    title: 'an event that is no JSON ends a translation with an error where the route says so',
    fault: { does: [sse([...begun, malformed, ...events.slice(3)])] },
    route: { malformed_event: 'fail' },
    request: fromAnthropic,
    expect: malformedFails,
  },
  {
    id: 'F-43',
    title: 'events and members that nobody knows are passed on where both sides speak the same wire',
    everywhere: true,
    fault: { does: [sse([...messages.open, messageEvent('brand_new', { n: 1 }), ...messages.close])] },
    provider: anthropic,
    request: fromAnthropic,
    expect: served(['brand_new', 'message_stop']),
  },
  {
    id: 'F-43',
    title: 'events and members that nobody knows are left out of a translation',
    everywhere: true,
    fault: {
      does: [
        sse([
          ...messages.open,
          messageEvent('brand_new', { n: 1 }),
          messageEvent('content_block_delta', { index: 0, delta: { type: 'new_delta', x: 1 } }),
          ...messages.close,
        ]),
      ],
    },
    provider: anthropic,
    request: streamed,
    expect: served(['one', 'two', 'data: [DONE]'], ['brand_new', 'new_delta']),
  },
  {
    id: 'F-44',
    title: 'a delta of a block that never began, and a stop twice: what leaves is legal',
    everywhere: true,
    fault: {
      does: [
        sse([
          messages.open[0] ?? '',
          messageEvent('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'one two' } }),
          messageEvent('content_block_stop', { index: 0 }),
          messageEvent('content_block_stop', { index: 0 }),
          ...messages.close.slice(1),
        ]),
      ],
    },
    provider: anthropic,
    request: { stream: true, wire: 'openai-responses' },
    expect: served(['one two', 'response.completed']),
    also: ({ alone }) => expect(readStream('openai-responses', alone.text).faults).toEqual([]),
  },
  {
    id: 'F-45',
    title: 'an event without an end, before any content: the next target',
    everywhere: true,
    fault: { does: [[...endless(), { end: 'hang' }]] },
    request: streamed,
    expect: { alone: { status: 502, code: 'upstream_bad_content' }, leaves: 'breaker' },
  },
  {
    id: 'F-45',
    title: 'an event without an end, in the middle: an error for the client, and the provider is hung up on',
    everywhere: true,
    fault: { does: [[...endless(begun), { end: 'hang' }]] },
    request: streamed,
    expect: brokenOff('upstream_bad_content', ['one', 'two']),
    also: (seen) => expectClosed(seen, 1000),
  },
  {
    id: 'F-46',
    title: 'a stream without an end: limit_exceeded after the whole time of a request',
    everywhere: true,
    fault: { does: [[...sse(begun).slice(0, -2), more(400, 20), { end: 'hang' }]] },
    target: { timeouts: { total_ms: 600 } },
    request: streamed,
    expect: { ...brokenOff('limit_exceeded', ['one', 'two']), leaves: 'nothing' },
    also: (seen) => expectClosed(seen, 1000),
  },
  {
    id: 'F-47',
    title: 'silence in the middle: comments for the client, then the error, and the provider is hung up on',
    everywhere: true,
    fault: { does: [held(begun)] },
    target: { timeouts: { idle_ms: 400 } },
    request: streamed,
    expect: brokenOff('stream_idle_timeout', ['one', 'two', '\n: ']),
    also: (seen) => expectClosed(seen, 1000),
  },
  {
    id: 'F-48',
    title: 'a drop of content now and then: the whole time ends it, not the idle time',
    everywhere: true,
    fault: { does: [[...sse(begun).slice(0, -2), more(100, 50), { end: 'hang' }]] },
    target: { timeouts: { idle_ms: 400, total_ms: 900 } },
    request: streamed,
    expect: { ...brokenOff('limit_exceeded', ['one', 'two']), leaves: 'nothing' },
  },
  {
    id: 'F-48',
    title: 'one byte of an event at a time is no progress: the idle time ends it',
    fault: { does: [[...sse(begun).slice(0, -2), ...dripped(chatChunk({ content: 'slow' })), { end: 'hang' }]] },
    target: { timeouts: { idle_ms: 400, total_ms: 5000 } },
    request: streamed,
    expect: brokenOff('stream_idle_timeout', ['one', 'two']),
  },
  {
    id: 'F-49',
    title: 'comments for ever are no content: the idle time ends it',
    everywhere: true,
    fault: { does: [[...sse(begun).slice(0, -2), pings(100, 40), { end: 'hang' }]] },
    target: { timeouts: { idle_ms: 400 } },
    request: streamed,
    expect: brokenOff('stream_idle_timeout', ['one', 'two']),
  },
  {
    id: 'F-49',
    title: 'comments for ever before any content: the next target',
    everywhere: true,
    fault: { does: [[...sse(events.slice(0, 1)).slice(0, -2), pings(100, 40), { end: 'hang' }]] },
    target: { timeouts: { first_content_ms: 400 } },
    request: streamed,
    expect: { alone: { status: 504, code: 'upstream_timeout' }, leaves: 'breaker' },
  },
]
