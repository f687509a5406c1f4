// The chunks of a stream as canonical events. Owns the stream as a whole: its head, its end, and what is no chunk. What a
// choice says is its wire's.
import type { Extras } from '../../ir/content.ts'
import { GatewayError } from '../../ir/error.ts'
import { isContent, type IrEvent } from '../../ir/event.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamDecoder } from '../dialect.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { doneData, malformedChunk, notAChunk, usageIn } from './chunk.ts'
import { embeddedError, hiddenError } from './errors.ts'
import type { Members } from './members.ts'
import { createChanges, type ChangesOptions } from './stream-changes.ts'

/** The decoder of one choice. */
export interface ChoiceDecoder {
  /** Takes an entry of `choices`. */
  add(entry: Members, events: IrEvent[]): void
  /** Whether a finish reason was seen. */
  finished(): boolean
  /** The answer is over: ends what is open and says how it ended. */
  close(events: IrEvent[]): void
}

/** What a choice may know of the answer around it. */
export interface Around {
  readonly nextPart: () => number
  /** The answer's id, once there was one. */
  readonly id: () => string | undefined
}

export interface ChunkDecoding {
  readonly known: ReadonlySet<string>
  readonly pack: ChangesOptions['pack']
  /** The members of several chunks as those of the answer. */
  readonly merge: (extras: readonly Extras[]) => Extras | undefined
  readonly choice: (index: number, around: Around) => ChoiceDecoder
  /** A short way for frames that need no reading: what one means, where it is such a frame. */
  readonly shortcut?: (data: string) => IrEvent[] | undefined
  /** Watches what a chunk became. */
  readonly watch?: (record: Members, data: string, events: readonly IrEvent[]) => void
}

/** A decoder for one stream. */
export function createChunkDecoder({ known, pack, merge, choice, shortcut, watch }: ChunkDecoding): StreamDecoder {
  const choices = new Map<number, ChoiceDecoder>()
  const changes = createChanges({ scope: 'response', choice: 0, known, pack })
  let parts = 0
  let started = false
  let done = false
  // Held back until there is content: the first chunk may have another id than the rest (Avian), or none (Azure).
  let head: { id?: string; model?: string; created?: number } = {}
  let members: Extras[] = []
  let waiting: IrEvent[] = []

  function choiceAt(index: number): ChoiceDecoder {
    const known = choices.get(index)
    if (known !== undefined) return known
    const fresh = choice(index, { nextPart: () => parts++, id: () => head.id })
    choices.set(index, fresh)
    return fresh
  }

  function release(events: readonly IrEvent[], force = false): IrEvent[] {
    if (started) return [...events]
    for (const event of events)
      if (event.type === 'extras-add' && event.scope === 'response') members.push(event.extras)
      else waiting.push(event)
    if (!force && !events.some(isContent)) return []
    started = true
    const released: IrEvent[] = [
      { type: 'response-start', ...head, ...present({ extras: merge(members) }) },
      ...waiting,
    ]
    members = []
    waiting = []
    return released
  }

  function fail(error: GatewayError, before: readonly IrEvent[] = []): IrEvent[] {
    done = true
    const kept = started ? before : [...waiting, ...before].filter((event) => event.type === 'usage-report')
    return [...kept, { type: 'error', error }]
  }

  function complete(): IrEvent[] {
    if (choices.size === 0) return fail(new GatewayError('upstream_empty'))
    done = true
    const events: IrEvent[] = []
    for (const [, choice] of [...choices].sort(([left], [right]) => left - right)) choice.close(events)
    events.push({ type: 'response-end' })
    return release(events, true)
  }

  function chunk(record: Members): IrEvent[] {
    const events: IrEvent[] = []
    const usage = usageIn(record)
    if (usage !== undefined) events.push({ type: 'usage-report', usage })
    const error = hiddenError(record)
    if (error !== undefined) return fail(error, events)
    if (!Array.isArray(record['choices']) && usage === undefined) return release([notAChunk(record)])
    if (!started)
      head = {
        ...head,
        ...present({ id: textOf(record['id']), model: textOf(record['model']), created: countOf(record['created']) }),
      }
    for (const entry of listOf(record['choices']))
      if (isObject(entry)) choiceAt(countOf(entry['index']) ?? 0).add(entry, events)
    changes.add(record, events)
    return release(events)
  }

  return {
    step(frame) {
      if (done) return []
      const data = frame.data.trim()
      const short = frame.event === undefined ? shortcut?.(data) : undefined
      if (short !== undefined) return short
      if (data === doneData) return complete()
      if (data === '') return [{ type: 'keep-alive' }]
      const value = parseJson(data)
      if (frame.event === 'error') return fail(embeddedError(value ?? data))
      if (!isObject(value)) return release([malformedChunk])
      const events = chunk(value)
      watch?.(value, data, events)
      return events
    },
    finish() {
      if (done) return []
      const whole = choices.size > 0 && [...choices.values()].every((choice) => choice.finished())
      return whole ? complete() : fail(new GatewayError('stream_truncated'))
    },
  }
}
