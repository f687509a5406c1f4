// A tool call of a stream: its name, and its arguments from deltas, from their end, or from the item's.
import type { ToolCallPart } from '../../ir/content.ts'
import type { IrEvent } from '../../ir/event.ts'
import { present, textOf } from '../kit/present.ts'
import { callOf, inputText } from './decode-item.ts'
import type { Members } from './extras.ts'
import { isWholeInput } from '../openai-wire/answer-content.ts'
import { isWrapperName, unwrapCalls } from './parallel-wrapper.ts'
import type { StreamItem, StreamItemOptions } from './stream-item.ts'
import { createGrowingText } from './stream-text.ts'

/** A call. It is announced when its name is known; one that may be a wrapper of calls only when it is whole. */
export function createStreamCall(
  type: 'function_call' | 'custom_tool_call',
  { key, item, nextPart, clientHas }: StreamItemOptions,
  events: IrEvent[],
): StreamItem {
  const inputKey = type === 'custom_tool_call' ? 'input' : 'arguments'
  const input = createGrowingText()
  const held: string[] = []
  let part: number | undefined
  let latest = item
  let calls = 0
  let cut = false
  let ended = false

  function announce(record: Members, into: IrEvent[]): void {
    const name = textOf(record['name'])
    if (part !== undefined || name === undefined) return
    part = start(callOf({ ...record, type, [inputKey]: '' }, name, { key }), into)
    calls = 1
    for (const text of held.splice(0)) into.push({ type: 'tool-input-delta', part, text })
  }

  function start(call: ToolCallPart, into: IrEvent[]): number {
    const number = nextPart()
    const { id, name, kind, extras } = call
    const opening = { type: 'tool-call', id, name, ...present({ kind, extras }) } as const
    into.push({ type: 'part-start', part: number, choice: 0, opening })
    return number
  }

  function grow(text: string, into: IrEvent[]): void {
    if (text === '' || ended) return
    input.add(text)
    if (part === undefined) held.push(text)
    else into.push({ type: 'tool-input-delta', part, text })
  }

  function unwrap(into: IrEvent[]): boolean {
    const wrapped = unwrapCalls({ ...latest, type, arguments: input.text() }, key)
    if (wrapped === undefined) return false
    for (const call of wrapped) {
      const number = start(call, into)
      into.push({ type: 'tool-input-delta', part: number, text: call.input }, { type: 'part-end', part: number })
    }
    calls = wrapped.length
    return true
  }

  const name = textOf(item['name'])
  const maybeWrapper = type === 'function_call' && isWrapperName(name) && !clientHas(name ?? '')
  if (!maybeWrapper) announce(item, events)

  return {
    type,
    step(event, record, into) {
      switch (event) {
        case 'response.function_call_arguments.delta':
        case 'response.custom_tool_call_input.delta':
          grow(textOf(record['delta']) ?? '', into)
          return true
        case 'response.function_call_arguments.done':
        case 'response.custom_tool_call_input.done':
          grow(input.rest(inputText(record[inputKey])), into)
          return true
        default:
          return false
      }
    },
    finish(final, into) {
      if (ended) return
      latest = { ...item, ...final }
      // Some servers tell the arguments when they open the call, or when they close it, and not in between.
      grow(input.rest(inputText(latest[inputKey])), into)
      if (maybeWrapper && unwrap(into)) {
        ended = true
        return
      }
      announce(latest, into)
      ended = true
      cut = type === 'function_call' && !isWholeInput(input.text())
      if (part === undefined) {
        into.push({ type: 'event-skip', kind: type, reason: 'a call that was never named' })
        return
      }
      const { extras } = callOf({ ...latest, type, [inputKey]: input.text() }, textOf(latest['name']) ?? '', { key })
      into.push({ type: 'part-end', part, ...present({ extras }) })
    },
    latest: () => latest,
    content: () => ({ calls, cut, refused: false }),
  }
}
