// The chunks of a stream as canonical events. Owns the stream as a whole: its head, its end, and what is no chunk.
import { GatewayError } from '../../ir/error.ts'
import { isContent, type IrEvent } from '../../ir/event.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamDecoder } from '../dialect.ts'
import { doneData, malformedChunk, notAChunk, usageIn } from '../openai-wire/chunk.ts'
import { createCallIds, mintedPrefix } from './call-ids.ts'
import { embeddedError, hiddenError } from '../openai-wire/errors.ts'
import { asideOf, pack, packOwn, saidMembers, silently, type Members } from './extras.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { createRepeatedText } from '../kit/repeated-text.ts'
import { createChanges } from '../openai-wire/stream-changes.ts'
import { createStreamChoice, type StreamChoice } from './stream-choice.ts'

// The last two are random padding (OpenAI, Mistral).
const chunkMembers = new Set(['id', 'object', 'created', 'model', 'choices', 'usage', 'error', 'obfuscation', 'p'])

/**
 * A decoder for one stream.
 * @see https://platform.openai.com/docs/api-reference/chat-streaming
 */
export function createStreamDecoder(): StreamDecoder {
  const choices = new Map<number, StreamChoice>()
  const changes = createChanges({
    scope: 'response',
    choice: 0,
    known: chunkMembers,
    pack: (said, silent) => pack(said, silently(silent)),
  })
  // Only while what a frame means follows from the frame alone: nothing of it may be counted or collected elsewhere.
  const repeated = createRepeatedText('content')
  let talking: StreamChoice | undefined
  let parts = 0
  let minted: (() => string) | undefined
  let started = false
  let done = false
  // Held back until there is content: the first chunk may have another id than the rest (Avian), or none (Azure).
  let head: { id?: string; model?: string; created?: number } = {}
  let said: Members = {}
  let silent: Members = {}
  let waiting: IrEvent[] = []

  function choiceAt(index: number): StreamChoice {
    const known = choices.get(index)
    if (known !== undefined) return known
    const fresh = createStreamChoice({ choice: index, nextPart: () => parts++, mintId })
    choices.set(index, fresh)
    return fresh
  }

  function mintId(): string {
    if (minted === undefined) {
      const ids = createCallIds(mintedPrefix(head.id))
      minted = () => ids.called(undefined, '')
    }
    return minted()
  }

  function release(events: readonly IrEvent[], force = false): IrEvent[] {
    if (started) return [...events]
    for (const event of events) {
      if (event.type !== 'extras-add' || event.scope !== 'response') waiting.push(event)
      else {
        said = { ...said, ...saidMembers(event.extras) }
        silent = { ...silent, ...asideOf(event.extras).silent }
      }
    }
    if (!force && !events.some(isContent)) return []
    started = true
    const start: IrEvent = { type: 'response-start', ...head, extras: packOwn(said, silently(silent)) }
    const released = [start, ...waiting]
    waiting = []
    return released
  }

  function fail(error: GatewayError, before: readonly IrEvent[] = []): IrEvent[] {
    done = true
    return [...waiting, ...before]
      .filter((event) => started || event.type === 'usage-report')
      .concat({ type: 'error', error })
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
    for (const choice of listOf(record['choices']))
      if (isObject(choice)) choiceAt(countOf(choice['index']) ?? 0).add(choice, events)
    changes.add(record, events)
    return release(events)
  }

  /** Reads a chunk; where it was nothing but text, the next one like it need not be read. */
  function read(record: Members, data: string): IrEvent[] {
    const events = chunk(record)
    const [event] = events
    repeated.forget()
    if (events.length === 1 && event?.type === 'text-delta' && isBare(record)) {
      talking = choices.get(countOf(firstChoice(record)['index']) ?? 0)
      repeated.learn(data, event.text, contentOf)
    }
    return events
  }

  function goOn(text: string, choice: StreamChoice): IrEvent[] {
    const events: IrEvent[] = []
    choice.say(text, events)
    return events
  }

  return {
    step(frame) {
      if (done) return []
      const data = frame.data.trim()
      const text = frame.event === undefined ? repeated.textIn(data) : undefined
      if (text !== undefined && talking !== undefined) return goOn(text, talking)
      if (data === doneData) return complete()
      if (data === '') return [{ type: 'keep-alive' }]
      const value = parseJson(data)
      if (frame.event === 'error') return fail(embeddedError(value ?? data))
      return isObject(value) ? read(value, data) : release([malformedChunk])
    },
    finish() {
      if (done) return []
      const whole = choices.size > 0 && [...choices.values()].every((choice) => choice.finished())
      return whole ? complete() : fail(new GatewayError('stream_truncated'))
    },
  }
}

/** One choice, and no log probabilities, which are collected over the whole stream. */
function isBare(record: Members): boolean {
  return listOf(record['choices']).length === 1 && (firstChoice(record)['logprobs'] ?? null) === null
}

function contentOf(value: unknown): unknown {
  const delta = isObject(value) ? firstChoice(value)['delta'] : undefined
  return isObject(delta) ? delta['content'] : undefined
}

function firstChoice(record: Members): Members {
  const [choice] = listOf(record['choices'])
  return isObject(choice) ? choice : {}
}
