// Why an answer ended, both ways side by side.
import type { ContentPart } from '../../ir/content.ts'
import type { Finish, FinishClass } from '../../ir/response.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import { finishClassOf } from '../openai-wire/finish-words.ts'

const words: ReadonlySet<string> = new Set(['stop', 'length', 'tool_calls', 'function_call', 'content_filter'])

/** What an answer held, as far as its finish depends on it. */
export interface AnswerContent {
  /** Usable tool calls. */
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
    refused: parts.some((part) => part.type === 'refusal'),
  }
}

/** Whether tool arguments are whole: a JSON object, or none at all. */
export function isWholeInput(input: string): boolean {
  return input.trim() === '' || isObject(parseJson(input))
}

/**
 * Decodes a finish reason against what was really answered, since providers lie (Ollama and Gemini's endpoint say
 * `stop` with tool calls, Snowflake says `''`). The class is `tool` exactly where there are usable calls, unless the
 * answer was cut off or withheld in the middle of one.
 */
export function decodeFinish(word: unknown, content: AnswerContent): Finish {
  const raw = typeof word === 'string' && word !== '' ? word : undefined
  const said = raw === undefined ? 'stop' : finishClassOf(raw)
  return { class: classOf(said, content), ...(raw !== undefined && { raw }) }
}

function classOf(said: FinishClass, content: AnswerContent): FinishClass {
  if (content.calls > 0) return content.cut === true && (said === 'length' || said === 'filter') ? said : 'tool'
  if (content.refused === true) return 'filter'
  return said === 'tool' ? 'stop' : said
}

/**
 * The finish reason for a client. A word of this wire goes back as it came; `tool_calls` is said exactly where calls
 * were emitted, except in an answer that was cut off or withheld.
 */
export function encodeFinish(finish: Finish, calls: { readonly count: number; readonly legacy: boolean }): string {
  const word = finish.raw !== undefined && words.has(finish.raw) ? finish.raw : wordOf(finish.class)
  if (calls.count > 0 && finish.class !== 'length' && finish.class !== 'filter')
    return calls.legacy ? 'function_call' : 'tool_calls'
  return calls.count === 0 && (word === 'tool_calls' || word === 'function_call') ? 'stop' : word
}

function wordOf(finish: FinishClass): string {
  switch (finish) {
    case 'length':
      return 'length'
    case 'filter':
      return 'content_filter'
    case 'tool':
      return 'tool_calls'
    case 'stop':
    case 'pause':
    case 'other':
      return 'stop'
  }
}
