// Which members of a credential belong to its type and source. What does not belong would be ignored, and whoever wrote it
// would believe otherwise.
import { didYouMean } from './hints.ts'
import type { Path, Report } from './problem.ts'
import type { Config } from './schema.ts'

type CredentialConfig = Config['credentials'][string]
type SecretConfig = NonNullable<CredentialConfig['refresh']>
type Source = CredentialConfig['source']
type Member = keyof CredentialConfig

/** Where a secret is kept, and what says so. */
const ofSource: Readonly<Record<Source, readonly Member[]>> = {
  env: ['env'],
  file: ['path', 'field'],
  sealed: ['name', 'field'],
  hashicorp_vault: ['path', 'field', 'mount', 'address_env', 'token_env', 'namespace_env'],
  aws_secrets: ['name', 'field', 'credential', 'region'],
  instance_profile: [],
  web_identity: ['role_arn_env', 'token_file_env'],
  managed_identity: ['client_id'],
}

const kept = ['env', 'file', 'sealed', 'hashicorp_vault', 'aws_secrets'] as const

/** Which sources a type can have. */
const sourcesOfType: Readonly<Record<CredentialConfig['type'], readonly Source[]>> = {
  api_key: kept,
  aws: [...kept, 'instance_profile', 'web_identity'],
  google_service_account: kept,
  azure: [...kept, 'managed_identity'],
  // Its secret stands in "refresh", with a source of its own.
  oauth: ['env'],
  codex_oauth: ['env', 'file'],
  claude_code_oauth: ['env', 'file'],
  codex_native_relay: [...kept],
  claude_code_native_relay: [...kept],
}

/** Those that every credential may have; what the others have by default says nothing. */
const ofAll: readonly Member[] = ['type', 'source', 'cache_ttl_s', 'rotation_interval', 'allow_private', 'allow_http']

const environmentKeys: readonly Member[] = ['access_key_env', 'secret_key_env', 'session_token_env']

/** Reports members that do not belong to a credential, and a source that its type does not have. */
export function checkMembers(credential: CredentialConfig, path: Path, report: Report): void {
  const { type, source } = credential
  const sources = sourcesOfType[type]
  if (!sources.includes(source)) {
    const hint = type === 'oauth' ? 'the source stands in "refresh"' : `one of ${sources.join(', ')}`
    report.problem([...path, 'source'], `is not one of a credential of type "${type}"`, hint)
    return
  }
  const fitting = new Set<Member>([...ofAll, ...membersOf(credential)])
  const given = Object.keys(credential) as Member[]
  for (const member of given) {
    if (fitting.has(member) || isUnset(credential, member)) continue
    report.problem(
      [...path, member],
      `does not belong to type "${type}" with source "${source}"`,
      hintFor(member, type),
    )
  }
  for (const name of ['refresh', 'client_secret'] as const) {
    const secret = credential[name]
    if (secret !== undefined && fitting.has(name)) checkSecretMembers(secret, [...path, name], report)
  }
}

function checkSecretMembers(secret: SecretConfig, path: Path, report: Report): void {
  const fitting: readonly string[] = ['source', ...ofSource[secret.source]]
  for (const [member, value] of Object.entries(secret))
    if (value !== undefined && !fitting.includes(member))
      report.problem([...path, member], `does not belong to source "${secret.source}"`, didYouMean(member, fitting))
}

// A default stands in every credential.
function isUnset(credential: CredentialConfig, member: Member): boolean {
  const value = credential[member]
  return value === undefined || (member === 'client_auth' && value === 'body')
}

function membersOf({ type, source, client_secret: clientSecret }: CredentialConfig): readonly Member[] {
  switch (type) {
    case 'api_key':
      return ofSource[source]
    case 'aws':
      return ['region_env', ...(source === 'env' ? environmentKeys : ofSource[source])]
    case 'google_service_account':
      return ['scope', ...ofSource[source]]
    case 'azure':
      return clientSecret === undefined
        ? ['scope', ...ofSource[source]]
        : ['scope', 'tenant_id', 'client_id', 'client_secret']
    case 'oauth':
      return ['refresh', 'token_url', 'client_id', 'client_secret', 'client_auth', 'scope']
    case 'codex_oauth':
    case 'claude_code_oauth':
      return ['env', 'path']
    case 'codex_native_relay':
    case 'claude_code_native_relay':
      // Refused as a whole.
      return [...ofSource[source], 'env', 'path']
  }
}

function hintFor(member: Member, type: CredentialConfig['type']): string | undefined {
  if (type === 'azure' && (member === 'tenant_id' || member === 'client_id'))
    return 'it needs "client_secret" beside it'
  const source = kept.find((one) => ofSource[one].includes(member))
  if (type !== 'oauth' && source !== undefined) return `it belongs to source "${source}"`
  return source === undefined ? undefined : 'it stands in "refresh"'
}
