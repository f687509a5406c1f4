// Whose an item is, and what it is tied to. Owns the list of item types; reads no content.
// https://platform.openai.com/docs/api-reference/responses/create#responses-create-input
import { textOf } from '../kit/present.ts'
import type { Members } from './extras.ts'

/** Who an item comes from. */
export type Author = 'user' | 'assistant' | 'system'

// What the provider's servers left in the conversation. A client cannot have written these.
const serverItems: ReadonlySet<string> = new Set([
  'reasoning',
  'mcp_list_tools',
  'mcp_approval_request',
  'program',
  'program_output',
])

/** The type of an item: without one it is a message, or else a reference. */
export function itemType(item: Members): string {
  return textOf(item['type']) ?? (item['role'] === undefined ? 'item_reference' : 'message')
}

/** Who wrote an item that is no message. What nobody knows is the user's: another wire must not leave it out. */
export function authorOf(item: Members): Author {
  const type = itemType(item)
  if (type.endsWith('_call') || serverItems.has(type) || isThoughtReference(item)) return 'assistant'
  return type === 'tool_search_output' && item['execution'] !== 'client' ? 'assistant' : 'user'
}

/** Some SDKs send reasoning back as its id alone: without it the conversation is still whole. */
function isThoughtReference(item: Members): boolean {
  return itemType(item) === 'item_reference' && textOf(item['id'])?.startsWith('rs_') === true
}

/** Why an item can be read by its own provider alone, where it stands for a part of the conversation; else undefined. */
export function bindingOf(item: Members): string | undefined {
  switch (itemType(item)) {
    case 'item_reference':
      return isThoughtReference(item) ? undefined : 'refers to an item that only its own provider has stored'
    case 'compaction':
    case 'compaction_summary':
      return 'holds a part of the conversation that only its own provider can read'
    default:
      return undefined
  }
}
