// Bytes to frames: cuts the byte stream at event boundaries, then lets eventsource-parser read each whole event.
// Cutting first keeps two promises cheaply: a UTF-8 sequence is never split, and an unfinished event is never forwarded.
import { createParser } from 'eventsource-parser'
import { BlockOverflow, type Block, type BlockDecoder, type Skim } from './block.ts'
import type { Frame } from './frame.ts'

/** How far a chunk was read, and whether the reader stopped there on purpose. */
interface Reading {
  readonly end: number
  readonly stopped: boolean
}

const LF = 10
const CR = 13
const nothing = new Uint8Array(0)

/**
 * Decodes server-sent events with LF, CRLF or CR line ends, in chunks of any size.
 * @param maxEventBytes an event larger than this ends the stream with `BlockOverflow`
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export function createSseDecoder(maxEventBytes: number): BlockDecoder {
  const decoder = new TextDecoder()
  let frame: Frame | undefined
  const parser = createParser({
    onEvent(message) {
      frame = message.event === undefined ? { data: message.data } : { event: message.event, data: message.data }
    },
  })
  // The unfinished event: the first `length` bytes of `buffer`, which grows by doubling so that a drip stays linear.
  let buffer = nothing
  let length = 0
  let scanned = 0
  let overflow = false

  function parse(text: string): Frame | undefined {
    frame = undefined
    parser.feed(text)
    return frame
  }

  function read(bytes: Uint8Array): Block {
    const text = decoder.decode(bytes)
    // The parser holds back a trailing CR, as an LF may follow; here the event is known to be complete.
    return { bytes, frame: parse(text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text) }
  }

  /**
   * The way nearly every chunk goes: LF only and ASCII, so that text offsets are byte offsets.
   * Undefined where this way is not open.
   */
  function readAscii(data: Uint8Array, take: (block: Block) => boolean, skim: Skim): Reading | undefined {
    if (data.includes(CR)) return undefined
    const text = decoder.decode(data)
    if (text.length !== data.length) return undefined
    const last = text.lastIndexOf('\n\n') + 2
    if (last < 2) return { end: 0, stopped: false }
    let start = 0
    let verdict: boolean | undefined
    while (start < last) {
      verdict ??= skim(text.slice(start, last))
      const end = verdict === true ? last : text.indexOf('\n\n', start) + 2
      overflow ||= verdict !== true && end - start > maxEventBytes
      const bytes = data.subarray(start, end)
      const block: Block =
        verdict === true ? { bytes, frame: undefined, skimmed: true } : { bytes, frame: parse(text.slice(start, end)) }
      start = end
      if (!take(block)) return { end, stopped: true }
    }
    return { end: last, stopped: false }
  }

  /** Any line ends, any text. */
  function readBytes(data: Uint8Array, from: number, take: (block: Block) => boolean): Reading {
    let start = 0
    let at = from
    for (;;) {
      const end = nextBoundary(data, at)
      if (end < 0) return { end: start, stopped: false }
      const block = read(data.subarray(start, end))
      overflow ||= end - start > maxEventBytes
      start = end
      at = end
      if (!take(block)) return { end, stopped: true }
    }
  }

  function feed(chunk: Uint8Array, take: (block: Block) => boolean, skim: Skim): Uint8Array | undefined {
    if (overflow) throw new BlockOverflow()
    const fresh = length === 0
    const data = fresh ? chunk : append(chunk)
    // A long event that arrives in pieces is scanned by bytes, from where the last piece ended.
    const quick = fresh ? readAscii(data, take, skim) : undefined
    const { end, stopped } = quick ?? readBytes(data, fresh ? 0 : scanned, take)
    const rest = stopped ? nothing : data.subarray(end)
    // Bytes handed out are never written again: a rest behind them moves to a buffer of its own.
    if (fresh || end > 0) buffer = rest.length === 0 ? nothing : rest.slice()
    length = rest.length
    overflow ||= length > maxEventBytes
    // A line break may straddle the next chunk: look again at the last three bytes.
    scanned = Math.max(0, length - 3)
    return stopped && end < data.length ? data.subarray(end) : undefined
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

  return {
    feed,
    push(chunk) {
      const blocks: Block[] = []
      const take = (block: Block): boolean => blocks.push(block) > 0
      feed(chunk, take, () => false)
      return blocks
    },
    end() {
      if (overflow) throw new BlockOverflow()
      if (length === 0) return []
      const rest = buffer.subarray(0, length)
      length = 0
      return [{ bytes: rest, frame: parse(`${decoder.decode(rest).replaceAll(/\r\n?/g, '\n')}\n\n`) }]
    },
  }
}

/** The index after the first blank line at or after `from`, or -1. A CR as the last byte is not yet a line end. */
function nextBoundary(data: Uint8Array, from: number): number {
  let at = from
  while (at < data.length) {
    const byte = data[at]
    if (byte !== LF && byte !== CR) {
      at++
      continue
    }
    const lineEnd = endOfLineBreak(data, at)
    if (lineEnd < 0) return -1
    if (data[lineEnd] === LF || data[lineEnd] === CR) return endOfLineBreak(data, lineEnd)
    at = lineEnd
  }
  return -1
}

function endOfLineBreak(data: Uint8Array, at: number): number {
  if (data[at] === LF) return at + 1
  if (at + 1 >= data.length) return -1
  return data[at + 1] === LF ? at + 2 : at + 1
}
