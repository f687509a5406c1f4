// Why an answer ended: this wire's words and the canonical classes, side by side. Total: what is not listed is `other`.
// https://ai.google.dev/api/generate-content#FinishReason
import type { Finish, FinishClass } from '../../ir/response.ts'
import { pack } from './extras.ts'

// The last ones stand in Vertex's specification only.
const classes: ReadonlyMap<string, FinishClass> = new Map([
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'filter'],
  ['RECITATION', 'filter'],
  ['LANGUAGE', 'filter'],
  ['BLOCKLIST', 'filter'],
  ['PROHIBITED_CONTENT', 'filter'],
  ['SPII', 'filter'],
  ['IMAGE_SAFETY', 'filter'],
  ['IMAGE_PROHIBITED_CONTENT', 'filter'],
  ['IMAGE_RECITATION', 'filter'],
  ['ESCALATION', 'filter'],
  ['FINISH_REASON_UNSPECIFIED', 'other'],
  ['OTHER', 'other'],
  ['MALFORMED_FUNCTION_CALL', 'other'],
  ['UNEXPECTED_TOOL_CALL', 'other'],
  ['TOO_MANY_TOOL_CALLS', 'other'],
  ['MISSING_THOUGHT_SIGNATURE', 'other'],
  ['MALFORMED_RESPONSE', 'other'],
  ['NO_IMAGE', 'other'],
  ['IMAGE_OTHER', 'other'],
  ['MODEL_ARMOR', 'filter'],
])

/** What an answer held, as far as its finish depends on it. */
export interface AnswerContent {
  /** Calls of the client's tools. */
  readonly calls: number
  /** A call whose arguments are not whole. */
  readonly cut?: boolean
}

/**
 * Decodes a finish reason against what was really answered: this wire says `STOP` after a call. The class is `tool`
 * exactly where there are calls, unless the answer was cut off or withheld in the middle of one.
 */
export function decodeFinish(word: string, content: AnswerContent): Finish {
  const said = classes.get(word) ?? 'other'
  const cut = content.cut === true && (said === 'length' || said === 'filter')
  return { class: content.calls > 0 && !cut ? 'tool' : said, raw: word }
}

/** The finish of an answer that was never begun, as the prompt was blocked. */
export function decodeBlock(reason: string): Finish {
  const extras = pack({}, { blocked: true })
  return { class: 'filter', raw: reason, ...(extras !== undefined && { extras }) }
}

/** The finish reason for a client: a word of this wire as it came, else the one of its class. */
export function encodeFinish(finish: Finish, own: boolean): string {
  if (own && finish.raw !== undefined) return finish.raw
  switch (finish.class) {
    case 'stop':
    case 'tool':
    case 'pause':
      return 'STOP'
    case 'length':
      return 'MAX_TOKENS'
    case 'filter':
      return 'SAFETY'
    case 'other':
      return 'OTHER'
  }
}
