// Where the text of a secret is kept: one way to read each place.
import type { AwsMaterial } from '../../auth/material.ts'
import type { SecretSource } from '../../catalog/snapshot.ts'
import { assertNever } from '../../ir/assert-never.ts'
import type { Outcome } from '../../ir/error.ts'
import type { Secret } from '../../ir/secret.ts'
import type { CredentialPorts, WayOut } from '../recipe.ts'
import { readAwsSecret } from './aws-secrets.ts'
import { readEnv } from './env.ts'
import { readFileSecret } from './file.ts'
import { readHashicorpVault } from './hashicorp-vault.ts'
import { readInline } from './inline.ts'
import { readSealedSecret } from './sealed.ts'

export interface SourceReading {
  /** The credential's id: it names the secret and stands in messages. */
  readonly id: string
  readonly ports: CredentialPorts
  readonly way: WayOut
  /** The keys of another credential, or of the environment: for stores that are asked with a signature. */
  readonly awsKeys: (credential: string | null) => Promise<Outcome<AwsMaterial>>
}

/** The text at its place. Asks anew each time; never throws. Fails with `missing_credential` or `upstream_unreachable`. */
export async function readSource(source: SecretSource, reading: SourceReading): Promise<Outcome<Secret>> {
  const { id, ports, way } = reading
  switch (source.source) {
    case 'env':
      return readEnv(source, id, ports.secrets)
    case 'inline':
      return readInline(source, id)
    case 'file':
      return readFileSecret(source, id, ports.machine)
    case 'sealed':
      return readSealedSecret(source, id, ports)
    case 'hashicorp_vault':
      return readHashicorpVault(source, id, ports)
    case 'aws_secrets': {
      const keys = await reading.awsKeys(source.credential)
      return keys.ok ? readAwsSecret(source, { id, ports, way, keys: keys.value }) : keys
    }
    default:
      return assertNever(source)
  }
}
