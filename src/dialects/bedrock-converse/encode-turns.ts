// The conversation of a foreign request as messages of this wire. Owns what the API demands of them: roles that take
// turns and begin with the user, tool results first, no blank text, documents beside text.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Message.html
import type { ContentPart } from '../../ir/content.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'
import { isObject } from '../../wire/json-parse.ts'
import type { WireBlock } from './encode-content.ts'
import { createPartEncoder, type Group, type PartEncoder } from './encode-parts.ts'
import type { Ledger } from './ledger.ts'

export interface WireMessage {
  readonly role: 'user' | 'assistant'
  readonly content: WireBlock[]
}

export interface Conversation {
  readonly system: readonly WireBlock[]
  readonly messages: readonly WireMessage[]
}

interface Draft {
  readonly role: 'user' | 'assistant'
  readonly at: string
  readonly groups: Group[]
}

/** What the user says where the client's conversation begins with an answer. */
const opener = '.'
/** What stands beside a document that came without a word. */
const besideDocument = 'Document'

/** Encodes instructions and turns; what cannot be carried is dropped or refused in `ledger`. */
export function encodeTurns(request: IrRequest, ledger: Ledger): Conversation {
  const encoder = createPartEncoder(ledger)
  const system = encodeParts(request.instructions, { role: 'system', at: 'system' }, encoder)
  const drafts: Draft[] = []
  request.turns.forEach((turn, index) => {
    const at = turn.at ?? `messages[${index}]`
    ledger.dropExtras(turn.extras, at)
    const groups = encodeParts(turn.parts, { role: turn.role, at }, encoder)
    if (turn.role === 'system') {
      if (groups.length > 0) ledger.approximate(at, 'a later system message moves to the end of the system prompt')
      system.push(...groups)
    } else append(drafts, { role: turn.role, groups, at })
  })
  return { system: system.flat(), messages: finishMessages(drafts, ledger) }
}

/** Turns of one role in a row are one message here: all results of parallel calls have to stand in one. */
function append(drafts: Draft[], draft: Draft): void {
  const last = drafts.at(-1)
  if (last?.role === draft.role) last.groups.push(...draft.groups)
  else drafts.push({ ...draft, groups: [...draft.groups] })
}

function encodeParts(
  parts: readonly ContentPart[],
  owner: { readonly role: Turn['role']; readonly at: string },
  encoder: PartEncoder,
): Group[] {
  return parts.flatMap((part) => encoder.encode(part, { ...owner, at: part.at ?? owner.at }))
}

function finishMessages(drafts: readonly Draft[], ledger: Ledger): WireMessage[] {
  const spoken: Draft[] = []
  for (const draft of drafts) {
    if (draft.groups.length > 0) append(spoken, draft)
    else if (draft.role === 'user') ledger.refuse(draft.at, 'a user message without content', 'invalid_messages')
  }
  if (spoken.length === 0) ledger.refuse('messages', 'no message besides instructions', 'invalid_messages')
  const last = spoken.at(-1)
  if (last?.role === 'assistant') trimPrefill(last, ledger)
  const messages = spoken.map((draft) => finishMessage(draft, ledger))
  const first = spoken[0]
  if (first?.role !== 'assistant') return messages
  ledger.approximate(first.at, 'a conversation has to begin with the user: a message that says nothing was put first')
  return [{ role: 'user', content: [{ text: opener }] }, ...messages]
}

function finishMessage({ role, groups, at }: Draft, ledger: Ledger): WireMessage {
  if (role === 'assistant') return { role, content: groups.flat() }
  const results = groups.filter(isResult)
  const others = groups.filter((group) => !isResult(group))
  const documents = others.some(([block]) => block !== undefined && 'document' in block)
  const texts = others.some(([block]) => block !== undefined && 'text' in block)
  if (!documents || texts) return { role, content: placeCachePoints([...results, ...others], ledger) }
  ledger.approximate(at, 'a document has to stand beside a text: a word was added')
  return { role, content: placeCachePoints([...results, [{ text: besideDocument }], ...others], ledger) }
}

function isResult([block]: Group): boolean {
  return block !== undefined && 'toolResult' in block
}

/**
 * A cache point behind a document that is no PDF is refused (seen 2026-03): it goes before the run of such documents.
 */
function placeCachePoints(groups: readonly Group[], ledger: Ledger): WireBlock[] {
  const placed: WireBlock[] = []
  for (const [block, point] of groups) {
    if (block === undefined) continue
    placed.push(block)
    if (point === undefined) continue
    if (isPlainDocument(block)) moveBefore(placed, point, ledger)
    else placed.push(point)
  }
  return placed
}

function moveBefore(placed: WireBlock[], point: WireBlock, ledger: Ledger): void {
  let at = placed.length
  while (at > 0 && isPlainDocument(placed[at - 1])) at--
  const before = placed[at - 1]
  if (before === undefined || 'cachePoint' in before) {
    ledger.dropCachePoint(point, 'no cache breakpoint can stand behind such a document')
    return
  }
  ledger.approximateCachePoint(point, 'no cache breakpoint can stand behind such a document: it stands before it')
  placed.splice(at, 0, point)
}

function isPlainDocument(block: WireBlock | undefined): boolean {
  const document = block?.['document']
  return isObject(document) && document['format'] !== 'pdf'
}

/** A prefill may not end in white space. */
function trimPrefill({ groups, at }: Draft, ledger: Ledger): void {
  const group = groups.at(-1)
  const text = group?.[0]?.['text']
  if (group === undefined || typeof text !== 'string' || text === text.trimEnd()) return
  ledger.approximate(at, 'white space at the end of a prefill is not accepted')
  groups[groups.length - 1] = [{ text: text.trimEnd() }, ...group.slice(1)]
}
