// AWS event streams (application/vnd.amazon.eventstream), both ways: bytes to frames and frames to bytes.
// Owns the framing; the checksums and headers of one message are the codec's. Knows nothing of what a payload means.
// https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html#streaming-event-stream
import { EventStreamCodec, type Message } from '@smithy/eventstream-codec'
import type { Frame } from './frame.ts'
import { BlockOverflow, type Block, type BlockDecoder } from './block.ts'

/** A message whose checksum or length is wrong: nothing after it can be trusted. */
export class EventStreamCorrupt extends Error {
  override readonly name = 'EventStreamCorrupt'
}

// A byte order mark inside a payload is content.
const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
const encoder = new TextEncoder()
const codec = new EventStreamCodec(
  (bytes) => (typeof bytes === 'string' ? bytes : decoder.decode(bytes as Uint8Array)),
  (text) => encoder.encode(text),
)

const nothing = new Uint8Array(0)
/** Total length, length of the headers, and the checksum of the two. */
const preludeLength = 12
/** The prelude and the checksum at the end. */
const overhead = preludeLength + 4

/**
 * Decodes an event stream in chunks of any size; an alternative to `createSseDecoder` with the same interface.
 * A message without payload and without a type has no frame. What is left of an unfinished message at the end is a block
 * without frame: half of one is worth nothing.
 * @param maxEventBytes a message that announces more than this ends the stream with `BlockOverflow`
 * @throws EventStreamCorrupt where a checksum is wrong; then for good
 */
export function createEventStreamDecoder(maxEventBytes: number): BlockDecoder {
  // The unfinished message: the first `length` bytes of `buffer`, which grows by doubling so that a drip stays linear.
  let buffer = nothing
  let length = 0
  let broken: Error | undefined

  /** How long the message at the start of these bytes is; undefined while its prelude is not complete, or is broken. */
  function announced(data: Uint8Array): number | undefined {
    if (data.length < preludeLength) return undefined
    const view = new DataView(data.buffer, data.byteOffset, preludeLength)
    const total = view.getUint32(0)
    // Checked before anything is waited for: a damaged length would swallow the messages behind it.
    const sound = crc32(data.subarray(0, 8)) === view.getUint32(8) && total >= overhead + view.getUint32(4)
    if (!sound) broken = new EventStreamCorrupt()
    else if (total > maxEventBytes) broken = new BlockOverflow()
    return broken === undefined ? total : undefined
  }

  function append(chunk: Uint8Array): Uint8Array {
    const needed = length + chunk.length
    if (needed > buffer.length) {
      const grown = new Uint8Array(Math.max(needed, buffer.length * 2))
      grown.set(buffer.subarray(0, length))
      buffer = grown
    }
    buffer.set(chunk, length)
    return buffer.subarray(0, needed)
  }

  function feed(chunk: Uint8Array, take: (block: Block) => boolean): Uint8Array | undefined {
    if (broken !== undefined) throw broken
    const fresh = length === 0
    const data = fresh ? chunk : append(chunk)
    let start = 0
    let stopped = false
    while (!stopped) {
      const size = announced(data.subarray(start))
      if (size === undefined || data.length - start < size) break
      const bytes = data.subarray(start, start + size)
      const frame = read(bytes)
      if (broken !== undefined) break
      start += size
      stopped = !take({ bytes, frame })
    }
    // What came before the damage is handed out first.
    if (broken !== undefined && start === 0) throw broken
    const rest = stopped ? nothing : data.subarray(start)
    // Bytes handed out are never written again: a rest behind them moves to a buffer of its own.
    if (fresh || start > 0) buffer = rest.length === 0 ? nothing : rest.slice()
    length = rest.length
    return stopped && start < data.length ? data.subarray(start) : undefined
  }

  function read(bytes: Uint8Array): Frame | undefined {
    try {
      return frameOf(codec.decode(bytes))
    } catch (cause) {
      broken = new EventStreamCorrupt('the message cannot be read', { cause })
      return undefined
    }
  }

  return {
    feed,
    push(chunk) {
      const blocks: Block[] = []
      feed(chunk, (block) => blocks.push(block) > 0)
      return blocks
    },
    end() {
      if (broken !== undefined) throw broken
      if (length === 0) return []
      const bytes = buffer.subarray(0, length)
      length = 0
      return [{ bytes, frame: undefined }]
    },
  }
}

/** What a message says. An error has no payload: its code and its text stand in headers. */
function frameOf({ headers, body }: Message): Frame | undefined {
  const text = (name: string): string | undefined => {
    const header = headers[name]
    return header?.type === 'string' ? header.value : undefined
  }
  switch (text(':message-type')) {
    case 'exception':
      return { kind: 'exception', event: text(':exception-type') ?? '', data: decoder.decode(body) }
    case 'error':
      return { kind: 'error', event: text(':error-code') ?? '', data: text(':error-message') ?? '' }
    default: {
      const event = text(':event-type')
      if (event === undefined && body.length === 0) return undefined
      return { ...(event !== undefined && { event }), data: decoder.decode(body) }
    }
  }
}

/** Encodes frames as messages, with the headers in the order in which AWS sends them. */
export function encodeEventStream(frames: readonly Frame[]): Uint8Array {
  const messages = frames.map((frame) => codec.encode(messageOf(frame)))
  const all = new Uint8Array(messages.reduce((sum, message) => sum + message.length, 0))
  let at = 0
  for (const message of messages) {
    all.set(message, at)
    at += message.length
  }
  return all
}

function messageOf({ kind, event = '', data }: Frame): Message {
  if (kind === 'error')
    return {
      headers: headersOf({ ':error-code': event, ':error-message': data, ':message-type': kind }),
      body: nothing,
    }
  const type = kind === 'exception' ? { ':exception-type': event } : { ':event-type': event }
  return {
    headers: headersOf({ ...type, ':content-type': 'application/json', ':message-type': kind ?? 'event' }),
    body: encoder.encode(data),
  }
}

function headersOf(values: Readonly<Record<string, string>>): Message['headers'] {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { type: 'string', value }]))
}

/** CRC-32 as in zlib, bit by bit: for the eight bytes of a prelude a table does not pay. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
