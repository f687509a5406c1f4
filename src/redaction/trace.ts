// What a trace row may hold: its columns are given, its detail is copied member by member, and no text in it holds a secret.
import type { TraceRow } from '../ports/index.ts'
import type { Scrubber, UnknownField } from './scrubber.ts'

/** Every member name that a detail may have, at any depth. */
const detailMembers: ReadonlySet<string> = new Set(
  [
    'decision attempts losses answer_losses upstream_error omitted queue_ms',
    // What was asked for, in numbers and our own words.
    'facts task needs choices input_tokens max_output_tokens image_sources',
    // A decision.
    'requested route resolved_by strategy selected fallbacks rejected reasons unverified max_attempts client_profile',
    'target name dialect passthrough accounts code reason profile breaker degraded',
    'scores score factors cursor picked weights weight random',
    'selection_rank health account_availability cost latency ttft task_fit context_fit',
    // An attempt.
    'provider model account durationMs status error egress region credential retry maybe_duplicate repaired probe degraded hedge',
    // Why an account or a target was chosen or left out.
    'account_by lockedBy locked_by retryInMs retry_in_ms locked_until wait_ms renewed',
    // A loss.
    'path action lossiness',
    // What the provider said went wrong, without its text.
    'type',
  ].flatMap((names) => names.split(' ')),
)

/** The detail of a row as JSON: members that are not listed are left out, or thrown under test. */
export function traceDetail(detail: Readonly<Record<string, unknown>>, unknown: UnknownField): string {
  const stranger = unlisted(detail)
  if (stranger === undefined) return JSON.stringify(detail)
  if (unknown === 'throw') throw new Error(`the member ${stranger} of a trace is not listed in src/redaction/trace.ts`)
  return JSON.stringify(listedOnly(detail))
}

// Looked for first, as it is there next to never: a copy of every detail costs three times the look.
function unlisted(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) {
    for (const member of value) {
      const found = unlisted(member)
      if (found !== undefined) return found
    }
    return undefined
  }
  for (const name of Object.keys(value)) {
    if (!detailMembers.has(name)) return name
    const found = unlisted((value as Readonly<Record<string, unknown>>)[name])
    if (found !== undefined) return found
  }
  return undefined
}

function listedOnly(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(listedOnly)
  if (typeof value !== 'object' || value === null) return value
  const listed = Object.entries(value).filter(([name]) => detailMembers.has(name))
  return Object.fromEntries(listed.map(([name, member]) => [name, listedOnly(member)]))
}

const maxTextLength = 512

/**
 * The row without secrets; itself where there are none, which is nearly always. What went well has nothing in its detail
 * that came from outside, so only its few foreign words are looked at: this runs once per request.
 */
export function cleanRow(row: TraceRow, scrubber: Scrubber): TraceRow {
  const foreign = `${row.path} ${row.inboundModel ?? ''} ${row.model ?? ''}`
  if (row.errorCode === null && scrubber.isClean(foreign)) return row
  const cleaned: Record<string, unknown> = { ...row }
  for (const [column, value] of Object.entries(row))
    if (typeof value === 'string')
      cleaned[column] = scrubber.scrub(value, column === 'detail' ? Infinity : maxTextLength)
  return cleaned as unknown as TraceRow
}
