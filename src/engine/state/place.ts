// Puts reasoning that was carried apart back where it stood in its turn.
import type { ContentPart, ReasoningPart } from '../../ir/content.ts'
import type { Carried, CarriedReasoning } from './sealed-state.ts'

/**
 * The parts of a turn with its carried reasoning among them, in the place that it had in the answer: behind so many
 * calls and so many characters of text. Providers verify the order, and clients that drop reasoning join the text around
 * it. Reasoning of the client's own making goes: the carried one is the same, whole. Signed reasoning that came back by
 * itself stays, and then nothing is added.
 */
export function placeReasoning(parts: readonly ContentPart[], carried: readonly Carried[]): readonly ContentPart[] {
  const queue = carried.filter((one) => one.type === 'reasoning')
  const came = parts.some((part) => part.type === 'reasoning' && (part.signature ?? part.redacted) !== undefined)
  if (queue.length === 0 || came) return parts
  const placed: ContentPart[] = []
  const due = (calls: number, chars: number): boolean => {
    const next = queue[0]?.position
    return next !== undefined && (next.calls < calls || (next.calls === calls && next.chars <= chars))
  }
  let calls = 0
  let chars = 0
  for (const part of parts) {
    if (part.type === 'reasoning') continue
    // Behind a call that it preceded it may not stand, whatever the client has done to the text.
    while (due(calls, part.type === 'tool-call' ? Infinity : chars)) placed.push(...next(queue))
    if (part.type === 'tool-call') calls++
    if (part.type !== 'text') {
      placed.push(part)
      continue
    }
    let text = part.text
    // The client has joined what stood on both sides.
    while (due(calls, chars + text.length - 1)) {
      const head = (queue[0]?.position.chars ?? 0) - chars
      if (head > 0)
        placed.push({ type: 'text', text: text.slice(0, head), ...(part.at !== undefined && { at: part.at }) })
      placed.push(...next(queue))
      text = text.slice(head)
      chars += head
    }
    placed.push({ ...part, text })
    chars += text.length
  }
  while (queue.length > 0) placed.push(...next(queue))
  return placed
}

function next(queue: CarriedReasoning[]): ReasoningPart[] {
  const carried = queue.shift()
  if (carried === undefined) return []
  const { position: _position, ...part } = carried
  return [part]
}
