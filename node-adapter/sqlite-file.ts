// What a database file has to be before anything is read from it: ours alone, a plain file, and whole.
// Nothing here deletes or repairs. Windows has no such mode bits; there only the mode checks are void.
import { closeSync, constants, lstatSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { ownUid } from './owner-only.ts'

export type StoreFileProblem = 'mode' | 'owner' | 'not_a_file' | 'directory' | 'unreadable' | 'corrupt' | 'locked'

/** The database file cannot be used. The message names the path and what to do; it is meant for the operator. */
export class StoreFileError extends Error {
  override readonly name = 'StoreFileError'
  readonly problem: StoreFileProblem
  readonly path: string

  constructor(problem: StoreFileProblem, path: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.problem = problem
    this.path = path
  }
}

/**
 * Makes the folder (0700) and the file (0600) where they are missing, and refuses what others may read, write or replace.
 * Throws `StoreFileError`.
 */
export function prepareDatabaseFile(path: string): void {
  const folder = dirname(path)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    checkFolder(folder)
    if (exists(path)) checkFile(path)
    else closeSync(openSync(path, constants.O_CREAT | constants.O_EXCL | constants.O_RDWR, 0o600))
    // SQLite gives these the mode of the database; one that was put there by somebody else would be read as ours.
    for (const suffix of ['-wal', '-shm', '-journal']) if (exists(path + suffix)) checkFile(path + suffix)
  } catch (error) {
    if (error instanceof StoreFileError) throw error
    throw unreadableFile(path, error instanceof Error && 'code' in error ? String(error.code) : 'unknown error', error)
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

function checkFolder(folder: string): void {
  const { mode } = statSync(folder)
  if (process.platform === 'win32' || (mode & 0o002) === 0) return
  throw new StoreFileError(
    'directory',
    folder,
    `${folder} may be written by everybody (mode ${octal(mode)}), who could put another database in its place: ` +
      `choose a folder of your own, or run: chmod o-w ${quoted(folder)}`,
  )
}

/**
 * Looks without opening: closing a handle would drop the locks of a connection that this process has on the same file
 * (https://sqlite.org/howtocorrupt.html, section 2.2). A swap afterwards needs the folder, which is checked first.
 */
function checkFile(path: string): void {
  const info = lstatSync(path)
  if (info.isSymbolicLink()) throw notAFile(path, 'a symbolic link')
  if (!info.isFile()) throw notAFile(path, 'not a plain file')
  if (process.platform !== 'win32') checkAccess(path, info.mode, info.uid)
}

function checkAccess(path: string, mode: number, uid: number): void {
  if ((mode & 0o077) !== 0) {
    const fix = `chmod 600 ${quoted(path)}`
    throw new StoreFileError('mode', path, `${path} is open to others (mode ${octal(mode)}). Run: ${fix}`)
  }
  // Where the runtime may not say who we are, access to a 0600 file is the proof, except for root.
  const own = ownUid()
  if (own === undefined || uid === own) return
  const fix = `chown ${own} ${quoted(path)}`
  throw new StoreFileError('owner', path, `${path} belongs to user ${uid}, not to user ${own}. Run: ${fix}`)
}

function notAFile(path: string, what: string): StoreFileError {
  return new StoreFileError('not_a_file', path, `${path} is ${what}: give the path of the database file itself`)
}

/** The error for a file that may not be read, or not be written. */
export function unreadableFile(path: string, reason: string, cause: unknown): StoreFileError {
  return new StoreFileError('unreadable', path, `${path} cannot be opened for reading and writing (${reason})`, cause)
}

/** The error for a file that SQLite cannot read. Restoring is the operator's decision, so it only says how. */
export function corruptFile(path: string, reason: string, cause?: unknown): StoreFileError {
  return new StoreFileError(
    'corrupt',
    path,
    `${path} is not a sound SQLite database (${reason}). It was left as it is. Move it, its -wal and its -shm file aside ` +
      `and put a backup in its place, or rescue what still reads: ` +
      `sqlite3 ${quoted(path)} .recover | sqlite3 ${quoted(`${path}.rescued`)}`,
    cause,
  )
}

/** The error for a file that another process keeps locked. */
export function lockedFile(path: string, cause: unknown): StoreFileError {
  return new StoreFileError('locked', path, `${path} is locked by another process: stop it, or wait for it`, cause)
}

function octal(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0')
}

function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
