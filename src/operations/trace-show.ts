// `trace show`: everything that is known of one request.
import { z } from 'zod'
import { GatewayError } from '../ir/error.ts'
import { defineOperation } from './operation.ts'
import { fromStore, traceSchema, traceView } from './trace-view.ts'

export const traceShow = defineOperation({
  verb: 'trace show',
  tier: 'read',
  summary: 'Show one request: its decision, attempts, losses, usage and times.',
  examples: ['trace show req_abc123'],
  scope: 'anywhere',
  positional: ['request_id'],
  needsStores: true,
  input: z.strictObject({
    request_id: z.string().min(1).describe('As the answer named it in x-signalbox-request-id'),
  }),
  output: traceSchema,
  run: async ({ stores }, { request_id }) => {
    const row = await fromStore(stores.ledger.trace(request_id))
    if (row === undefined)
      throw new GatewayError('not_found', { message: 'no trace of this request', param: 'request_id' })
    return traceView(row)
  },
})
