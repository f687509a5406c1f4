// What lies between a credential and the thing that signs: one maker per type of credential.
import type { CredentialRecipe, SecretSource } from '../catalog/snapshot.ts'
import type { Material } from '../auth/material.ts'
import type { Outcome } from '../ir/error.ts'
import type { Secret } from '../ir/secret.ts'
import type { FetchRequest, Ports } from '../ports/index.ts'

/** What came of a recipe. */
export interface Made {
  readonly material: Material
  /** Unix milliseconds from which on it is not to be used; null: for as long as the cache keeps it. */
  readonly expiresAt: number | null
  /** Asking again may bring another value: a token endpoint, a store. Not so for a variable. */
  readonly renewable: boolean
}

export type CredentialPorts = Pick<
  Ports,
  'clock' | 'random' | 'fetch' | 'log' | 'secrets' | 'stores' | 'machine' | 'defer'
>

/** What a call for a credential may connect to, and through which proxy. */
export type WayOut = Pick<FetchRequest, 'allowPrivate' | 'allowHttp' | 'egress'>

/** Everything a maker may use. */
export interface Making {
  /** The credential's id, for messages. */
  readonly id: string
  readonly ports: CredentialPorts
  /** The text of a secret from where it is kept; each look is audited. Never cached: the keeper caches what is made. */
  readonly read: (source: SecretSource) => Promise<Outcome<Secret>>
  /** Where the request goes; null where that is not known. */
  readonly region: string | null
  /** The value in use was refused by a provider or is about to end: what was stored of it must not be taken again. */
  readonly fresh: boolean
  /** Where `fresh`: what must not be taken again; a stored token that is another one is news, and is taken. */
  readonly spent?: Material | undefined
  /** How calls to token endpoints and secret stores leave; absent: to public addresses, encrypted, directly. */
  readonly way?: WayOut | undefined
}

/** Makes the material of one type of credential. Fails with `missing_credential` or `upstream_unreachable`. */
export type Maker<Type extends CredentialRecipe['type']> = (
  recipe: Extract<CredentialRecipe, { readonly type: Type }>,
  making: Making,
) => Promise<Outcome<Made>>
