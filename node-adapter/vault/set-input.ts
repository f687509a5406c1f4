// What `vault set` is given on a command line: the value from standard input, a variable, or the flag of last resort.
import process from 'node:process'
import { usageFailure } from '../cli/failure.ts'
import type { Flag } from '../cli/flags.ts'
import { note } from '../cli/terminal.ts'
import { readInputSecret } from './standard-input.ts'

const fromEnv: Flag = {
  field: 'from_env',
  name: 'from-env',
  kind: 'text',
  description: 'Take the value of this environment variable of the command',
  choices: [],
  preset: undefined,
  required: false,
}

/** The flags of the operation as a command line has them: the value is not one that has to be typed. */
export function vaultSetFlags(flags: readonly Flag[]): readonly Flag[] {
  return [...flags.map((flag) => (flag.field === 'value' ? { ...flag, required: false } : flag)), fromEnv]
}

/** The input of the operation. Throws usage failures; none of them quotes a value. */
export async function vaultSetInput(fields: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const { from_env: variable, ...input } = fields
  if (variable !== undefined && input['value'] !== undefined)
    throw usageFailure('conflicting_flags', '--value cannot be combined with --from-env', '--from-env')
  if (input['value'] !== undefined) {
    note(
      'warning: --value can be read in the list of processes and in the history of the shell; pipe the value instead',
    )
    return input
  }
  if (typeof variable !== 'string') return { ...input, value: await readInputSecret('value') }
  const value = process.env[variable]
  if (value === undefined || value === '')
    throw usageFailure('invalid_flag', `--from-env: the environment variable ${variable} is not set`, '--from-env')
  return { ...input, value }
}
