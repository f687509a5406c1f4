// Making a file: under a name that nobody has, with its mode from the first moment, and on the disk when it is done. Who
// wants to replace another file makes one like this and renames it.
import { closeSync, constants, fchmodSync, fchownSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import process from 'node:process'
import { ownUid } from './owner-only.ts'

/** Whose the file is and who may use it, like the `Stats` of another one. */
export interface FileAccess {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/**
 * Makes a file of this text and waits until it is on the disk; half a file is taken away again. Throws what the file
 * system throws: `EEXIST` where the name is taken, if only by a link.
 * @param access absent: this user's alone
 */
export function writeNewFile(path: string, text: string, access?: FileAccess): void {
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0)
  const descriptor = openSync(path, flags, 0o600)
  try {
    if (process.platform !== 'win32') allow(descriptor, access)
    const bytes = Buffer.from(text, 'utf8')
    for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at)
    fsyncSync(descriptor)
  } catch (cause) {
    rmSync(path, { force: true })
    throw cause
  } finally {
    closeSync(descriptor)
  }
}

function allow(descriptor: number, access: FileAccess | undefined): void {
  // Root edits a file of somebody who has to go on reading it.
  if (access !== undefined && access.uid !== ownUid()) fchownSync(descriptor, access.uid, access.gid)
  // A umask can only take bits away; a mount's default ACL can add some.
  fchmodSync(descriptor, (access?.mode ?? 0o600) & 0o777)
}

/** Waits until the names in a folder are on the disk: without it a rename may be lost with the power. Never throws. */
export function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, constants.O_RDONLY)
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // Some systems have no such thing for folders; the file itself is whole either way.
  }
}
