import process from 'node:process'
import { codeOf } from './error-code.ts'
import { runtimeName } from './runtime-name.ts'

/** Whether no process has this id any more. False where that cannot be told: another sign has to decide then. */
export function isGone(pid: number): boolean {
  // Deno takes the question for a wish to run programs, and asks the user.
  if (runtimeName() === 'deno') return false
  try {
    process.kill(pid, 0)
    return false
  } catch (cause) {
    return codeOf(cause) === 'ESRCH'
  }
}
