// One event of a stream, whatever its framing.

/** `event` is the SSE event name (or the event-stream `:event-type`); absent where the wire sent none. */
export interface Frame {
  readonly event?: string
  readonly data: string
  /** What `data` is the text of, where the writer still has it at hand: whoever checks a frame need not parse it again. */
  readonly value?: unknown
  /** An AWS event stream's own kind of message beside plain events; `event` then names the exception. */
  readonly kind?: 'exception' | 'error'
}
