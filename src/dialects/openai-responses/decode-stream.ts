// The events of a stream as canonical events. Owns the stream as a whole: its head, its items, and its end.
// What counts is the `type` inside the data: not every provider names its events.
import { GatewayError } from '../../ir/error.ts'
import type { IrEvent } from '../../ir/event.ts'
import type { JoinOpaque } from '../../ir/fold.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamDecoder } from '../dialect.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { embeddedError } from '../openai-wire/errors.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { secondsOf } from './decode-response.ts'
import { asideOf, packOwn, without, type Members } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'
import { itemType } from './item-kind.ts'
import { decodeEarlyHead, decodeHead } from './response-head.ts'
import { createStreamItem, type StreamItem } from './stream-item.ts'
import { decodeUsage } from './usage.ts'

const skipped = (kind: string, reason: string): IrEvent => ({ type: 'event-skip', kind, reason })

/**
 * A decoder for one stream.
 * @see https://platform.openai.com/docs/api-reference/responses-streaming
 */
export function createStreamDecoder(): StreamDecoder {
  const items = new Map<number, StreamItem>()
  let parts = 0
  let tools: unknown
  let started = false
  let done = false

  function start(head: Members, events: IrEvent[]): void {
    if (started) return
    started = true
    tools = head['tools']
    events.push({
      type: 'response-start',
      ...present({ id: textOf(head['id']), model: textOf(head['model']), created: secondsOf(head['created_at']) }),
      extras: decodeEarlyHead(head),
    })
  }

  function open(key: number, item: Members, events: IrEvent[]): StreamItem {
    const fresh = createStreamItem({ key, item, nextPart: () => parts++, clientHas }, events)
    items.set(key, fresh)
    return fresh
  }

  function clientHas(name: string): boolean {
    return listOf(tools).some((tool) => isObject(tool) && tool['name'] === name)
  }

  /** The item that an event is about. By position: the ids of items change within a stream at some providers. */
  function itemAt(record: Members, type: string, events: IrEvent[]): StreamItem | undefined {
    const implied = impliedType(type, record)
    const key = countOf(record['output_index']) ?? (implied === undefined ? -1 : Math.max(0, items.size - 1))
    const known = items.get(key)
    if (known !== undefined || implied === undefined) return known
    return open(key, implied === 'message' ? { type: implied, role: 'assistant' } : { type: implied }, events)
  }

  function step(type: string, record: Members, events: IrEvent[]): void {
    switch (type) {
      case 'response.created':
      case 'response.queued':
      case 'response.in_progress':
        return start(objectIn(record, 'response'), events)
      case 'response.completed':
      case 'response.incomplete':
        return complete(objectIn(record, 'response'), events)
      case 'response.failed':
      case 'response.cancelled':
        return fail(errorOf(objectIn(record, 'response')), events)
      case 'error':
        return fail(errorOf(record), events)
      case 'keepalive':
        events.push({ type: 'keep-alive' })
        return
      default:
        start({}, events)
        stepItem(type, record, events)
    }
  }

  function stepItem(type: string, record: Members, events: IrEvent[]): void {
    const item = objectIn(record, 'item')
    const key = countOf(record['output_index']) ?? (type.endsWith('.added') ? items.size : items.size - 1)
    if (type === 'response.output_item.added') {
      if (!items.has(key)) open(key, item, events)
    } else if (type === 'response.output_item.done') {
      ;(items.get(key) ?? open(key, item, events)).finish(item, events)
    } else if (itemAt(record, type, events)?.step(type, record, events) !== true)
      events.push(skipped(type, 'an event that says nothing here'))
  }

  /** The terminal: whatever its answer has beyond what was streamed, usage, and how it ended. */
  function complete(answer: Members, events: IrEvent[]): void {
    start(answer, events)
    done = true
    const late = new Map<number, Members>()
    for (const [position, item] of listOf(answer['output']).filter(isObject).entries()) {
      const key = keyOf(item, position)
      if (key === undefined) continue
      const known = items.get(key) ?? open(key, item, events)
      known.finish(item, events)
      const changes = changesOf(known, item)
      if (changes !== undefined) late.set(key, changes)
    }
    for (const item of items.values()) item.finish(undefined, events)
    const usage = decodeUsage(answer['usage'])
    if (usage !== undefined) events.push({ type: 'usage-report', usage })
    events.push({ type: 'extras-add', scope: 'response', choice: 0, extras: decodeHead(answer) })
    if (late.size > 0) events.push({ type: 'extras-add', scope: 'message', choice: 0, extras: packOwn({}, { late }) })
    const contents = [...items.values()].map((item) => item.content())
    const finish = decodeFinish(answer, {
      calls: contents.reduce((sum, { calls }) => sum + calls, 0),
      cut: contents.some(({ cut }) => cut),
      refused: contents.some(({ refused }) => refused),
    })
    events.push({ type: 'choice-finish', choice: 0, finish }, { type: 'response-end' })
  }

  /** The position of an item in the stream: where the terminal has it, or where the same call was. */
  function keyOf(item: Members, position: number): number | undefined {
    const known = items.get(position)
    if (known === undefined || known.type === itemType(item)) return position
    const call = textOf(item['call_id'])
    if (call === undefined) return undefined
    const same = [...items].find(([, candidate]) => candidate.latest()['call_id'] === call)
    return same?.[0] ?? Math.max(...items.keys()) + 1
  }

  function fail(error: GatewayError, events: IrEvent[]): void {
    done = true
    events.push({ type: 'error', error })
  }

  return {
    step(frame) {
      if (done) return []
      const data = frame.data.trim()
      if (data === '') return [{ type: 'keep-alive' }]
      const record = parseJson(data)
      // OpenRouter ends with `[DONE]`, behind the wire's own terminal.
      if (!isObject(record)) return [skipped('malformed', 'a frame that is no JSON object')]
      const events: IrEvent[] = []
      // A record without a type that has an error is how Chat Completions tells one.
      const type = textOf(record['type']) ?? frame.event ?? (isPlaceholder(record['error']) ? 'unknown' : 'error')
      step(frame.event === 'error' ? 'error' : type, record, events)
      return events
    },
    finish() {
      if (done) return []
      done = true
      return [{ type: 'error', error: new GatewayError('stream_truncated') }]
    },
  }
}

/** An opaque item, or an opaque part of a message, is what its end says, where it had one. */
export const joinOpaque: JoinOpaque = (_kind, value, deltas) => {
  const last = deltas.filter(isObject).findLast((delta) => isObject(delta['item']) || isObject(delta['part']))
  if (isObject(last?.['part'])) return packOwn(last['part'], asideOf(isObject(value) ? value : {}))
  return last?.['item'] ?? value
}

function objectIn(record: Members, key: string): Members {
  return isObject(record[key]) ? record[key] : {}
}

/** An error event, flat or with a record inside, or the error of an answer that failed. */
function errorOf(record: Members): GatewayError {
  return embeddedError(isObject(record['error']) ? record : without(record, ['type', 'status', 'object']))
}

/** The type of an item that was never announced, from an event about it. */
function impliedType(type: string, record: Members): string | undefined {
  const part = objectIn(record, 'part')
  if (type.startsWith('response.content_part.')) return part['type'] === 'reasoning_text' ? 'reasoning' : 'message'
  if (type.startsWith('response.output_text.') || type.startsWith('response.refusal.')) return 'message'
  if (type.startsWith('response.reasoning_')) return 'reasoning'
  if (type.startsWith('response.function_call_arguments.')) return 'function_call'
  return type.startsWith('response.custom_tool_call_input.') ? 'custom_tool_call' : undefined
}

// What the parts of an item say: compared there, not here.
const told: ReadonlySet<string> = new Set(['type', 'content', 'summary', 'arguments', 'input', 'name', 'role'])

function changesOf(known: StreamItem, after: Members): Members | undefined {
  const before = known.latest()
  const changed = Object.entries(after).filter(
    ([key, value]) => !told.has(key) && value !== before[key] && JSON.stringify(before[key]) !== JSON.stringify(value),
  )
  return changed.length > 0 ? Object.fromEntries(changed) : undefined
}
