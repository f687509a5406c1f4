// The order of blocks in an encoded stream: one speaks, the others wait with all they have said so far.
// Owns the turns and what the blocks amount to; what a block looks like is in block-writer.ts.
import type { IrEvent } from '../../ir/event.ts'
import type { Frame } from '../../wire/frame.ts'
import { createBlockWriter, frameOf, type BlockWriter } from './block-writer.ts'
import type { WireBlock } from './encode-content.ts'

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
  readonly held: WireBlock[]
  queued: boolean
  ended: boolean
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

  function delta(value: WireBlock): Frame {
    return frameOf('contentBlockDelta', { contentBlockIndex: blocks - 1, delta: value })
  }

  function say(slot: Slot, deltas: readonly WireBlock[]): Frame[] {
    if (!slot.queued) {
      if (deltas.length === 0 && slot.writer.start === undefined) return []
      slot.queued = true
      queue.push(slot)
      slot.held.push(...deltas)
      return queue.length === 1 ? giveTurn() : []
    }
    if (slot === queue[0] && !stuck) return deltas.map(delta)
    slot.held.push(...deltas)
    return []
  }

  /** Opens the first block in the queue and lets it say what it held back; one that is complete passes the turn on. */
  function giveTurn(): Frame[] {
    const slot = queue[0]
    if (slot === undefined) return []
    const { start, isTool } = slot.writer
    const contentBlockIndex = blocks++
    calledTool ||= isTool
    const opened = start === undefined ? [] : [frameOf('contentBlockStart', { start, contentBlockIndex })]
    const frames = [...opened, ...slot.held.splice(0).map(delta)]
    return slot.ended ? [...frames, ...stop(slot)] : frames
  }

  function stop(slot: Slot): Frame[] {
    const last = slot.writer.last()
    stuck = last === undefined
    return last === undefined ? [] : close(last)
  }

  function close(last: readonly WireBlock[]): Frame[] {
    const frames = [...last.map(delta), frameOf('contentBlockStop', { contentBlockIndex: blocks - 1 })]
    queue.shift()
    return [...frames, ...giveTurn()]
  }

  return {
    add({ part, opening }, own) {
      const writer = createBlockWriter(opening, own)
      const slot: Slot = { writer, held: [], queued: false, ended: false }
      slots.set(part, slot)
      return say(slot, writer.first)
    },
    feed(event) {
      const slot = slots.get(event.part)
      if (slot === undefined) return []
      if (event.type === 'part-end') {
        slot.ended = true
        return slot === queue[0] && !stuck ? stop(slot) : []
      }
      if ('text' in event) {
        written += event.text.length
        refused ||= event.type === 'refusal-delta' && event.text !== ''
      }
      return say(slot, slot.writer.deltas(event))
    },
    isStuck: () => stuck,
    release() {
      if (!stuck) return []
      stuck = false
      return close([])
    },
    drain() {
      const frames: Frame[] = []
      for (;;) {
        const slot = queue[0]
        if (slot === undefined || stuck) return frames
        slot.ended = true
        frames.push(...stop(slot))
      }
    },
    report: () => ({ calledTool, refused, written }),
  }
}
