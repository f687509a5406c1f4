// The conversation of a foreign request as messages of this wire. Owns what the API demands of them: whole turns, tool
// results first, no empty text, only signed thinking.
// https://platform.claude.com/docs/en/api/messages
import type { ContentPart, PartBase, ToolCallPart, ToolResultPart } from '../../ir/content.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'
import { decodeToolInput, encodeBlock, type WireBlock } from './content.ts'
import { documentSource } from './encode-document.ts'
import { cachePath } from '../kit/ledger.ts'
import type { BlockLedger } from './ledger.ts'

export interface WireMessage {
  readonly role: 'user' | 'assistant'
  readonly content: WireBlock[]
}

export interface Conversation {
  readonly system: readonly WireBlock[]
  readonly messages: readonly WireMessage[]
}

interface Draft extends WireMessage {
  readonly at: string
}

/** Encodes instructions and turns; what cannot be carried is dropped or refused in `ledger`. */
export function encodeTurns(request: IrRequest, ledger: BlockLedger): Conversation {
  const system = encodeParts(request.instructions, { role: 'system', at: 'system' }, ledger)
  const drafts: Draft[] = []
  request.turns.forEach((turn, index) => {
    const at = turn.at ?? `messages[${index}]`
    ledger.dropExtras(turn.extras, at)
    const blocks = encodeParts(turn.parts, { role: turn.role, at }, ledger)
    if (turn.role === 'system') {
      if (blocks.length > 0) ledger.approximate(at, 'a later system message moves to the end of the system prompt')
      system.push(...blocks)
    } else append(drafts, { role: turn.role, content: blocks, at })
  })
  return { system, messages: finishMessages(drafts, ledger) }
}

interface Place {
  readonly role: Turn['role']
  readonly at: string
}

/** Turns of one role in a row are one message here: all results of parallel calls have to stand in one. */
function append(drafts: Draft[], draft: Draft): void {
  const last = drafts.at(-1)
  if (last?.role === draft.role) last.content.push(...draft.content)
  else drafts.push(draft)
}

function finishMessages(drafts: readonly Draft[], ledger: BlockLedger): WireMessage[] {
  const last = drafts.at(-1)
  if (last?.role === 'assistant') trimPrefill(last, ledger)
  const spoken: Draft[] = []
  for (const draft of drafts) {
    if (draft.content.length > 0) append(spoken, { ...draft, content: [...draft.content] })
    else if (draft.role === 'user') ledger.refuse(draft.at, 'a user message without content', 'invalid_messages')
  }
  if (spoken.length === 0) ledger.refuse('messages', 'no message besides instructions', 'invalid_messages')
  return spoken.map(({ role, content }) => ({ role, content: role === 'user' ? resultsFirst(content) : content }))
}

function resultsFirst(content: readonly WireBlock[]): WireBlock[] {
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))]
}

function isResult(block: WireBlock): boolean {
  return block['type'] === 'tool_result'
}

/** A prefill may not end in white space. */
function trimPrefill(message: Draft, ledger: BlockLedger): void {
  const block = message.content.at(-1)
  const text = block?.['text']
  if (block === undefined || block['type'] !== 'text' || typeof text !== 'string') return
  const trimmed = text.trimEnd()
  if (trimmed === text) return
  ledger.approximate(ledger.pathOf(block), 'white space at the end of a prefill is not accepted')
  block['text'] = trimmed
}

function encodeParts(parts: readonly ContentPart[], owner: Place, ledger: BlockLedger): WireBlock[] {
  return parts.flatMap((part) => {
    const at = part.at ?? owner.at
    return encodePart(part, { ...owner, at }, ledger).map((block) => ledger.place(block, at, part.cache))
  })
}

function encodePart(part: ContentPart, place: Place, ledger: BlockLedger): WireBlock[] {
  if (place.role === 'system' && part.type !== 'text' && part.type !== 'refusal') {
    ledger.refuse(place.at, `instructions cannot hold ${part.type}`)
    return []
  }
  switch (part.type) {
    case 'text':
      return encodeText(part, place, ledger)
    case 'refusal':
      ledger.approximate(place.at, 'a refusal goes as plain text')
      return encodeText({ ...part, type: 'text' }, place, ledger)
    case 'reasoning':
      return encodeReasoning(part, place, ledger)
    case 'tool-call':
      return encodeCall(part, place, ledger)
    case 'tool-result':
      return encodeResult(part, place, ledger)
    case 'image':
    case 'file':
    case 'audio':
    case 'opaque':
      return encodeMedium(part, place, ledger)
  }
}

function encodeText(part: Extract<ContentPart, { type: 'text' }>, place: Place, ledger: BlockLedger): WireBlock[] {
  if (part.citations !== undefined && part.citations.length > 0)
    ledger.drop(`${place.at}.${ledger.paths.citations}`, 'citations of another wire')
  if (part.text.trim() === '') {
    // An empty text says nothing; white space may, but is refused by the API.
    if (part.text !== '') ledger.drop(place.at, 'a text of white space alone is not accepted')
    ledger.dropCache(part.cache, place.at)
    return []
  }
  return [encodeBlock({ type: 'text', text: part.text, ...shed(part, place, ledger) })]
}

function encodeReasoning(
  part: Extract<ContentPart, { type: 'reasoning' }>,
  place: Place,
  ledger: BlockLedger,
): WireBlock[] {
  if (place.role !== 'assistant') {
    ledger.refuse(place.at, 'reasoning outside an assistant message')
    return []
  }
  if (part.redacted === undefined && !part.signature) {
    ledger.drop(place.at, 'reasoning without a signature is not accepted')
    return []
  }
  ledger.dropExtras(part.extras, place.at)
  ledger.dropCache(part.cache, place.at)
  const { cache: _cache, extras: _extras, ...bare } = part
  return [encodeBlock(bare)]
}

function encodeCall(part: ToolCallPart, place: Place, ledger: BlockLedger): WireBlock[] {
  if (place.role !== 'assistant') ledger.refuse(place.at, 'a tool call outside an assistant message')
  else if (part.kind === 'custom') ledger.refuse(place.at, 'a call of a free-text tool')
  else if (decodeToolInput(part.input) === undefined)
    ledger.refuse(place.at, 'tool arguments that are not a JSON object')
  else {
    const call = { ...part, id: ledger.callId(part.id), name: ledger.toolName(part.name) }
    return [encodeBlock({ ...withoutExtras(call), ...shed(part, place, ledger) })]
  }
  return []
}

function encodeResult(part: ToolResultPart, place: Place, ledger: BlockLedger): WireBlock[] {
  if (place.role !== 'user') {
    ledger.refuse(place.at, 'a tool result outside a user message')
    return []
  }
  const content = encodeParts(part.parts, place, ledger)
  const { parts: _parts, ...rest } = withoutExtras(part)
  const result = encodeBlock({ ...rest, parts: [], callId: ledger.callId(part.callId), ...shed(part, place, ledger) })
  return [content.length > 0 ? { ...result, content } : result]
}

function encodeMedium(
  part: Extract<ContentPart, { type: 'image' | 'file' | 'audio' | 'opaque' }>,
  place: Place,
  ledger: BlockLedger,
): WireBlock[] {
  const kind = part.type === 'opaque' ? part.kind : part.type
  if (place.role === 'assistant') {
    ledger.drop(place.at, `assistant content of type ${kind}`)
    return []
  }
  if (part.type === 'audio' || part.type === 'opaque') {
    ledger.refuse(place.at, `content of type ${kind}`)
    return []
  }
  if (part.source.kind === 'file') {
    ledger.refuse(place.at, 'a file that is stored at another provider')
    return []
  }
  if (part.type === 'image') {
    if (part.detail !== undefined && part.detail !== 'auto')
      ledger.drop(`${place.at}.${ledger.paths.detail}`, 'no resolution hint')
    return [encodeBlock({ type: 'image', source: part.source, ...shed(part, place, ledger) })]
  }
  const source = documentSource(part.source, place.at, ledger)
  if (source === undefined) return []
  const { extras: _extras, cache: _cache, ...bare } = part
  return [encodeBlock({ ...bare, source, ...shed(part, place, ledger) })]
}

/** What of a foreign part's frame survives: its cache breakpoint. Its extras are losses. */
function shed(part: PartBase, place: Place, ledger: BlockLedger): PartBase {
  ledger.dropExtras(part.extras, place.at)
  if (part.cache === undefined) return {}
  ledger.dropExtras(part.cache.extras, cachePath(part.cache, place.at))
  return { cache: withoutExtras(part.cache) }
}

function withoutExtras<T extends { readonly extras?: unknown }>(value: T): Omit<T, 'extras'> {
  const { extras: _extras, ...rest } = value
  return rest
}
