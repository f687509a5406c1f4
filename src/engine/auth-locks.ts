// Accounts that were left out because their credential was refused: a new credential deserves a try of its own.
import type { Snapshot } from '../catalog/snapshot.ts'
import type { LockSelector } from '../coordination/lock-selector.ts'
import { isSameCredential } from '../credentials/same-credential.ts'
import type { Coordinator } from '../coordination/coordinator.ts'

/** Lifts what the refusals of a credential locked, on every account that uses it. */
export async function liftAuthLocks(
  coordinator: Pick<Coordinator, 'resetLocks'>,
  snapshot: Snapshot,
  credential: string,
): Promise<void> {
  for (const { id, accounts } of snapshot.providers.values())
    for (const account of accounts)
      if (account.credential?.id === credential) await coordinator.resetLocks(refusalsOf(id, account.id))
}

/** Lifts the same for the accounts that have another credential than they had in the configuration before. */
export async function liftReplaced(
  coordinator: Pick<Coordinator, 'resetLocks'>,
  before: Snapshot,
  after: Snapshot,
): Promise<void> {
  for (const { id, accounts } of after.providers.values())
    for (const account of accounts) {
      const known = before.providers.get(id)?.accounts.find((other) => other.id === account.id)
      if (known !== undefined && !isSameCredential(known.credential, account.credential))
        await coordinator.resetLocks(refusalsOf(id, account.id))
    }
}

function refusalsOf(provider: string, account: string): LockSelector {
  return { provider, account, model: null, code: 'upstream_auth' }
}
