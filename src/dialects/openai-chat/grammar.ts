// What a legal stream of this wire is: each choice from its role to a finish that agrees with what was called.
// https://platform.openai.com/docs/api-reference/chat-streaming
import { isObject } from '../../wire/json-parse.ts'
import type { StreamGrammar, Violation } from '../dialect.ts'
import { flagInput, violation, type Flag } from '../kit/grammar.ts'
import { listOf, textOf } from '../kit/present.ts'
import { createChunkGrammar, type ChoiceRules } from '../openai-wire/chunk-grammar.ts'
import type { Members } from './extras.ts'

interface Calls {
  /** The input of each call, by its index; undefined for free text. */
  readonly inputs: (string[] | undefined)[]
  /** The call of the time before tools. */
  legacy: string[] | undefined
}

/** A grammar for one stream. */
export function createStreamGrammar(): StreamGrammar {
  return createChunkGrammar({
    object: 'chat.completion.chunk',
    member: { key: 'delta', is: isObject },
    words: new Set(['stop', 'length', 'tool_calls', 'function_call', 'content_filter']),
    choice: createChoiceRules,
  })
}

function createChoiceRules(at: string, flag: Flag): ChoiceRules {
  const calls: Calls = { inputs: [], legacy: undefined }
  let begun = false

  return {
    step({ delta }) {
      const said = isObject(delta) ? delta : {}
      if (begun === 'role' in said)
        return violation('role', `${at}: the role stands in the first delta and in no other`)
      begun = true
      return 'tool_calls' in said || 'function_call' in said ? callsViolation(said, calls, at) : undefined
    },
    finish(reason) {
      const { inputs, legacy } = calls
      const called = inputs.length > 0 || legacy !== undefined
      const says = reason === 'tool_calls' || reason === 'function_call'
      const detail = `${at}.finish_reason: ${called ? 'a tool was' : 'no tool was'} called`
      if (says ? !called : called && reason === 'stop') return violation('finish-against-content', detail)
      for (const [index, input] of inputs.entries()) if (input) flagInput(input, `${at}.tool_calls[${index}]`, flag)
      if (legacy) flagInput(legacy, `${at}.function_call`, flag)
      return undefined
    },
  }
}

function callsViolation(delta: Members, calls: Calls, at: string): Violation | undefined {
  for (const call of listOf(delta['tool_calls'])) {
    const broken = callViolation(isObject(call) ? call : {}, calls.inputs, `${at}.tool_calls`)
    if (broken !== undefined) return broken
  }
  const legacy = delta['function_call']
  if (legacy === undefined) return undefined
  if (!isObject(legacy)) return violation('not-a-call', `${at}.function_call: not an object`)
  if ((calls.legacy === undefined) !== (textOf(legacy['name']) !== undefined))
    return violation('call-opening', `${at}.function_call: the name stands in the first delta and in no other`)
  calls.legacy ??= []
  return addInput(calls.legacy, legacy['arguments'], `${at}.function_call`)
}

/** A call opens with id, type and name under the next index, and then grows. */
function callViolation(call: Members, inputs: Calls['inputs'], at: string): Violation | undefined {
  const { index, id, type } = call
  if (!Number.isInteger(index) || (index as number) > inputs.length || (index as number) < 0)
    return violation('call-index', `${at}: not the next index`)
  const here = `${at}[${String(index)}]`
  const opens = index === inputs.length
  const isCustom = opens ? type === 'custom' : inputs[index as number] === undefined
  const called = call[isCustom ? 'custom' : 'function']
  const { name, arguments: input } = isObject(called) ? called : {}
  if (opens) {
    if (textOf(id) === undefined || textOf(name) === undefined || (type !== 'function' && !isCustom))
      return violation('call-opening', `${here}: opens without id, type or name`)
    inputs.push(isCustom ? undefined : [])
  } else if (id !== undefined || name !== undefined || type !== undefined)
    return violation('call-opening', `${here}: id, type or name again`)
  return addInput(inputs[index as number], input, here)
}

function addInput(pieces: string[] | undefined, input: unknown, at: string): Violation | undefined {
  if (input === undefined || pieces === undefined) return undefined
  if (typeof input !== 'string') return violation('not-a-call', `${at}: arguments that are no text`)
  pieces.push(input)
  return undefined
}
