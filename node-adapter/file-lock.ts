// One writer at a time for a file that several processes change: a lock file beside it. A process that died with the lock
// does not keep others out.
import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import process from 'node:process'
import { codeOf } from './error-code.ts'
import { writeNewFile } from './new-file.ts'
import { isGone } from './process-gone.ts'

/** Milliseconds. */
export const lockLimits = { patience: 10_000, pause: 25, oldest: 60_000, oldestUnsigned: 1000 } as const

/** Somebody else is writing, and did not stop in time. */
export class FileLocked extends Error {
  override readonly name = 'FileLocked'
}

/** Runs `work` while nobody else holds the lock of `path`. Throws `FileLocked` after `patience` milliseconds. */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  patience: number = lockLimits.patience,
): Promise<T> {
  const deadline = performance.now() + patience
  let release = takeFileLock(path)
  while (release === undefined) {
    if (performance.now() > deadline)
      throw new FileLocked(`${path} is being edited by another process (${lockOf(path)}${ownerText(lockOf(path))})`)
    await new Promise((resolve) => setTimeout(resolve, lockLimits.pause))
    release = takeFileLock(path)
  }
  try {
    return await work()
  } finally {
    release()
  }
}

/**
 * Takes the lock of `path` at once, or not at all. Returns what gives it back; undefined where somebody else has it.
 * @param oldest milliseconds after which a lock counts for nothing even if its process lives: its id may be another's by now
 */
export function takeFileLock(path: string, oldest: number = lockLimits.oldest): (() => void) | undefined {
  const lock = lockOf(path)
  const own = `${process.pid} ${randomBytes(8).toString('hex')}`
  const isTaken = make(lock, own) || (removeStale(lock, oldest) && make(lock, own))
  if (!isTaken) return undefined
  return () => {
    if (read(lock) === own) rmSync(lock, { force: true })
  }
}

function lockOf(path: string): string {
  return `${path}.lock`
}

function make(lock: string, own: string): boolean {
  try {
    writeNewFile(lock, own)
    return true
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') return false
    throw cause
  }
}

/** Takes a lock away whose owner is gone. */
function removeStale(lock: string, oldest: number): boolean {
  const held = read(lock)
  if (held === undefined) return true
  if (!isStale(lock, held, oldest)) return false
  const aside = `${lock}.${randomBytes(6).toString('hex')}`
  try {
    renameSync(lock, aside)
  } catch {
    return true
  }
  // Between the look and the rename somebody else may have done the same, and locked again: that one is given back.
  if (read(aside) !== held) {
    try {
      linkSync(aside, lock)
    } catch {
      // There is a third one by now.
    }
  }
  rmSync(aside, { force: true })
  return true
}

function isStale(lock: string, held: string, oldest: number): boolean {
  // Its owner died between making it and signing it, or is about to sign.
  const isSigned = /^\d+ [0-9a-z]+$/.test(held)
  if (isSigned && Number.parseInt(held, 10) !== process.pid && isGone(Number.parseInt(held, 10))) return true
  try {
    return Date.now() - statSync(lock).mtimeMs > (isSigned ? oldest : lockLimits.oldestUnsigned)
  } catch {
    return true
  }
}

function ownerText(lock: string): string {
  const pid = read(lock)?.split(' ')[0]
  return pid === undefined ? '' : `, process ${pid}`
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
