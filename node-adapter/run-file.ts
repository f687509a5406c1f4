// How the command line finds a gateway of this machine: one owner-only file per gateway with its URL and admin token.
import { closeSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import process from 'node:process'
import { isObject, parseJson } from '../src/wire/json-parse.ts'
import { replaceOwnerFile } from './owner-file.ts'
import { descriptorNotOurs, notOurs, openUnlinked } from './owner-only.ts'
import { isGone } from './process-gone.ts'

export interface RunFile {
  readonly url: string
  readonly pid: number
  /** Admin for this run of the gateway and worthless after it; made by whoever starts the gateway. */
  readonly token: string
  /** Unix milliseconds. */
  readonly startedAt: number
  /** The configuration file; null where the configuration did not come from one. */
  readonly config: string | null
}

const maxBytes = 64 * 1024
const connectPatienceMs = 500

/** The folder of the run files. */
export function runFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(stateFolder(env), 'run')
}

/**
 * Where this user's gateways keep what belongs to none of their configurations; `SIGNALBOX_STATE_DIR` comes before the
 * places of the XDG specification.
 */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['SIGNALBOX_STATE_DIR']
  if (own !== undefined && own !== '') return own
  const state = env['XDG_STATE_HOME']
  // A relative path is to be ignored. https://specifications.freedesktop.org/basedir-spec/latest/
  const base = state !== undefined && isAbsolute(state) ? state : join(env['HOME'] || homedir(), '.local', 'state')
  return join(base, 'signalbox')
}

/** Writes the file of one gateway and returns its path. Rejects where the folder is open to others. */
export async function writeRunFile(run: RunFile, folder = runFolder()): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const refusal = notOurs(lstatSync(folder), { kind: 'folder' })
  if (refusal !== undefined) throw new Error(`${folder} ${refusal}. Run: chmod 700 '${folder}'`)
  const path = join(folder, fileName(run))
  const config = run.config === null ? null : resolve(run.config)
  replaceOwnerFile(path, `${JSON.stringify({ ...run, config })}\n`)
  return path
}

/** Removes the named file, or all that this process wrote. Never rejects: it runs while the process ends. */
export async function removeRunFile(path?: string, folder = runFolder()): Promise<void> {
  const own = listNames(folder).filter((name) => name.startsWith(`${process.pid}-`))
  for (const doomed of path === undefined ? own.map((name) => join(folder, name)) : [path]) remove(doomed)
}

/**
 * The gateways that answer, newest first. Files of dead ones are removed; files that are not this user's alone are
 * passed over and named to `onRefused`.
 */
export async function readLiveRunFiles(
  options: { readonly folder?: string; readonly onRefused?: (message: string) => void } = {},
): Promise<readonly RunFile[]> {
  const folder = options.folder ?? runFolder()
  const names = listNames(folder)
  if (names.length === 0) return []
  const refusal = notOurs(lstatSync(folder), { kind: 'folder' })
  if (refusal !== undefined) {
    options.onRefused?.(`${folder} ${refusal}: ignored`)
    return []
  }
  const found = await Promise.all(names.map((name) => readLive(join(folder, name), options.onRefused)))
  return found.filter((run) => run !== undefined).sort((left, right) => right.startedAt - left.startedAt)
}

// The pid first, so that a process finds its own; the port tells two gateways of one process apart.
function fileName(run: RunFile): string {
  return `${run.pid}-${new URL(run.url).port || '80'}.json`
}

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+-\d+\.json$/.test(name))
  } catch {
    return []
  }
}

async function readLive(
  path: string,
  onRefused: ((message: string) => void) | undefined,
): Promise<RunFile | undefined> {
  const read = readGuarded(path)
  if (typeof read === 'string') {
    onRefused?.(`${path} ${read}: ignored`)
    return undefined
  }
  if (read === undefined) return undefined
  // Where nobody can tell, or the process is another user's, the port decides.
  const answers = isGone(read.pid) ? 'refused' : await accepts(read.url)
  if (answers === 'refused') remove(path)
  return answers === 'yes' ? read : undefined
}

/** The file, why it is not trusted, or nothing where it has gone or says nothing usable. */
function readGuarded(path: string): RunFile | string | undefined {
  let descriptor: number
  try {
    descriptor = openUnlinked(path)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ELOOP' ? 'is a symbolic link' : undefined
  }
  try {
    return descriptorNotOurs(descriptor, { kind: 'file', maxBytes }) ?? runFileOf(readFileSync(descriptor, 'utf8'))
  } catch {
    return undefined
  } finally {
    closeSync(descriptor)
  }
}

function runFileOf(text: string): RunFile | undefined {
  const value = parseJson(text)
  if (!isObject(value)) return undefined
  const { url, pid, token, startedAt, config } = value
  if (typeof url !== 'string' || !/^https?:\/\//.test(url) || !URL.canParse(url)) return undefined
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 1) return undefined
  if (typeof token !== 'string' || typeof startedAt !== 'number') return undefined
  return { url, pid, token, startedAt, config: typeof config === 'string' ? config : null }
}

function accepts(url: string): Promise<'yes' | 'refused' | 'silent'> {
  const { hostname, port, protocol } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || (protocol === 'https:' ? 443 : 80)),
    })
    const finish = (answer: 'yes' | 'refused' | 'silent'): void => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(connectPatienceMs, () => finish('silent'))
    socket.once('connect', () => finish('yes'))
    socket.once('error', (error: NodeJS.ErrnoException) => finish(error.code === 'ECONNREFUSED' ? 'refused' : 'silent'))
  })
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // Somebody else's folder by now, or a disk that went away: the next reader finds the file stale.
  }
}
