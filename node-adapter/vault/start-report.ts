// What a gateway says at its start of sealed things that its keys do not open. Counts and names of keys, nothing else.
import { openKeyring, unopenedStates } from '../../src/engine/state/index.ts'
import type { Clock, Log, Secrets, Stores } from '../../src/ports/index.ts'
import { keyringName } from '../../src/sealing/keyring.ts'
import { unopenedRecords } from '../../src/sealing/vault-control.ts'

export interface ReportOptions {
  readonly secrets: Secrets
  readonly stores: Stores
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}

/** Logs a warning for each key that is missing. Never rejects: a gateway that cannot look starts all the same. */
export async function reportUnopened({ secrets, stores, clock, log }: ReportOptions): Promise<void> {
  try {
    for (const { keyId, count } of await unopenedRecords({ secrets, stores }))
      log.warn('vault_not_opened', { key_id: keyId, count, hint: `put the key back into ${keyringName}` })
    const states = await unopenedStates(openKeyring(secrets), stores.state, clock.now())
    if (states > 0) log.warn('state_not_opened', { count: states, hint: `a key was taken out of ${keyringName}` })
  } catch (cause) {
    log.warn('vault_not_checked', { reason: cause instanceof Error ? cause.name : 'unknown' })
  }
}
