// What a part of a foreign answer is on this wire. Shared by the whole answer and the stream.
import { assertNever } from '../../ir/assert-never.ts'
import type { ContentPart } from '../../ir/content.ts'
import { decodeArgs, encodePart } from './encode-part.ts'
import type { Members } from './extras.ts'

export interface AnswerPart {
  /** Absent where the wire has no such part, or the part says nothing. */
  readonly part?: Members
  /** Why it was left out; absent where nothing was lost. */
  readonly reason?: string
  /** A call whose arguments are not whole: only an answer that was cut off may leave it out. */
  readonly broken?: true
}

/** Encodes a part of an answer of another wire. Ids of calls stay verbatim. */
export function encodeAnswerPart(part: ContentPart): AnswerPart {
  switch (part.type) {
    case 'text':
    case 'refusal':
      return part.text === '' && part.signature === undefined ? {} : written(part)
    case 'reasoning':
      if (part.redacted !== undefined) return { reason: 'reasoning that only its provider can read' }
      return part.text === '' && part.signature === undefined ? {} : written(part)
    case 'tool-call': {
      if (part.kind === 'custom') return { reason: 'a call of a free-text tool' }
      const args = decodeArgs(part.input)
      if (args === undefined) return { reason: 'a tool call that was cut off', broken: true }
      // Clients of this wire read `args` without looking whether it is there.
      return written({ ...part, input: JSON.stringify(args) })
    }
    case 'image':
    case 'audio':
    case 'file':
      return written(part)
    case 'tool-result':
      return { reason: 'a tool result in an answer' }
    case 'opaque':
      return { reason: `an answer part of type ${part.kind}` }
    default:
      return assertNever(part)
  }
}

function written(part: ContentPart): AnswerPart {
  return { part: encodePart(part, { own: false }) }
}
