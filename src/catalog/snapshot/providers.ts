// A vendor with its accounts, its wires and its quirks.
import type { DialectId } from '../../ir/dialect-id.ts'
import type { Traits } from '../../ir/traits.ts'
import type { TargetCapabilities } from '../capabilities.ts'
import type { CredentialRecord } from './credentials.ts'
import type { Lane } from './models.ts'

export type AuthScheme =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string }
  /** AWS Signature Version 4, for the service of this name. */
  | { readonly kind: 'sigv4'; readonly service: string }

export interface Account {
  readonly id: string
  readonly credential: CredentialRecord | null
  readonly priority: number
  /** The proxy that its requests take; null: that of the provider. */
  readonly egress: string | null
}

/** How the accounts of a provider share the work. */
export type AccountSelection = 'fill_first' | 'round_robin'

export interface ProviderRecord {
  readonly id: string
  readonly type: string
  /** Absent for a provider that is not reached over the network (mock). May hold `{region}`. */
  readonly baseUrl: string | null
  /** In order of preference; the client's own dialect is used where it is listed. */
  readonly dialects: readonly DialectId[]
  readonly authScheme: AuthScheme
  readonly accounts: readonly Account[]
  readonly selection: AccountSelection
  /** How many requests in a row go to one account before round robin moves on. */
  readonly sticky: number
  readonly headers: Readonly<Record<string, string>>
  /** Private addresses it may live on: none, all, or those in these CIDR blocks. */
  readonly allowPrivate: boolean | readonly string[]
  readonly allowHttp: boolean
  /** The proxy that its requests take; null: the default one. */
  readonly egress: string | null
  readonly region: string | null
  readonly project: string | null
  readonly apiVersion: string | null
  readonly deployment: string | null
  /** Wires by the beginning of a model's name, where a provider does not speak all of them to every model; the first counts. */
  readonly dialectsByModel?: readonly { readonly prefix: string; readonly dialects: readonly DialectId[] }[]
  /** `creator/model`: model ids that have no slash get their creator's name before them. Absent: as they are. */
  readonly modelIdFormat?: 'creator/model'
  /** Bedrock: the inference profile that model ids get where they have none; absent: where a model is not to be had without. */
  readonly inferenceProfile?: 'none' | 'global' | 'us' | 'us-gov' | 'eu' | 'apac' | 'jp' | 'au' | 'ca'
  /** How its models are listed; null where it has no list. */
  readonly discovery: Discovery | null
  /** How it departs from the wires that it imitates. */
  readonly traits: Traits
  /** Absent: by the price of a model. */
  readonly lane?: Lane
  readonly capabilities: TargetCapabilities
}

/** The list of models that a provider publishes: the shape of its answer, at the place where that shape usually is. */
export type Discovery = 'openai' | 'anthropic' | 'gemini' | 'bedrock' | 'azure' | 'vertex'
