// What goes wrong while a provider's stream is read, as the errors that end it.
import { GatewayError } from '../ir/error.ts'
import { EventStreamCorrupt } from '../wire/aws-event-stream.ts'
import { BlockOverflow } from '../wire/block.ts'

/** More of an answer than the limits allow. */
export function tooMuch(): GatewayError {
  return new GatewayError('limit_exceeded', { message: 'the answer grew larger than limits.max_stream_bytes' })
}

/** Whatever the reading of a stream threw, as the error that ends it. */
export function readError(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause
  if (cause instanceof EventStreamCorrupt)
    return new GatewayError('upstream_bad_content', { message: 'a message of the event stream arrived damaged' })
  if (cause instanceof BlockOverflow)
    return new GatewayError('upstream_bad_content', {
      message: 'one event of the stream was larger than limits.max_event_bytes',
    })
  return new GatewayError('stream_truncated', {
    message: 'the connection to the provider broke before the answer was complete',
    cause,
  })
}
