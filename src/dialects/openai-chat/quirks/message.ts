// Messages, and the deltas they grow by: their shape, their text and their reasoning.
import { isObject } from '../../../wire/json-parse.ts'
import { countOf, listOf, textOf } from '../../kit/present.ts'
import { isPlaceholder } from '../../openai-wire/placeholder.ts'
import type { Members } from '../extras.ts'
import { readReasoning, readThinking } from '../reasoning.ts'
import { isEmptyEntry } from './calls.ts'
import { mapSame, withMember, withoutMember } from './change.ts'
import type { Quirk } from './quirk.ts'

/** Readers take the first choice and its delta, or message, without looking whether they are there. */
export const membersMissing: Quirk = {
  // What is absent leaves no trace: an end without a delta is known by its finish reason.
  tells: String.raw`"(?:choices|index|delta)"\s*:\s*null|"message"\s*:|"finish_reason"\s*:\s*"`,
  record: (record) => (Array.isArray(record['choices']) ? record : withMember(record, 'choices', [])),
  choice(choice, { position, answer }) {
    const index = countOf(choice['index']) ?? position
    const placed = withMember(choice, 'index', index)
    if (!answer.stream) return isObject(placed['message']) ? placed : withMember(placed, 'message', { content: null })
    if (isObject(placed['delta'])) return placed
    // A whole message in a stream is the answer itself, or after deltas their repetition.
    const { message, ...rest } = placed
    const whole = isObject(message) && !answer.choiceAt(index).begun
    return { ...rest, delta: whole ? message : {} }
  },
  message(message, { choice, answer }) {
    const told = answer.stream || message['content'] !== undefined ? message : withMember(message, 'content', null)
    const lacks = textOf(told['role']) === undefined && (!choice.begun || !answer.stream)
    return lacks ? { ...told, role: 'assistant' } : told
  },
}

/** SDKs overwrite what they collected with such a message, and then add the delta once more. */
export const messageBesideDelta: Quirk = {
  tells: String.raw`"message"\s*:\s*\{`,
  choice: (choice, { answer }) =>
    answer.stream && isObject(choice['delta']) ? withoutMember(choice, 'message') : choice,
}

/**
 * Text as text, thinking as `reasoning_content`; parts that are neither (Mistral's references) stay a list, under a name
 * that no reader takes for text.
 * @see https://docs.mistral.ai/capabilities/reasoning/
 */
export const contentParts: Quirk = {
  tells: String.raw`"content"\s*:\s*\[`,
  message(message, { answer }) {
    if (!Array.isArray(message['content'])) return message
    const { content, ...rest } = message
    const parts = listOf(content)
    const text = parts.map(textIn).join('')
    const thoughts = parts.map((part) => (isThinking(part) ? readThinking(part).text : '')).join('')
    const others = parts.filter((part) => !isThinking(part) && !hasText(part))
    return {
      ...rest,
      ...((text !== '' || !answer.stream) && { content: text }),
      ...(thoughts !== '' && { reasoning_content: (textOf(rest['reasoning_content']) ?? '') + thoughts }),
      ...(others.length > 0 && { content_parts: others }),
    }
  },
}

function textIn(part: unknown): string {
  if (typeof part === 'string') return part
  return isObject(part) && typeof part['text'] === 'string' ? part['text'] : ''
}

function hasText(part: unknown): boolean {
  return typeof part === 'string' || (isObject(part) && typeof part['text'] === 'string')
}

function isThinking(part: unknown): part is Members {
  return isObject(part) && part['type'] === 'thinking'
}

/** Readable reasoning under the one name that most clients look for. The vendor's own members stay: they go back to it. */
export const reasoningSpelling: Quirk = {
  tells: String.raw`"reasoning(?:_details)?"\s*:\s*["[]`,
  message(message) {
    if (textOf(message['reasoning_content']) !== undefined) return message
    const text = readReasoning(message)
      .map((piece) => piece.text)
      .join('')
    return text === '' ? message : { ...message, reasoning_content: text }
  },
}

// What means something empty, or has a quirk of its own.
const meant: ReadonlySet<string> = new Set(['role', 'content', 'reasoning_content', 'reasoning', 'tool_calls'])
const callMembers: ReadonlySet<string> = new Set(['id', 'index', 'type', 'function'])

/** Members that say nothing go: readers ask whether a call or an audio is there, not whether it is empty. */
export const placeholderMembers: Quirk = {
  tells: [
    String.raw`"(?:refusal|service_tier|system_fingerprint)"\s*:\s*""`,
    String.raw`"(?:audio|function_call|custom)"\s*:\s*\{`,
    String.raw`"(?:tool_calls|annotations)"\s*:\s*\[\s*\]`,
    String.raw`"logprobs"\s*:\s*\{\s*"(?:content|refusal)"\s*:\s*null`,
  ].join('|'),
  record: (record) => dropped(record, ['service_tier', 'system_fingerprint']),
  choice: (choice) =>
    isObject(choice['logprobs']) && isPlaceholder(choice['logprobs']) ? withMember(choice, 'logprobs', null) : choice,
  message(message) {
    const empty = Object.keys(message).filter((key) => key !== 'refusal' && !meant.has(key))
    const told = dropped(message['refusal'] === '' ? withMember(message, 'refusal', null) : message, empty)
    const { tool_calls: calls } = told
    if (!Array.isArray(calls)) return told
    const entries = calls.filter((entry) => isObject(entry) && !isEmptyEntry(entry)) as Members[]
    if (entries.length === 0) return withoutMember(told, 'tool_calls')
    const bare = mapSame(entries, (entry) =>
      dropped(
        entry,
        Object.keys(entry).filter((key) => !callMembers.has(key)),
      ),
    )
    return entries.length === calls.length && bare === entries ? told : withMember(told, 'tool_calls', bare)
  },
}

/** The record without those of its members that are there and say nothing; null is how the wire itself says that. */
function dropped(record: Members, keys: readonly string[]): Members {
  return keys.reduce(
    (kept, key) => (key in kept && kept[key] !== null && isPlaceholder(kept[key]) ? withoutMember(kept, key) : kept),
    record,
  )
}
