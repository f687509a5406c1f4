// The keys of a role as AWS's metadata services write them, for machines and for containers.
import { failed, ok, type Outcome } from '../../src/ir/error.ts'
import { Secret } from '../../src/ir/secret.ts'
import type { MachineAwsKeys } from '../../src/ports/index.ts'
import { isObject, parseJson } from '../../src/wire/json-parse.ts'

/** The keys in an answer of either service. */
export function readKeys(text: string): Outcome<MachineAwsKeys> {
  const members = parseJson(text)
  if (!isObject(members)) return missing('the metadata service answered something that is not JSON')
  const code = members['Code']
  if (typeof code === 'string' && code !== 'Success') return missing(`the metadata service reports a failed role`)
  const { AccessKeyId: id, SecretAccessKey: key, Token: session, Expiration: expiration } = members
  if (typeof id !== 'string' || id === '' || typeof key !== 'string' || key === '')
    return missing('the metadata service answered without keys')
  const expiresAt = typeof expiration === 'string' ? Date.parse(expiration) : Number.NaN
  return ok({
    accessKeyId: id,
    secretAccessKey: new Secret('aws role', key),
    sessionToken: typeof session === 'string' && session !== '' ? new Secret('aws role session', session) : null,
    expiresAt: Number.isNaN(expiresAt) ? null : expiresAt,
  })
}

function missing(what: string): Outcome<never> {
  return failed('missing_credential', { message: `AWS role: ${what}` })
}
