// Instructions and turns into the message list. Owns which message a part goes to.
import type { ContentPart, ToolResultPart } from '../../ir/content.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'
import { encodeAssistant } from './encode-assistant.ts'
import { encodeContent, encodePart } from './encode-content.ts'
import type { EncodeContext } from './encode-context.ts'
import { asideOf, ownMembers, type Members } from './extras.ts'

/** The messages of a request. */
export function encodeMessages(request: IrRequest, context: EncodeContext): Members[] {
  const messages = encodeInstructions(request.instructions, context)
  for (const [index, turn] of request.turns.entries()) {
    const at = turn.at ?? `messages[${index}]`
    if (turn.role === 'user') messages.push(...encodeUser(turn, at, context))
    else if (turn.role === 'assistant') messages.push(...encodeAssistant(turn, at, context))
    else messages.push(encodeSystem(turn, at, context))
  }
  const last = request.turns.at(-1)
  if (!context.own && last?.role === 'assistant')
    context.approximated(last.at ?? 'messages', 'the answer does not continue the last turn but follows it')
  return messages
}

/** One message for all instructions; those of this wire go back into the messages they stood in. */
function encodeInstructions(parts: readonly ContentPart[], context: EncodeContext): Members[] {
  const groups: ContentPart[][] = []
  let position: number | undefined
  for (const part of parts) {
    const next = context.own ? asideOf(part.extras).message?.position : undefined
    const group = groups.at(-1)
    if (group === undefined || next !== position) groups.push([part])
    else group.push(part)
    position = next
  }
  return groups.map((group) => {
    const note = context.own ? asideOf(group[0]?.extras).message : undefined
    const { content, beside } = encodeContent(group, 'system', context)
    refuseMedia(group, 'system', context)
    return { role: note?.role ?? 'system', content: content ?? '', ...beside, ...note?.members }
  })
}

function encodeSystem(turn: Turn, at: string, context: EncodeContext): Members {
  context.lostExtras(turn.extras, at)
  const { content, beside } = encodeContent(turn.parts, `${at}.content`, context)
  refuseMedia(turn.parts, at, context)
  return { role: 'system', content: content ?? '', ...beside, ...(context.own && ownMembers(turn.extras)) }
}

function refuseMedia(parts: readonly ContentPart[], at: string, context: EncodeContext): void {
  const media = parts.find((part) => part.type !== 'text' && part.type !== 'opaque')
  if (!context.own && media !== undefined) context.refuse(media.at ?? at, 'instructions can only be text')
}

/** A user's turn: tool results first, each a message of its own, then everything else as one message. */
function encodeUser(turn: Turn, at: string, context: EncodeContext): Members[] {
  context.lostExtras(turn.extras, at)
  const results = turn.parts.filter((part): part is ToolResultPart => part.type === 'tool-result')
  const others = turn.parts.filter((part) => part.type !== 'tool-result')
  const hoisted: Members[] = []
  const messages = results.map((result, index) =>
    encodeResult(result, result.at ?? `${at}.content[${index}]`, context, hoisted),
  )
  if (others.length === 0 && hoisted.length === 0 && results.length > 0) return messages
  const { content, beside } = encodeContent(others, `${at}.content`, context)
  const said = typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? [])
  return [
    ...messages,
    {
      role: 'user',
      content: hoisted.length > 0 ? [...hoisted, ...said] : (content ?? (context.own ? null : '')),
      ...beside,
      ...(context.own && ownMembers(turn.extras)),
    },
  ]
}

/** A tool's answer. Media cannot stand in it: they are hoisted into the user message that follows. */
function encodeResult(result: ToolResultPart, at: string, context: EncodeContext, hoisted: Members[]): Members {
  context.lostExtras(result.extras, at)
  context.lostCache(result.cache, at)
  if (result.isError === true) context.approximated(`${at}.is_error`, 'only the text says that the tool failed')
  const staying = context.own
    ? result.parts
    : result.parts.filter((part) => part.type !== 'image' && part.type !== 'file')
  if (!context.own) hoisted.push(...hoistMedia(result, at, context))
  const { content, beside } = encodeContent(staying, `${at}.content`, context)
  const { legacy } = asideOf(result.extras)
  return {
    role: legacy === true ? 'function' : 'tool',
    ...(legacy !== true && { tool_call_id: context.callId(result.callId) }),
    content: content ?? '',
    ...beside,
    ...(context.own && ownMembers(result.extras)),
  }
}

function hoistMedia(result: ToolResultPart, at: string, context: EncodeContext): Members[] {
  return result.parts.flatMap((part, index) => {
    if (part.type !== 'image' && part.type !== 'file') return []
    const path = part.at ?? `${at}.content[${index}]`
    context.approximated(path, 'moved into the user message after the tool results')
    return encodePart(part, path, context)
  })
}
