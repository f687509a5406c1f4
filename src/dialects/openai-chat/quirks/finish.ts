// How an answer ends: one finish reason a choice, a word of this wire, and the one that the content bears out.
import { textOf } from '../../kit/present.ts'
import { finishClassOf } from '../../openai-wire/finish-words.ts'
import { decodeFinish, encodeFinish } from '../finish-reason.ts'
import type { Members } from '../extras.ts'
import { usableCalls, type ChoiceState } from './answer-state.ts'
import { withMember } from './change.ts'
import type { Quirk } from './quirk.ts'

const tells = String.raw`"finish_reason"\s*:\s*"`

const words: ReadonlySet<string> = new Set(['stop', 'length', 'tool_calls', 'function_call', 'content_filter'])

/** The word for a choice as it stands, from what the provider said; undefined: nothing. */
export function finishWord(said: string | undefined, choice: ChoiceState): string {
  const count = usableCalls(choice).length + (choice.legacy ? 1 : 0)
  const finish = decodeFinish(said, { calls: count, refused: choice.refused })
  return encodeFinish(finish, { count, legacy: choice.legacy && usableCalls(choice).length === 0 })
}

/**
 * The wire's word for what another vendor's means; the vendor's own stays beside it, where OpenRouter has it. A word that
 * is not known stays: it may be a failure, which must not become an end like any other.
 */
export const finishForeign: Quirk = {
  tells,
  finish(entry, { choice, answer }) {
    const said = entry['finish_reason']
    if (said === '') return withMember(entry, 'finish_reason', answer.stream ? null : finishWord(undefined, choice))
    if (typeof said !== 'string' || words.has(said) || finishClassOf(said) === 'other') return entry
    return { native_finish_reason: said, ...entry, finish_reason: finishWord(said, choice) }
  },
}

/** Agents go on exactly where the word is `tool_calls`: it is said where there are calls, and nowhere else. */
export const finishLies: Quirk = {
  tells,
  finish(entry, { choice }) {
    const said = textOf(entry['finish_reason'])
    // An answer that was cut off or withheld stays that, calls or not.
    if (said === undefined || !words.has(said) || said === 'length' || said === 'content_filter') return entry
    return withMember(entry, 'finish_reason', finishWord(said, choice))
  },
}

/** What was said once is not said again. Another word than the first is news, and stays. */
export const finishRepeated: Quirk = {
  tells,
  finish(entry, { choice, answer }) {
    const said = textOf(entry['finish_reason'])
    return answer.stream && said !== undefined && said === choice.finish
      ? withMember(entry, 'finish_reason', null)
      : entry
  },
}

/** A whole answer ends where it ends; a stream without a finish reason ends with its terminal. */
export const finishMissing: Quirk = {
  // A chunk of usage stands after the finish reason.
  tells: String.raw`${tells}|"usage"\s*:\s*\{`,
  finish: (entry, { choice, answer }) =>
    !answer.stream && (entry['finish_reason'] === null || entry['finish_reason'] === undefined)
      ? withMember(entry, 'finish_reason', finishWord(undefined, choice))
      : entry,
}

/** The chunk's choice that ends what the provider did not end. */
export function finishEntry(choice: ChoiceState): Members {
  return { index: choice.index, delta: {}, finish_reason: finishWord(undefined, choice) }
}
