// Instructions and turns into the items of a request. Owns which item a part goes to; what came from this wire goes back
// into the items it stood in.
import type { ContentPart, ToolCallPart, ToolResultPart } from '../../ir/content.ts'
import type { IrRequest, Turn } from '../../ir/request.ts'
import type { Ledger } from '../kit/ledger.ts'
import { dropSignature, encodeContent } from './encode-content.ts'
import { asideOf, type Members } from './extras.ts'
import { isRestorable, restoreItems } from './restore-items.ts'

interface Encoding {
  readonly ledger: Ledger
  /** The ids of the calls of free-text tools: their results are items of their own kind. */
  readonly customCalls: ReadonlySet<string>
  /** Mints the id that a refusal's item has to have. */
  readonly mintId: () => string
}

/** `instructions` and `input` of a request. */
export function encodeConversation(request: IrRequest, ledger: Ledger): Members {
  const { instructions, items } = encodeInstructions(request.instructions, ledger)
  const [turn] = request.turns
  const [only] = turn?.parts ?? []
  if (ledger.own && asideOf(request.extras).bare === true && request.turns.length === 1 && only?.type === 'text')
    return { ...instructions, input: only.text }
  let minted = 0
  const encoding: Encoding = { ledger, customCalls: customCallsOf(request), mintId: () => `msg_${minted++}` }
  const input = [
    ...items,
    ...request.turns.flatMap((turn, index) => encodeTurn(turn, turn.at ?? `input[${index}]`, encoding)),
  ]
  const last = request.turns.at(-1)
  if (!ledger.own && last?.role === 'assistant')
    ledger.approximate(last.at ?? 'input', 'the answer does not continue the last turn but follows it')
  return { ...instructions, input }
}

function customCallsOf(request: IrRequest): ReadonlySet<string> {
  const calls = request.turns.flatMap((turn) => turn.parts)
  return new Set(
    calls
      .filter((part) => part.type === 'tool-call' && part.kind === 'custom')
      .map((part) => (part as ToolCallPart).id),
  )
}

/** One text is `instructions`; several are a message, so that they stay apart. */
function encodeInstructions(
  parts: readonly ContentPart[],
  ledger: Ledger,
): { readonly instructions: Members; readonly items: readonly Members[] } {
  const kept = parts.filter((part) => ledger.own && isRestorable(part))
  const fresh = parts.filter((part) => !kept.includes(part))
  const restored = restoreItems(kept)
  refuseMedia(fresh, 'system', ledger)
  const content = fresh.length === 0 ? '' : encodeContent(fresh, 'system', ledger)
  if (typeof content !== 'string') return { instructions: {}, items: [{ ...systemMessage(content) }, ...restored] }
  return {
    instructions: content === '' && !(ledger.own && fresh.length > 0) ? {} : { instructions: content },
    items: restored,
  }
}

function systemMessage(content: string | Members[]): Members {
  return { type: 'message', role: 'system', content }
}

function refuseMedia(parts: readonly ContentPart[], at: string, ledger: Ledger): void {
  const media = parts.find((part) => part.type !== 'text' && part.type !== 'refusal' && part.type !== 'opaque')
  if (!ledger.own && media !== undefined) ledger.refuse(media.at ?? at, 'instructions can only be text')
}

function encodeTurn(turn: Turn, at: string, encoding: Encoding): Members[] {
  const { ledger } = encoding
  ledger.dropExtras(turn.extras, at)
  if (ledger.own && turn.parts.every(isRestorable)) return restoreItems(turn.parts)
  switch (turn.role) {
    case 'user':
      return encodeUser(turn, at, encoding)
    case 'assistant':
      return turn.parts.flatMap((part, index) => encodeAnswer(part, part.at ?? `${at}[${index}]`, encoding))
    case 'system':
      refuseMedia(turn.parts, at, ledger)
      return [systemMessage(encodeContent(turn.parts, at, ledger))]
  }
}

/** A user's turn: tool results first, each an item of its own, then everything else as one message. */
function encodeUser(turn: Turn, at: string, encoding: Encoding): Members[] {
  const results = turn.parts.filter((part): part is ToolResultPart => part.type === 'tool-result')
  const others = turn.parts.filter((part) => part.type !== 'tool-result')
  const items = results.map((result, index) => encodeResult(result, result.at ?? `${at}[${index}]`, encoding))
  if (others.length === 0 && items.length > 0) return items
  return [...items, { type: 'message', role: 'user', content: encodeContent(others, at, encoding.ledger) }]
}

function encodeResult(result: ToolResultPart, at: string, { ledger, customCalls }: Encoding): Members {
  ledger.dropExtras(result.extras, at)
  ledger.dropCache(result.cache, at)
  if (!ledger.own && result.isError === true)
    ledger.approximate(`${at}.${ledger.paths.isError}`, 'only the text says that the tool failed')
  return {
    type: customCalls.has(result.callId) ? 'custom_tool_call_output' : 'function_call_output',
    call_id: ledger.callId(result.callId),
    output: encodeContent(result.parts, at, ledger),
  }
}

/** A part of an assistant's turn. Left out is what no provider takes back: foreign artefacts, unsigned reasoning. */
function encodeAnswer(part: ContentPart, at: string, encoding: Encoding): Members[] {
  const { ledger } = encoding
  if (part.type !== 'reasoning' || part.signature !== undefined) {
    ledger.dropExtras(part.extras, at)
    ledger.dropCache(part.cache, at)
  }
  dropSignature(part, at, ledger)
  switch (part.type) {
    case 'text':
      if (part.citations !== undefined && part.citations.length > 0)
        ledger.drop(`${at}.${ledger.paths.citations}`, 'a request has no place for citations')
      return part.text === '' ? [] : [{ type: 'message', role: 'assistant', content: part.text }]
    case 'refusal':
      return part.text === '' ? [] : [refusalItem(part.text, encoding)]
    case 'reasoning':
      return encodeReasoning(part, at, ledger)
    case 'tool-call':
      return [encodeCall(part, ledger)]
    case 'opaque':
      return dropped(ledger, at, `${part.kind} has no counterpart at the provider`)
    case 'image':
    case 'audio':
    case 'file':
      return dropped(ledger, at, `the wire has no ${part.type} in an answer`)
    case 'tool-result':
      ledger.refuse(at, 'a tool result outside a user turn')
      return []
  }
}

/** Only an item with an id and a status may hold a refusal. */
function refusalItem(refusal: string, { mintId }: Encoding): Members {
  const content = [{ type: 'refusal', refusal }]
  return { type: 'message', id: mintId(), role: 'assistant', status: 'completed', content }
}

/**
 * Signed reasoning, without an id: an item that its provider did not store is looked for in vain, and refused.
 * @see https://platform.openai.com/docs/guides/reasoning#encrypted-reasoning-items
 */
function encodeReasoning(part: ContentPart & { type: 'reasoning' }, at: string, ledger: Ledger): Members[] {
  if (!part.signature) return dropped(ledger, at, 'reasoning without a signature is not taken back')
  if (part.redacted !== undefined) ledger.drop(at, 'redacted reasoning of another provider')
  const summary = part.text === '' ? [] : [{ type: 'summary_text', text: part.text }]
  return [{ type: 'reasoning', summary, encrypted_content: part.signature }]
}

function encodeCall(part: ToolCallPart, ledger: Ledger): Members {
  const call = { call_id: ledger.callId(part.id), name: ledger.toolName(part.name) }
  if (part.kind === 'custom') return { type: 'custom_tool_call', ...call, input: part.input }
  return { type: 'function_call', ...call, arguments: part.input.trim() === '' && !ledger.own ? '{}' : part.input }
}

function dropped(ledger: Ledger, at: string, reason: string): [] {
  ledger.drop(at, reason)
  return []
}
