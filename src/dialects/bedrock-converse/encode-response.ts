// The canonical answer as a whole answer of this wire.
import type { ContentPart } from '../../ir/content.ts'
import { GatewayError } from '../../ir/error.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Finish, IrResponse, Output } from '../../ir/response.ts'
import type { Exchange } from '../dialect.ts'
import { createAnswerLosses, type AnswerLosses } from '../kit/answer-losses.ts'
import { present } from '../kit/present.ts'
import { decodeToolInput, encodeBlock, encodeCitation, encodeOwnContent, type WireBlock } from './encode-content.ts'
import { isClientCall } from './decode-content.ts'
import { objectOf, overlay, ownMembers, saidOf, silentOf, type Members } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'
import { encodeUsage } from './usage.ts'

export const unsigned = 'only reasoning is signed here'
export const unlinked = 'a citation without a link'

/**
 * Encodes an answer. A tool call whose arguments are not a JSON object is left out of an answer that was cut off;
 * anywhere else the answer is broken, and a `GatewayError` of code `upstream_bad_content` is thrown.
 */
export function encodeResponse(
  response: IrResponse,
  exchange: Exchange,
): { readonly body: Uint8Array; readonly losses: readonly Loss[] } {
  const own = response.source === 'bedrock-converse'
  const output = response.outputs.find(({ index }) => index === 0) ?? { index: 0, parts: [] }
  const losses = createAnswerLosses({ source: response.source, client: 'bedrock-converse', own })
  losses.judgeAnswer(response)
  losses.judgeUsage(response.usage)
  const content = own
    ? encodeOwnContent(output.parts)
    : output.parts.flatMap((part) => encodeForeignPart(part, output, losses))
  const message = { role: 'assistant', content }
  const { finish } = output
  const body = {
    output: { message: own ? overlay(message, saidOf(output.messageExtras)) : message },
    stopReason: encodeFinish({
      finish,
      own,
      calledTool: content.some(isClientCall),
      refused: output.parts.some((part) => part.type === 'refusal' && part.text !== ''),
    }),
    usage: encodeUsage(response.usage, {
      own,
      fallback: { input: exchange.facts.approxInputTokens, output: approx(content) },
    }),
    // Required, and nobody measured it here.
    metrics: { latencyMs: 0 },
    ...present({ additionalModelResponseFields: encodeModelAnswer(finish, own) }),
    ...(own && ownMembers(response.extras)),
  }
  return { body: new TextEncoder().encode(JSON.stringify(body)), losses: losses.list() }
}

/** What stands in `additionalModelResponseFields`: on this wire as it came, else the sequence that was met. */
export function encodeModelAnswer(finish: Finish | undefined, own: boolean): Members | undefined {
  const spelled = own ? silentOf(finish?.extras)['fields'] : undefined
  if (spelled !== undefined) return objectOf(spelled)
  return finish?.stopSequence === undefined ? undefined : { stop_sequence: finish.stopSequence }
}

function encodeForeignPart(part: ContentPart, { finish }: Output, losses: AnswerLosses): WireBlock[] {
  const { at } = part
  const lose = (path: string, reason: string): WireBlock[] => {
    losses.drop(path, reason)
    return []
  }
  const drop = (reason: string): WireBlock[] => lose(at ?? (part.type === 'opaque' ? part.kind : part.type), reason)
  losses.dropKeys(part.extras, at ?? '')
  if (part.signature && part.type !== 'reasoning') losses.drop(losses.signatureOf(at), unsigned)
  switch (part.type) {
    case 'text': {
      const citations = (part.citations ?? []).flatMap(
        (citation) => encodeCitation(citation) ?? lose(losses.citationOf(citation, at), unlinked),
      )
      if (citations.length > 0)
        return [{ citationsContent: { ...(part.text !== '' && { content: [{ text: part.text }] }), citations } }]
      return part.text === '' ? [] : [{ text: part.text }]
    }
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }]
    case 'reasoning':
      return part.redacted === undefined && part.text === '' && !part.signature ? [] : blocks(encodeBlock(part))
    case 'tool-call': {
      if (part.kind === 'custom') return drop('a call of a free-text tool')
      if (decodeToolInput(part.input) !== undefined) return blocks(encodeBlock(part))
      if (finish?.class !== 'length') throw new GatewayError('upstream_bad_content')
      return drop('a tool call that was cut off')
    }
    case 'image': {
      const image = part.source.kind === 'base64' ? encodeBlock(part) : undefined
      return image === undefined ? drop('an image of a form that this wire has none for') : [image]
    }
    default:
      return drop(`an answer part of type ${part.type === 'opaque' ? part.kind : part.type}`)
  }
}

function blocks(block: WireBlock | undefined): WireBlock[] {
  return block === undefined ? [] : [block]
}

/** A guess for a provider that reported nothing; the wire demands a number. */
function approx(content: readonly WireBlock[]): number {
  return Math.ceil(JSON.stringify(content).length / 4)
}
