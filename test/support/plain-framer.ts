// Server-sent events as a client gets them, and nothing around them.
import type { ClientFramer } from '../../src/engine/framing.ts'
import { encodeSse } from '../../src/wire/sse-encode.ts'

const nothing = new Uint8Array(0)

export const plainFramer: ClientFramer = {
  contentType: 'text/event-stream',
  heartbeat: nothing,
  separator: nothing,
  encode: encodeSse,
  resume: () => {},
  closes: () => false,
  close: () => nothing,
}
