// A reasoning item of an encoded answer: its text as entries of the summary (or of the content, where it was there), and
// its signature as `encrypted_content`.
import type { PartOpening } from '../../ir/event.ts'
import { listOf, present, textOf } from '../kit/present.ts'
import { reasoningTexts, summarySeparator } from './decode-item.ts'
import { asideOf, without, type Boundary, type Members } from './extras.ts'
import type { ItemContext, ItemWriter } from './item-writer.ts'

type Slot = Boundary['slot']

/** A reasoning item. */
export function createReasoningWriter(opening: PartOpening & { type: 'reasoning' }, context: ItemContext): ItemWriter {
  let note = context.own ? asideOf(opening.extras).item : undefined
  const id = textOf(note?.members['id']) ?? context.mintId('rs')
  const entries: Record<Slot, Members[]> = { summary: [], content: [] }
  // What its provider has hidden whole comes back as it was, like a signature.
  const signature: string[] = opening.redacted === undefined ? [] : [opening.redacted]
  let open: { readonly slot: Slot; readonly texts: string[] } | undefined
  // A boundary comes with a separator that only other wires need.
  let isSeparated = false

  const own = without(note?.members ?? {}, ['summary', 'content'])
  const raw = note !== undefined && 'content' in note.members
  context.emit('response.output_item.added', {
    item: { ...own, id, type: 'reasoning', summary: [], ...(raw && { content: [] }) },
  })

  function place(slot: Slot): Members {
    const index = entries[slot].length
    return { item_id: id, ...(slot === 'summary' ? { summary_index: index } : { content_index: index }) }
  }

  function begin(slot: Slot): void {
    end()
    open = { slot, texts: [] }
    const type = slot === 'summary' ? 'response.reasoning_summary_part.added' : 'response.content_part.added'
    context.emit(type, { ...place(slot), part: entryOf(slot, '') })
  }

  function grow(delta: string): void {
    if (open === undefined) begin(raw ? 'content' : 'summary')
    open?.texts.push(delta)
    const isSummary = open?.slot === 'summary'
    const type = isSummary ? 'response.reasoning_summary_text.delta' : 'response.reasoning_text.delta'
    context.emit(type, { ...place(open?.slot ?? 'summary'), delta })
  }

  function end(): void {
    if (open === undefined) return
    const { slot, texts } = open
    const text = texts.join('')
    const entry = entryOf(slot, text)
    const [whole, part] =
      slot === 'summary'
        ? ['response.reasoning_summary_text.done', 'response.reasoning_summary_part.done']
        : ['response.reasoning_text.done', 'response.content_part.done']
    context.emit(whole ?? '', { ...place(slot), text })
    context.emit(part ?? '', { ...place(slot), part: entry })
    entries[slot].push(entry)
    open = undefined
  }

  /** A whole answer has all entries in one text: they are told apart by the item they came from. */
  function add(text: string): void {
    if (isSeparated && text === summarySeparator) {
      isSeparated = false
      return
    }
    isSeparated = false
    const known = open === undefined && note !== undefined ? note.members : undefined
    if (known === undefined || reasoningTexts(known).join(summarySeparator) !== text) return grow(text)
    const summaries = listOf(known['summary']).length
    for (const [position, entry] of reasoningTexts(known).entries()) {
      begin(position < summaries ? 'summary' : 'content')
      if (entry !== '') grow(entry)
    }
  }

  return {
    accepts: () => false,
    begin: () => undefined,
    step(event) {
      switch (event.type) {
        case 'reasoning-delta':
          if (event.text !== '') add(event.text)
          return
        case 'signature-delta':
          signature.push(event.signature)
          return
        case 'boundary':
          begin(event.slot)
          isSeparated = true
          return
        default:
      }
    },
    endPart(extras) {
      if (context.own) note = asideOf(extras).item ?? note
      end()
    },
    close() {
      const { summary, content } = entries
      const sealed = signature.join('')
      const members = without(note?.members ?? {}, ['summary', 'content'])
      const hasContent = content.length > 0 || (note !== undefined && 'content' in note.members)
      const item = {
        ...members,
        id,
        type: 'reasoning',
        summary,
        ...(hasContent && { content }),
        ...present({ encrypted_content: sealed === '' ? undefined : sealed }),
      }
      context.emit('response.output_item.done', { item })
      return item
    },
  }
}

function entryOf(slot: Slot, text: string): Members {
  return { type: slot === 'summary' ? 'summary_text' : 'reasoning_text', text }
}
