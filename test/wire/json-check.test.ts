// The check of an event's JSON against the parser that it stands in for.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isJsonRecord } from '../../src/wire/json-check.ts'
import { framesOf, recordings } from '../support/corpus.ts'
import { rounds } from '../support/full-run.ts'

/** What the parser says: one object or array. */
function parses(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}

describe('whether a text is a JSON record', () => {
  it.each([
    '{}',
    '[]',
    ' {"a": [1, -0.5e+10, true, false, null, "x"]} \n',
    '{"a":"\\u00e9\\"\\\\\\/\\b\\f\\n\\r\\t"}',
    '{"a":{"b":[[],{}]}}',
    '{"a":0,"b":-1,"c":1e5,"d":1.5E-3}',
  ])('says yes to %s', (text) => {
    expect(parses(text)).toBe(true)
    expect(isJsonRecord(text)).toBe(true)
  })

  it.each([
    '',
    '1',
    '"a"',
    'null',
    '{',
    '{"a":1',
    '{"a":1}}',
    '{"a":1},',
    '{"a" 1}',
    '{"a":1,}',
    '{,"a":1}',
    '[1,]',
    '[1 2]',
    '[,]',
    '{"a":01}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":1e}',
    '{"a":+1}',
    '{"a":nul}',
    '{"a":truee}',
    '{a:1}',
    "{'a':1}",
    '{"a":"b}',
    '{"a":"\\x"}',
    '{"a":"\\u12g4"}',
    '{"a":"\u0001"}',
    '{"a":1]',
    '[1}',
    '{}{}',
    '{"a":}',
    '{"a"}',
    'x{}',
  ])('says no to %s', (text) => {
    expect(parses(text)).toBe(false)
    expect(isJsonRecord(text)).toBe(false)
  })

  it('says nothing of what is nested too deep to tell', () => {
    expect(isJsonRecord(`${'['.repeat(30)}${']'.repeat(30)}`)).toBe(true)
    expect(isJsonRecord(`${'['.repeat(31)}${']'.repeat(31)}`)).toBeUndefined()
  })

  it('looks at no more than what it is asked about', () => {
    expect(isJsonRecord('data: {"a":1}\n\ndata: {', 5, 13)).toBe(true)
    expect(isJsonRecord('data: {"a":"1"}', 5, 13)).toBe(false)
    expect(isJsonRecord('data: {"a":null}', 5, 14)).toBe(false)
    expect(isJsonRecord('data: {"a":"\\u00e9"}', 5, 15)).toBe(false)
  })

  it('agrees with the parser on whatever is cut, changed or swapped', () => {
    const text = fc.json({ depthSize: 'medium' })
    const place = fc.nat(400)
    const instead = fc.constantFrom(
      '',
      '"',
      '\\',
      ',',
      ':',
      '{',
      '}',
      '[',
      ']',
      '0',
      '-',
      'e',
      '.',
      ' ',
      '\n',
      '\u0000',
      'x',
    )
    fc.assert(
      fc.property(text, place, place, instead, (json, from, length, put) => {
        const changed = json.slice(0, from) + put + json.slice(from + (length % 4))
        for (const each of [json, changed, json.slice(0, from)]) {
          const said = isJsonRecord(each)
          if (said !== undefined) expect(said, each).toBe(parses(each))
        }
      }),
      { numRuns: rounds(20_000, 2000) },
    )
  })

  it('can read every event of every recording', () => {
    for (const recording of recordings()) {
      if (recording.role !== 'response' || !recording.stream) continue
      for (const { data, kind } of framesOf(recording))
        if (kind === undefined && parses(data)) expect(isJsonRecord(data), recording.file).toBe(true)
    }
  })
})
