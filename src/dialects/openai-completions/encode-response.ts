// The canonical answer as a whole answer of this wire: its text, and a report of what is no text.
import type { ContentPart } from '../../ir/content.ts'
import type { Loss } from '../../ir/loss.ts'
import type { IrResponse, Output } from '../../ir/response.ts'
import type { Exchange } from '../dialect.ts'
import { extrasLosses, type Members } from '../openai-wire/members.ts'
import { usageLosses } from '../openai-wire/response-losses.ts'
import { encodeUsage } from '../openai-wire/usage.ts'
import { citationLosses, endLosses, hiddenLoss, refusalLoss } from './answer-losses.ts'
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
  const losses: Loss[] = own ? [] : [...extrasLosses(response.extras), ...usageLosses(response.usage)]
  const body = {
    id: response.id ?? `cmpl-${exchange.requestId}`,
    object: 'text_completion',
    created: response.created ?? exchange.createdAt,
    model: response.model ?? exchange.model,
    choices: response.outputs.map((output) => encodeChoice(output, own, losses)),
    ...(response.usage !== undefined && { usage: encodeUsage(response.usage) }),
    ...(own && ownMembers(response.extras)),
  }
  return { body: encoder.encode(JSON.stringify(body)), losses }
}

function encodeChoice(output: Output, own: boolean, losses: Loss[]): Members {
  const { index, parts, finish, extras, messageExtras } = output
  if (!own) losses.push(...extrasLosses(extras), ...extrasLosses(messageExtras), ...endLosses(finish))
  return {
    index,
    text: parts.map((part) => encodePart(part, losses)).join(''),
    logprobs: null,
    finish_reason: finish === undefined ? null : encodeFinish(finish),
    ...(own && ownMembers(extras)),
  }
}

function encodePart(part: ContentPart, losses: Loss[]): string {
  switch (part.type) {
    case 'text':
      losses.push(...citationLosses(part.citations))
      return part.text
    case 'refusal':
      losses.push(refusalLoss)
      return part.text
    case 'opaque':
      losses.push(hiddenLoss(part.kind))
      return ''
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
    case 'image':
    case 'audio':
    case 'file':
      losses.push(hiddenLoss(part.type))
      return ''
  }
}
