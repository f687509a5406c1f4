// Layer 1: recorded bytes through the decoders of the three framings. Whatever the chunking, the line ends and what
// surrounds the data, the frames are the same, and the blocks put together are the bytes that came in.
import { expect } from 'vitest'
import { createEventStreamDecoder, encodeEventStream } from '../../src/wire/aws-event-stream.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { createJsonArrayDecoder } from '../../src/wire/json-array.ts'
import type { Block, BlockDecoder } from '../../src/wire/block.ts'
import { createSseDecoder } from '../../src/wire/sse-decode.ts'
import { full, sample } from '../support/full-run.ts'
import { chunkings } from '../support/chunkings.ts'
import { bytesOf, eventStreamFrames, framesOf, recordings } from '../support/corpus.ts'
import { layer } from './layer.ts'

const limit = 1_000_000

function blocksOf(decoder: BlockDecoder, chunks: readonly Uint8Array[]): Block[] {
  return [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()]
}

function framesIn(blocks: readonly Block[]): Frame[] {
  return blocks.flatMap((block) => (block.frame === undefined ? [] : [block.frame]))
}

/** The events of a stream by the standard's own rules, line by line: the reference that nothing of ours went into. */
function reference(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = []
  let event = ''
  let data: string[] = []
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/)
  // A stream that ends without a blank line: providers do it, and the decoder promises to hand out the rest.
  for (const line of [...lines, '']) {
    if (line === '') {
      if (data.length > 0) frames.push({ ...(event !== '' && { event }), data: data.join('\n') })
      event = ''
      data = []
    }
    const [, field, value] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? []
    if (field === 'data') data.push(value ?? '')
    if (field === 'event') event = value ?? ''
  }
  return frames
}

/** Blocks whose frame is not what their own bytes say: the byte path forwards the bytes on the word of the frame. */
function misplaced(blocks: readonly Block[]): Block[] {
  return blocks.filter(({ bytes, frame }) => {
    const own = reference(bytes)[0]
    return own?.data !== frame?.data || own?.event !== frame?.event
  })
}

/** Other ways to write the same events: each line and what it becomes. */
const spellings: readonly { readonly name: string; readonly respell: (text: string) => string }[] = [
  { name: 'CRLF line ends', respell: (text) => text.replaceAll(/\r\n|\r|\n/g, '\r\n') },
  { name: 'CR line ends', respell: (text) => text.replaceAll(/\r\n|\r|\n/g, '\r') },
  { name: 'no space after the colon', respell: (text) => text.replaceAll(/^(data|event): /gm, '$1:') },
  { name: 'a byte order mark', respell: (text) => `\uFEFF${text}` },
  { name: 'comments between the lines', respell: (text) => text.replaceAll(/^data:/gm, ': waiting\n:\ndata:') },
]

layer('frames', ({ check }) => {
  for (const recording of recordings()) {
    const { file, format } = recording
    if (format === 'sse') {
      check(`any chunking · ${file}`, recording, () => {
        const bytes = bytesOf(recording)
        const expected = reference(bytes)
        expect(expected.length).toBeGreaterThan(0)
        for (const { name, chunks } of chunkings(bytes, full)) {
          const blocks = blocksOf(createSseDecoder(limit), chunks)
          expect(framesIn(blocks), name).toEqual(expected)
          expect(misplaced(blocks), `${name}: blocks`).toEqual([])
          expect(Buffer.concat(blocks.map((block) => block.bytes)).equals(bytes), `${name}: bytes`).toBe(true)
        }
      })
      for (const { name, respell } of spellings)
        check(`${name} · ${file}`, recording, () => {
          const expected = reference(bytesOf(recording))
          const bytes = new TextEncoder().encode(respell(new TextDecoder().decode(bytesOf(recording))))
          // The spelling is what is tried here, so that a sample needs few ways to cut it.
          for (const { name: chunking, chunks } of sample(chunkings(bytes, full), 4)) {
            const blocks = blocksOf(createSseDecoder(limit), chunks)
            expect(framesIn(blocks), chunking).toEqual(expected)
            expect(misplaced(blocks), `${chunking}: blocks`).toEqual([])
            expect(Buffer.concat(blocks.map((block) => block.bytes)).equals(bytes), `${chunking}: bytes`).toBe(true)
          }
        })
    }

    if (format === 'eventstream') {
      check(`AWS messages in any chunking · ${file}`, recording, () => {
        const bytes = bytesOf(recording)
        const expected = eventStreamFrames(recording)
        expect(expected.length).toBeGreaterThan(1)
        for (const { name, chunks } of chunkings(bytes, full)) {
          const blocks = blocksOf(createEventStreamDecoder(limit), chunks)
          expect(framesIn(blocks), name).toEqual(expected)
          expect(Buffer.concat(blocks.map((block) => block.bytes)).equals(bytes), `${name}: bytes`).toBe(true)
        }
      })
      check(`AWS messages decoded and encoded are the same bytes · ${file}`, recording, () => {
        const bytes = bytesOf(recording)
        const frames = framesIn(blocksOf(createEventStreamDecoder(limit), [bytes]))
        expect(Buffer.from(encodeEventStream(frames)).equals(bytes)).toBe(true)
      })
      check(`AWS messages with a damaged byte are refused · ${file}`, recording, () => {
        const bytes = bytesOf(recording)
        const step = full ? 1 : Math.ceil(bytes.length / 40)
        for (let at = 0; at < bytes.length; at += step) expect(isRefused(damaged(bytes, at)), `byte ${at}`).toBe(true)
      })
    }

    // Gemini without `alt=sse`: the same chunks as the elements of one array, as Google prints it.
    if (recording.dialect === 'gemini' && format === 'sse')
      check(`one JSON array in any chunking · ${file}`, recording, () => {
        const values = framesOf(recording).map((frame) => JSON.parse(frame.data) as unknown)
        for (const text of [
          JSON.stringify(values),
          JSON.stringify(values, undefined, 2),
          `[${values.map((value) => JSON.stringify(value, undefined, 2)).join('\n,\r\n')}\n]\n`,
        ]) {
          const bytes = new TextEncoder().encode(text)
          for (const { name, chunks } of chunkings(bytes, full)) {
            const blocks = blocksOf(createJsonArrayDecoder(limit), chunks)
            expect(
              framesIn(blocks).map((frame) => JSON.parse(frame.data) as unknown),
              name,
            ).toEqual(values)
            expect(Buffer.concat(blocks.map((block) => block.bytes)).equals(bytes), `${name}: bytes`).toBe(true)
          }
        }
      })
  }
})

function damaged(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at] = (copy[at] ?? 0) ^ 0x10
  return copy
}

/** Whether reading throws; a damaged length may also make the last message unfinished, which has no frame. */
function isRefused(bytes: Uint8Array): boolean {
  try {
    const blocks = blocksOf(createEventStreamDecoder(limit), [bytes])
    return blocks.some((block) => block.frame === undefined)
  } catch {
    return true
  }
}
