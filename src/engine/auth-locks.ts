// Accounts that were left out because their credential was refused: a new credential deserves a try of its own.
import type { Snapshot } from '../catalog/snapshot.ts'
import { isSameCredential } from '../credentials/same-credential.ts'
import type { AccountBook } from './account-book.ts'

/** Lifts what the refusals of a credential locked, on every account that uses it. Returns how many locks held. */
export function liftAuthLocks(book: Pick<AccountBook, 'reset'>, snapshot: Snapshot, credential: string): number {
  let lifted = 0
  for (const { id, accounts } of snapshot.providers.values())
    for (const account of accounts)
      if (account.credential?.id === credential) lifted += book.reset(id, account.id, null, 'upstream_auth')
  return lifted
}

/** Lifts the same for the accounts that have another credential than they had in the configuration before. */
export function liftReplaced(book: Pick<AccountBook, 'reset'>, before: Snapshot, after: Snapshot): void {
  for (const { id, accounts } of after.providers.values())
    for (const account of accounts) {
      const known = before.providers.get(id)?.accounts.find((other) => other.id === account.id)
      if (known !== undefined && !isSameCredential(known.credential, account.credential))
        book.reset(id, account.id, null, 'upstream_auth')
    }
}
