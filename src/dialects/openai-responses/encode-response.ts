// The canonical answer as a whole answer of this wire: what its stream would end with.
import type { Loss } from '../../ir/loss.ts'
import type { IrResponse } from '../../ir/response.ts'
import { unfold } from '../../ir/unfold.ts'
import type { Exchange } from '../dialect.ts'
import { createResponseWriter } from './response-writer.ts'

const encoder = new TextEncoder()

/** Encodes an answer. */
export function encodeResponse(
  response: IrResponse,
  exchange: Exchange,
): { readonly body: Uint8Array; readonly losses: readonly Loss[] } {
  const writer = createResponseWriter(exchange, response.source === 'openai-responses')
  for (const event of unfold(response)) writer.step(event)
  return { body: encoder.encode(JSON.stringify(writer.answer())), losses: writer.losses() }
}
