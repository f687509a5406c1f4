// What has been seen of one answer so far: what mending a later chunk depends on. Mends nothing itself.
import { isObject } from '../../../wire/json-parse.ts'
import type { Exchange } from '../../dialect.ts'
import { textOf } from '../../kit/present.ts'
import { createCallIds, mintedPrefix } from '../call-ids.ts'
import type { Members } from '../extras.ts'
import { isWholeInput } from '../../openai-wire/answer-content.ts'

/** The part of an exchange that fills in what an answer lacks. */
export type AnswerExchange = Pick<Exchange, 'requestId' | 'createdAt' | 'model'>

export interface CallState {
  /** Its place among the calls of its choice. */
  readonly index: number
  id: string | undefined
  name: string | undefined
  readonly texts: string[]
}

export interface ChoiceState {
  readonly index: number
  /** A delta was seen. */
  begun: boolean
  /** The finish reason that went to the client. */
  finish: string | undefined
  refused: boolean
  /** The tool call of the time before tools. */
  legacy: boolean
  readonly calls: CallState[]
  readonly byIndex: Map<number, CallState>
}

export interface AnswerState {
  readonly stream: boolean
  readonly exchange: AnswerExchange
  readonly choices: ReadonlyMap<number, ChoiceState>
  choiceAt(index: number): ChoiceState
  /** A fresh id for a tool call, which no other answer of the conversation has. */
  mintCallId(): string
  /** The id of the answer, where it has one. */
  id: string | undefined
}

/** An answer of which nothing was seen. */
export function createAnswerState(exchange: AnswerExchange, stream: boolean): AnswerState {
  const choices = new Map<number, ChoiceState>()
  let ids: ReturnType<typeof createCallIds> | undefined
  return {
    stream,
    exchange,
    choices,
    id: undefined,
    choiceAt(index) {
      const known = choices.get(index)
      if (known !== undefined) return known
      const fresh: ChoiceState = {
        index,
        begun: false,
        finish: undefined,
        refused: false,
        legacy: false,
        calls: [],
        byIndex: new Map(),
      }
      choices.set(index, fresh)
      return fresh
    },
    mintCallId() {
      ids ??= createCallIds(mintedPrefix(this.id ?? exchange.requestId))
      return ids.called(undefined, '')
    },
  }
}

/**
 * The call that an entry of `tool_calls` belongs to: by its id, else by its index, else the last. A new one where the
 * entry names a tool and cannot be more of that.
 */
export function callOf(choice: ChoiceState, entry: Members): CallState {
  const { id, name, index } = markers(entry)
  const call = knownCall(choice, id, name, index) ?? addCall(choice)
  if (index !== undefined) choice.byIndex.set(index, call)
  return call
}

function addCall(choice: ChoiceState): CallState {
  const fresh: CallState = { index: choice.calls.length, id: undefined, name: undefined, texts: [] }
  choice.calls.push(fresh)
  return fresh
}

function knownCall(
  choice: ChoiceState,
  id: string | undefined,
  name: string | undefined,
  index: number | undefined,
): CallState | undefined {
  const same = id === undefined ? undefined : choice.calls.find((call) => call.id === id)
  if (same !== undefined) return same
  const near = index === undefined ? choice.calls.at(-1) : choice.byIndex.get(index)
  if (near === undefined || name === undefined || near.name === undefined) return near
  if (id !== undefined && near.id !== undefined) return undefined
  // Some repeat the name on every fragment; a whole call before it means that this is the next one.
  const repeats = near.name === name && !isWhole(near) && (index !== undefined || near.texts.length > 0)
  return repeats ? near : undefined
}

function isWhole(call: CallState): boolean {
  return call.texts.length > 0 && isWholeInput(call.texts.join(''))
}

/** What an entry says of which call it is; empty text says nothing. */
function markers(entry: Members): { id: string | undefined; name: string | undefined; index: number | undefined } {
  const called = calledIn(entry)
  return {
    id: textOf(entry['id']),
    name: textOf(called['name']),
    index: Number.isSafeInteger(entry['index']) ? (entry['index'] as number) : undefined,
  }
}

/** What an entry calls: a function, or a custom tool. */
export function calledIn(entry: Members): Members {
  const called = entry[calledKey(entry)]
  return isObject(called) ? called : {}
}

/** Which member has it. */
export function calledKey(entry: Members): 'function' | 'custom' {
  return isObject(entry['custom']) && !isObject(entry['function']) ? 'custom' : 'function'
}

/** Takes note of an entry as the client gets it. */
export function noteCall(call: CallState, entry: Members): void {
  const called = calledIn(entry)
  call.id ??= textOf(entry['id'])
  call.name ??= textOf(called['name'])
  const text = textOf(called['arguments']) ?? textOf(called['input'])
  if (text !== undefined) call.texts.push(text)
}

/** Takes note of a delta, or of a message, as the client gets it. */
export function noteMessage(choice: ChoiceState, message: Members): void {
  choice.begun = true
  choice.refused ||= textOf(message['refusal']) !== undefined
  const legacy = message['function_call']
  choice.legacy ||= isObject(legacy) && textOf(legacy['name']) !== undefined
}

/** The calls that a client can use. */
export function usableCalls(choice: ChoiceState): readonly CallState[] {
  return choice.calls.filter((call) => call.name !== undefined)
}
