// One candidate of an encoded stream: the events of its parts into parts of this wire. Owns what waits and what goes out
// at once: text and thoughts as they come, a call when its arguments are whole, and each part behind the one before it.
import type { Citation, ContentPart } from '../../ir/content.ts'
import { isContent, type IrEvent, type PartOpening } from '../../ir/event.ts'
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
  readonly fragments: string[]
  readonly citations: Citation[]
  /** What it said before its turn came. */
  readonly waiting: Members[]
  signature: string
  ended: boolean
  /** Its place among the parts that went out; the first of them where it went out in pieces. */
  place: number | undefined
}

/** A writer without parts. */
export function createCandidateWriter(losses: PartLosses): CandidateWriter {
  const parts = new Map<number, OpenPart>()
  // In the order in which they first had something to say. Only the first one goes out.
  const queue: OpenPart[] = []
  const cited: OpenPart[] = []
  let written = 0

  function flush(): Members[] {
    const due: Members[] = []
    for (;;) {
      const [first] = queue
      if (first === undefined) return due
      if (first.waiting.length > 0) first.place ??= written
      written += first.waiting.length
      due.push(...first.waiting.splice(0))
      if (!first.ended) return due
      queue.shift()
    }
  }

  function grow(part: OpenPart, text: string): void {
    if (text === '') return
    part.fragments.push(text)
    if (!part.whole) part.waiting.push(part.opening.type === 'reasoning' ? { text, thought: true } : { text })
  }

  function end(key: number, part: OpenPart): void {
    parts.delete(key)
    part.ended = true
    if (part.citations.length > 0) cited.push(part)
    if (part.whole) part.waiting.push(...wholeOf(part))
    else if (part.signature !== '') {
      // The signature of a text that has gone out follows it on an empty part, as Google sends it.
      const thought = part.opening.type === 'reasoning' ? { thought: true } : {}
      part.waiting.push({ text: '', ...thought, thoughtSignature: part.signature })
    }
  }

  function wholeOf(part: OpenPart): Members[] {
    const content = contentOf(part)
    if (part.own) return [encodePart(content, { own: true })]
    const { part: encoded, reason, broken } = encodeAnswerPart(content)
    if (reason !== undefined)
      losses.drop(part.opening.type === 'opaque' ? part.opening.kind : part.opening.type, reason)
    if (broken === true) losses.broken()
    return encoded === undefined ? [] : [encoded]
  }

  function take(part: OpenPart, event: PartEvent): void {
    switch (event.type) {
      case 'text-delta':
      case 'reasoning-delta':
      case 'refusal-delta':
      case 'tool-input-delta':
        return grow(part, event.text)
      case 'signature-delta':
        part.signature += event.signature
        return
      case 'citation-add':
        // On its own wire they stand beside the content as they came.
        if (!part.own) part.citations.push(event.citation)
        return
      case 'part-end':
        return end(event.part, part)
      case 'opaque-delta':
    }
  }

  function appear(part: OpenPart, event: IrEvent): void {
    if (!queue.includes(part) && !part.ended && isContent(event)) queue.push(part)
  }

  return {
    open(event, own) {
      const { opening } = event
      const { type } = opening
      const pieces = type === 'text' || type === 'refusal' || (type === 'reasoning' && opening.redacted === undefined)
      const whole = !pieces || (own && 'extras' in opening && asideOf(opening.extras).whole === true)
      const part: OpenPart = {
        opening,
        own,
        whole,
        fragments: [],
        citations: [],
        waiting: [],
        signature: '',
        ended: false,
        place: undefined,
      }
      parts.set(event.part, part)
      appear(part, event)
    },
    feed(event) {
      const part = parts.get(event.part)
      if (part === undefined) return []
      appear(part, event)
      take(part, event)
      return flush()
    },
    drain() {
      for (const [key, part] of parts) end(key, part)
      return flush()
    },
    written: () => written,
    cited: () =>
      cited.map(({ place, fragments, citations }) => ({
        partIndex: place ?? 0,
        text: fragments.join(''),
        citations,
      })),
  }
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
