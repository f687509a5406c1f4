// Content blocks of a stream: what a start opens and what a delta adds. Keeps no state; decode-stream.ts does.
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import { isObject } from '../../wire/json-parse.ts'
import { decodeCitation } from './content.ts'
import { callExtras, extrasOf } from './extras.ts'
import { present } from '../kit/present.ts'

export type Members = Readonly<Record<string, unknown>>

export interface OpenBlock {
  readonly part: number
  readonly kind: PartOpening['type']
  /** Arguments that stood in the opening itself: used unless fragments follow, as the opening is mostly a placeholder. */
  whole: string | undefined
}

export interface Opened {
  readonly opening: PartOpening
  /** What the opening already carries of the part's content. */
  readonly first: readonly ((part: number) => IrEvent)[]
}

/** The opening of a block, and what of its content stands in it already. Unknown blocks open as opaque parts. */
export function openingOf(block: Members): Opened {
  const { type, text, thinking, signature, data, id, name } = block
  const first: ((part: number) => IrEvent)[] = []
  switch (type) {
    case 'text': {
      if (typeof text === 'string' && text !== '') first.push((part) => ({ type: 'text-delta', part, text }))
      const citations = listOf(block['citations'])
      for (const value of citations)
        first.push((part) => ({ type: 'citation-add', part, citation: decodeCitation(value) }))
      // An empty list means what an absent one does; it only has to come back.
      const spelling = Array.isArray(block['citations']) && citations.length === 0 ? { citations: [] } : {}
      return { opening: { type, ...extrasPresent(block, ['type', 'text', 'citations'], spelling) }, first }
    }
    case 'thinking':
      if (typeof thinking === 'string' && thinking !== '')
        first.push((part) => ({ type: 'reasoning-delta', part, text: thinking }))
      if (typeof signature === 'string' && signature !== '')
        first.push((part) => ({ type: 'signature-delta', part, signature }))
      return { opening: { type: 'reasoning', ...extrasPresent(block, ['type', 'thinking', 'signature']) }, first }
    case 'redacted_thinking':
      if (typeof data !== 'string') break
      return { opening: { type: 'reasoning', redacted: data, ...extrasPresent(block, ['type', 'data']) }, first }
    case 'tool_use':
      if (typeof id !== 'string' || typeof name !== 'string') break
      return {
        opening: {
          type: 'tool-call',
          id,
          name,
          ...present({ extras: callExtras(block, ['type', 'id', 'name', 'input']) }),
        },
        first,
      }
    default:
  }
  return { opening: { type: 'opaque', kind: typeof type === 'string' ? type : 'unknown', value: block }, first }
}

function extrasPresent(block: Members, known: readonly string[], spelling: Members = {}) {
  return present({ extras: extrasOf(block, known, spelling) })
}

/**
 * The model that goes on where a block says that one gave way to another. A whole message names it at the top.
 * @see https://platform.claude.com/docs/en/api/beta/messages
 */
export function modelAfter(block: Members): string | undefined {
  const { model } = objectOf(block['to'])
  return block['type'] === 'fallback' && typeof model === 'string' ? model : undefined
}

/** Arguments that came with the opening; an empty object is the wire's placeholder for none yet. */
export function wholeInput(input: unknown): string | undefined {
  return isObject(input) && Object.keys(input).length > 0 ? JSON.stringify(input) : undefined
}

/** A delta as an event of its part; undefined where the part's kind has no such delta. */
export function deltaEvent(
  delta: Members,
  { part, kind }: OpenBlock,
): Exclude<IrEvent, { type: 'opaque-delta' }> | undefined {
  const { type, text, thinking, signature, partial_json: fragment, citation } = delta
  if (type === 'text_delta' && kind === 'text' && typeof text === 'string') return { type: 'text-delta', part, text }
  if (type === 'thinking_delta' && kind === 'reasoning' && typeof thinking === 'string')
    return { type: 'reasoning-delta', part, text: thinking }
  if (type === 'signature_delta' && kind === 'reasoning' && typeof signature === 'string')
    return { type: 'signature-delta', part, signature }
  if (type === 'input_json_delta' && kind === 'tool-call' && typeof fragment === 'string')
    return { type: 'tool-input-delta', part, text: fragment }
  if (type === 'citations_delta' && kind === 'text' && isObject(citation))
    return { type: 'citation-add', part, citation: decodeCitation(citation) }
  return undefined
}

/** The value as an object; an empty one where it is none. */
export function objectOf(value: unknown): Members {
  return isObject(value) ? value : {}
}

/** The objects of a list; none where it is no list. */
export function listOf(value: unknown): Members[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}
