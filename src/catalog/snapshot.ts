// The compiled configuration: types only. One request pins one snapshot from its first line to its last.
import type { DialectId } from '../ir/dialect-id.ts'
import type { Traits } from '../ir/traits.ts'
import type { TargetCapabilities } from './capabilities.ts'
import type { ScoreProfile } from './score-profiles.ts'

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
  readonly maxStreamBytes: number
  readonly maxRepairChars: number
  readonly clientStallMs: number
}

/** Timers in milliseconds. `headers` and `firstContent` bind streams only. */
export interface Timeouts {
  readonly connectMs: number
  readonly headersMs: number
  readonly firstContentMs: number
  readonly idleMs: number
  readonly totalMs: number
}

/** A system whose headers clients may still read. Those of `switch` have no brand and are always sent. */
export type CompatSystem = 'switchback' | 'switchmaxxer' | 'switch'

export interface ServerSettings {
  readonly host: string
  readonly port: number
  /** Files that change are read again by themselves. */
  readonly watch: boolean
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
  /** Earlier systems whose names of our headers are sent too. */
  readonly compatHeaders: readonly CompatSystem[]
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

/** Where the text of a secret is kept. Its value is never in a snapshot. */
export type SecretSource =
  | { readonly source: 'env'; readonly env: string }
  /** Written in the file itself: accepted with a warning, held behind a function so that no serialiser sees it. */
  | { readonly source: 'inline'; readonly reveal: () => string }
  /** An owner-only file of this machine; `field` picks a member where it holds JSON. */
  | { readonly source: 'file'; readonly path: string; readonly field: string | null }
  /** Our own vault. */
  | { readonly source: 'sealed'; readonly name: string; readonly field: string | null }
  /** KV version 2 of HashiCorp Vault: `path` below `mount`. */
  | {
      readonly source: 'hashicorp_vault'
      readonly mount: string
      readonly path: string
      readonly field: string
      /** Variables that hold the server's address, its token, and the namespace where there is one. */
      readonly addressEnv: string
      readonly tokenEnv: string
      readonly namespaceEnv: string
    }
  /** AWS Secrets Manager. */
  | {
      readonly source: 'aws_secrets'
      readonly name: string
      readonly field: string | null
      /** The credential of type `aws` that may read it; null: the well-known variables. */
      readonly credential: string | null
      readonly region: string | null
    }

/** Where AWS access keys come from. */
export type AwsKeySource =
  | {
      readonly from: 'env'
      readonly accessKeyEnv: string
      readonly secretKeyEnv: string
      readonly sessionTokenEnv: string
    }
  /** A secret that is the JSON `{access_key_id, secret_access_key, session_token?, region?}`. */
  | { readonly from: 'secret'; readonly secret: SecretSource }
  /** The role of the machine (IMDSv2) or of its workload (web identity): where the runtime has a machine. */
  | { readonly from: 'instance_profile' }
  | { readonly from: 'web_identity'; readonly roleArnEnv: string; readonly tokenFileEnv: string }

/** How Azure is asked for access. */
export type AzureAccess =
  /** A resource key where its variable is set, else client credentials where theirs are, else the managed identity. */
  | { readonly by: 'environment' }
  | { readonly by: 'key'; readonly secret: SecretSource }
  | {
      readonly by: 'client_credentials'
      readonly tenantId: string
      readonly clientId: string
      readonly clientSecret: SecretSource
    }
  | { readonly by: 'managed_identity'; readonly clientId: string | null }

/** What a credential is made of: a text as it is kept, or a token that is fetched with one. */
export type CredentialRecipe =
  | { readonly type: 'api_key'; readonly secret: SecretSource }
  | { readonly type: 'aws'; readonly keys: AwsKeySource; readonly regionEnv: string }
  | { readonly type: 'google_service_account'; readonly secret: SecretSource; readonly scope: string }
  | { readonly type: 'azure'; readonly access: AzureAccess; readonly scope: string }
  | {
      readonly type: 'oauth'
      readonly refresh: SecretSource
      readonly tokenUrl: string
      readonly clientId: string
      readonly clientSecret: SecretSource | null
      /** How the client proves itself to the token endpoint; absent: in the body. */
      readonly clientAuth?: 'body' | 'basic'
      readonly scope: string | null
    }
  /** The login that a coding agent of this machine keeps, read anew each time it is needed. */
  | { readonly type: 'codex_oauth'; readonly env: string; readonly path: string | null }
  | { readonly type: 'claude_code_oauth'; readonly env: string; readonly path: string | null }

export interface CredentialRecord {
  readonly id: string
  readonly recipe: CredentialRecipe
  /** How long a value may be used before its source is asked again. */
  readonly cacheTtlMs: number
  /** How often its owner means to change the value; null where nothing was promised. */
  readonly rotationMs: number | null
  /** Token endpoints and secret stores may have private addresses; absent: no. */
  readonly allowPrivate?: boolean
  /** And may be reached without encryption; absent: no. */
  readonly allowHttp?: boolean
}

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

/** A way out that is not the direct one. */
export interface EgressRecord {
  readonly id: string
  /** `http://host:port` of an HTTP proxy that knows CONNECT; from the file, or from a variable. */
  readonly url: { readonly from: 'file'; readonly url: string } | { readonly from: 'env'; readonly env: string }
  /** Sent to the proxy with CONNECT. */
  readonly headers: Readonly<Record<string, string>>
  readonly userAgent: string | null
  readonly enabled: boolean
}

/** What holds for every way out. */
export interface EgressSettings {
  readonly proxies: ReadonlyMap<string, EgressRecord>
  /** The proxy of whoever names none. */
  readonly defaultId: string | null
  /** The kill switch: false sends nothing through a proxy, and refuses what would have to. */
  readonly enabled: boolean
  /** Host globs (`api.openai.com`, `*.amazonaws.com`) that everything configured has to match; empty: any host. */
  readonly allowedHosts: readonly string[]
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
  /** Where they differ from those of its provider. */
  readonly capabilities: TargetCapabilities
  /** What it is good at, in the words of the score profiles. */
  readonly strengths: readonly string[]
}

/** How something is paid for. */
export type Lane = 'standard' | 'free' | 'promo' | 'aggregator'

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
  /** Further tries of this target; null: as the policy says. */
  readonly maxRetries: number | null
  /** Takes the place of the provider's. */
  readonly region: string | null
  /** What happens to the call when the client leaves: it is ended, or read to its end and thrown away. */
  readonly onAbort: 'cancel' | 'drain'
  /** Absent: as its provider or its price says. */
  readonly lane?: Lane
  /** Absent: the defaults. */
  readonly breaker?: BreakerSettings
  /** Absent: the defaults. */
  readonly permanent?: PermanentFailures
}

/** When a target that fails is left out: after failures in a row, or after a share of them in a window. Milliseconds. */
export interface BreakerSettings {
  readonly enabled: boolean
  readonly failureThreshold: number
  readonly resetMs: number
  readonly windowMs: number
  readonly minRequests: number
  readonly errorPercent: number
  /** No failure keeps a target out for longer. */
  readonly maxOpenMs: number
}

/** How failures that do not pass by themselves are held: base × 2^min(n-1, exponent) for the n-th in a row. */
export interface PermanentFailures {
  readonly enabled: boolean
  readonly baseMs: number
  readonly maxExponent: number
  /** Regular expressions over `status code message` of a failure: what matches is permanent too. Absent: none. */
  readonly patterns?: readonly string[]
}

export type Strategy = 'priority' | 'round_robin' | 'weighted' | 'least_connections' | 'fastest' | 'cheapest' | 'score'

/** What a target of a route has to be able to do, whatever a request asks for. */
export type Requirements = Partial<
  Pick<
    TargetCapabilities,
    | 'streaming'
    | 'tools'
    | 'images'
    | 'imageSources'
    | 'audio'
    | 'files'
    | 'jsonSchema'
    | 'reasoning'
    | 'imageOutput'
    | 'serverTools'
  >
> & { readonly minContextTokens?: number }

export interface RouteRecord {
  readonly name: string
  /** A glob over model names; absent where only the name itself matches. */
  readonly match: string | null
  readonly stripPrefix: boolean
  readonly strategy: Strategy
  /** Null: by the route's name. */
  readonly profile: ScoreProfile | null
  /** `session`: one session, one target, as long as it can be had. */
  readonly sticky: 'none' | 'session'
  readonly require: Requirements
  readonly targets: readonly TargetRecord[]
  /** Top-level request fields set where the client did not. */
  readonly defaults: Readonly<Record<string, unknown>>
  readonly fallback: {
    readonly enabled: boolean
    readonly maxAttempts: number
    readonly onContextOverflow: boolean
    /** Routes, or models of the same providers, for when no target of its own is left. */
    readonly degradeTo: readonly string[]
  }
  readonly streamFailure: 'error' | 'continue' | 'restart_if_prefix_matches'
  readonly malformedEvent: 'skip' | 'fail'
  readonly displayName: string | null
}

/** What the policy block decides for every route. */
export interface PolicySettings {
  /** A schema that the provider's wire cannot say in full is refused instead of sent with less. */
  readonly strictSchemaDownlevel: boolean
  /** The longest that an account, a model of an account or a target is left out. */
  readonly lockMaxMs: number
  /** Of targets that are named without a route. */
  readonly direct: { readonly breaker: BreakerSettings; readonly permanent: PermanentFailures }
  /** Prices, latencies order the targets of every route with strategy `priority`. */
  readonly costAware: boolean
  readonly latencyAware: boolean
  readonly costBasis: 'blended' | 'expected'
  /** Nano-USD per million tokens, input plus output; null: no ceiling. */
  readonly maxPrice: number | null
  readonly unknownCost: UnknownPolicy
  readonly unknownContext: UnknownPolicy
  readonly lanes: { readonly free: boolean; readonly promo: boolean; readonly aggregator: boolean }
  readonly retry: RetrySettings
}

/** What becomes of a target of which something is not known. */
export type UnknownPolicy = 'allow' | 'penalize' | 'reject'

export interface RetrySettings {
  readonly maxRetries: number
  readonly baseMs: number
  /** The longest wait before a further try, also where the provider asks for one. */
  readonly maxMs: number
  /** Calls beyond one per request that may go to targets that fail: a share of the requests, and always so many per second. */
  readonly budget: { readonly percent: number; readonly minPerSecond: number }
}

/** What instances agree on, and through whom. */
export interface CoordinationSettings {
  readonly backend: 'auto' | 'memory' | 'store' | 'durable_object'
  readonly objects: 'one' | 'per_tenant'
  readonly slice: number
}

/** A coding client that is expected, and what it may use. */
export interface ClientProfile {
  readonly id: string
  readonly kind: string
  readonly enabled: boolean
  readonly mode: string
  readonly models: readonly string[]
  readonly accounts: readonly string[]
}

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

/** Whether sealed reasoning is kept for clients that cannot carry it, and for how long. */
export interface ReasoningStateSettings {
  readonly enabled: boolean
  readonly ttlMs: number
}

export interface StorageSettings {
  readonly kind: 'sqlite' | 'd1' | 'kv' | 'memory'
  readonly path: string | null
}
