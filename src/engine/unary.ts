// Answers that are never streamed and hold no message: counted tokens and embeddings, between two wires.
import type { Exchange } from '../dialects/dialect.ts'
import { embeddingIngress } from '../dialects/index.ts'
import { GatewayError, type Outcome } from '../ir/error.ts'
import type { RequestContext } from './context.ts'
import type { MachineReport } from './machine.ts'
import type { Prepared } from './prepare.ts'
import { settledIn } from './reading.ts'

export interface UnaryAnswer {
  readonly bytes: Uint8Array
  readonly report: MachineReport
}

/** A provider's parsed answer to counting or embedding, written on the client's wire. Throws `GatewayError`. */
export function translateUnary(
  context: RequestContext,
  prepared: Prepared,
  parsed: unknown,
  exchange: Exchange,
): UnaryAnswer {
  if (context.facts.task === 'count-tokens') {
    const counted = unwrap(prepared.egress.tokenCounting?.decodeResponse(parsed))
    return { bytes: countAnswer(context, counted), report: { complete: true, losses: [] } }
  }
  const embedded = unwrap(prepared.egress.embedding?.decodeResponse(parsed))
  const { body, losses } = embeddingIngress(context.ingress).encodeResponse(
    embedded,
    exchange,
    unwrap(context.embedding()).encoding,
  )
  const { usage, model } = embedded
  return {
    bytes: body,
    report: {
      complete: true,
      losses,
      usage: settledIn(context)(usage, undefined),
      ...(model !== undefined && { model }),
    },
  }
}

/** A count that travels as it is has to be one. Throws `GatewayError`. */
export function checkCount(prepared: Prepared, parsed: unknown): MachineReport {
  unwrap(prepared.egress.tokenCounting?.decodeResponse(parsed))
  return { complete: true, losses: [] }
}

/** The client's answer to a counting request. */
export function countAnswer(context: RequestContext, inputTokens: number): Uint8Array {
  const { tokenCounting } = context.ingress
  if (tokenCounting === undefined) throw new Error(`${context.ingress.id} counts no tokens`)
  return tokenCounting.encodeResponse(inputTokens)
}

function unwrap<T>(outcome: Outcome<T> | undefined): T {
  if (outcome === undefined) throw new GatewayError('internal')
  if (!outcome.ok) throw outcome.error
  return outcome.value
}
