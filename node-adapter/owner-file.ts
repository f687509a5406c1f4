// Writing files that are this user's alone: whole or not at all, and never over somebody else's.
import { randomBytes } from 'node:crypto'
import { closeSync, linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { codeOf } from './error-code.ts'
import { syncFolder, writeNewFile } from './new-file.ts'
import { descriptorNotOurs, notOurs, openUnlinked } from './owner-only.ts'

/** The file or its folder is not to be trusted. The message says why and what to run. */
export class OwnerFileRefused extends Error {
  override readonly name: string = 'OwnerFileRefused'
}

/** The text of a file that is this user's alone; undefined where there is none. Throws `OwnerFileRefused`. */
export function readOwnerFile(path: string, maxBytes: number): string | undefined {
  let descriptor: number
  try {
    descriptor = openUnlinked(path)
  } catch (cause) {
    const code = codeOf(cause)
    if (code === 'ENOENT') return undefined
    if (code === 'ELOOP' || code === 'EMLINK') throw new OwnerFileRefused(`${path} is a symbolic link`, { cause })
    throw cause
  }
  try {
    const refusal = descriptorNotOurs(descriptor, { kind: 'file', maxBytes })
    if (refusal !== undefined) throw new OwnerFileRefused(`${path} ${refusal}. Run: chmod 600 '${path}'`)
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/** Makes the file unless it is there. Returns whether it was made here. Throws `OwnerFileRefused`. */
export function createOwnerFile(path: string, text: string): boolean {
  prepareOwnerFolder(path)
  return withDraft(path, text, (draft) => {
    try {
      // Unlike a rename, a link never takes the place of a file: of two first starts at once, one stays.
      linkSync(draft, path)
      return true
    } catch (cause) {
      const code = codeOf(cause)
      if (code === 'EEXIST') return false
      // Some file systems have no links: there the file itself is made, if nobody was faster.
      if (linkless.has(code)) return writeUnlessThere(path, text)
      throw cause
    }
  })
}

/** Puts the text in the place of the file in one step: a kill leaves the old one or the new one. Throws `OwnerFileRefused`. */
export function replaceOwnerFile(path: string, text: string): void {
  prepareOwnerFolder(path)
  withDraft(path, text, (draft) => renameSync(draft, path))
  syncFolder(dirname(path))
}

const linkless: ReadonlySet<string> = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'])

/** Makes the folder of a file, or looks whether it is to be trusted with one. Throws `OwnerFileRefused`. */
export function prepareOwnerFolder(path: string): void {
  const folder = dirname(path)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  // Who can write here could put a file of his own in the place of ours.
  const refusal = notOurs(lstatSync(folder), { kind: 'folder', mayBeRead: true })
  if (refusal !== undefined) throw new OwnerFileRefused(`${folder} ${refusal}. Run: chmod go-w '${folder}'`)
}

function withDraft<T>(path: string, text: string, place: (draft: string) => T): T {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    writeNewFile(draft, text)
    return place(draft)
  } finally {
    rmSync(draft, { force: true })
  }
}

function writeUnlessThere(path: string, text: string): boolean {
  try {
    writeNewFile(path, text)
    return true
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw cause
    return false
  }
}
