// How the two sides of a stream cut it into events: chosen once per answer, by what the upstream sent and the client asked.
import type { Dialect, WireRequest } from '../dialects/dialect.ts'
import type { Candidate } from '../policy/decision.ts'
import type { FetchResponse } from '../ports/index.ts'
import { createEventStreamDecoder } from '../wire/aws-event-stream.ts'
import type { Frame } from '../wire/frame.ts'
import { createJsonArrayDecoder, createJsonArrayEncoder } from '../wire/json-array.ts'
import { mediaType } from '../wire/media-type.ts'
import type { BlockDecoder } from '../wire/block.ts'
import { createSseDecoder } from '../wire/sse-decode.ts'
import { encodeSse, heartbeat } from '../wire/sse-encode.ts'
import type { RequestContext } from './context.ts'
import { generative } from '../dialects/index.ts'

const eventStream = 'application/vnd.amazon.eventstream'

/** Writes frames for the client. */
export interface ClientFramer {
  readonly contentType: string
  /** Bytes between events that say nothing. */
  readonly heartbeat: Uint8Array
  /** What has to stand between an event that came without its end and the next one. */
  readonly separator: Uint8Array
  encode(frames: readonly Frame[]): Uint8Array
  /** Events went out that somebody else wrote. */
  resume(): void
  /** Whether bytes of the upstream that stand behind its events are what ends them. */
  closes(text: string): boolean
  /** What ends the bytes, after success and failure alike. */
  close(): Uint8Array
}

const nothing = new Uint8Array(0)
const sse: ClientFramer = {
  contentType: 'text/event-stream; charset=utf-8',
  heartbeat,
  separator: new TextEncoder().encode('\n\n'),
  encode: encodeSse,
  resume: () => {},
  closes: () => false,
  close: () => nothing,
}

/** The framing that the client asked for. */
export function clientFramer(ingress: Dialect, request: WireRequest): ClientFramer {
  if (ingress.clientFraming?.(request) !== 'json-array') return sse
  const array = createJsonArrayEncoder()
  return {
    contentType: 'application/json; charset=utf-8',
    // White space between two elements means nothing.
    heartbeat: new TextEncoder().encode('\n'),
    separator: nothing,
    encode: (frames) => array.encode(frames),
    resume: () => array.resume(),
    closes: (text) => text.includes(']'),
    close: () => array.close(),
  }
}

/** Whether an answer is to be read event by event. Gemini's other framing has no media type of its own. */
export function isStream(context: RequestContext, candidate: Candidate, response: FetchResponse): boolean {
  const type = mediaType(response.headers.get('content-type'))
  if (type === 'text/event-stream' || type === eventStream) return true
  return context.facts.stream && candidate.passthrough && isArray(context) && type === 'application/json'
}

function isArray(context: RequestContext): boolean {
  return generative(context.ingress).clientFraming?.(context.wire) === 'json-array'
}

/** Cuts the upstream's bytes into events. */
export function upstreamDecoder(response: FetchResponse, maxEventBytes: number): BlockDecoder {
  switch (mediaType(response.headers.get('content-type'))) {
    case eventStream:
      return createEventStreamDecoder(maxEventBytes)
    case 'application/json':
      return createJsonArrayDecoder(maxEventBytes)
    default:
      return createSseDecoder(maxEventBytes)
  }
}
