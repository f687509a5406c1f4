// A secret that stands in the configuration itself.
import type { SecretSource } from '../../catalog/snapshot.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'

type InlineSource = Extract<SecretSource, { readonly source: 'inline' }>

/** The text as it was written; empty where there is none. */
export function inlineText(source: InlineSource): string {
  return source.reveal()
}

/** The text as a secret. Fails with `missing_credential` where it is empty. */
export function readInline(source: InlineSource, id: string): Outcome<Secret> {
  const value = inlineText(source)
  if (value === '') return failed('missing_credential', { message: `the key in the file of credential ${id} is empty` })
  return ok(new Secret(id, value))
}
