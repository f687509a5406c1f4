// One content block of an encoded stream: its start, its deltas and its stop, from the events of one part.
// Owns what a block looks like; when it may speak is decided in kit/block-queue.ts.
import { isContent, type PartOpening } from '../../ir/event.ts'
import type { Frame } from '../../wire/frame.ts'
import type { BlockWriter } from '../kit/block-queue.ts'
import { decodeToolInput, type WireBlock } from './content.ts'
import { ownMembers } from './extras.ts'

/** An event of this wire as a frame. */
export function frameOf(type: string, members: Readonly<Record<string, unknown>>): Frame {
  const value = { type, ...members }
  return { event: type, data: JSON.stringify(value), value }
}

/** Whether a part has a block on this wire at all. */
export function hasBlock(opening: PartOpening, own: boolean): boolean {
  return own || !(opening.type === 'opaque' || (opening.type === 'tool-call' && opening.kind === 'custom'))
}

/**
 * A writer for one part.
 * @param own the part was decoded from this wire: it appears even where it is empty, and keeps its extras
 */
export function createBlockWriter(opening: PartOpening, own: boolean): BlockWriter {
  const input: string[] = []
  const signature: string[] = []
  let index = 0

  function delta(type: string, members: WireBlock): Frame {
    return frameOf('content_block_delta', { index, delta: { type, ...members } })
  }

  /** A delta that is one text, written without going over the frame around it: an answer is made of these. */
  function grow(delta: WireBlock & { readonly type: string }, key: string, text: string): Frame[] {
    if (text === '') return []
    const json = `{"type":"${delta.type}","${key}":${JSON.stringify(text)}}`
    return [
      {
        event: 'content_block_delta',
        data: `{"type":"content_block_delta","index":${index},"delta":${json}}`,
        value: { type: 'content_block_delta', index, delta },
      },
    ]
  }

  function stop(): Frame[] {
    // The signature closes a block, and readers take the last one for the whole.
    const signed = signature.join('')
    const last = signed === '' ? [] : [delta('signature_delta', { signature: signed })]
    return [...last, frameOf('content_block_stop', { index })]
  }

  return {
    // Links of another wire have no delta here: a text that has nothing else is none.
    appears: (event) => (own ? event.type === 'part-start' : event.type !== 'citation-add' && isContent(event)),
    open(given) {
      index = given
      return [frameOf('content_block_start', { index, content_block: startOf(opening, own) })]
    },
    step(event) {
      switch (event.type) {
        case 'text-delta':
        case 'refusal-delta':
          return grow({ type: 'text_delta', text: event.text }, 'text', event.text)
        case 'reasoning-delta':
          return grow({ type: 'thinking_delta', thinking: event.text }, 'thinking', event.text)
        case 'signature-delta':
          signature.push(event.signature)
          return []
        case 'tool-input-delta':
          input.push(event.text)
          return grow({ type: 'input_json_delta', partial_json: event.text }, 'partial_json', event.text)
        case 'citation-add':
          return own ? [delta('citations_delta', { citation: event.citation.value })] : []
        case 'opaque-delta':
          return [frameOf('content_block_delta', { index, delta: event.value })]
        default:
          return []
      }
    },
    close() {
      if (opening.type !== 'tool-call') return stop()
      // Joined once: concatenating per fragment is quadratic on some engines.
      const text = input.join('')
      if (text.trim() === '') return [delta('input_json_delta', { partial_json: '{}' }), ...stop()]
      return decodeToolInput(text) === undefined ? undefined : stop()
    },
    cutOff: stop,
  }
}

function startOf(opening: PartOpening, own: boolean): unknown {
  if (opening.type === 'opaque') return opening.value
  const extras = own ? ownMembers(opening.extras) : {}
  switch (opening.type) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: '', ...extras }
    case 'reasoning':
      return opening.redacted === undefined
        ? { type: 'thinking', thinking: '', signature: '', ...extras }
        : { type: 'redacted_thinking', data: opening.redacted, ...extras }
    case 'tool-call':
      return { type: 'tool_use', id: opening.id, name: opening.name, input: {}, ...extras }
  }
}
