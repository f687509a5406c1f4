// F-31 to F-57: what a provider does once it has begun to answer.
import { gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { readStream } from '../support/stream-grammar.ts'
import { chatAnswer, chatChunk, messageEvent, messageStream } from '../support/upstream.ts'
import { chatEvents, keyOf } from './answers.ts'
import type { Expectation, FaultRow, Seen } from './catalogue.ts'
import { chunk, headOf, respond, sse, type Reaction, type StreamScript } from './fault-upstream.ts'
import { providerKeys } from './gateway.ts'

/** Where these rows need other limits than the defaults. */
export const streamSections = {
  server: {
    heartbeat_ms: 100,
    limits: { max_event_bytes: 200_000, max_buffered_response_bytes: 500_000 },
  },
}

const events = chatEvents('one two three')
/** The role and the first two words. */
const begun = events.slice(0, 3)
const messages = messageStream(['one ', 'two '])
const anthropic = { api_formats: ['anthropic_messages'] }

const streamed = { stream: true } as const
const fromAnthropic = { stream: true, wire: 'anthropic-messages' } as const

function served(says: readonly string[], never: readonly string[] = []): Expectation {
  return { alone: { status: 200, code: null, says, never }, leaves: 'nothing' }
}

/** Broken after content had left: nobody else is asked, and the client is told in the stream. */
function brokenOff(code: string, says: readonly string[], outcome?: string): Expectation {
  const never = ['[DONE]', 'message_stop', 'three']
  return {
    alone: { status: 200, code, says: [...says, 'error'], never, ...(outcome !== undefined && { outcome }) },
    fallsBack: false,
    leaves: 'breaker',
  }
}

const truncated = brokenOff('stream_truncated', ['one', 'two'], 'truncated')

function errorEvent(error: object): string {
  return `data: ${JSON.stringify({ error: { message: 'it broke', type: 'server_error', code: null, ...error } })}\n\n`
}

/** Bytes one by one, each a chunk of its own. */
function drop(text: string): Uint8Array[] {
  return [...Buffer.from(text)].map((byte) => Uint8Array.of(byte))
}

function bytesBefore(text: string, character: string, bytes: number): Uint8Array {
  const all = Buffer.from(text)
  return all.subarray(0, all.indexOf(Buffer.from(character)) + bytes)
}

/** The pieces as they are, with the upstream still open behind them: what comes then is the gateway's own decision. */
function held(pieces: readonly (string | Uint8Array)[], script: StreamScript = {}): Reaction {
  return sse(pieces, { ...script, finally: 'hang' })
}

async function expectClosed({ received }: Seen, withinMs: number): Promise<void> {
  const [first] = received
  const closed = await Promise.race([
    first?.closed,
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), withinMs)),
  ])
  expect(closed, 'the connection to the provider was closed').toBeTypeOf('number')
}

function usage(prompt: unknown, completion: unknown): string {
  const tokens = { prompt_tokens: prompt, completion_tokens: completion }
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'up', choices: [], usage: tokens })}\n\n`
}

const content = events.slice(0, -2)
const done = events.slice(-1)

/** Tokens of the trace, as an operator reads them. */
function tokensOf({ aloneTrace }: Seen): readonly unknown[] {
  return [aloneTrace['input_tokens'], aloneTrace['output_tokens']]
}

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

/** What a usage says, and between which counts of the input may lie what is made of it. */
const badUsages = [
  ['negative', -5, -3, [0, 1000]],
  ['no number', 'NaN', 'many', [0, 1000]],
  ['absurd', 1e15, 1e15, [1, 1000]],
] as const

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

const call = (args: string): object => ({
  tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'look_up', arguments: args } }],
})
const tool = { name: 'look_up', input_schema: { type: 'object', properties: { city: { type: 'string' } } } }

export const streamRows: readonly FaultRow[] = [
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
    fails: 'a stream that nobody reads along is not counted yet',
    fault: { does: [sse([...content.slice(0, -1), chatChunk({}, 'stop'), ...done])] },
    request: streamed,
    expect: served(['one', 'three', 'data: [DONE]']),
    also({ aloneTrace }) {
      expect(aloneTrace['usage_evidence']).toBe('counted')
      expect(aloneTrace['output_tokens']).toBeGreaterThan(0)
    },
  },
  ...badUsages.map(([what, prompt, completion, tokens]): FaultRow => ({
    id: 'F-52',
    title: `a usage that is ${what} is no evidence`,
    everywhere: what === 'absurd',
    fault: { does: [sse([...content, usage(prompt, completion), ...done])] },
    request: streamed,
    expect: served(['one', 'three', 'data: [DONE]']),
    also(seen) {
      const [input, output] = tokensOf(seen)
      const [least, most] = tokens
      expect(input ?? least).toBeGreaterThanOrEqual(least)
      expect(input ?? least).toBeLessThanOrEqual(most)
      expect([null, undefined, 3]).toContain(output)
      if (what === 'absurd') expect(seen.aloneTrace['usage_evidence']).toBe('counted')
    },
  })),
  {
    id: 'F-52',
    title: 'a whole answer is not empty because its usage says so',
    fault: {
      does: [
        respond(200, { ...chatAnswer('words'), usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 } }),
      ],
    },
    expect: served(['words']),
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
