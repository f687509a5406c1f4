// Watches answers of this wire go by without changing them: usage, finish, model, id, and where content begins.
import { ok, type GatewayError, type Outcome } from '../../ir/error.ts'
import { mergeUsage, type Usage } from '../../ir/usage.ts'
import type { Frame } from '../../wire/frame.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { Exchange, StreamTap, TapReport, TapSignal } from '../dialect.ts'
import { checkResponse } from './decode-response.ts'
import { doneData, usageIn } from '../openai-wire/chunk.ts'
import { embeddedError, hiddenError } from '../openai-wire/errors.ts'
import type { Members } from './extras.ts'
import { answerContent, decodeFinish } from './finish-reason.ts'
import { countOf, listOf, present, textOf } from '../kit/present.ts'
import { hasContent } from './stream-content.ts'

// After the first content only frames that may say one of these are parsed: usage or an error that is not null, a finish
// reason, or the first tool call. In a text the quotes around the name are escaped; a hit leads to a parse and no more.
const telling = /"(?:usage|error)"\s*:\s*[^\sn]|"finish_reason"\s*:\s*"[^"]/
// What a chunk in full flow has: text of some kind. Without it a chunk is read, for it may only keep the line open.
const flows = /"(?:content|reasoning_content|reasoning|text|thinking|arguments|input|refusal|data)"\s*:\s*"[^"]/
const callsTools = /"(?:tool_calls|function_call)"\s*:\s*(?:\[\s*)?\{/

const idle: TapSignal = { type: 'idle' }
const content: TapSignal = { type: 'content' }

/** A tap for one stream. */
export function createStreamTap({ facts }: Exchange): StreamTap {
  const finishes = new Map<number, unknown>()
  let usage: Usage | undefined
  let id: string | undefined
  let model: string | undefined
  let answered = false
  let calls = false
  let refused = false
  let done = false
  let broken = false

  function isComplete(): boolean {
    return !broken && (done || finishes.size >= facts.choices)
  }

  function isFlowing(text: string): boolean {
    return flows.test(text) && !telling.test(text) && (calls || !callsTools.test(text))
  }

  function failed(error: GatewayError): TapSignal {
    broken = true
    return { type: 'error', error }
  }

  function readChoice(choice: Members): boolean {
    const word = textOf(choice['finish_reason'])
    if (word !== undefined) finishes.set(countOf(choice['index']) ?? 0, word)
    const delta = isObject(choice['delta']) ? choice['delta'] : {}
    calls ||= hasCall(delta)
    refused ||= textOf(delta['refusal']) !== undefined
    return hasContent(choice)
  }

  function read(record: Members): TapSignal {
    const counted = usageIn(record)
    if (counted !== undefined) usage = mergeUsage(usage, counted)
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
      // A frame that is not parsed is one of many in the middle of the answer.
      if (answered && isFlowing(data)) return content
      const record = parseJson(data)
      return isObject(record) ? read(record) : idle
    },
    skim(text) {
      if (!answered || done || broken) return undefined
      // An event line is not of this wire; the terminal may also stand in a text, and then the frames are read.
      return !text.includes(doneData) && !text.includes('event:') && isFlowing(text)
    },
    report() {
      const word = [...finishes.entries()].sort(([left], [right]) => left - right)[0]?.[1]
      const finish =
        word === undefined && !done ? undefined : decodeFinish(word, { calls: calls ? 1 : 0, cut: true, refused })
      return { complete: isComplete(), ...present({ usage, finish, model, id }) }
    },
    closing(): Frame[] {
      return isComplete() && !done ? [{ data: doneData }] : []
    },
  }
}

/** What a whole answer says of itself; fails where it hides an error or has no choice. */
export function inspectResponse(body: unknown): Outcome<TapReport> {
  const checked = checkResponse(body)
  if (!checked.ok) return checked
  const { answer, choices } = checked.value
  const [first] = choices
  const message = isObject(first?.['message']) ? first['message'] : {}
  const finish = decodeFinish(first?.['finish_reason'], {
    ...answerContent([]),
    calls: hasCall(message) ? 1 : 0,
    cut: true,
    refused: textOf(message['refusal']) !== undefined,
  })
  return ok({
    complete: true,
    finish,
    ...present({ usage: usageIn(answer), model: textOf(answer['model']), id: textOf(answer['id']) }),
  })
}

function hasCall(message: Members): boolean {
  return [...listOf(message['tool_calls']), { function: message['function_call'] }].some((call) => {
    const called = isObject(call) ? (call['function'] ?? call['custom']) : undefined
    return isObject(called) && textOf(called['name']) !== undefined
  })
}
