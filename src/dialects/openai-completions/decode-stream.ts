// The chunks of a stream as canonical events: one text for each choice, and then its end.
import { GatewayError } from '../../ir/error.ts'
import { isContent, type IrEvent } from '../../ir/event.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamDecoder } from '../dialect.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { doneData, malformedChunk, notAChunk, usageIn } from '../openai-wire/chunk.ts'
import { embeddedError, hiddenError } from '../openai-wire/errors.ts'
import type { Members } from '../openai-wire/members.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { createChanges, type StreamChanges } from '../openai-wire/stream-changes.ts'
import { createStreamLogprobs, type StreamLogprobs } from '../openai-wire/stream-logprobs.ts'
import { pack } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'

// The last one is random padding.
const chunkMembers: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'choices',
  'usage',
  'error',
  'obfuscation',
])
const choiceMembers: ReadonlySet<string> = new Set(['index', 'text', 'logprobs', 'finish_reason', 'error'])

interface Choice {
  readonly logprobs: StreamLogprobs
  readonly changes: StreamChanges
  /** The part that its text goes to, once there is any. */
  part: number | undefined
  word: string | undefined
}

/**
 * A decoder for one stream.
 * @see https://platform.openai.com/docs/api-reference/completions/create#completions-create-stream
 */
export function createStreamDecoder(): StreamDecoder {
  const choices = new Map<number, Choice>()
  const changes = createChanges({ scope: 'response', choice: 0, known: chunkMembers, pack })
  let parts = 0
  let started = false
  let done = false
  let head: { id?: string; model?: string; created?: number } = {}
  // Held back until there is content: the first chunk may have another id than the rest, or none.
  let waiting: IrEvent[] = []

  function choiceAt(index: number): Choice {
    const known = choices.get(index)
    if (known !== undefined) return known
    const fresh: Choice = {
      logprobs: createStreamLogprobs(),
      changes: createChanges({ scope: 'choice', choice: index, known: choiceMembers, pack }),
      part: undefined,
      word: undefined,
    }
    choices.set(index, fresh)
    return fresh
  }

  function release(events: readonly IrEvent[], force = false): IrEvent[] {
    if (started) return [...events]
    waiting.push(...events)
    if (!force && !events.some(isContent)) return []
    started = true
    const released: IrEvent[] = [{ type: 'response-start', ...head }, ...waiting]
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
    for (const [index, choice] of [...choices].sort(([left], [right]) => left - right)) endChoice(index, choice, events)
    events.push({ type: 'response-end' })
    return release(events, true)
  }

  function endChoice(index: number, choice: Choice, events: IrEvent[]): void {
    if (choice.part !== undefined) events.push({ type: 'part-end', part: choice.part })
    const logprobs = choice.logprobs.whole()
    const extras = isPlaceholder(logprobs) ? undefined : pack({ logprobs })
    if (extras !== undefined) events.push({ type: 'extras-add', scope: 'choice', choice: index, extras })
    events.push({ type: 'choice-finish', choice: index, finish: decodeFinish(choice.word) })
  }

  function addChoice(entry: Members, events: IrEvent[]): void {
    const index = countOf(entry['index']) ?? 0
    const choice = choiceAt(index)
    const text = textOf(entry['text'])
    if (text !== undefined) {
      if (choice.part === undefined) {
        choice.part = parts++
        events.push({ type: 'part-start', part: choice.part, choice: index, opening: { type: 'text' } })
      }
      events.push({ type: 'text-delta', part: choice.part, text })
    }
    choice.logprobs.add(entry['logprobs'])
    choice.word = textOf(entry['finish_reason']) ?? choice.word
    choice.changes.add(entry, events)
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
    for (const entry of listOf(record['choices'])) if (isObject(entry)) addChoice(entry, events)
    changes.add(record, events)
    return release(events)
  }

  return {
    step(frame) {
      if (done) return []
      const data = frame.data.trim()
      if (data === doneData) return complete()
      if (data === '') return [{ type: 'keep-alive' }]
      const value = parseJson(data)
      if (frame.event === 'error') return fail(embeddedError(value ?? data))
      return isObject(value) ? chunk(value) : release([malformedChunk])
    },
    finish() {
      if (done) return []
      const whole = choices.size > 0 && [...choices.values()].every((choice) => choice.word !== undefined)
      return whole ? complete() : fail(new GatewayError('stream_truncated'))
    },
  }
}
