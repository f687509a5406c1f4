// The order of parts in an encoded answer: one speaks, the others wait with all they have said so far. The wire could
// carry them side by side, but its clients read one item at a time.
import { isContent, type IrEvent, type PartOpening } from '../../ir/event.ts'
import type { PartStep } from './item-writer.ts'

export type PartEvent = Extract<IrEvent, { readonly part: number }>
type PartEnd = Extract<IrEvent, { readonly type: 'part-end' }>

/** Who gets the parts, one after the other. */
export interface PartSink {
  begin(opening: PartOpening, part: number): void
  step(event: PartStep): void
  end(event: PartEnd | undefined): void
  /** A part has ended that never had anything to say; this came along with it. */
  unsaid(part: number, events: readonly PartStep[]): void
}

export interface PartQueue {
  /** Takes a part in. `own`: it was decoded from this wire, and appears even where it is empty. */
  add(part: number, opening: PartOpening, own: boolean): void
  feed(part: number, event: PartStep): void
  /** Ends every part that its sender left open, in order. */
  drain(): void
}

interface Slot {
  readonly part: number
  readonly opening: PartOpening
  readonly held: PartStep[]
  appeared: boolean
}

/** An empty queue. A part takes its place when it first has something to say. */
export function createPartQueue(sink: PartSink): PartQueue {
  const slots = new Map<number, Slot>()
  // The first one is speaking.
  const queue: Slot[] = []

  function appear(slot: Slot): void {
    if (slot.appeared) return
    slot.appeared = true
    queue.push(slot)
    if (queue.length === 1) giveTurn()
  }

  /** Lets the first in the queue say what it held back; one that has ended passes the turn on. */
  function giveTurn(): void {
    for (;;) {
      const slot = queue[0]
      if (slot === undefined) return
      sink.begin(slot.opening, slot.part)
      const ended = slot.held.splice(0).some((event) => speak(event))
      if (!ended) return
      queue.shift()
    }
  }

  /** Whether the part has ended with this. */
  function speak(event: PartStep): boolean {
    if (event.type === 'part-end') sink.end(event)
    else sink.step(event)
    return event.type === 'part-end'
  }

  return {
    add(part, opening, own) {
      const slot: Slot = { part, opening, held: [], appeared: false }
      slots.set(part, slot)
      const isHidden = opening.type === 'reasoning' && opening.redacted !== undefined
      if (own || isHidden || opening.type === 'tool-call') appear(slot)
    },
    feed(part, event) {
      const slot = slots.get(part)
      if (slot === undefined) return
      if (slot === queue[0]) {
        if (!speak(event)) return
        queue.shift()
        slots.delete(part)
        return giveTurn()
      }
      slot.held.push(event)
      if (says(event)) appear(slot)
      else if (event.type === 'part-end' && !slot.appeared) sink.unsaid(part, slot.held)
    },
    drain() {
      while (queue.length > 0) {
        sink.end(undefined)
        queue.shift()
        giveTurn()
      }
    },
  }
}

/** Links of a text that has no words are nothing to show. */
function says(event: PartStep): boolean {
  return event.type !== 'boundary' && event.type !== 'citation-add' && isContent(event)
}
