// Every order in which blocks of an answer may come, through both machines: nothing moves to another call, nothing is lost.
import { describe, expect, it } from 'vitest'
import type { IrEvent } from '../../../src/ir/event.ts'
import { unfold } from '../../../src/ir/unfold.ts'
import { foldChat } from '../../support/sdk-fold.ts'
import { deltasIn, events, foldOf, framesFor, type Json } from './support.ts'

type Kind = 'reasoning' | 'text' | 'tool'

/** All sequences of up to four blocks. */
function orders(length: number): Kind[][] {
  if (length === 0) return [[]]
  const shorter = orders(length - 1)
  return shorter.flatMap((order) => (['reasoning', 'text', 'tool'] as const).map((kind) => [...order, kind]))
}

const all = [1, 2, 3, 4].flatMap(orders)

/** A stream of another wire with these blocks; the content of each says which one it is. */
function stream(order: readonly Kind[]): IrEvent[] {
  const blocks = order.flatMap((kind, part): IrEvent[] => {
    switch (kind) {
      case 'reasoning':
        return [
          { type: 'part-start', part, choice: 0, opening: { type: 'reasoning' } },
          { type: 'reasoning-delta', part, text: `r${part}` },
          { type: 'signature-delta', part, signature: `s${part}` },
          { type: 'part-end', part },
        ]
      case 'text':
        return [
          { type: 'part-start', part, choice: 0, opening: { type: 'text' } },
          { type: 'text-delta', part, text: `t${part}` },
          { type: 'part-end', part },
        ]
      case 'tool':
        return [
          { type: 'part-start', part, choice: 0, opening: { type: 'tool-call', id: `id${part}`, name: `f${part}` } },
          { type: 'tool-input-delta', part, text: `{"n":` },
          { type: 'tool-input-delta', part, text: `${part}}` },
          { type: 'part-end', part },
        ]
    }
  })
  const finish = { class: order.includes('tool') ? ('tool' as const) : ('stop' as const) }
  return [
    { type: 'response-start', id: 'msg_1', model: 'm', created: 1 },
    ...blocks,
    { type: 'choice-finish', choice: 0, finish },
    { type: 'response-end' },
  ]
}

const indexed = (order: readonly Kind[], kind: Kind): number[] =>
  order.flatMap((entry, index) => (entry === kind ? [index] : []))

describe('an answer with blocks in the order', () => {
  it.each(all.map((order) => [order.join(' '), order] as const))('%s', async (_name, order) => {
    const frames = framesFor(stream(order))
    const calls = indexed(order, 'tool')

    const deltas = deltasIn(frames)
    expect(deltas.map((delta) => delta['content'] ?? '').join('')).toBe(
      indexed(order, 'text')
        .map((n) => `t${n}`)
        .join(''),
    )
    expect(deltas.map((delta) => delta['reasoning_content'] ?? '').join('')).toBe(
      indexed(order, 'reasoning')
        .map((n) => `r${n}`)
        .join(''),
    )

    const folded = await foldChat(frames)
    expect(folded.ok).toBe(true)
    const choice = folded.ok ? ((folded.value['choices'] as Json[])[0] as Json) : {}
    const message = choice['message'] as Json
    expect(message['tool_calls'] ?? []).toEqual(
      calls.map((n) =>
        expect.objectContaining({
          id: `id${n}`,
          function: expect.objectContaining({ name: `f${n}`, arguments: `{"n":${n}}` }),
        }),
      ),
    )
    expect(choice['finish_reason']).toBe(calls.length > 0 ? 'tool_calls' : 'stop')
  })
})

describe('an answer of this wire with blocks in the order', () => {
  it.each(all.map((order) => [order.join(' '), order] as const))('%s folds to the same parts again', (_name, order) => {
    const once = foldOf(events(...framesFor(stream(order))))
    const again = foldOf(events(...framesFor(unfold(once))))
    expect(again.outputs).toEqual(once.outputs)
    const said = once.outputs[0]?.parts.map((part) => (part.type === 'tool-call' ? 'tool' : part.type))
    // What is said between two blocks of one kind keeps them apart; without it they are one.
    expect(said).toEqual(order.filter((kind, index) => kind !== 'text' || order[index - 1] !== 'text'))
  })
})
