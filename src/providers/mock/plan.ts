// What a script makes of an answer: which pieces of it leave, with what pauses, and how it ends. Sends nothing.
import type { Script } from './script.ts'
import type { MockStream, Piece } from './wire.ts'

/** A body that is about to be sent. */
export interface BodyPlan {
  readonly pieces: readonly Piece[]
  /** Milliseconds before every piece from `slowFrom` on. */
  readonly delayMs: number
  readonly slowFrom: number
  /** What is sent for ever behind the pieces. */
  readonly again: Piece | undefined
  /** How it ends: well, with the connection, or never. */
  readonly ending: 'end' | 'break' | 'silence'
}

const atOnce = { delayMs: 0, slowFrom: 0, again: undefined, ending: 'end' } as const

/** A body in one piece. */
export function wholePlan(text: string): BodyPlan {
  return { ...atOnce, pieces: [text] }
}

/** A whole answer as the script wants it: what breaks a stream after some content, breaks it in the middle. */
export function brokenPlan(script: Script, text: string): BodyPlan {
  const half = text.slice(0, Math.ceil(text.length / 2))
  switch (script.type) {
    case 'cut':
      return { ...atOnce, pieces: [half] }
    case 'reset':
      return { ...atOnce, pieces: script.after === 0 && script.half !== true ? [] : [half], ending: 'break' }
    case 'stall':
      return { ...atOnce, pieces: [half], ending: 'silence' }
    case 'silent':
      return { ...atOnce, pieces: [], ending: 'silence' }
    case 'malformed':
      return { ...atOnce, pieces: [withoutBrace(text)] }
    case 'drip':
      return { ...atOnce, pieces: [half, ...text.slice(half.length)], delayMs: script.delayMs, slowFrom: 1 }
    case 'pings':
      return { ...atOnce, pieces: [], again: '\n', delayMs: script.delayMs }
    case 'endless':
      return { ...atOnce, pieces: [half], again: ' '.repeat(64 * 1024), delayMs: script.delayMs, slowFrom: 1 }
    default:
      return wholePlan(text)
  }
}

/** A stream as the script wants it: all of it, or some and then a fault. */
export function streamPlan(script: Script, stream: MockStream): BodyPlan {
  const { start, content, end } = stream
  const pieces = [start, ...content, end].filter((piece) => piece.length > 0)
  switch (script.type) {
    case 'cut':
      return { ...atOnce, pieces: begun(stream, script.after) }
    case 'reset':
      return { ...atOnce, pieces: broken(stream, script), ending: 'break' }
    case 'stall':
      return { ...atOnce, pieces: begun(stream, script.after), ending: 'silence' }
    case 'silent':
      return { ...atOnce, pieces: begun(stream, 0), ending: 'silence' }
    case 'error': {
      const error = stream.error(script.after)
      return { ...atOnce, pieces: script.bare === true ? [error] : [...begun(stream, script.after), error] }
    }
    case 'malformed': {
      const at = Math.min(script.after, content.length - 1)
      const bad = content.map((piece, index) => (index === at ? damaged(piece) : piece))
      return { ...atOnce, pieces: [start, ...bad, end].filter((piece) => piece.length > 0) }
    }
    case 'slow':
      return { ...atOnce, pieces, delayMs: script.delayMs, slowFrom: 1 }
    case 'drip': {
      const opening = begun(stream, 1)
      const rest = pieces.slice(opening.length).flatMap((piece) => bytesOf(piece))
      return { ...atOnce, pieces: [...opening, ...rest], delayMs: script.delayMs, slowFrom: opening.length }
    }
    case 'pings':
      return pinged(stream, script)
    case 'endless': {
      // One from the middle neither begins nor ends anything.
      const again = content[Math.floor(content.length / 2)]
      return { ...atOnce, pieces: begun(stream, content.length - 1), again, delayMs: script.delayMs, slowFrom: 1 }
    }
    default:
      return { ...atOnce, pieces }
  }
}

/** The opening and so many pieces of content. */
function begun({ start, content }: MockStream, after: number): readonly Piece[] {
  return [start, ...content.slice(0, after)].filter((piece) => piece.length > 0)
}

function broken(stream: MockStream, { after, half }: Script & { type: 'reset' }): readonly Piece[] {
  const next = stream.content[after] ?? stream.end
  return half === true ? [...begun(stream, after), next.slice(0, Math.ceil(next.length / 2))] : begun(stream, after)
}

// A comment, on a wire that has some; the others know no sign of life.
function pinged(stream: MockStream, { after, delayMs }: Script & { type: 'pings' }): BodyPlan {
  const pieces = begun(stream, after)
  if (stream.contentType !== 'text/event-stream') return { ...atOnce, pieces, ending: 'silence' }
  return { ...atOnce, pieces, again: ': still here\n\n', delayMs, slowFrom: pieces.length }
}

/** An event that cannot be read: JSON without its last brace, or bytes whose checksum is of others. */
function damaged(piece: Piece): Piece {
  if (typeof piece === 'string') return withoutBrace(piece)
  const bytes = piece.slice()
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 0xff
  return bytes
}

function withoutBrace(text: string): string {
  const at = text.lastIndexOf('}')
  return text.slice(0, at) + text.slice(at + 1)
}

const encoder = new TextEncoder()

function bytesOf(piece: Piece): readonly Uint8Array[] {
  const bytes = typeof piece === 'string' ? encoder.encode(piece) : piece
  return Array.from(bytes, (_byte, index) => bytes.subarray(index, index + 1))
}
