import { readFileSync, readdirSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEventStreamDecoder, encodeEventStream, EventStreamCorrupt } from '../../src/wire/aws-event-stream.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { BlockOverflow, type Block } from '../../src/wire/block.ts'
import { chunkings } from '../support/chunkings.ts'
import { full } from '../support/full-run.ts'
import { requireShared, sharedPath } from '../support/shared.ts'

const plenty = 1_000_000

function decode(chunks: readonly Uint8Array[], limit = plenty): Block[] {
  const stream = createEventStreamDecoder(limit)
  return [...chunks.flatMap((chunk) => stream.push(chunk)), ...stream.end()]
}

function frames(blocks: readonly Block[]): Frame[] {
  return blocks.flatMap((block) => (block.frame === undefined ? [] : [block.frame]))
}

function joined(blocks: readonly Block[]): Uint8Array {
  return new Uint8Array(blocks.flatMap((block) => [...block.bytes]))
}

const delta: Frame = { event: 'contentBlockDelta', data: '{"delta":{"text":"héllo 🙂"}}' }
const stop: Frame = { event: 'messageStop', data: '{"stopReason":"end_turn"}' }

/** CRC-32 (IEEE 802.3, reflected), from a table: independent of the one under test. */
function crc32(bytes: Uint8Array): number {
  const table = Array.from({ length: 256 }, (_, index) => {
    let value = index
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
    return value >>> 0
  })
  let crc = -1
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8)
  return (crc ^ -1) >>> 0
}

/** A message with any headers, put together without the codec. */
function message(headers: Readonly<Record<string, string>>, payload: string): Uint8Array {
  const text = new TextEncoder()
  const head = Object.entries(headers).flatMap(([name, value]) => {
    const [key, bytes] = [text.encode(name), text.encode(value)]
    return [key.length, ...key, 7, bytes.length >> 8, bytes.length & 0xff, ...bytes]
  })
  const body = text.encode(payload)
  const bytes = new Uint8Array(16 + head.length + body.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.length)
  view.setUint32(4, head.length)
  view.setUint32(8, crc32(bytes.subarray(0, 8)))
  bytes.set(head, 12)
  bytes.set(body, 12 + head.length)
  view.setUint32(bytes.length - 4, crc32(bytes.subarray(0, -4)))
  return bytes
}

describe('the event-stream decoder', () => {
  it('reads an event: its type and its payload', () => {
    const bytes = message(
      { ':event-type': 'messageStop', ':content-type': 'application/json', ':message-type': 'event' },
      stop.data,
    )
    expect(decode([bytes])).toEqual([{ bytes, frame: stop }])
  })

  it('reads an exception: its type and its payload', () => {
    const bytes = message({ ':exception-type': 'throttlingException', ':message-type': 'exception' }, '{"message":"m"}')
    expect(frames(decode([bytes]))).toEqual([
      { kind: 'exception', event: 'throttlingException', data: '{"message":"m"}' },
    ])
  })

  it('reads an error: its code and its text stand in headers', () => {
    const bytes = message(
      { ':error-code': 'InternalError', ':error-message': 'it broke', ':message-type': 'error' },
      '',
    )
    expect(frames(decode([bytes]))).toEqual([{ kind: 'error', event: 'InternalError', data: 'it broke' }])
  })

  it('gives a message without type and payload no frame, and keeps its bytes', () => {
    const bytes = message({ ':message-type': 'event' }, '')
    expect(decode([bytes])).toEqual([{ bytes, frame: undefined }])
  })

  it('gives the same frames and the same bytes however the input is cut', () => {
    const any = fc.record({ event: fc.string({ maxLength: 30 }), data: fc.string({ minLength: 1, unit: 'grapheme' }) })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 8 }), fc.array(fc.nat(2000), { maxLength: 20 }), (sent, cuts) => {
        const bytes = encodeEventStream(sent)
        const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
        const blocks = decode(edges.slice(1).map((end, index) => bytes.slice(edges[index], end)))
        expect(frames(blocks)).toEqual(sent)
        expect(joined(blocks)).toEqual(bytes)
      }),
      { numRuns: 200 },
    )
  })

  it('stops where the reader wants to, and takes the rest of the chunk later', () => {
    const bytes = encodeEventStream([delta, delta, stop])
    const stream = createEventStreamDecoder(plenty)
    const seen: Block[] = []
    const takeOne = (block: Block): boolean => seen.push(block) === 0
    let rest: Uint8Array | undefined = bytes
    let turns = 0
    for (; rest !== undefined; turns++) rest = stream.feed(rest, takeOne, () => true)
    expect(turns).toBe(3)
    expect(frames(seen)).toEqual([delta, delta, stop])
    expect(joined(seen)).toEqual(bytes)
  })

  it('keeps half a message for the next chunk after the reader stopped', () => {
    const bytes = encodeEventStream([delta, stop])
    const cut = bytes.length - 5
    const stream = createEventStreamDecoder(plenty)
    const seen: Block[] = []
    const rest = stream.feed(
      bytes.slice(0, cut),
      (block) => seen.push(block) === 0,
      () => undefined,
    )
    expect(
      stream.feed(
        rest ?? new Uint8Array(),
        (block) => seen.push(block) > 0,
        () => undefined,
      ),
    ).toBeUndefined()
    expect(frames(seen)).toEqual([delta])
    expect(frames(stream.push(bytes.slice(cut)))).toEqual([stop])
  })

  it('hands out bytes that later chunks do not overwrite', () => {
    const bytes = encodeEventStream([delta, stop])
    const first = encodeEventStream([delta])
    const stream = createEventStreamDecoder(plenty)
    stream.push(bytes.slice(0, 10))
    const [block] = stream.push(bytes.slice(10, first.length + 20))
    stream.push(bytes.slice(first.length + 20))
    stream.push(encodeEventStream([{ event: 'a', data: 'x'.repeat(4000) }]))
    expect(block?.bytes).toEqual(first)
  })

  it('gives what is left at the end as a block without frame', () => {
    const bytes = encodeEventStream([stop]).slice(0, -1)
    expect(decode([bytes])).toEqual([{ bytes, frame: undefined }])
  })

  it.each([
    ['the prelude', 5],
    ['the checksum of the prelude', 9],
    ['a header', 20],
    ['the payload', -10],
    ['the checksum at the end', -1],
  ])('throws for good where a bit of %s is wrong', (_what, at) => {
    const bytes = encodeEventStream([delta])
    const index = at < 0 ? bytes.length + at : at
    bytes[index] = (bytes[index] ?? 0) ^ 1
    const stream = createEventStreamDecoder(plenty)
    expect(() => stream.push(bytes)).toThrow(EventStreamCorrupt)
    expect(() => stream.push(encodeEventStream([stop]))).toThrow(EventStreamCorrupt)
    expect(() => stream.end()).toThrow(EventStreamCorrupt)
  })

  it('sees a damaged length as soon as the prelude is there', () => {
    const bytes = encodeEventStream([delta])
    bytes[2] = 0xff
    expect(() => createEventStreamDecoder(plenty).push(bytes.slice(0, 12))).toThrow(EventStreamCorrupt)
  })

  it('refuses headers that are longer than their message, whatever the checksum says', () => {
    const bytes = encodeEventStream([stop])
    const view = new DataView(bytes.buffer)
    view.setUint32(4, bytes.length)
    view.setUint32(8, crc32(bytes.subarray(0, 8)))
    expect(() => createEventStreamDecoder(plenty).push(bytes)).toThrow(EventStreamCorrupt)
  })

  it('hands out what came before the damage first', () => {
    const damaged = encodeEventStream([stop])
    damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
    const stream = createEventStreamDecoder(plenty)
    expect(frames(stream.push(new Uint8Array([...encodeEventStream([delta]), ...damaged])))).toEqual([delta])
    expect(() => stream.end()).toThrow(EventStreamCorrupt)
  })

  it('refuses a message that announces more than the limit, without waiting for it', () => {
    const long = encodeEventStream([{ event: 'a', data: 'x'.repeat(200) }])
    const stream = createEventStreamDecoder(100)
    expect(() => stream.push(long.slice(0, 12))).toThrow(BlockOverflow)
    expect(() => stream.end()).toThrow(BlockOverflow)
  })

  it('refuses text that is no event stream', () => {
    const html = new TextEncoder().encode('<!doctype html><title>502</title>')
    expect(() => createEventStreamDecoder(plenty).push(html)).toThrow(EventStreamCorrupt)
  })

  it('stays linear on a message that arrives byte by byte', () => {
    const bytes = encodeEventStream([{ event: 'a', data: 'x'.repeat(200_000) }])
    const stream = createEventStreamDecoder(plenty)
    let reads = 0
    for (let at = 0; at < bytes.length - 1; at++) reads += stream.push(bytes.subarray(at, at + 1)).length
    expect(reads).toBe(0)
    expect(stream.push(bytes.subarray(-1))[0]?.frame?.data.length).toBe(200_000)
  })
})

describe('the event-stream encoder', () => {
  it('writes what is read back, whatever the kind', () => {
    const sent: Frame[] = [
      delta,
      { kind: 'exception', event: 'validationException', data: '{"message":"no"}' },
      { kind: 'error', event: 'InternalFailure', data: 'gone' },
    ]
    expect(frames(decode([encodeEventStream(sent)]))).toEqual(sent)
  })

  it('writes the headers of an event as the service does', () => {
    const headers = { ':event-type': 'messageStop', ':content-type': 'application/json', ':message-type': 'event' }
    expect(encodeEventStream([stop])).toEqual(message(headers, stop.data))
  })
})

interface Recorded {
  readonly raw_base64: string
  readonly frames: readonly { readonly headers: Readonly<Record<string, string>>; readonly payload: string }[]
}

describe.runIf(requireShared('event-stream recordings'))('recorded event streams', () => {
  const folder = sharedPath('corpus', 'recorded', 'bedrock-converse')
  const files = readdirSync(folder).filter((name) => name.endsWith('.eventstream.json'))
  const read = (file: string): { bytes: Uint8Array; told: Frame[] } => {
    const recorded = JSON.parse(readFileSync(`${folder}/${file}`, 'utf8')) as Recorded
    return {
      bytes: new Uint8Array(Buffer.from(recorded.raw_base64, 'base64')),
      told: recorded.frames.map(({ headers, payload }) => ({ event: headers[':event-type'] ?? '', data: payload })),
    }
  }

  it('are there', () => {
    expect(files.length).toBeGreaterThan(5)
  })

  it.each(files)('%s gives the same frames at every chunking', (file) => {
    const { bytes, told } = read(file)
    for (const { name, chunks } of chunkings(bytes, full)) {
      const blocks = decode(chunks)
      expect(frames(blocks), name).toEqual(told)
      expect(joined(blocks), name).toEqual(bytes)
    }
  })

  it.each(files)('%s is written back byte by byte', (file) => {
    const { bytes } = read(file)
    expect(encodeEventStream(frames(decode([bytes])))).toEqual(bytes)
  })
})
