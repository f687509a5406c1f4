// What the operations on providers and their accounts share: finding one, the ways to reach it, and the next thing to type.
import { didYouMean } from '../catalog/hints.ts'
import type { Account, ProviderRecord } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import { variablesOf } from './credentials-view.ts'
import type { ConfigEditor, CoordinationControl, OperationContext, UpstreamProbe } from './operation.ts'
import { shellWord } from './shell-word.ts'

/** The provider of this id. Throws `not_found` with the nearest one; `param` is what the operation calls the id. */
export function findProvider(context: OperationContext, id: string, param = 'id'): ProviderRecord {
  const { snapshot } = context
  const provider = snapshot.providers.get(id)
  if (provider !== undefined) return provider
  const near = didYouMean(id, snapshot.providers.keys())
  const none = snapshot.providers.size === 0 ? 'none is configured' : undefined
  const said = [`no provider ${JSON.stringify(id)}`, near ?? none].filter((part) => part !== undefined).join(', ')
  throw new GatewayError('not_found', { message: `${said}${laterHint(context)}`, param })
}

// What was written and then refused is in the file, and not in the gateway.
function laterHint({ status }: OperationContext): string {
  const isBehind = (status?.().config?.rejected ?? null) !== null
  return isBehind ? '; the configuration was changed since and refused: `signalbox status` says why' : ''
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

/** What the running gateway has found out about accounts and targets. Throws `not_configured` elsewhere: nothing is known of them there. */
export function coordinationOf({ coordination }: OperationContext): CoordinationControl {
  if (coordination !== undefined) return coordination
  throw new GatewayError('not_configured', { message: 'no gateway is running here' })
}

/** What edits the configuration. Throws `not_configured` on a surface without one. */
export function editorOf({ editor }: OperationContext): ConfigEditor {
  if (editor !== undefined) return editor
  throw new GatewayError('not_configured', { message: 'the configuration cannot be edited from here' })
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
