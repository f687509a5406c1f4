import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/catalog/parse-config.ts'
import { problemText } from '../../src/catalog/problem.ts'

function problems(text: string): string[] {
  const parsed = parseConfig(text)
  return parsed.ok ? [] : parsed.problems.map(problemText)
}

describe('the file format', () => {
  it('takes comments, trailing commas and a byte order mark', () => {
    const text = '\uFEFF// one\n{ /* two */ "a": [1, 2,], "b": { "c": null, }, }\n'
    expect(parseConfig(text)).toEqual({ ok: true, value: { a: [1, 2], b: { c: null } } })
  })

  it.each([
    ['a missing comma with its place', '{\n  "a": 1\n  "b": 2\n}', 'line 3, column 3: comma expected'],
    ['a missing value', '{ "a": }', 'line 1, column 8: value expected'],
    ['an unclosed object', '{ "a": 1', 'line 1, column 9: close brace expected'],
    ['an unclosed string', '{ "a": "x\n}', 'line 1, column 8: unexpected end of string'],
    ['text after the end', '{}\n{}', 'line 2, column 1: end of file expected'],
    ['nothing', '', 'line 1, column 1: value expected'],
    ['a duplicate key', '{ "routes": { "a": 1, "a": 2 } }', 'routes.a: duplicate key'],
    ['a duplicate key spelled with an escape', '{ "a": 1, "\\u0061": 2 }', 'a: duplicate key'],
    ['a duplicate key in a list', '{ "keys": [{}, { "id": 1, "id": 2 }] }', 'keys[1].id: duplicate key'],
    ['a prototype', '{ "__proto__": { "x": 1 } }', '__proto__: not accepted as a key'],
    ['a constructor', '{ "a": { "constructor": 1 } }', 'a.constructor: not accepted as a key'],
    ['a number too large to hold', '{ "a": 9007199254740993 }', 'a: more digits than a number can hold exactly'],
    ['a price of too many digits', '{ "a": 0.12345678901234567891 }', 'a: more digits than a number can hold exactly'],
    ['an infinite number', '{ "a": [1e400] }', 'a[0]: more digits than a number can hold exactly'],
  ])('refuses %s', (_name, text, problem) => {
    expect(problems(text)).toContain(problem)
  })

  it('says once what is wrong at one place', () => {
    expect(problems('{ "a": { "b": {')).toEqual(['line 1, column 16: close brace expected'])
  })

  it.each([0, -1, 0.15, 0.075, 1e-9, 1e21, 1.5e300, 9_007_199_254_740_991])('holds %d', (value) => {
    expect(parseConfig(JSON.stringify(value))).toEqual({ ok: true, value })
  })

  it.each([
    ['1.0', 1],
    ['0.10', 0.1],
    ['10e-1', 1],
    ['1E3', 1000],
    ['-0.0', -0],
    ['100', 100],
  ])('reads %s', (text, value) => {
    expect(parseConfig(text)).toEqual({ ok: true, value })
  })

  it('names every duplicate, not only the first', () => {
    expect(problems('{ "a": 1, "a": 2, "b": { "c": 1, "c": 2 } }')).toEqual(['a: duplicate key', 'b.c: duplicate key'])
  })

  it('refuses deep nesting before it can overflow anything', () => {
    expect(problems('['.repeat(500_000))).toEqual(['line 1, column 65: nested deeper than 64'])
    expect(parseConfig(`${'['.repeat(64)}${']'.repeat(64)}`).ok).toBe(true)
    expect(parseConfig(`{ "a": "${'['.repeat(100)}" } // ${'['.repeat(100)}`).ok).toBe(true)
  })

  it('refuses an oversized text', () => {
    expect(problems(`"${'x'.repeat(9 * 1024 * 1024)}"`)).toEqual(['larger than 8388608 characters'])
  })
})
