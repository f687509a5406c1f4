// One event of a stream, whatever its framing.

/** `event` is the SSE event name (or the event-stream `:event-type`); absent where the wire sent none. */
export interface Frame {
  readonly event?: string
  readonly data: string
}
