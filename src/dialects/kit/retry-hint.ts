// When a provider says to come back, in every form in which providers say it. Total: whatever stands there, the answer
// is a number of milliseconds between 0 and the cap, or nothing. Knows no clock: a date is measured against the answer's
// own `Date` header, so that a clock of ours that is wrong does no harm.
import { isObject } from '../../wire/json-parse.ts'
import type { HeaderReader } from '../dialect.ts'

type Members = Readonly<Record<string, unknown>>

/** The longest wait that is believed: a day. What waits for it has caps of its own. */
export const maxRetryHintMs = 86_400_000
/** The longest wait that is believed of a sentence. */
export const maxToldWaitMs = 300_000

const longestValue = 64
const units: ReadonlyMap<string, number> = new Map([
  ['ns', 1e-6],
  ['us', 1e-3],
  ['µs', 1e-3],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

/**
 * What the provider asks for outright: `retry-after-ms`, `retry-after` in seconds or as a date, and their twins in a body
 * (`RetryInfo.retryDelay`, `resets_in_seconds`, the headers that OpenRouter copies into its errors).
 * Azure sends `retry-after-ms: 0` beside `retry-after: 1`, so a zero is only believed where nothing else is said.
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 * @see https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto
 * @returns milliseconds, 0 to `maxRetryHintMs`
 */
export function askedWait(headers: HeaderReader, body?: unknown): number | undefined {
  const error = errorIn(body)
  const said = [
    plain(headers.get('retry-after-ms'), 1),
    momentIn(headers.get('retry-after'), headers, 'delay'),
    delayIn(error),
    plain(error['resets_in_seconds'], 1000),
    momentIn(copied(error)?.get('retry-after'), headers, 'delay'),
  ].filter((wait) => wait !== undefined)
  return said.find((wait) => wait > 0) ?? said[0]
}

/** A limit of a provider: how much is left of it, and when it is whole again. */
interface Window {
  readonly remaining: number | undefined
  readonly wait: number
}

/** Pairs of headers: what is left, and the reset. The names are OpenAI's and Groq's, Anthropic's, and everybody's. */
const windows: readonly (readonly [remaining: string, reset: string])[] = [
  ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
  ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
  ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ['anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
  ['anthropic-ratelimit-output-tokens-remaining', 'anthropic-ratelimit-output-tokens-reset'],
  ['anthropic-ratelimit-unified-remaining', 'anthropic-ratelimit-unified-reset'],
  ['x-ratelimit-remaining', 'x-ratelimit-reset'],
  ['ratelimit-remaining', 'ratelimit-reset'],
]

/**
 * When the limit that was hit is whole again: the latest reset among the limits with nothing left, else, where none
 * is said to be spent, the earliest reset that is not already over. Only for the answer to a request that was turned away:
 * the same headers stand on every answer.
 * @see https://platform.openai.com/docs/guides/rate-limits
 * @see https://platform.claude.com/docs/en/api/rate-limits
 * @returns milliseconds, 0 to `maxRetryHintMs`
 */
export function resetWait(headers: HeaderReader, body?: unknown): number | undefined {
  const inBody = copied(errorIn(body))
  const told = [...windowsIn(headers, headers), ...(inBody === undefined ? [] : windowsIn(inBody, headers))]
  const spent = told.filter((window) => window.remaining === 0)
  if (spent.length > 0) return Math.max(...spent.map((window) => window.wait))
  const ahead = told.map((window) => window.wait).filter((wait) => wait > 0)
  return ahead.length === 0 ? undefined : Math.min(...ahead)
}

function windowsIn(source: HeaderReader, dated: HeaderReader): Window[] {
  return windows.flatMap(([left, reset]) => {
    const wait = momentIn(source.get(reset), dated, 'reset')
    return wait === undefined ? [] : [{ remaining: numberIn(source.get(left)), wait }]
  })
}

/**
 * The wait that a message names: "Please try again in 20s", "Please retry after 26 seconds". The last resort, for a
 * request that was turned away without any header; a sentence is never believed for longer than `maxToldWaitMs`.
 */
export function toldWait(message: string | undefined): number | undefined {
  const match =
    /\b(?:try again|retry) (?:in|after) ([\d.]+\s?(?:milliseconds?|seconds?|minutes?|hours?|days?|[a-zµ\d.]{1,20}))/i.exec(
      message?.slice(0, 2000) ?? '',
    )
  const spoken = match?.[1]
    ?.toLowerCase()
    .replace(/milliseconds?$/, 'ms')
    .replace(/seconds?$/, 's')
    .replace(/minutes?$/, 'm')
    .replace(/hours?$/, 'h')
    .replace(/days?$/, 'd')
    .replaceAll(' ', '')
    .replace(/\.$/, '')
  const wait = spoken === undefined ? undefined : goDuration(spoken)
  return wait === undefined ? undefined : Math.min(wait, maxToldWaitMs)
}

/**
 * A moment or a span as milliseconds from the answer on: digits, a Go duration (`6m0s`), RFC 3339, an HTTP date.
 * @param meaning a bare number is a delay in seconds; for a reset it may also be a Unix time in seconds or milliseconds
 */
function momentIn(value: unknown, dated: HeaderReader, meaning: 'delay' | 'reset'): number | undefined {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : ''
  if (text === '' || text.length > longestValue) return undefined
  const number = numberIn(text)
  if (number !== undefined) {
    if (meaning === 'delay' || number < 1e9) return bounded(number * 1000)
    return since(number < 1e12 ? number * 1000 : number, dated)
  }
  const span = goDuration(text)
  if (span !== undefined) return span
  const isDate = /^\d{4}-\d\d-\d\d[Tt ]/.test(text) || /^[A-Z][a-z]{2,8}, /.test(text)
  return isDate ? since(Date.parse(text), dated) : undefined
}

function since(moment: number, dated: HeaderReader): number | undefined {
  const reference = Date.parse(dated.get('date') ?? '')
  return bounded(moment - reference)
}

/** `1h2m3.5s`, `12ms`, `0s`. */
function goDuration(text: string): number | undefined {
  if (text.length > longestValue || !/^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))+$/.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)/g))
    sum += Number(amount) * (units.get(unit ?? '') ?? 0)
  return bounded(sum)
}

/** A number, or digits; a wait in units of so many milliseconds. */
function plain(value: unknown, unit: number): number | undefined {
  const number = numberIn(value)
  return number === undefined ? undefined : bounded(number * unit)
}

function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || value.length > longestValue) return undefined
  return /^\s*-?\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : undefined
}

function bounded(ms: number): number | undefined {
  return Number.isNaN(ms) ? undefined : Math.min(maxRetryHintMs, Math.max(0, Math.ceil(ms)))
}

function errorIn(body: unknown): Members {
  const record = Array.isArray(body) ? (body as unknown[])[0] : body
  if (!isObject(record)) return {}
  return isObject(record['error']) ? record['error'] : record
}

/** `RetryInfo.retryDelay` among the details of Google's errors. */
function delayIn(error: Members): number | undefined {
  const details: unknown = error['details']
  if (!Array.isArray(details)) return undefined
  for (const detail of details)
    if (isObject(detail) && typeof detail['retryDelay'] === 'string') {
      const wait = goDuration(detail['retryDelay'])
      if (wait !== undefined) return wait
    }
  return undefined
}

/** The headers of the provider behind OpenRouter, as its errors repeat them. https://openrouter.ai/docs/api-reference/errors */
function copied(error: Members): HeaderReader | undefined {
  const metadata = error['metadata']
  const headers = isObject(metadata) ? metadata['headers'] : undefined
  if (!isObject(headers)) return undefined
  const named = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return {
    get(name) {
      const value = named.get(name)
      return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : null
    },
  }
}
