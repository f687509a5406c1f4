// The items of a request into instructions and turns. Owns who says what in which order.
import type { ContentPart } from '../../ir/content.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'
import { textOf } from '../kit/present.ts'
import { decodeItem } from './decode-item.ts'
import type { Members } from './extras.ts'
import { authorOf, bindingOf, itemType, type Author } from './item-kind.ts'

export interface DecodedInput {
  readonly instructions: readonly ContentPart[]
  readonly turns: readonly Turn[]
  readonly bound?: IrRequest['bound']
}

interface OpenTurn {
  readonly role: Turn['role']
  readonly at: string
  readonly parts: ContentPart[]
  /** Whether the next item of the same kind goes on with it. */
  readonly kind: 'message' | 'results' | 'answer'
}

/** Decodes the items in order; fails where one is of no role of this wire, or lacks what it is about. */
export function decodeItems(items: readonly Members[]): Outcome<DecodedInput> {
  const instructions: ContentPart[] = []
  const turns: OpenTurn[] = []
  let bound: IrRequest['bound']
  for (const [key, item] of items.entries()) {
    const at = `input[${key}]`
    const fault = faultOf(item, at)
    if (fault !== undefined) return failed('invalid_messages', { param: fault })
    const reason = bindingOf(item)
    if (reason !== undefined) bound ??= { param: at, reason }
    const author = itemType(item) === 'message' ? authorOfRole(item) : authorOf(item)
    if (author === undefined) return failed('invalid_messages', { param: `${at}.role` })
    const parts = decodeItem(item, { key, at })
    if (author === 'system' && turns.length === 0) instructions.push(...parts)
    else append(turns, { role: author, at, parts, kind: kindOf(author, item) })
  }
  return ok({
    instructions,
    turns: turns.map(({ role, at, parts }) => ({ role, at, parts })),
    ...(bound !== undefined && { bound }),
  })
}

function authorOfRole(item: Members): Author | undefined {
  switch (item['role']) {
    case 'user':
    case 'assistant':
    case 'system':
      return item['role']
    case 'developer':
      return 'system'
    default:
      return undefined
  }
}

/** All that the assistant did in a row is one turn, and so are all results in a row; every other message is its own. */
function kindOf(author: Author, item: Members): OpenTurn['kind'] {
  if (author === 'assistant') return 'answer'
  return itemType(item).endsWith('_output') ? 'results' : 'message'
}

function append(turns: OpenTurn[], turn: OpenTurn): void {
  const last = turns.at(-1)
  if (last !== undefined && turn.kind !== 'message' && last.kind === turn.kind) last.parts.push(...turn.parts)
  else turns.push(turn)
}

function faultOf(item: Members, at: string): string | undefined {
  switch (itemType(item)) {
    case 'function_call':
    case 'custom_tool_call':
      return textOf(item['name']) === undefined ? `${at}.name` : undefined
    case 'function_call_output':
    case 'custom_tool_call_output':
      return textOf(item['call_id']) === undefined ? `${at}.call_id` : undefined
    default:
      return undefined
  }
}
