// A message of a stream: its content parts, one after the other. Owns what deltas and their ends add up to.
import type { OpaquePart } from '../../ir/content.ts'
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import { isObject } from '../../wire/json-parse.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { decodeAnnotation } from './annotations.ts'
import { decodePart } from './content.ts'
import { decodeItem } from './decode-item.ts'
import { without, type ItemNote, type Members } from './extras.ts'
import type { StreamItem, StreamItemOptions } from './stream-item.ts'
import { createGrowingText, type GrowingText } from './stream-text.ts'

interface OpenContent {
  readonly part: number
  readonly kind: 'text' | 'refusal' | 'opaque'
  readonly text: GrowingText
  annotations: number
  /** The content part as it was told last. */
  record: Members
  ended: boolean
}

/** A message. Nothing is said of it before its first content part. */
export function createStreamMessage({ key, item, nextPart }: StreamItemOptions): StreamItem {
  // In the order of their opening: some providers count them in a way of their own.
  const contents = new Map<number, OpenContent>()
  let latest = item
  let ended = false
  let refused = false

  function note(): ItemNote {
    return { key, members: without(latest, ['content']) }
  }

  function open(index: number, record: Members, events: IrEvent[]): OpenContent {
    endAll(events)
    const opening = openingOf(record, contents.size === 0)
    const kind = opening.type === 'text' || opening.type === 'refusal' ? opening.type : 'opaque'
    const fresh = { part: nextPart(), kind, text: createGrowingText(), annotations: 0, record, ended: false } as const
    const content: OpenContent = { ...fresh }
    contents.set(index, content)
    events.push({ type: 'part-start', part: content.part, choice: 0, opening })
    return content
  }

  /** How a content part begins, with what the message says on the first of them. */
  function openingOf(record: Members, isFirst: boolean): PartOpening {
    const empty = { ...record, ...('text' in record && { text: '' }), ...('refusal' in record && { refusal: '' }) }
    const whole = { ...latest, content: [empty] }
    const [part] = isFirst ? decodeItem(whole, { key }) : [decodePart(empty, note())]
    if (part?.type === 'text' || part?.type === 'refusal')
      return { type: part.type, ...present({ extras: part.extras }) }
    const { kind, value } = part as OpaquePart
    return { type: 'opaque', kind, value }
  }

  function contentAt(record: Members, type: string, events: IrEvent[]): OpenContent {
    const index = countOf(record['content_index']) ?? 0
    const empty = type === 'refusal' ? { type, refusal: '' } : { type, text: '' }
    return contents.get(index) ?? open(index, empty, events)
  }

  function grow(content: OpenContent, text: string, events: IrEvent[]): void {
    if (text === '' || content.ended || content.kind === 'opaque') return
    content.text.add(text)
    refused ||= content.kind === 'refusal'
    events.push({ type: `${content.kind}-delta`, part: content.part, text })
  }

  function annotate(content: OpenContent, annotation: unknown, events: IrEvent[]): void {
    if (content.ended || content.kind !== 'text') return
    content.annotations++
    events.push({ type: 'citation-add', part: content.part, citation: decodeAnnotation(annotation) })
  }

  /** A content part as a whole: what its deltas did not say. */
  function complete(content: OpenContent, record: Members, events: IrEvent[]): void {
    content.record = record
    const whole = textOf(record['text']) ?? textOf(record['refusal'])
    if (whole !== undefined) grow(content, content.text.rest(whole), events)
    for (const annotation of listOf(record['annotations']).slice(content.annotations))
      annotate(content, annotation, events)
  }

  function end(content: OpenContent, events: IrEvent[]): void {
    if (content.ended) return
    content.ended = true
    const { part, kind, record } = content
    if (kind === 'opaque')
      events.push({ type: 'opaque-delta', part, value: { type: 'response.content_part.done', part: record } })
    const extras = kind === 'opaque' ? undefined : decodePart(withText(content), note()).extras
    events.push({ type: 'part-end', part, ...present({ extras }) })
  }

  function endAll(events: IrEvent[]): void {
    for (const content of contents.values()) end(content, events)
  }

  return {
    type: 'message',
    step(type, record, events) {
      const part = isObject(record['part']) ? record['part'] : {}
      const delta = textOf(record['delta']) ?? ''
      switch (type) {
        case 'response.content_part.added':
          if (!contents.has(countOf(record['content_index']) ?? 0))
            complete(open(countOf(record['content_index']) ?? 0, part, events), part, events)
          return true
        case 'response.output_text.delta':
          grow(contentAt(record, 'output_text', events), delta, events)
          return true
        case 'response.output_text.done': {
          const content = contentAt(record, 'output_text', events)
          const { text, logprobs } = record
          complete(content, { ...content.record, ...present({ text, logprobs }) }, events)
          return true
        }
        case 'response.output_text.annotation.added':
          annotate(contentAt(record, 'output_text', events), record['annotation'], events)
          return true
        case 'response.refusal.delta':
          grow(contentAt(record, 'refusal', events), delta, events)
          return true
        case 'response.refusal.done': {
          const content = contentAt(record, 'refusal', events)
          complete(content, { ...content.record, refusal: record['refusal'] }, events)
          return true
        }
        case 'response.content_part.done':
          complete(contentAt(record, textOf(part['type']) ?? 'output_text', events), part, events)
          return true
        default:
          return false
      }
    },
    finish(final, events) {
      if (ended) return
      ended = true
      if (final !== undefined) latest = final
      for (const [position, record] of listOf(final?.['content']).filter(isObject).entries()) {
        const content = [...contents.values()][position] ?? open(contents.size, record, events)
        complete(content, record, events)
      }
      endAll(events)
      if (contents.size > 0) return
      // A message without content: kept for its own wire.
      const [hollow] = decodeItem({ ...latest, content: [] }, { key })
      const part = nextPart()
      const opening: PartOpening = { type: 'text', ...present({ extras: hollow?.extras }) }
      events.push({ type: 'part-start', part, choice: 0, opening }, { type: 'part-end', part })
    },
    latest: () => latest,
    content: () => ({ calls: 0, cut: false, refused }),
  }
}

/** The record with a text, so that it is read as what it is. */
function withText({ kind, record, text }: OpenContent): Members {
  return { ...record, [kind === 'refusal' ? 'refusal' : 'text']: text.text() }
}
