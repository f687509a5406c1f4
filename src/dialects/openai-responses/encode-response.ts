// The canonical answer as a whole answer of this wire: what its stream would end with.
import type { ContentPart } from '../../ir/content.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrResponse } from '../../ir/response.ts'
import { unfold } from '../../ir/unfold.ts'
import type { Exchange } from '../dialect.ts'
import { createResponseWriter } from './response-writer.ts'

const encoder = new TextEncoder()

/** Encodes an answer. */
export function encodeResponse(
  response: IrResponse,
  exchange: Exchange,
): { readonly body: Uint8Array; readonly losses: readonly Loss[] } {
  const outputs = response.outputs.map((output) => ({ ...output, parts: output.parts.filter(isStreamed) }))
  const unsaid = response.outputs.flatMap(({ parts }) => parts.filter((part) => !isStreamed(part)).map(lossOf))
  // As `unfold` numbers them.
  const places = outputs.flatMap(({ parts }) => parts.map((part) => part.at))
  const writer = createResponseWriter({ exchange, source: response.source, placeOf: (part) => places[part] })
  for (const event of unfold({ ...response, outputs })) writer.step(event)
  return { body: encoder.encode(JSON.stringify(writer.answer())), losses: [...unsaid, ...writer.losses()] }
}

/** Whether a part can be told in a stream: what a model made beside text stands in items of the provider's own. */
function isStreamed({ type }: ContentPart): boolean {
  return type !== 'image' && type !== 'audio' && type !== 'file' && type !== 'tool-result'
}

function lossOf({ type, at }: ContentPart): Loss {
  return { path: at ?? type, action: 'dropped', reason: 'the wire has no such content' }
}
