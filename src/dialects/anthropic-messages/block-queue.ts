// The order of blocks in an encoded stream: one speaks, the others wait with all they have said so far.
// Owns the turns and what the blocks amount to; what a block looks like is in block-writer.ts.
import type { IrEvent } from '../../ir/event.ts'
import type { Frame } from '../../wire/frame.ts'
import { createBlockWriter, type BlockWriter } from './block-writer.ts'

export type PartEvent = Extract<IrEvent, { readonly part: number }>
export type PartStart = Extract<IrEvent, { readonly type: 'part-start' }>

export interface BlockQueue {
  /** Takes a part in. `own`: it was decoded from this wire. */
  add(event: PartStart, own: boolean): Frame[]
  /** Takes an event of a part that was added; others are ignored. */
  feed(event: PartEvent): Frame[]
  /** The speaking block has ended with tool arguments that are no JSON object. Nothing speaks until it is released. */
  isStuck(): boolean
  /** Lets the stuck block stop as it is, cut off with its answer. */
  release(): Frame[]
  /** Closes every block its sender left open, in order, unless one gets stuck. */
  drain(): Frame[]
  report(): BlockReport
}

export interface BlockReport {
  readonly calledTool: boolean
  readonly refused: boolean
  /** Characters written so far. */
  readonly written: number
}

interface Slot {
  readonly writer: BlockWriter
  readonly isTool: boolean
  readonly held: PartEvent[]
  appeared: boolean
}

/** An empty queue. Indexes are dense and start at 0. */
export function createBlockQueue(): BlockQueue {
  const slots = new Map<number, Slot>()
  // In the order in which they first had something to say. The first one is speaking.
  const queue: Slot[] = []
  let blocks = 0
  let stuck = false
  let calledTool = false
  let refused = false
  let written = 0

  function feed(event: PartEvent): Frame[] {
    const slot = slots.get(event.part)
    if (slot === undefined) return []
    if (slot === queue[0]) return speak(slot, event)
    slot.held.push(event)
    if (slot.appeared || !slot.writer.appears(event)) return []
    slot.appeared = true
    queue.push(slot)
    return queue.length === 1 ? giveTurn() : []
  }

  /** Opens the first block in the queue and lets it say what it held back; one that is complete passes the turn on. */
  function giveTurn(): Frame[] {
    const slot = queue[0]
    if (slot === undefined) return []
    const frames = slot.writer.open(blocks++)
    calledTool ||= slot.isTool
    for (const event of slot.held.splice(0)) frames.push(...speak(slot, event))
    return frames
  }

  function speak(slot: Slot, event: PartEvent): Frame[] {
    if (stuck) return []
    if (event.type === 'part-end') return stop(slot.writer.close())
    if ('text' in event) {
      refused ||= event.type === 'refusal-delta' && event.text !== ''
      written += event.text.length
    }
    return slot.writer.step(event)
  }

  function stop(frames: Frame[] | undefined): Frame[] {
    stuck = frames === undefined
    if (frames === undefined) return []
    queue.shift()
    return [...frames, ...giveTurn()]
  }

  return {
    add(event, own) {
      const { opening, part } = event
      const writer = createBlockWriter(opening, own)
      slots.set(part, { writer, isTool: opening.type === 'tool-call', held: [], appeared: false })
      return feed(event)
    },
    feed,
    isStuck: () => stuck,
    release() {
      const slot = queue[0]
      return stuck && slot !== undefined ? stop(slot.writer.cutOff()) : []
    },
    drain() {
      const frames: Frame[] = []
      for (;;) {
        const slot = queue[0]
        if (slot === undefined || stuck) return frames
        frames.push(...stop(slot.writer.close()))
      }
    },
    report: () => ({ calledTool, refused, written }),
  }
}
