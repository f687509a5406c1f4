// What a provider's error means to the gateway. Owns the reading of codes and texts; builds no error.
import type { ErrorCode } from '../../ir/error.ts'

/** What the provider said, wherever in the body it stood. */
export interface ErrorReport {
  readonly status?: number
  readonly type?: string
  readonly code?: string
  readonly message?: string
  readonly param?: string
}

const contextCodes = new Set(['context_length_exceeded', 'context_window_exceeded'])
// OpenAI and DeepSeek, Anthropic (its own, and on Bedrock), Bedrock, xAI, llama.cpp, Mistral and Groq, in this order. A
// rate limit on tokens must not match: it says "too many tokens" and "request too large" as well.
const contextTexts = [
  /maximum context length/i,
  /(?:prompt|input) is too long/i,
  /exceeds? (?:the )?(?:model'?s )?(?:maximum )?context|exceed context limit/i,
  /input tokens exceeded/i,
  /maximum prompt length/i,
  /exceeds? the available context/i,
  /too large for model with \d+ maximum context/i,
  /reduce the length of the messages/i,
  /context (?:window|length)[^.]{0,40}exceed|exceed[^.]{0,40}context (?:window|length)/i,
]
const filterCodes = new Set(['content_filter', 'content_policy_violation', 'ResponsibleAIPolicyViolation'])
const filterTexts = [
  /content (?:management )?policy/i,
  /content[_ ]filter/i,
  /usage (?:policy|guidelines)/i,
  /blocked by.*(?:policy|guardrail)/i,
  /safety system/i,
  /\bflagged\b/i,
]
const quotaCodes = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'insufficient_balance',
  'billing_error',
])
const quotaTexts = [
  /exceeded your current quota/i,
  /credit balance/i,
  /insufficient (?:balance|credits?|funds|quota)/i,
  /(?:out of|run out of|no|more) credits/i,
]

// The same where a provider answers as if the request were at fault (Anthropic: 400). Only at the beginning: further on it
// may be the request that is quoted, and no client's text may make an account look as if it had no credit.
const quotaOpenings = [
  /^your credit balance/i,
  /^insufficient (?:balance|credits?|funds|quota)/i,
  /^you exceeded your current quota/i,
  /^you have reached your specified api usage limits/i,
  /^billing hard limit has been reached/i,
]
const authCodes = new Set(['invalid_api_key', 'authentication_error', 'account_deactivated'])
// A key that is refused as if the request were at fault: xAI (400, in some of its answers with the spaces escaped), and
// Anthropic of an organization that is closed. Only at the beginning, for the same reason.
const authOpenings = [/^incorrect(?: |%20)api(?: |%20)key(?: |%20)provided/i, /^this organization has been disabled/i]

// What a status-less error is, by its type or code: an error inside a 200 or a stream has nothing else.
const statuses: ReadonlyMap<string, number> = new Map([
  ['invalid_request_error', 400],
  ['BadRequestError', 400],
  ['invalid_api_key', 401],
  ['authentication_error', 401],
  ['permission_error', 403],
  ['permission_denied', 403],
  ['not_found_error', 404],
  ['NotFoundError', 404],
  ['model_not_found', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['rate_limit_exceeded', 429],
  ['RateLimitReached', 429],
  ['tokens', 429],
  ['requests', 429],
  ['insufficient_quota', 429],
  ['overloaded_error', 529],
])

/** The HTTP status of a report: its own, or the one that its type or code stands for. Undefined where nothing says. */
export function statusOf(report: ErrorReport): number | undefined {
  return report.status ?? statuses.get(report.code ?? '') ?? statuses.get(report.type ?? '')
}

/**
 * Classifies a provider's error by status, code and text. Context overflow has no common code and no common status, so
 * its text decides (providers answer it with 400, 413, 422 and 429).
 */
export function classify(report: ErrorReport): ErrorCode {
  const status = statusOf(report) ?? 502
  if (status >= 300 && status < 400) return 'upstream_redirect'
  if (says(report, contextCodes, contextTexts)) return 'upstream_context_overflow'
  if (status < 500 && status !== 429 && says(report, filterCodes, filterTexts)) return 'upstream_filtered'
  if (status === 401 || (status === 400 && says(report, authCodes, authOpenings))) return 'upstream_auth'
  const quotaWords = status === 403 || status === 429 ? quotaTexts : quotaOpenings
  if (status === 402 || (status < 500 && says(report, quotaCodes, quotaWords))) return 'upstream_quota'
  if (isOverload(report, status)) return 'upstream_overloaded'
  return byStatus(status, report)
}

function byStatus(status: number, report: ErrorReport): ErrorCode {
  switch (status) {
    case 403:
      return 'upstream_forbidden'
    case 404:
      return 'upstream_model_missing'
    case 408:
      return 'upstream_timeout'
    case 429:
      return 'upstream_rate_limited'
    default:
      if (report.code === 'model_not_found') return 'upstream_model_missing'
      return status >= 400 && status < 500 ? 'upstream_rejected' : 'upstream_error'
  }
}

function isOverload(report: ErrorReport, status: number): boolean {
  return status === 529 || report.type === 'overloaded_error' || report.code === 'overloaded_error'
}

function says(report: ErrorReport, codes: ReadonlySet<string>, texts: readonly RegExp[]): boolean {
  if (codes.has(report.code ?? '') || codes.has(report.type ?? '')) return true
  return report.message !== undefined && texts.some((text) => text.test(report.message ?? ''))
}
