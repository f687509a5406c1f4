// The canonical response: what a finished answer is, and the fold of a stream.
import type { ContentPart, Extras } from './content.ts'
import type { DialectId } from './dialect-id.ts'
import type { Usage } from './usage.ts'

/**
 * Why an answer ended.
 * - `stop`: the model was done, or met a stop sequence
 * - `length`: the token limit
 * - `tool`: it calls tools
 * - `filter`: the provider withheld or refused
 * - `pause`: the provider wants the conversation continued (Anthropic `pause_turn`)
 * - `other`: a value we do not know
 */
export type FinishClass = 'stop' | 'length' | 'tool' | 'filter' | 'pause' | 'other'

export interface Finish {
  readonly class: FinishClass
  /** The wire's own word; absent where the provider sent none. */
  readonly raw?: string
  /** The stop sequence that was met. */
  readonly stopSequence?: string
  readonly extras?: Extras
}

/** One answer; `index` counts the choices of a request with `n` above 1. */
export interface Output {
  readonly index: number
  readonly parts: readonly ContentPart[]
  /** Absent while an answer was cut off. */
  readonly finish?: Finish
  /** Fields of the message, and of the record around it, that only the source dialect has. */
  readonly messageExtras?: Extras
  readonly extras?: Extras
}

export interface IrResponse {
  readonly source: DialectId
  readonly id?: string
  /** The model that answered, as the provider named it. */
  readonly model?: string
  /** Unix seconds. */
  readonly created?: number
  readonly outputs: readonly Output[]
  readonly usage?: Usage
  readonly extras?: Extras
}
