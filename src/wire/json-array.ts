// One JSON array as a stream of its elements, both ways: Gemini's framing where nobody asked for server-sent events.
// Owns the framing; what an element says is not read here.
import type { Frame } from './frame.ts'
import { BlockOverflow, type Block, type BlockDecoder } from './block.ts'

const QUOTE = 34
const COMMA = 44
const OPEN_ARRAY = 91
const BACKSLASH = 92
const CLOSE_ARRAY = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

const nothing = new Uint8Array(0)
const encoder = new TextEncoder()

/** A boundary that was found: where the block ends, and where in it the element begins; none in the end of the array. */
interface Boundary {
  readonly end: number
  readonly element: number | undefined
}

/**
 * Decodes an array in chunks of any size; an alternative to `createSseDecoder` with the same interface. A block is one
 * element with the bracket, comma and white space before it, so that what was forwarded never ends in a comma; the
 * closing bracket is a block without frame. A body that is no array but one object is read as its only element.
 * @param maxEventBytes an element larger than this ends the stream with `BlockOverflow`
 * @see https://www.rfc-editor.org/rfc/rfc8259#section-5
 */
export function createJsonArrayDecoder(maxEventBytes: number): BlockDecoder {
  const decoder = new TextDecoder()
  const scanner = createScanner()
  // The unfinished element: the first `length` bytes of `buffer`, which grows by doubling so that a drip stays linear.
  let buffer = nothing
  let length = 0
  let overflow = false

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

  function read(data: Uint8Array, start: number, { end, element }: Boundary): Block {
    overflow ||= end - start > maxEventBytes
    const bytes = data.subarray(start, end)
    const frame = element === undefined ? undefined : { data: decoder.decode(data.subarray(element, end)) }
    return { bytes, frame }
  }

  function feed(chunk: Uint8Array, take: (block: Block) => boolean): Uint8Array | undefined {
    if (overflow) throw new BlockOverflow()
    const fresh = length === 0
    const data = fresh ? chunk : append(chunk)
    let start = 0
    let at = length
    let stopped = false
    while (!stopped && at < data.length) {
      const boundary = scanner.next(data, at, start)
      if (boundary === undefined) break
      at = boundary.end
      const block = read(data, start, boundary)
      start = at
      stopped = !take(block)
    }
    const rest = stopped ? nothing : data.subarray(start)
    // Bytes handed out are never written again: a rest behind them moves to a buffer of its own.
    if (fresh || start > 0) buffer = rest.length === 0 ? nothing : rest.slice()
    length = rest.length
    overflow ||= length > maxEventBytes
    return stopped && start < data.length ? data.subarray(start) : undefined
  }

  return {
    feed,
    push(chunk) {
      const blocks: Block[] = []
      feed(chunk, (block) => blocks.push(block) > 0)
      return blocks
    },
    end() {
      if (overflow) throw new BlockOverflow()
      if (length === 0) return []
      const rest = buffer.subarray(0, length)
      length = 0
      return [{ bytes: rest, frame: undefined }]
    },
  }
}

interface Scanner {
  /**
   * Reads on from `from`; undefined where the bytes end first. What was read before is remembered, so each byte is
   * looked at once.
   * @param start where the block begins in `data`
   */
  next(data: Uint8Array, from: number, start: number): Boundary | undefined
}

/** Follows the structure byte by byte. All its marks are ASCII, and no byte of a longer UTF-8 sequence is. */
function createScanner(): Scanner {
  let place: 'before' | 'between' | 'element' | 'behind' = 'before'
  // Of the element that is being read: where it begins in its block, how deep it is open, and whether a string is.
  let opened = 0
  let depth = 0
  let inString = false
  let escaped = false

  function open(byte: number, offset: number): void {
    place = 'element'
    opened = offset
    depth = byte === OPEN_OBJECT || byte === OPEN_ARRAY ? 1 : 0
    inString = byte === QUOTE
    escaped = false
  }

  /** Whether the element ends with this byte. */
  function inside(byte: number): boolean {
    if (inString) {
      if (escaped) escaped = false
      else if (byte === BACKSLASH) escaped = true
      else if (byte === QUOTE) inString = false
      return !inString && depth === 0
    }
    if (byte === QUOTE) inString = true
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--
    else return false
    return depth === 0
  }

  return {
    next(data, from, start) {
      // Nothing may follow the array; what does is handed on unread.
      if (place === 'behind') return { end: data.length, element: undefined }
      for (let at = from; at < data.length; at++) {
        const byte = data[at] ?? 0
        if (place === 'element') {
          // A number or a word ends before the byte that ends it.
          const bare = depth === 0 && !inString
          if (bare ? !endsBare(byte) : !inside(byte)) continue
          place = 'between'
          return { end: bare ? at : at + 1, element: start + opened }
        }
        if (isSpace(byte)) continue
        if (place === 'between' && byte === CLOSE_ARRAY) {
          place = 'behind'
          return { end: at + 1, element: undefined }
        }
        if (place === 'before' && byte === OPEN_ARRAY) place = 'between'
        else if (place === 'before' || byte !== COMMA) open(byte, at - start)
      }
      return undefined
    },
  }
}

function isSpace(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9
}

function endsBare(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_ARRAY || isSpace(byte)
}

export interface JsonArrayEncoder {
  /** The next elements, with what has to stand before each of them. */
  encode(frames: readonly Frame[]): Uint8Array
  /** Elements went out that this encoder did not write: the array is open, and the next element follows another. */
  resume(): void
  /** What ends the array, after success and failure alike; `[]` where there was no element. Nothing the second time. */
  close(): Uint8Array
}

/**
 * Encodes frames as the elements of one array. An error is an element like any other.
 * @see https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent
 */
export function createJsonArrayEncoder(): JsonArrayEncoder {
  let begun = false
  let closed = false
  return {
    encode(frames) {
      let text = ''
      for (const frame of frames) {
        text += (begun ? ',\n' : '[') + frame.data
        begun = true
      }
      return text === '' ? nothing : encoder.encode(text)
    },
    resume() {
      begun = true
    },
    close() {
      if (closed) return nothing
      closed = true
      return encoder.encode(begun ? ']' : '[]')
    },
  }
}
