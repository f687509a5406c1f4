// Why an answer ended: this wire's words and the canonical classes, side by side.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html
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
  ['content_filtered', 'filter'],
  ['guardrail_intervened', 'filter'],
  // The model wrote something that the service could not read: what there is of the answer is there.
  ['malformed_model_output', 'other'],
  ['malformed_tool_use', 'other'],
])

export interface StopReport {
  readonly raw: string
  /** The sequence that was met, where the model's maker told it. */
  readonly stopSequence?: string | undefined
  /** Whether the answer calls one of the client's tools: the word is not believed against the content. */
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

/** `stopReason`; an answer without a finish reason ended as its content says. */
export function encodeFinish({ finish, own, ...content }: Ending): string {
  if (own && finish?.raw !== undefined) return finish.raw
  switch (toldClass(finish, content)) {
    case 'length':
      return 'max_tokens'
    case 'tool':
      return 'tool_use'
    case 'filter':
      return 'content_filtered'
    case 'pause':
      // Not a word of this wire, whose clients would not come back for a call that they were not told to answer.
      return content.calledTool ? 'tool_use' : 'end_turn'
    case 'stop':
    case 'other':
      return finish?.stopSequence === undefined ? 'end_turn' : 'stop_sequence'
  }
}
