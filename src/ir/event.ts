// The canonical stream: what a decoder produces and an encoder consumes, one small step at a time.
import type { Citation, Extras } from './content.ts'
import type { GatewayError } from './error.ts'
import type { Finish } from './response.ts'
import type { Usage } from './usage.ts'

/**
 * What opens when a part starts. Text, reasoning, refusal and tool input then grow by deltas;
 * `opaque` and a redacted reasoning part arrive whole (an opaque part may grow by `opaque-delta`).
 */
export type PartOpening =
  | { readonly type: 'text'; readonly extras?: Extras }
  | { readonly type: 'reasoning'; readonly redacted?: string; readonly extras?: Extras }
  | { readonly type: 'refusal'; readonly extras?: Extras }
  | {
      readonly type: 'tool-call'
      readonly id: string
      readonly name: string
      readonly kind?: 'custom'
      readonly extras?: Extras
    }
  | { readonly type: 'opaque'; readonly kind: string; readonly value: unknown }

/**
 * One event of an answer. `part` numbers are unique within a response and never reused; parts may overlap in time
 * (the encoder puts them in order where its wire wants that). `choice` is 0 unless the request asked for several.
 * A stream ends with exactly one `response-end` or `error`.
 */
export type IrEvent =
  | {
      readonly type: 'response-start'
      readonly id?: string
      readonly model?: string
      readonly created?: number
      readonly extras?: Extras
    }
  | { readonly type: 'part-start'; readonly part: number; readonly choice: number; readonly opening: PartOpening }
  | { readonly type: 'text-delta'; readonly part: number; readonly text: string }
  | { readonly type: 'reasoning-delta'; readonly part: number; readonly text: string }
  /** The signature of a part of any kind, or a piece of it. */
  | { readonly type: 'signature-delta'; readonly part: number; readonly signature: string }
  | { readonly type: 'refusal-delta'; readonly part: number; readonly text: string }
  | { readonly type: 'tool-input-delta'; readonly part: number; readonly text: string }
  | { readonly type: 'citation-add'; readonly part: number; readonly citation: Citation }
  /** A delta of an opaque part, as its wire spells it. */
  | { readonly type: 'opaque-delta'; readonly part: number; readonly value: unknown }
  | { readonly type: 'part-end'; readonly part: number; readonly extras?: Extras }
  /** Fields that only the source dialect has, seen on the chunk around a delta, on the choice, or on the message. */
  | {
      readonly type: 'extras-add'
      readonly scope: 'response' | 'choice' | 'message'
      readonly choice: number
      readonly extras: Extras
    }
  | { readonly type: 'choice-finish'; readonly choice: number; readonly finish: Finish }
  /** Merged field by field into what was reported before. */
  | { readonly type: 'usage-report'; readonly usage: Usage }
  | { readonly type: 'keep-alive' }
  /** Something was skipped that the client might miss; `kind` says what it was on its wire. */
  | { readonly type: 'event-skip'; readonly kind: string; readonly reason: string }
  | { readonly type: 'error'; readonly error: GatewayError }
  | { readonly type: 'response-end' }

/**
 * Whether an event carries answer content, so that the answer is committed once it has left
 * (a start, a role, usage, keep-alives are not content; a tool call's opening is).
 */
export function isContent(event: IrEvent): boolean {
  switch (event.type) {
    case 'text-delta':
    case 'reasoning-delta':
    case 'refusal-delta':
    case 'tool-input-delta':
      return event.text !== ''
    case 'signature-delta':
    case 'citation-add':
    case 'opaque-delta':
      return true
    case 'part-start':
      return (
        event.opening.type === 'tool-call' ||
        event.opening.type === 'opaque' ||
        (event.opening.type === 'reasoning' && event.opening.redacted !== undefined)
      )
    default:
      return false
  }
}
