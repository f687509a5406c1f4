// A fault that nobody caught: one line that says what and where, and the end. The runtime's own report would print the
// message, and a message may quote what was being worked on.
import { writeSync } from 'node:fs'
import process from 'node:process'
import type { Scrubber } from '../src/redaction/index.ts'

const exitRuntimeFailure = 1
const standardError = 2
const maxFrames = 6

/** Ends the process with 1 at the first uncaught fault, after one log line without its message. */
export function exitOnCrash(scrubber: Pick<Scrubber, 'scrub'>): void {
  const end = (event: string) => (fault: unknown) => {
    const line = { timestamp: new Date().toISOString(), level: 'error', event, ...describe(fault, scrubber) }
    try {
      // Synchronous: nothing else may run any more.
      writeSync(standardError, `${JSON.stringify(line)}\n`)
    } finally {
      process.exit(exitRuntimeFailure)
    }
  }
  process.on('uncaughtException', end('uncaught_exception'))
  process.on('unhandledRejection', end('unhandled_rejection'))
}

/** The kind of a fault and where it came from; never its message. */
export function describe(
  fault: unknown,
  { scrub }: Pick<Scrubber, 'scrub'>,
): { readonly reason: string; readonly code?: string; readonly place?: string } {
  if (!(fault instanceof Error)) return { reason: typeof fault }
  const code = 'code' in fault && typeof fault.code === 'string' ? { code: scrub(fault.code, 64) } : {}
  const place = scrub(framesOf(fault).join(' < '), 1000)
  return { reason: scrub(fault.name, 64), ...code, ...(place !== '' && { place }) }
}

// Frames only: the lines before them are the message, which may have several.
function framesOf(fault: Error): readonly string[] {
  const lines = typeof fault.stack === 'string' ? fault.stack.split('\n') : []
  return lines
    .filter((line) => /^\s+at .+:\d+:\d+\)?$/.test(line))
    .slice(0, maxFrames)
    .map((line) => line.trim().replace(/^at /, ''))
}
