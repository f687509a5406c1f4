// A message of an encoded answer: text and refusals as its content parts, one after the other.
import type { Citation, Extras } from '../../ir/content.ts'
import type { PartOpening } from '../../ir/event.ts'
import { isObject } from '../../wire/json-parse.ts'
import { textOf } from '../kit/present.ts'
import { encodeCitation } from './annotations.ts'
import { joinOpaque } from './decode-stream.ts'
import { asideOf, without, type ItemNote, type Members } from './extras.ts'
import type { ItemContext, ItemWriter } from './item-writer.ts'

interface OpenContent {
  readonly opening: PartOpening
  readonly texts: string[]
  /** Citations whose place is only known when the text is whole. */
  readonly citations: Citation[]
  readonly annotations: unknown[]
  readonly deltas: unknown[]
  /** The members of the part on this wire, where it came from there. */
  kept: Members | undefined
}

/** A message that begins with this part. */
export function createMessageWriter(first: PartOpening, context: ItemContext): ItemWriter {
  const content: Members[] = []
  let note = noteOf(first)
  let open: OpenContent | undefined
  const id = textOf(note?.members['id']) ?? context.mintId('msg')
  const own = without(note?.members ?? {}, ['content'])
  context.emit('response.output_item.added', {
    item: { ...own, id, type: 'message', status: 'in_progress', role: 'assistant', content: [] },
  })

  function noteOf(opening: PartOpening): ItemNote | undefined {
    if (!context.own) return undefined
    const extras = opening.type === 'opaque' ? opening.value : opening.extras
    return asideOf(isObject(extras) ? extras : undefined).item
  }

  function place(): Members {
    return { item_id: id, content_index: content.length }
  }

  function begin(opening: PartOpening): void {
    note = noteOf(opening) ?? note
    if (note?.hollow === true) return
    const kept = context.own && opening.type !== 'opaque' ? asideOf(opening.extras).part : undefined
    open = { opening, texts: [], citations: [], annotations: [], deltas: [], kept }
    context.emit('response.content_part.added', { ...place(), part: partOf(open, '', []) })
  }

  /** A content part with a text: as its wire had it, or complete as the SDKs' types want it. */
  function partOf({ opening, kept, deltas }: OpenContent, text: string, annotations: readonly unknown[]): Members {
    if (opening.type === 'opaque') {
      const value = joinOpaque(opening.kind, opening.value, deltas)
      return isObject(value) ? value : {}
    }
    if (opening.type === 'refusal') return { type: 'refusal', ...kept, refusal: text }
    if (kept === undefined) return { type: 'output_text', text, annotations, logprobs: [] }
    const listed = annotations.length > 0 || 'annotations' in kept
    return { type: 'output_text', ...kept, text, ...(listed && { annotations }) }
  }

  function annotate(annotation: unknown): void {
    open?.annotations.push(annotation)
    const annotation_index = (open?.annotations.length ?? 1) - 1
    context.emit('response.output_text.annotation.added', { ...place(), annotation_index, annotation })
  }

  function cite(citation: Citation): void {
    if (context.own) annotate(citation.value)
    else open?.citations.push(citation)
  }

  function grow(text: string): void {
    if (text === '' || open === undefined) return
    open.texts.push(text)
    if (open.opening.type === 'refusal') context.emit('response.refusal.delta', { ...place(), delta: text })
    else context.emit('response.output_text.delta', { ...place(), delta: text, logprobs: [] })
  }

  function endPart(extras: Extras | undefined): void {
    if (context.own) note = asideOf(extras).item ?? note
    if (open === undefined) return
    const text = open.texts.join('')
    for (const citation of open.citations) {
      const annotation = encodeCitation(citation, text.length)
      if (annotation === undefined) context.loseLink(citation)
      else annotate(annotation)
    }
    if (context.own) open.kept = asideOf(extras).part ?? open.kept
    const part = partOf(open, text, open.annotations)
    if (open.opening.type === 'refusal') context.emit('response.refusal.done', { ...place(), refusal: text })
    else if (open.opening.type === 'text')
      context.emit('response.output_text.done', { ...place(), text, logprobs: part['logprobs'] ?? [] })
    context.emit('response.content_part.done', { ...place(), part })
    content.push(part)
    open = undefined
  }

  begin(first)
  return {
    accepts(opening) {
      const next = noteOf(opening)
      if (next !== undefined || note !== undefined) return next !== undefined && next.key === note?.key
      return opening.type === 'text' || opening.type === 'refusal'
    },
    begin,
    step(event) {
      switch (event.type) {
        case 'text-delta':
        case 'refusal-delta':
          return grow(event.text)
        case 'citation-add':
          return cite(event.citation)
        case 'opaque-delta':
          open?.deltas.push(event.value)
          return
        default:
      }
    },
    endPart,
    close(cut) {
      const status = cut ? 'incomplete' : 'completed'
      const item = { status, ...note?.members, id, type: 'message', role: 'assistant', content }
      context.emit('response.output_item.done', { item })
      return item
    },
  }
}
