import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJson, type JsonDocument } from '../../src/wire/json-scan.ts'
import { spliceJson, type Edit } from '../../src/wire/json-splice.ts'

const encoder = new TextEncoder()

function document(text: string): JsonDocument {
  const reading = readJson(encoder.encode(text), { maxDepth: 64, maxKeysPerObject: 1000 })
  if (!reading.ok) throw new Error(reading.fault)
  return reading.document
}

function splice(text: string, ...edits: Edit[]): string {
  return new TextDecoder().decode(spliceJson(document(text), edits))
}

const set = (key: string, json: string): Edit => ({ type: 'set', key, json })
const remove = (key: string): Edit => ({ type: 'remove', key })
const rename = (key: string, to: string): Edit => ({ type: 'rename', key, to })

describe('splicing a JSON body', () => {
  it.each<[string, string, Edit[], string]>([
    [
      'replaces one value and nothing else',
      '{ "model" : "a", "seed":9007199254740993,"t":1.0 }',
      [set('model', '"b"')],
      '{ "model" : "b", "seed":9007199254740993,"t":1.0 }',
    ],
    [
      'keeps escapes and order of what it does not touch',
      '{"z":"\\u00e4\\/","model":"a","a":1e2}',
      [set('model', '"b"')],
      '{"z":"\\u00e4\\/","model":"b","a":1e2}',
    ],
    [
      'replaces a value beside text that is not ASCII',
      '{"m":"日本🙂","model":"a","k":"ü"}',
      [set('model', '"längeres"')],
      '{"m":"日本🙂","model":"längeres","k":"ü"}',
    ],
    ['adds a member at the end', '{"a":1}', [set('b', '2')], '{"a":1,"b":2}'],
    ['adds to an empty object', '{ }', [set('b', '2')], '{"b":2 }'],
    ['adds two in order', '{"a":1 }', [set('b', '2'), set('c', '3')], '{"a":1,"b":2,"c":3 }'],
    ['replaces and adds at once', '{"model":"a"}', [set('model', '"b"'), set('x', '{}')], '{"model":"b","x":{}}'],
    ['renames a key', '{"maxTokens" : 5,"a":1}', [rename('maxTokens', 'max_tokens')], '{"max_tokens" : 5,"a":1}'],
    ['removes the first', '{"a":1, "b":2}', [remove('a')], '{"b":2}'],
    ['removes one in the middle', '{"a":1, "b":2, "c":3}', [remove('b')], '{"a":1, "c":3}'],
    ['removes the last', '{"a":1, "b":2 }', [remove('b')], '{"a":1 }'],
    ['removes the only one', '{ "a":1 }', [remove('a')], '{  }'],
    ['removes all and adds one', '{"a":1,"b":2}', [remove('a'), remove('b'), set('c', '3')], '{"c":3}'],
    [
      'removes, renames and replaces together',
      '{"a":1,"b":2,"c":3}',
      [remove('a'), rename('b', 'x'), set('c', '4')],
      '{"x":2,"c":4}',
    ],
    ['does nothing to absent members', '{"a":1}', [remove('b'), rename('c', 'd')], '{"a":1}'],
  ])('%s', (_name, before, edits, after) => {
    expect(splice(before, ...edits)).toBe(after)
  })

  it('returns the very same bytes where nothing changes', () => {
    const source = document('{"model":"a","x":1}')
    expect(spliceJson(source, [set('model', '"a"'), remove('y')])).toBe(source.bytes)
  })

  it('means the same as editing the parsed object', () => {
    const names = ['a', 'b', 'c', 'd', 'ä']
    const object = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 5 })
    const edit = fc.oneof(
      fc
        .tuple(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 1 }))
        .map(([key, value]) => set(key, JSON.stringify(value))),
      fc.constantFrom(...names).map(remove),
    )
    fc.assert(
      fc.property(object, fc.uniqueArray(edit, { selector: (one) => one.key, maxLength: 4 }), (value, edits) => {
        const expected: Record<string, unknown> = JSON.parse(JSON.stringify(value))
        for (const one of edits) {
          if (one.type === 'set') expected[one.key] = JSON.parse(one.json)
          else delete expected[one.key]
        }
        const text = JSON.stringify(value)
        if (/__proto__|prototype|constructor/.test(text)) return
        expect(JSON.parse(splice(text, ...edits))).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })
})
