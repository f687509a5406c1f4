// The canonical answer as a whole answer of this wire.
import type { ContentPart } from '../../ir/content.ts'
import { GatewayError } from '../../ir/error.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrResponse, Output } from '../../ir/response.ts'
import type { Exchange } from '../dialect.ts'
import { createAnswerLosses, unlinked, type AnswerLosses } from '../kit/answer-losses.ts'
import { encodeAnswerPart } from './answer-part.ts'
import { encodePart } from './encode-part.ts'
import { asideOf, ownMembers, type Members } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'
import { encodeGrounding, type CitedText } from './grounding.ts'
import { encodeUsage } from './usage.ts'

const encoder = new TextEncoder()

/**
 * Encodes an answer. A tool call whose arguments are not a JSON object is left out of an answer that was cut off;
 * anywhere else the answer is broken, and a `GatewayError` of code `upstream_bad_content` is thrown.
 */
export function encodeResponse(
  response: IrResponse,
  exchange: Exchange,
): { readonly body: Uint8Array; readonly losses: readonly Loss[] } {
  const own = response.source === 'gemini'
  const losses = createAnswerLosses({ source: response.source, client: 'gemini', own })
  losses.judgeAnswer(response)
  losses.judgeUsage(response.usage)
  const blocked = response.outputs.some(({ finish }) => asideOf(finish?.extras).blocked === true)
  const candidates = response.outputs.map((output) => (own ? encodeOwn(output) : encodeForeign(output, losses)))
  const { id, model, usage } = response
  const body = {
    ...(!(own && blocked) && { candidates }),
    ...(usage !== undefined && { usageMetadata: encodeUsage(usage) }),
    ...((!own || model !== undefined) && { modelVersion: model ?? exchange.model }),
    ...((!own || id !== undefined) && { responseId: id ?? exchange.requestId }),
    ...(own && ownMembers(response.extras)),
  }
  return { body: encoder.encode(JSON.stringify(body)), losses: losses.list() }
}

function encodeOwn(output: Output): Members {
  const { candidate } = asideOf(output.extras)
  const parts = output.parts.map((part) => encodePart(part, { own: true }))
  const content = candidate === undefined ? { role: 'model' } : candidate.content
  const listed = parts.length > 0 || candidate?.listed !== false
  const index = candidate === undefined ? output.index : candidate.index
  return {
    ...(content !== undefined && {
      content: { ...ownMembers(output.messageExtras), ...(listed && { parts }), ...content },
    }),
    ...(output.finish !== undefined && { finishReason: encodeFinish(output.finish, true) }),
    ...(index !== undefined && { index }),
    ...ownMembers(output.extras),
  }
}

function encodeForeign(output: Output, losses: AnswerLosses): Members {
  const { finish } = output
  const parts: Members[] = []
  const texts: CitedText[] = []
  output.parts.forEach((part) => {
    const encoded = encodeForeignPart(part, output, losses)
    if (encoded === undefined) return
    if (part.type === 'text' && part.citations !== undefined) {
      const citations = part.citations.map((citation) => ({ ...citation, at: losses.citationOf(citation, part.at) }))
      texts.push({ partIndex: parts.length, text: part.text, citations })
    }
    parts.push(encoded)
  })
  const { metadata, lost } = encodeGrounding(texts)
  for (const citation of lost) losses.drop(losses.citationOf(citation), unlinked)
  return {
    content: { ...(parts.length > 0 && { parts }), role: 'model' },
    finishReason: encodeFinish(finish ?? { class: 'other' }, false),
    index: output.index,
    ...(metadata !== undefined && { groundingMetadata: metadata }),
  }
}

function encodeForeignPart(part: ContentPart, { finish }: Output, losses: AnswerLosses): Members | undefined {
  const encoded = encodeAnswerPart(part)
  const kind = part.type === 'opaque' ? part.kind : part.type
  losses.dropKeys(part.extras, part.at ?? '')
  if (encoded.part !== undefined) return encoded.part
  if (encoded.broken === true && finish?.class !== 'length' && finish?.class !== 'filter')
    throw new GatewayError('upstream_bad_content')
  if (encoded.reason !== undefined) losses.drop(part.at ?? kind, encoded.reason)
  return undefined
}
