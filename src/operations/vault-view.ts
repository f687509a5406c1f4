// What the operations on the vault share.
import { z } from 'zod'
import type { Snapshot } from '../catalog/snapshot.ts'
import { oauthEntryName, type OAuthRecipe } from '../credentials/recipes/oauth-record.ts'
import { GatewayError } from '../ir/error.ts'
import { isObject } from '../wire/json-parse.ts'
import { usedCredentials } from './credentials-view.ts'
import type { OperationContext, VaultControl } from './operation.ts'

/** A name as operators write it; the vault itself says what it may hold. */
export const vaultNameInput = z.string().min(1).describe('The name of the entry')

export const usedByOutput = z.array(z.string()).describe('Credentials of the configuration that read this entry')

/** The vault, or the refusal of a surface that has none. */
export function vaultOf({ vault }: OperationContext): VaultControl {
  if (vault === undefined) throw new GatewayError('not_configured', { message: 'there is no vault here' })
  return vault
}

/** The ids of the credentials that read an entry or keep what they were given in it, each once. */
export function credentialsReading(name: string, snapshot: Snapshot): readonly string[] {
  return usedCredentials(snapshot).flatMap(({ record: { id, recipe } }) =>
    readsEntry(recipe, name) || (recipe.type === 'oauth' && isKeptIn(name, id, recipe)) ? [id] : [],
  )
}

function isKeptIn(name: string, id: string, { refresh }: OAuthRecipe): boolean {
  return refresh.source !== 'sealed' && name === oauthEntryName(id)
}

// A recipe may have several secrets, each with a source of its own.
function readsEntry(value: unknown, name: string): boolean {
  if (Array.isArray(value)) return value.some((item) => readsEntry(item, name))
  if (!isObject(value)) return false
  if (value['source'] === 'sealed' && value['name'] === name) return true
  return Object.values(value).some((item) => readsEntry(item, name))
}

/** Lets a running gateway forget what it kept of these credentials, so that a change is in force with the next request. */
export function forget(ids: readonly string[], context: OperationContext): void {
  for (const id of ids) context.dropCredential?.(id)
}
