// Whether a file or folder is this user's alone. The rule of every file here that holds a secret.
import { constants, fstatSync, openSync, type Stats } from 'node:fs'
import process from 'node:process'

/** Opens for reading what is no link; the file that is open can then be asked, and nobody can put another in its place. */
export function openUnlinked(path: string): number {
  return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
}

export interface OwnerRule {
  readonly kind: 'file' | 'folder'
  readonly maxBytes?: number
  /** A folder may be looked into by others where what matters lies in a file that they cannot read. */
  readonly mayBeRead?: boolean
}

/** Why it is not trusted; undefined where it is. Permission bits mean nothing on Windows and are not checked there. */
export function notOurs(info: Stats, rule: OwnerRule): string | undefined {
  if (rule.kind === 'file' ? !info.isFile() : !info.isDirectory()) return `is not a ${rule.kind}`
  if (rule.kind === 'file' && info.size > (rule.maxBytes ?? Infinity)) return 'is too large'
  if (process.platform === 'win32') return undefined
  const own = ownUid()
  if (own !== undefined && info.uid !== own) return `belongs to user ${info.uid}`
  const mode = (info.mode & 0o7777).toString(8).padStart(4, '0')
  const closed = rule.mayBeRead === true ? 0o022 : 0o077
  return (info.mode & closed) === 0 ? undefined : `is open to others (mode ${mode})`
}

/** `notOurs` of an open file. */
export function descriptorNotOurs(descriptor: number, rule: OwnerRule): string | undefined {
  return notOurs(fstatSync(descriptor), rule)
}

/** The user that this process acts for. Undefined on Windows, and where the runtime may not say (Deno without --allow-sys=uid). */
export function ownUid(): number | undefined {
  try {
    return process.geteuid?.()
  } catch {
    return undefined
  }
}
