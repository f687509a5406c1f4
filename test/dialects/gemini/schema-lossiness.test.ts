import { describe, expect, it } from 'vitest'
import { compileSchema } from '../../../src/dialects/gemini/compile-schema.ts'

function lossesOf(schema: unknown): string[] {
  const losses: string[] = []
  compileSchema(schema, 's', {
    drop: (path, _reason, lossiness) => void losses.push(`${path} ${lossiness}`),
    approximate: (path, _reason, lossiness) => void losses.push(`${path} ${lossiness}`),
  })
  return losses
}

describe('what a schema loses with a keyword', () => {
  it.each([
    ['a hint', { type: 'string', default: 'x' }, ['s.default low']],
    ['an extension', { type: 'string', 'x-order': 1 }, ['s.x-order low']],
    ['a bound on a value', { type: 'string', minLength: 2, pattern: '^a' }, ['s.minLength medium', 's.pattern medium']],
    ['a bound that comes near', { type: 'integer', exclusiveMinimum: 0 }, ['s.exclusiveMinimum low']],
    ['a condition', { type: 'object', if: {}, else: {} }, ['s.if high', 's.else high']],
    ['names of properties', { type: 'object', propertyNames: { maxLength: 3 } }, ['s.propertyNames high']],
    ['a keyword of a later draft', { type: 'object', wobble: true }, ['s.wobble medium']],
    ['a reference to elsewhere', { $ref: 'https://example.com/a.json' }, ['s.$ref high']],
    ['nothing', { type: 'object', properties: { pattern: { type: 'string' } } }, []],
  ])('is told for %s', (_name, schema, expected) => {
    expect(lossesOf(schema)).toEqual(expected)
  })
})
