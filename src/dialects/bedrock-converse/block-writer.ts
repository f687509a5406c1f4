// One content block of an encoded stream: its start, if it has one, and the deltas that the events of its part become.
// Owns what a block looks like; when it may speak is decided in block-queue.ts.
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import { listOf, present, textOf } from '../kit/present.ts'
import { decodeToolInput, encodeBlock, encodeCitation, type WireBlock } from './encode-content.ts'
import { leftOver, objectOf, overlay, saidOf, silentOf } from './extras.ts'

/** An event of this wire as a frame. */
export function frameOf(event: string, value: WireBlock): Frame {
  return { event, data: JSON.stringify(value), value }
}

export interface BlockWriter {
  /** The start; absent for text and reasoning, which begin with their first delta. */
  readonly start?: WireBlock
  /** What the opening already says of the content. */
  readonly first: readonly WireBlock[]
  readonly isTool: boolean
  /** The deltas of an event. */
  deltas(event: IrEvent): readonly WireBlock[]
  /** What still has to be said before the block stops; undefined while a tool's arguments are not a JSON object. */
  last(): readonly WireBlock[] | undefined
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
  const input: string[] = []
  const isTool = opening.type === 'tool-call'

  return {
    isTool,
    ...startOf(opening, own),
    deltas(event) {
      switch (event.type) {
        case 'text-delta':
        case 'refusal-delta':
          return event.text === '' ? [] : [{ text: event.text }]
        case 'reasoning-delta':
          return event.text === '' ? [] : [{ reasoningContent: { text: event.text } }]
        case 'signature-delta':
          return opening.type === 'reasoning' ? [{ reasoningContent: { signature: event.signature } }] : []
        case 'tool-input-delta':
          input.push(event.text)
          return event.text === '' ? [] : [{ toolUse: { input: event.text } }]
        case 'citation-add':
          return citationOf(own ? event.citation.value : encodeCitation(event.citation))
        case 'opaque-delta':
          return isObject(event.value) ? [event.value] : []
        default:
          return []
      }
    },
    last() {
      if (!isTool || own) return []
      // Joined once: concatenating per fragment is quadratic on some engines.
      const text = input.join('')
      // Clients parse what they get, and empty text is no JSON.
      if (text.trim() === '') return [{ toolUse: { input: '{}' } }]
      return decodeToolInput(text) === undefined ? undefined : []
    },
  }
}

function citationOf(citation: unknown): WireBlock[] {
  return isObject(citation) ? [{ citation }] : []
}

function startOf(opening: PartOpening, own: boolean): Pick<BlockWriter, 'start' | 'first'> {
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
function splitWhole(block: WireBlock): Pick<BlockWriter, 'start' | 'first'> {
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
