// What a legal stream of this wire is: chunks of one answer, each choice from its role to its finish, then usage, then
// the terminal.
// https://platform.openai.com/docs/api-reference/chat-streaming
import type { Frame } from '../../wire/frame.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { StreamGrammar, Violation } from '../dialect.ts'
import { createGrammar, flagInput, objectIn, violation, type Flag, type FrameRole } from '../kit/grammar.ts'
import { listOf, textOf } from '../kit/present.ts'
import { doneData } from '../openai-wire/chunk.ts'
import type { Members } from './extras.ts'

const words: ReadonlySet<unknown> = new Set(['stop', 'length', 'tool_calls', 'function_call', 'content_filter'])

interface Choice {
  /** The input of each call, by its index; undefined for free text. */
  readonly calls: (string[] | undefined)[]
  /** The call of the time before tools. */
  legacy: string[] | undefined
  finished: boolean
}

/** A grammar for one stream. */
export function createStreamGrammar(): StreamGrammar {
  return createGrammar((flag) => ({ step: createRules(flag) }))
}

function createRules(flag: Flag): (frame: Frame) => FrameRole | Violation {
  const choices = new Map<number, Choice>()
  let head: Members | undefined
  let counted = false

  function end(): FrameRole | Violation {
    if (choices.size === 0) return violation('no-choice', 'choices: the answer has none')
    return unfinished() ?? 'end'
  }

  function unfinished(): Violation | undefined {
    for (const [index, { finished }] of choices)
      if (!finished) return violation('no-finish', `choices[${index}]: no finish_reason`)
    return undefined
  }

  function chunk(record: Members): FrameRole | Violation {
    if (record['object'] !== 'chat.completion.chunk') return violation('not-a-chunk', 'object: not a chunk')
    const broken = headViolation(head, record)
    if (broken !== undefined) return broken
    head ??= record
    if (counted) return violation('chunk-after-usage', 'usage: a chunk follows it')
    const entries = record['choices']
    if (!Array.isArray(entries)) return violation('not-a-chunk', 'choices: not a list')
    if (entries.length === 0) return count(record)
    if (isObject(record['usage'])) return violation('early-usage', 'usage: beside choices')
    for (const entry of entries) {
      const violated = isObject(entry) ? choice(entry) : violation('not-a-chunk', 'choices: not a choice')
      if (violated !== undefined) return violated
    }
    return 'inner'
  }

  function count(record: Members): FrameRole | Violation {
    if (!isObject(record['usage'])) return violation('empty-chunk', 'choices: none, and no usage either')
    counted = true
    return unfinished() ?? 'inner'
  }

  function choice(entry: Members): Violation | undefined {
    const { index, delta, finish_reason: reason } = entry
    if (!Number.isInteger(index) || !isObject(delta)) return violation('not-a-choice', 'choices: no index or delta')
    const at = `choices[${String(index)}]`
    const known = choices.get(index as number)
    if (known?.finished === true) return violation('choice-after-finish', `${at}: goes on after its finish_reason`)
    if ((known === undefined) !== 'role' in delta)
      return violation('role', `${at}: the role stands in the first delta and in no other`)
    const current = known ?? { calls: [], legacy: undefined, finished: false }
    if (known === undefined) choices.set(index as number, current)
    if ('tool_calls' in delta || 'function_call' in delta) {
      const broken = callsViolation(delta, current, at)
      if (broken !== undefined) return broken
    }
    return reason === null || reason === undefined ? undefined : finish(reason, current, at)
  }

  function finish(reason: unknown, current: Choice, at: string): Violation | undefined {
    if (!words.has(reason)) return violation('finish-reason', `${at}: a finish_reason that the wire does not define`)
    const { calls, legacy } = current
    const called = calls.length > 0 || legacy !== undefined
    const says = reason === 'tool_calls' || reason === 'function_call'
    if (says ? !called : called && reason === 'stop')
      return violation('finish-against-content', `${at}.finish_reason: ${called ? 'a tool was' : 'no tool was'} called`)
    current.finished = true
    for (const [index, input] of calls.entries()) if (input) flagInput(input, `${at}.tool_calls[${index}]`, flag)
    if (legacy) flagInput(legacy, `${at}.function_call`, flag)
    return undefined
  }

  return (frame) => {
    if (frame.event !== undefined) return violation('event-name', 'an event with a name')
    if (frame.data === doneData) return end()
    const record = objectIn(frame)
    if (record === undefined) return violation('not-a-chunk', 'a frame that is no JSON object')
    return isObject(record['error']) ? 'error' : chunk(record)
  }
}

/** Every chunk of an answer has the same head. */
function headViolation(head: Members | undefined, record: Members): Violation | undefined {
  const { id, model, created } = record
  if (head === undefined)
    return textOf(id) === undefined || typeof model !== 'string' || typeof created !== 'number'
      ? violation('head', 'a chunk without id, model or created')
      : undefined
  return id === head['id'] && model === head['model'] && created === head['created']
    ? undefined
    : violation('head', 'id, model or created changes')
}

function callsViolation(delta: Members, choice: Choice, at: string): Violation | undefined {
  for (const call of listOf(delta['tool_calls'])) {
    const broken = callViolation(isObject(call) ? call : {}, choice.calls, `${at}.tool_calls`)
    if (broken !== undefined) return broken
  }
  const legacy = delta['function_call']
  if (legacy === undefined) return undefined
  if (!isObject(legacy)) return violation('not-a-call', `${at}.function_call: not an object`)
  if ((choice.legacy === undefined) !== (textOf(legacy['name']) !== undefined))
    return violation('call-opening', `${at}.function_call: the name stands in the first delta and in no other`)
  choice.legacy ??= []
  return addInput(choice.legacy, legacy['arguments'], `${at}.function_call`)
}

/** A call opens with id, type and name under the next index, and then grows. */
function callViolation(call: Members, calls: Choice['calls'], at: string): Violation | undefined {
  const { index, id, type } = call
  if (!Number.isInteger(index) || (index as number) > calls.length || (index as number) < 0)
    return violation('call-index', `${at}: not the next index`)
  const here = `${at}[${String(index)}]`
  const opens = index === calls.length
  const isCustom = opens ? type === 'custom' : calls[index as number] === undefined
  const called = call[isCustom ? 'custom' : 'function']
  const { name, arguments: input } = isObject(called) ? called : {}
  if (opens) {
    if (textOf(id) === undefined || textOf(name) === undefined || (type !== 'function' && !isCustom))
      return violation('call-opening', `${here}: opens without id, type or name`)
    calls.push(isCustom ? undefined : [])
  } else if (id !== undefined || name !== undefined || type !== undefined)
    return violation('call-opening', `${here}: id, type or name again`)
  return addInput(calls[index as number], input, here)
}

function addInput(pieces: string[] | undefined, input: unknown, at: string): Violation | undefined {
  if (input === undefined || pieces === undefined) return undefined
  if (typeof input !== 'string') return violation('not-a-call', `${at}: arguments that are no text`)
  pieces.push(input)
  return undefined
}
