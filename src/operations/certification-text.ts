// Certifications as a person reads them at a terminal: what works, what does not, what to do.
import type { Certification } from './certification.ts'

/** One provider: the verdict, a line per check, the next commands. */
export function certificationLines({ summary, checks, next_commands: next }: Certification): readonly string[] {
  const width = Math.max(0, ...checks.map((check) => check.name.length))
  const lines = checks.flatMap((check) => {
    const word = check.ok ? 'ok' : check.code === 'skipped' ? 'skipped' : check.required ? 'FAILED' : 'failed'
    const code = check.ok || check.code === null || check.code === 'skipped' ? '' : `${check.code}: `
    const line = `  ${word.padEnd(7)}  ${check.name.padEnd(width)}  ${code}${check.message}`
    return check.next === null ? [line] : [line, `  ${' '.repeat(7)}  ${' '.repeat(width)}  -> ${check.next}`]
  })
  return [summary, ...lines, ...commandLines(next)]
}

/** Commands to type, one a line. */
export function commandLines(commands: readonly string[]): readonly string[] {
  return commands.length === 0 ? [] : ['next:', ...commands.map((command) => `  ${command}`)]
}
