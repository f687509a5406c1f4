// How the deltas of a block that only this wire knows add up. Owns nothing else.
import type { JoinOpaque } from '../../ir/fold.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'

/** The finished value of an opaque block: its start with the deltas applied, as the official SDK accumulates them. */
export const joinOpaque: JoinOpaque = (_kind, value, deltas) => {
  const block: Record<string, unknown> = isObject(value) ? { ...value } : {}
  // Joined once: a server tool's input may come in thousands of fragments.
  const input: string[] = []
  for (const delta of deltas.filter(isObject)) {
    if (delta['type'] === 'input_json_delta') input.push(String(delta['partial_json'] ?? ''))
    else apply(block, delta)
  }
  const text = input.join('')
  const parsed = text.trim() === '' ? undefined : parseJson(text)
  return parsed === undefined ? block : { ...block, input: parsed }
}

function apply(block: Record<string, unknown>, delta: Record<string, unknown>): void {
  switch (delta['type']) {
    case 'text_delta':
      block['text'] = joined(block['text'], delta['text'])
      break
    case 'thinking_delta':
      block['thinking'] = joined(block['thinking'], delta['thinking'])
      break
    case 'citations_delta':
      block['citations'] = [...(Array.isArray(block['citations']) ? block['citations'] : []), delta['citation']]
      break
    default:
      // A compaction's delta, like every one-shot delta seen so far, carries final values.
      for (const [key, member] of Object.entries(delta)) if (key !== 'type') block[key] = member
  }
}

function joined(text: unknown, fragment: unknown): string {
  return (typeof text === 'string' ? text : '') + (typeof fragment === 'string' ? fragment : '')
}
