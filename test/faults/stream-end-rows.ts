// F-31 to F-41: how a stream begins and ends, and where it is cut.
import { gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { readStream } from '../support/stream-grammar.ts'
import { chatAnswer, chatChunk, messageEvent } from '../support/upstream.ts'
import { chatEvents } from './answers.ts'
import type { FaultRow } from './catalogue.ts'
import { headOf, respond, sse, type Reaction } from './fault-upstream.ts'
import {
  anthropic,
  begun,
  brokenOff,
  drop,
  errorEvent,
  events,
  expectClosed,
  fromAnthropic,
  held,
  messages,
  served,
  streamed,
  tokensOf,
  usage,
} from './stream-scripts.ts'

const truncated = brokenOff('stream_truncated', ['one', 'two'], 'truncated')

function bytesBefore(text: string, character: string, bytes: number): Uint8Array {
  const all = Buffer.from(text)
  return all.subarray(0, all.indexOf(Buffer.from(character)) + bytes)
}

/** A body of so many megabytes of zeros in the words of JSON, compressed. */
function compressed(megabytes: number): Reaction {
  const small = gzipSync(Buffer.alloc(megabytes * 1_000_000, '0'))
  const headers = {
    'content-type': 'application/json',
    'content-encoding': 'gzip',
    'content-length': String(small.length),
  }
  return [{ send: headOf(200, headers) }, { send: small }, { end: 'keep' }]
}

export const streamEndRows: readonly FaultRow[] = [
  {
    id: 'F-31',
    title: 'a stream was asked for and JSON comes: a legal stream with the same text',
    everywhere: true,
    fault: { does: [respond(200, chatAnswer('whole text'))] },
    request: streamed,
    expect: served(['whole text', 'data: [DONE]']),
    also: ({ alone }) => expect(readStream('openai-chat', alone.text).faults).toEqual([]),
  },
  {
    id: 'F-31',
    title: 'the same for a client of another wire',
    fault: { does: [respond(200, chatAnswer('whole text'))] },
    request: fromAnthropic,
    expect: served(['whole text', 'event: message_stop']),
    also: ({ alone }) => expect(readStream('anthropic-messages', alone.text).faults).toEqual([]),
  },
  {
    id: 'F-32',
    title: 'JSON was asked for and a stream comes: it is put together',
    everywhere: true,
    fault: { does: [sse(events)] },
    expect: served(['"content":"one two three"', '"finish_reason":"stop"'], ['data:']),
  },
  {
    id: 'F-32',
    title: 'a stream that is longer than the limit is not put together',
    fault: { does: [sse(Array.from({ length: 80 }, () => chatChunk({ content: 'x'.repeat(10_000) })))] },
    expect: { alone: { status: 502, code: 'upstream_too_large' }, fallsBack: false, leaves: 'nothing' },
  },
  {
    id: 'F-33',
    title: 'an error as the first event: the next target, else the status of the event',
    everywhere: true,
    fault: { does: [sse([errorEvent({})])] },
    request: streamed,
    expect: { alone: { status: 502, code: 'upstream_error' }, leaves: 'breaker' },
  },
  {
    id: 'F-33',
    title: 'an overload as the first event behind the handshake',
    fault: {
      does: [
        sse([
          messages.open[0] ?? '',
          messageEvent('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
        ]),
      ],
    },
    provider: anthropic,
    request: fromAnthropic,
    expect: {
      alone: { status: 529, code: 'upstream_overloaded', says: ['overloaded_error'] },
      leaves: { lock: 'upstream_overloaded', seconds: [2, 2], breaker: true },
    },
  },
  {
    id: 'F-33',
    title: 'a rate limit as the first event is one, with its time',
    everywhere: true,
    fault: {
      does: [
        sse([
          `data: ${JSON.stringify({
            error: {
              code: 429,
              status: 'RESOURCE_EXHAUSTED',
              message: 'slow down',
              details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '30s' }],
            },
          })}\n\n`,
        ]),
      ],
    },
    provider: { api_formats: ['gemini'] },
    request: streamed,
    expect: {
      alone: { status: 429, code: 'upstream_rate_limited' },
      leaves: { lock: 'upstream_rate_limited', seconds: [30, 30] },
    },
  },
  {
    id: 'F-34',
    title: 'an error event in the middle: one for the client, no terminator, usage of what was seen',
    everywhere: true,
    fault: { does: [sse([...begun, usage(9, 2), errorEvent({})])] },
    request: streamed,
    expect: brokenOff('upstream_error', ['one', 'two']),
    also(seen) {
      expect(tokensOf(seen)).toEqual([9, 2])
    },
  },
  {
    id: 'F-34',
    title: 'an error event in the middle, translated',
    everywhere: true,
    fault: { does: [sse([...messages.open, messageEvent('error', { error: { type: 'api_error', message: 'no' } })])] },
    provider: anthropic,
    request: streamed,
    expect: brokenOff('upstream_error', ['one', 'two']),
  },
  {
    id: 'F-35',
    title: 'an end without a terminal event: stream_truncated for the client and the trace',
    everywhere: true,
    fault: { does: [sse(begun)] },
    request: streamed,
    expect: truncated,
  },
  {
    id: 'F-35',
    title: 'an end without a terminal event, translated',
    everywhere: true,
    fault: { does: [sse(messages.open)] },
    provider: anthropic,
    request: streamed,
    expect: truncated,
  },
  {
    id: 'F-36',
    title: 'a finish reason and no [DONE]: a normal end, and the client gets its [DONE]',
    everywhere: true,
    fault: { does: [sse(events.slice(0, -1))] },
    request: streamed,
    expect: served(['one', 'three', 'data: [DONE]'], ['error']),
  },
  {
    id: 'F-37',
    title: 'events behind [DONE] are not read, and the provider is hung up on',
    everywhere: true,
    fault: { does: [held([...events, chatChunk({ content: 'too late' })])] },
    request: streamed,
    expect: served(['one', 'three', 'data: [DONE]'], ['too late']),
    also: (seen) => expectClosed(seen, 1000),
  },
  {
    id: 'F-37',
    title: 'events behind message_stop are not read, and the provider is hung up on',
    fault: {
      does: [held([...messages.open, ...messages.close, messageEvent('content_block_delta', { index: 7 })])],
    },
    provider: anthropic,
    request: streamed,
    expect: served(['one', 'two', 'data: [DONE]']),
    also: (seen) => expectClosed(seen, 1000),
  },
  {
    id: 'F-38',
    title: 'a reset in the middle of an event: half of it is dropped',
    everywhere: true,
    fault: { does: [sse([...begun, 'data: {"id":"unfin'], { finally: 'reset' })] },
    request: streamed,
    expect: { ...truncated, alone: { ...truncated.alone, never: ['[DONE]', 'unfin'] } },
  },
  {
    id: 'F-39',
    title: 'a cut inside a character: nothing of it and no replacement reaches the client',
    everywhere: true,
    fault: { does: [sse([...begun, bytesBefore(chatChunk({ content: 'so 🙂' }), '🙂', 2)])] },
    request: streamed,
    expect: { ...truncated, alone: { ...truncated.alone, never: ['[DONE]', '\uFFFD', 'so '] } },
  },
  {
    id: 'F-39',
    title: 'a reset inside a character, translated',
    fault: { does: [sse([...begun, bytesBefore(chatChunk({ content: 'so 🙂' }), '🙂', 3)], { finally: 'reset' })] },
    request: fromAnthropic,
    expect: { ...truncated, alone: { ...truncated.alone, never: ['message_stop', '\uFFFD', 'so '] } },
  },
  {
    id: 'F-40',
    title: 'bytes that come one by one give the same answer',
    everywhere: true,
    fault: {
      does: [sse(drop([chatChunk({ content: 'grüße 🙂' }), chatChunk({}, 'stop'), 'data: [DONE]\n\n'].join('')))],
    },
    request: streamed,
    expect: served(['grüße 🙂', 'data: [DONE]']),
  },
  {
    id: 'F-40',
    title: 'bytes that come one by one, with other line ends, translated',
    everywhere: true,
    fault: { does: [sse(drop(chatEvents('grüße 🙂').join('').replaceAll('\n', '\r\n')))] },
    request: fromAnthropic,
    expect: served(['grüße ', '🙂', 'message_stop']),
  },
  {
    id: 'F-41',
    title: '200 MB of zeros in a small compressed body: no more of it is read than the limit allows',
    everywhere: true,
    fault: { does: [compressed(200)] },
    expect: { alone: { status: 502, code: 'upstream_too_large' }, fallsBack: false, leaves: 'nothing' },
  },
  {
    id: 'F-41',
    title: 'a body that is said to be compressed 400 times over is not read',
    fault: {
      does: [
        respond(200, chatAnswer('x'), { 'content-encoding': Array.from({ length: 400 }, () => 'gzip').join(', ') }),
      ],
    },
    expect: { alone: { status: 502, code: 'upstream_bad_content' }, leaves: 'breaker' },
  },
]
