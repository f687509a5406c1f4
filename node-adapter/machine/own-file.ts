// Files with secrets that somebody else put on this machine for this user: read only where nobody else can read them or
// put another one in their place. Owns these rules; what is in a file is for others.
import { constants, type Stats } from 'node:fs'
import { access, lstat, open, readlink, realpath, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import process from 'node:process'
import { failed, ok, type Outcome } from '../../src/ir/error.ts'
import { notOurs } from '../owner-only.ts'

/** The largest file that is read: a service account's JSON is 3 KB. */
export const maxOwnFileBytes = 64 * 1024

/**
 * The text of a file that this user alone can read and change; `~/` stands for `home`. Also taken is what a container's
 * platform mounts: root's, and nobody can write it. Asks the open file, not its name, so that nobody can exchange it in
 * between. Fails with `missing_credential`, which names the mode and the command to run.
 */
export async function readOwnFile(given: string, home: string | null): Promise<Outcome<string>> {
  const path = expandHome(given, home)
  if (path === undefined) return refused(`${given}: this user has no home folder`)
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
  let handle: FileHandle
  let isLinked = false
  try {
    handle = await open(path, flags | (constants.O_NOFOLLOW ?? 0))
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return refused(`there is no file ${path}`)
    if (code !== 'ELOOP' && code !== 'EMLINK') return refused(`the file ${path} cannot be read: ${code}`)
    isLinked = true
    try {
      handle = await open(path, flags)
    } catch (cause) {
      return refused(`the link ${path} cannot be followed: ${codeOf(cause)}`)
    }
  }
  try {
    return await readHandle(path, handle, isLinked)
  } catch (error) {
    return refused(`the file ${path} cannot be read: ${codeOf(error)}`)
  } finally {
    await handle.close()
  }
}

async function readHandle(path: string, handle: FileHandle, wasLink: boolean): Promise<Outcome<string>> {
  const info = await handle.stat()
  const named = await lstat(path)
  // Deno opens what a link leads to where its own permissions are narrowed, whatever the flags say.
  const isLinked = wasLink || named.isSymbolicLink() || named.ino !== info.ino || named.dev !== info.dev
  if (!info.isFile()) return refused(`${path} is not a regular file`)
  if (info.size > maxOwnFileBytes) return refused(`the file ${path} is larger than ${maxOwnFileBytes} bytes`)
  const problem =
    (await isReadOnlyOfRoot(path, info)) && (!isLinked || named.uid === 0)
      ? undefined
      : isLinked
        ? `the file ${path} is a symbolic link: name the file itself`
        : ((await ownProblem(path, info)) ?? (await folderProblem(path)))
  if (problem !== undefined) return refused(problem)
  const bytes = await handle.readFile()
  // It may have grown since it was asked.
  if (bytes.length > maxOwnFileBytes) return refused(`the file ${path} is larger than ${maxOwnFileBytes} bytes`)
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return refused(`the file ${path} is not UTF-8 text`)
  }
}

async function ownProblem(path: string, info: Stats): Promise<string | undefined> {
  const problem = notOurs(info, { kind: 'file' })
  if (problem === undefined) return undefined
  const fix = problem.startsWith('is open') ? `: run chmod 600 ${shellWord(path)}` : ''
  return `the file ${path} ${problem}${fix}`
}

/**
 * Who can write the folder can put another file in its place, who can write a folder above it another folder, and who can
 * write the folder of a link on the way another way.
 */
async function folderProblem(path: string): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined
  const own = ownUid()
  const strict = new Set([dirname(await realpath(path)), dirname(path)])
  for (const folder of await foldersTo(strict)) {
    const info = await lstat(folder)
    const { mode, uid } = info
    const isSticky = (mode & 0o1000) !== 0
    const closed = strict.has(folder) ? 0o022 : 0o002
    if (info.isDirectory() && (mode & closed) !== 0 && !isSticky)
      return `the folder ${folder} may be written by others (mode ${octal(mode)}): run chmod go-w ${shellWord(folder)}`
    if (own !== undefined && uid !== own && uid !== 0)
      return `the ${info.isDirectory() ? 'folder' : 'link'} ${folder} belongs to user ${uid}`
  }
  return undefined
}

/** The folders, those above them, and those behind the links among them. */
async function foldersTo(starts: Iterable<string>): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  const open = [...starts]
  // What is opened while this runs is walked too; each folder once.
  for (const start of open)
    for (let folder = start; !found.has(folder); folder = dirname(folder)) {
      found.add(folder)
      if ((await lstat(folder)).isSymbolicLink()) open.push(resolve(dirname(folder), await readlink(folder)))
    }
  return found
}

/** How containers mount secrets: root's, and nobody can write them. */
export async function isReadOnlyOfRoot(path: string, { uid, mode }: Pick<Stats, 'uid' | 'mode'>): Promise<boolean> {
  if (process.platform === 'win32' || uid !== 0 || (mode & 0o022) !== 0) return false
  if ((mode & 0o222) === 0) return true
  return access(path, constants.W_OK).then(
    () => false,
    (error: unknown) => codeOf(error) === 'EROFS',
  )
}

function expandHome(path: string, home: string | null): string | undefined {
  if (!/^~(?=[\\/])/.test(path)) return resolve(path)
  return home === null ? undefined : resolve(home + path.slice(1))
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}

function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** Undefined where the runtime may not say (Deno without --allow-sys=uid). */
function ownUid(): number | undefined {
  try {
    return process.geteuid?.()
  } catch {
    return undefined
  }
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : 'unknown error'
}

function refused(message: string): Outcome<never> {
  return failed('missing_credential', { message })
}
