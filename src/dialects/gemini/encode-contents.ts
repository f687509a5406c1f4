// Instructions and turns of a foreign request as contents. Owns what the API demands of them: roles that take turns, all
// answers to calls of one turn in one content, a signature on the first call of each.
// https://ai.google.dev/gemini-api/docs/function-calling
import type { ContentPart, FilePart, PartBase, ToolResultPart } from '../../ir/content.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'
import { fileNamePath } from '../kit/client-paths.ts'
import type { Ledger } from '../kit/ledger.ts'
import { decodeArgs, encodePart } from './encode-part.ts'
import type { Members } from './extras.ts'
import { encodeMedium } from './media.ts'

/** What Google documents for calls that no model of its own has made. */
export const dummySignature = 'skip_thought_signature_validator'

export interface Conversation {
  readonly system: readonly Members[]
  readonly contents: readonly Members[]
}

interface Placed {
  readonly part: Members
  readonly at: string
}

interface Draft {
  readonly role: 'user' | 'model'
  readonly at: string
  readonly parts: Placed[]
}

interface Place {
  readonly role: Turn['role']
  readonly at: string
}

/** Encodes the conversation; what cannot be carried is dropped or refused in `ledger`. */
export function encodeContents(request: IrRequest, signs: boolean, ledger: Ledger): Conversation {
  const names = callNames(request.turns)
  const encode = createPartEncoder(names, ledger)
  const system = request.instructions.flatMap((part) => encode(part, { role: 'system', at: part.at ?? 'system' }))
  const drafts: Draft[] = []
  request.turns.forEach((turn, index) => {
    const at = turn.at ?? `messages[${index}]`
    ledger.dropExtras(turn.extras, at)
    const parts = turn.parts.flatMap((part) => encode(part, { role: turn.role, at: part.at ?? at }))
    if (turn.role === 'system') {
      if (parts.length > 0) ledger.approximate(at, 'a later system message moves to the end of the system instruction')
      system.push(...parts)
    } else append(drafts, { role: turn.role === 'user' ? 'user' : 'model', at, parts })
  })
  const contents = finish(drafts, system, ledger)
  if (signs) for (const draft of contents) signFirstCall(draft, ledger)
  return {
    system: system.map(({ part }) => part),
    contents: contents.map(({ role, parts }) => ({ role, parts: parts.map(({ part }) => part) })),
  }
}

function callNames(turns: readonly Turn[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const { parts } of turns) for (const part of parts) if (part.type === 'tool-call') names.set(part.id, part.name)
  return names
}

/** A call has to follow a user's turn, so turns of one role in a row are one content. */
function append(drafts: Draft[], draft: Draft): void {
  const last = drafts.at(-1)
  if (last?.role === draft.role) last.parts.push(...draft.parts)
  else drafts.push(draft)
}

function finish(drafts: readonly Draft[], system: Placed[], ledger: Ledger): Draft[] {
  const spoken: Draft[] = []
  for (const draft of drafts) {
    if (draft.parts.length > 0) append(spoken, { ...draft, parts: answersFirst(draft.parts) })
    else if (draft.role === 'user') ledger.refuse(draft.at, 'a user message without content', 'invalid_messages')
  }
  if (spoken.length > 0) return spoken
  if (system.length === 0) ledger.refuse('messages', 'no message with content', 'invalid_messages')
  else ledger.approximate(system[0]?.at ?? 'system', 'instructions alone go as the user')
  return [{ role: 'user', at: 'system', parts: system.splice(0) }]
}

function answersFirst(parts: readonly Placed[]): Placed[] {
  const isAnswer = ({ part }: Placed): boolean => 'functionResponse' in part
  return [...parts.filter(isAnswer), ...parts.filter((part) => !isAnswer(part))]
}

/**
 * Calls of other models have no signature, and Gemini 3 refuses the first call of a step without one. Every step gets
 * it, not only those of the current turn that are checked: the prefix stays the same for the cache.
 * @see https://ai.google.dev/gemini-api/docs/thought-signatures#faqs
 */
function signFirstCall({ parts }: Draft, ledger: Ledger): void {
  const index = parts.findIndex(({ part }) => 'functionCall' in part)
  const first = parts[index]
  if (first === undefined || 'thoughtSignature' in first.part) return
  parts[index] = { at: first.at, part: { ...first.part, thoughtSignature: dummySignature } }
  ledger.approximate(first.at, 'a call without a thought signature gets the one that skips the check')
}

type PartEncoder = (part: ContentPart, place: Place) => Placed[]

function createPartEncoder(names: ReadonlyMap<string, string>, ledger: Ledger): PartEncoder {
  const { paths } = ledger
  const encode: PartEncoder = (part, place) => {
    if (place.role === 'system' && part.type !== 'text' && part.type !== 'refusal') {
      ledger.refuse(place.at, `instructions cannot hold ${part.type}`)
      return []
    }
    ledger.dropExtras(part.extras, place.at)
    ledger.dropCache(part.cache, place.at)
    // Anthropic's clients write an empty one where there is none.
    const signature = part.signature ? { signature: part.signature } : {}
    const written = (bare: ContentPart): Placed[] => [
      { at: place.at, part: encodePart({ ...bare, ...signature }, { own: false }) },
    ]
    switch (part.type) {
      case 'text':
        if (part.citations !== undefined && part.citations.length > 0)
          ledger.drop(`${place.at}.${paths.citations}`, 'citations of another wire')
        return part.text === '' && !part.signature ? [] : written({ type: 'text', text: part.text })
      case 'refusal':
        ledger.approximate(place.at, 'a refusal goes as plain text')
        return part.text === '' ? [] : written({ type: 'text', text: part.text })
      case 'reasoning':
        return encodeReasoning(part, place, ledger) ? written({ type: 'reasoning', text: part.text }) : []
      case 'tool-call':
        return encodeCall(part, place, ledger) ? written({ ...part, name: ledger.toolName(part.name) }) : []
      case 'tool-result':
        return encodeAnswer(part, place)
      case 'opaque':
        if (place.role === 'assistant') ledger.drop(place.at, `assistant content of type ${part.kind}`)
        else ledger.refuse(place.at, `content of type ${part.kind}`)
        return []
      case 'image':
        if (part.detail !== undefined && part.detail !== 'auto')
          ledger.drop(`${place.at}.${paths.detail}`, 'no resolution hint')
        return isSendable(part, place, ledger) ? written(part) : []
      case 'audio':
        return written(part)
      case 'file':
        return encodeFile(part, place)
    }
  }

  function encodeAnswer(part: ToolResultPart, place: Place): Placed[] {
    const name = names.get(part.callId)
    if (place.role !== 'user' || name === undefined) {
      ledger.refuse(place.at, name === undefined ? 'a result of no call' : 'a tool result outside a user message')
      return []
    }
    const texts = part.parts.filter((inner) => inner.type === 'text')
    const others = part.parts.filter((inner) => inner.type !== 'text')
    for (const text of texts) {
      ledger.dropExtras(text.extras, text.at ?? place.at)
      ledger.dropCache(text.cache, text.at ?? place.at)
    }
    if (texts.length > 1) ledger.approximate(place.at, 'the texts of a result become one')
    const answer = { ...part, parts: texts }
    const options = { own: false, nameOf: () => ledger.toolName(name) }
    const beside = others.flatMap((inner) => {
      const at = inner.at ?? place.at
      ledger.approximate(at, 'moved behind the tool results')
      return encode(inner, { ...place, at })
    })
    return [{ at: place.at, part: encodePart(answer, options) }, ...beside]
  }

  function encodeFile(part: FilePart, place: Place): Placed[] {
    const { source, name, context, cite } = part
    if (name !== undefined) ledger.drop(`${place.at}.${fileNamePath(part, paths)}`, 'a file has no name here')
    if (cite === true) ledger.drop(`${place.at}.${paths.cite}`, 'citations of a file cannot be asked for')
    const before: Placed[] = context === undefined ? [] : [{ at: place.at, part: { text: context } }]
    if (context !== undefined) ledger.approximate(`${place.at}.${paths.context}`, 'goes as a text before the file')
    if (source.kind !== 'parts') {
      if (!isSendable(part, place, ledger)) return []
      return [...before, { at: place.at, part: encodePart(bareOf(part), { own: false }) }]
    }
    ledger.approximate(place.at, 'a document in parts goes as its parts')
    return [...before, ...source.parts.flatMap((inner) => encode(inner, { ...place, at: inner.at ?? place.at }))]
  }

  return encode
}

function bareOf<T extends PartBase>(part: T): Omit<T, 'extras' | 'cache'> {
  const { extras: _extras, cache: _cache, ...bare } = part
  return bare
}

function encodeReasoning(
  part: Extract<ContentPart, { type: 'reasoning' }>,
  { role, at }: Place,
  ledger: Ledger,
): boolean {
  if (role !== 'assistant') ledger.refuse(at, 'reasoning outside an assistant message')
  else if (part.redacted !== undefined) ledger.drop(at, 'reasoning that only its provider can read')
  else return part.text !== '' || part.signature !== undefined
  return false
}

function encodeCall(part: Extract<ContentPart, { type: 'tool-call' }>, { role, at }: Place, ledger: Ledger): boolean {
  if (role !== 'assistant') ledger.refuse(at, 'a tool call outside an assistant message')
  else if (part.kind === 'custom') ledger.refuse(at, 'a call of a free-text tool')
  else if (decodeArgs(part.input) === undefined) ledger.refuse(at, 'tool arguments that are not a JSON object')
  else return true
  return false
}

/** Whether Google can get at a medium: its bytes are there, or a link that anybody may follow. */
function isSendable(part: Extract<ContentPart, { type: 'image' | 'file' }>, { at }: Place, ledger: Ledger): boolean {
  const { source } = part
  if (source.kind === 'file') ledger.refuse(at, 'a file that is stored at another provider')
  else if (source.kind === 'url' && !/^https?:\/\//i.test(source.url))
    ledger.refuse(at, 'a link that is not of the web')
  else return encodeMedium(part, false) !== undefined
  return false
}
