// `credentials audit`: who looked at which secret, when and why. The store holds no value of one.
import { z } from 'zod'
import { defineOperation } from './operation.ts'
import { fromStore } from './trace-view.ts'

const defaultLimit = 50
const maxLimit = 1000

export const credentialsAudit = defineOperation({
  verb: 'credentials audit',
  tier: 'privileged',
  summary: 'List the looks at secrets at their sources, newest first, without what was in them.',
  examples: ['credentials audit', 'credentials audit openai-main --limit 10'],
  scope: 'anywhere',
  positional: ['id'],
  needsStores: true,
  columns: ['at', 'credential', 'source', 'reason', 'outcome', 'duration_ms'],
  input: z.strictObject({
    id: z.string().min(1).optional().describe('Only looks at this credential; one that is gone may be named'),
    limit: z.int().min(1).max(maxLimit).default(defaultLimit).describe(`At most this many, up to ${maxLimit}`),
  }),
  output: z.array(
    z.strictObject({
      at: z.iso.datetime(),
      credential: z.string(),
      source: z.string(),
      reason: z.string().describe('first, expired, refused, rotation, check or operator'),
      outcome: z.string().describe('ok, or an error code'),
      duration_ms: z.number(),
    }),
  ),
  run: async ({ stores }, { id, limit }) => {
    const rows = await fromStore(stores.ledger.accesses({ limit, ...(id !== undefined && { credential: id }) }))
    return rows.map(({ at, credential, source, reason, outcome, durationMs }) => ({
      at: new Date(at).toISOString(),
      credential,
      source,
      reason,
      outcome,
      duration_ms: durationMs,
    }))
  },
})
