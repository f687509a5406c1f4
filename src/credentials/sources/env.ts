// A secret in an environment variable, or in a Worker's secret.
import type { SecretSource } from '../../catalog/snapshot.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import { Secret } from '../../ir/secret.ts'
import type { Secrets } from '../../ports/index.ts'

type EnvSource = Extract<SecretSource, { readonly source: 'env' }>

/** The variable's value. Fails with `missing_credential` where it is not set or empty. */
export function readEnv({ env }: EnvSource, id: string, secrets: Secrets): Outcome<Secret> {
  const value = secrets.get(env)
  if (value === undefined || value === '')
    return failed('missing_credential', {
      message: `the environment variable ${env} of credential ${id} is ${value === '' ? 'empty' : 'not set'}`,
    })
  return ok(new Secret(id, value))
}
