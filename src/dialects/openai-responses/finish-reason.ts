// How an answer ended, both ways side by side: this wire says it as a status and a detail, and means less than others.
import type { Finish, FinishClass } from '../../ir/response.ts'
import { isObject } from '../../wire/json-parse.ts'
import { textOf } from '../kit/present.ts'
import { classByContent, type AnswerContent } from '../openai-wire/answer-content.ts'
import type { Members } from './extras.ts'

/**
 * Decodes status and detail of an answer against what was really answered. The class is `tool` exactly where there are
 * usable calls, unless the answer was cut off or withheld in the middle of one.
 * @see https://platform.openai.com/docs/api-reference/responses/object#responses/object-incomplete_details
 */
export function decodeFinish(answer: Members, content: AnswerContent): Finish {
  const details = answer['incomplete_details']
  const reason = isObject(details) ? textOf(details['reason']) : undefined
  const raw = reason ?? textOf(answer['status'])
  return { class: classByContent(wordClass(raw), content), ...(raw !== undefined && { raw }) }
}

function wordClass(word: string | undefined): FinishClass {
  switch (word) {
    case undefined:
    case 'completed':
      return 'stop'
    case 'max_output_tokens':
    case 'max_tokens':
    case 'length':
      return 'length'
    case 'content_filter':
      return 'filter'
    default:
      return 'other'
  }
}

/** The end of an answer as this wire tells it. */
export interface Ending {
  readonly status: 'completed' | 'incomplete'
  readonly incomplete_details: { readonly reason: string } | null
}

/** The ending for a client. Calls and a refusal in words are a complete answer. */
export function encodeFinish(finish: Finish | undefined, content: { readonly refused: boolean }): Ending {
  switch (finish?.class) {
    case 'length':
      return incomplete('max_output_tokens')
    case 'filter':
      return content.refused ? completed : incomplete('content_filter')
    case undefined:
    case 'stop':
    case 'tool':
    case 'pause':
    case 'other':
      return completed
  }
}

const completed: Ending = { status: 'completed', incomplete_details: null }

function incomplete(reason: string): Ending {
  return { status: 'incomplete', incomplete_details: { reason } }
}
