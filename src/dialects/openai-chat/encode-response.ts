// The canonical answer as a whole answer of this wire.
import type { ContentPart, TextPart } from '../../ir/content.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrResponse, Output } from '../../ir/response.ts'
import type { Exchange } from '../dialect.ts'
import { encodeCitation } from './citations.ts'
import { opaqueCall } from './decode-assistant.ts'
import { audioKind } from './decode-response.ts'
import { encodeCall, type EncodedCall } from './encode-call.ts'
import { isPlaceholder } from '../openai-wire/placeholder.ts'
import { asideOf, ownMembers, type Members } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'
import { listOf } from '../kit/present.ts'
import { reasoningKeys, writeReasoning, writeReasoningParts } from './reasoning.ts'
import { createAnswerLosses, unlinked, type AnswerLosses } from '../kit/answer-losses.ts'
import { encodeUsage, judgeUsage } from '../openai-wire/usage.ts'

const encoder = new TextEncoder()

export const unsigned = 'the wire has signatures on reasoning and calls alone'

/** Encodes an answer; what a foreign answer has and this wire has not is reported. */
export function encodeResponse(
  response: IrResponse,
  exchange: Exchange,
): { readonly body: Uint8Array; readonly losses: readonly Loss[] } {
  const own = response.source === 'openai-chat'
  const losses = createAnswerLosses({ source: response.source, client: 'openai-chat', own })
  losses.judgeAnswer(response)
  judgeUsage(response.usage, losses)
  const body = {
    id: response.id ?? `chatcmpl-${exchange.requestId}`,
    object: 'chat.completion',
    created: response.created ?? exchange.createdAt,
    model: response.model ?? exchange.model,
    choices: response.outputs.map((output, position) => encodeChoice(output, { position, own, losses })),
    ...(response.usage !== undefined && { usage: encodeUsage(response.usage) }),
    ...(own && ownMembers(response.extras)),
  }
  return { body: encoder.encode(JSON.stringify(body)), losses: losses.list() }
}

interface Encoding {
  /** Of the output among the provider's. */
  readonly position: number
  readonly own: boolean
  readonly losses: AnswerLosses
}

function encodeChoice(output: Output, encoding: Encoding): Members {
  const { own } = encoding
  const aside = asideOf(output.extras)
  const calls = output.parts.filter((part) => part.type === 'tool-call')
  const legacy = calls.length > 0 && calls.every((call) => own && asideOf(call.extras).legacy === true)
  return {
    index: output.index,
    ...(!(own && aside.bare === true) && { message: encodeMessage(output, encoding) }),
    logprobs: null,
    finish_reason: output.finish === undefined ? null : encodeFinish(output.finish, { count: calls.length, legacy }),
    ...(own && ownMembers(output.extras)),
  }
}

function encodeMessage(output: Output, encoding: Encoding): Members {
  const { own } = encoding
  const { parts } = output
  const silent = own ? (asideOf(output.messageExtras).silent ?? {}) : {}
  const reasoning = parts.filter((part) => part.type === 'reasoning')
  // What was read from this wire goes back in the very spelling it had.
  const spelled = reasoningKeys.some((key) => !isPlaceholder(silent[key]))
  const refusal = parts.flatMap((part) => (part.type === 'refusal' ? [part.text] : [])).join('')
  const annotations = encodeAnnotations(parts, encoding)
  const encoded = encodeCalls(parts, own)
  const calls = encoded.filter((call) => !call.legacy).map((call) => call.members)
  const legacy = encoded.find((call) => call.legacy)
  for (const part of parts) if (!own) judgePart(part, encoding.losses)
  const message: Members = {
    role: 'assistant',
    content: encodeText(parts),
    refusal: refusal === '' ? null : refusal,
    ...(!spelled && writeReasoningParts(reasoning)),
    ...(annotations.length > 0 && { annotations }),
    ...(calls.length > 0 && { tool_calls: calls }),
    ...(legacy !== undefined && { function_call: legacy.members }),
    ...(own && encodeAudio(parts)),
  }
  return { ...message, ...(own && unless(message, ownMembers(output.messageExtras))) }
}

/** What of a foreign part has no place in a message. */
function judgePart(part: ContentPart, losses: AnswerLosses): void {
  const { at } = part
  if (part.type === 'opaque') losses.drop(at ?? part.kind, 'the wire has no such content')
  if (part.type === 'image' || part.type === 'audio' || part.type === 'file')
    losses.drop(at ?? part.type, 'the wire has no such content')
  losses.dropKeys(part.extras, at ?? '')
  if (part.signature && part.type !== 'reasoning' && part.type !== 'tool-call')
    losses.drop(losses.signatureOf(at), unsigned)
}

/** Members to be written back; an empty one of a stream's first chunk stands where nothing came after it. */
function unless(message: Members, members: Members): Members {
  const entries = Object.entries(members)
  return Object.fromEntries(entries.filter(([key, value]) => !isPlaceholder(value) || isPlaceholder(message[key])))
}

/** All text as one; null where there is none. Mistral's thinking parts make a list of it. */
function encodeText(parts: readonly ContentPart[]): unknown {
  const texts = parts.filter((part): part is TextPart => part.type === 'text')
  const thinking = parts.flatMap((part) => {
    const spelling = part.type === 'reasoning' ? asideOf(part.extras).reasoning : undefined
    return part.type === 'reasoning' && spelling?.part !== undefined
      ? listOf(writeReasoning(spelling, part)['content'])
      : []
  })
  if (thinking.length > 0) return [...thinking, ...texts.map(({ text }) => ({ type: 'text', text }))]
  return texts.length === 0 ? null : texts.map((part) => part.text).join('')
}

function encodeAnnotations(parts: readonly ContentPart[], { own, losses }: Encoding): unknown[] {
  const annotations: unknown[] = []
  let start = 0
  for (const part of parts) {
    if (part.type !== 'text') continue
    for (const citation of part.citations ?? []) {
      const encoded = own ? citation.value : encodeCitation(citation, { start, length: part.text.length })
      if (encoded === undefined) losses.drop(losses.citationOf(citation, part.at), unlinked)
      else annotations.push(encoded)
    }
    start += part.text.length
  }
  return annotations
}

function encodeCalls(parts: readonly ContentPart[], own: boolean): readonly EncodedCall[] {
  return parts.flatMap((part) => {
    if (part.type === 'tool-call') return [encodeCall(part, { own, id: part.id, name: part.name })]
    const opaque = own && part.type === 'opaque' && part.kind === opaqueCall
    return opaque ? [{ members: part.value as Members, legacy: false }] : []
  })
}

function encodeAudio(parts: readonly ContentPart[]): Members {
  const audio = parts.find((part) => part.type === 'opaque' && part.kind === audioKind && !isPlaceholder(part.value))
  return audio?.type === 'opaque' ? { audio: audio.value } : {}
}
