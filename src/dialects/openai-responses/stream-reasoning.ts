// A reasoning item of a stream: the entries of its summary and of its content as one text, then its signature.
import type { IrEvent } from '../../ir/event.ts'
import { isObject } from '../../wire/json-parse.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { decodeReasoning, summarySeparator } from './decode-item.ts'
import { packOwn, without, type Boundary, type Members } from './extras.ts'
import type { StreamItem, StreamItemOptions } from './stream-item.ts'
import { createGrowingText, type GrowingText } from './stream-text.ts'

type Slot = Boundary['slot']

/**
 * Reasoning. Its signature is that of the item's own end: while it grows it may be incomplete, and the one that the
 * terminal repeats is sealed anew and comes too late for whoever reads along.
 */
export function createStreamReasoning({ key, item, nextPart }: StreamItemOptions, events: IrEvent[]): StreamItem {
  const part = nextPart()
  // By slot, in the order of their opening.
  const entries: Record<Slot, Map<number, GrowingText>> = { summary: new Map(), content: new Map() }
  let latest = item
  let ended = false

  const { extras } = decodeReasoning({ ...item, summary: [], content: item['content'] && [] }, { key })
  events.push({ type: 'part-start', part, choice: 0, opening: { type: 'reasoning', ...present({ extras }) } })

  function open(slot: Slot, index: number, into: IrEvent[]): GrowingText {
    const known = entries[slot].get(index)
    if (known !== undefined) return known
    const isFirst = entries.summary.size + entries.content.size === 0
    const fresh = createGrowingText()
    entries[slot].set(index, fresh)
    const boundary = packOwn({}, { boundary: { part, slot } })
    into.push({ type: 'extras-add', scope: 'message', choice: 0, extras: boundary })
    if (!isFirst) into.push({ type: 'reasoning-delta', part, text: summarySeparator })
    return fresh
  }

  function grow(entry: GrowingText, text: string, into: IrEvent[]): void {
    if (text === '' || ended) return
    entry.add(text)
    into.push({ type: 'reasoning-delta', part, text })
  }

  function complete(entry: GrowingText, whole: unknown, into: IrEvent[]): void {
    if (typeof whole === 'string') grow(entry, entry.rest(whole), into)
  }

  function completeAll(slot: Slot, list: unknown, into: IrEvent[]): void {
    for (const [position, entry] of listOf(list).filter(isObject).entries())
      complete([...entries[slot].values()][position] ?? open(slot, position, into), entry['text'], into)
  }

  return {
    type: 'reasoning',
    step(type, record, into) {
      const slot: Slot = type.startsWith('response.reasoning_summary') ? 'summary' : 'content'
      const index = countOf(record[slot === 'summary' ? 'summary_index' : 'content_index']) ?? 0
      const told = isObject(record['part']) ? record['part']['text'] : record['text']
      switch (type) {
        case 'response.reasoning_summary_text.delta':
        case 'response.reasoning_text.delta':
          grow(open(slot, index, into), textOf(record['delta']) ?? '', into)
          return true
        case 'response.reasoning_summary_part.added':
        case 'response.reasoning_summary_part.done':
        case 'response.reasoning_summary_text.done':
        case 'response.reasoning_text.done':
        // gpt-oss servers have events of their own for what is a content part.
        case 'response.reasoning_part.added':
        case 'response.reasoning_part.done':
        case 'response.content_part.added':
        case 'response.content_part.done':
          complete(open(slot, index, into), told, into)
          return true
        default:
          return false
      }
    },
    finish(final, into) {
      if (ended) return
      completeAll('summary', final?.['summary'], into)
      completeAll('content', final?.['content'], into)
      ended = true
      latest = final ?? { ...without(item, ['encrypted_content']), ...written(entries) }
      const { signature, extras } = decodeReasoning(latest, { key })
      if (signature !== undefined) into.push({ type: 'signature-delta', part, signature })
      into.push({ type: 'part-end', part, ...present({ extras }) })
    },
    latest: () => latest,
    content: () => ({ calls: 0, cut: false, refused: false }),
  }
}

/** The entries that were told, for an item whose end was not. */
function written({ summary, content }: Record<Slot, Map<number, GrowingText>>): Members {
  const list = (type: string, texts: Iterable<GrowingText>): Members[] =>
    [...texts].map((entry) => ({ type, text: entry.text() }))
  return {
    summary: list('summary_text', summary.values()),
    ...(content.size > 0 && { content: list('reasoning_text', content.values()) }),
  }
}
