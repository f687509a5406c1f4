// What a legal item of a stream is: opened, its parts one after the other, closed with what they said.
import { isObject } from '../../wire/json-parse.ts'
import type { Violation } from '../dialect.ts'
import { violation } from '../kit/grammar.ts'
import { listOf, textOf } from '../kit/present.ts'
import { itemEvents } from './event-types.ts'
import type { Members } from './extras.ts'

export interface ItemGrammar {
  readonly type: string
  step(type: string, record: Members): 'inner' | Violation
  isOpen(): boolean
}

/** A list of parts in an item: a message's content, a summary. */
interface PartList {
  /** How many were opened; the last one may still be open. */
  count: number
  open: boolean
}

const callTypes: ReadonlySet<string> = new Set(['function_call', 'custom_tool_call'])

/** The grammar of an item that was just added, and what is wrong with it already. */
export function createItemGrammar(
  item: Members,
  index: number,
): { readonly grammar: ItemGrammar; readonly fault: Violation | undefined } {
  const type = textOf(item['type']) ?? ''
  const id = textOf(item['id'])
  const lists: Record<'content' | 'summary', PartList> = {
    content: { count: 0, open: false },
    summary: { count: 0, open: false },
  }
  const input: string[] = []
  let isOpen = true
  let hasWholeInput = false

  function broken(rule: string, detail: string): Violation {
    return violation(rule, `output[${index}]: ${detail}`)
  }

  function judgeFresh(): Violation | undefined {
    if (type === '') return broken('item-without-type', 'no type')
    if (id === undefined) return broken('item-without-id', `a ${type} without id`)
    if (!callTypes.has(type)) return undefined
    const named = textOf(item['call_id']) !== undefined && textOf(item['name']) !== undefined
    return named ? undefined : broken('call-without-name', 'a call without call_id or name')
  }

  function judgeParts(event: string, record: Members): Violation | undefined {
    const inSummary = event.startsWith('response.reasoning_summary')
    const list = lists[inSummary ? 'summary' : 'content']
    const position = record[inSummary ? 'summary_index' : 'content_index']
    if (event.endsWith('part.added')) {
      if (list.open) return broken('open-part', `${event} before the part before it is done`)
      if (position !== list.count) return broken('part-index', `${event}: ${String(position)}, next is ${list.count}`)
      list.count++
      list.open = true
      return undefined
    }
    if (!list.open || position !== list.count - 1) return broken('part-not-open', event)
    if (event.endsWith('part.done')) list.open = false
    return undefined
  }

  function judgeInput(event: string, record: Members): Violation | undefined {
    if (hasWholeInput) return broken('input-after-end', event)
    if (event.endsWith('.delta')) input.push(String(record['delta'] ?? ''))
    else {
      hasWholeInput = true
      const whole = record[type === 'custom_tool_call' ? 'input' : 'arguments']
      if (whole !== input.join('')) return broken('input-differs', `${event} is not what its deltas say`)
    }
    return undefined
  }

  function judgeEnd(record: Members): Violation | undefined {
    const final = isObject(record['item']) ? record['item'] : {}
    isOpen = false
    if (final['type'] !== type || final['id'] !== id) return broken('item-identity', 'done as another item')
    if (lists.content.open || lists.summary.open) return broken('open-part', 'done before its last part')
    if (callTypes.has(type) && !hasWholeInput) return broken('input-not-ended', 'a call without the end of its input')
    const counted = type === 'message' ? lists.content.count : type === 'reasoning' ? lists.summary.count : undefined
    const listed = listOf(final[type === 'message' ? 'content' : 'summary']).length
    if (counted !== undefined && counted !== listed)
      return broken('parts-differ', `${listed} parts where ${counted} were streamed`)
    return undefined
  }

  function judge(event: string, record: Members): Violation | undefined {
    if (!isOpen) return broken('item-is-done', event)
    if (event === 'response.output_item.done') return judgeEnd(record)
    if (itemEvents.get(type)?.includes(event) !== true) return broken('event-of-another-item', `${event} in a ${type}`)
    if (record['item_id'] !== id) return broken('item-id', `${event}: not the id of the item`)
    if (type === 'message' || type === 'reasoning') return judgeParts(event, record)
    return callTypes.has(type) ? judgeInput(event, record) : undefined
  }

  const grammar: ItemGrammar = {
    type,
    isOpen: () => isOpen,
    step: (event, record) => judge(event, record) ?? 'inner',
  }
  return { grammar, fault: judgeFresh() }
}
