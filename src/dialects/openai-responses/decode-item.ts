// Items into canonical parts: those of a request's input and those of an answer alike. Owns what an item says; turns and
// outputs are put together elsewhere.
import type { ContentPart, OpaquePart, ReasoningPart, ToolCallPart, ToolResultPart } from '../../ir/content.ts'
import { isObject } from '../../wire/json-parse.ts'
import { placeExtras } from '../kit/extra-losses.ts'
import { listOf, present, textOf } from '../kit/present.ts'
import { decodeContent } from './content.ts'
import { pack, unknownMembers, without, type ItemNote, type Members } from './extras.ts'
import { itemType } from './item-kind.ts'

/** Where an item stands. */
export interface ItemPlace {
  readonly key: number
  /** Its path in its own body; absent in a stream. */
  readonly at?: string
}

const messageMembers = new Set(['type', 'role', 'content', 'id', 'status'])
const reasoningMembers = new Set(['type', 'id', 'status', 'summary', 'content', 'encrypted_content'])
const callMembers = new Set(['type', 'id', 'status', 'call_id', 'name', 'arguments', 'input'])
// A result's name repeats what its call says.
const resultMembers = new Set(['type', 'id', 'status', 'call_id', 'name', 'output'])

/** Between two entries of a summary, as one text. */
export const summarySeparator = '\n\n'

/** The parts of an item. One that only this wire knows travels whole. */
export function decodeItem(item: Members, place: ItemPlace): ContentPart[] {
  switch (itemType(item)) {
    case 'message':
      return decodeMessage(item, place)
    case 'reasoning':
      return [decodeReasoning(item, place)]
    case 'function_call':
    case 'custom_tool_call':
      return [decodeCall(item, place)]
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [decodeResult(item, place)]
    default:
      return [opaqueItem(item, place)]
  }
}

/** An item as an opaque part. */
export function opaqueItem(item: Members, { at }: ItemPlace): OpaquePart {
  return { type: 'opaque', kind: itemType(item), value: item, ...present({ at }) }
}

function decodeMessage(item: Members, { key, at }: ItemPlace): ContentPart[] {
  const { content } = item
  const note: ItemNote = {
    key,
    members: without(item, ['content']),
    ...(typeof content === 'string' && { plain: true }),
  }
  const parts = decodeContent(content, note, below(at, 'content'))
  const { said } = unknownMembers(item, messageMembers)
  const [first, ...rest] = parts
  if (first === undefined)
    return [
      {
        type: 'text',
        text: '',
        ...present({ at, extras: pack(said, { item: { key, members: item, hollow: true } }) }),
      },
    ]
  if (Object.keys(said).length === 0 || first.type === 'opaque') return parts
  // What the message says stands on its first part: another wire reports it as lost.
  const extras = { ...said, ...first.extras }
  return [{ ...first, extras: at === undefined ? extras : placeExtras(extras, Object.keys(said), at) }, ...rest]
}

/** Reasoning: the entries of its summary, else of its content, as one text. */
export function decodeReasoning(item: Members, { key, at }: ItemPlace): ReasoningPart {
  const { said } = unknownMembers(item, reasoningMembers)
  const note: ItemNote = { key, members: without(item, ['encrypted_content']) }
  return {
    type: 'reasoning',
    text: reasoningTexts(item).join(summarySeparator),
    ...present({ at, signature: textOf(item['encrypted_content']), extras: pack(said, { item: note }) }),
  }
}

/** The texts of a reasoning item, in order. */
export function reasoningTexts(item: Members): string[] {
  return [...listOf(item['summary']), ...listOf(item['content'])].map((entry) =>
    isObject(entry) && typeof entry['text'] === 'string' ? entry['text'] : '',
  )
}

function decodeCall(item: Members, place: ItemPlace): ToolCallPart | OpaquePart {
  const name = textOf(item['name'])
  return name === undefined ? opaqueItem(item, place) : { ...callOf(item, name, place), ...present({ at: place.at }) }
}

/** A call whose name is known. */
export function callOf(item: Members, name: string, { key }: ItemPlace): ToolCallPart {
  const custom = item['type'] === 'custom_tool_call'
  const input = item[custom ? 'input' : 'arguments']
  const id = textOf(item['call_id'])
  const { said } = unknownMembers(item, callMembers)
  const note: ItemNote = {
    key,
    members: without(item, ['name', custom ? 'input' : 'arguments', ...(id === undefined ? [] : ['call_id'])]),
  }
  const odd = input === undefined || typeof input === 'string' ? {} : { input: { value: input } }
  return {
    type: 'tool-call',
    id: id ?? textOf(item['id']) ?? `call_${key}`,
    name,
    input: inputText(input),
    ...(custom && { kind: 'custom' as const }),
    ...present({ extras: pack(said, { item: note, ...odd }) }),
  }
}

/** Arguments as JSON text: some providers send the object itself, null, or nothing. */
export function inputText(input: unknown): string {
  if (typeof input === 'string') return input
  return input === null || input === undefined ? '' : JSON.stringify(input)
}

function decodeResult(item: Members, { key, at }: ItemPlace): ToolResultPart {
  const { output } = item
  const note: ItemNote = {
    key,
    members: without(item, ['output', 'call_id']),
    ...(typeof output === 'string' && { plain: true }),
  }
  const { said } = unknownMembers(item, resultMembers)
  const readable = typeof output === 'string' || Array.isArray(output) || output === undefined
  return {
    type: 'tool-result',
    callId: textOf(item['call_id']) ?? '',
    parts: readable
      ? decodeContent(output, note, below(at, 'output'))
      : [{ type: 'text', text: inputText(output), ...present({ at: below(at, 'output') }) }],
    ...present({ at, extras: pack(said, { item: note, ...(!readable && { input: { value: output } }) }) }),
  }
}

function below(at: string | undefined, path: string): string | undefined {
  return at === undefined ? undefined : `${at}.${path}`
}
