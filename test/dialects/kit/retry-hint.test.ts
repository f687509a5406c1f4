// When a provider says to come back, in the spellings that providers really use.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { allDialects } from '../../../src/dialects/index.ts'
import { retryAfterMs, retryHeaders } from '../../../src/dialects/kit/retry-after.ts'
import { maxRetryHintMs, maxToldWaitMs } from '../../../src/dialects/kit/retry-hint.ts'
import { GatewayError } from '../../../src/ir/error.ts'

// The example of RFC 9110, 5.6.7, taken as the moment of the answer.
const date = 'Sun, 06 Nov 1994 08:49:37 GMT'
const answeredAt = Date.UTC(1994, 10, 6, 8, 49, 37)

const waitOf = (headers: Record<string, string>, more: { message?: string; body?: unknown } = {}) =>
  retryAfterMs(new Headers({ date, ...headers }), { code: 'upstream_rate_limited', ...more })

type Case = readonly [name: string, headers: Record<string, string>, expected: number | undefined]

describe('a rate limit tells the wait', () => {
  const minute = new Date(answeredAt + 60_000).toISOString()
  it.each<Case>([
    ['in seconds', { 'retry-after': '20' }, 20_000],
    ['in fractions of a second', { 'retry-after': '0.5' }, 500],
    ['as an HTTP date, by the clock of the answer', { 'retry-after': 'Sun, 06 Nov 1994 08:50:07 GMT' }, 30_000],
    ['as a date in the past', { 'retry-after': 'Sun, 06 Nov 1994 08:00:00 GMT' }, 0],
    ['in milliseconds', { 'retry-after-ms': '1250' }, 1250],
    ['in milliseconds, which are finer than seconds', { 'retry-after-ms': '1250', 'retry-after': '2' }, 1250],
    ['of no milliseconds beside a second (Azure)', { 'retry-after-ms': '0', 'retry-after': '1' }, 1000],
    ['of no time at all', { 'retry-after-ms': '0' }, 0],
    ['below nothing', { 'retry-after': '-3' }, 0],
    ['beyond all reason', { 'retry-after': '99999999999999999999' }, maxRetryHintMs],
    ['as garbage', { 'retry-after': 'soon' }, undefined],
    ['as two values in one', { 'retry-after': '30, 60' }, undefined],
    ['outright, which comes before any reset', { 'retry-after': '2', 'x-ratelimit-reset-requests': '6m0s' }, 2000],
    ['as a Go duration (OpenAI)', { 'x-ratelimit-reset-requests': '6m0s' }, 360_000],
    ['in fractions, as a Go duration (Groq)', { 'x-ratelimit-reset-tokens': '7.66s' }, 7660],
    ['in milliseconds, as a Go duration', { 'x-ratelimit-reset-requests': '120ms' }, 120],
    ['in hours, as a Go duration', { 'x-ratelimit-reset-requests': '1h2m3.5s' }, 3_723_500],
    ['in bare seconds', { 'x-ratelimit-reset-tokens': '59' }, 59_000],
    ['as RFC 3339 (Anthropic)', { 'anthropic-ratelimit-requests-reset': minute }, 60_000],
    ['as RFC 3339 that is over', { 'anthropic-ratelimit-requests-reset': '1994-11-06T08:00:00Z' }, undefined],
    ['with a reset in words', { 'x-ratelimit-reset-requests': 'tomorrow' }, undefined],
  ])('%s', (_name, headers, expected) => {
    expect(waitOf(headers)).toBe(expected)
  })

  it('as Unix seconds and as Unix milliseconds', () => {
    const now = Date.UTC(2026, 0, 1)
    const at = (reset: string): number | undefined =>
      retryAfterMs(new Headers({ date: new Date(now).toUTCString(), 'x-ratelimit-reset': reset }), {
        code: 'upstream_rate_limited',
      })
    expect(at(String(now / 1000 + 45))).toBe(45_000)
    expect(at(String(now + 45_500))).toBe(45_500)
  })

  it('by the limit that is spent, not by one that is nearly whole', () => {
    const both = { 'x-ratelimit-reset-requests': '12ms', 'x-ratelimit-reset-tokens': '41s' }
    expect(waitOf({ ...both, 'x-ratelimit-remaining-requests': '4999', 'x-ratelimit-remaining-tokens': '0' })).toBe(
      41_000,
    )
    expect(waitOf({ ...both, 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-remaining-tokens': '0' })).toBe(41_000)
    expect(waitOf({ ...both, 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-remaining-tokens': '9' })).toBe(12)
    // None is said to be spent: the first that may be whole again.
    expect(waitOf(both)).toBe(12)
    expect(waitOf({ ...both, 'x-ratelimit-reset-requests': '0s' })).toBe(41_000)
  })

  it('in the body: RetryInfo of Google, seconds of Codex, the copied headers of OpenRouter', () => {
    const retryInfo = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '48s' }
    expect(waitOf({}, { body: { error: { code: 429, details: [{ '@type': 'x' }, retryInfo] } } })).toBe(48_000)
    expect(waitOf({}, { body: [{ error: { code: 429, details: [retryInfo] } }] })).toBe(48_000)
    expect(waitOf({}, { body: { error: { type: 'usage_limit_reached', resets_in_seconds: 756 } } })).toBe(756_000)
    const copied = (headers: object): unknown => ({ error: { code: 429, metadata: { headers } } })
    const year = Date.UTC(2026, 0, 1)
    const dated = { date: new Date(year).toUTCString() }
    expect(
      waitOf(dated, { body: copied({ 'X-RateLimit-Remaining': '0', 'X-RateLimit-Reset': `${year + 9000}` }) }),
    ).toBe(9000)
    expect(waitOf({}, { body: copied({ 'Retry-After': 3 }) })).toBe(3000)
  })

  it.each([
    ['Rate limit reached for gpt-4o. Please try again in 20s. Visit https://x', 20_000],
    ['Please try again in 1m2.5s.', 62_500],
    ['Please try again in 160ms.', 160],
    ['Please retry after 26 seconds.', 26_000],
    ['Please retry in 44.123s.', 44_123],
    ['try again in 30 days', maxToldWaitMs],
    ['try again in a while', undefined],
    ['retry after the meeting', undefined],
    [`${'x'.repeat(5000)} try again in 20s`, undefined],
  ])('in words, as a last resort: %.60s', (message, expected) => {
    expect(waitOf({}, { message })).toBe(expected)
    expect(waitOf({ 'retry-after': '1' }, { message })).toBe(1000)
  })
})

describe('an answer that is no rate limit', () => {
  it('is believed what it asks for outright, and nothing else', () => {
    const resets = new Headers({ 'x-ratelimit-reset-requests': '12ms' })
    for (const code of ['upstream_quota', 'upstream_auth', 'upstream_rejected', 'upstream_overloaded'] as const) {
      expect(retryAfterMs(resets, { code, message: 'try again in 20s' })).toBeUndefined()
      expect(retryAfterMs(new Headers({ 'retry-after': '9' }), { code })).toBe(9000)
    }
  })
  it('has dates that mean nothing where it has no date itself', () => {
    expect(retryAfterMs(new Headers({ 'retry-after': date }))).toBeUndefined()
  })
})

describe('every dialect that reads errors', () => {
  const readers = Object.values(allDialects).filter((dialect) => dialect.id !== 'openai-embeddings')
  it.each(readers.map((dialect) => [dialect.id, dialect] as const))(
    '%s reads the reset of a rate limit',
    (_id, dialect) => {
      const headers = new Headers({ date, 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '17' })
      const error = dialect.decodeError(429, headers, { error: { message: 'slow down' }, message: 'slow down' })
      expect([error.code, error.retryAfterMs]).toEqual(['upstream_rate_limited', 17_000])
    },
  )
})

describe('P8: whatever a provider writes', () => {
  const names =
    'retry-after retry-after-ms date x-ratelimit-reset x-ratelimit-remaining ratelimit-reset ' +
    'x-ratelimit-reset-requests x-ratelimit-remaining-requests x-ratelimit-reset-tokens ' +
    'anthropic-ratelimit-tokens-reset anthropic-ratelimit-tokens-remaining'
  const odd = [
    'NaN',
    'Infinity',
    '-0',
    '1e309',
    '0x10',
    '9'.repeat(60),
    '1d1d1d',
    '6m0s',
    '  5 ',
    '٣',
    date,
    '2026-13-45T99:99:99Z',
  ]
  const value = fc.oneof(
    fc.constantFrom(...odd),
    fc.integer().map(String),
    fc.double().map(String),
    fc.date({ noInvalidDate: true }).map((at) => at.toUTCString()),
    fc.date({ noInvalidDate: true }).map((at) => at.toISOString()),
    fc.string({ maxLength: 80 }),
  )
  it('the wait is nothing, or a whole number from 0 to the cap', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names.split(' ')), value),
        fc.oneof(
          fc.jsonValue(),
          fc.record({ error: fc.record({ details: fc.array(fc.record({ retryDelay: value })) }) }),
        ),
        fc.oneof(
          value,
          value.map((text) => `please try again in ${text}`),
        ),
        (headers, body, message) => {
          const reader = { get: (name: string) => headers[name] ?? null }
          const wait = retryAfterMs(reader, { code: 'upstream_rate_limited', message, body })
          if (wait === undefined) return
          expect(Number.isInteger(wait)).toBe(true)
          expect(wait).toBeGreaterThanOrEqual(0)
          expect(wait).toBeLessThanOrEqual(maxRetryHintMs)
        },
      ),
      { numRuns: 2000 },
    )
  })
  it('the client is told a whole number of seconds, at least one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.constant(Number.NaN)), (wait) => {
        const told = retryHeaders(new GatewayError('upstream_rate_limited', { retryAfterMs: wait }))
        expect(told['retry-after']).toMatch(/^[1-9]\d{0,5}$/)
        expect(told['retry-after-ms']).toMatch(/^\d{1,8}$/)
      }),
    )
  })
})
