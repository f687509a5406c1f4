// The encoder of a wire behind the grammar of that wire: no frame leaves that would not be legal there.
import type { Dialect, Exchange, Violation } from '../dialects/dialect.ts'
import { GatewayError } from '../ir/error.ts'
import type { IrEvent } from '../ir/event.ts'
import type { Loss } from '../ir/loss.ts'
import type { Frame } from '../wire/frame.ts'

/** An encoder that lets no illegal frame out. */
export interface LegalEncoder {
  /** The frames of an event. Where one of them is illegal none leaves, the terminal before it least of all. */
  step(event: IrEvent): readonly Frame[]
  /** Why the stream cannot go on: the client has to be told, and what follows is worth nothing. */
  fault(): GatewayError | undefined
  /** What the encoder lost, and what its wire's grammar flags. */
  losses(): readonly Loss[]
}

/** The encoder of a wire behind the grammar of that wire. */
export function createLegalEncoder(ingress: Dialect, exchange: Exchange): LegalEncoder {
  const encoder = ingress.streamEncoder(exchange)
  const grammar = ingress.grammar()
  let fault: GatewayError | undefined

  return {
    step(event) {
      if (fault !== undefined) return []
      const frames = encoder.step(event)
      let violation: Violation | undefined
      for (const frame of frames) violation ??= grammar.step(frame)
      if (event.type === 'response-end') violation ??= grammar.finish()
      if (violation !== undefined) {
        fault = faultOf(violation)
        return []
      }
      if (event.type === 'error' || grammar.lastWord() !== 'error') return frames
      // The encoder itself gave up: the error event is left to whoever tells the client and the trace.
      fault = new GatewayError('upstream_bad_content', { message: unwritable })
      return frames.slice(0, -1)
    },
    fault: () => fault,
    losses: () => [...encoder.losses(), ...grammar.flags().map(lossOf)],
  }
}

const unwritable = 'the answer could not be written as a legal stream'

function faultOf({ rule, detail }: Violation): GatewayError {
  return new GatewayError('internal', { message: unwritable, cause: new Error(`${rule}: ${detail}`) })
}

/** A flag as a loss: its detail says where before it says what. */
function lossOf({ detail }: Violation): Loss {
  const [path = '', ...what] = detail.split(': ')
  return { path, action: 'approximated', reason: what.join(': ') }
}
