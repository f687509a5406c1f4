// One tool call as this wire writes it, in a request's history and in an answer alike.
import type { ToolCallPart } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import { withSignature } from './call-signature.ts'
import { asideOf, ownMembers, type Members } from './extras.ts'

interface CallOptions {
  /** The call was read from this wire: what it had beside its canonical members goes back. */
  readonly own: boolean
  readonly id: string
  readonly name: string
}

export interface EncodedCall {
  readonly members: Members
  /** The pre-tools spelling: the members stand in `function_call`. */
  readonly legacy: boolean
}

/** A call as an entry of `tool_calls`, or as `function_call` where it was spelled so. */
export function encodeCall(part: ToolCallPart, { own, id, name }: CallOptions): EncodedCall {
  const key = part.kind === 'custom' ? 'custom' : 'function'
  const aside = own ? asideOf(part.extras) : {}
  const { [key]: inner, ...others } = own ? ownMembers(part.extras) : {}
  const called = {
    name,
    [key === 'custom' ? 'input' : 'arguments']: inputOf(part, own),
    ...(isObject(inner) ? inner : {}),
  }
  if (aside.legacy === true) return { members: { ...called, ...others }, legacy: true }
  return { members: withSignature({ id, type: key, [key]: called, ...others }, part.signature), legacy: false }
}

/** Arguments as they came; a foreign call without any has an empty object, as clients parse what they get. */
function inputOf(part: ToolCallPart, own: boolean): unknown {
  if (!own) return part.input === '' && part.kind !== 'custom' ? '{}' : part.input
  const raw = asideOf(part.extras).input
  return raw === undefined ? part.input : raw.value
}
