// Faults of the catalogue as a provider commits them on one request, drawn at random; a part of the requests goes well.
import { chatAnswer, chatChunk } from '../support/upstream.ts'
import { chatEvents, healthyChat, openaiError, wantsStream } from './answers.ts'
import { headOf, respond, sse, type Reaction, type StreamScript } from './fault-upstream.ts'

export interface RandomFault {
  /** The row of the catalogue, and what it is. */
  readonly name: string
  readonly react: Extract<Reaction, (...args: never[]) => unknown>
}

const events = chatEvents('the answer of a provider')
const errorEvent = 'data: {"error":{"message":"it broke","type":"server_error","code":null}}\n\n'

function asStream(pieces: readonly (string | Uint8Array)[], script?: StreamScript): RandomFault['react'] {
  return (received) =>
    wantsStream(received)
      ? sse(pieces, script)
      : [
          {
            send: headOf(200, { 'content-type': 'application/json', 'content-length': '4000' }) + '{"id":"chatcmpl-1",',
          },
          { end: script?.finally === 'hang' ? 'hang' : 'reset' },
        ]
}

function whole(reaction: Reaction): RandomFault['react'] {
  return (received) => (typeof reaction === 'function' ? reaction(received) : reaction)
}

const faults: readonly RandomFault[] = [
  { name: 'F-08 reset before headers', react: () => [{ end: 'reset' }] },
  { name: 'F-10 reset after headers', react: asStream([], { finally: 'reset' }) },
  { name: 'F-11 silence', react: (received) => (wantsStream(received) ? [{ end: 'hang' }] : [{ end: 'reset' }]) },
  { name: 'F-12 headers and silence', react: asStream([events[0] ?? ''], { finally: 'hang' }) },
  { name: 'F-14 rejected', react: whole(openaiError(400)) },
  { name: 'F-16 refused key', react: whole(openaiError(401)) },
  { name: 'F-18 no such model', react: whole(openaiError(404, { code: 'model_not_found' })) },
  { name: 'F-19 redirect', react: () => respond(302, '', { location: 'http://127.0.0.1:1/' }) },
  { name: 'F-21 rate limit', react: whole(openaiError(429, {}, { 'retry-after-ms': '100' })) },
  { name: 'F-23 rate limit without a hint', react: whole(openaiError(429)) },
  { name: 'F-24 500', react: whole(openaiError(500)) },
  { name: 'F-24 503', react: whole(openaiError(503)) },
  { name: 'F-26 overloaded', react: whole(openaiError(529)) },
  { name: 'F-27 an error in a 200', react: () => respond(200, { error: { message: 'no', type: 'server_error' } }) },
  { name: 'F-28 a page', react: () => respond(200, '<html></html>', { 'content-type': 'text/html' }) },
  { name: 'F-29 nothing', react: () => respond(200, '') },
  { name: 'F-30 half of it', react: () => respond(200, '{"id":"chatcmpl-1","choices":[{"ind') },
  { name: 'F-31 JSON', react: () => respond(200, chatAnswer('json')) },
  { name: 'F-32 a stream', react: () => sse(events) },
  { name: 'F-33 an error first', react: asStream([errorEvent]) },
  { name: 'F-34 an error in the middle', react: asStream([...events.slice(0, 3), errorEvent]) },
  { name: 'F-35 an end without an end', react: asStream(events.slice(0, 3)) },
  { name: 'F-36 no [DONE]', react: asStream(events.slice(0, -1)) },
  { name: 'F-37 more behind [DONE]', react: asStream([...events, chatChunk({ content: 'more' })]) },
  {
    name: 'F-38 reset in the middle',
    react: asStream([...events.slice(0, 3), 'data: {"id":"ch'], { finally: 'reset' }),
  },
  { name: 'F-42 no JSON', react: asStream([...events.slice(0, 3), 'data: {{{\n\n', ...events.slice(3)]) },
  { name: 'F-47 silence in the middle', react: asStream(events.slice(0, 3), { finally: 'hang' }) },
  { name: 'F-49 comments for ever', react: (received) => comments(wantsStream(received)) },
]

function comments(streams: boolean): ReturnType<RandomFault['react']> {
  if (!streams) return [{ end: 'reset' }]
  const ping = ': still here\n\n'
  return [...sse([events[0] ?? '', events[1] ?? ''], { finally: 'hang' }).slice(0, -1), pings(ping), { end: 'close' }]
}

function pings(text: string): { repeat: string; times: number; gapMs: number } {
  return { repeat: `${text.length.toString(16)}\r\n${text}\r\n`, times: 12, gapMs: 40 }
}

/** One of them, or (in a third of the cases) nothing wrong at all. */
export function randomFault(random: () => number): RandomFault {
  if (random() < 0.33) return { name: 'well', react: whole(healthyChat('all is well')) }
  return faults[Math.floor(random() * faults.length)] ?? { name: 'well', react: whole(healthyChat('all is well')) }
}
