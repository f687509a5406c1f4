// Credentials: where each secret is kept and what is made of it. Every member is checked against its type and source, so
// that a request never finds out what the file could have told. No secret's value passes through.
import { screenUrl } from '../policy/url-screen.ts'
import { checkMembers } from './credential-members.ts'
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
  readonly resolvePath: ((path: string) => string) | undefined
}

/**
 * Checks and compiles the credentials by id. One that cannot be compiled is left out, and reported. `resolvePath` makes
 * the paths of files absolute, where the runtime has a file system.
 */
export function compileCredentials(
  config: Config,
  report: Report,
  resolvePath?: (path: string) => string,
): Map<string, CredentialRecord> {
  const records = new Map<string, CredentialRecord>()
  for (const [id, credential] of Object.entries(config.credentials)) {
    const context: Context = { path: ['credentials', id], credential, config, report, resolvePath }
    checkMembers(credential, context.path, report)
    const recipe = recipeOf(context)
    const rotationMs = rotationOf(context)
    checkReach(context)
    if (recipe === undefined) continue
    records.set(id, {
      id,
      recipe,
      cacheTtlMs: credential.cache_ttl_s * 1000,
      rotationMs,
      ...(credential.allow_private && { allowPrivate: true }),
      ...(credential.allow_http && { allowHttp: true }),
    })
  }
  checkReaders(records, report)
  return records
}

function rotationOf({ credential: { rotation_interval: rotation }, path, report }: Context): number | null {
  if (rotation === null) return null
  const ms = durationMs(rotation)
  if (ms === undefined)
    report.problem([...path, 'rotation_interval'], 'expected more than nothing and at most ten years')
  return ms ?? null
}

function checkReach({ credential, path, report }: Context): void {
  const { allow_private: allowPrivate, allow_http: allowHttp, token_url: tokenUrl } = credential
  if (allowHttp && !allowPrivate)
    report.problem([...path, 'allow_http'], 'http is accepted for private addresses only', 'set "allow_private" too')
  if (tokenUrl === undefined) return
  // The URL parser would quietly drop or turn these.
  if (/[\s\\]|[^\x20-\x7e]/.test(tokenUrl) || !URL.canParse(tokenUrl))
    return report.problem([...path, 'token_url'], 'not a URL')
  const reason = screenUrl(new URL(tokenUrl), { allowPrivate, allowHttp })
  if (reason !== undefined) report.problem([...path, 'token_url'], reason)
}

/** AWS keys that lie in Secrets Manager cannot be what opens it. */
function checkReaders(records: ReadonlyMap<string, CredentialRecord>, report: Report): void {
  for (const id of records.keys()) {
    const seen = new Set<string>()
    for (let next: string | null = id; next !== null; next = readerOf(records.get(next))) {
      if (next === id && seen.size > 0) {
        report.problem(['credentials', id, 'credential'], 'is needed to read itself', 'name keys that lie elsewhere')
        break
      }
      if (seen.has(next)) break
      seen.add(next)
    }
  }
}

function readerOf(record: CredentialRecord | undefined): string | null {
  if (record?.recipe.type !== 'aws' || record.recipe.keys.from !== 'secret') return null
  const { secret } = record.recipe.keys
  return secret.source === 'aws_secrets' ? secret.credential : null
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

function ownSecret(context: Context, wellKnownEnv?: string): SecretSource | undefined {
  const { credential, path } = context
  const { source } = credential
  // Reported already: it is not one that this type can have.
  if (source === 'instance_profile' || source === 'web_identity' || source === 'managed_identity') return undefined
  return secretSource({ ...credential, source }, path, { ...context, wellKnownEnv })
}

interface SecretContext extends Pick<Context, 'report' | 'config' | 'resolvePath'> {
  readonly wellKnownEnv?: string | undefined
}

/** `~/` stands for the folder of whoever runs the gateway, who is not known here. */
function absolute(path: string, resolvePath: Context['resolvePath']): string {
  return /^~[\\/]/.test(path) ? path : (resolvePath?.(path) ?? path)
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
      return file === undefined ? undefined : { source: 'file', path: absolute(file, context.resolvePath), field }
    }
    case 'sealed': {
      const name = need('name', 'of the entry in the vault')
      if (name !== undefined && !/^[\w.:@/-]{1,128}$/.test(name))
        report.problem([...path, 'name'], 'not the name of a vault entry', '1 to 128 letters, digits and . : @ / _ -')
      return name === undefined ? undefined : { source: 'sealed', name, field }
    }
    case 'hashicorp_vault': {
      const at = need('path', 'of the entry in HashiCorp Vault')
      if (at === undefined) return undefined
      for (const [member, text] of [
        ['path', at],
        ['mount', secret.mount ?? 'secret'],
      ] as const)
        if (text.split('/').some((segment) => segment === '.' || segment === '..') || /^\/*$/.test(text))
          report.problem([...path, member], 'not the path of an entry')
      if (/^\/?(?:v1\/|data\/|secret\/data\/)/.test(at))
        report.warning(
          [...path, 'path'],
          'is below the mount, without "data/"',
          `read as ${secret.mount ?? 'secret'}/data/${at}`,
        )
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
      if (secret.region !== undefined && !/^[a-z\d-]{1,64}$/.test(secret.region))
        report.problem([...path, 'region'], 'not a region such as eu-west-1')
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
  const { credential, path, report } = context
  if (credential.source === 'managed_identity')
    return { by: 'managed_identity', clientId: credential.client_id ?? null }
  const { tenant_id: tenantId, client_id: clientId, client_secret: clientSecret } = credential
  if (clientSecret !== undefined) {
    if (tenantId === undefined) report.problem([...path, 'tenant_id'], 'required', 'beside "client_secret"')
    if (clientId === undefined) report.problem([...path, 'client_id'], 'required', 'beside "client_secret"')
    const secret = secretSource(clientSecret, [...path, 'client_secret'], context)
    if (secret === undefined) return undefined
    return { by: 'client_credentials', tenantId: tenantId ?? '', clientId: clientId ?? '', clientSecret: secret }
  }
  if (credential.source === 'env' && credential.env === undefined) return { by: 'environment' }
  const secret = ownSecret(context)
  return secret && { by: 'key', secret }
}

/** A refresh token that changes with each use needs a lease, so that one instance at a time uses it, and a place to stay. */
function checkTokenStore({ path, config, report }: Context): void {
  const { kind } = config.storage
  if (kind === 'kv')
    report.problem([...path, 'type'], '"oauth" needs a store with leases', 'set storage.kind to "d1" or "sqlite"')
  if (kind === 'memory')
    report.warning(
      [...path, 'type'],
      'refresh tokens that change are lost with the process',
      'set storage.kind to "sqlite"',
    )
}

function oauth(context: Context): CredentialRecipe | undefined {
  const { credential, path, report } = context
  const { refresh, token_url: tokenUrl, client_id: clientId, client_secret: clientSecret } = credential
  if (refresh === undefined) report.problem([...path, 'refresh'], 'required', 'where the refresh token is kept')
  if (tokenUrl === undefined) report.problem([...path, 'token_url'], 'required', 'the endpoint that refreshes')
  if (clientId === undefined) report.problem([...path, 'client_id'], 'required')
  checkTokenStore(context)
  // What comes of the refresh token is kept under "oauth/" and the id, and the vault takes names of 128 characters.
  if (refresh !== undefined && refresh.source !== 'sealed' && (path.at(-1)?.toString().length ?? 0) > 122)
    report.problem(path, 'its id is too long', 'at most 122 characters for an OAuth account')
  const refreshSource = refresh && secretSource(refresh, [...path, 'refresh'], context)
  const clientSecretSource = clientSecret && secretSource(clientSecret, [...path, 'client_secret'], context)
  if (refreshSource === undefined || tokenUrl === undefined || clientId === undefined) return undefined
  return {
    type: 'oauth',
    refresh: refreshSource,
    tokenUrl,
    clientId,
    clientSecret: clientSecretSource ?? null,
    clientAuth: credential.client_auth,
    scope: credential.scope ?? null,
  }
}
