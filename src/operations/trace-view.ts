// Trace rows as people and programs read them: snake_case, times as ISO 8601. Metadata only, as in the store.
import { z } from 'zod'
import { GatewayError } from '../ir/error.ts'
import type { TraceRow } from '../ports/index.ts'
import { isObject, parseJson } from '../wire/json-parse.ts'

/** How a request can end. */
export const outcomes = ['succeeded', 'failed', 'truncated', 'cancelled', 'rejected'] as const

/** One line of a list. */
export const traceSummarySchema = z.strictObject({
  request_id: z.string(),
  started_at: z.iso.datetime(),
  outcome: z.string(),
  status: z.int(),
  error_code: z.string().nullable(),
  inbound_model: z.string().nullable(),
  route: z.string().nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  streamed: z.boolean(),
  duration_ms: z.number(),
  ttft_ms: z.number().nullable(),
  input_tokens: z.number().nullable(),
  output_tokens: z.number().nullable(),
  usage_evidence: z
    .string()
    .nullable()
    .describe(
      '`reported` by the provider; `counted` where it did not say and the tokens are an estimate; null without any',
    ),
})

/** Everything that is known of one request. */
export const traceSchema = z.strictObject({
  ...traceSummarySchema.shape,
  revision: z.string(),
  dialect: z.string(),
  path: z.string(),
  key_id: z.string().nullable(),
  tenant: z.string().nullable(),
  account: z.string().nullable(),
  upstream_dialect: z.string().nullable(),
  finish: z.string().nullable(),
  cache_read_tokens: z.number().nullable(),
  cache_write_tokens: z.number().nullable(),
  reasoning_tokens: z.number().nullable(),
  facts: z.unknown().describe('What the request was understood to need; null where it was refused before'),
  decision: z.unknown().describe('Why these targets were tried; null where the request was refused before'),
  attempts: z.array(z.unknown()),
  losses: z.array(z.unknown()).describe('What the translation of the request lost'),
  answer_losses: z.array(z.unknown()),
  upstream_error: z.unknown().describe('What the provider answered, without its text'),
  omitted: z.string().nullable().describe('Why decision, attempts and losses are missing, where they are'),
})

/** The row as a line of a list. */
export function traceSummary(row: TraceRow): z.output<typeof traceSummarySchema> {
  return {
    request_id: row.requestId,
    started_at: new Date(row.startedAt).toISOString(),
    outcome: row.outcome,
    status: row.status,
    error_code: row.errorCode,
    inbound_model: row.inboundModel,
    route: row.route,
    provider: row.provider,
    model: row.model,
    streamed: row.streamed,
    duration_ms: row.durationMs,
    ttft_ms: row.ttftMs,
    input_tokens: row.inputTokens,
    output_tokens: row.outputTokens,
    usage_evidence: row.usageEvidence,
  }
}

/** The row as a whole. A detail that cannot be read leaves its members empty: the rest is still worth showing. */
export function traceView(row: TraceRow): z.output<typeof traceSchema> {
  const parsed = parseJson(row.detail)
  const detail = isObject(parsed) ? parsed : {}
  return {
    ...traceSummary(row),
    revision: row.revision,
    dialect: row.dialect,
    path: row.path,
    key_id: row.keyId,
    tenant: row.tenant,
    account: row.account,
    upstream_dialect: row.upstreamDialect,
    finish: row.finish,
    cache_read_tokens: row.cacheReadTokens,
    cache_write_tokens: row.cacheWriteTokens,
    reasoning_tokens: row.reasoningTokens,
    facts: detail['facts'] ?? null,
    decision: detail['decision'] ?? null,
    attempts: listOf(detail['attempts']),
    losses: listOf(detail['losses']),
    answer_losses: listOf(detail['answer_losses']),
    upstream_error: detail['upstream_error'] ?? null,
    omitted: typeof detail['omitted'] === 'string' ? detail['omitted'] : null,
  }
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

/** The store's answer; whatever it throws becomes `store_unavailable`. */
export async function fromStore<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (cause) {
    throw cause instanceof GatewayError ? cause : new GatewayError('store_unavailable', { cause })
  }
}
