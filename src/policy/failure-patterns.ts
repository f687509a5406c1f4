// Failures that do not pass by themselves, by the look of them: regular expressions of the operator over one line of text.
// The text comes from providers, so no pattern may be slow on any of it.
import { linearPattern, type LinearPattern } from './linear-pattern.ts'
import { isFaultOfRequest } from './request-faults.ts'

/** A failure as patterns see it. */
export interface FailureText {
  /** Of the provider; null where none arrived. */
  readonly status: number | null
  /** Our own code. */
  readonly code: string
  /** The words of the provider. */
  readonly message: string | undefined
}

/** So much of a text is looked at, in characters. */
export const maxPatternText = 1000
const maxPattern = 256

/** What is wrong with a pattern, for people; undefined where nothing is. */
export function failurePatternProblem(pattern: string): string | undefined {
  if (pattern.length > maxPattern) return `a pattern has at most ${maxPattern} characters`
  const made = linearPattern(pattern)
  if (typeof made === 'string') return made
  return made.test('') || pattern.trim() === '' ? 'matches every failure' : undefined
}

// By the list itself, which belongs to a snapshot: made once, and gone with it.
const made = new WeakMap<readonly string[], readonly LinearPattern[]>()

/** Where our codes tell a fault of the request from one of an account or a model, they know better than a pattern. */
const toldApart: ReadonlySet<number | null> = new Set([401, 403, 404])

/**
 * Whether one of the patterns is found in `status code message`, in any case of letters; one that begins with a status is
 * looked for at the beginning only. Broken ones match nothing; nor does a 401, 403 or 404 that is about a file or an
 * earlier answer, or no client's requests would be safe from another's.
 */
export function matchesFailure(patterns: readonly string[] | undefined, failure: FailureText): boolean {
  if (patterns === undefined || patterns.length === 0) return false
  if (isFaultOfRequest(failure.code) && toldApart.has(failure.status)) return false
  let known = made.get(patterns)
  if (known === undefined) {
    known = patterns
      .map(anchored)
      .map(linearPattern)
      .filter((pattern) => typeof pattern !== 'string')
    made.set(patterns, known)
  }
  const line = lineOf(failure)
  return known.some((pattern) => pattern.test(line))
}

// A pattern that begins with a status is about that status, and not about a number in the words of another failure, which
// may be the client's: the address of a picture that was not found, say.
function anchored(pattern: string): string {
  return /^\d{3}/.test(pattern) ? `^(?:${pattern})` : pattern
}

function lineOf({ status, code, message }: FailureText): string {
  const line = [status ?? '', code, (message ?? '').slice(0, maxPatternText)].join(' ').trim()
  return line.slice(0, maxPatternText).replaceAll(/\s+/g, ' ')
}
