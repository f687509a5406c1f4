// The small pure pieces: hints, money, durations, expiry, digests, freezing.
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson, fnv1a64 } from '../../src/catalog/digest.ts'
import { durationMs } from '../../src/catalog/duration.ts'
import { expiryMs } from '../../src/catalog/expiry.ts'
import { deepFreeze } from '../../src/catalog/freeze.ts'
import { byLongestPrefix, literalPrefix } from '../../src/catalog/glob.ts'
import { headerProblem } from '../../src/catalog/header-rules.ts'
import { didYouMean, nearest } from '../../src/catalog/hints.ts'
import { usdToNano } from '../../src/catalog/money.ts'
import { pathText } from '../../src/catalog/problem.ts'

describe('hints', () => {
  it.each([
    ['targts', 'targets'],
    ['tragets', 'targets'],
    ['stratagy', 'strategy'],
    ['apiKey', 'api_key'],
    ['allow-private', 'allow_private'],
    ['BASE_URL', 'base_url'],
    ['url', 'base_url'],
  ])('%s was meant to be %s', (name, meant) => {
    const candidates = [
      'targets',
      'strategy',
      'api_key',
      'allow_private',
      'base_url',
      'match',
      'headers',
      'models',
      'kind',
    ]
    expect(nearest(name, candidates)).toBe(meant)
  })

  it('is silent where nothing is near', () => {
    expect(nearest('temperature', ['targets', 'match'])).toBeUndefined()
    expect(nearest('xy', ['id', 'env'])).toBeUndefined()
  })

  it('lists a short set where nothing is near, and no long one', () => {
    expect(didYouMean('zzz', ['a1', 'b2'])).toBe('known: "a1", "b2"')
    expect(didYouMean('zzz', [])).toBeUndefined()
    expect(
      didYouMean(
        'zzz',
        'abcdefghi'.split('').map((letter) => letter.repeat(9)),
      ),
    ).toBeUndefined()
  })
})

describe('paths', () => {
  it.each([
    [['routes', 'internal-lite', 'targets', 0, 'provider'], 'routes.internal-lite.targets[0].provider'],
    [['models', 'gpt-4.1', 'cost'], 'models["gpt-4.1"].cost'],
    [['routes', 'mock/echo'], 'routes["mock/echo"]'],
    [['$schema'], '$schema'],
    [[], ''],
  ])('%j reads %s', (path, text) => {
    expect(pathText(path)).toBe(text)
  })
})

describe('money', () => {
  it.each([
    [0, 0],
    [0.15, 150_000_000],
    [0.075, 75_000_000],
    [0.1 + 0.2, undefined],
    [1.1, 1_100_000_000],
    [4.35, 4_350_000_000],
    [1e-9, 1],
    [1.5e-8, 15],
    [1e-10, undefined],
    [0.000_000_000_5, undefined],
    [100, 100_000_000_000],
    [9_007_199.254_740_9, 9_007_199_254_740_900],
    [9_007_200, undefined],
    [1e300, undefined],
    [-1, undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
  ])('%d USD is %s nano-USD', (usd, nano) => {
    const money = usdToNano(usd)
    expect(money.ok ? money.nano : undefined).toBe(nano)
  })

  it('is exact for every amount of whole micro-dollars', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2_000_000_000 }), (micro) => {
        const text = `${Math.floor(micro / 1_000_000)}.${String(micro % 1_000_000).padStart(6, '0')}`
        expect(usdToNano(Number(text))).toEqual({ ok: true, nano: micro * 1000 })
      }),
    )
  })
})

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['14d', 1_209_600_000],
    ['2w', 1_209_600_000],
    ['0s', undefined],
    ['1y', undefined],
    ['1.5h', undefined],
    ['-1s', undefined],
    ['', undefined],
    ['999999999w', undefined],
  ])('%s is %s ms', (text, ms) => {
    expect(durationMs(text)).toBe(ms)
  })
})

describe('times at which keys end', () => {
  it.each([
    ['2027-01-31', Date.UTC(2027, 0, 31)],
    ['2027-01-31T12:00:00Z', Date.UTC(2027, 0, 31, 12)],
    ['2027-01-31T12:00Z', Date.UTC(2027, 0, 31, 12)],
    ['2027-01-31t12:00:00.250z', Date.UTC(2027, 0, 31, 12, 0, 0, 250)],
    ['2027-01-31 00:30:00+02:00', Date.UTC(2027, 0, 30, 22, 30)],
    ['2027-01-31T23:30:00-05:00', Date.UTC(2027, 1, 1, 4, 30)],
    [1_800_000_000, 1_800_000_000_000],
    [1_800_000_000_000, 1_800_000_000_000],
    ['2027-01-31T12:00:00', undefined],
    ['2027-02-30', undefined],
    ['2027-02-30T00:00:00Z', undefined],
    ['2027-13-01', undefined],
    ['tomorrow', undefined],
    ['31.01.2027', undefined],
    [-1, undefined],
  ])('%s is %s', (value, time) => {
    expect(expiryMs(value)).toBe(time)
  })
})

// FNV-1a, 64 bit, as it is defined.
function reference(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(16).padStart(16, '0')
}

describe('digests', () => {
  // The published test vectors of FNV-1a, 64 bit.
  it.each([
    ['', 'cbf29ce484222325'],
    ['a', 'af63dc4c8601ec8c'],
    ['foobar', '85944171f73967e8'],
  ])('the digest of %j is %s', (text, digest) => {
    expect(fnv1a64(text)).toBe(digest)
  })

  it('agree with the definition in big integers', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => fnv1a64(text) === reference(text)))
  })

  it('do not see the order of members, and see that of lists', () => {
    expect(canonicalJson({ b: [1, { d: 1, c: undefined }], a: null })).toBe('{"a":null,"b":[1,{"d":1}]}')
    expect(canonicalJson([2, 1])).not.toBe(canonicalJson([1, 2]))
  })
})

describe('freezing', () => {
  it('reaches objects, lists and the entries of maps', () => {
    const map = new Map([['a', { list: [1] }]])
    const frozen = deepFreeze({ map })
    expect(() => frozen.map.set('b', { list: [] })).toThrow(/cannot be changed/)
    expect(() => frozen.map.delete('a')).toThrow(/cannot be changed/)
    expect(() => frozen.map.clear()).toThrow(/cannot be changed/)
    expect(() => frozen.map.get('a')?.list.push(2)).toThrow(TypeError)
    expect(frozen.map.get('a')).toEqual({ list: [1] })
  })
})

describe('globs', () => {
  it('have a literal part before the first star', () => {
    expect(literalPrefix('claude-*-x*')).toBe('claude-')
    expect(literalPrefix('gpt-4o')).toBe('gpt-4o')
    expect(literalPrefix('*')).toBe('')
  })

  it('come longest prefix first, then in order of declaration', () => {
    const routes = ['*', 'claude-*', 'gpt-*', 'claude-haiku-*', 'o*'].map((match) => ({ match }))
    const order = byLongestPrefix([...routes, { match: null }]).map((route) => route.match)
    expect(order).toEqual(['claude-haiku-*', 'claude-*', 'gpt-*', 'o*', '*'])
  })
})

describe('headers', () => {
  it.each([
    ['authorization', 'x'],
    ['X-Api-Key', 'x'],
    ['Host', 'x'],
    ['Cookie', 'x'],
    ['Connection', 'close'],
    ['content-length', '1'],
    ['Transfer-Encoding', 'chunked'],
    ['proxy-authorization', 'x'],
    ['Sec-Fetch-Site', 'none'],
    ['accept-encoding', 'gzip'],
    ['x y', 'x'],
    ['', 'x'],
    ['x:', 'x'],
    ['x-a', 'a\r\nb: c'],
    ['x-a', 'a\nb'],
    ['x-a', 'a\0'],
    ['x-a', 'é'],
    ['x-a', 'x'.repeat(8193)],
  ])('%j: %j is refused', (name, value) => {
    expect(headerProblem(name, value)).toEqual(expect.any(String))
  })

  it.each([
    ['x-team', 'platform'],
    ['HTTP-Referer', 'https://example.com'],
    ['anthropic-beta', 'a,b'],
    ['OpenAI-Organization', 'org-1'],
    ['x-empty', ''],
  ])('%s: %s is accepted', (name, value) => {
    expect(headerProblem(name, value)).toBeUndefined()
  })
})
