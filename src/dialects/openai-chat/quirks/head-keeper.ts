// Knows the head of a stream, and keeps chunks without one back until it does.
import type { Members } from '../extras.ts'
import type { AnswerExchange } from './answer-state.ts'
import { filledHead, hasHead, headOf, type Head } from './head.ts'
import { isBare, replaced, type Outgoing } from './outgoing.ts'
import { usageOf } from './usage.ts'

export interface HeadKeeper {
  /** The chunks that can go on now, this one among them or not. */
  take(outgoing: Outgoing): Outgoing[]
  /** What is kept back, as it is. */
  release(): Outgoing[]
  isWaiting(): boolean
  /** A chunk of the normaliser's own in this answer. */
  chunk(members: Members): Outgoing
}

/** A keeper for one stream; where it does not mend, it only takes note. */
export function createHeadKeeper(exchange: AnswerExchange, mends: boolean): HeadKeeper {
  let waiting: Outgoing[] = []
  let head: Head | undefined

  return {
    take(outgoing) {
      const { record } = outgoing
      if (!mends) {
        head ??= hasHead(record) ? headOf(record, exchange) : undefined
        return [outgoing]
      }
      if (head === undefined && !hasHead(record) && isBare(outgoing) && usageOf(record) === undefined) {
        waiting.push(outgoing)
        return []
      }
      const known = (head ??= headOf(record, exchange))
      const ready = [...waiting, outgoing].map((each) => replaced(each, filledHead(each.record, known)))
      waiting = []
      return ready
    },
    release() {
      const kept = waiting
      waiting = []
      return kept
    },
    isWaiting: () => waiting.length > 0,
    chunk(members) {
      const { id, model, created } = head ?? headOf({}, exchange)
      return { record: { id, object: 'chat.completion.chunk', created, model, ...members } }
    },
  }
}
