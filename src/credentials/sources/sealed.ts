// A secret in the gateway's own vault.
import type { SecretSource } from '../../catalog/snapshot.ts'
import { failed, type Outcome } from '../../ir/error.ts'
import type { Secret } from '../../ir/secret.ts'
import { readSealed } from '../../sealing/vault.ts'
import type { CredentialPorts } from '../recipe.ts'
import { secretFrom } from './text.ts'

type SealedSource = Extract<SecretSource, { readonly source: 'sealed' }>

/** What the vault holds under the name. Fails with `missing_credential`, or as the vault does. */
export async function readSealedSecret(
  { name, field }: SealedSource,
  id: string,
  ports: Pick<CredentialPorts, 'secrets' | 'stores'>,
): Promise<Outcome<Secret>> {
  const opened = await readSealed(ports, name)
  if (opened.ok) return secretFrom(opened.value.reveal(), { id, place: `sealed ${name}`, field })
  const { code, message } = opened.error
  // What the data plane knows what to do with: this account is left out, another one may serve.
  const known = code === 'missing_credential' || code === 'upstream_unreachable'
  return failed(known ? code : code === 'store_unavailable' ? 'upstream_unreachable' : 'missing_credential', {
    message: `credential ${id}: ${message}`,
    cause: opened.error,
  })
}
