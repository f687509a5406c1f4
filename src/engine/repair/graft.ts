// One upstream's answer grafted onto what another one has told the client already: no second start, no text twice, the
// open part gone on with. Owns which events the client still has to hear.
import { GatewayError } from '../../ir/error.ts'
import { isContent, type IrEvent, type PartOpening } from '../../ir/event.ts'
import type { Finish } from '../../ir/response.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import type { StreamStep } from '../machine.ts'
import type { ClientVoice } from '../voice.ts'
import type { Transcript } from './transcript.ts'

/** How the new upstream was asked. */
export type Manner = 'continue' | 'restart'

interface GraftOptions {
  readonly voice: ClientVoice
  readonly transcript: Transcript
  /** What the client has of the text that this upstream may say again. */
  readonly overlap: string
  /** It says all of it again, or it is another answer. Else it may leave it out. */
  readonly isRepeated: boolean
  /** It speaks another wire than the one before: what only a wire's own reader understands is not passed on. */
  readonly isForeign: boolean
}

export interface Graft {
  write(events: readonly IrEvent[]): StreamStep
  /** The answer turned out to be another one. */
  hasDeparted(): boolean
}

type Told = Exclude<IrEvent, { readonly type: 'error' | 'response-start' | 'keep-alive' | 'event-skip' }>

/** Fits the events of one further upstream to the stream that the client is reading. */
export function createGraft({ voice, transcript, overlap, isRepeated, isForeign }: GraftOptions): Graft {
  let swallowed = 0
  let isThrough = overlap === ''
  let hasSpoken = false
  let departed = false
  let usage: Usage | undefined
  let finish: IrEvent | undefined
  /** The upstream's parts: the client's number, null for one that is not told, undefined for text yet unsaid. */
  const parts = new Map<number, number | null | undefined>()

  function depart(): IrEvent[] {
    departed = true
    return [{ type: 'error', error: new GatewayError('stream_truncated', { message: anotherAnswer }) }]
  }

  /** Closes the part that the client has open, where nobody writes on in it. */
  function closeOpen(): IrEvent[] {
    const open = transcript.openPart()
    return open === undefined || [...parts.values()].includes(open) ? [] : [{ type: 'part-end', part: open }]
  }

  function start(event: IrEvent & { type: 'part-start' }): IrEvent[] {
    const { type } = event.opening
    if (type === 'text' && event.choice === 0) {
      parts.set(event.part, undefined)
      return []
    }
    // What was thought before the text that the client has would stand behind it.
    const isLate = type === 'reasoning' && (!isThrough || !hasSpoken)
    if (isLate || event.choice !== 0 || (type === 'opaque' && isForeign)) {
      parts.set(event.part, null)
      return [
        { type: 'event-skip', kind: type, reason: 'it does not fit behind what was said before the stream broke' },
      ]
    }
    if (isRepeated && !isThrough) return depart()
    isThrough = true
    const part = transcript.nextPart()
    const before = closeOpen()
    parts.set(event.part, part)
    return [...before, { ...event, part, opening: plain(event.opening) }]
  }

  function say(event: IrEvent & { type: 'text-delta' }): IrEvent[] {
    const text = isThrough ? event.text : behindOverlap(event.text)
    if (departed) return depart()
    if (text === '') return []
    hasSpoken = true
    const known = parts.get(event.part)
    if (known === null) return []
    if (known !== undefined) return [{ type: 'text-delta', part: known, text }]
    const before = transcript.openPart()
    const part = before !== undefined && closeOpen().length > 0 ? before : transcript.nextPart()
    parts.set(event.part, part)
    const delta: IrEvent = { type: 'text-delta', part, text }
    return part === before ? [delta] : [{ type: 'part-start', part, choice: 0, opening: { type: 'text' } }, delta]
  }

  /** What of a text the client does not have. */
  function behindOverlap(text: string): string {
    let same = 0
    while (same < text.length && swallowed < overlap.length && text[same] === overlap[swallowed]) {
      same++
      swallowed++
    }
    if (swallowed === overlap.length) isThrough = true
    else if (same < text.length) {
      departed = isRepeated
      isThrough = true
    }
    return text.slice(same)
  }

  function end(part: number): IrEvent[] {
    const known = parts.get(part)
    parts.delete(part)
    return typeof known === 'number' ? [{ type: 'part-end', part: known }] : []
  }

  function tell(event: Told): IrEvent[] {
    switch (event.type) {
      case 'part-start':
        return start(event)
      case 'text-delta':
        return say(event)
      case 'part-end':
        return end(event.part)
      case 'extras-add':
        return isForeign || !isThrough ? [] : [event]
      case 'usage-report':
        usage = mergeUsage(usage, event.usage)
        voice.learn(event)
        return []
      case 'choice-finish':
        // Told with the end alone: whoever breaks off before it has finished nothing.
        if (event.choice === 0) finish = isForeign ? { ...event, finish: plainFinish(event.finish) } : event
        return []
      case 'response-end':
        if (isRepeated && !isThrough) return depart()
        return [...closeOpen(), ...(finish === undefined ? [] : [finish]), ...counted(), event]
      default: {
        const part = parts.get(event.part)
        if (typeof part === 'number') return [{ ...event, part }]
        return part === null
          ? []
          : [{ type: 'event-skip', kind: event.type, reason: 'it belongs to text that was said before' }]
      }
    }
  }

  // At the end, so that the counts of an upstream that broke off as well are not among them.
  function counted(): IrEvent[] {
    if (usage === undefined) return []
    const { extras, ...counters } = usage
    usage = undefined
    const own = isForeign || extras === undefined ? counters : { ...counters, extras }
    return [{ type: 'usage-report', usage: { ...zeros(transcript.usage()), ...own } }]
  }

  function plain(opening: PartOpening): PartOpening {
    if (!isForeign || !('extras' in opening)) return opening
    const { extras: _extras, ...rest } = opening
    return rest
  }

  return {
    write(events) {
      let kind: StreamStep['kind'] = 'idle'
      const told: IrEvent[] = []
      for (const event of events) {
        if (isContent(event)) kind = 'content'
        if (event.type === 'response-start') voice.learn(event)
        else if (event.type === 'error' || event.type === 'keep-alive' || event.type === 'event-skip') told.push(event)
        else told.push(...tell(event))
        if (departed) break
      }
      const step = voice.write(told)
      // Text that the client has already is progress all the same.
      return step.kind === 'idle' ? { ...step, kind } : step
    },
    hasDeparted: () => departed,
  }
}

const anotherAnswer = 'the answer of the other target is not the one that was begun'

const counterNames = ['input', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'output', 'reasoning'] as const

/** What the upstream before has counted is none of this answer, and a counter cannot be taken back. */
function zeros(before: Usage | undefined): Partial<Usage> {
  const counted = counterNames.filter((name) => before?.[name] !== undefined)
  return Object.fromEntries(counted.map((name) => [name, 0]))
}

// The word and the members of another wire mean nothing on this one.
function plainFinish({ class: kind, stopSequence }: Finish): Finish {
  return { class: kind, ...(stopSequence !== undefined && { stopSequence }) }
}
