// `trace list`: the newest requests, one line each.
import { z } from 'zod'
import { defineOperation } from './operation.ts'
import { fromStore, outcomes, traceSummary, traceSummarySchema } from './trace-view.ts'

const defaultLimit = 50
const maxLimit = 1000

export const traceList = defineOperation({
  verb: 'trace list',
  tier: 'read',
  summary: 'List requests, newest first, without what was said in them.',
  examples: ['trace list', 'trace list --outcome failed --limit 10', 'trace list --before 2026-01-31T12:00:00Z'],
  scope: 'anywhere',
  positional: [],
  needsStores: true,
  columns: [
    'started_at',
    'request_id',
    'outcome',
    'status',
    'error_code',
    'inbound_model',
    'route',
    'provider',
    'model',
    'duration_ms',
    'ttft_ms',
    'input_tokens',
    'output_tokens',
    'usage_evidence',
  ],
  input: z.strictObject({
    limit: z.int().min(1).max(maxLimit).default(defaultLimit).describe(`At most this many, up to ${maxLimit}`),
    route: z.string().min(1).optional().describe('Only requests of this route'),
    provider: z.string().min(1).optional().describe('Only requests that this provider answered or failed last'),
    outcome: z.enum(outcomes).optional().describe('Only requests that ended this way'),
    before: z.iso
      .datetime({ offset: true, error: 'expected a time such as 2026-01-31T12:00:00Z' })
      .optional()
      .describe('Only requests that started before this time; the last started_at is the start of the next page'),
  }),
  output: z.array(traceSummarySchema),
  run: async ({ stores }, { limit, route, provider, outcome, before }) => {
    const rows = await fromStore(
      stores.ledger.traces({
        limit,
        ...(route !== undefined && { route }),
        ...(provider !== undefined && { provider }),
        ...(outcome !== undefined && { outcome }),
        ...(before !== undefined && { before: Date.parse(before) }),
      }),
    )
    return rows.map(traceSummary)
  },
})
