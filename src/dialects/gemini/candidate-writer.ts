// One candidate of an encoded stream: the events of its parts into parts of this wire. Owns what waits and what goes out
// at once: text and thoughts as they come, a call when its arguments are whole.
import type { Citation, ContentPart } from '../../ir/content.ts'
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import { encodeAnswerPart } from './answer-part.ts'
import { encodePart } from './encode-part.ts'
import { asideOf, type Members } from './extras.ts'
import type { CitedText } from './grounding.ts'

export type PartEvent = Exclude<Extract<IrEvent, { readonly part: number }>, { readonly type: 'part-start' }>
export type PartStart = Extract<IrEvent, { readonly type: 'part-start' }>

export interface PartLosses {
  drop(path: string, reason: string): void
  /** A call whose arguments are not whole was left out. */
  broken(): void
}

export interface CandidateWriter {
  /** Takes a part in. `own`: it was decoded from this wire. */
  open(event: PartStart, own: boolean): void
  /** The parts that an event makes due. */
  feed(event: PartEvent): Members[]
  /** The rest of the parts that nobody ended. */
  drain(): Members[]
  /** How many parts went out. */
  written(): number
  /** Foreign citations, by the part they belong to. */
  cited(): readonly CitedText[]
}

interface OpenPart {
  readonly opening: PartOpening
  readonly own: boolean
  /** Goes out in one piece. */
  readonly whole: boolean
  /** Its place among the parts that went out; the first of them where it went out in pieces. */
  place: number | undefined
  readonly fragments: string[]
  readonly citations: Citation[]
  signature: string
}

/** A writer without parts. */
export function createCandidateWriter(losses: PartLosses): CandidateWriter {
  const parts = new Map<number, OpenPart>()
  const texts: CitedText[] = []
  let written = 0

  function write(part: OpenPart, encoded: Members): Members[] {
    part.place ??= written
    written++
    return [encoded]
  }

  function grow(part: OpenPart, text: string): Members[] {
    if (text === '') return []
    part.fragments.push(text)
    if (part.whole) return []
    return write(part, part.opening.type === 'reasoning' ? { text, thought: true } : { text })
  }

  function close(part: OpenPart): Members[] {
    if (part.citations.length > 0)
      texts.push({ partIndex: part.place ?? written, text: part.fragments.join(''), citations: part.citations })
    if (part.whole) return closeWhole(part)
    // The signature of a text that has gone out follows it on an empty part, as Google sends it.
    if (part.signature === '') return []
    const thought = part.opening.type === 'reasoning' ? { thought: true } : {}
    return write(part, { text: '', ...thought, thoughtSignature: part.signature })
  }

  function closeWhole(part: OpenPart): Members[] {
    const content = contentOf(part)
    if (part.own) return write(part, encodePart(content, { own: true }))
    const { part: encoded, reason, broken } = encodeAnswerPart(content)
    if (encoded !== undefined) return write(part, encoded)
    if (reason !== undefined) losses.drop(kindOf(part.opening), reason)
    if (broken === true) losses.broken()
    return []
  }

  function end(key: number, part: OpenPart): Members[] {
    parts.delete(key)
    return close(part)
  }

  return {
    open({ part, opening }, own) {
      const { type } = opening
      const pieces = type === 'text' || type === 'refusal' || (type === 'reasoning' && opening.redacted === undefined)
      const whole = !pieces || (own && 'extras' in opening && asideOf(opening.extras).whole === true)
      parts.set(part, { opening, own, whole, place: undefined, fragments: [], citations: [], signature: '' })
    },
    feed(event) {
      const part = parts.get(event.part)
      if (part === undefined) return []
      switch (event.type) {
        case 'text-delta':
        case 'reasoning-delta':
        case 'refusal-delta':
        case 'tool-input-delta':
          return grow(part, event.text)
        case 'signature-delta':
          part.signature += event.signature
          return []
        case 'citation-add':
          // On its own wire they stand beside the content as they came.
          if (!part.own) part.citations.push(event.citation)
          return []
        case 'opaque-delta':
          return []
        case 'part-end':
          return end(event.part, part)
      }
    },
    drain: () => [...parts].flatMap(([key, part]) => end(key, part)),
    written: () => written,
    cited: () => texts,
  }
}

function kindOf(opening: PartOpening): string {
  return opening.type === 'opaque' ? opening.kind : opening.type
}

function contentOf({ opening, fragments, signature }: OpenPart): ContentPart {
  const text = fragments.join('')
  const signed = signature === '' ? {} : { signature }
  switch (opening.type) {
    case 'tool-call':
      return { ...opening, input: text, ...signed }
    case 'opaque':
      return { ...opening, ...signed }
    case 'text':
    case 'refusal':
    case 'reasoning':
      return { ...opening, text, ...signed }
  }
}
