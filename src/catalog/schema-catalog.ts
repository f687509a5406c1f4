// What can be reached and under which names: `providers`, `models`, `routes`.
import { z } from 'zod'
import { quirkNames } from '../ir/traits.ts'
import { apiFormats, providerTypes } from './presets.ts'
import { count, headers, identifier, natural, text, usd } from './schema-parts.ts'
import { timeoutOverrides } from './schema-server.ts'
import { scoreProfiles } from './score-profiles.ts'

function visionSources() {
  return z
    .array(z.enum(['inline_base64', 'remote_url', 'provider_file_ref']))
    .min(1)
    .optional()
}

function capabilities() {
  return z.strictObject({
    streaming: z.boolean().optional(),
    tool_calling: z.boolean().optional(),
    vision_in: z.boolean().optional(),
    vision_sources: visionSources(),
    audio_in: z.boolean().optional(),
    file_in: z.boolean().optional(),
    json_schema: z.boolean().optional(),
    reasoning_summary: z.boolean().optional(),
    parallel_tool_calls: z.boolean().optional(),
    image_out: z.boolean().optional(),
    server_tools: z.boolean().optional(),
    assistant_prefill: z
      .boolean()
      .optional()
      .describe('Goes on where a last assistant turn breaks off; what stream_failure "continue" uses'),
    max_context_tokens: count().optional(),
    max_output_tokens: count().optional(),
  })
}

/** One provider: an address with its wire formats and accounts. What is left out comes from the preset of `type`. */
export function providerSchema() {
  return z.strictObject({
    type: z.enum(providerTypes),
    base_url: text().optional(),
    api_formats: z.array(z.enum(apiFormats)).min(1).optional().describe('In order of preference'),
    auth_scheme: z
      .strictObject({ kind: z.enum(['none', 'bearer', 'header', 'query', 'sigv4']), name: text().optional() })
      .optional(),
    accounts: z
      .array(
        z.strictObject({
          id: identifier(),
          credential: identifier().nullable().default(null),
          priority: z.int().default(0).describe('Lower is used first'),
          egress: identifier().nullable().default(null).describe('The proxy of this account'),
        }),
      )
      .default([]),
    api_key: text().optional().describe('Accepted with a warning; a credential is the better place'),
    allow_private: z
      .union([z.boolean(), z.array(text()).min(1)])
      .optional()
      .describe('May live on a loopback or private address, or on one in these CIDR blocks'),
    allow_http: z.boolean().optional(),
    headers: headers(),
    capabilities: capabilities().prefault({}).describe('Only a stated false rejects a request'),
    max_tokens_field: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
    quirks: z
      .array(z.enum(quirkNames))
      .optional()
      .describe(
        'What is wrong with its Chat answers, and is mended for clients of that format; replaces those of the type',
      ),
    normalize: z.boolean().default(true).describe('false: its answers reach clients of the same format as they are'),
    selection: z.enum(['fill_first', 'round_robin']).default('fill_first'),
    sticky: count().default(1),
    egress: identifier().nullable().default(null),
    lane: lane(),
    budget_usd: usd().nullable().default(null),
    region: text().nullable().default(null).describe('bedrock, vertex, and wherever base_url holds {region}'),
    project: text().nullable().default(null).describe('vertex: the id of the Google project'),
    api_version: text()
      .nullable()
      .default(null)
      .describe('azure: a date for the dated API; left out for the v1 API, "preview" for its previews'),
    deployment: text().nullable().default(null).describe('azure: used for every model of this provider'),
    inference_profile: z
      .enum(['auto', 'none', 'global', 'us', 'us-gov', 'eu', 'apac', 'jp', 'au', 'ca'])
      .default('auto')
      .describe('bedrock: what stands before ids without a profile; auto only where a model needs one'),
    model_id_format: z
      .enum(['passthrough', 'creator/model'])
      .default('passthrough')
      .describe("creator/model: the creator's name goes before ids without a slash"),
    betas: z
      .array(text())
      .optional()
      .describe('Values of anthropic-beta that may reach it; replaces the list of the type, which only Vertex has'),
  })
}

/** How a provider or target is paid for; null: as its type says, or by its price. */
function lane() {
  return z.enum(['standard', 'free', 'promo', 'aggregator']).nullable().default(null)
}

function price() {
  return usd().nullable().default(null)
}

/** One model: who made it, what it holds, what it costs. */
export function modelSchema() {
  return z.strictObject({
    creator: text().nullable().default(null),
    display_name: text().nullable().default(null),
    context_window: count().nullable().default(null),
    capabilities: capabilities().prefault({}).describe('Where they differ from those of its provider'),
    strengths: z
      .array(text())
      .default([])
      .describe('What it is good at, for the profiles of strategy "score": "coding", "judge", "extract"'),
    cost: z
      .strictObject({
        input: price(),
        output: price(),
        cache_read: price(),
        cache_write: price(),
        cache_write_1h: price(),
        request: price().describe('USD per request'),
      })
      .nullable()
      .default(null)
      .describe('USD per million tokens; null where unknown'),
  })
}

/** When a target is left out for a while. */
export function breakerSchema() {
  return z.strictObject({
    enabled: z.boolean().default(true),
    failure_threshold: count().default(5),
    reset_timeout_ms: count().default(60_000),
    window_ms: count().default(60_000),
    min_requests: count().default(10),
    error_percent: z.number().min(1).max(100).default(50),
    max_open_ms: count().default(4_800_000),
    permanent: z
      .strictObject({
        enabled: z.boolean().default(true),
        base_timeout_ms: count().default(300_000),
        timeout_multiplier: z.number().min(1).default(5),
        max_backoff_exponent: natural(20).default(4),
        patterns: z.array(text()).default(['404.*not found', '401.*unauthorized', '403.*forbidden']),
      })
      .prefault({}),
  })
}

function target() {
  return z.strictObject({
    name: text().optional().describe('Unique in the route; provider/model where left out'),
    provider: text(),
    model: text().describe('"*" passes the model name of the client on'),
    api_format: z.enum(apiFormats).nullable().default(null),
    account: text().nullable().default(null),
    region: text().nullable().default(null),
    regions: z
      .array(text())
      .min(1)
      .optional()
      .describe('The same target in several regions, tried in this order; instead of region'),
    lane: lane(),
    priority: z.int().default(1).describe('Lower is tried first'),
    weight: natural().default(100),
    timeouts: timeoutOverrides().prefault({}),
    max_retries: natural(10).nullable().default(null).describe('On this target; null: policy.retry.max_retries'),
    on_abort: z
      .enum(['cancel', 'drain'])
      .default('cancel')
      .describe(
        'When the client leaves: end the call, or read it to its end (for servers that do not survive an abort)',
      ),
    breaker: breakerSchema().nullable().default(null),
  })
}

function requirements() {
  return z.strictObject({
    streaming: z.boolean().optional(),
    tool_calling: z.boolean().optional(),
    server_tools: z.boolean().optional(),
    vision_in: z.boolean().optional(),
    vision_sources: visionSources(),
    audio_in: z.boolean().optional(),
    file_in: z.boolean().optional(),
    image_out: z.boolean().optional(),
    reasoning_summary: z.boolean().optional(),
    json_schema: z.boolean().optional(),
    min_context_tokens: count().optional(),
  })
}

/** One route: a name that clients send, and the targets behind it. */
export function routeSchema() {
  return z.strictObject({
    match: z.strictObject({ model: text() }).nullable().default(null).describe('A glob over model names'),
    strip_prefix: z
      .boolean()
      .default(false)
      .describe('Drops the literal prefix of the glob for targets with model "*"'),
    display_name: text().nullable().default(null),
    strategy: z
      .enum(['priority', 'round_robin', 'weighted', 'least_connections', 'fastest', 'cheapest', 'score'])
      .default('priority'),
    profile: z
      .enum(scoreProfiles)
      .nullable()
      .default(null)
      .describe('The weights of strategy "score"; null: by the name of the route (auto/fast), else balanced'),
    sticky: z.enum(['none', 'session']).default('none'),
    targets: z.array(target()).default([]),
    defaults: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('Top-level request fields set where the client did not'),
    require: requirements().prefault({}),
    fallback: z
      .strictObject({
        enabled: z.boolean().default(true),
        max_attempts: count(32).default(3),
        degrade_to: z.array(text()).default([]),
        on_context_overflow: z.boolean().default(true),
      })
      .prefault({}),
    stream_failure: z.enum(['error', 'continue', 'restart_if_prefix_matches']).default('error'),
    malformed_event: z.enum(['skip', 'fail']).default('skip'),
    breaker: breakerSchema().prefault({}),
  })
}
