// The canonical answer as a whole answer of this wire.
import type { ContentPart } from '../../ir/content.ts'
import { GatewayError } from '../../ir/error.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Finish, IrResponse, Output } from '../../ir/response.ts'
import type { Exchange } from '../dialect.ts'
import { present } from '../kit/present.ts'
import { decodeToolInput, encodeBlock, encodeCitation, encodeOwnContent, type WireBlock } from './encode-content.ts'
import { isClientCall } from './decode-content.ts'
import { objectOf, overlay, ownMembers, saidOf, silentOf, type Members } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'
import { encodeUsage, usageLosses } from './usage.ts'

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
  const losses: Loss[] = own ? [] : foreignLosses(response, output)
  const content = own
    ? encodeOwnContent(output.parts)
    : output.parts.flatMap((part, index) =>
        encodeForeignPart(part, { at: part.at ?? `output[${index}]`, output, losses }),
      )
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
  return { body: new TextEncoder().encode(JSON.stringify(body)), losses }
}

/** What stands in `additionalModelResponseFields`: on this wire as it came, else the sequence that was met. */
export function encodeModelAnswer(finish: Finish | undefined, own: boolean): Members | undefined {
  const spelled = own ? silentOf(finish?.extras)['fields'] : undefined
  if (spelled !== undefined) return objectOf(spelled)
  return finish?.stopSequence === undefined ? undefined : { stop_sequence: finish.stopSequence }
}

interface Place {
  readonly at: string
  readonly output: Output
  readonly losses: Loss[]
}

function encodeForeignPart(part: ContentPart, { at, output, losses }: Place): WireBlock[] {
  const lose = (path: string, reason: string): WireBlock[] => {
    losses.push({ path, action: 'dropped', reason })
    return []
  }
  if (part.signature && part.type !== 'reasoning') lose(`${at}.signature`, 'only reasoning is signed here')
  switch (part.type) {
    case 'text': {
      const citations = (part.citations ?? []).flatMap((citation) => {
        const encoded = encodeCitation(citation)
        return encoded ?? lose(`${at}.citations`, 'a citation without a link')
      })
      if (citations.length > 0)
        return [{ citationsContent: { ...(part.text !== '' && { content: [{ text: part.text }] }), citations } }]
      return part.text === '' ? [] : [{ text: part.text }]
    }
    case 'refusal':
      return part.text === '' ? [] : [{ text: part.text }]
    case 'reasoning':
      return part.redacted === undefined && part.text === '' && !part.signature ? [] : blocks(encodeBlock(part))
    case 'tool-call': {
      if (part.kind === 'custom') return lose(at, 'a call of a free-text tool')
      if (decodeToolInput(part.input) !== undefined) return blocks(encodeBlock(part))
      if (output.finish?.class !== 'length') throw new GatewayError('upstream_bad_content')
      return lose(at, 'a tool call that was cut off')
    }
    case 'image': {
      const image = part.source.kind === 'base64' ? encodeBlock(part) : undefined
      return image === undefined ? lose(at, 'an image of a form that this wire has none for') : [image]
    }
    default:
      return lose(at, `an answer part of type ${part.type === 'opaque' ? part.kind : part.type}`)
  }
}

function blocks(block: WireBlock | undefined): WireBlock[] {
  return block === undefined ? [] : [block]
}

function foreignLosses(response: IrResponse, first: Output): Loss[] {
  const records = [response.extras, first.extras, first.messageExtras, first.finish?.extras]
  const keys = [...records, ...first.parts.map((part) => part.extras)]
    .flatMap((extras) => Object.keys(extras ?? {}))
    .map((key): Loss => ({ path: key, action: 'dropped', reason: 'no counterpart in Bedrock Converse' }))
  const others = response.outputs
    .filter(({ index }) => index !== 0)
    .map(({ index }): Loss => ({ path: `output[${index}]`, action: 'dropped', reason: 'only one answer per message' }))
  return [...keys, ...finishLosses(first.finish), ...usageLosses(response.usage), ...others]
}

/** What a finish says beyond the wire's words. */
export function finishLosses(finish: Finish | undefined): Loss[] {
  return finish?.class === 'pause'
    ? [{ path: 'stop_reason', action: 'approximated', reason: 'the wire has no paused answers' }]
    : []
}

/** A guess for a provider that reported nothing; the wire demands a number. */
function approx(content: readonly WireBlock[]): number {
  return Math.ceil(JSON.stringify(content).length / 4)
}
