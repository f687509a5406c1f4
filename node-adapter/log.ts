// JSON log lines on stderr, so that stdout stays free for what a command prints.
import type { LogLevel } from '../src/catalog/snapshot.ts'
import type { Log, LogFields } from '../src/ports/index.ts'
import { createScrubber, guardLog, type LogGuard } from '../src/redaction/index.ts'

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/**
 * A log that writes lines of `minimum` and above, which is asked for with each line where it may change; one JSON object per
 * line, of listed fields only.
 * @param guard knows the secrets; without one only what looks like a key is taken out
 */
export function createLog(
  minimum: LogLevel | (() => LogLevel),
  write: (line: string) => void,
  guard: LogGuard = createScrubber(() => []),
): Log {
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      if (order.indexOf(level) < order.indexOf(typeof minimum === 'string' ? minimum : minimum())) return
      write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, event, ...fields })}\n`)
    }
  return guardLog({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, guard)
}
