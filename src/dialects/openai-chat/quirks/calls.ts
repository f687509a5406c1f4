// Tool calls: what SDKs refuse of them, or agents cannot answer.
import { isObject } from '../../../wire/json-parse.ts'
import { textOf } from '../../kit/present.ts'
import { isPlaceholder } from '../../openai-wire/placeholder.ts'
import type { Members } from '../extras.ts'
import { calledIn, calledKey, type CallState } from './answer-state.ts'
import { withMember, withoutMember } from './change.ts'
import type { Quirk } from './quirk.ts'

const tells = String.raw`"tool_calls"\s*:\s*\[\s*\{`

/** Every call has its place, from 0 on, whatever the provider says. */
export const toolIndex: Quirk = {
  tells,
  call: (entry, { call, answer }) => (answer.stream ? withMember(entry, 'index', call.index) : entry),
}

/** Only the first entry of a call names it: what the others repeat empty is left out. */
export const toolFragmentEmpties: Quirk = {
  tells,
  call(entry, { opens, answer }) {
    if (opens || !answer.stream) return entry
    const bare = withoutEmpty(withoutEmpty(entry, 'id'), 'type')
    const key = calledKey(bare)
    return isObject(bare[key]) ? withMember(bare, key, withoutEmpty(calledIn(bare), 'name')) : bare
  },
}

function withoutEmpty(record: Members, key: string): Members {
  return record[key] === '' || record[key] === null ? withoutMember(record, key) : record
}

/** The type that a call has by what it calls. */
export const toolTypeMissing: Quirk = {
  tells,
  call: (entry, { opens }) =>
    opens && textOf(entry['type']) === undefined ? withMember(entry, 'type', calledKey(entry)) : entry,
}

/** An id of our own, as the result has to name the call. */
export const toolIdMissing: Quirk = {
  tells,
  call(entry, { call, opens, answer }) {
    const own = textOf(entry['id'])
    if (opens && own === undefined && call.id === undefined) return withMember(entry, 'id', answer.mintCallId())
    // One that comes later is too late: the client knows the call by another.
    return own !== undefined && call.id !== undefined && own !== call.id ? withMember(entry, 'id', call.id) : entry
  },
}

/** Arguments are JSON text; a call without any gets `{}` when it is over. */
export const argumentsNotText: Quirk = {
  tells: String.raw`${tells}|"finish_reason"\s*:\s*"`,
  call(entry, { opens, answer }) {
    const called = entry['function']
    if (!isObject(called)) return entry
    const input = called['arguments']
    const text = isNothing(input) ? '' : typeof input === 'string' ? input : JSON.stringify(input)
    if (!answer.stream) return withMember(entry, 'function', withMember(called, 'arguments', text || noArguments))
    if (!opens && input === undefined) return entry
    return withMember(entry, 'function', withMember(called, 'arguments', text))
  },
}

export const noArguments = '{}'

function isNothing(value: unknown): boolean {
  return value === null || value === undefined
}

/** An entry that completes a call without arguments. */
export function completion(call: CallState): Members {
  return { index: call.index, function: { arguments: noArguments } }
}

/** Whether a call was opened and never got arguments. */
export function lacksArguments(call: CallState): boolean {
  return call.name !== undefined && call.texts.length === 0
}

/** Whether an entry is there and says nothing at all. */
export function isEmptyEntry(entry: Members): boolean {
  const { index: _index, type: _type, ...rest } = entry
  return isPlaceholder(rest)
}
