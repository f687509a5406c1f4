// What an answer held, as far as its finish depends on it. Providers' words lie (Ollama and Gemini's endpoint say `stop`
// with tool calls, Snowflake says `''`), so they are read against this.
import type { ContentPart } from '../../ir/content.ts'
import type { FinishClass } from '../../ir/response.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'

/** What an answer held, as far as its finish depends on it. */
export interface AnswerContent {
  /** Usable calls of the client's tools. */
  readonly calls: number
  /** A call whose arguments are not whole. */
  readonly cut?: boolean
  readonly refused?: boolean
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
 * The class that the content bears out: `tool` exactly where there are usable calls, unless the answer was cut off or
 * withheld in the middle of one.
 */
export function classByContent(said: FinishClass, { calls, cut, refused }: AnswerContent): FinishClass {
  const withheld = said === 'length' || said === 'filter'
  if (calls > 0) return cut === true && withheld ? said : 'tool'
  if (refused === true && !withheld) return 'filter'
  return said === 'tool' ? 'stop' : said
}
