// What the operations on providers share: finding one, the variables behind its keys, and the next thing to type.
import { didYouMean } from '../catalog/hints.ts'
import type { Account, AwsKeySource, CredentialRecord, ProviderRecord, SecretSource } from '../catalog/snapshot.ts'
import { assertNever } from '../ir/assert-never.ts'
import { GatewayError } from '../ir/error.ts'
import type { ConfigEditor, OperationContext, UpstreamProbe } from './operation.ts'

/** The provider of this id. Throws `not_found` with the nearest one. */
export function findProvider(context: OperationContext, id: string): ProviderRecord {
  const { snapshot } = context
  const provider = snapshot.providers.get(id)
  if (provider !== undefined) return provider
  const near = didYouMean(id, snapshot.providers.keys())
  const none = snapshot.providers.size === 0 ? 'none is configured' : undefined
  const said = [`no provider ${JSON.stringify(id)}`, near ?? none].filter((part) => part !== undefined).join(', ')
  throw new GatewayError('not_found', { message: `${said}${laterHint(context)}`, param: 'id' })
}

// What was written after the gateway began is in the file, and not yet in the gateway.
function laterHint({ status, editor }: OperationContext): string {
  const file = status === undefined || editor?.place.startsWith('file ') !== true ? undefined : editor.place.slice(5)
  return file === undefined ? '' : `; one that was added since the gateway began needs a restart, or --config ${file}`
}

/** The account of this id; throws `not_found`. Null stays null: whichever the provider selects. */
export function checkAccount(provider: ProviderRecord, id: string | undefined): string | null {
  if (id === undefined) return null
  if (provider.accounts.some((account) => account.id === id)) return id
  const known = provider.accounts.map((account) => account.id)
  const hint = didYouMean(id, known)
  throw new GatewayError('not_found', {
    message: `provider ${provider.id} has no account ${JSON.stringify(id)}${hint === undefined ? '' : `, ${hint}`}`,
    param: 'account',
  })
}

/** The way to the providers. Throws `not_configured` on a surface without one. */
export function probeOf({ upstream }: OperationContext): UpstreamProbe {
  if (upstream !== undefined) return upstream
  throw new GatewayError('not_configured', { message: 'providers cannot be reached from here: ask a running gateway' })
}

/** What edits the configuration. Throws `not_configured` on a surface without one. */
export function editorOf({ editor }: OperationContext): ConfigEditor {
  if (editor !== undefined) return editor
  throw new GatewayError('not_configured', { message: 'the configuration cannot be edited from here' })
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

/**
 * The variables that are not set and without which no account of the provider can be used; empty where one can, or where
 * this surface cannot know.
 */
export function missingVariables(
  context: OperationContext,
  provider: ProviderRecord,
  account: string | null,
): readonly string[] {
  const { hasSecret } = context
  if (provider.authScheme.kind === 'none' || hasSecret === undefined) return []
  const asked = account === null ? inOrder(provider) : provider.accounts.filter(({ id }) => id === account)
  const missing = asked.map(({ credential }) => variablesOf(credential).filter((name) => !hasSecret(name)))
  return missing.some((names) => names.length === 0) ? [] : (missing[0] ?? [])
}

/** The accounts in the order in which they are used. */
export function inOrder({ accounts }: ProviderRecord): readonly Account[] {
  return accounts.toSorted((left, right) => left.priority - right.priority)
}

/** A command line that leads back to the same configuration. */
export function commandLine({ status, editor }: OperationContext, words: string): string {
  const file = status === undefined && editor?.place.startsWith('file ') === true ? editor.place.slice(5) : undefined
  return `signalbox ${words}${file === undefined ? '' : ` --config ${shellWord(file)}`}`
}

function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
