// An account's secret at the moment it is needed. Values stay in local variables: never in a snapshot, trace or log.
import type { Account, ProviderRecord } from '../catalog/snapshot.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { Secrets } from '../ports/index.ts'

/** The secret of an account; null where the provider's scheme needs none. Fails with `missing_credential`. */
export function secretOf(provider: ProviderRecord, accountId: string | null, secrets: Secrets): Outcome<string | null> {
  if (provider.authScheme.kind === 'none') return ok(null)
  const account = provider.accounts.find((candidate) => candidate.id === accountId)
  if (account === undefined)
    return failed('missing_credential', { message: `provider ${provider.id} has no account ${accountId ?? ''}`.trim() })
  return reveal(provider, account, secrets)
}

function reveal(provider: ProviderRecord, account: Account, secrets: Secrets): Outcome<string | null> {
  const { credential } = account
  if (credential === null)
    return failed('missing_credential', { message: `account ${provider.id}/${account.id} has no credential` })
  if (credential.source === 'inline') return ok(credential.reveal())
  const value = secrets.get(credential.env)
  return value === undefined || value === ''
    ? failed('missing_credential', {
        message: `the environment variable ${credential.env} of account ${provider.id}/${account.id} is not set`,
      })
    : ok(value)
}
