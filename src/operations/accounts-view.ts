// What the operations on accounts share.
import type { ProviderRecord, Snapshot } from '../catalog/snapshot.ts'
import { nearest } from '../catalog/hints.ts'
import { GatewayError } from '../ir/error.ts'
import type { AccountsControl, OperationContext } from './operation.ts'

/** The accounts of the running gateway. Throws `not_configured` elsewhere: nothing is known of them there. */
export function accountsOf({ accounts }: OperationContext): AccountsControl {
  if (accounts === undefined) throw new GatewayError('not_configured', { message: 'no gateway is running here' })
  return accounts
}

/** A provider by its id. Throws `not_found`. */
export function providerNamed(snapshot: Snapshot, id: string): ProviderRecord {
  const provider = snapshot.providers.get(id)
  if (provider === undefined) throw unknown('provider', id, [...snapshot.providers.keys()])
  return provider
}

/** Throws `not_found` where the provider has no such account. */
export function checkAccount(provider: ProviderRecord, id: string): void {
  const ids = provider.accounts.map((account) => account.id)
  if (!ids.includes(id)) throw unknown('account', id, ids)
}

function unknown(what: 'provider' | 'account', id: string, known: readonly string[]): GatewayError {
  const near = nearest(id, known)
  const hint = near === undefined ? '' : `, did you mean ${JSON.stringify(near)}?`
  return new GatewayError('not_found', { message: `no ${what} ${JSON.stringify(id)}${hint}`, param: what })
}
