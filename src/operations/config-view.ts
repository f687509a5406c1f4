// The compiled configuration back in the words of the file, for people. Nothing that is or may hold a secret gets through:
// inline keys and header values are replaced, and addresses lose their user, password and query.
import { dialectOf } from '../catalog/presets.ts'
import type { TargetCapabilities } from '../catalog/capabilities.ts'
import type {
  BreakerSettings,
  KeyRecord,
  Limits,
  ModelRecord,
  PermanentFailures,
  PolicySettings,
  ProviderRecord,
  Requirements,
  RouteRecord,
  ServerSettings,
  Snapshot,
  TargetRecord,
  Timeouts,
} from '../catalog/snapshot.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import { credentialView } from './credentials-view.ts'

const redacted = '[redacted]'
const nanoPerUsd = 1e9

/** The whole configuration in effect. */
export function configView(snapshot: Snapshot): Record<string, unknown> {
  const { observability } = snapshot
  return {
    config_version: 1,
    server: serverView(snapshot.server),
    keys: snapshot.keys.map(keyView),
    providers: mapValues(snapshot.providers, providerView),
    models: mapValues(snapshot.models, modelView),
    routes: mapValues(snapshot.routes, routeView),
    policy: policyView(snapshot.policy),
    coordination: snapshot.coordination,
    storage: {
      ...snapshot.storage,
      reasoning_state: { enabled: snapshot.reasoningState.enabled, ttl: `${snapshot.reasoningState.ttlMs}ms` },
    },
    observability: {
      retention: `${observability.retentionMs}ms`,
      sample: observability.sample,
      log_level: observability.logLevel,
    },
    mcp: { tiers: snapshot.mcpTiers },
    benchmark: { default_max_tokens: snapshot.benchmark.defaultMaxTokens },
  }
}

function serverView(server: ServerSettings): Record<string, unknown> {
  return {
    host: server.host,
    port: server.port,
    watch: server.watch,
    allowed_hosts: server.allowedHosts,
    cors: { allowed_origins: server.corsOrigins },
    allow_unauthenticated: server.allowUnauthenticated,
    allow_open_admin: server.allowOpenAdmin,
    default_provider: server.defaultProvider,
    limits: limitsView(server.limits),
    timeouts: timeoutsView(server.timeouts),
    heartbeat_ms: server.heartbeatMs,
    headers: headersView(server.headers),
    compat: { headers: server.compatHeaders, public_models: server.publicModels },
  }
}

function limitsView(limits: Limits): Record<string, unknown> {
  return {
    max_body_bytes: limits.maxBodyBytes,
    max_json_depth: limits.maxJsonDepth,
    max_buffered_response_bytes: limits.maxBufferedResponseBytes,
    max_concurrency: limits.maxConcurrency,
    admission_timeout_ms: limits.admissionTimeoutMs,
    header_timeout_ms: limits.headerTimeoutMs,
    body_timeout_ms: limits.bodyTimeoutMs,
    max_header_bytes: limits.maxHeaderBytes,
    max_header_count: limits.maxHeaderCount,
    max_url_bytes: limits.maxUrlBytes,
    max_messages: limits.maxMessages,
    max_tools: limits.maxTools,
    max_keys_per_object: limits.maxKeysPerObject,
    max_event_bytes: limits.maxEventBytes,
    max_stream_bytes: limits.maxStreamBytes,
    max_repair_chars: limits.maxRepairChars,
    client_stall_ms: limits.clientStallMs,
  }
}

function timeoutsView(timeouts: Partial<Timeouts>): Record<string, unknown> {
  return present({
    connect_ms: timeouts.connectMs,
    headers_ms: timeouts.headersMs,
    first_content_ms: timeouts.firstContentMs,
    idle_ms: timeouts.idleMs,
    total_ms: timeouts.totalMs,
  })
}

function keyView(key: KeyRecord): Record<string, unknown> {
  return {
    id: key.id,
    env: key.env,
    roles: key.roles,
    tenant: key.tenant,
    expires_at: key.expiresAt === null ? null : new Date(key.expiresAt).toISOString(),
    revoked: key.revoked,
  }
}

/** One provider; accounts show where their secret comes from, never what it is. */
export function providerView(provider: ProviderRecord) {
  return {
    type: provider.type,
    base_url: provider.baseUrl === null ? null : addressView(provider.baseUrl),
    api_formats: provider.dialects.map(formatName),
    auth_scheme: provider.authScheme,
    accounts: provider.accounts.map((account) => ({
      id: account.id,
      credential: account.credential === null ? null : credentialView(account.credential),
      priority: account.priority,
    })),
    allow_private: provider.allowPrivate,
    allow_http: provider.allowHttp,
    headers: headersView(provider.headers),
    max_tokens_field: provider.traits.maxTokensField ?? 'max_completion_tokens',
    quirks: provider.traits.quirks ?? [],
    normalize: (provider.traits.quirks ?? []).length > 0,
    region: provider.region,
    project: provider.project,
    api_version: provider.apiVersion,
    deployment: provider.deployment,
    inference_profile: provider.inferenceProfile ?? 'auto',
    model_id_format: provider.modelIdFormat ?? 'passthrough',
    ...(provider.traits.betas !== undefined && { betas: provider.traits.betas }),
    lane: provider.lane ?? null,
    capabilities: capabilitiesView(provider.capabilities),
  }
}

function capabilitiesView(can: TargetCapabilities): Record<string, boolean | number | string[]> {
  return present<boolean | number | string[]>({
    streaming: can.streaming,
    tool_calling: can.tools,
    vision_in: can.images,
    audio_in: can.audio,
    file_in: can.files,
    json_schema: can.jsonSchema,
    reasoning_summary: can.reasoning,
    vision_sources: can.imageSources && [...can.imageSources],
    image_out: can.imageOutput,
    server_tools: can.serverTools,
    assistant_prefill: can.assistantPrefill,
    parallel_tool_calls: can.parallelToolCalls,
    max_context_tokens: can.maxContextTokens,
    max_output_tokens: can.maxOutputTokens,
  })
}

function usd(nano: number | null): number | null {
  return nano === null ? null : nano / nanoPerUsd
}

function modelView(model: ModelRecord): Record<string, unknown> {
  const { price } = model
  return {
    creator: model.creator,
    display_name: model.displayName,
    context_window: model.contextWindow,
    capabilities: capabilitiesView(model.capabilities),
    strengths: model.strengths,
    cost: price && {
      input: usd(price.input),
      output: usd(price.output),
      cache_read: usd(price.cacheRead),
      cache_write: usd(price.cacheWrite),
      cache_write_1h: usd(price.cacheWrite1h),
      request: usd(price.request),
    },
  }
}

/** One route without its name. */
export function routeView(route: RouteRecord): Record<string, unknown> {
  return {
    match: route.match === null ? null : { model: route.match },
    strip_prefix: route.stripPrefix,
    display_name: route.displayName,
    strategy: route.strategy,
    profile: route.profile,
    sticky: route.sticky,
    require: requirementsView(route.require),
    targets: route.targets.map(targetView),
    defaults: route.defaults,
    fallback: {
      enabled: route.fallback.enabled,
      max_attempts: route.fallback.maxAttempts,
      on_context_overflow: route.fallback.onContextOverflow,
      degrade_to: route.fallback.degradeTo,
    },
    stream_failure: route.streamFailure,
    malformed_event: route.malformedEvent,
  }
}

function targetView(target: TargetRecord): Record<string, unknown> {
  return {
    name: target.name,
    provider: target.provider,
    model: target.model,
    api_format: target.dialect === null ? null : formatName(target.dialect),
    account: target.account,
    region: target.region,
    lane: target.lane ?? null,
    priority: target.priority,
    weight: target.weight,
    timeouts: timeoutsView(target.timeouts),
    max_retries: target.maxRetries,
    on_abort: target.onAbort,
    ...(target.breaker !== undefined && { breaker: breakerView(target.breaker, target.permanent) }),
  }
}

/** The breaker of a target with what its route says filled in; `permanent` is multiplied out. */
function breakerView(breaker: BreakerSettings, permanent: PermanentFailures | undefined): Record<string, unknown> {
  return {
    enabled: breaker.enabled,
    failure_threshold: breaker.failureThreshold,
    reset_timeout_ms: breaker.resetMs,
    window_ms: breaker.windowMs,
    min_requests: breaker.minRequests,
    error_percent: breaker.errorPercent,
    max_open_ms: breaker.maxOpenMs,
    ...(permanent !== undefined && {
      permanent: {
        enabled: permanent.enabled,
        base_timeout_ms: permanent.baseMs,
        timeout_multiplier: 1,
        max_backoff_exponent: permanent.maxExponent,
        patterns: permanent.patterns ?? [],
      },
    }),
  }
}

function requirementsView({ minContextTokens, ...required }: Requirements): Record<string, unknown> {
  return {
    ...capabilitiesView(required),
    ...(minContextTokens !== undefined && { min_context_tokens: minContextTokens }),
  }
}

/** What holds for every route. */
function policyView(policy: PolicySettings): Record<string, unknown> {
  const { retry, lanes } = policy
  return {
    cost_aware: policy.costAware,
    latency_aware: policy.latencyAware,
    cost_basis: policy.costBasis,
    max_price_per_mtok: usd(policy.maxPrice),
    allow_free: lanes.free,
    allow_promo: lanes.promo,
    allow_aggregator: lanes.aggregator,
    unknown_cost: policy.unknownCost,
    unknown_context: policy.unknownContext,
    retry: {
      max_retries: retry.maxRetries,
      base_delay_ms: retry.baseMs,
      max_delay_ms: retry.maxMs,
      budget: { percent: retry.budget.percent, min_per_second: retry.budget.minPerSecond },
    },
    breaker: breakerView(policy.direct.breaker, policy.direct.permanent),
    lock: { max_ms: policy.lockMaxMs },
    strict_schema_downlevel: policy.strictSchemaDownlevel,
  }
}

/** `openai-chat` as the file spells it. */
function formatName(dialect: DialectId): string {
  return Object.entries(dialectOf).find(([, id]) => id === dialect)?.[0] ?? dialect
}

/** Names only: a vendor may take its key in a header of any name. */
function headersView(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(headers).map((name) => [name, redacted]))
}

function addressView(address: string): string {
  // What cannot be read cannot be cleaned either.
  if (!URL.canParse(address)) return redacted
  const url = new URL(address)
  if (url.username === '' && url.password === '' && url.search === '' && url.hash === '') return address
  url.username = ''
  url.password = ''
  url.search = ''
  url.hash = ''
  return url.href
}

function mapValues<V, R>(map: ReadonlyMap<string, V>, view: (value: V) => R): Record<string, R> {
  return Object.fromEntries([...map].map(([name, value]) => [name, view(value)]))
}

function present<V>(members: Record<string, V | undefined>): Record<string, V> {
  return Object.fromEntries(Object.entries(members).filter((entry): entry is [string, V] => entry[1] !== undefined))
}
