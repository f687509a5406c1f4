// One output item of a stream: which kind it is, and what all kinds have in common.
import type { IrEvent } from '../../ir/event.ts'
import { textOf } from '../kit/present.ts'
import type { Members } from './extras.ts'
import type { AnswerContent } from '../openai-wire/answer-content.ts'
import { createStreamCall } from './stream-call.ts'
import { createStreamMessage } from './stream-message.ts'
import { createStreamReasoning } from './stream-reasoning.ts'

/** An item that grows. Events are appended to the list that is handed in. */
export interface StreamItem {
  readonly type: string
  /** Takes an event of the item; false where the item knows no such event. */
  step(type: string, record: Members, events: IrEvent[]): boolean
  /** The item is over. `item`: as it is in the end, where that was told. Later calls do nothing. */
  finish(item: Members | undefined, events: IrEvent[]): void
  /** The item as it was told last. */
  latest(): Members
  content(): AnswerContent
}

export interface StreamItemOptions {
  /** Its `output_index`: ids of items change within a stream at some providers, this does not. */
  readonly key: number
  readonly item: Members
  readonly nextPart: () => number
  /** Whether the client has a tool of this name. */
  readonly clientHas: (name: string) => boolean
}

/** An item of any type, announced by its first event. */
export function createStreamItem(options: StreamItemOptions, events: IrEvent[]): StreamItem {
  const type = textOf(options.item['type']) ?? 'unknown'
  switch (type) {
    case 'message':
      return createStreamMessage(options)
    case 'reasoning':
      return createStreamReasoning(options, events)
    case 'function_call':
    case 'custom_tool_call':
      return createStreamCall(type, options, events)
    default:
      return createStreamOpaque(type, options, events)
  }
}

/** An item that only this wire knows: its events travel as they are. */
function createStreamOpaque(type: string, { item, nextPart }: StreamItemOptions, events: IrEvent[]): StreamItem {
  const part = nextPart()
  let latest = item
  let ended = false
  events.push({ type: 'part-start', part, choice: 0, opening: { type: 'opaque', kind: type, value: item } })
  return {
    type,
    step(_type, record, into) {
      const { sequence_number: _position, obfuscation: _padding, ...value } = record
      if (!ended) into.push({ type: 'opaque-delta', part, value })
      return true
    },
    finish(final, into) {
      if (ended) return
      ended = true
      if (final !== undefined) {
        latest = final
        into.push({ type: 'opaque-delta', part, value: { type: 'response.output_item.done', item: final } })
      }
      into.push({ type: 'part-end', part })
    },
    latest: () => latest,
    content: () => ({ calls: 0, cut: false, refused: false }),
  }
}
