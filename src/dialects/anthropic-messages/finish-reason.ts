// Why an answer ended: this wire's words and the canonical classes, side by side.
// https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
import type { Extras } from '../../ir/content.ts'
import type { Finish, FinishClass } from '../../ir/response.ts'
import { classByContent, toldClass } from '../kit/block-finish.ts'
import { present } from '../kit/present.ts'

const classes: ReadonlyMap<string, FinishClass> = new Map([
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['tool_use', 'tool'],
  ['refusal', 'filter'],
  ['pause_turn', 'pause'],
  // The answer stopped after its own compaction and wants to be continued.
  ['compaction', 'pause'],
])

export interface StopReport {
  readonly raw: string
  readonly stopSequence?: string | undefined
  /** Whether the answer holds a call of one of the client's tools: the word is not believed against the content. */
  readonly calledTool: boolean
  readonly extras?: Extras | undefined
}

/** A stop reason of this wire, with the class that the content bears out. */
export function decodeFinish({ raw, stopSequence, calledTool, extras }: StopReport): Finish {
  return { class: classByContent(classes.get(raw) ?? 'other', calledTool), raw, ...present({ stopSequence, extras }) }
}

export interface Ending {
  readonly finish: Finish | undefined
  /** The finish was decoded from this wire, so its own word stands. */
  readonly own: boolean
  readonly calledTool: boolean
  readonly refused: boolean
}

/** `stop_reason` and `stop_sequence`; an answer without a finish reason ended as its content says. */
export function encodeFinish({ finish, own, ...content }: Ending): {
  readonly stop_reason: string
  readonly stop_sequence: string | null
} {
  const stopSequence = finish?.stopSequence
  const reason = own && finish?.raw !== undefined ? finish.raw : undefined
  return {
    stop_reason: reason ?? word(toldClass(finish, content), stopSequence !== undefined),
    stop_sequence: stopSequence ?? null,
  }
}

function word(finish: FinishClass, metStopSequence: boolean): string {
  switch (finish) {
    case 'length':
      return 'max_tokens'
    case 'tool':
      return 'tool_use'
    case 'filter':
      return 'refusal'
    case 'pause':
      return 'pause_turn'
    case 'stop':
    case 'other':
      return metStopSequence ? 'stop_sequence' : 'end_turn'
  }
}
