// How an answer ended, both ways side by side: this wire says it as a status and a detail, and means less than others.
import type { ContentPart } from '../../ir/content.ts'
import type { Finish, FinishClass } from '../../ir/response.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import { textOf } from '../kit/present.ts'
import type { Members } from './extras.ts'

/** What an answer held, as far as its finish depends on it. */
export interface AnswerContent {
  /** Usable calls of the client's tools. */
  readonly calls: number
  /** A call whose arguments are not whole. */
  readonly cut: boolean
  readonly refused: boolean
}

/** What the finish of these parts depends on. */
export function answerContent(parts: readonly ContentPart[]): AnswerContent {
  const calls = parts.filter((part) => part.type === 'tool-call')
  return {
    calls: calls.length,
    cut: calls.some((call) => call.kind !== 'custom' && !isWholeInput(call.input)),
    refused: parts.some((part) => part.type === 'refusal' && part.text !== ''),
  }
}

/** Whether tool arguments are whole: a JSON object, or none at all. */
export function isWholeInput(input: string): boolean {
  return input.trim() === '' || isObject(parseJson(input))
}

/**
 * Decodes status and detail of an answer against what was really answered. The class is `tool` exactly where there are
 * usable calls, unless the answer was cut off or withheld in the middle of one.
 * @see https://platform.openai.com/docs/api-reference/responses/object#responses/object-incomplete_details
 */
export function decodeFinish(answer: Members, content: AnswerContent): Finish {
  const details = answer['incomplete_details']
  const reason = isObject(details) ? textOf(details['reason']) : undefined
  const raw = reason ?? textOf(answer['status'])
  return { class: classOf(wordClass(raw), content), ...(raw !== undefined && { raw }) }
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

function classOf(said: FinishClass, { calls, cut, refused }: AnswerContent): FinishClass {
  const withheld = said === 'length' || said === 'filter'
  if (calls > 0) return cut && withheld ? said : 'tool'
  return refused && !withheld ? 'filter' : said
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
