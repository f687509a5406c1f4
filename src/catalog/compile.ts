// The parsed configuration to an immutable snapshot: every check, all problems at once, and the revision.
// Reads nothing, knows no file system and no environment: values of secrets are looked up by name when they are used.
import { applyAvailability } from './availability.ts'
import { compileKeys } from './compile-access.ts'
import { compileClientProfiles } from './compile-client-profiles.ts'
import { compileCredentials } from './compile-credentials.ts'
import { checkUpstreamHosts, compileEgress, type Abilities } from './compile-egress.ts'
import { compileModels } from './compile-models.ts'
import { compilePolicy } from './compile-policy.ts'
import { compileProviders } from './compile-providers.ts'
import { checkDegradeTo, compileRoutes } from './compile-routes.ts'
import { compileServer } from './compile-server.ts'
import { canonicalJson, fnv1a64 } from './digest.ts'
import { durationMs } from './duration.ts'
import { deepFreeze } from './freeze.ts'
import { byLongestPrefix } from './glob.ts'
import { newReport, type Problem, type Report } from './problem.ts'
import type { Config } from './schema.ts'
import type { ReasoningStateSettings, Snapshot, StorageSettings } from './snapshot.ts'
import { readDocuments, type Documents, type SecretOverrides } from './documents.ts'

export interface CompileInput extends Documents {
  /** Makes the storage path absolute, where the runtime has a file system. */
  readonly resolvePath?: (path: string) => string
  /** What the runtime can do that is to run it; left out where that is not known. */
  readonly abilities?: Abilities
}

export type Compiled =
  | {
      readonly ok: true
      readonly snapshot: Snapshot
      readonly warnings: readonly Problem[]
      /** Values of `secrets.json`, to be asked before the environment. */
      readonly secrets: SecretOverrides
    }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] }

/**
 * Compiles parsed documents to a frozen snapshot. Everything that is wrong is reported at once, structure and
 * references together; a snapshot comes out only where nothing is.
 */
export function compileConfig(input: CompileInput): Compiled {
  const read = readDocuments(input)
  const problems = [...read.problems]
  const report = newReport()
  let snapshot: Snapshot | undefined
  if (read.config !== undefined) {
    snapshot = compileSnapshot(read.config, input, report)
    problems.push(...report.problems.filter((problem) => !isConsequence(problem, read.repaired)).map(read.locate))
  }
  const warnings = report.warnings.map(read.locate)
  if (problems.length > 0 || snapshot === undefined) return { ok: false, problems, warnings }
  return { ok: true, snapshot: deepFreeze(snapshot), warnings, secrets: read.secrets }
}

/** A finding at, above or below a place that had to be repaired before it could be read. */
function isConsequence(problem: Problem, repaired: readonly string[]): boolean {
  return repaired.some((path) => isWithin(problem.path, path) || isWithin(path, problem.path))
}

function isWithin(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}.`) || path.startsWith(`${parent}[`)
}

function compileSnapshot(written: Config, input: CompileInput, report: Report): Snapshot {
  // On what was written, before defaults take the place of what this version does not do.
  checkStorage(written, report)
  checkDegradeTo(written, report)
  const config = structuredClone(written)
  applyAvailability(config, report)
  // In the order of the file, because that is the order of the report.
  const server = compileServer(config, report)
  const keys = compileKeys(config, report)
  const credentials = compileCredentials(config, report, input.resolvePath)
  const egress = compileEgress(config, report, input.abilities)
  const providers = compileProviders(config, credentials, egress, report)
  checkUpstreamHosts(providers, credentials, egress, report)
  if (providers.size === 0 && Object.keys(config.providers).length === 0)
    report.warning(['providers'], 'empty', 'the gateway has nowhere to send a request')
  const models = compileModels(config, report)
  const routes = compileRoutes({ config, providers, report })
  const globRoutes = byLongestPrefix([...routes.values()])
  const { observability } = config
  const retentionMs = durationMs(observability.retention)
  if (retentionMs === undefined)
    report.problem(['observability', 'retention'], 'expected more than nothing and at most ten years')
  return {
    revision: revisionOf(
      config,
      globRoutes.map((route) => route.name),
    ),
    server,
    policy: compilePolicy(config, report),
    keys,
    credentials,
    providers,
    egress,
    clientProfiles: compileClientProfiles(config, providers, report),
    models,
    routes,
    globRoutes,
    storage: compileStorage(config, input),
    coordination: config.coordination,
    reasoningState: compileReasoningState(config, report),
    observability: { logLevel: observability.log_level, retentionMs: retentionMs ?? 0, sample: observability.sample },
    mcpTiers: [...new Set(config.mcp.tiers)],
    benchmark: { defaultMaxTokens: config.benchmark.default_max_tokens },
  }
}

function compileStorage(config: Config, input: CompileInput): StorageSettings {
  const { kind, path } = config.storage
  return { kind, path: kind === 'sqlite' ? (input.resolvePath?.(path) ?? path) : null }
}

function compileReasoningState(config: Config, report: Report): ReasoningStateSettings {
  const { enabled, ttl } = config.storage.reasoning_state
  const ttlMs = durationMs(ttl)
  if (ttlMs === undefined)
    report.problem(['storage', 'reasoning_state', 'ttl'], 'expected more than nothing and at most ten years')
  return { enabled, ttlMs: ttlMs ?? 0 }
}

/** What has to be counted needs a compare-and-set, which an eventually consistent store does not have. */
function checkStorage(config: Config, report: Report): void {
  if (config.storage.kind !== 'kv') return
  const counted = [
    ...config.keys.map((key, index) => (key.budget_usd === null ? undefined : `keys[${index}].budget_usd`)),
    ...config.tenants.flatMap((tenant, index) =>
      (['budget_usd', 'max_concurrency', 'rate_limit'] as const).map((key) =>
        tenant[key] === null ? undefined : `tenants[${index}].${key}`,
      ),
    ),
    ...Object.entries(config.providers).map(([id, provider]) =>
      provider.budget_usd === null ? undefined : `providers.${id}.budget_usd`,
    ),
    config.policy.budget_usd === null ? undefined : 'policy.budget_usd',
    // A Durable Object counts these, whatever the storage.
    config.server.limits.max_concurrency === null || config.coordination.backend === 'durable_object'
      ? undefined
      : 'server.limits.max_concurrency',
  ].filter((path) => path !== undefined)
  if (counted.length > 0)
    report.problem(['storage', 'kind'], `"kv" cannot enforce ${counted.join(', ')}`, 'use "d1" or "sqlite"')
}

/** Names the effective configuration: the order of globs counts, secrets and the editor's `$schema` do not. */
function revisionOf(config: Config, globs: readonly string[]): string {
  const providers = Object.entries(config.providers).map(
    ([id, provider]) => [id, provider.api_key === undefined ? provider : { ...provider, api_key: 'inline' }] as const,
  )
  const { $schema: _, ...effective } = config
  return fnv1a64(canonicalJson({ config: { ...effective, providers: Object.fromEntries(providers) }, globs }))
}
