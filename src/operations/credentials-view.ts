// The credentials of a configuration, those included that a provider brings without naming one.
import type { CredentialRecord, Snapshot } from '../catalog/snapshot.ts'

/** A credential with the accounts that use it, as `provider/account`. */
export interface UsedCredential {
  readonly record: CredentialRecord
  readonly accounts: readonly string[]
}

/** In the order of the file, then in that of the providers. */
export function usedCredentials(snapshot: Snapshot): readonly UsedCredential[] {
  const found = new Map<string, { record: CredentialRecord; accounts: string[] }>()
  for (const record of snapshot.credentials.values()) found.set(record.id, { record, accounts: [] })
  for (const provider of snapshot.providers.values())
    for (const { id, credential } of provider.accounts) {
      if (credential === null) continue
      const used = found.get(credential.id) ?? { record: credential, accounts: [] }
      used.accounts.push(`${provider.id}/${id}`)
      found.set(credential.id, used)
    }
  return [...found.values()]
}

/** Unix milliseconds as ISO 8601. */
export function timeOf(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString()
}
