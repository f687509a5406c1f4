// What may be said of the credentials of a configuration: who uses them, where their secrets are kept, which variables
// they need. Never what a secret is.
import type { AwsKeySource, CredentialRecord, SecretSource, Snapshot } from '../catalog/snapshot.ts'
import { assertNever } from '../ir/assert-never.ts'

/** A credential with the accounts that use it, as `provider/account`. */
export interface UsedCredential {
  readonly record: CredentialRecord
  readonly accounts: readonly string[]
}

/** All of them, those included that a provider brings without naming one: in the order of the file, then of the providers. */
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

/** A credential: of which type, and where its secret is kept. */
export function credentialView({ id, recipe }: CredentialRecord): Record<string, unknown> {
  return { id, type: recipe.type, source: credentialPlace(recipe) }
}

/** Where the secret of a credential is kept, in words. */
export function credentialPlace(recipe: CredentialRecord['recipe']): string {
  switch (recipe.type) {
    case 'api_key':
    case 'google_service_account':
      return secretPlace(recipe.secret)
    case 'aws':
      return recipe.keys.from === 'env'
        ? `env ${recipe.keys.accessKeyEnv}`
        : recipe.keys.from === 'secret'
          ? secretPlace(recipe.keys.secret)
          : recipe.keys.from
    case 'azure':
      return recipe.access.by === 'key' ? secretPlace(recipe.access.secret) : recipe.access.by
    case 'oauth':
      return secretPlace(recipe.refresh)
    case 'codex_oauth':
    case 'claude_code_oauth':
      return recipe.path === null ? `env ${recipe.env}` : `file ${recipe.path}`
    default:
      return assertNever(recipe)
  }
}

function secretPlace(source: SecretSource): string {
  switch (source.source) {
    case 'env':
      return `env ${source.env}`
    case 'inline':
      return 'inline [redacted]'
    case 'file':
      return `file ${source.path}`
    case 'sealed':
      return `sealed ${source.name}`
    case 'hashicorp_vault':
      return `hashicorp_vault ${source.mount}/${source.path}`
    case 'aws_secrets':
      return `aws_secrets ${source.name}`
    default:
      return assertNever(source)
  }
}

/** The environment variables that a credential cannot do without; none where that depends on the machine. */
export function variablesOf(credential: CredentialRecord | null): readonly string[] {
  if (credential === null) return []
  const { recipe } = credential
  switch (recipe.type) {
    case 'api_key':
    case 'google_service_account':
      return variableOf(recipe.secret)
    case 'aws':
      return awsVariables(recipe.keys)
    case 'azure':
      if (recipe.access.by === 'key') return variableOf(recipe.access.secret)
      return recipe.access.by === 'client_credentials' ? variableOf(recipe.access.clientSecret) : []
    case 'oauth':
      return [...variableOf(recipe.refresh), ...(recipe.clientSecret === null ? [] : variableOf(recipe.clientSecret))]
    case 'codex_oauth':
    case 'claude_code_oauth':
      return recipe.path === null ? [recipe.env] : []
    default:
      return assertNever(recipe)
  }
}

function variableOf(source: SecretSource): readonly string[] {
  return source.source === 'env' ? [source.env] : []
}

function awsVariables(keys: AwsKeySource): readonly string[] {
  switch (keys.from) {
    case 'env':
      return [keys.accessKeyEnv, keys.secretKeyEnv]
    case 'secret':
      return variableOf(keys.secret)
    case 'instance_profile':
      return []
    case 'web_identity':
      return [keys.roleArnEnv, keys.tokenFileEnv]
    default:
      return assertNever(keys)
  }
}

/** Unix milliseconds as ISO 8601. */
export function timeOf(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString()
}
