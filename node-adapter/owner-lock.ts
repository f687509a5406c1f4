// A lock between processes of one user, for changes that take more than one step: a file with the id of who holds it.
import { rmSync } from 'node:fs'
import process from 'node:process'
import { codeOf, createOwnerFile, OwnerFileRefused, readOwnerFile } from './owner-file.ts'

const maxBytes = 64

/** Takes the lock and returns what gives it back. Throws `OwnerFileRefused` where a process that lives holds it. */
export function holdLock(path: string): () => void {
  const text = `${process.pid}\n`
  const isTaken = createOwnerFile(path, text) || (isAbandoned(path) && takeOver(path, text))
  if (!isTaken) throw new OwnerFileRefused(`another process changes the keys. If none does, run: rm '${path}'`)
  return () => rmSync(path, { force: true })
}

// Left behind by a process that was killed.
function isAbandoned(path: string): boolean {
  const pid = Number(readOwnerFile(path, maxBytes))
  return Number.isInteger(pid) && pid > 0 && !isAlive(pid)
}

function takeOver(path: string, text: string): boolean {
  rmSync(path, { force: true })
  return createOwnerFile(path, text)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return codeOf(cause) !== 'ESRCH'
  }
}
