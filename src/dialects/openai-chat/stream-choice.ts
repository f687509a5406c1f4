// One choice of a stream: its deltas into parts. Owns where a part begins and ends.
import type { Extras } from '../../ir/content.ts'
import type { IrEvent, PartOpening } from '../../ir/event.ts'
import { isObject } from '../../wire/json-parse.ts'
import { decodeAnnotation } from './citations.ts'
import { pack, silently, type Members, type ReasoningSpelling } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'
import { listOf, textOf } from '../kit/present.ts'
import { continues, readReasoning, readThinking, reasoningKeys, type ReasoningPiece } from './reasoning.ts'
import { createStreamAudio } from './stream-audio.ts'
import { createStreamCalls } from './stream-calls.ts'
import type { ChoiceDecoder } from '../openai-wire/chunk-decoder.ts'
import { createChanges } from '../openai-wire/stream-changes.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { createStreamLogprobs } from '../openai-wire/stream-logprobs.ts'

export interface StreamChoice extends ChoiceDecoder {
  /** Takes a delta that is nothing but text. */
  say(text: string, events: IrEvent[]): void
}

interface ChoiceOptions {
  readonly choice: number
  readonly nextPart: () => number
  readonly mintId: () => string
}

/** The part that grows now. Tool calls grow beside it. */
interface Segment {
  readonly kind: 'text' | 'reasoning' | 'refusal'
  readonly part: number
  readonly spelling?: ReasoningSpelling
  signed: boolean
}

const choiceMembers = new Set(['index', 'delta', 'message', 'finish_reason', 'logprobs', 'error'])
const deltaMembers = new Set([
  'role',
  'content',
  'refusal',
  'tool_calls',
  'function_call',
  'annotations',
  'audio',
  ...reasoningKeys,
])

/** The decoder of one choice. */
export function createStreamChoice({ choice, nextPart, mintId }: ChoiceOptions): StreamChoice {
  const calls = createStreamCalls({ choice, nextPart, mintId })
  const audio = createStreamAudio(choice, nextPart)
  const logprobs = createStreamLogprobs()
  const choiceChanges = createChanges({ scope: 'choice', choice, known: choiceMembers, pack: packBoth })
  const messageChanges = createChanges({ scope: 'message', choice, known: deltaMembers, pack: packBoth })
  const seen = new Set<string>()
  let segment: Segment | undefined
  let word: string | undefined
  let begun = false
  let refused = false
  let textLength = 0
  let textStart = 0

  function endSegment(events: IrEvent[]): void {
    if (segment !== undefined) events.push({ type: 'part-end', part: segment.part })
    segment = undefined
  }

  function begin(
    kind: Segment['kind'],
    opening: PartOpening,
    events: IrEvent[],
    spelling?: ReasoningSpelling,
  ): Segment {
    endSegment(events)
    calls.endWhole(events)
    const part = nextPart()
    events.push({ type: 'part-start', part, choice, opening })
    segment = { kind, part, signed: false, ...(spelling !== undefined && { spelling }) }
    return segment
  }

  function textPart(events: IrEvent[]): number {
    if (segment?.kind === 'text') return segment.part
    textStart = textLength
    return begin('text', { type: 'text' }, events).part
  }

  function addText(text: string, events: IrEvent[]): void {
    if (text === '') return
    events.push({ type: 'text-delta', part: textPart(events), text })
    textLength += text.length
  }

  function addRefusal(text: string, events: IrEvent[]): void {
    if (text === '') return
    refused = true
    const { part } = segment?.kind === 'refusal' ? segment : begin('refusal', { type: 'refusal' }, events)
    events.push({ type: 'refusal-delta', part, text })
  }

  function addReasoning(piece: ReasoningPiece, events: IrEvent[]): void {
    const { text, signature, redacted, spelling } = piece
    const whole = redacted !== undefined || spelling.entry !== undefined
    if (!whole && text === '' && signature === undefined) return
    const open = segment?.kind === 'reasoning' ? segment : undefined
    const goesOn = open?.spelling !== undefined && continues(open.spelling, piece) && !(open.signed && text !== '')
    const current = open !== undefined && goesOn ? open : begin('reasoning', reasoningOpening(piece), events, spelling)
    if (text !== '') events.push({ type: 'reasoning-delta', part: current.part, text })
    if (signature !== undefined) events.push({ type: 'signature-delta', part: current.part, signature })
    current.signed ||= signature !== undefined
    if (whole) endSegment(events)
  }

  function addContent(content: unknown, events: IrEvent[]): void {
    if (typeof content === 'string') return addText(content, events)
    for (const entry of listOf(content)) {
      if (typeof entry === 'string') addText(entry, events)
      if (!isObject(entry)) continue
      if (entry['type'] === 'thinking') addReasoning(readThinking(entry), events)
      else if (typeof entry['text'] === 'string') addText(entry['text'], events)
      else if (typeof entry['refusal'] === 'string') addRefusal(entry['refusal'], events)
      else addOpaque(entry, events)
    }
  }

  function addOpaque(entry: Members, events: IrEvent[]): void {
    endSegment(events)
    const part = nextPart()
    const kind = textOf(entry['type']) ?? 'unknown'
    events.push({ type: 'part-start', part, choice, opening: { type: 'opaque', kind, value: entry } })
    events.push({ type: 'part-end', part })
  }

  function addCalls(delta: Members, events: IrEvent[]): void {
    const entries = listOf(delta['tool_calls']).filter(isObject)
    // What was said before a call is over; a fragment of a call that goes on beside text ends nothing.
    if (entries.some((entry) => opensCall(entry))) endSegment(events)
    for (const entry of entries) calls.add(entry, events)
    const legacy = delta['function_call']
    if (isObject(legacy) && (textOf(legacy['name']) !== undefined || textOf(legacy['arguments']) !== undefined)) {
      endSegment(events)
      calls.addLegacy(legacy, events)
    }
  }

  function addDelta(delta: Members, events: IrEvent[]): void {
    noteEmpty(delta, events)
    for (const piece of readReasoning(delta)) addReasoning(piece, events)
    addContent(delta['content'], events)
    addRefusal(textOf(delta['refusal']) ?? '', events)
    for (const annotation of listOf(delta['annotations']))
      events.push({
        type: 'citation-add',
        part: textPart(events),
        citation: decodeAnnotation(annotation, textStart),
      })
    audio.add(delta['audio'], events)
    addCalls(delta, events)
    messageChanges.add(delta, events)
  }

  function endLogprobs(events: IrEvent[]): void {
    const whole = logprobs.whole()
    if (whole === undefined) return
    const extras = isPlaceholder(whole) ? pack({}, silently({ logprobs: whole })) : pack({ logprobs: whole })
    if (extras !== undefined) events.push({ type: 'extras-add', scope: 'choice', choice, extras })
  }

  /** Empty text is no content, but a client of this wire may tell it from null; what comes after it counts. */
  function noteEmpty(delta: Members, events: IrEvent[]): void {
    const silent: Record<string, unknown> = {}
    for (const key of Object.keys(delta)) {
      const value = delta[key]
      if (seen.has(key) || value === null || !deltaMembers.has(key)) continue
      seen.add(key)
      if (isEmpty(value)) silent[key] = value
    }
    const extras = pack({}, silently(silent))
    if (extras !== undefined) events.push({ type: 'extras-add', scope: 'message', choice, extras })
  }

  return {
    add(entry, events) {
      // A whole message in a stream is the answer itself, or after deltas their repetition.
      const whole = isObject(entry['message']) && !begun ? entry['message'] : undefined
      const delta = isObject(entry['delta']) ? entry['delta'] : whole
      if (delta !== undefined) {
        begun = true
        addDelta(delta, events)
      }
      logprobs.add(entry['logprobs'])
      word = textOf(entry['finish_reason']) ?? word
      choiceChanges.add(entry, events)
    },
    say: addText,
    finished: () => word !== undefined,
    close(events) {
      endSegment(events)
      calls.end(events)
      audio.end(events)
      endLogprobs(events)
      events.push({ type: 'choice-finish', choice, finish: decodeFinish(word, { ...calls.content(), refused }) })
    },
  }
}

function packBoth(said: Members, silent: Members): Extras | undefined {
  return pack(said, silently(silent))
}

function reasoningOpening({ redacted, spelling }: ReasoningPiece): PartOpening {
  const extras = pack({}, { reasoning: spelling }) ?? {}
  return { type: 'reasoning', ...(redacted !== undefined && { redacted }), extras }
}

function opensCall(entry: Members): boolean {
  const called = entry['function'] ?? entry['custom']
  return isObject(called) && textOf(called['name']) !== undefined
}

function isEmpty(value: unknown): boolean {
  return value === '' || (Array.isArray(value) && value.length === 0)
}
