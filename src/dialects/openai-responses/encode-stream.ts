// Canonical events as a legal stream of this wire, whatever their order.
// https://platform.openai.com/docs/api-reference/responses-streaming
import type { Frame } from '../../wire/frame.ts'
import type { Exchange, StreamEncoder } from '../dialect.ts'
import { encodeStreamError } from './errors.ts'
import type { Members } from './extras.ts'
import { createResponseWriter } from './response-writer.ts'

/** An encoder for one stream. */
export function createStreamEncoder(exchange: Exchange): StreamEncoder {
  const writer = createResponseWriter({ exchange, source: exchange.upstream })
  let failed = false
  return {
    step(event) {
      if (failed) return []
      if (event.type !== 'error') return writer.step(event).map(frameOf)
      failed = true
      return encodeStreamError(event.error, exchange.requestId)
    },
    losses: () => writer.losses(),
  }
}

/** An event of this wire as a frame. */
export function frameOf(value: Members): Frame {
  return { event: String(value['type']), data: JSON.stringify(value), value }
}
