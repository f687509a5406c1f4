// The canonical answer as a whole message of this wire.
import type { ContentPart } from '../../ir/content.ts'
import { GatewayError } from '../../ir/error.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrResponse, Output } from '../../ir/response.ts'
import type { Exchange } from '../dialect.ts'
import { decodeToolInput, encodeBlock, type WireBlock } from './content.ts'
import { ownMembers } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'
import { fullUsage } from './usage.ts'

/**
 * Encodes an answer. A tool call whose arguments are not a JSON object is left out of an answer that was cut off;
 * anywhere else the answer is broken, and a `GatewayError` of code `upstream_bad_content` is thrown.
 */
export function encodeResponse(
  response: IrResponse,
  exchange: Exchange,
): { readonly body: Uint8Array; readonly losses: readonly Loss[] } {
  const own = response.source === 'anthropic-messages'
  const losses: Loss[] = own ? [] : foreignLosses(response)
  const output = response.outputs.find(({ index }) => index === 0) ?? { index: 0, parts: [] }
  const content = output.parts.flatMap((part, index) =>
    own ? [encodeBlock(part)] : encodeForeignPart(part, { at: part.at ?? `output[${index}]`, output, losses }),
  )
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
  return { body: new TextEncoder().encode(JSON.stringify(message)), losses }
}

interface Place {
  readonly at: string
  readonly output: Output
  readonly losses: Loss[]
}

function encodeForeignPart(part: ContentPart, { at, output, losses }: Place): WireBlock[] {
  const drop = (reason: string): WireBlock[] => {
    losses.push({ path: at, action: 'dropped', reason })
    return []
  }
  if (part.signature && part.type !== 'reasoning')
    losses.push({ path: `${at}.signature`, action: 'dropped', reason: 'only thinking is signed on this wire' })
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined && part.citations.length > 0) drop('citations of another wire')
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
      if (output.finish?.class !== 'length') throw new GatewayError('upstream_bad_content')
      return drop('a tool call that was cut off')
    }
    default:
      return drop(`an answer part of type ${part.type === 'opaque' ? part.kind : part.type}`)
  }
}

function foreignLosses(response: IrResponse): Loss[] {
  const first = response.outputs.find(({ index }) => index === 0)
  const keys = [response.extras, first?.extras, first?.messageExtras, first?.finish?.extras, response.usage?.extras]
    .flatMap((extras) => Object.keys(extras ?? {}))
    .map((key): Loss => ({ path: key, action: 'dropped', reason: 'no counterpart in Anthropic Messages' }))
  const others = response.outputs
    .filter(({ index }) => index !== 0)
    .map(({ index }): Loss => ({ path: `output[${index}]`, action: 'dropped', reason: 'only one answer per message' }))
  return [...keys, ...others]
}

/** A guess for a provider that reported nothing; the wire demands a number. */
function approx(content: readonly WireBlock[]): number {
  return Math.ceil(JSON.stringify(content).length / 4)
}
