// One output item of an encoded answer, from the events of its parts: its start, its deltas, its end, and what it is in
// the end. Owns what all kinds of items have in common; which parts share an item is decided in response-writer.ts.
import type { Citation, Extras } from '../../ir/content.ts'
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import { isObject } from '../../wire/json-parse.ts'
import { textOf } from '../kit/present.ts'
import { createCallWriter, createWrapperWriter } from './call-writer.ts'
import { joinOpaque } from './decode-stream.ts'
import { eventTypes } from './event-types.ts'
import { asideOf, without, type Boundary, type Members } from './extras.ts'
import { createMessageWriter } from './message-writer.ts'
import { createReasoningWriter } from './reasoning-writer.ts'

/** What happens to a part between its start and its end. */
export type PartStep =
  | Extract<IrEvent, { readonly part: number }>
  | { readonly type: 'boundary'; readonly slot: Boundary['slot'] }

export interface ItemWriter {
  /** Whether a further part goes into this item. */
  accepts(opening: PartOpening): boolean
  begin(opening: PartOpening): void
  step(event: PartStep): void
  endPart(extras: Extras | undefined): void
  /** Ends the item, and says what it has become. `cut`: the answer was cut off in it. */
  close(cut: boolean): Members
}

export interface ItemContext {
  /** The answer came from this wire: its ids and members go back. */
  readonly own: boolean
  /** The item's position. */
  readonly index: number
  /** An id of a kind (`msg`, `fc`), for an item that has none of its own. */
  mintId(kind: string): string
  /** Writes an event of this item. */
  emit(type: string, members: Members): void
  /** A link of the part that speaks has no place. */
  loseLink(citation: Citation): void
}

/** The writer for an item that begins with this part. */
export function createItemWriter(opening: PartOpening, context: ItemContext): ItemWriter {
  switch (opening.type) {
    case 'text':
    case 'refusal':
      return createMessageWriter(opening, context)
    case 'reasoning':
      return createReasoningWriter(opening, context)
    case 'tool-call': {
      const { wrapped } = asideOf(opening.extras)
      return context.own && wrapped !== undefined
        ? createWrapperWriter(wrapped.item, context)
        : createCallWriter(opening, context)
    }
    case 'opaque':
      return isContentPart(opening) ? createMessageWriter(opening, context) : createOpaqueWriter(opening, context)
  }
}

/** Whether an opaque part is one of a message's, and no item. */
function isContentPart(opening: PartOpening & { type: 'opaque' }): boolean {
  return isObject(opening.value) && asideOf(opening.value).item !== undefined
}

/** An item that only this wire knows: its events go back as they came, as far as its clients know them. */
function createOpaqueWriter({ kind, value }: PartOpening & { type: 'opaque' }, context: ItemContext): ItemWriter {
  const deltas: unknown[] = []
  const item: Members = isObject(value) ? value : { type: kind }
  const id = textOf(item['id']) ?? context.mintId('item')
  context.emit('response.output_item.added', { item: { ...item, id } })
  return {
    accepts: () => false,
    begin: () => undefined,
    step(event) {
      if (event.type !== 'opaque-delta' || !isObject(event.value)) return
      deltas.push(event.value)
      const type = textOf(event.value['type']) ?? ''
      if (type === 'response.output_item.done' || !eventTypes.has(type)) return
      context.emit(type, { ...without(event.value, ['type', 'output_index']), item_id: id })
    },
    endPart: () => undefined,
    close() {
      const last = joinOpaque(kind, item, deltas)
      const final = { ...(isObject(last) ? last : item), id }
      context.emit('response.output_item.done', { item: final })
      return final
    },
  }
}
