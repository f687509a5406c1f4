// What a quirk is: how to know it from the text of an event, and how it is mended.
import type { Members } from '../extras.ts'
import type { AnswerState, CallState, ChoiceState } from './answer-state.ts'

export interface CallSite {
  readonly call: CallState
  /** This entry names the tool; later ones go on with its arguments. */
  readonly opens: boolean
  readonly answer: AnswerState
}

export interface ChoiceSite {
  readonly choice: ChoiceState
  readonly answer: AnswerState
}

export interface PositionSite {
  readonly position: number
  readonly answer: AnswerState
}

/**
 * One departure from the wire. Each member mends one kind of record, of a stream's chunk and of a whole answer alike,
 * and returns what it was given where there is nothing to mend; it changes nothing in place. What needs more than one
 * chunk at a time is the normaliser's own.
 */
export interface Quirk {
  /** Source of a pattern. In an answer that has begun, an event whose text does not match has nothing to be mended. */
  readonly tells: string
  /** The answer, or a chunk of it. */
  readonly record?: (record: Members, answer: AnswerState) => Members
  /** An entry of `choices`. */
  readonly choice?: (choice: Members, site: PositionSite) => Members
  /** A message, or a delta of it. */
  readonly message?: (message: Members, site: ChoiceSite) => Members
  /** An entry of `tool_calls`. */
  readonly call?: (entry: Members, site: CallSite) => Members
  /** An entry of `choices` again, once its message is known. */
  readonly finish?: (choice: Members, site: ChoiceSite) => Members
  readonly usage?: (usage: Members) => Members
}
