// Instructions and turns into the message list. Owns which message a part goes to.
import type { ContentPart, ToolResultPart } from '../../ir/content.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'
import type { Traits } from '../../ir/traits.ts'
import { encodeAssistant } from './encode-assistant.ts'
import { encodeContent, encodePart } from './encode-content.ts'
import type { Ledger } from '../kit/ledger.ts'
import { asideOf, ownMembers, type Members } from './extras.ts'

export interface EncodedMessages {
  readonly messages: readonly Members[]
  /** Where in the client's body each of them comes from. */
  readonly places: readonly string[]
}

/** The messages of a request. */
export function encodeMessages(request: IrRequest, ledger: Ledger, traits: Traits = {}): EncodedMessages {
  const takesReasoning = traits.reasoningField !== undefined && traits.reasoningField !== 'none'
  const messages = encodeInstructions(request.instructions, ledger)
  const places = messages.map(() => request.instructions[0]?.at ?? 'system')
  for (const [index, turn] of request.turns.entries()) {
    const at = turn.at ?? `messages[${index}]`
    if (turn.role === 'user') messages.push(...encodeUser(turn, at, ledger))
    else if (turn.role === 'assistant') messages.push(...encodeAssistant(turn, at, ledger, takesReasoning))
    else messages.push(encodeSystem(turn, at, ledger))
    while (places.length < messages.length) places.push(at)
  }
  const last = request.turns.at(-1)
  const message = messages.at(-1)
  if (last?.breaksOff === true && traits.assistantPrefix !== undefined && message !== undefined)
    messages[messages.length - 1] = { ...message, prefix: true }
  else if (!ledger.own && last?.role === 'assistant')
    ledger.approximate(last.at ?? 'messages', 'the answer does not continue the last turn but follows it')
  return { messages, places }
}

/** One message for all instructions; those of this wire go back into the messages they stood in. */
function encodeInstructions(parts: readonly ContentPart[], ledger: Ledger): Members[] {
  const groups: ContentPart[][] = []
  let position: number | undefined
  for (const part of parts) {
    const next = ledger.own ? asideOf(part.extras).message?.position : undefined
    const group = groups.at(-1)
    if (group === undefined || next !== position) groups.push([part])
    else group.push(part)
    position = next
  }
  return groups.map((group) => {
    const note = ledger.own ? asideOf(group[0]?.extras).message : undefined
    const { content, beside } = encodeContent(group, 'system', ledger)
    refuseMedia(group, 'system', ledger)
    return { role: note?.role ?? 'system', content: content ?? '', ...beside, ...note?.members }
  })
}

function encodeSystem(turn: Turn, at: string, ledger: Ledger): Members {
  ledger.dropExtras(turn.extras, at)
  const { content, beside } = encodeContent(turn.parts, `${at}.content`, ledger)
  refuseMedia(turn.parts, at, ledger)
  return { role: 'system', content: content ?? '', ...beside, ...(ledger.own && ownMembers(turn.extras)) }
}

function refuseMedia(parts: readonly ContentPart[], at: string, ledger: Ledger): void {
  const media = parts.find((part) => part.type !== 'text' && part.type !== 'opaque')
  if (!ledger.own && media !== undefined) ledger.refuse(media.at ?? at, 'instructions can only be text')
}

/** A user's turn: tool results first, each a message of its own, then everything else as one message. */
function encodeUser(turn: Turn, at: string, ledger: Ledger): Members[] {
  ledger.dropExtras(turn.extras, at)
  const results = turn.parts.filter((part): part is ToolResultPart => part.type === 'tool-result')
  const others = turn.parts.filter((part) => part.type !== 'tool-result')
  const hoisted: Members[] = []
  const messages = results.map((result, index) =>
    encodeResult(result, result.at ?? `${at}.content[${index}]`, ledger, hoisted),
  )
  if (others.length === 0 && hoisted.length === 0 && results.length > 0) return messages
  const { content, beside } = encodeContent(others, `${at}.content`, ledger)
  const said = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
  return [
    ...messages,
    {
      role: 'user',
      content: hoisted.length > 0 ? [...hoisted, ...said] : (content ?? (ledger.own ? null : '')),
      ...beside,
      ...(ledger.own && ownMembers(turn.extras)),
    },
  ]
}

/** A tool's answer. Media cannot stand in it: they are hoisted into the user message that follows. */
function encodeResult(result: ToolResultPart, at: string, ledger: Ledger, hoisted: Members[]): Members {
  ledger.dropExtras(result.extras, at)
  ledger.dropCache(result.cache, at)
  if (result.isError === true)
    ledger.approximate(`${at}.${ledger.paths.isError}`, 'only the text says that the tool failed')
  const staying = ledger.own
    ? result.parts
    : result.parts.filter((part) => part.type !== 'image' && part.type !== 'file')
  if (!ledger.own) hoisted.push(...hoistMedia(result, at, ledger))
  const { content, beside } = encodeContent(staying, `${at}.content`, ledger)
  const { legacy } = asideOf(result.extras)
  return {
    role: legacy === true ? 'function' : 'tool',
    ...(legacy !== true && { tool_call_id: ledger.callId(result.callId) }),
    content: content ?? '',
    ...beside,
    ...(ledger.own && ownMembers(result.extras)),
  }
}

function hoistMedia(result: ToolResultPart, at: string, ledger: Ledger): Members[] {
  return result.parts.flatMap((part, index) => {
    if (part.type !== 'image' && part.type !== 'file') return []
    const path = part.at ?? `${at}.content[${index}]`
    ledger.approximate(path, 'moved into the user message after the tool results')
    return encodePart(part, path, ledger)
  })
}
