// Why an answer ended, both ways side by side. This wire has three words, and none for a tool.
import type { Finish } from '../../ir/response.ts'
import { finishClassOf } from '../openai-wire/finish-words.ts'

const words: ReadonlySet<string> = new Set(['stop', 'length', 'content_filter'])

/**
 * Decodes a finish reason. An answer of this wire has no calls, so a word that speaks of them says that it is done.
 * @see https://platform.openai.com/docs/api-reference/completions/object#completions/object-choices
 */
export function decodeFinish(word: unknown): Finish {
  if (typeof word !== 'string' || word === '') return { class: 'stop' }
  const said = finishClassOf(word)
  return { class: said === 'tool' ? 'stop' : said, raw: word }
}

/** The finish reason for a client. A word of this wire goes back as it came. */
export function encodeFinish(finish: Finish): string {
  const { raw } = finish
  // The same word may have meant something else where it comes from (a refusal that ended with `stop`).
  if (raw !== undefined && words.has(raw) && finishClassOf(raw) === finish.class) return raw
  switch (finish.class) {
    case 'length':
      return 'length'
    case 'filter':
      return 'content_filter'
    case 'stop':
    case 'tool':
    case 'pause':
    case 'other':
      return 'stop'
  }
}
