// Watches a stream of chunks go by: usage, finish, model, id, and where content begins. What a choice says is its wire's.
import type { RequestFacts } from '../../ir/facts.ts'
import type { GatewayError } from '../../ir/error.ts'
import type { Finish } from '../../ir/response.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { StreamTap, TapSignal } from '../dialect.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { createWireMeter } from '../kit/wire-meter.ts'
import { doneData, usageIn } from './chunk.ts'
import { embeddedError, hiddenError } from './errors.ts'
import type { Members } from './members.ts'

/** What the chunks of one wire say. */
export interface ChunkRules {
  /** What the model writes; see `createWireMeter`. */
  readonly written: { readonly strings: string; readonly calls?: string; readonly foreign?: string }
  /** Whether a chunk in full flow needs no reading: it has content, and nothing that a tap does not know yet. */
  isFlowing(data: string): boolean
  /** Takes a choice in. Whether it holds content. */
  readChoice(choice: Members): boolean
  /** The finish that the first choice's word means; undefined where the stream ended without one. */
  finish(word: string | undefined): Finish
}

// After the first content only frames that may say one of these are parsed: usage or an error that is not null, or a
// finish reason. In a text the quotes around the name are escaped; a hit leads to a parse and no more.
const telling = /"(?:usage|error)"\s*:\s*[^\sn]|"finish_reason"\s*:\s*"[^"]/

const idle: TapSignal = { type: 'idle' }
const content: TapSignal = { type: 'content' }

/** A tap for one stream. */
export function createChunkTap(facts: RequestFacts, rules: ChunkRules): StreamTap {
  const finishes = new Map<number, string>()
  const meter = createWireMeter(rules.written)
  let usage: Usage | undefined
  let id: string | undefined
  let model: string | undefined
  let answered = false
  let done = false
  let broken = false

  function isComplete(): boolean {
    return !broken && (done || finishes.size >= facts.choices)
  }

  function isFlowing(text: string): boolean {
    return rules.isFlowing(text) && !telling.test(text)
  }

  function failed(error: GatewayError): TapSignal {
    broken = true
    return { type: 'error', error }
  }

  function readChoice(choice: Members): boolean {
    const word = textOf(choice['finish_reason'])
    if (word !== undefined) finishes.set(countOf(choice['index']) ?? 0, word)
    return rules.readChoice(choice)
  }

  function read(record: Members): TapSignal {
    const counted = usageIn(record)
    if (counted !== undefined) usage = mergeUsage(usage, counted)
    if (counted?.output !== undefined) meter.reported()
    const error = hiddenError(record)
    if (error !== undefined) return failed(error)
    // Those of the content: first chunks have none or another, and later ones may rotate.
    id = answered ? (id ?? textOf(record['id'])) : (textOf(record['id']) ?? id)
    model = answered ? (model ?? textOf(record['model'])) : (textOf(record['model']) ?? model)
    const choices = listOf(record['choices']).filter(isObject)
    const says = choices.map(readChoice).includes(true)
    if (says) answered = true
    if (choices.length === 0 && isObject(record['usage']) && !facts.wantsUsage) return { type: 'hidden' }
    return says ? content : idle
  }

  return {
    step({ event, data }) {
      if (done || broken) return idle
      if (data.trim() === doneData) {
        done = true
        return { type: 'end' }
      }
      if (event === 'error') return failed(embeddedError(parseJson(data) ?? data))
      meter.event(data)
      // A frame that is not parsed is one of many in the middle of the answer.
      if (answered && isFlowing(data)) return content
      const record = parseJson(data)
      return isObject(record) ? read(record) : idle
    },
    skim(text) {
      if (!answered || done || broken) return undefined
      // An event line is not of these wires; the terminal may also stand in a text, and then the frames are read.
      return !text.includes(doneData) && !text.includes('event:') && isFlowing(text)
    },
    passed: meter.events,
    report() {
      const word = [...finishes].sort(([left], [right]) => left - right)[0]?.[1]
      const finish = word === undefined && !done ? undefined : rules.finish(word)
      return { complete: isComplete(), ...present({ usage, finish, model, id, count: meter.count() }) }
    },
    closing: () => (isComplete() && !done ? [{ data: doneData }] : []),
  }
}
