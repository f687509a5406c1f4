// A tool call of an encoded answer: a function's with JSON arguments, or a free-text tool's with its input.
import type { PartOpening } from '../../ir/event.ts'
import { textOf } from '../kit/present.ts'
import { asideOf, type Members } from './extras.ts'
import type { ItemContext, ItemWriter } from './item-writer.ts'

/** A call. Its id is the provider's, as it is. */
export function createCallWriter(opening: PartOpening & { type: 'tool-call' }, context: ItemContext): ItemWriter {
  const custom = opening.kind === 'custom'
  const input: string[] = []
  let note = context.own ? asideOf(opening.extras).item : undefined
  let isWhole = false
  const id = textOf(note?.members['id']) ?? context.mintId(custom ? 'ctc' : 'fc')
  const type = custom ? 'custom_tool_call' : 'function_call'
  const inputKey = custom ? 'input' : 'arguments'
  const event = `response.${custom ? 'custom_tool_call_input' : 'function_call_arguments'}`
  context.emit('response.output_item.added', { item: itemOf('in_progress', '') })

  function itemOf(status: string, text: string): Members {
    const { members } = note ?? { members: {} }
    const final = status === 'in_progress' ? { ...members, status } : { status, ...members }
    return { call_id: opening.id, ...final, id, type, name: opening.name, [inputKey]: text }
  }

  function grow(delta: string): void {
    if (delta === '') return
    input.push(delta)
    context.emit(`${event}.delta`, { item_id: id, delta })
  }

  return {
    accepts: () => false,
    begin: () => undefined,
    step(step) {
      if (step.type === 'tool-input-delta') grow(step.text)
    },
    endPart(extras) {
      if (context.own) note = asideOf(extras).item ?? note
      // Clients parse what they get, and empty text is no JSON.
      if (!custom && !context.own && input.every((text) => text.trim() === '')) grow('{}')
      isWhole = true
      const name = custom ? {} : { name: opening.name }
      context.emit(`${event}.done`, { item_id: id, [inputKey]: input.join(''), ...name })
    },
    close(cut) {
      if (!isWhole) this.endPart(undefined)
      const item = itemOf(cut ? 'incomplete' : 'completed', input.join(''))
      context.emit('response.output_item.done', { item })
      return item
    },
  }
}

/** Calls that came wrapped into one go back as they came. */
export function createWrapperWriter(item: Members, context: ItemContext): ItemWriter {
  const id = textOf(item['id']) ?? context.mintId('fc')
  const { arguments: input, name } = item
  return {
    accepts: (opening) => opening.type === 'tool-call' && (asideOf(opening.extras).wrapped?.position ?? 0) > 0,
    begin: () => undefined,
    step: () => undefined,
    endPart: () => undefined,
    close() {
      context.emit('response.output_item.added', { item: { ...item, id, status: 'in_progress', arguments: '' } })
      context.emit('response.function_call_arguments.delta', { item_id: id, delta: input })
      context.emit('response.function_call_arguments.done', { item_id: id, name, arguments: input })
      const final = { ...item, id }
      context.emit('response.output_item.done', { item: final })
      return final
    },
  }
}
