// The message list of a request into instructions and turns. Owns who says what in which order.
import type { ContentPart, ToolResultPart } from '../../ir/content.ts'
import { failed, ok, type Outcome } from '../../ir/error.ts'
import type { Turn } from '../../ir/request.ts'
import { decodeAssistant } from './decode-assistant.ts'
import { createCallIds, type CallIds } from './call-ids.ts'
import { cacheMembers, decodeContent, withMessageCache } from './content.ts'
import { asideOf, extrasOf, packOwn, saidMembers, silently, unknownMembers } from './extras.ts'
import { placeExtras } from '../kit/extra-losses.ts'
import { present } from '../kit/present.ts'
import type { MessageShape } from './schema.ts'

export interface DecodedMessages {
  readonly instructions: readonly ContentPart[]
  readonly turns: readonly Turn[]
}

const knownMembers: readonly string[] = ['role', 'content']
// A tool message's name repeats what its call says: nothing is lost with it.
const resultMembers: readonly string[] = [...knownMembers, 'tool_call_id', 'name']

/** Decodes the messages in order; fails where a role is none of this wire's. */
export function decodeMessages(messages: readonly MessageShape[]): Outcome<DecodedMessages> {
  const instructions: ContentPart[] = []
  const turns: Turn[] = []
  const ids = createCallIds()
  let results: ToolResultPart[] | undefined
  for (const [position, message] of messages.entries()) {
    const at = `messages[${position}]`
    const isResult = message.role === 'tool' || message.role === 'function'
    if (!isResult) results = undefined
    switch (message.role) {
      case 'system':
      case 'developer':
        if (turns.length === 0) instructions.push(...decodeInstruction(message, position))
        else turns.push(decodeTurn('system', message, at))
        break
      case 'user':
        turns.push(decodeTurn('user', message, at))
        break
      case 'assistant':
        turns.push(decodeAssistant(message, at, ids))
        break
      case 'tool':
      case 'function':
        if (results === undefined) {
          results = []
          turns.push({ role: 'user', parts: results, at })
        }
        results.push(decodeResult(message, at, ids))
        break
      default:
        return failed('invalid_messages', { param: `${at}.role` })
    }
  }
  return ok({ instructions, turns })
}

/** A leading message becomes parts of the instructions; each remembers which message it stood in. */
function decodeInstruction(message: MessageShape, position: number): ContentPart[] {
  const at = `messages[${position}]`
  const content = decodeContent(message.content, `${at}.content`)
  const parts = withMessageCache(content, message, at)
  const { said, silent } = unknownMembers(message, new Set([...knownMembers, ...cacheMembers(content)]))
  const members = { ...silent, ...said }
  if (position === 0 && message.role === 'system' && Object.keys(members).length === 0) return parts
  return parts.map((part, index) => {
    // What is lost elsewhere is reported once per message.
    const lost = index === 0 ? said : {}
    const note = { position, role: message.role, members }
    const extras = packOwn({ ...lost, ...saidMembers(part.extras) }, { ...asideOf(part.extras), message: note })
    return { ...part, extras: placeExtras(extras, Object.keys(lost), at) }
  })
}

function decodeTurn(role: 'user' | 'system', message: MessageShape, at: string): Turn {
  const content = decodeContent(message.content, `${at}.content`)
  const silent = {
    ...(message.role === 'developer' && { role: 'developer' }),
    ...(Array.isArray(message.content) && content.length === 0 && { content: [] }),
  }
  const extras = extrasOf(message, new Set([...knownMembers, ...cacheMembers(content)]), silently(silent))
  return { role, parts: withMessageCache(content, message, at), at, ...present({ extras }) }
}

function decodeResult(message: MessageShape, at: string, ids: CallIds): ToolResultPart {
  const legacy = message.role === 'function'
  // An empty result has nothing to carry.
  const content = message.content === '' ? [] : decodeContent(message.content, `${at}.content`)
  const silent = present({
    name: message.name ?? undefined,
    tool_call_id: message.tool_call_id === '' ? '' : undefined,
  })
  const unseen = { ...silently(silent), ...(legacy && { legacy: true as const }) }
  const extras = extrasOf(message, new Set([...resultMembers, ...cacheMembers(content)]), unseen)
  return {
    type: 'tool-result',
    callId: ids.answered(legacy ? message.name : message.tool_call_id, legacy),
    parts: withMessageCache(content, message, at),
    at,
    ...present({ extras }),
  }
}
