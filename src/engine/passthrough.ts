// Same dialect on both sides: the upstream's bytes travel as they came, and a tap watches them go by.
import type { Dialect, Exchange } from '../dialects/dialect.ts'
import { GatewayError } from '../ir/error.ts'
import type { Frame } from '../wire/frame.ts'
import { encodeSse } from '../wire/sse-encode.ts'
import type { StreamMachine } from './machine.ts'

/** Forwards whole events byte for byte; an event that only carries the usage we asked for stays behind. */
export function createPassthrough(dialect: Dialect, exchange: Exchange): StreamMachine {
  const tap = dialect.streamTap(exchange)
  return {
    step(block) {
      if (block.skimmed === true) return { bytes: block.bytes, kind: 'content' }
      if (block.frame === undefined) return { bytes: block.bytes, kind: 'idle' }
      const signal = tap.step(block.frame)
      switch (signal.type) {
        case 'hidden':
          return { kind: 'idle' }
        case 'error':
          return { kind: 'idle', error: signal.error }
        case 'idle':
        case 'content':
        case 'end':
          return { bytes: block.bytes, kind: signal.type }
      }
    },
    skim: (text) => tap.skim(text),
    finish() {
      if (!tap.report().complete) return { kind: 'idle', error: new GatewayError('stream_truncated') }
      const closing: readonly Frame[] = tap.closing()
      return closing.length === 0 ? { kind: 'end' } : { bytes: encodeSse(closing), kind: 'end' }
    },
    fail: (error) => encodeSse(dialect.encodeStreamError(error, exchange.requestId)),
    report: () => ({ ...tap.report(), losses: [] }),
  }
}
