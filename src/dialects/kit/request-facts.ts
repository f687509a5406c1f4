// The checks and counts of a request that all wires share. Reads, builds nothing.
import { failed } from '../../ir/error.ts'
import type { JsonDocument } from '../../wire/json-scan.ts'
import { countOf } from './present.ts'

const maxModelLength = 512
const maxSessionLength = 512

/** What is wrong with a request, as an outcome. */
export type Fault = ReturnType<typeof failed>

/** The fault of a model name: absent, not text, empty, too long, or with control characters. */
export function modelFault(model: unknown): Fault | undefined {
  if (model === undefined) return failed('missing_required_parameter', { param: 'model' })
  const usable =
    typeof model === 'string' && model.trim() !== '' && model.length <= maxModelLength && !/\p{Cc}/u.test(model)
  return usable ? undefined : failed('invalid_model', { param: 'model' })
}

/** `invalid_value` where the value is present and not a boolean. */
export function booleanFault(value: unknown, param: string): Fault | undefined {
  return isAbsent(value) || typeof value === 'boolean' ? undefined : failed('invalid_value', { param })
}

/** `invalid_value` where the value is present and not a list. */
export function listFault(value: unknown, param: string): Fault | undefined {
  return isAbsent(value) || Array.isArray(value) ? undefined : failed('invalid_value', { param })
}

/** `invalid_value` where the value is present and not a positive integer. */
export function countFault(value: unknown, param: string): Fault | undefined {
  return isAbsent(value) || (countOf(value) ?? 0) > 0 ? undefined : failed('invalid_value', { param })
}

/** Whether the wire said nothing here. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

/** Headers that name a session, first choice first: ours and its older name, then what coding agents send. */
const sessionHeaders = [
  'x-signalbox-session-id',
  'x-switchback-session-id',
  'x-codex-session-id',
  'x-session-id',
  'x-session-affinity',
  'session-id',
  'session_id',
  'x-claude-code-session-id',
]

/** The session a request belongs to: by header, else the first of the candidates that is text. Bounded. */
export function sessionKeyOf(headers: Headers, ...candidates: readonly unknown[]): string | undefined {
  const named = sessionHeaders.map((name) => headers.get(name)?.trim())
  for (const key of [...named, ...candidates])
    if (typeof key === 'string' && key !== '') return key.slice(0, maxSessionLength)
  return undefined
}

/**
 * A rough count of input tokens from the size of the text, without reading it again: four ASCII characters to a token,
 * 1.4 others. UTF-8 tells how many others there are: most take two bytes more than their one UTF-16 unit.
 * @param visible the top-level members whose text the model gets to see
 * @param base64Length characters of media among them
 */
export function approxTokens(body: JsonDocument, visible: ReadonlySet<string>, base64Length: number): number {
  let length = -base64Length
  for (const member of body.members) if (visible.has(member.key)) length += member.valueEnd - member.valueStart
  const others = Math.min(Math.max(length, 0), Math.ceil((body.bytes.length - body.text.length) / 2))
  return Math.ceil(Math.max(0, length - others) / 4 + others / 1.4)
}
