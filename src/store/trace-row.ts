// The shape in which every driver keeps a trace row, so that what comes back does not depend on the backend.
// Must not know SQL or KV.
import type { TraceQuery, TraceRow } from '../ports/index.ts'

// Caps in UTF-16 units. They exist because one row that a backend refuses (2 MB on D1, 512-byte keys on KV)
// would hold up every row behind it. Client-controlled text (a model name, a path) is what reaches them.
const maxIdLength = 128
const maxTextLength = 1024
const maxDetailLength = 65_536

/** A request id as it is stored: at most 128 units, otherwise like `storedText`. */
export function storedId(id: string): string {
  return cleanText(id, maxIdLength)
}

/**
 * Text as it is stored: at most 1,024 units, with U+FFFD for what some backend would change on its own:
 * lone surrogates (not encodable as UTF-8) and NUL (Deno's SQLite cuts a text there when it reads).
 */
export function storedText(text: string): string {
  return cleanText(text, maxTextLength)
}

function cleanText(text: string, maxLength: number): string {
  const short = text.length > maxLength ? text.slice(0, maxLength) : text
  const whole = short.isWellFormed() ? short : short.toWellFormed()
  return whole.includes('\u0000') ? whole.replaceAll('\u0000', '\uFFFD') : whole
}

/** What a row is made from: a caller's row, or whatever a backend gave back. */
export type TraceSource = Readonly<Partial<Record<keyof TraceRow, unknown>>>

function text(value: unknown): string {
  return typeof value === 'string' ? storedText(value) : ''
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? storedText(value) : null
}

/** A whole number that every backend can hold. */
function integerOrNull(value: unknown): number | null {
  if (typeof value !== 'number' || Number.isNaN(value)) return null
  if (Number.isSafeInteger(value)) return value
  return Math.min(Math.max(Math.round(value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
}

function integer(value: unknown): number {
  return integerOrNull(value) ?? 0
}

/** Cut JSON is not JSON: too long a detail is replaced as a whole. */
function storedDetail(value: unknown): string {
  const detail = typeof value === 'string' ? value : ''
  if (detail.length > maxDetailLength) return `{"omitted":"detail of ${detail.length} characters"}`
  return cleanText(detail, maxDetailLength)
}

/** A row in its stored shape. Never throws: a field of the wrong type becomes null, 0 or empty. */
export function storedTrace(source: TraceSource): TraceRow {
  return {
    requestId: storedId(typeof source.requestId === 'string' ? source.requestId : ''),
    startedAt: integer(source.startedAt),
    revision: text(source.revision),
    dialect: text(source.dialect),
    path: text(source.path),
    keyId: textOrNull(source.keyId),
    tenant: textOrNull(source.tenant),
    inboundModel: textOrNull(source.inboundModel),
    route: textOrNull(source.route),
    provider: textOrNull(source.provider),
    account: textOrNull(source.account),
    model: textOrNull(source.model),
    upstreamDialect: textOrNull(source.upstreamDialect),
    // SQL has no booleans.
    streamed: source.streamed === true || source.streamed === 1,
    status: integer(source.status),
    outcome: text(source.outcome),
    errorCode: textOrNull(source.errorCode),
    finish: textOrNull(source.finish),
    durationMs: integer(source.durationMs),
    ttftMs: integerOrNull(source.ttftMs),
    inputTokens: integerOrNull(source.inputTokens),
    cacheReadTokens: integerOrNull(source.cacheReadTokens),
    cacheWriteTokens: integerOrNull(source.cacheWriteTokens),
    outputTokens: integerOrNull(source.outputTokens),
    reasoningTokens: integerOrNull(source.reasoningTokens),
    usageEvidence: textOrNull(source.usageEvidence),
    detail: storedDetail(source.detail),
  }
}

/** Every field of a row, in column order. */
// Object.keys is typed for any string; the keys are those of the literal above.
export const traceFields = Object.keys(storedTrace({})) as readonly (keyof TraceRow)[]

/** The order of a listing: newest first, and by request id among rows of the same millisecond. */
export function newestFirst(a: TraceRow, b: TraceRow): number {
  if (a.startedAt !== b.startedAt) return b.startedAt - a.startedAt
  return a.requestId < b.requestId ? -1 : Number(a.requestId > b.requestId)
}

/** Whether a row passes the filters of a query (not its limit). */
export function matchesQuery(row: TraceRow, query: TraceQuery): boolean {
  return (
    (query.before === undefined || row.startedAt < query.before) &&
    (query.route === undefined || row.route === storedText(query.route)) &&
    (query.provider === undefined || row.provider === storedText(query.provider)) &&
    (query.outcome === undefined || row.outcome === storedText(query.outcome))
  )
}
