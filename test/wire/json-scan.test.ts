import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readJson, type JsonLimits } from '../../src/wire/json-scan.ts'

const limits: JsonLimits = { maxDepth: 64, maxKeysPerObject: 1000 }
const encoder = new TextEncoder()

function read(text: string, with_: JsonLimits = limits) {
  return readJson(encoder.encode(text), with_)
}

function fault(text: string, with_: JsonLimits = limits): string {
  const reading = read(text, with_)
  return reading.ok ? 'ok' : reading.fault
}

describe('reading a JSON body', () => {
  it.each([
    ['not JSON', '{"a":', 'invalid_json'],
    ['two values', '{"a":1} {"b":2}', 'invalid_json'],
    ['a trailing comma', '{"a":1,}', 'invalid_json'],
    ['a comment', '{"a":1 /* no */}', 'invalid_json'],
    ['NaN', '{"a":NaN}', 'invalid_json'],
    ['an unterminated string', '{"a":"b', 'invalid_json'],
    ['two byte order marks', '\uFEFF\uFEFF{"a":1}', 'invalid_json'],
    ['an array', '[1,2]', 'invalid_body'],
    ['null', 'null', 'invalid_body'],
    ['a string', '"{}"', 'invalid_body'],
    ['the same key twice', '{"a":1,"a":2}', 'duplicate_key'],
    ['the same key twice, one of them escaped', '{"a":1,"\\u0061":2}', 'duplicate_key'],
    ['the same key twice, deep inside', '{"x":[{"a":1,"b":2,"a":3}]}', 'duplicate_key'],
    [
      'the same key twice among many',
      `{${Array.from({ length: 40 }, (_, i) => `"k${i}":0`).join()},"k3":1}`,
      'duplicate_key',
    ],
    ['__proto__', '{"__proto__":{}}', 'forbidden_key'],
    ['__proto__, escaped', '{"__pr\\u006fto__":{}}', 'forbidden_key'],
    ['constructor, deep inside', '{"messages":[{"constructor":1}]}', 'forbidden_key'],
    ['a lone surrogate', '{"a":"\\ud800"}', 'invalid_utf8'],
    ['a lone surrogate in a key', '{"\\udc00x":1}', 'invalid_utf8'],
  ])('refuses %s', (_name, text, expected) => {
    expect(fault(text)).toBe(expected)
  })

  it('refuses bytes that are not UTF-8', () => {
    const reading = readJson(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), limits)
    expect(reading).toEqual({ ok: false, fault: 'invalid_utf8' })
  })

  it.each([
    ['a byte order mark', '\uFEFF{"a":1}'],
    ['a paired surrogate escape', '{"a":"\\ud83d\\ude42"}'],
    ['the same key in two objects', '{"a":{"x":1},"b":{"x":2}}'],
    [
      'keys of a tool schema that would be forbidden elsewhere',
      '{"tools":[{"function":{"parameters":{"properties":{"__proto__":{},"constructor":{}}}}}]}',
    ],
    ['a tool input with a forbidden key', '{"messages":[{"content":[{"type":"tool_use","input":{"prototype":1}}]}]}'],
    ['brackets and quotes inside strings', '{"a":"}]{[,:\\"\\\\","b":1}'],
    ['a string that ends in an escaped backslash', '{"a":"\\\\","b":"x"}'],
  ])('accepts %s', (_name, text) => {
    expect(fault(text)).toBe('ok')
  })

  it('judges a top-level key of an opaque name as what it is: part of the envelope', () => {
    expect(fault('{"input":{"__proto__":1}}')).toBe('forbidden_key')
  })

  it('counts depth exactly', () => {
    const nested = (depth: number): string => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)
    expect(fault(nested(64))).toBe('ok')
    expect(fault(nested(65))).toBe('json_too_deep')
    expect(fault('['.repeat(1_000_000))).toBe('json_too_deep')
  })

  it('counts the keys of one object exactly', () => {
    const wide = (keys: number): string => `{${Array.from({ length: keys }, (_, i) => `"k${i}":0`).join()}}`
    expect(fault(wide(1000))).toBe('ok')
    expect(fault(wide(1001))).toBe('too_many_keys')
    expect(fault(`{"tools":[{"parameters":${wide(1001)}}]}`)).toBe('too_many_keys')
  })

  it('finds the ranges of top-level members in any valid JSON', () => {
    const spaces = fc.constantFrom('', ' ', '\n  ', '\t')
    const keys = fc.uniqueArray(
      fc.string({ maxLength: 8 }).filter((key) => !/^(?:__proto__|prototype|constructor)$/.test(key)),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(
        keys,
        fc.array(fc.jsonValue({ maxDepth: 3 }), { minLength: 8, maxLength: 8 }),
        spaces,
        (names, values, space) => {
          const text = `${space}{${names.map((key, i) => `${space}${JSON.stringify(key)}${space}:${space}${JSON.stringify(values[i])}${space}`).join(',')}}${space}`
          const reading = read(text)
          // Generated values may hold a key twice only through escapes, which JSON.stringify never writes.
          if (!reading.ok) {
            expect(reading.fault).toBe('forbidden_key')
            return
          }
          expect(reading.document.members.map((member) => member.key)).toEqual(names)
          for (const [i, member] of reading.document.members.entries()) {
            expect(JSON.parse(text.slice(member.keyStart, member.keyEnd))).toBe(names[i])
            expect(text.slice(member.valueStart, member.valueEnd)).toBe(JSON.stringify(values[i]))
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('agrees with JSON.parse on whether a text is JSON', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('{', '}', '[', ']', '"', ':', ',', 'a', '1', '\\', ' ', 'e', '-'),
          maxLength: 20,
        }),
        (noise) => {
          const text = `{"k":${noise}}`
          let valid = true
          try {
            JSON.parse(text)
          } catch {
            valid = false
          }
          const found = fault(text)
          if (!valid) expect(found).not.toBe('ok')
          else expect(['ok', 'duplicate_key']).toContain(found)
        },
      ),
      { numRuns: 2000 },
    )
  })
})
