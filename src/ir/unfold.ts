// A whole answer as the events of a stream, for a provider that answered JSON where a stream was asked for.
import type { ContentPart } from './content.ts'
import type { IrEvent, PartOpening } from './event.ts'
import type { IrResponse } from './response.ts'

/** The events that `createFold` folds back into the same answer, ending in `response-end`. */
export function unfold(response: IrResponse): IrEvent[] {
  const events: IrEvent[] = [
    {
      type: 'response-start',
      ...(response.id !== undefined && { id: response.id }),
      ...(response.model !== undefined && { model: response.model }),
      ...(response.created !== undefined && { created: response.created }),
      ...(response.extras !== undefined && { extras: response.extras }),
    },
  ]
  // First, as some wires say it at the start; the others hold it back by themselves.
  if (response.usage !== undefined) events.push({ type: 'usage-report', usage: response.usage })
  let part = 0
  for (const output of response.outputs) {
    const choice = output.index
    if (output.messageExtras !== undefined)
      events.push({ type: 'extras-add', scope: 'message', choice, extras: output.messageExtras })
    if (output.extras !== undefined) events.push({ type: 'extras-add', scope: 'choice', choice, extras: output.extras })
    for (const content of output.parts) {
      const opened = open(content)
      if (opened === undefined) {
        events.push({ type: 'event-skip', kind: content.type, reason: 'an answer part that no stream carries' })
        continue
      }
      events.push({ type: 'part-start', part, choice, opening: opened }, ...deltas(content, part))
      if (content.signature !== undefined) events.push({ type: 'signature-delta', part, signature: content.signature })
      events.push({ type: 'part-end', part })
      part++
    }
    if (output.finish !== undefined) events.push({ type: 'choice-finish', choice, finish: output.finish })
  }
  events.push({ type: 'response-end' })
  return events
}

function open(content: ContentPart): PartOpening | undefined {
  const extras = content.extras === undefined ? {} : { extras: content.extras }
  switch (content.type) {
    case 'text':
    case 'refusal':
      return { type: content.type, ...extras }
    case 'reasoning':
      return { type: 'reasoning', ...(content.redacted !== undefined && { redacted: content.redacted }), ...extras }
    case 'tool-call':
      return {
        type: 'tool-call',
        id: content.id,
        name: content.name,
        ...(content.kind !== undefined && { kind: content.kind }),
        ...extras,
      }
    case 'opaque':
      return { type: 'opaque', kind: content.kind, value: content.value }
    default:
      return undefined
  }
}

function deltas(content: ContentPart, part: number): IrEvent[] {
  switch (content.type) {
    case 'text':
      return [
        { type: 'text-delta', part, text: content.text },
        ...(content.citations ?? []).map((citation): IrEvent => ({ type: 'citation-add', part, citation })),
      ]
    case 'refusal':
      return [{ type: 'refusal-delta', part, text: content.text }]
    case 'reasoning':
      return content.text === '' ? [] : [{ type: 'reasoning-delta', part, text: content.text }]
    case 'tool-call':
      return [{ type: 'tool-input-delta', part, text: content.input }]
    default:
      return []
  }
}
