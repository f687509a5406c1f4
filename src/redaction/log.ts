// What a log line may hold: an event, fields from one list, values that are short, and no secret.
import type { Log, LogFields } from '../ports/index.ts'
import type { Scrubber } from './scrubber.ts'

/**
 * The fields of log lines. None may ever hold a value of a request, of an answer, of a header, or a URL with its query.
 * A field that is not here is a mistake: it is left out, and a test is told.
 */
export const logFields = [
  // What happened, in our own words, and to whom.
  'reason',
  'hint',
  'code',
  'operation',
  'request_id',
  'revision',
  'previous',
  'changed',
  'needs_restart',
  'runtime',
  'status',
  'problems',
  // Names of the configuration.
  'provider',
  'account',
  'model',
  'credential',
  'source',
  'route',
  'target',
  'egress',
  'key_id',
  'name',
  'place',
  'host',
  // How instances agree.
  'backend',
  'scope',
  'guarantee',
  // Counts and times.
  'count',
  'failures',
  'queued',
  'dropped',
  'lost',
  'attempts',
  'duration_ms',
  'retry_ms',
  'until',
] as const

const known: ReadonlySet<string> = new Set(logFields)
const shape = /^[a-z][a-z0-9_]{0,63}$/
const maxValueLength = 2000

export type LogGuard = Pick<Scrubber, 'scrub' | 'unknown'>

/** The log behind the list: what is not on it does not get through. */
export function guardLog(log: Log, guard: LogGuard): Log {
  const at =
    (level: keyof Log) =>
    (event: string, fields?: LogFields): void => {
      const name = shape.test(event) ? event : refuse(guard, `the event ${JSON.stringify(event)} is not a plain name`)
      log[level](name ?? 'unnamed', fields === undefined ? undefined : cleanFields(event, fields, guard))
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function cleanFields(event: string, fields: LogFields, guard: LogGuard): LogFields {
  const kept: Record<string, LogFields[string]> = {}
  for (const [field, value] of Object.entries(fields)) {
    if (!known.has(field)) {
      refuse(guard, `the field ${field} of log event ${event} is not listed in src/redaction/log.ts`)
      continue
    }
    if (typeof value === 'string') kept[field] = guard.scrub(value, maxValueLength)
    else if (value === null || typeof value === 'number' || typeof value === 'boolean') kept[field] = value
    else if (value !== undefined) refuse(guard, `the field ${field} of log event ${event} is no plain value`)
  }
  return kept
}

function refuse(guard: LogGuard, problem: string): undefined {
  if (guard.unknown === 'throw') throw new Error(problem)
}
