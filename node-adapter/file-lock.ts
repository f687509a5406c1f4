// One writer at a time for a file that several processes change: a lock file beside it. A process that died with the lock
// does not keep others out.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import process from 'node:process'
import { runtimeName } from './runtime-name.ts'

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
  const lock = `${path}.lock`
  const own = `${process.pid} ${randomBytes(8).toString('hex')}`
  const deadline = performance.now() + patience
  while (!take(lock, own)) {
    if (removeStale(lock)) continue
    if (performance.now() > deadline)
      throw new FileLocked(`${path} is being edited by another process (${lock}${ownerText(lock)})`)
    await new Promise((resolve) => setTimeout(resolve, lockLimits.pause))
  }
  try {
    return await work()
  } finally {
    if (read(lock) === own) rmSync(lock, { force: true })
  }
}

function take(lock: string, own: string): boolean {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0)
  let descriptor: number
  try {
    descriptor = openSync(lock, flags, 0o600)
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false
    throw cause
  }
  try {
    writeSync(descriptor, own)
  } finally {
    closeSync(descriptor)
  }
  return true
}

/** Takes a lock away whose owner is gone. */
function removeStale(lock: string): boolean {
  const held = read(lock)
  if (held === undefined) return true
  if (!isStale(lock, held)) return false
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

function isStale(lock: string, held: string): boolean {
  // Its owner died between making it and signing it, or is about to sign.
  const isSigned = /^\d+ [0-9a-z]+$/.test(held)
  if (isSigned && Number.parseInt(held, 10) !== process.pid && isGone(Number.parseInt(held, 10))) return true
  try {
    return Date.now() - statSync(lock).mtimeMs > (isSigned ? lockLimits.oldest : lockLimits.oldestUnsigned)
  } catch {
    return true
  }
}

function isGone(pid: number): boolean {
  // Deno takes the question for a wish to run programs, and asks the user: there only the age of a lock counts.
  if (runtimeName() === 'deno') return false
  try {
    process.kill(pid, 0)
    return false
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'ESRCH'
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
