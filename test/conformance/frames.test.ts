// Layer 1: recorded bytes through the SSE decoder. Whatever the chunking and the line ends, the frames are the same,
// and the blocks put together are the bytes that came in.
import { expect } from 'vitest'
import type { Frame } from '../../src/wire/frame.ts'
import { createSseDecoder, type SseBlock } from '../../src/wire/sse-decode.ts'
import { chunkings } from '../support/chunkings.ts'
import { bytesOf, recordings } from '../support/corpus.ts'
import { full, layer } from './layer.ts'

function blocksOf(chunks: readonly Uint8Array[]): SseBlock[] {
  const decoder = createSseDecoder(1_000_000)
  return [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()]
}

function framesIn(blocks: readonly SseBlock[]): Frame[] {
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
function misplaced(blocks: readonly SseBlock[]): SseBlock[] {
  return blocks.filter(({ bytes, frame }) => {
    const own = reference(bytes)[0]
    return own?.data !== frame?.data || own?.event !== frame?.event
  })
}

function withLineEnds(bytes: Uint8Array, lineEnd: string): Uint8Array {
  const text = new TextDecoder().decode(bytes)
  return new TextEncoder().encode(text.replaceAll(/\r\n|\r|\n/g, lineEnd))
}

layer('frames', ({ check, skip }) => {
  for (const recording of recordings()) {
    if (recording.format === 'eventstream')
      skip(recording.file, 'the AWS framing is not part of this step; its events are used by the later layers')
    if (recording.format !== 'sse') continue

    check(`any chunking · ${recording.file}`, () => {
      const bytes = bytesOf(recording)
      const expected = reference(bytes)
      expect(expected.length).toBeGreaterThan(1)
      for (const { name, chunks } of chunkings(bytes, full)) {
        const blocks = blocksOf(chunks)
        expect(framesIn(blocks), name).toEqual(expected)
        expect(misplaced(blocks), `${name}: blocks`).toEqual([])
        expect(Buffer.concat(blocks.map((block) => block.bytes)).equals(bytes), `${name}: bytes`).toBe(true)
      }
    })

    for (const [name, lineEnd] of [
      ['CRLF', '\r\n'],
      ['CR', '\r'],
    ] as const)
      check(`${name} line ends · ${recording.file}`, () => {
        const expected = reference(bytesOf(recording))
        const bytes = withLineEnds(bytesOf(recording), lineEnd)
        for (const { name: chunking, chunks } of chunkings(bytes, full)) {
          const blocks = blocksOf(chunks)
          expect(framesIn(blocks), chunking).toEqual(expected)
          expect(misplaced(blocks), `${chunking}: blocks`).toEqual([])
        }
      })
  }
})
