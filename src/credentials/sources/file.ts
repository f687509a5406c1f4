// A secret in a file that belongs to this user alone.
import type { SecretSource } from '../../catalog/snapshot.ts'
import { failed, type Outcome } from '../../ir/error.ts'
import type { Secret } from '../../ir/secret.ts'
import type { Machine } from '../../ports/index.ts'
import { withoutHome } from '../without-home.ts'
import { secretFrom } from './text.ts'

type FileSource = Extract<SecretSource, { readonly source: 'file' }>

/**
 * The file's text without the newline that editors and `echo` put at its end; `~/` stands for this user's folder. Fails
 * with `missing_credential` where there is no machine, no file, or one that others could read.
 */
export async function readFileSecret(
  { path, field }: FileSource,
  id: string,
  machine: Machine | undefined,
): Promise<Outcome<Secret>> {
  if (machine === undefined)
    return failed('missing_credential', {
      message: `credential ${id}: files exist only where the gateway runs on a machine; use "env" or "sealed"`,
    })
  const read = await machine.readOwnFile(path)
  if (!read.ok)
    return failed('missing_credential', {
      message: `credential ${id}: ${withoutHome(read.error.message, machine.home)}`,
      cause: read.error,
    })
  return secretFrom(read.value.replace(/(?:\r?\n)+$/, ''), {
    id,
    place: `file ${withoutHome(path, machine.home)}`,
    field,
  })
}
