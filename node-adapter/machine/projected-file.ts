// Files that the platform lays out for a workload, as Kubernetes does with its projected volumes: reached by links (the
// content is exchanged by changing one of them), owned by root, and readable by a group or by all of the container.
import { constants, fstatSync, type Stats } from 'node:fs'
import { open } from 'node:fs/promises'
import { failed, ok, type Outcome } from '../../src/ir/error.ts'

/** The largest such file that is read. */
export const maxProjectedBytes = 64 * 1024

/**
 * Its text. The file behind the links has to be a regular one that belongs to root or to this user, and that nobody else
 * may write: who can write it decides who we are. Who may read it is the platform's business. Fails with
 * `missing_credential`.
 */
export async function readProjectedFile(path: string): Promise<Outcome<string>> {
  const name = JSON.stringify(path)
  let file
  try {
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    return refused(code === 'ENOENT' ? `there is no file ${name}` : `the file ${name} cannot be read (${code})`)
  }
  try {
    const problem = projectedProblem(fstatSync(file.fd))
    if (problem !== undefined) return refused(`the file ${name} ${problem}`)
    return ok(await file.readFile('utf8'))
  } catch {
    return refused(`the file ${name} cannot be read`)
  } finally {
    await file.close()
  }
}

/** Why a file is not trusted; undefined where it is. */
export function projectedProblem(info: Pick<Stats, 'isFile' | 'size' | 'uid' | 'mode'>): string | undefined {
  if (!info.isFile()) return 'is not a regular file'
  if (info.size > maxProjectedBytes) return `is larger than ${maxProjectedBytes} bytes`
  if (process.platform === 'win32') return undefined
  const own = ownUid()
  if (own !== undefined && info.uid !== own && info.uid !== 0)
    return `belongs to user ${info.uid}, not to root or to us`
  const mode = (info.mode & 0o7777).toString(8).padStart(4, '0')
  return (info.mode & 0o022) === 0 ? undefined : `may be written by others (mode ${mode}): chmod go-w`
}

/** Undefined where the runtime may not say (Deno without --allow-sys=uid). */
function ownUid(): number | undefined {
  try {
    return process.geteuid?.()
  } catch {
    return undefined
  }
}

function refused(what: string): Outcome<never> {
  return failed('missing_credential', { message: what })
}
