// One content block of an encoded stream: its start, if it has one, and the deltas that the events of its part become.
// Owns what a block looks like; when it may speak is decided in kit/block-queue.ts.
import type { PartOpening } from '../../ir/event.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { BlockWriter, PartEvent } from '../kit/block-queue.ts'
import { listOf, present, textOf } from '../kit/present.ts'
import { decodeToolInput, encodeBlock, encodeCitation, type WireBlock } from './encode-content.ts'
import { leftOver, objectOf, overlay, saidOf, silentOf } from './extras.ts'

/** An event of this wire as a frame. */
export function frameOf(event: string, value: WireBlock): Frame {
  return { event, data: JSON.stringify(value), value }
}

/** Whether a part has a block on this wire at all. */
export function hasBlock(opening: PartOpening, own: boolean): boolean {
  if (opening.type === 'opaque') return own && isObject(opening.value)
  return opening.type !== 'tool-call' || opening.kind !== 'custom'
}

/**
 * A writer for one part.
 * @param own the part was decoded from this wire, so what only this wire knows goes back
 */
export function createBlockWriter(opening: PartOpening, own: boolean): BlockWriter {
  const { start, first } = startOf(opening, own)
  const input: string[] = []
  let index = 0

  function frames(deltas: readonly WireBlock[]): Frame[] {
    return deltas.map((delta) => frameOf('contentBlockDelta', { contentBlockIndex: index, delta }))
  }

  function deltasOf(event: PartEvent): WireBlock[] {
    switch (event.type) {
      case 'text-delta':
      case 'refusal-delta':
        return event.text === '' ? [] : [{ text: event.text }]
      case 'reasoning-delta':
        return event.text === '' ? [] : [{ reasoningContent: { text: event.text } }]
      case 'signature-delta':
        return opening.type === 'reasoning' ? [{ reasoningContent: { signature: event.signature } }] : []
      case 'tool-input-delta':
        return event.text === '' ? [] : [{ toolUse: { input: event.text } }]
      case 'citation-add':
        return citationOf(own ? event.citation.value : encodeCitation(event.citation))
      case 'opaque-delta':
        return isObject(event.value) ? [event.value] : []
      default:
        return []
    }
  }

  function stop(deltas: readonly WireBlock[] = []): Frame[] {
    return [...frames(deltas), frameOf('contentBlockStop', { contentBlockIndex: index })]
  }

  return {
    appears: (event) =>
      event.type === 'part-start' ? start !== undefined || first.length > 0 : deltasOf(event).length > 0,
    open(given) {
      index = given
      const started = start === undefined ? [] : [frameOf('contentBlockStart', { start, contentBlockIndex: index })]
      return [...started, ...frames(first)]
    },
    step(event) {
      if (event.type === 'tool-input-delta') input.push(event.text)
      return frames(deltasOf(event))
    },
    close() {
      if (opening.type !== 'tool-call' || own) return stop()
      // Joined once: concatenating per fragment is quadratic on some engines.
      const text = input.join('')
      // Clients parse what they get, and empty text is no JSON.
      if (text.trim() === '') return stop([{ toolUse: { input: '{}' } }])
      return decodeToolInput(text) === undefined ? undefined : stop()
    },
    cutOff: () => stop(),
  }
}

function citationOf(citation: unknown): WireBlock[] {
  return isObject(citation) ? [{ citation }] : []
}

/** What the opening already says. */
interface Start {
  /** Absent for text and reasoning, which begin with their first delta. */
  readonly start?: WireBlock
  readonly first: readonly WireBlock[]
}

function startOf(opening: PartOpening, own: boolean): Start {
  switch (opening.type) {
    case 'text':
    case 'refusal':
      return { first: [] }
    case 'reasoning': {
      if (opening.redacted === undefined) return { first: [] }
      const block = encodeBlock(
        { type: 'reasoning', text: '', redacted: opening.redacted },
        own ? silentOf(opening.extras) : {},
      )
      return { first: block === undefined ? [] : [block] }
    }
    case 'tool-call': {
      const { id, name, extras } = opening
      const type = own ? textOf(silentOf(extras)['type']) : undefined
      const start = { toolUse: { toolUseId: id, name, ...present({ type }) } }
      return { start: own ? overlay(start, saidOf(extras)) : start, first: [] }
    }
    case 'opaque':
      return splitWhole(objectOf(opening.value))
  }
}

/** A block of a whole answer, in the two pieces in which it streams. */
function splitWhole(block: WireBlock): Start {
  const [kind = 'unknown', whole] = Object.entries(block)[0] ?? []
  if (kind === 'toolUse') {
    const { input } = objectOf(whole)
    const text = input === undefined ? [] : [{ toolUse: { input: JSON.stringify(input) } }]
    return { start: { toolUse: leftOver(whole, ['input']) ?? {} }, first: text }
  }
  if (kind !== 'toolResult') return { start: block, first: [] }
  const content = listOf(objectOf(whole)['content'])
  return {
    start: { toolResult: leftOver(whole, ['content']) ?? {} },
    first: content.length === 0 ? [] : [{ toolResult: content }],
  }
}
