import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BlockOverflow, type Block } from '../../src/wire/block.ts'
import { createSseDecoder } from '../../src/wire/sse-decode.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function decode(bytes: Uint8Array, cuts: readonly number[] = [], limit = 1_000_000): Block[] {
  const sse = createSseDecoder(limit)
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  const blocks = edges.slice(1).flatMap((end, index) => sse.push(bytes.slice(edges[index], end)))
  return [...blocks, ...sse.end()]
}

function frames(blocks: readonly Block[]) {
  return blocks.flatMap((block) => (block.frame === undefined ? [] : [block.frame]))
}

describe('the SSE decoder', () => {
  it.each([
    ['LF', 'event: a\ndata: 1\n\ndata: 2\n\n'],
    ['CRLF', 'event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n'],
    ['CR', 'event: a\rdata: 1\r\rdata: 2\r\r'],
    ['no space after the colon', 'event:a\ndata:1\n\ndata:2\n\n'],
    ['a byte order mark', '\uFEFFevent: a\ndata: 1\n\ndata: 2\n\n'],
    ['comments between events', ': hello\n\nevent: a\ndata: 1\n\n: more\n\ndata: 2\n\n'],
    ['a last event without its blank line', 'event: a\ndata: 1\n\ndata: 2'],
    ['a last line without its blank line', 'event: a\ndata: 1\n\ndata: 2\n'],
  ])('reads events with %s', (_name, text) => {
    expect(frames(decode(encoder.encode(text)))).toEqual([{ event: 'a', data: '1' }, { data: '2' }])
  })

  it('joins several data lines with a line feed, as the specification says', () => {
    expect(frames(decode(encoder.encode('data: 1\ndata: 2\n\n')))).toEqual([{ data: '1\n2' }])
  })

  it('gives the same events and the same bytes however the input is cut', () => {
    const pieces = fc.constantFrom('data: 1', 'event: x', 'data: äöü €', 'data: 🙂🙃', ': c', 'id: 7', '')
    const breaks = fc.constantFrom('\n', '\r\n', '\r')
    const text = fc.array(fc.tuple(pieces, breaks), { maxLength: 30 }).map((lines) => lines.flat().join(''))
    fc.assert(
      fc.property(text, fc.array(fc.nat(500), { maxLength: 20 }), (source, cuts) => {
        const bytes = encoder.encode(source)
        const whole = decode(bytes)
        const cut = decode(bytes, cuts)
        expect(frames(cut)).toEqual(frames(whole))
        expect(cut.map((block) => decoder.decode(block.bytes)).join('')).toBe(source)
      }),
      { numRuns: 300 },
    )
  })

  it('never splits a UTF-8 sequence, at any byte', () => {
    const bytes = encoder.encode('data: 日本語🙂\n\n')
    for (let cut = 0; cut <= bytes.length; cut++) expect(frames(decode(bytes, [cut]))).toEqual([{ data: '日本語🙂' }])
  })

  it('hands out bytes that later chunks do not overwrite', () => {
    const sse = createSseDecoder(1000)
    sse.push(encoder.encode('data: fir'))
    const [first] = sse.push(encoder.encode('st\n\ndata: sec'))
    sse.push(encoder.encode('ond and a long rest that grows the buffer\n\n'))
    expect(decoder.decode(first?.bytes)).toBe('data: first\n\n')
  })

  it('refuses an event that grows past the limit, after handing out those before it', () => {
    const sse = createSseDecoder(50)
    expect(frames(sse.push(encoder.encode(`data: ok\n\ndata: ${'x'.repeat(60)}`)))).toEqual([{ data: 'ok' }])
    expect(() => sse.push(encoder.encode('x'))).toThrow(BlockOverflow)
    expect(() => sse.end()).toThrow(BlockOverflow)
  })

  it('stays linear on an event that arrives byte by byte', () => {
    const sse = createSseDecoder(4_000_000)
    const byte = encoder.encode('x')
    let reads = 0
    sse.push(encoder.encode('data: '))
    for (let i = 0; i < 200_000; i++) reads += sse.push(byte).length
    expect(reads).toBe(0)
    expect(sse.push(encoder.encode('\n\n'))[0]?.frame?.data.length).toBe(200_000)
  })
})
