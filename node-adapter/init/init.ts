// `signalbox init`: writes a configuration to start from, for this user alone, and never over another one.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import process from 'node:process'
import { z } from 'zod'
import { CommandFailure, exitCodes, type ExitCode } from '../cli/failure.ts'
import { printEnvelope, successEnvelope } from '../cli/output.ts'
import { write } from '../cli/terminal.ts'
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
 * Where the file goes. Never the folder that the command happens to run in: that may be somebody else's repository, and
 * no configuration is ever read from there unasked.
 */
export function starterPath(config: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  if (config !== undefined) return resolve(config)
  const named = env['SIGNALBOX_CONFIG']?.trim()
  if (named !== undefined && named !== '' && !named.startsWith('{')) return resolve(named)
  const base = env['XDG_CONFIG_HOME']
  // https://specifications.freedesktop.org/basedir-spec/latest/
  const folder = base !== undefined && isAbsolute(base) ? base : join(env['HOME'] || homedir(), '.config')
  return join(folder, 'signalbox', 'signalbox.jsonc')
}

/** Writes the file and prints what to do next. Throws `CommandFailure` (`file_exists`, `file_not_written`). */
export async function initMain(flags: z.output<typeof initInput>, json: boolean): Promise<ExitCode> {
  const path = starterPath(flags.config)
  const nativeClients = flags.native_clients
  const aside = writeStarter(path, starterText({ nativeClients }), flags.force)
  const steps = nextSteps({ path, url: defaultUrl, nativeClients })
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

/** Returns where the old file went, if there was one. */
function writeStarter(path: string, text: string, force: boolean): string | undefined {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    if (!force && existsSync(path)) throw exists(path)
    const aside = force && existsSync(path) ? putAside(path) : undefined
    writeNew(path, text)
    return aside
  } catch (cause) {
    if (cause instanceof CommandFailure) throw cause
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
    throw new CommandFailure('file_not_written', `${path} could not be written (${code})`, { cause })
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

function writeNew(path: string, text: string): void {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0)
  const descriptor = openSync(path, flags, 0o600)
  try {
    // A umask can only take bits away; a mount's default ACL can add some.
    if (process.platform !== 'win32') fchmodSync(descriptor, 0o600)
    writeSync(descriptor, text)
    fsyncSync(descriptor)
  } catch (cause) {
    rmSync(path, { force: true })
    throw cause
  } finally {
    closeSync(descriptor)
  }
}
