// F-31 to F-56: what a provider does once it has begun to answer.
import type { FaultRow } from './catalogue.ts'
import { streamContentRows } from './stream-content-rows.ts'
import { streamEndRows } from './stream-end-rows.ts'
import { streamEventRows } from './stream-event-rows.ts'

/** Where these rows need other limits than the defaults. */
export const streamSections = {
  server: {
    heartbeat_ms: 100,
    limits: { max_event_bytes: 200_000, max_buffered_response_bytes: 500_000 },
  },
}

/** All of them, in order. */
export const streamRows: readonly FaultRow[] = [...streamEndRows, ...streamEventRows, ...streamContentRows]
