// One block speaks, the others wait: whatever the order in which an answer's parts come.
import { describe, expect, it } from 'vitest'
import { createBlockQueue, type BlockQueue, type BlockWriter } from '../../../src/dialects/kit/block-queue.ts'
import type { PartOpening } from '../../../src/ir/event.ts'
import type { Frame } from '../../../src/wire/frame.ts'

const frame = (data: string): Frame => ({ data })

/** Writes what it is told; a part whose text ends with `{` is half a call. */
function writer(): BlockWriter {
  let said = ''
  return {
    appears: (event) => 'text' in event && event.text !== '',
    open: (index) => [frame(`open ${index}`)],
    step(event) {
      if (!('text' in event)) return []
      said += event.text
      return [frame(event.text)]
    },
    close: () => (said.endsWith('{') ? undefined : [frame('close')]),
    cutOff: () => [frame('cut')],
  }
}

function add(queue: BlockQueue, part: number, opening: PartOpening = { type: 'text' }): string[] {
  return dataOf(queue.add({ type: 'part-start', part, choice: 0, opening }, writer()))
}

const say = (queue: BlockQueue, part: number, text: string): string[] =>
  dataOf(queue.feed({ type: 'text-delta', part, text }))
const end = (queue: BlockQueue, part: number): string[] => dataOf(queue.feed({ type: 'part-end', part }))
const dataOf = (frames: readonly Frame[]): string[] => frames.map(({ data }) => data)

describe('blocks side by side', () => {
  it('take their turns in the order in which they first spoke', () => {
    const queue = createBlockQueue()
    for (const part of [0, 1, 2]) expect(add(queue, part)).toEqual([])
    expect(say(queue, 2, 'c')).toEqual(['open 0', 'c'])
    expect(say(queue, 0, 'a')).toEqual([])
    expect(end(queue, 0)).toEqual([])
    expect(say(queue, 1, 'b')).toEqual([])
    expect(end(queue, 2)).toEqual(['close', 'open 1', 'a', 'close', 'open 2', 'b'])
    expect(dataOf(queue.drain())).toEqual(['close'])
    expect(queue.report()).toEqual({ calledTool: false, refused: false, written: 3 })
  })

  it('may be as many as a hostile provider likes', () => {
    const queue = createBlockQueue()
    const count = 20_000
    for (let part = 0; part < count; part++) {
      add(queue, part)
      say(queue, part, 'x')
    }
    for (let part = 1; part < count; part++) end(queue, part)
    expect(end(queue, 0)).toHaveLength(1 + 3 * (count - 1))
  })
})

describe('half a call', () => {
  const call: PartOpening = { type: 'tool-call', id: 'c', name: 'n' }

  function halfCall(): BlockQueue {
    const queue = createBlockQueue()
    add(queue, 0, call)
    say(queue, 0, '{')
    add(queue, 1)
    say(queue, 1, 'behind')
    expect(end(queue, 0)).toEqual([])
    expect(queue.isBroken()).toBe(false)
    return queue
  }

  it('waits for the end of the answer, and is cut off with it', () => {
    const queue = halfCall()
    expect(dataOf(queue.finish('length'))).toEqual(['cut', 'open 1', 'behind'])
    expect(queue.report().calledTool).toBe(true)
  })

  it('breaks an answer that is complete', () => {
    const queue = halfCall()
    expect(queue.finish('tool')).toEqual([])
    expect(queue.isBroken()).toBe(true)
    expect(queue.drain()).toEqual([])
  })

  it('that comes behind the end is cut off at once', () => {
    const queue = createBlockQueue()
    queue.finish('length')
    add(queue, 0, call)
    say(queue, 0, '{')
    expect(end(queue, 0)).toEqual(['cut'])
  })
})
