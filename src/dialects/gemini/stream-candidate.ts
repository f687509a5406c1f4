// One candidate of a stream: its parts into events. Owns where a part begins and ends.
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import { isObject } from '../../wire/json-parse.ts'
import { textOf } from '../kit/present.ts'
import { camelPart, contentKind, encodeArgs, sideMembers } from './decode-part.ts'
import { pack, packOwn, unknownMembers, type Members } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'
import { decodeCitations, type PlacedCitation } from './grounding.ts'
import { camelRecord, repeated } from './names.ts'
import { candidateExtras, withoutSources } from './decode-response.ts'
import { createPartialArgs, type PartialArgs } from './partial-args.ts'

export interface StreamCandidate {
  /** Takes an entry of `candidates`. */
  add(candidate: Members, events: IrEvent[]): void
  /** Whether it said how it ended, and nothing came after that. */
  finished(): boolean
  /** The answer is over: ends what is open and says how it ended. */
  close(events: IrEvent[]): void
}

interface CandidateOptions {
  readonly choice: number
  readonly nextPart: () => number
  readonly called: (id: unknown, name: string) => string
}

/** The text or the thoughts that grow now. */
interface Segment {
  readonly kind: 'text' | 'reasoning'
  readonly part: number
  readonly fragments: string[]
}

/** A call whose arguments come in pieces. */
interface OpenCall {
  readonly part: number
  readonly id: string | undefined
  readonly args: PartialArgs
}

/** The decoder of one candidate. */
export function createStreamCandidate({ choice, nextPart, called }: CandidateOptions): StreamCandidate {
  let segment: Segment | undefined
  let open: OpenCall | undefined
  let citations: readonly PlacedCitation[] = []
  let calls = 0
  let cut = false
  let word: string | undefined
  // The members around the content repeat from chunk to chunk.
  const told = new Map<string, string>()

  function start(opening: PartOpening, events: IrEvent[]): number {
    endSegment(events)
    endCall(events)
    const part = nextPart()
    events.push({ type: 'part-start', part, choice, opening })
    return part
  }

  function endSegment(events: IrEvent[]): void {
    if (segment === undefined) return
    cite(segment, events)
    events.push({ type: 'part-end', part: segment.part })
    segment = undefined
  }

  /** Grounding comes with the last chunk of the text it is about. */
  function cite({ kind, part, fragments }: Segment, events: IrEvent[]): void {
    if (kind !== 'text' || citations.length === 0) return
    const text = fragments.join('')
    for (const placed of citations) events.push({ type: 'citation-add', part, citation: placed.citation(text) })
    citations = []
  }

  function endCall(events: IrEvent[]): void {
    if (open === undefined) return
    cut ||= open.args.cut
    events.push({ type: 'tool-input-delta', part: open.part, text: JSON.stringify(open.args.value()) })
    events.push({ type: 'part-end', part: open.part })
    open = undefined
  }

  /** A part that came in one piece: with a signature, or with members that no delta has. */
  function whole(opening: PartOpening, content: readonly ((part: number) => IrEvent)[], events: IrEvent[]): void {
    const part = start(opening, events)
    events.push(...content.map((event) => event(part)), { type: 'part-end', part })
  }

  function addText(part: Members, text: string, events: IrEvent[]): void {
    const kind = part['thought'] === true ? 'reasoning' : 'text'
    const signature = textOf(part['thoughtSignature'])
    const said = unknownMembers(part, new Set(['text', 'thought', 'thoughtSignature']))
    const delta = (at: number): IrEvent => ({ type: `${kind}-delta`, part: at, text })
    if (text === '' && signature !== undefined && segment?.kind === kind && Object.keys(said).length === 0) {
      // An empty part that carries the signature of what came before it.
      events.push({ type: 'signature-delta', part: segment.part, signature })
      endSegment(events)
      return
    }
    if (signature !== undefined || Object.keys(said).length > 0) {
      const extras = pack(said, { whole: true }) ?? {}
      whole({ type: kind, extras }, [...(text === '' ? [] : [delta]), ...signing(signature)], events)
      return
    }
    if (text === '') return
    if (segment?.kind !== kind) segment = { kind, part: start({ type: kind }, events), fragments: [] }
    segment.fragments.push(text)
    events.push(delta(segment.part))
  }

  function addCall(part: Members, call: Members, events: IrEvent[]): void {
    const name = textOf(call['name'])
    const id = textOf(call['id'])
    const pieces = repeated(call['partialArgs'])
    const grows = pieces.length > 0 || call['willContinue'] === true
    // Pieces without a name, or under the name of the open call, belong to it; so does the empty record that ends it.
    if (open !== undefined && (name === undefined || (pieces.length > 0 && id !== undefined && id === open.id))) {
      for (const piece of pieces) open.args.add(piece)
      if (!grows) endCall(events)
      return
    }
    if (name === undefined) {
      events.push({ type: 'event-skip', kind: 'functionCall', reason: 'a piece of a call that was not opened' })
      return
    }
    calls++
    const extras = callExtras(part, call, id)
    const opening: PartOpening = { type: 'tool-call', id: called(id, name), name, ...extras }
    const signed = signing(textOf(part['thoughtSignature']))
    if (!grows) {
      const input = encodeArgs(call['args'])
      const delta = (at: number): IrEvent => ({ type: 'tool-input-delta', part: at, text: input })
      whole(opening, [...(input === '' ? [] : [delta]), ...signed], events)
      return
    }
    const at = start(opening, events)
    events.push(...signed.map((event) => event(at)))
    open = { part: at, id, args: createPartialArgs(call['args']) }
    for (const piece of pieces) open.args.add(piece)
  }

  function addPart(value: unknown, events: IrEvent[]): void {
    if (!isObject(value)) return
    const part = camelPart(value)
    const { text, functionCall } = part
    const kind = contentKind(part)
    if (isObject(functionCall)) addCall(part, functionCall, events)
    else if (typeof text === 'string' || kind === undefined) addText(part, typeof text === 'string' ? text : '', events)
    else {
      const { thoughtSignature, ...opaque } = part
      whole({ type: 'opaque', kind, value: opaque }, signing(textOf(thoughtSignature)), events)
    }
  }

  function addExtras(candidate: Members, events: IrEvent[]): void {
    const news = Object.entries(candidateExtras(candidate)).filter(([key, value]) => {
      const json = JSON.stringify(value)
      if (told.get(key) === json) return false
      told.set(key, json)
      return true
    })
    if (news.length === 0) return
    const { said, silent } = withoutSources(Object.fromEntries(news))
    events.push({ type: 'extras-add', scope: 'choice', choice, extras: packOwn(said, { silent }) })
  }

  return {
    add(candidate, events) {
      const parts = repeated(camelRecord(candidate['content'])['parts'])
      citations = [...citations, ...decodeCitations(candidate)]
      addExtras(candidate, events)
      for (const part of parts) addPart(part, events)
      // A server's own tools have a finish of theirs, and the answer goes on behind it.
      if (parts.some((part) => isContentPart(camelRecord(part)))) word = undefined
      word = textOf(candidate['finishReason']) ?? word
    },
    finished: () => word !== undefined,
    close(events) {
      endSegment(events)
      endCall(events)
      if (word !== undefined) events.push({ type: 'choice-finish', choice, finish: decodeFinish(word, { calls, cut }) })
    },
  }
}

function signing(signature: string | undefined): ((part: number) => IrEvent)[] {
  return signature === undefined ? [] : [(part) => ({ type: 'signature-delta', part, signature })]
}

function callExtras(
  part: Members,
  call: Members,
  id: string | undefined,
): Pick<PartOpening & { type: 'tool-call' }, 'extras'> {
  const side = new Set(['functionCall', 'thoughtSignature'])
  const inner = unknownMembers(call, new Set(['id', 'name', 'args', 'partialArgs', 'willContinue']), 'functionCall')
  const said = { ...unknownMembers(part, side), ...inner }
  const extras = pack(said, { id: { value: id } })
  return extras === undefined ? {} : { extras }
}

/** Whether a part of a chunk is content that a client waits for. */
export function isContentPart(part: Members): boolean {
  return Object.entries(part).some(
    ([key, value]) => (key === 'thoughtSignature' || !sideMembers.has(key)) && value !== '' && value !== null,
  )
}
