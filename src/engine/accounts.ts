// What an account brings to an attempt.
import type { ProviderRecord } from '../catalog/snapshot.ts'
import type { Lease } from '../credentials/keeper.ts'
import { failed, GatewayError, ok, type Outcome } from '../ir/error.ts'
import type { RequestContext } from './context.ts'

/** The lease of an account; nothing where the provider's scheme needs none. Fails with `missing_credential`. */
export function leaseOf(
  context: RequestContext,
  provider: ProviderRecord,
  accountId: string | null,
  region: string | null,
): Outcome<Lease> | Promise<Outcome<Lease>> {
  if (provider.authScheme.kind === 'none') return ok({ material: { kind: 'none' }, credential: null, renewable: false })
  const account = provider.accounts.find((candidate) => candidate.id === accountId)
  if (account === undefined)
    return failed('missing_credential', { message: `provider ${provider.id} has no account ${accountId ?? ''}`.trim() })
  if (account.credential === null)
    return failed('missing_credential', { message: `account ${provider.id}/${account.id} has no credential` })
  return context.credentials.lease({ provider: provider.id, account, region }, context.snapshot)
}

/** Whatever keeps a credential from being had, another account may have its own: so it is never the end of a request. */
export function credentialFault(error: GatewayError): GatewayError {
  if (error.origin === 'upstream' && error.retry !== 'never') return error
  return new GatewayError('missing_credential', { message: error.message, cause: error })
}
