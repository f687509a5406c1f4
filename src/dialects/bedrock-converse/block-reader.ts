// One content block of a stream as the events of its part. A block of text or reasoning has no start on this wire: it is
// what its first delta is. Owns the block's state; which blocks there are is decode-stream.ts's.
import type { JoinOpaque } from '../../ir/fold.ts'
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import { listOf, present, textOf } from '../kit/present.ts'
import { decodeBase64Text } from '../kit/base64.ts'
import { decodeCitation, serverTool } from './decode-content.ts'
import { leftOver, objectOf, pack, type Members } from './extras.ts'

export interface BlockReader {
  /** Takes the block's start. */
  open(start: Members): IrEvent[]
  /** Takes a delta; the first one may open the part. */
  grow(delta: Members): IrEvent[]
  /** Closes the part, if the block ever became one. */
  close(): IrEvent[]
}

/** @param number gives the number of the part, once the block turns out to be one */
export function createBlockReader(number: () => number): BlockReader {
  let part = -1
  let kind: PartOpening['type'] | undefined
  // Redacted reasoning opens whole, and may come in pieces.
  const redacted: string[] = []

  function begin(opening: PartOpening): IrEvent[] {
    part = number()
    kind = opening.type
    return [{ type: 'part-start', part, choice: 0, opening }]
  }

  /** The part as one of this kind; nothing where it is one of another. */
  function as(opening: PartOpening, events: () => IrEvent[]): IrEvent[] {
    if (kind === undefined) return [...begin(opening), ...events()]
    return kind === opening.type ? events() : [skip(opening.type, `a delta of a ${kind} part`)]
  }

  function growReasoning(delta: Members): IrEvent[] {
    const { text, signature, redactedContent } = delta
    const thought = textOf(text)
    const signed = textOf(signature)
    const hidden = textOf(redactedContent)
    if (hidden !== undefined) {
      if (kind !== undefined) return [skip('redactedContent', `a delta of a ${kind} part`)]
      redacted.push(hidden)
    }
    if (thought === undefined && signed === undefined) return []
    return as({ type: 'reasoning' }, () => [
      ...(thought === undefined ? [] : [{ type: 'reasoning-delta', part, text: thought } as const]),
      ...(signed === undefined ? [] : [{ type: 'signature-delta', part, signature: signed } as const]),
    ])
  }

  function growTool(delta: Members): IrEvent[] {
    const { input } = delta
    if (kind !== 'tool-call') return [skip('toolUse', 'arguments of a call that was not opened')]
    return typeof input === 'string' ? [{ type: 'tool-input-delta', part, text: input }] : []
  }

  return {
    open: (start) => begin(openingOf(start)),
    grow(delta) {
      if (kind === 'opaque') return [{ type: 'opaque-delta', part, value: delta }]
      const { text, citation, reasoningContent, toolUse } = delta
      if (typeof text === 'string')
        return text === '' ? [] : as({ type: 'text' }, () => [{ type: 'text-delta', part, text }])
      if (isObject(citation))
        return as({ type: 'text' }, () => [{ type: 'citation-add', part, citation: decodeCitation(citation) }])
      if (isObject(reasoningContent)) return growReasoning(reasoningContent)
      if (isObject(toolUse)) return growTool(toolUse)
      return [skip(`contentBlockDelta/${Object.keys(delta)[0] ?? 'empty'}`, 'an unknown delta')]
    },
    close() {
      const opened = redacted.length > 0 && kind === undefined ? begin(redactedOpening(redacted)) : []
      return kind === undefined ? [] : [...opened, { type: 'part-end', part }]
    },
  }
}

function redactedOpening(pieces: readonly string[]): PartOpening {
  const texts = pieces.map(decodeBase64Text)
  const known = texts.every((text) => text !== undefined)
  return known
    ? { type: 'reasoning', redacted: texts.join('') }
    : { type: 'reasoning', redacted: pieces.join(''), ...present({ extras: pack(undefined, { blob: true }) }) }
}

function openingOf(start: Members): PartOpening {
  const { toolUse } = start
  const { toolUseId, name, type } = objectOf(toolUse)
  if (isObject(toolUse) && typeof toolUseId === 'string' && typeof name === 'string' && type !== serverTool) {
    const plain = type === 'tool_use'
    const rest = leftOver(toolUse, ['toolUseId', 'name', ...(plain ? ['type'] : [])])
    const extras = pack(rest === undefined ? undefined : { toolUse: rest }, plain ? { type } : {})
    return { type: 'tool-call', id: toolUseId, name, ...present({ extras }) }
  }
  const kind = type === serverTool ? serverTool : (Object.keys(start)[0] ?? 'unknown')
  return { type: 'opaque', kind, value: start }
}

/** The finished value of an opaque block: its start with the deltas applied, in the shape of a whole answer. */
export const joinOpaque: JoinOpaque = (_kind, value, deltas) => {
  const [[kind, start] = ['unknown', {}]] = Object.entries(objectOf(value))
  const own = deltas.map((delta) => objectOf(delta)[kind])
  switch (kind) {
    case 'toolUse': {
      // Joined once: the input of a server tool may come in thousands of fragments.
      const text = own.map((delta) => textOf(objectOf(delta)['input']) ?? '').join('')
      return { toolUse: { ...objectOf(start), input: text.trim() === '' ? {} : (parseJson(text) ?? text) } }
    }
    case 'toolResult':
      return { toolResult: { ...objectOf(start), content: own.flatMap(listOf) } }
    default:
      return { [kind]: Object.assign({}, objectOf(start), ...own.map(objectOf)) as Members }
  }
}

function skip(kind: string, reason: string): IrEvent {
  return { type: 'event-skip', kind, reason }
}
