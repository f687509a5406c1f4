// Credentials: where each secret is kept and what is made of it. Every member is checked against its type and source, so
// that a request never finds out what the file could have told. No secret's value passes through.
import { durationMs } from './duration.ts'
import { didYouMean } from './hints.ts'
import type { Path, Report } from './problem.ts'
import type { Config } from './schema.ts'
import type { AwsKeySource, AzureAccess, CredentialRecipe, CredentialRecord, SecretSource } from './snapshot.ts'

type CredentialConfig = Config['credentials'][string]
type SecretConfig = NonNullable<CredentialConfig['refresh']>

/** Google's scope for everything in a project. https://developers.google.com/identity/protocols/oauth2/scopes */
const cloudPlatform = 'https://www.googleapis.com/auth/cloud-platform'
/** https://learn.microsoft.com/azure/ai-services/authentication */
const cognitiveServices = 'https://cognitiveservices.azure.com/.default'

interface Context {
  readonly path: Path
  readonly credential: CredentialConfig
  readonly config: Config
  readonly report: Report
}

/** Checks and compiles the credentials by id. One that cannot be compiled is left out, and reported. */
export function compileCredentials(config: Config, report: Report): Map<string, CredentialRecord> {
  const records = new Map<string, CredentialRecord>()
  for (const [id, credential] of Object.entries(config.credentials)) {
    const context: Context = { path: ['credentials', id], credential, config, report }
    const recipe = recipeOf(context)
    if (recipe === undefined) continue
    const { cache_ttl_s: ttl, rotation_interval: rotation } = credential
    records.set(id, {
      id,
      recipe,
      cacheTtlMs: ttl * 1000,
      rotationMs: rotation === null ? null : (durationMs(rotation) ?? null),
    })
  }
  return records
}

/** What a provider uses that names no credential: the variables that its vendor's own tools read. */
export function wellKnownRecipe(type: 'aws' | 'google_service_account' | 'azure'): CredentialRecipe {
  switch (type) {
    case 'aws': {
      const keys: AwsKeySource = {
        from: 'env',
        accessKeyEnv: 'AWS_ACCESS_KEY_ID',
        secretKeyEnv: 'AWS_SECRET_ACCESS_KEY',
        sessionTokenEnv: 'AWS_SESSION_TOKEN',
      }
      return { type, keys, regionEnv: 'AWS_REGION' }
    }
    case 'google_service_account':
      return { type, secret: { source: 'env', env: 'GOOGLE_SERVICE_ACCOUNT_JSON' }, scope: cloudPlatform }
    case 'azure':
      return { type, access: { by: 'environment' }, scope: cognitiveServices }
  }
}

function recipeOf(context: Context): CredentialRecipe | undefined {
  const { credential, report, path } = context
  switch (credential.type) {
    case 'api_key': {
      const secret = ownSecret(context)
      return secret && { type: 'api_key', secret }
    }
    case 'aws': {
      const keys = awsKeys(context)
      return keys && { type: 'aws', keys, regionEnv: credential.region_env ?? 'AWS_REGION' }
    }
    case 'google_service_account': {
      const secret = ownSecret(context, 'GOOGLE_SERVICE_ACCOUNT_JSON')
      return secret && { type: 'google_service_account', secret, scope: credential.scope ?? cloudPlatform }
    }
    case 'azure': {
      const access = azureAccess(context)
      return access && { type: 'azure', access, scope: credential.scope ?? cognitiveServices }
    }
    case 'oauth':
      return oauth(context)
    case 'codex_oauth':
      return { type: 'codex_oauth', env: credential.env ?? 'CODEX_ACCESS_TOKEN', path: credential.path ?? null }
    case 'claude_code_oauth':
      return {
        type: 'claude_code_oauth',
        env: credential.env ?? 'CLAUDE_CODE_OAUTH_TOKEN',
        path: credential.path ?? null,
      }
    case 'codex_native_relay':
    case 'claude_code_native_relay':
      report.problem([...path, 'type'], 'is reserved and not served', 'use codex_oauth or claude_code_oauth')
      return undefined
  }
}

function ownSecret({ credential, path, report, config }: Context, wellKnownEnv?: string): SecretSource | undefined {
  const { source } = credential
  if (source === 'instance_profile' || source === 'web_identity' || source === 'managed_identity') {
    report.problem([...path, 'source'], `is not one of a credential of type "${credential.type}"`)
    return undefined
  }
  return secretSource({ ...credential, source }, path, { report, config, wellKnownEnv })
}

interface SecretContext {
  readonly report: Report
  readonly config: Config
  readonly wellKnownEnv?: string | undefined
}

/** Where one secret is kept; undefined (and reported) where a member is missing. */
function secretSource(secret: SecretConfig, path: Path, context: SecretContext): SecretSource | undefined {
  const { report, config, wellKnownEnv } = context
  const need = (name: 'env' | 'name' | 'path', what: string): string | undefined => {
    const value = secret[name]
    if (value === undefined) report.problem([...path, name], 'required', what)
    return value
  }
  const field = secret.field ?? null
  switch (secret.source) {
    case 'env': {
      const env = secret.env ?? wellKnownEnv ?? need('env', 'the environment variable that holds the secret')
      return env === undefined ? undefined : { source: 'env', env }
    }
    case 'file': {
      const file = need('path', 'of the file that holds the secret')
      return file === undefined ? undefined : { source: 'file', path: file, field }
    }
    case 'sealed': {
      const name = need('name', 'of the entry in the vault')
      return name === undefined ? undefined : { source: 'sealed', name, field }
    }
    case 'hashicorp_vault': {
      const at = need('path', 'of the entry in HashiCorp Vault')
      if (at === undefined) return undefined
      return {
        source: 'hashicorp_vault',
        mount: secret.mount ?? 'secret',
        path: at,
        field: secret.field ?? 'value',
        addressEnv: secret.address_env ?? 'VAULT_ADDR',
        tokenEnv: secret.token_env ?? 'VAULT_TOKEN',
        namespaceEnv: secret.namespace_env ?? 'VAULT_NAMESPACE',
      }
    }
    case 'aws_secrets': {
      const name = need('name', 'or ARN of the secret in Secrets Manager')
      const credential = secret.credential ?? null
      if (credential !== null && config.credentials[credential]?.type !== 'aws')
        report.problem(
          [...path, 'credential'],
          `no credential ${JSON.stringify(credential)} of type "aws"`,
          didYouMean(credential, Object.keys(config.credentials)),
        )
      if (name === undefined) return undefined
      return { source: 'aws_secrets', name, field, credential, region: secret.region ?? null }
    }
  }
}

function awsKeys(context: Context): AwsKeySource | undefined {
  const { credential } = context
  if (credential.source === 'instance_profile') return { from: 'instance_profile' }
  if (credential.source === 'web_identity')
    return {
      from: 'web_identity',
      roleArnEnv: credential.role_arn_env ?? 'AWS_ROLE_ARN',
      tokenFileEnv: credential.token_file_env ?? 'AWS_WEB_IDENTITY_TOKEN_FILE',
    }
  if (credential.source === 'env')
    return {
      from: 'env',
      accessKeyEnv: credential.access_key_env ?? 'AWS_ACCESS_KEY_ID',
      secretKeyEnv: credential.secret_key_env ?? 'AWS_SECRET_ACCESS_KEY',
      sessionTokenEnv: credential.session_token_env ?? 'AWS_SESSION_TOKEN',
    }
  const secret = ownSecret(context)
  return secret && { from: 'secret', secret }
}

function azureAccess(context: Context): AzureAccess | undefined {
  const { credential, path, report, config } = context
  if (credential.source === 'managed_identity')
    return { by: 'managed_identity', clientId: credential.client_id ?? null }
  const { tenant_id: tenantId, client_id: clientId, client_secret: clientSecret } = credential
  if (clientSecret !== undefined) {
    if (tenantId === undefined) report.problem([...path, 'tenant_id'], 'required', 'beside "client_secret"')
    if (clientId === undefined) report.problem([...path, 'client_id'], 'required', 'beside "client_secret"')
    const secret = secretSource(clientSecret, [...path, 'client_secret'], { report, config })
    if (secret === undefined) return undefined
    return { by: 'client_credentials', tenantId: tenantId ?? '', clientId: clientId ?? '', clientSecret: secret }
  }
  if (credential.source === 'env' && credential.env === undefined) return { by: 'environment' }
  const secret = ownSecret(context)
  return secret && { by: 'key', secret }
}

function oauth({ credential, path, report, config }: Context): CredentialRecipe | undefined {
  const { refresh, token_url: tokenUrl, client_id: clientId, client_secret: clientSecret } = credential
  if (refresh === undefined) report.problem([...path, 'refresh'], 'required', 'where the refresh token is kept')
  if (tokenUrl === undefined) report.problem([...path, 'token_url'], 'required', 'the endpoint that refreshes')
  if (clientId === undefined) report.problem([...path, 'client_id'], 'required')
  const refreshSource = refresh && secretSource(refresh, [...path, 'refresh'], { report, config })
  const clientSecretSource = clientSecret && secretSource(clientSecret, [...path, 'client_secret'], { report, config })
  if (refreshSource === undefined || tokenUrl === undefined || clientId === undefined) return undefined
  return {
    type: 'oauth',
    refresh: refreshSource,
    tokenUrl,
    clientId,
    clientSecret: clientSecretSource ?? null,
    scope: credential.scope ?? null,
  }
}
