// The order of blocks in an encoded stream: one speaks, the others wait with all they have said so far.
// Owns the turns and what the blocks amount to; what a block looks like is its wire's.
import type { IrEvent } from '../../ir/event.ts'
import type { FinishClass } from '../../ir/response.ts'
import type { Frame } from '../../wire/frame.ts'

export type PartEvent = Extract<IrEvent, { readonly part: number }>
export type PartStart = Extract<IrEvent, { readonly type: 'part-start' }>

/** One block of a wire, from the events of one part. */
export interface BlockWriter {
  /** Whether the event makes the block appear. Until then it holds its place in no order. */
  appears(event: PartEvent): boolean
  /** The block's start, under the index it gets. */
  open(index: number): Frame[]
  step(event: PartEvent): Frame[]
  /** The block's stop with what had to wait for it; undefined while a tool's arguments are no JSON object. */
  close(): Frame[] | undefined
  /** The stop of a block that was cut off together with its answer. */
  cutOff(): Frame[]
}

export interface BlockQueue {
  /** Takes a part in. */
  add(event: PartStart, writer: BlockWriter): Frame[]
  /** Takes an event of a part that was added; others are ignored. */
  feed(event: PartEvent): Frame[]
  /** How the answer ended: only one that was cut off may hold half a tool call, as on the wires themselves. */
  finish(finish: FinishClass): Frame[]
  /** Closes every block its sender left open, in order. */
  drain(): Frame[]
  /** A complete answer holds half a tool call: nothing may follow but an error. */
  isBroken(): boolean
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
  // The speaking block has ended with half a tool call, and nothing speaks until it is known why.
  let stuck = false
  let ending: FinishClass | undefined
  let calledTool = false
  let refused = false
  let written = 0

  function feed(event: PartEvent): Frame[] {
    const slot = slots.get(event.part)
    if (slot === undefined) return []
    if (slot === queue[0]) return passOn(slot, speak(slot, event))
    slot.held.push(event)
    if (slot.appeared || !slot.writer.appears(event)) return []
    slot.appeared = true
    queue.push(slot)
    return queue.length === 1 ? giveTurn() : []
  }

  function speak(slot: Slot, event: PartEvent): Frame[] {
    if (stuck) return []
    if (event.type === 'part-end') return stop(slot)
    if ('text' in event) {
      refused ||= event.type === 'refusal-delta' && event.text !== ''
      written += event.text.length
    }
    return slot.writer.step(event)
  }

  function stop({ writer }: Slot): Frame[] {
    const frames = writer.close() ?? (ending === 'length' ? writer.cutOff() : undefined)
    stuck = frames === undefined
    if (frames === undefined) return []
    queue.shift()
    return frames
  }

  /** What was said, and where that completed the block, what those behind it have to say. */
  function passOn(slot: Slot, said: Frame[]): Frame[] {
    return queue[0] === slot ? said : [...said, ...giveTurn()]
  }

  /** Opens the first block in the queue and lets it say what it held back; one that is complete passes the turn on. */
  function giveTurn(): Frame[] {
    const frames: Frame[] = []
    for (;;) {
      const slot = queue[0]
      if (slot === undefined) return frames
      frames.push(...slot.writer.open(blocks++))
      calledTool ||= slot.isTool
      for (const event of slot.held.splice(0)) frames.push(...speak(slot, event))
      if (queue[0] === slot) return frames
    }
  }

  function stopFirst(): Frame[] {
    const slot = queue[0]
    return slot === undefined ? [] : passOn(slot, stop(slot))
  }

  return {
    add(event, writer) {
      slots.set(event.part, { writer, isTool: event.opening.type === 'tool-call', held: [], appeared: false })
      return feed(event)
    },
    feed,
    finish(finish) {
      ending = finish
      return stuck ? stopFirst() : []
    },
    drain() {
      const frames: Frame[] = []
      while (queue.length > 0 && !stuck) for (const frame of stopFirst()) frames.push(frame)
      return frames
    },
    isBroken: () => stuck && ending !== undefined,
    report: () => ({ calledTool, refused, written }),
  }
}
