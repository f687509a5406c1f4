// The canonical answer as a whole message of this wire.
import type { ContentPart } from '../../ir/content.ts'
import { GatewayError } from '../../ir/error.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrResponse, Output } from '../../ir/response.ts'
import type { Exchange } from '../dialect.ts'
import { createAnswerLosses, type AnswerLosses } from '../kit/answer-losses.ts'
import { decodeToolInput, encodeBlock, type WireBlock } from './content.ts'
import { ownMembers } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'
import { fullUsage } from './usage.ts'

export const unsigned = 'only thinking is signed on this wire'
// Those of a search would have to bring its encrypted index along, which a provider of this wire refuses if it is none.
export const uncited = 'citations of another wire'

/**
 * Encodes an answer. A tool call whose arguments are not a JSON object is left out of an answer that was cut off;
 * anywhere else the answer is broken, and a `GatewayError` of code `upstream_bad_content` is thrown.
 */
export function encodeResponse(
  response: IrResponse,
  exchange: Exchange,
): { readonly body: Uint8Array; readonly losses: readonly Loss[] } {
  const own = response.source === 'anthropic-messages'
  const losses = createAnswerLosses({ source: response.source, client: 'anthropic-messages', own })
  const output = response.outputs.find(({ index }) => index === 0) ?? { index: 0, parts: [] }
  losses.judgeAnswer(response)
  losses.judgeUsage(response.usage)
  const content = output.parts.flatMap((part) => (own ? [encodeBlock(part)] : encodeForeignPart(part, output, losses)))
  const { finish } = output
  const message = {
    id: response.id ?? `msg_${exchange.requestId}`,
    type: 'message',
    role: 'assistant',
    ...(own && ownMembers(response.extras)),
    model: response.model ? response.model : exchange.model,
    content,
    ...encodeFinish({
      finish,
      own,
      calledTool: content.some((block) => block['type'] === 'tool_use'),
      refused: output.parts.some((part) => part.type === 'refusal' && part.text !== ''),
    }),
    ...(own && ownMembers(finish?.extras)),
    usage: fullUsage(response.usage, {
      own,
      fallback: {
        input: exchange.facts.approxInputTokens,
        output: response.usage?.output === undefined ? approx(content) : 0,
      },
    }),
  }
  return { body: new TextEncoder().encode(JSON.stringify(message)), losses: losses.list() }
}

function encodeForeignPart(part: ContentPart, { finish }: Output, losses: AnswerLosses): WireBlock[] {
  const { at } = part
  const drop = (reason: string): WireBlock[] => {
    losses.drop(at ?? (part.type === 'opaque' ? part.kind : part.type), reason)
    return []
  }
  losses.dropKeys(part.extras, at ?? '')
  if (part.signature && part.type !== 'reasoning') losses.drop(losses.signatureOf(at), unsigned)
  switch (part.type) {
    case 'text':
      for (const citation of part.citations ?? []) losses.drop(losses.citationOf(citation, at), uncited)
      return part.text === '' ? [] : [{ type: 'text', text: part.text }]
    case 'refusal':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }]
    case 'reasoning':
      if (part.redacted !== undefined) return [{ type: 'redacted_thinking', data: part.redacted }]
      return part.text === '' && !part.signature
        ? []
        : [{ type: 'thinking', thinking: part.text, signature: part.signature ?? '' }]
    case 'tool-call': {
      if (part.kind === 'custom') return drop('a call of a free-text tool')
      const input = decodeToolInput(part.input)
      if (input !== undefined) return [{ type: 'tool_use', id: part.id, name: part.name, input }]
      if (finish?.class !== 'length') throw new GatewayError('upstream_bad_content')
      return drop('a tool call that was cut off')
    }
    default:
      return drop(`an answer part of type ${part.type === 'opaque' ? part.kind : part.type}`)
  }
}

/** A guess for a provider that reported nothing; the wire demands a number. */
function approx(content: readonly WireBlock[]): number {
  return Math.ceil(JSON.stringify(content).length / 4)
}
