// An assistant's turn of the history into a message. Owns what of it a provider takes back.
import type { ContentPart, ReasoningPart } from '../../ir/content.ts'
import type { Turn } from '../../ir/request.ts'
import { opaqueCall } from './decode-assistant.ts'
import { encodeCall, type EncodedCall } from './encode-call.ts'
import { encodeContent } from './encode-content.ts'
import type { Ledger } from '../kit/ledger.ts'
import { asideOf, ownMembers, type Members } from './extras.ts'
import { hasChanged, reasoningKeys, writeReasoningParts } from './reasoning.ts'

/**
 * The message of a turn; none where everything in it was lost.
 * @param takesReasoning the provider reads `reasoning_content` of earlier turns
 */
export function encodeAssistant(turn: Turn, at: string, ledger: Ledger, takesReasoning: boolean): Members[] {
  ledger.dropExtras(turn.extras, at)
  const refusals = turn.parts.filter(isRefusalMember)
  const calls = turn.parts.flatMap((part, index) => encodeCalls(part, part.at ?? `${at}.content[${index}]`, ledger))
  const thoughts = takesReasoning && !ledger.own ? turn.parts.filter(isPlainReasoning) : []
  const said = turn.parts.filter(
    (part) =>
      !isCall(part) && !isRefusalMember(part) && !thoughts.some((each) => each === part) && isKept(part, at, ledger),
  )
  const { content, beside } = encodeContent(said, `${at}.content`, ledger)
  const refusal = refusals.map((part) => part.text).join('')
  const members = ledger.own ? ownMembers(turn.extras) : {}
  if (!ledger.own && content === undefined && refusal === '' && calls.length === 0) return []
  const modern = calls.filter((call) => !call.legacy).map((call) => call.members)
  const legacy = calls.find((call) => call.legacy)
  return [
    {
      role: 'assistant',
      content: content ?? null,
      ...(refusal !== '' && { refusal }),
      ...(thoughts.length > 0 && { reasoning_content: thoughts.map((part) => part.text).join('\n') }),
      ...(modern.length > 0 && { tool_calls: modern }),
      ...(legacy !== undefined && { function_call: legacy.members }),
      ...beside,
      ...reasoningMembers(turn, members, ledger.own),
    },
  ]
}

/**
 * The message's other members. Its reasoning goes back in the very spelling it had, unless the gateway has taken a token
 * out; that of another wire goes where a provider has signed it, as only that one asks for it.
 */
function reasoningMembers(turn: Turn, members: Members, own: boolean): Members {
  const reasoning = turn.parts.filter((part): part is ReasoningPart => part.type === 'reasoning')
  if (!own) {
    const { reasoning_details: details } = writeReasoningParts(reasoning.filter(isSigned))
    return details === undefined ? {} : { reasoning_details: details }
  }
  if (!hasChanged(members, reasoning)) return members
  const others = Object.entries(members).filter(([key]) => !reasoningKeys.includes(key))
  return { ...Object.fromEntries(others), ...writeReasoningParts(reasoning) }
}

function isSigned(part: ReasoningPart): boolean {
  return Boolean(part.signature) || part.redacted !== undefined
}

function isPlainReasoning(part: ContentPart): part is ContentPart & { type: 'reasoning' } {
  return part.type === 'reasoning' && part.text !== ''
}

function isCall(part: ContentPart): boolean {
  return part.type === 'tool-call' || (part.type === 'opaque' && part.kind === opaqueCall)
}

function isRefusalMember(part: ContentPart): part is ContentPart & { type: 'refusal' } {
  return part.type === 'refusal' && asideOf(part.extras).inContent !== true
}

/** Whether a part is content: reasoning that this wire spelled beside it, and what a foreign server left, is not. */
function isKept(part: ContentPart, at: string, ledger: Ledger): boolean {
  if (ledger.own) return part.type !== 'reasoning' || asideOf(part.extras).reasoning?.part !== undefined
  switch (part.type) {
    case 'reasoning':
      return !isSigned(part)
    case 'opaque':
      ledger.drop(part.at ?? at, `${part.kind} has no counterpart at the provider`)
      return false
    case 'image':
    case 'audio':
    case 'file':
      ledger.refuse(part.at ?? at, 'an assistant message can only be text')
      return false
    default:
      return true
  }
}

function encodeCalls(part: ContentPart, at: string, ledger: Ledger): EncodedCall[] {
  if (part.type === 'opaque' && part.kind === opaqueCall && ledger.own)
    return [{ members: part.value as Members, legacy: false }]
  if (part.type !== 'tool-call') return []
  ledger.dropExtras(part.extras, at)
  ledger.dropCache(part.cache, at)
  return [encodeCall(part, { own: ledger.own, id: ledger.callId(part.id), name: ledger.toolName(part.name) })]
}
