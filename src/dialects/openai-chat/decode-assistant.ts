// An assistant's message into parts: of a request's history and of an answer alike. Owns the order (reasoning, content,
// refusal, calls) and what of the spelling is kept for the way back.
import type { ContentPart, Extras, OpaquePart, RefusalPart, ToolCallPart } from '../../ir/content.ts'
import type { Turn } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { CallIds } from './call-ids.ts'
import { splitSignature } from './call-signature.ts'
import { below, cacheMembers, decodeContent, withMessageCache } from './content.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { extrasOf, silently, unknownMembers, type Aside, type Members } from './extras.ts'
import { listOf, present, textOf } from '../kit/present.ts'
import { readReasoning, reasoningKeys, reasoningMember, reasoningPart } from './reasoning.ts'
import type { MessageShape } from './schema.ts'

const knownMembers: readonly string[] = ['role', 'content', 'refusal', 'tool_calls', 'function_call', ...reasoningKeys]
const callMembers = new Set(['id', 'type', 'function'])
const customCallMembers = new Set(['id', 'type', 'custom'])
const calledMembers = new Set(['name', 'arguments', 'input'])

/** The kind of an opaque part that stands in `tool_calls`. */
export const opaqueCall = 'tool_calls'

/** A turn of the history. */
export function decodeAssistant(message: MessageShape, at: string, ids: CallIds): Turn {
  const { parts, extras } = decodeAssistantMessage(message, { at, ids })
  return { role: 'assistant', parts, at, ...present({ extras }) }
}

interface AssistantOptions {
  readonly ids: CallIds
  /** The path of the message in its body. */
  readonly at?: string
  /** Further members that the caller reads itself. */
  readonly known?: readonly string[]
}

/** The parts of an assistant's message, and what else it says. Calls without a name are none (Snowflake). */
export function decodeAssistantMessage(
  message: Members,
  { ids, at, known = [] }: AssistantOptions,
): { readonly parts: ContentPart[]; readonly extras: Extras | undefined } {
  // Empty text beside calls is how some clients and providers say null.
  const content = message['content'] === '' ? [] : decodeContent(message['content'], below(at, 'content'))
  const parts = [
    ...readReasoning(message).map((piece) => reasoningPart(piece, below(at, reasoningMember(piece)))),
    ...withMessageCache(content, message, at),
    ...decodeRefusal(message['refusal'], at),
    ...listOf(message['tool_calls']).flatMap((call, index) => decodeCall(call, below(at, `tool_calls[${index}]`), ids)),
    ...decodeLegacy(message['function_call'], at, ids),
  ]
  const all = new Set([...knownMembers, ...cacheMembers(content), ...known])
  return { parts, extras: extrasOf(message, all, silently(silentMembers(message, content))) }
}

function silentMembers(message: Members, content: readonly ContentPart[]): Members {
  const silent: Record<string, unknown> = {}
  if (content.length === 0 && !isNothing(message['content'])) silent['content'] = message['content']
  for (const key of reasoningKeys) if (!isNothing(message[key])) silent[key] = message[key]
  for (const key of ['refusal', 'tool_calls', 'function_call'])
    if (!isNothing(message[key]) && isPlaceholder(message[key])) silent[key] = message[key]
  return silent
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined
}

function decodeRefusal(refusal: unknown, at: string | undefined): RefusalPart[] {
  const text = textOf(refusal)
  return text === undefined ? [] : [{ type: 'refusal', text, ...present({ at: below(at, 'refusal') }) }]
}

function decodeCall(entry: unknown, at: string | undefined, ids: CallIds): (ToolCallPart | OpaquePart)[] {
  if (!isObject(entry)) return []
  const { signature, rest: call } = splitSignature(entry)
  const custom = call['type'] === 'custom'
  const called = call[custom ? 'custom' : 'function']
  const name = isObject(called) ? textOf(called['name']) : undefined
  if (!isObject(called) || name === undefined)
    return isPlaceholder(entry) ? [] : [{ type: 'opaque', kind: opaqueCall, value: entry, ...present({ at }) }]
  const { said, silent } = unknownMembers(call, custom ? customCallMembers : callMembers)
  const { index, ...others } = said
  const inner = unknownMembers(called, calledMembers).said
  const members = Object.keys(inner).length > 0 ? { ...others, [custom ? 'custom' : 'function']: inner } : others
  // The position repeats the order of the list; an empty id is written back empty although it needs one elsewhere.
  const kept = { ...silent, ...present({ index }), ...(call['id'] === '' && { id: '' }) }
  const input = custom ? called['input'] : called['arguments']
  const unseen: Aside = { ...silently(kept), ...(typeof input !== 'string' && { input: { value: input } }) }
  return [
    {
      type: 'tool-call',
      id: ids.called(call['id'], name),
      name,
      input: inputText(input),
      ...(custom && { kind: 'custom' as const }),
      ...present({ at, signature, extras: extrasOf(members, new Set(), unseen) }),
    },
  ]
}

function decodeLegacy(called: unknown, at: string | undefined, ids: CallIds): ToolCallPart[] {
  const name = isObject(called) ? textOf(called['name']) : undefined
  if (!isObject(called) || name === undefined) return []
  const input = called['arguments']
  return [
    {
      type: 'tool-call',
      id: ids.called(undefined, name, true),
      name,
      input: inputText(input),
      ...present({
        at: below(at, 'function_call'),
        extras: extrasOf(called, calledMembers, {
          legacy: true,
          ...(typeof input !== 'string' && { input: { value: input } }),
        }),
      }),
    },
  ]
}

/** Arguments as JSON text: some providers send the object itself, null, or nothing. */
export function inputText(input: unknown): string {
  if (typeof input === 'string') return input
  return isNothing(input) ? '' : JSON.stringify(input)
}
