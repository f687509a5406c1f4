// `signalbox init`: writes a configuration to start from, for this user alone, and never over another one.
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { CommandFailure, exitCodes, usageFailure, type ExitCode } from '../cli/failure.ts'
import { printEnvelope, successEnvelope } from '../cli/output.ts'
import { write } from '../cli/terminal.ts'
import { isConfigText } from '../config-source.ts'
import { chooseConfig, userConfigPath } from '../default-config.ts'
import { codeOf } from '../error-code.ts'
import { writeNewFile } from '../new-file.ts'
import { nextSteps, starterText } from './starter.ts'

/** The flags of the verb. */
export const initInput = z.strictObject({
  config: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The file to write; else SIGNALBOX_CONFIG, else signalbox/signalbox.jsonc in the folder of configurations',
    ),
  native_clients: z.boolean().default(false).describe('With profiles and routes for Codex and Claude Code'),
  force: z.boolean().default(false).describe('Put a file that is there aside, as NAME.bak'),
})

const defaultUrl = 'http://127.0.0.1:8787'

/**
 * Where the file goes: where `serve` looks for it. Never the folder that the command happens to run in. Throws a usage
 * failure where this user has no folder for configurations.
 */
export function starterPath(config: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  if (config !== undefined) return resolve(config)
  const named = env['SIGNALBOX_CONFIG']?.trim()
  if (named !== undefined && named !== '' && !isConfigText(named)) return resolve(named)
  const own = userConfigPath(env)
  if (own !== undefined) return own
  throw usageFailure('invalid_flag', 'this user has no home folder: name the file to write with --config', '--config')
}

/** Writes the file and prints what to do next. Throws `CommandFailure` (`file_exists`, `file_not_written`). */
export async function initMain(flags: z.output<typeof initInput>, json: boolean): Promise<ExitCode> {
  const path = starterPath(flags.config)
  const nativeClients = flags.native_clients
  const aside = writeStarter(path, starterText({ nativeClients }), flags.force)
  const isUsual = chooseConfig().source === path
  const steps = nextSteps({ path, url: defaultUrl, isUsual, program: programName(), nativeClients })
  if (json) {
    const data = {
      path,
      mode: '0600',
      native_clients: nativeClients,
      ...(aside !== undefined && { aside }),
      next: steps,
    }
    return printEnvelope(successEnvelope('init', data), { json })
  }
  const kept = aside === undefined ? '' : `the file that was there is now ${aside}\n`
  await write(process.stdout, `${kept}wrote ${path}, readable for you alone\n\n${steps}`)
  return exitCodes.ok
}

// In a checkout there is no `signalbox` to type.
function programName(): string {
  return process.env['npm_lifecycle_event'] === 'signalbox' ? 'npm run -s signalbox --' : 'signalbox'
}

/** Returns where the old file went, if there was one. */
function writeStarter(path: string, text: string, force: boolean): string | undefined {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    if (!force && existsSync(path)) throw exists(path)
    const aside = force && existsSync(path) ? putAside(path) : undefined
    writeNewFile(path, text)
    return aside
  } catch (cause) {
    if (cause instanceof CommandFailure) throw cause
    throw new CommandFailure('file_not_written', `${path} could not be written (${codeOf(cause)})`, { cause })
  }
}

function exists(path: string): CommandFailure {
  const message = `${path} is there already; name another file with --config, or use --force`
  return new CommandFailure('file_exists', message, { exit: exitCodes.usage, param: '--config' })
}

// An older copy may be the only one of somebody's work.
function putAside(path: string): string {
  const first = `${path}.bak`
  const aside = existsSync(first) ? `${path}.${randomBytes(3).toString('hex')}.bak` : first
  renameSync(path, aside)
  return aside
}
