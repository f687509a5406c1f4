// The canonical answer as a whole answer of this wire: its text, and a report of what is no text.
import type { ContentPart } from '../../ir/content.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrResponse, Output } from '../../ir/response.ts'
import type { Exchange } from '../dialect.ts'
import { createAnswerLosses, type AnswerLosses } from '../kit/answer-losses.ts'
import type { Members } from '../openai-wire/members.ts'
import { encodeUsage, judgeUsage } from '../openai-wire/usage.ts'
import { hidden, judgeCall, plainRefusal, unlinked } from './answer-losses.ts'
import { ownMembers } from './extras.ts'
import { encodeFinish } from './finish-reason.ts'

const encoder = new TextEncoder()

/**
 * Encodes an answer; what a foreign answer has and this wire has not is reported.
 * @see https://platform.openai.com/docs/api-reference/completions/object
 */
export function encodeResponse(
  response: IrResponse,
  exchange: Exchange,
): { readonly body: Uint8Array; readonly losses: readonly Loss[] } {
  const own = response.source === 'openai-completions'
  const losses = createAnswerLosses({ source: response.source, client: 'openai-completions', own })
  losses.judgeAnswer(response)
  judgeUsage(response.usage, losses)
  const body = {
    id: response.id ?? `cmpl-${exchange.requestId}`,
    object: 'text_completion',
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

function encodeChoice(output: Output, { position, own, losses }: Encoding): Members {
  const { index, parts, finish, extras } = output
  if (!own) judgeCall(finish, position, losses)
  return {
    index,
    text: parts.map((part) => encodePart(part, losses)).join(''),
    logprobs: null,
    finish_reason: finish === undefined ? null : encodeFinish(finish),
    ...(own && ownMembers(extras)),
  }
}

function encodePart(part: ContentPart, losses: AnswerLosses): string {
  losses.dropKeys(part.extras, part.at ?? '')
  switch (part.type) {
    case 'text':
      for (const citation of part.citations ?? []) losses.drop(losses.citationOf(citation, part.at), unlinked)
      if (part.signature) losses.drop(losses.signatureOf(part.at), hidden)
      return part.text
    case 'refusal':
      losses.approximate(part.at ?? part.type, plainRefusal)
      return part.text
    case 'opaque':
      losses.drop(part.at ?? part.kind, hidden)
      return ''
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
    case 'image':
    case 'audio':
    case 'file':
      losses.drop(part.at ?? part.type, hidden)
      return ''
  }
}
