// The compiled configuration: types only. One request pins one snapshot from its first line to its last.
import type { DialectId } from '../ir/dialect-id.ts'
import type { Traits } from '../ir/traits.ts'
import type { TargetCapabilities } from './capabilities.ts'

export type Role = 'client' | 'agent' | 'operator' | 'admin'
export type Tier = 'read' | 'mutation' | 'privileged'

/** Limits, all in bytes, counts or milliseconds. */
export interface Limits {
  readonly maxBodyBytes: number
  readonly maxJsonDepth: number
  readonly maxBufferedResponseBytes: number
  readonly maxConcurrency: number | null
  readonly admissionTimeoutMs: number
  readonly headerTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly maxHeaderBytes: number
  readonly maxHeaderCount: number
  readonly maxUrlBytes: number
  readonly maxMessages: number
  readonly maxTools: number
  readonly maxKeysPerObject: number
  readonly maxEventBytes: number
}

/** Timers in milliseconds. `headers` and `firstContent` bind streams only. */
export interface Timeouts {
  readonly connectMs: number
  readonly headersMs: number
  readonly firstContentMs: number
  readonly idleMs: number
  readonly totalMs: number
}

export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly allowedHosts: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly allowUnauthenticated: boolean | null
  readonly allowOpenAdmin: boolean
  readonly defaultProvider: string | null
  readonly limits: Limits
  readonly timeouts: Timeouts
  readonly heartbeatMs: number
  readonly headers: Readonly<Record<string, string>>
  readonly publicModels: boolean
  readonly compatHeaders: readonly string[]
}

export interface KeyRecord {
  readonly id: string
  /** The environment variable that holds the key. */
  readonly env: string
  readonly roles: readonly Role[]
  readonly tenant: string | null
  /** Unix milliseconds. */
  readonly expiresAt: number | null
  readonly revoked: boolean
}

/** Where a secret comes from. Its value is never in a snapshot. */
export type CredentialSource =
  | { readonly source: 'env'; readonly env: string }
  /** Written in the file itself: accepted with a warning, held behind a function so that no serialiser sees it. */
  | { readonly source: 'inline'; readonly reveal: () => string }

export type AuthScheme =
  | { readonly kind: 'none' }
  | { readonly kind: 'bearer' }
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'query'; readonly name: string }

export interface Account {
  readonly id: string
  readonly credential: CredentialSource | null
  readonly priority: number
}

export interface ProviderRecord {
  readonly id: string
  readonly type: string
  /** Absent for a provider that is not reached over the network (mock). */
  readonly baseUrl: string | null
  /** In order of preference; the client's own dialect is used where it is listed. */
  readonly dialects: readonly DialectId[]
  readonly authScheme: AuthScheme
  readonly accounts: readonly Account[]
  readonly headers: Readonly<Record<string, string>>
  readonly allowPrivate: boolean
  readonly allowHttp: boolean
  /** How it departs from the wires that it imitates. */
  readonly traits: Traits
  readonly capabilities: TargetCapabilities
}

/** Prices in integer nano-USD per million tokens; null where unknown, never 0. */
export interface Price {
  readonly input: number | null
  readonly output: number | null
  readonly cacheRead: number | null
  readonly cacheWrite: number | null
  readonly cacheWrite1h: number | null
  readonly request: number | null
}

export interface ModelRecord {
  readonly id: string
  readonly creator: string | null
  readonly displayName: string | null
  readonly contextWindow: number | null
  readonly price: Price | null
}

export interface TargetRecord {
  readonly name: string
  readonly provider: string
  /** The provider's model id; `*` passes the client's own name on. */
  readonly model: string
  /** Pins the dialect spoken to the provider. */
  readonly dialect: DialectId | null
  readonly account: string | null
  readonly priority: number
  readonly weight: number
  readonly timeouts: Partial<Timeouts>
  readonly maxRetries: number
  /** What happens to the call when the client leaves: it is ended, or read to its end and thrown away. */
  readonly onAbort: 'cancel' | 'drain'
}

export type Strategy = 'priority' | 'round_robin' | 'weighted' | 'least_connections' | 'fastest' | 'cheapest' | 'score'

export interface RouteRecord {
  readonly name: string
  /** A glob over model names; absent where only the name itself matches. */
  readonly match: string | null
  readonly stripPrefix: boolean
  readonly strategy: Strategy
  readonly targets: readonly TargetRecord[]
  /** Top-level request fields set where the client did not. */
  readonly defaults: Readonly<Record<string, unknown>>
  readonly fallback: { readonly enabled: boolean; readonly maxAttempts: number; readonly onContextOverflow: boolean }
  readonly malformedEvent: 'skip' | 'fail'
  readonly displayName: string | null
}

/** What the policy block decides for every route. */
export interface PolicySettings {
  /** A schema that the provider's wire cannot say in full is refused instead of sent with less. */
  readonly strictSchemaDownlevel: boolean
}

export interface Snapshot {
  /** Changes whenever the configuration does: a digest of the compiled source. */
  readonly revision: string
  readonly server: ServerSettings
  readonly policy: PolicySettings
  readonly keys: readonly KeyRecord[]
  readonly providers: ReadonlyMap<string, ProviderRecord>
  readonly models: ReadonlyMap<string, ModelRecord>
  readonly routes: ReadonlyMap<string, RouteRecord>
  /** Routes with a glob, longest literal prefix first, then in order of declaration. */
  readonly globRoutes: readonly RouteRecord[]
  readonly storage: StorageSettings
  readonly reasoningState: ReasoningStateSettings
  readonly observability: { readonly logLevel: LogLevel; readonly retentionMs: number; readonly sample: number }
  readonly mcpTiers: readonly Tier[]
  readonly benchmark: { readonly defaultMaxTokens: number }
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** Whether sealed reasoning is kept for clients that cannot carry it, and for how long. */
export interface ReasoningStateSettings {
  readonly enabled: boolean
  readonly ttlMs: number
}

export interface StorageSettings {
  readonly kind: 'sqlite' | 'd1' | 'kv' | 'memory'
  readonly path: string | null
}
