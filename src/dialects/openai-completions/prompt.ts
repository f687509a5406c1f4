// A conversation as one prompt: all that a text completion can read. Owns how turns are told apart and what cannot be
// written as text.
import type { ContentPart } from '../../ir/content.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'
import type { Ledger } from '../kit/ledger.ts'

/** A prompt, and what has to end the answer so that the model does not go on to speak for the user. */
export interface Prompt {
  readonly text: string
  readonly stop?: string
}

type Role = Turn['role'] | 'instructions'

interface Place {
  readonly role: Role
  readonly at: string
}

const labels = { user: 'User:', assistant: 'Assistant:', system: 'System:' } as const
const gap = '\n\n'

/**
 * Writes a foreign conversation as a prompt. What one user said alone goes as it is; more gets a name before each turn
 * and is an approximation. What is no text is refused or dropped in `ledger`.
 */
export function encodePrompt({ instructions, turns }: IrRequest, ledger: Ledger): Prompt {
  const preface = encodeParts(instructions, { role: 'instructions', at: instructions[0]?.at ?? 'system' }, ledger)
  const spoken = turns.map((turn, index) => {
    const at = turn.at ?? `messages[${index}]`
    ledger.dropExtras(turn.extras, at)
    return { role: turn.role, at, text: encodeParts(turn.parts, { role: turn.role, at }, ledger) }
  })
  const [first] = spoken
  if (preface === '' && first === undefined) ledger.refuse('messages', 'nothing to complete', 'invalid_messages')
  if (preface === '' && spoken.length === 1 && first?.role === 'user') return { text: first.text }
  if (preface !== '') ledger.approximate(instructions[0]?.at ?? 'system', 'written before the prompt')
  if (first !== undefined) ledger.approximate(listOf(first.at), 'turns become one prompt with a name before each')
  const lines = spoken.map(({ role, text }) => `${labels[role]} ${text}`)
  // What the assistant began is continued.
  if (spoken.at(-1)?.role !== 'assistant') lines.push(labels.assistant)
  return { text: [...(preface === '' ? [] : [preface]), ...lines].join(gap), stop: gap + labels.user }
}

/** `messages[3]` stands in `messages`. */
function listOf(at: string): string {
  return at.replace(/[[.].*$/s, '') || 'messages'
}

function encodeParts(parts: readonly ContentPart[], place: Place, ledger: Ledger): string {
  return parts
    .map((part) => encodePart(part, { ...place, at: part.at ?? place.at }, ledger))
    .filter((text) => text !== undefined)
    .join('\n')
}

function encodePart(part: ContentPart, place: Place, ledger: Ledger): string | undefined {
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined && part.citations.length > 0)
        ledger.drop(`${place.at}.${ledger.paths.citations}`, 'a prompt has no citations')
      return shed(part, part.text, place, ledger)
    case 'refusal':
      ledger.approximate(place.at, 'a refusal goes as plain text')
      return shed(part, part.text, place, ledger)
    case 'reasoning':
    case 'image':
    case 'audio':
    case 'file':
    case 'opaque':
      return leaveOut(part, place, ledger)
    case 'tool-call':
    case 'tool-result':
      ledger.refuse(place.at, 'a prompt has no tool calls')
      return undefined
  }
}

/** What an assistant produced may be missing from its history; what a user said may not. */
function leaveOut(part: ContentPart, { role, at }: Place, ledger: Ledger): undefined {
  const kind = part.type === 'opaque' ? part.kind : part.type
  if (role === 'assistant') ledger.drop(at, `a prompt cannot hold ${kind}`)
  else ledger.refuse(at, `a prompt cannot hold ${kind}`)
}

function shed(part: ContentPart, text: string, { at }: Place, ledger: Ledger): string {
  ledger.dropExtras(part.extras, at)
  ledger.dropCache(part.cache, at)
  if (part.signature !== undefined) ledger.drop(`${at}.${ledger.paths.signature}`, 'a prompt has no signatures')
  return text
}
