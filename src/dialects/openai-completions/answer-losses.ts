// What of a foreign answer a text cannot show, as losses. Shared by the whole answer and the stream.
import type { Citation } from '../../ir/content.ts'
import type { Loss } from '../../ir/loss.ts'
import type { Finish } from '../../ir/response.ts'
import { finishLosses } from '../openai-wire/response-losses.ts'

/** A part of an answer that is no text. */
export function hiddenLoss(type: string): Loss {
  return { path: type, action: 'dropped', reason: 'a text completion can only show text' }
}

/** A refusal that goes as the text it has. */
export const refusalLoss: Loss = { path: 'refusal', action: 'approximated', reason: 'a refusal goes as plain text' }

/** The citations of a text. */
export function citationLosses(citations: readonly Citation[] | undefined): Loss[] {
  if (citations === undefined || citations.length === 0) return []
  return [{ path: 'citations', action: 'dropped', reason: 'a text completion has no citations' }]
}

/** What an end says beyond the wire's three words. */
export function endLosses(finish: Finish | undefined): Loss[] {
  const called: Loss[] =
    finish?.class === 'tool'
      ? [{ path: 'finish_reason', action: 'approximated', reason: 'a text completion has no tool calls' }]
      : []
  return [...called, ...finishLosses(finish)]
}
