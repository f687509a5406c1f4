// A new text in the place of a file: whole or not at all, whatever happens meanwhile. Keeps its mode and its owner.
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { syncFolder, writeNewFile } from './new-file.ts'

/** Why a file was left as it is. */
export type Replaced = 'done' | 'changed' | 'read_only'

/**
 * Puts `text` in the place of a file that still says `expected`: a temporary file beside it, synced, renamed over it.
 * `changed` where somebody wrote to it meanwhile, `read_only` where its owner wants no changes. Throws what the file
 * system throws. The caller sees to it that nobody else does the same.
 */
export function replaceFile(path: string, text: string, expected: string): Replaced {
  const before = statSync(path)
  if ((before.mode & 0o200) === 0 && process.platform !== 'win32') return 'read_only'
  const folder = dirname(path)
  removeLeftovers(folder, path)
  const draft = join(folder, `${draftPrefix(path)}${randomBytes(6).toString('hex')}.tmp`)
  try {
    writeNewFile(draft, text, before)
    // A byte order mark and all: not a decoder's idea of it.
    if (!readFileSync(path).equals(Buffer.from(expected, 'utf8'))) {
      rmSync(draft, { force: true })
      return 'changed'
    }
    renameSync(draft, path)
  } catch (cause) {
    rmSync(draft, { force: true })
    throw cause
  }
  syncFolder(folder)
  return 'done'
}

function draftPrefix(path: string): string {
  return `.${basename(path)}.edit-`
}

// Of a process that was killed before its rename.
function removeLeftovers(folder: string, path: string): void {
  const prefix = draftPrefix(path)
  for (const name of readdirSync(folder))
    if (name.startsWith(prefix) && name.endsWith('.tmp')) rmSync(join(folder, name), { force: true })
}
