// Which failures an operator calls permanent.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileConfig } from '../../src/catalog/compile.ts'
import { linearPattern } from '../../src/policy/linear-pattern.ts'
import { rounds } from '../support/full-run.ts'
import { failurePatternProblem, matchesFailure, maxPatternText } from '../../src/policy/failure-patterns.ts'

const defaults = ['404.*not found', '401.*unauthorized', '403.*forbidden']

describe('a failure matches', () => {
  it.each<[string, readonly string[], number | null, string, string | undefined, boolean]>([
    ['by its status and its words', defaults, 404, 'upstream_model_missing', 'The model was not found', true],
    ['in any case of letters', defaults, 401, 'upstream_auth', 'UNAUTHORIZED', true],
    ['not by the words of another status', defaults, 400, 'upstream_rejected', 'file not found', false],
    ['by our own code', ['^503 upstream_error'], 503, 'upstream_error', undefined, true],
    ['by its code where no status arrived', ['^upstream_unreachable'], null, 'upstream_unreachable', '', true],
    ['across lines', ['400.*credit.*low'], 400, 'upstream_rejected', 'your credit\n\tbalance is\r\nlow', true],
    ['not where the request is at fault', defaults, 404, 'upstream_rejected', 'Previous response not found', false],
    ['not where the content is', defaults, 403, 'upstream_filtered', 'Forbidden by policy', false],
    ['a request that an operator calls permanent', ['400.*suspended'], 400, 'upstream_rejected', 'suspended', true],
    [
      "not by a status in its words, which may be the client's",
      defaults,
      400,
      'upstream_rejected',
      'https://example.com/404 was not found',
      false,
    ],
    ['by a status of several', ['404.*gone|410.*gone'], 410, 'upstream_error', 'gone', true],
    ['not by the second status of several in its words', ['404|410'], 400, 'upstream_rejected', 'error 410', false],
    ['in none of no patterns', [], 404, 'upstream_model_missing', 'not found', false],
    ['in no pattern that is broken', ['('], 404, 'upstream_model_missing', '(', false],
  ])('%s', (_, patterns, status, code, message, expected) => {
    expect(matchesFailure(patterns, { status, code, message })).toBe(expected)
  })

  it('by its first thousand characters and no more', () => {
    const said = (at: number) => ({ status: 500, code: 'upstream_error', message: `${' x'.repeat(at / 2)}needle` })
    expect(matchesFailure(['needle'], said(900))).toBe(true)
    expect(matchesFailure(['needle'], said(maxPatternText))).toBe(false)
  })

  it('where nobody has named a pattern: never', () => {
    expect(matchesFailure(undefined, { status: 404, code: 'upstream_model_missing', message: 'not found' })).toBe(false)
  })
})

function isKnown(source: string): boolean {
  try {
    return new RegExp(source) instanceof RegExp
  } catch {
    return false
  }
}

describe('a pattern is refused that', () => {
  it.each<[string, string]>([
    ['(', 'is not a regular expression'],
    ['*', 'is not a regular expression'],
    ['   ', 'matches every failure'],
    ['.*', 'matches every failure'],
    ['x?', 'matches every failure'],
    ['a'.repeat(257), 'at most 256 characters'],
    ['(a)\\1', 'uses \\1'],
    ['a(?=b)', 'uses (?='],
    ['a(?<!b)', 'uses (?<!'],
    ['\\bgone', 'uses \\b'],
    ['\\x41', 'uses \\x'],
    ['\\cJ', 'uses \\c'],
    // Where the language knows them at all.
    ['(?i:gone)', isKnown('(?i:gone)') ? 'uses (?i' : 'is not a regular expression'],
    ['(?<$a>gone)', 'uses (?<'],
    ['((a{99}){99}){99}', 'repeats too much'],
    ['(a?){300}b', 'repeats too much'],
  ])('%s: %s', (pattern, problem) => {
    expect(failurePatternProblem(pattern)).toContain(problem)
  })

  it.each([
    ...defaults,
    '(a+)+$',
    'a.*b.*c.*d.*e',
    'https?://[^ ]+ (gone|moved)',
    '(?:billing|quota) .*(?:exceeded|over)',
    '[*+?(){}]{2} \\* \\+ \\( \\)',
    '^5\\d{2} ',
    '((){999999}){999999}gone',
  ])('and not: %s', (pattern) => {
    expect(failurePatternProblem(pattern)).toBeUndefined()
  })
})

describe('a configuration with such a pattern', () => {
  const route = (patterns: readonly string[], onTarget = false) => {
    const breaker = { permanent: { patterns } }
    const target = { provider: 'mock', model: 'echo', ...(onTarget && { breaker }) }
    return compileConfig({
      document: {
        providers: { mock: { type: 'mock' } },
        routes: { fast: { targets: [target], ...(!onTarget && { breaker }) } },
      },
    })
  }

  it.each([
    [false, 'routes.fast.breaker.permanent.patterns[1]'],
    [true, 'routes.fast.targets[0].breaker.permanent.patterns[1]'],
  ])('is refused with the place of it', (onTarget, path) => {
    const compiled = route(['404.*gone', '(x'], onTarget)
    expect(compiled).toMatchObject({ ok: false, problems: [{ path, message: 'is not a regular expression' }] })
    expect(route(['404.*gone'], onTarget).ok).toBe(true)
  })
})

const atom = fc.constantFrom(
  'a',
  'B',
  '4',
  '.',
  '[ab]',
  '[^a]',
  '\\w',
  '\\d',
  '(a|ab)',
  '(?:.a|b|)',
  ' ',
  '^',
  '$',
  '(a*)',
)
const quantifier = fc.constantFrom('', '', '*', '+', '?', '{2,}', '{0,3}', '*?', '{2}')
const pattern = fc
  .array(fc.tuple(atom, quantifier), { minLength: 1, maxLength: 6 })
  .map((pieces) => pieces.map(([what, often]) => (what === '^' || what === '$' ? what : what + often)).join(''))

describe('a pattern', () => {
  it('finds exactly what the expressions of the language find', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '4', ' ', 'z'), maxLength: 14 })
    fc.assert(
      fc.property(fc.array(pattern, { minLength: 1, maxLength: 3 }), text, (sources, told) => {
        const source = sources.join('|')
        const linear = linearPattern(source)
        if (typeof linear === 'string') throw new Error(linear)
        expect([source, told, linear.test(told)]).toEqual([source, told, new RegExp(source, 'is').test(told)])
      }),
      { numRuns: rounds(5000, 1000) },
    )
  })

  it.each(['(a+)+z', 'a+a+a+z', '(a|aa)*z', '(.*)*(.*)*z', `${'a?'.repeat(60)}${'a'.repeat(60)}z`])(
    'is fast on the worst of texts: %s',
    (source) => {
      const start = performance.now()
      expect(matchesFailure([source], { status: 404, code: 'x', message: 'a'.repeat(5000) })).toBe(false)
      expect(performance.now() - start).toBeLessThan(1000)
    },
  )
})
