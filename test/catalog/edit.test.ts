import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { editText, type TextChange } from '../../src/catalog/edit.ts'
import { parseConfig } from '../../src/catalog/parse-config.ts'

function edited(text: string, ...changes: TextChange[]): string {
  const result = editText(text, changes)
  if (!result.ok) throw new Error(`${result.reason} ${result.path}`)
  return result.text
}

function valueOf(text: string): unknown {
  const parsed = parseConfig(text)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.value
}

const cases: readonly (readonly [what: string, before: string, changes: readonly TextChange[], after: string])[] = [
  [
    'a new member goes behind the comment of the last one',
    '{\n  "a": 1 // one\n  // end\n}\n',
    [{ path: ['b'], value: 2 }],
    '{\n  "a": 1, // one\n  "b": 2\n  // end\n}\n',
  ],
  [
    'a comma in a comment is none of the object',
    '{\n  "a": 1 // one, two\n}\n',
    [{ path: ['b'], value: 2 }],
    '{\n  "a": 1, // one, two\n  "b": 2\n}\n',
  ],
  [
    'a comma in a comment is none of the object, where the last member goes either',
    '{\n  "a": 1,\n  "b": 2 // one, two\n}\n',
    [{ path: ['b'], value: undefined }],
    '{\n  "a": 1\n}\n',
  ],
  [
    'a trailing comma stays a habit',
    '{\n  "a": 1, // one\n}',
    [{ path: ['b'], value: 2 }],
    '{\n  "a": 1, // one\n  "b": 2,\n}',
  ],
  [
    'a block comment behind the last member stays with it',
    '{\n  "a": 1 /* one */\n}',
    [{ path: ['b'], value: 2 }],
    '{\n  "a": 1, /* one */\n  "b": 2\n}',
  ],
  [
    'tabs and CRLF stay',
    '{\r\n\t"a": {\r\n\t\t"x": 1\r\n\t}\r\n}\r\n',
    [{ path: ['a', 'y'], value: 2 }],
    '{\r\n\t"a": {\r\n\t\t"x": 1,\r\n\t\t"y": 2\r\n\t}\r\n}\r\n',
  ],
  [
    'an object on one line stays on it',
    '{ "a": { "x": 1 } }',
    [{ path: ['a', 'y'], value: 2 }],
    '{ "a": { "x": 1, "y": 2 } }',
  ],
  [
    'comments between the members of one line are not lost',
    '{ "a": { "x": 1 /* why */, "y": 2 } }',
    [{ path: ['a', 'z'], value: 'z'.repeat(120) }],
    `{ "a": { "x": 1 /* why */, "y": 2, "z": "${'z'.repeat(120)}" } }`,
  ],
  [
    'only the value that changes is written anew',
    '{"a":1, /* b */ "b": [1,2]}',
    [{ path: ['a'], value: 5 }],
    '{"a":5, /* b */ "b": [1,2]}',
  ],
  ['missing parents are made', '{}', [{ path: ['a', 'b', 'c'], value: true }], '{\n  "a": { "b": { "c": true } }\n}'],
  ['a list grows at its end', '{ "l": [1, 2] }', [{ path: ['l', 2], value: 3 }], '{ "l": [1, 2, 3] }'],
  ['a member is removed', '{ "a": 1, "b": 2 }', [{ path: ['a'], value: undefined }], '{ "b": 2 }'],
  [
    'a member is removed with what stands behind it on its line',
    '{\n  // x\n  "a": 1, // one\n  // y\n  "b": 2\n}',
    [{ path: ['a'], value: undefined }],
    '{\n  // x\n  // y\n  "b": 2\n}',
  ],
  [
    'the last member takes the comma before it along',
    '{\n  "a": 1, // one\n  "b": 2 // two\n}',
    [{ path: ['b'], value: undefined }],
    '{\n  "a": 1 // one\n}',
  ],
  ['the last of a line is removed', '{ "l": [1, 2] }', [{ path: ['l', 1], value: undefined }], '{ "l": [1] }'],
  ['what is not there cannot be removed', '{ "a": 1 }', [{ path: ['b'], value: undefined }], '{ "a": 1 }'],
  [
    'later changes see earlier ones',
    '{}',
    [
      { path: ['l'], value: [] },
      { path: ['l', 0], value: 1 },
      { path: ['l', 0], value: 2 },
    ],
    '{\n  "l": [2]\n}',
  ],
  [
    'fill adds what is absent and leaves the rest',
    '{ "m": { "cost": 1 } }',
    [{ path: ['m'], value: { cost: 9, window: 5 }, existing: 'fill' }],
    '{ "m": { "cost": 1, "window": 5 } }',
  ],
  [
    'fill makes what is not there',
    '{ "m": {} }',
    [{ path: ['m', 'x'], value: { a: 1 }, existing: 'fill' }],
    '{ "m": { "x": { "a": 1 } } }',
  ],
  ['a byte order mark stays', '\uFEFF{ "a": 1 }', [{ path: ['a'], value: 2 }], '\uFEFF{ "a": 2 }'],
]

describe('an edit of the text', () => {
  it.each(cases)('%s', (_what, before, changes, after) => {
    expect(edited(before, ...changes)).toBe(after)
    expect(parseConfig(after).ok).toBe(true)
  })

  it('is refused where a change wants to be new and is not, and says where', () => {
    const change = { path: ['providers', 'a.b'], value: {}, existing: 'refuse' } as const
    expect(editText('{ "providers": { "a.b": {} } }', [change])).toEqual({
      ok: false,
      reason: 'exists',
      path: 'providers["a.b"]',
    })
  })

  it.each([
    ['through a number', '{ "a": 1 }', ['a', 'b']],
    ['into the middle of a list', '{ "l": [1] }', ['l', 5]],
    ['into a list by name', '{ "l": [1] }', ['l', 'x']],
  ])('is refused where a path leads %s', (_what, text, path) => {
    expect(editText(text, [{ path, value: 1 }])).toMatchObject({ ok: false, reason: 'no_place' })
  })

  it('tells what really changed', () => {
    const result = editText('{ "a": 1, "m": { "x": 1 } }', [
      { path: ['a'], value: 1 },
      { path: ['m'], value: { x: 2, y: 3 }, existing: 'fill' },
      { path: ['n'], value: {} },
    ])
    expect(result).toMatchObject({ ok: true, changed: [['m', 'y'], ['n']] })
  })

  it('makes thousands of members in one go', () => {
    const before = '{\n  "models": {\n    "m0": { "cost": null } // mine\n  }\n}'
    const changes = Array.from({ length: 5000 }, (_, at): TextChange => ({
      path: ['models', `m${at}`],
      value: { context_window: at + 1 },
      existing: 'fill',
    }))
    const began = performance.now()
    const text = edited(before, ...changes)
    expect(performance.now() - began).toBeLessThan(5000)
    const models = (valueOf(text) as { models: Record<string, object> }).models
    expect(Object.keys(models)).toHaveLength(5000)
    expect(models['m0']).toEqual({ cost: null, context_window: 1 })
    expect(text).toContain('// mine')
  })

  it('keeps every comment of the bundled examples, and they still compile', () => {
    const folder = fileURLToPath(new URL('../../configs/', import.meta.url))
    for (const name of ['quickstart.jsonc', 'signalbox.example.jsonc']) {
      const before = readFileSync(folder + name, 'utf8')
      const text = edited(
        before,
        {
          path: ['credentials', 'new-one'],
          value: { type: 'api_key', source: 'env', env: 'NEW_KEY' },
          existing: 'refuse',
        },
        { path: ['providers', 'new-one'], value: { type: 'groq', accounts: [{ id: 'main', credential: 'new-one' }] } },
        { path: ['models', 'new/model'], value: {} },
        { path: ['routes', 'new-route'], value: { targets: [{ provider: 'new-one', model: 'new/model' }] } },
      )
      const comments = before.match(/(?<=^|\s)\/\/ .*$/gm) ?? []
      expect(comments.length).toBeGreaterThan(3)
      for (const comment of comments) expect(text).toContain(comment)
      const compiled = compileConfig({ document: valueOf(text) })
      expect(compiled.ok ? [] : compiled.problems).toEqual([])
    }
  })

  it('always says what was asked, whatever the text and the value', () => {
    const key = fc
      .string({ minLength: 1, maxLength: 8 })
      .filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name))
    const value = fc
      .jsonValue({ maxDepth: 3 })
      .filter(
        (json) =>
          !/"(?:__proto__|constructor|prototype)"/.test(JSON.stringify(json)) &&
          !/\d{16}|e[+-]/.test(JSON.stringify(json)),
      )
    fc.assert(
      fc.property(
        fc.dictionary(key, value, { maxKeys: 4 }),
        key,
        key,
        value,
        fc.constantFrom(undefined, 2, '\t'),
        (document, first, second, added, indent) => {
          const before = JSON.stringify(document, null, indent)
          const inner = Object.hasOwn(document, first) ? document[first] : {}
          if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return
          const text = edited(before, { path: [first, second], value: added })
          // A negative zero is written as 0.
          const expected: unknown = JSON.parse(JSON.stringify({ ...document, [first]: { ...inner, [second]: added } }))
          expect(JSON.parse(text)).toEqual(expected)
        },
      ),
      { numRuns: 300 },
    )
  })

  it('keeps every comment, wherever it stands and whatever is in it', () => {
    const gap = fc.array(fc.constantFrom(' ', '\n', '\r\n', '/* , */', '/* }\n, */', '// , "x": {\n', '// }\r\n'), {
      maxLength: 3,
    })
    const key = fc.constantFrom('a', 'b', 'c')
    const leaf = fc.constantFrom<unknown>(1, '// , /* }', null, {}, [], [1, { a: 2 }])
    const documents = fc.dictionary(key, fc.oneof(leaf, fc.dictionary(key, leaf, { maxKeys: 3 })), { maxKeys: 3 })
    const added = fc.constantFrom<unknown>(1, { k: 'long '.repeat(20), l: [1] })
    const string = String.raw`"(?:[^"\\]|\\.)*"`
    const comments = (text: string): string[] =>
      [...text.matchAll(new RegExp(String.raw`${string}|//[^\r\n]*|/\*[\s\S]*?\*/`, 'g'))]
        .map(([token]) => token)
        .filter((token) => token.startsWith('/'))
        .toSorted()
    fc.assert(
      fc.property(documents, fc.infiniteStream(gap), added, fc.boolean(), (document, gaps, value, isDeep) => {
        const tokens = JSON.stringify(document).match(new RegExp(`${string}|[\\w.]+|[^\\w\\s]`, 'g')) ?? []
        const before = tokens.map((token) => token + [...gaps.take(1)].flat().join('')).join('')
        const inner = document['a']
        const goesIn = isDeep && typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        const text = edited(before, { path: goesIn ? ['a', 'new'] : ['new'], value })
        expect(valueOf(text)).toEqual(
          goesIn ? { ...document, a: { ...inner, new: value } } : { ...document, new: value },
        )
        expect(comments(text)).toEqual(comments(before))
      }),
      { numRuns: 1000 },
    )
  })

  it('of several places at once says the same as one place after the other', () => {
    const key = fc.constantFrom('a', 'b', 'c')
    const leaf = fc.constantFrom<unknown>(1, 'x', 'long '.repeat(30), { a: 1 }, {}, [1])
    const inner = fc.dictionary(key, leaf, { maxKeys: 3 })
    const documents = fc.dictionary(key, inner, { maxKeys: 3 })
    const change = fc.record({
      path: fc.array(key, { minLength: 1, maxLength: 3 }),
      value: fc.oneof({ arbitrary: leaf, weight: 4 }, { arbitrary: fc.constant(undefined), weight: 1 }),
      existing: fc.constantFrom('replace' as const, 'fill' as const),
    })
    let applied = 0
    fc.assert(
      fc.property(
        documents,
        fc.array(change, { maxLength: 5 }),
        fc.constantFrom(undefined, 2),
        (document, changes, indent) => {
          const before = JSON.stringify(document, null, indent)
          let single = before
          for (const one of changes) {
            const result = editText(single, [one])
            if (!result.ok) return
            single = result.text
          }
          applied++
          expect(valueOf(edited(before, ...changes))).toEqual(valueOf(single))
        },
      ),
      { numRuns: 1000 },
    )
    expect(applied).toBeGreaterThan(300)
  })
})
