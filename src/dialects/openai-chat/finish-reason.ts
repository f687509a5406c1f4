// Why an answer ended, both ways side by side.
import type { Finish, FinishClass } from '../../ir/response.ts'
import { classByContent, type AnswerContent } from '../openai-wire/answer-content.ts'
import { finishClassOf } from '../openai-wire/finish-words.ts'

const words: ReadonlySet<string> = new Set(['stop', 'length', 'tool_calls', 'function_call', 'content_filter'])

/** Decodes a finish reason against what was really answered. */
export function decodeFinish(word: unknown, content: AnswerContent): Finish {
  const raw = typeof word === 'string' && word !== '' ? word : undefined
  const said = raw === undefined ? 'stop' : finishClassOf(raw)
  return { class: classByContent(said, content), ...(raw !== undefined && { raw }) }
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
