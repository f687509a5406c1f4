// F-50 to F-56: what an answer says besides its text: usage, tool calls, keys, headers, a status that is none.
import { expect } from 'vitest'
import { chatAnswer, chatChunk } from '../support/upstream.ts'
import { keyOf } from './answers.ts'
import type { FaultRow, Seen } from './catalogue.ts'
import { headOf, respond, sse } from './fault-upstream.ts'
import { providerKeys } from './gateway.ts'
import {
  anthropic,
  begun,
  brokenOff,
  content,
  errorEvent,
  events,
  fromAnthropic,
  served,
  messages,
  streamed,
  tokensOf,
  usage,
} from './stream-scripts.ts'

const done = events.slice(-1)

/** What a usage says of the input and of the output. */
const badUsages = [
  ['negative', -5, -3],
  ['no number', 'NaN', 'many'],
  ['nought', 0, 0],
  ['absurd', 1e15, 1e15],
] as const

const call = (args: string): object => ({
  tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'look_up', arguments: args } }],
})

/** The provider told no output, and the trace has one. */
function isCounted({ aloneTrace }: Seen): void {
  expect(aloneTrace['usage_evidence']).toBe('counted')
  expect(aloneTrace['input_tokens']).toBeGreaterThan(0)
  expect(aloneTrace['output_tokens']).toBeGreaterThan(0)
}

const tool = { name: 'look_up', input_schema: { type: 'object', properties: { city: { type: 'string' } } } }

export const streamContentRows: readonly FaultRow[] = [
  {
    id: 'F-50',
    title: 'a final chunk and a usage that come twice count once',
    everywhere: true,
    fault: { does: [sse([...content, chatChunk({}, 'stop'), usage(9, 3), usage(9, 3), ...done])] },
    request: streamed,
    expect: served(['one', 'three', 'data: [DONE]']),
    also(seen) {
      expect(tokensOf(seen)).toEqual([9, 3])
    },
  },
  {
    id: 'F-50',
    title: 'counters that grow with every chunk: the last ones hold',
    fault: { does: [sse([...begun, usage(9, 1), usage(9, 2), ...events.slice(3, -2), usage(9, 3), ...done])] },
    request: fromAnthropic,
    expect: served(['one', 'three', 'message_stop']),
    also(seen) {
      expect(tokensOf(seen)).toEqual([9, 3])
    },
  },
  {
    id: 'F-51',
    title: 'no usage at all: the answer is served, and what it took is estimated and marked so',
    fault: { does: [sse([...content.slice(0, -1), chatChunk({}, 'stop'), ...done])] },
    request: streamed,
    expect: served(['one', 'three', 'data: [DONE]']),
    also: isCounted,
  },
  {
    id: 'F-51',
    title: 'no usage at all, on another wire',
    fault: { does: [sse([...content.slice(0, -1), chatChunk({}, 'stop'), ...done])] },
    request: fromAnthropic,
    expect: served(['one', 'three', 'message_stop']),
    also: isCounted,
  },
  {
    id: 'F-51',
    title: 'no usage in a whole answer',
    fault: { does: [respond(200, { ...chatAnswer('some words'), usage: undefined })] },
    expect: served(['some words'], ['usage']),
    also: isCounted,
  },
  {
    id: 'F-51',
    title: 'a stream that breaks off before it has told all of its usage: what was told stays, the rest is counted',
    provider: anthropic,
    fault: { does: [sse(messages.open)] },
    request: fromAnthropic,
    expect: brokenOff('stream_truncated', ['one', 'two'], 'truncated'),
    also(seen) {
      isCounted(seen)
      expect(tokensOf(seen)).toEqual([3, 2])
    },
  },
  ...badUsages.map(([what, prompt, completion]): FaultRow => ({
    id: 'F-52',
    title: `a usage that is ${what} is no evidence`,
    everywhere: what === 'absurd',
    fault: { does: [sse([...content, usage(prompt, completion), ...done])] },
    request: streamed,
    expect: served(['one', 'three', 'data: [DONE]']),
    also(seen) {
      const [input, output] = tokensOf(seen)
      isCounted(seen)
      expect(input).toBeLessThanOrEqual(1000)
      expect(output).toBeLessThanOrEqual(10)
    },
  })),
  {
    id: 'F-52',
    title: 'a whole answer is not empty because its usage says so, and what it took is counted',
    fault: {
      does: [
        respond(200, { ...chatAnswer('words'), usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } }),
      ],
    },
    expect: served(['words']),
    also: isCounted,
  },
  {
    id: 'F-53',
    title: 'arguments of a tool that break off: an error, and no whole call',
    everywhere: true,
    fault: { does: [sse([chatChunk({ role: 'assistant' }), chatChunk(call('{"city": "Pa'))])] },
    request: { ...fromAnthropic, body: { tools: [tool] } },
    expect: {
      alone: {
        status: 200,
        code: 'stream_truncated',
        outcome: 'truncated',
        says: ['event: error'],
        never: ['message_stop', '"stop_reason":"tool_use"'],
      },
      fallsBack: false,
      leaves: 'breaker',
    },
  },
  {
    id: 'F-54',
    title: 'an error in the middle that repeats our key: nobody gets to read it',
    everywhere: true,
    fault: { does: [(received) => sse([...begun, errorEvent({ message: `wrong key ${keyOf(received)}` })])] },
    request: streamed,
    expect: brokenOff('upstream_error', ['one', 'two']),
    also({ received }) {
      const [seen] = received
      expect(seen === undefined ? '' : keyOf(seen)).toBe(providerKeys.faulty)
    },
  },
  {
    id: 'F-55',
    title: 'headers of the provider that are no business of the client stay behind',
    everywhere: true,
    fault: {
      does: [
        respond(200, chatAnswer('well'), {
          'set-cookie': 'session=1; Path=/',
          'access-control-allow-origin': '*',
          'content-security-policy': "default-src 'none'",
          'keep-alive': 'timeout=1',
          'proxy-authenticate': 'Basic',
          server: 'secret-server/1.0',
          'x-internal': 'yes',
        }),
      ],
    },
    expect: served(['well']),
    also({ alone }) {
      const names = ['set-cookie', 'content-security-policy', 'proxy-authenticate', 'x-internal']
      expect(names.filter((name) => alone.headers.has(name))).toEqual([])
      expect(alone.headers.get('access-control-allow-origin')).not.toBe('*')
      expect(alone.headers.get('server') ?? '').not.toContain('secret-server')
      expect(alone.headers.get('keep-alive') ?? '').not.toBe('timeout=1')
    },
  },
  {
    id: 'F-56',
    title: 'a 204 with nothing in it is no answer',
    everywhere: true,
    fault: { does: [[{ send: headOf(204, { 'content-type': 'application/json' }) }, { end: 'keep' }]] },
    expect: { alone: { status: 502, code: 'upstream_empty' }, leaves: 'breaker' },
  },
  {
    id: 'F-56',
    title: 'a status of 600 becomes a 502',
    fault: { does: [respond(600, { error: { message: 'what' } })] },
    expect: { alone: { status: 502, code: 'upstream_error' }, leaves: 'breaker' },
  },
  {
    id: 'F-56',
    title: 'a status of 199 is no answer, and the client gets one of its own',
    fault: { does: [[{ send: headOf(199, { 'content-length': '2' }) + '{}' }, { end: 'close' }]] },
    expect: { alone: { status: 502, code: 'upstream_unreachable' }, leaves: 'breaker' },
  },
]
