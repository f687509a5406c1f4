// Whether a chunk says anything, for the tap: the cheap question beside the decoder's full reading.
import { isObject } from '../../wire/json-parse.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import type { Members } from './extras.ts'

/** Members of a delta that are content where they are not empty. */
const contentMembers = [
  'content',
  'refusal',
  'tool_calls',
  'function_call',
  'reasoning_content',
  'reasoning',
  'reasoning_details',
  'audio',
  'annotations',
]

/** Whether a choice of a chunk carries answer content: not a role, not an empty placeholder. */
export function hasContent(choice: Members): boolean {
  const delta = isObject(choice['delta']) ? choice['delta'] : choice['message']
  if (!isObject(delta)) return false
  return contentMembers.some((key) => !isPlaceholder(withoutIndex(delta[key])))
}

// `{"index":0}` alone is a placeholder as well; a type beside it is none of the answer either.
function withoutIndex(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  return value.map((entry) => {
    if (!isObject(entry)) return entry
    const { index: _index, type: _type, ...rest } = entry
    return rest
  })
}
