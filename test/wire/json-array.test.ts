import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createJsonArrayDecoder, createJsonArrayEncoder } from '../../src/wire/json-array.ts'
import { BlockOverflow, type Block } from '../../src/wire/block.ts'
import { readFileSync, readdirSync } from 'node:fs'
import { chunkings } from '../support/chunkings.ts'
import { requireShared, sharedPath } from '../support/shared.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function decode(bytes: Uint8Array, cuts: readonly number[] = [], limit = 1_000_000): Block[] {
  const array = createJsonArrayDecoder(limit)
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  const blocks = edges.slice(1).flatMap((end, index) => array.push(bytes.slice(edges[index], end)))
  return [...blocks, ...array.end()]
}

const elements = (blocks: readonly Block[]): string[] =>
  blocks.flatMap(({ frame }) => (frame === undefined ? [] : [frame.data]))
const textOf = (blocks: readonly Block[]): string =>
  decoder.decode(encoder.encode(blocks.map(({ bytes }) => decoder.decode(bytes)).join('')))

describe('the decoder of a JSON array', () => {
  it.each<[string, string, string[]]>([
    ['a compact array', '[{"a":1},{"b":2}]', ['{"a":1}', '{"b":2}']],
    ['a pretty-printed array', '[{\n  "a": 1\n}\n,\r\n{\n  "b": 2\n}\n]\n', ['{\n  "a": 1\n}', '{\n  "b": 2\n}']],
    ['an empty array', '[]', []],
    ['an empty array with white space', ' [ \n ] ', []],
    [
      'brackets, commas and quotes inside strings',
      '[{"a":"]},{[\\"\\\\"},{"b":"\\\\"}]',
      ['{"a":"]},{[\\"\\\\"}', '{"b":"\\\\"}'],
    ],
    ['arrays and objects inside elements', '[{"a":[{"b":[[]]}]},[[1],2]]', ['{"a":[{"b":[[]]}]}', '[[1],2]']],
    ['elements that are no objects', '[1, "a,]" ,null,true]', ['1', '"a,]"', 'null', 'true']],
    ['one object that is no array', '{"error":{"code":400}}', ['{"error":{"code":400}}']],
    ['letters beyond ASCII', '[{"a":"日本語🙂]"},{"ü":"é"}]', ['{"a":"日本語🙂]"}', '{"ü":"é"}']],
  ])('reads %s, cut at any byte', (_name, text, expected) => {
    const bytes = encoder.encode(text)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const blocks = decode(bytes, [cut])
      expect(elements(blocks)).toEqual(expected)
      expect(textOf(blocks)).toBe(text)
    }
  })

  it('gives the same elements and the same bytes however the input is cut', () => {
    const text = fc
      .array(fc.jsonValue(), { maxLength: 6 })
      .chain((value) => fc.constantFrom(JSON.stringify(value), JSON.stringify(value, undefined, 2)))
    fc.assert(
      fc.property(text, fc.array(fc.nat(500), { maxLength: 20 }), (source, cuts) => {
        const blocks = decode(encoder.encode(source), cuts)
        expect(textOf(blocks)).toBe(source)
        expect(elements(blocks).map((element) => JSON.parse(element) as unknown)).toEqual(JSON.parse(source))
      }),
      { numRuns: 300 },
    )
  })

  it('hands out an element as soon as it is whole', () => {
    const array = createJsonArrayDecoder(1000)
    expect(elements(array.push(encoder.encode('[{"a":1}')))).toEqual(['{"a":1}'])
    expect(array.push(encoder.encode('\n,'))).toEqual([])
    expect(elements(array.push(encoder.encode('{"b":2}')))).toEqual(['{"b":2}'])
  })

  it('never lets what was handed out end in a comma, so that an error can follow it', () => {
    const array = createJsonArrayDecoder(1000)
    const blocks = array.push(encoder.encode('[{"a":1},\n{"b":'))
    expect(textOf(blocks)).toBe('[{"a":1}')
    const closing = createJsonArrayEncoder()
    closing.resume()
    const rest = decoder.decode(closing.encode([{ data: '{"error":{}}' }])) + decoder.decode(closing.close())
    expect(JSON.parse(textOf(blocks) + rest)).toEqual([{ a: 1 }, { error: {} }])
  })

  it('says nothing of an element that was cut off, but keeps its bytes', () => {
    const blocks = decode(encoder.encode('[{"a":1},{"b":'))
    expect(elements(blocks)).toEqual(['{"a":1}'])
    expect(textOf(blocks)).toBe('[{"a":1},{"b":')
  })

  it('hands on what follows the array without reading it', () => {
    const blocks = decode(encoder.encode('[1]\n{"a":1}'))
    expect(elements(blocks)).toEqual(['1'])
    expect(textOf(blocks)).toBe('[1]\n{"a":1}')
  })

  it('stops where it is told to and returns what is left of the chunk', () => {
    const array = createJsonArrayDecoder(1000)
    const taken: string[] = []
    const take = ({ bytes }: Block): boolean => taken.push(decoder.decode(bytes)) !== 2
    const left = array.feed(encoder.encode('[1,[2],"3"]'), take, () => false)
    expect(taken).toEqual(['[1', ',[2]'])
    expect(left && decoder.decode(left)).toBe(',"3"]')
    array.feed(left ?? new Uint8Array(0), take, () => false)
    expect(taken).toEqual(['[1', ',[2]', ',"3"', ']'])
    expect(array.end()).toEqual([])
  })

  it('hands out bytes that later chunks do not overwrite', () => {
    const array = createJsonArrayDecoder(1000)
    array.push(encoder.encode('[{"a":'))
    const [block] = array.push(encoder.encode('1}'))
    array.push(encoder.encode(',{"b":2}'))
    expect(block && decoder.decode(block.bytes)).toBe('[{"a":1}')
  })

  it.each([
    ['in one chunk', [`[{"a":"${'x'.repeat(100)}"}]`]],
    ['in a drip that never ends', Array.from({ length: 200 }, (_, index) => (index === 0 ? '["' : 'x'))],
  ])('refuses an element beyond the limit %s', (_name, chunks) => {
    const array = createJsonArrayDecoder(50)
    expect(() => {
      for (const chunk of [...chunks, ' ']) array.push(encoder.encode(chunk))
    }).toThrow(BlockOverflow)
  })
})

describe('the encoder of a JSON array', () => {
  const whole = (...batches: string[][]): string => {
    const array = createJsonArrayEncoder()
    const parts = batches.map((batch) => decoder.decode(array.encode(batch.map((data) => ({ data })))))
    return parts.join('') + decoder.decode(array.close())
  }

  it.each<[string, string[][], string]>([
    ['nothing', [], '[]'],
    ['empty batches', [[], []], '[]'],
    ['one element', [['{"a":1}']], '[{"a":1}]'],
    ['elements of one batch and of several', [['1', '2'], [], ['3']], '[1,\n2,\n3]'],
  ])('writes %s as one array', (_name, batches, expected) => {
    expect(whole(...batches)).toBe(expected)
  })

  it('closes once', () => {
    const array = createJsonArrayEncoder()
    array.close()
    expect(array.close()).toHaveLength(0)
  })

  it('is read back by the decoder', () => {
    const values = fc.array(fc.jsonValue(), { maxLength: 8 })
    fc.assert(
      fc.property(values, (list) => {
        const text = whole(list.map((value) => JSON.stringify(value)))
        expect(elements(decode(encoder.encode(text)))).toEqual(list.map((value) => JSON.stringify(value)))
      }),
    )
  })
})

describe.runIf(requireShared('recorded streams as arrays'))('recorded streams as arrays', () => {
  const folder = sharedPath('corpus', 'recorded', 'gemini')
  const streams = readdirSync(folder).filter((name) => name.endsWith('.sse'))

  it.each(streams)('%s comes back, pretty-printed and at every chunking', (name) => {
    const chunks = readFileSync(`${folder}/${name}`, 'utf8')
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => JSON.parse(line.slice('data:'.length)) as unknown)
    const bytes = encoder.encode(JSON.stringify(chunks, undefined, 2))
    for (const { chunks: pieces } of chunkings(bytes, false)) {
      const array = createJsonArrayDecoder(10_000_000)
      const blocks = [...pieces.flatMap((piece) => array.push(piece)), ...array.end()]
      expect(elements(blocks).map((element) => JSON.parse(element) as unknown)).toEqual(chunks)
      expect(Buffer.concat(blocks.map((block) => block.bytes)).equals(bytes)).toBe(true)
    }
  })
})
