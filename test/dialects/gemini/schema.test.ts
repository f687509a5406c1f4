// Schemas: JSON Schema cut down to what the wire documents, and the wire's own language read as JSON Schema.
import { describe, expect, it } from 'vitest'
import { compileSchema } from '../../../src/dialects/gemini/compile-schema.ts'
import { decodeSchema } from '../../../src/dialects/gemini/gemini-schema.ts'
import type { Json } from './support.ts'

function compile(schema: unknown): { schema: Json; losses: string[] } {
  const losses: string[] = []
  const compiled = compileSchema(schema, 's', {
    drop: (path) => losses.push(`dropped ${path}`),
    approximate: (path) => losses.push(`approximated ${path}`),
  })
  return { schema: compiled, losses }
}

describe('a schema that the wire can say', () => {
  it('stays as it is', () => {
    const schema = {
      type: 'object',
      title: 't',
      description: 'd',
      properties: {
        a: { type: 'string', format: 'date-time', enum: ['x', 'y'] },
        b: { type: 'integer', minimum: 1, maximum: 2 },
        c: { type: 'array', items: { type: 'number' }, minItems: 1, maxItems: 3 },
        d: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        e: { oneOf: [{ type: 'string' }, { type: 'number' }] },
        f: { type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }] },
        g: { type: ['string', 'null'] },
        h: { type: 'integer', enum: [1, 2] },
        i: { type: 'object', additionalProperties: { type: 'string' } },
      },
      required: ['a', 'b'],
      additionalProperties: false,
      propertyOrdering: ['b', 'a'],
    }
    expect(compile(schema)).toEqual({ schema, losses: [] })
  })
})

describe('a keyword that the wire does not have', () => {
  it.each([
    '$schema',
    '$comment',
    'default',
    'pattern',
    'minLength',
    'multipleOf',
    'uniqueItems',
    'minProperties',
    'examples',
    'not',
    'if',
    'propertyNames',
    'patternProperties',
    'dependentRequired',
    'contentEncoding',
    'x-vendor',
  ])('is lost once, with its place: %s', (keyword) => {
    const schema = { type: 'object', properties: { a: { type: 'string', [keyword]: {} } } }
    expect(compile(schema)).toEqual({
      schema: { type: 'object', properties: { a: { type: 'string' } } },
      losses: [`dropped s.properties.a.${keyword}`],
    })
  })

  it.each(['propertyNames', 'exclusiveMinimum', 'const', '$ref', 'allOf', 'default', 'nullable'])(
    'may well be the name of a property: %s',
    (name) => {
      const schema = { type: 'object', properties: { [name]: { type: 'string' } }, required: [name] }
      expect(compile(schema)).toEqual({ schema, losses: [] })
    },
  )

  it('is lost at every depth, under its own path each', () => {
    const bad = { type: 'string', pattern: 'x' }
    const schema = {
      anyOf: [
        { type: 'array', items: bad },
        { type: 'object', properties: { a: bad }, additionalProperties: bad },
      ],
    }
    expect(compile(schema).losses).toEqual([
      'dropped s.anyOf[0].items.pattern',
      'dropped s.anyOf[1].properties.a.pattern',
      'dropped s.anyOf[1].additionalProperties.pattern',
    ])
  })
})

describe('what the wire says otherwise', () => {
  it.each<[string, unknown, unknown, string[]]>([
    ['a constant', { const: 'x' }, { type: 'string', enum: ['x'] }, []],
    ['a constant number', { type: 'integer', const: 5 }, { type: 'integer', enum: [5] }, []],
    ['a constant null', { const: null }, { type: 'null' }, []],
    ['a constant that cannot be listed', { type: 'boolean', const: true }, { type: 'boolean' }, ['dropped s.const']],
    ['a list with null', { enum: ['a', null] }, { type: ['string', 'null'], enum: ['a'] }, []],
    ['a list of truths', { enum: [true, 'a'] }, {}, ['dropped s.enum']],
    ['OpenAPI’s nullable', { type: 'string', nullable: true }, { type: ['string', 'null'] }, []],
    ['several types', { type: ['string', 'number'] }, { anyOf: [{ type: 'string' }, { type: 'number' }] }, []],
    [
      'several types and null, each with what is its own',
      { type: ['array', 'string', 'null'], items: { type: 'number' }, format: 'x', description: 'd' },
      {
        description: 'd',
        anyOf: [{ type: 'array', items: { type: 'number' } }, { type: 'string', format: 'x' }, { type: 'null' }],
      },
      [],
    ],
    [
      'an exclusive bound',
      { type: 'number', exclusiveMinimum: 0 },
      { type: 'number', minimum: 0 },
      ['approximated s.exclusiveMinimum'],
    ],
    [
      'an exclusive bound of whole numbers',
      { type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 10, minimum: -5 },
      { type: 'integer', minimum: 1, maximum: 9 },
      ['approximated s.exclusiveMinimum', 'approximated s.exclusiveMaximum'],
    ],
    ['a bound of draft 4', { minimum: 1, exclusiveMinimum: true }, { minimum: 1 }, ['approximated s.exclusiveMinimum']],
    [
      'a tuple of draft 7',
      { type: 'array', items: [{ type: 'string' }] },
      { type: 'array', prefixItems: [{ type: 'string' }] },
      [],
    ],
    ['types in capitals', { type: 'STRING' }, { type: 'string' }, []],
    [
      'a schema that anything fits',
      { type: 'object', properties: { a: true } },
      { type: 'object', properties: { a: {} } },
      [],
    ],
    [
      'a property that nothing fits',
      { type: 'object', properties: { a: false } },
      { type: 'object', properties: {} },
      ['dropped s.properties.a'],
    ],
    [
      'a required property that nobody describes',
      { type: 'object', properties: { a: {} }, required: ['a', 'b'] },
      { type: 'object', properties: { a: {} }, required: ['a'] },
      ['approximated s.required'],
    ],
  ])('%s', (_what, schema, expected, losses) => {
    expect(compile(schema)).toEqual({ schema: expected, losses })
  })

  it('one schema of several', () => {
    const schema = {
      allOf: [
        { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] },
        { properties: { b: { type: 'number' } }, required: ['b'] },
      ],
      description: 'd',
    }
    expect(compile(schema)).toEqual({
      schema: {
        type: 'object',
        description: 'd',
        properties: { b: { type: 'number' }, a: { type: 'string' } },
        required: ['a', 'b'],
      },
      losses: [],
    })
    expect(compile({ allOf: [{ type: 'string' }, { type: 'number' }] })).toEqual({
      schema: { type: 'string' },
      losses: ['approximated s.allOf'],
    })
  })
})

describe('references', () => {
  it('are written out, with the words that stand beside them', () => {
    const schema = {
      type: 'object',
      properties: { a: { $ref: '#/$defs/A', description: 'mine' }, b: { $ref: '#/definitions/B~1C' } },
      $defs: { A: { type: 'string', description: 'its' } },
      definitions: { 'B/C': { type: 'number' } },
    }
    expect(compile(schema)).toEqual({
      schema: { type: 'object', properties: { a: { type: 'string', description: 'mine' }, b: { type: 'number' } } },
      losses: [],
    })
  })

  it('lose a keyword of a definition once, where the definition stands', () => {
    const schema = {
      type: 'object',
      properties: { a: { $ref: '#/$defs/A' }, b: { $ref: '#/$defs/A' } },
      $defs: { A: { type: 'string', pattern: 'x' } },
    }
    expect(compile(schema).losses).toEqual(['dropped s.$defs.A.pattern'])
  })

  it('to themselves end', () => {
    const schema = {
      $ref: '#/$defs/Node',
      $defs: {
        Node: {
          type: 'object',
          properties: {
            value: { type: 'string' },
            next: { $ref: '#/$defs/Node' },
            all: { type: 'array', items: { $ref: '#' } },
          },
        },
      },
    }
    const compiled = compile(schema)
    expect(compiled.schema).toMatchObject({
      type: 'object',
      properties: { value: { type: 'string' }, next: { type: 'object' }, all: { type: 'array' } },
    })
    expect(compiled.losses).toContain('approximated s.$defs.Node.properties.next.$ref')
    expect(JSON.stringify(compiled.schema)).not.toContain('$ref')
  })

  it('that lead nowhere are lost', () => {
    expect(compile({ $ref: 'https://a.example/b' })).toEqual({ schema: {}, losses: ['dropped s.$ref'] })
    expect(compile({ $ref: '#/$defs/x' })).toEqual({ schema: {}, losses: ['dropped s.$ref'] })
  })

  it('that multiply have an end too', () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 30 }, (_, at) => [
        `d${at}`,
        { type: 'object', properties: { a: { $ref: `#/$defs/d${at + 1}` }, b: { $ref: `#/$defs/d${at + 1}` } } },
      ]),
    )
    const compiled = compile({ $ref: '#/$defs/d0', $defs })
    expect(compiled.losses.some((loss) => loss.startsWith('approximated'))).toBe(true)
    expect(JSON.stringify(compiled.schema).length).toBeLessThan(1_000_000)
  })
})

describe('a schema of this wire', () => {
  it.each<[string, unknown, unknown]>([
    [
      'types',
      { type: 'OBJECT', properties: { A_b: { type: 'INTEGER' } } },
      { type: 'object', properties: { A_b: { type: 'integer' } } },
    ],
    ['an unspecified type', { type: 'TYPE_UNSPECIFIED', title: 't' }, { title: 't' }],
    ['a nullable type', { type: 'STRING', nullable: true }, { type: ['string', 'null'] }],
    [
      'a nullable list',
      { type: 'STRING', format: 'enum', enum: ['a'], nullable: true },
      { type: ['string', 'null'], enum: ['a', null] },
    ],
    [
      'a nullable union',
      { anyOf: [{ type: 'STRING' }], nullable: true },
      { anyOf: [{ type: 'string' }, { type: 'null' }] },
    ],
    [
      'counts as text',
      { type: 'ARRAY', minItems: '1', items: { type: 'STRING', max_length: '5' } },
      { type: 'array', minItems: 1, items: { type: 'string', maxLength: 5 } },
    ],
    ['an example', { type: 'STRING', example: 'x' }, { type: 'string', examples: ['x'] }],
    ['something that is none', true, true],
  ])('is read as JSON Schema: %s', (_what, schema, expected) => {
    expect(decodeSchema(schema)).toEqual(expected)
  })

  it('gives its properties the order it asks for', () => {
    const schema = { type: 'OBJECT', properties: { a: {}, b: {}, c: {} }, property_ordering: ['c', 'a', 'x'] }
    expect(Object.keys((decodeSchema(schema) as { properties: Json }).properties)).toEqual(['c', 'a', 'b'])
  })
})
