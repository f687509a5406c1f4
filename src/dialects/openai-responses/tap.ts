// Watches a stream of this wire go by without changing it. Cheap: once content was seen, only the frames that can say
// something else are read, and what the answer amounts to is in its terminal.
import type { Finish } from '../../ir/response.ts'
import type { Usage } from '../../ir/usage.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamTap, TapSignal } from '../dialect.ts'
import { present, textOf } from '../kit/present.ts'
import { createWireMeter } from '../kit/wire-meter.ts'
import { embeddedError } from '../openai-wire/errors.ts'
import { contentOf } from './decode-response.ts'
import { without, type Members } from './extras.ts'
import { decodeFinish } from './finish-reason.ts'
import { decodeUsage } from './usage.ts'

// Inside a text the quotes around these would be escaped.
const telling = /"response\.(?:completed|incomplete|failed|cancelled)"|"error"|event: ?error|\[DONE\]/

const idle: TapSignal = { type: 'idle' }
const content: TapSignal = { type: 'content' }

// Up to the next one at most: from each of many to the end would take time that grows with the square of the event.
const added = '"response\\.output_item\\.added"'
const calls = `${added}(?:(?!${added})[^\\n])*?"name"\\s*:\\s*"`

// They open what is still empty.
const idleTypes: ReadonlySet<string> = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.reasoning_summary_part.added',
  'response.reasoning_part.added',
  'keepalive',
])

/** A tap for one stream. */
export function createStreamTap(): StreamTap {
  let names: { readonly id?: string; readonly model?: string } | undefined
  // What the deltas said is said once more at the end of each part, and again at the end of the answer.
  const meter = createWireMeter({ strings: 'delta', calls })
  let usage: Usage | undefined
  let finish: Finish | undefined
  let committed = false
  let broken = false

  function end(answer: Members): TapSignal {
    usage = decodeUsage(answer['usage'])
    if (usage?.output !== undefined) meter.reported()
    finish = decodeFinish(answer, contentOf(answer))
    return { type: 'end' }
  }

  function fail(record: Members): TapSignal {
    broken = true
    const body = isObject(record['error']) ? record : without(record, ['type', 'status', 'object'])
    return { type: 'error', error: embeddedError(body) }
  }

  function read(type: string, record: Members): TapSignal {
    const answer = isObject(record['response']) ? record['response'] : {}
    names ??= namesOf(answer)
    switch (type) {
      case 'response.completed':
      case 'response.incomplete':
        return end(answer)
      case 'response.failed':
      case 'response.cancelled':
        return fail(answer)
      case 'error':
        return fail(record)
      default:
        return isAnswer(type, record) ? content : idle
    }
  }

  return {
    step({ event, data }) {
      if (broken || finish !== undefined) return idle
      meter.event(data)
      if (committed && event !== 'error' && !telling.test(data)) return content
      const record = parseJson(data)
      if (!isObject(record)) return event === 'error' ? fail({ message: data }) : idle
      const signal = read(event === 'error' ? event : (textOf(record['type']) ?? event ?? ''), record)
      if (signal.type === 'content') committed = true
      return signal
    },
    skim(text) {
      if (!committed || broken || finish !== undefined) return undefined
      // Without a delta it is no progress: comments, pings.
      return text.includes('.delta"') && !telling.test(text)
    },
    passed: meter.events,
    report: () => ({
      complete: finish !== undefined && !broken,
      ...present({ usage, finish, count: meter.count() }),
      ...names,
    }),
    // The terminal is what makes an answer complete: nothing can be lacking behind it.
    closing: (): Frame[] => [],
  }
}

function namesOf(answer: Members): { readonly id?: string; readonly model?: string } | undefined {
  const names = present({ id: textOf(answer['id']), model: textOf(answer['model']) })
  return Object.keys(names).length > 0 ? names : undefined
}

/** Whether an event says something that the client was waiting for. */
function isAnswer(type: string, record: Members): boolean {
  if (idleTypes.has(type) || !type.startsWith('response.')) return false
  if (type === 'response.output_item.added') {
    const kind = isObject(record['item']) ? record['item']['type'] : undefined
    return kind !== 'message' && kind !== 'reasoning'
  }
  if (type === 'response.content_part.added') {
    const part = isObject(record['part']) ? record['part'] : {}
    return textOf(part['text']) !== undefined || textOf(part['refusal']) !== undefined
  }
  return !('delta' in record) || record['delta'] !== ''
}
