// The compiled configuration: types only, one file for each subject. One request pins one snapshot from its first line to its
// last.
import type { ClientProfile, KeyRecord, Tier } from './snapshot/access.ts'
import type { CredentialRecord } from './snapshot/credentials.ts'
import type { EgressSettings } from './snapshot/egress.ts'
import type { ModelRecord } from './snapshot/models.ts'
import type { PolicySettings } from './snapshot/policy.ts'
import type { ProviderRecord } from './snapshot/providers.ts'
import type { RouteRecord } from './snapshot/routes.ts'
import type { ServerSettings } from './snapshot/server.ts'
import type { CoordinationSettings, ReasoningStateSettings, StorageSettings } from './snapshot/storage.ts'

export type * from './snapshot/access.ts'
export type * from './snapshot/credentials.ts'
export type * from './snapshot/egress.ts'
export type * from './snapshot/models.ts'
export type * from './snapshot/policy.ts'
export type * from './snapshot/providers.ts'
export type * from './snapshot/routes.ts'
export type * from './snapshot/server.ts'
export type * from './snapshot/storage.ts'

export interface Snapshot {
  /** Changes whenever the configuration does: a digest of the compiled source. */
  readonly revision: string
  readonly server: ServerSettings
  readonly policy: PolicySettings
  readonly keys: readonly KeyRecord[]
  readonly credentials: ReadonlyMap<string, CredentialRecord>
  readonly providers: ReadonlyMap<string, ProviderRecord>
  readonly egress: EgressSettings
  readonly clientProfiles: readonly ClientProfile[]
  readonly models: ReadonlyMap<string, ModelRecord>
  readonly routes: ReadonlyMap<string, RouteRecord>
  /** Routes with a glob, longest literal prefix first, then in order of declaration. */
  readonly globRoutes: readonly RouteRecord[]
  readonly storage: StorageSettings
  readonly coordination: CoordinationSettings
  readonly reasoningState: ReasoningStateSettings
  readonly observability: { readonly logLevel: LogLevel; readonly retentionMs: number; readonly sample: number }
  readonly mcpTiers: readonly Tier[]
  readonly benchmark: { readonly defaultMaxTokens: number }
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'
