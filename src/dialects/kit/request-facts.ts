// The checks and counts of a request that all wires share. Reads, builds nothing.
import { failed } from '../../ir/error.ts'
import type { ImageSource } from '../../ir/facts.ts'
import { approxTokensOf } from '../../ir/usage.ts'
import { isObject } from '../../wire/json-parse.ts'
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

/**
 * The session a request belongs to: by header, else by `session_id` in the metadata of its body, else the first of what
 * the wire itself has for it. Text only, bounded.
 */
export function sessionKeyOf(
  headers: Headers,
  metadata: unknown,
  ...candidates: readonly unknown[]
): string | undefined {
  for (const name of sessionHeaders) {
    const key = headers.get(name)?.trim()
    if (key !== undefined && key !== '') return key.slice(0, maxSessionLength)
  }
  for (const key of [isObject(metadata) ? metadata['session_id'] : undefined, ...candidates])
    if (typeof key === 'string' && key !== '') return key.slice(0, maxSessionLength)
  return undefined
}

/** How an image comes that is named by this address. */
export function imageSourceOf(url: string): ImageSource {
  if (/^data:/i.test(url)) return 'inline_base64'
  return /^https?:/i.test(url) ? 'remote_url' : 'provider_file_ref'
}

/** Sources without repetition, in one order; undefined where there are none. */
export function listedSources(sources: ReadonlySet<ImageSource>): readonly ImageSource[] | undefined {
  return sources.size === 0 ? undefined : [...sources].sort()
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
  return Math.ceil(approxTokensOf(Math.max(0, length - others), others))
}
