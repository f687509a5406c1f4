// Watches streams of this wire go by without changing them: usage, finish, model, id, and where content begins.
import type { GatewayError } from '../../ir/error.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { Exchange, StreamTap, TapSignal } from '../dialect.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { doneData, usageIn } from '../openai-wire/chunk.ts'
import { embeddedError, hiddenError } from '../openai-wire/errors.ts'
import type { Members } from '../openai-wire/members.ts'
import { decodeFinish } from './finish-reason.ts'

// After the first content only frames that may say one of these are parsed: usage or an error that is not null, or a
// finish reason. In a text the quotes around the name are escaped; a hit leads to a parse and no more.
const telling = /"(?:usage|error)"\s*:\s*[^\sn]|"finish_reason"\s*:\s*"[^"]/
// What a chunk in full flow has; one without it may only keep the line open, and is read.
const flows = /"text"\s*:\s*"[^"]/

const idle: TapSignal = { type: 'idle' }
const content: TapSignal = { type: 'content' }

/** A tap for one stream. */
export function createStreamTap({ facts }: Exchange): StreamTap {
  const finishes = new Map<number, string>()
  let usage: Usage | undefined
  let id: string | undefined
  let model: string | undefined
  let answered = false
  let done = false
  let broken = false

  function isComplete(): boolean {
    return !broken && (done || finishes.size >= facts.choices)
  }

  function failed(error: GatewayError): TapSignal {
    broken = true
    return { type: 'error', error }
  }

  function readChoice(choice: Members): boolean {
    const word = textOf(choice['finish_reason'])
    if (word !== undefined) finishes.set(countOf(choice['index']) ?? 0, word)
    return textOf(choice['text']) !== undefined
  }

  function read(record: Members): TapSignal {
    const counted = usageIn(record)
    if (counted !== undefined) usage = mergeUsage(usage, counted)
    const error = hiddenError(record)
    if (error !== undefined) return failed(error)
    id = textOf(record['id']) ?? id
    model = textOf(record['model']) ?? model
    const choices = listOf(record['choices']).filter(isObject)
    const says = choices.map(readChoice).includes(true)
    answered ||= says
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
      // A frame that is not parsed is one of many in the middle of the answer.
      if (answered && flows.test(data) && !telling.test(data)) return content
      const record = parseJson(data)
      return isObject(record) ? read(record) : idle
    },
    skim(text) {
      if (!answered || done || broken) return undefined
      // An event line is not of this wire; the terminal may also stand in a text, and then the frames are read.
      return !text.includes(doneData) && !text.includes('event:') && flows.test(text) && !telling.test(text)
    },
    report() {
      const word = [...finishes].sort(([left], [right]) => left - right)[0]?.[1]
      const finish = word === undefined && !done ? undefined : decodeFinish(word)
      return { complete: isComplete(), ...present({ usage, finish, model, id }) }
    },
    closing(): Frame[] {
      return isComplete() && !done ? [{ data: doneData }] : []
    },
  }
}
