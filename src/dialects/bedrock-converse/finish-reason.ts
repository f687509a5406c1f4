// Why an answer ended: this wire's words and the canonical classes, side by side.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_MessageStopEvent.html
import type { Finish, FinishClass } from '../../ir/response.ts'
import { finishOf, toldClass, type Ending, type StopReport } from '../kit/block-finish.ts'

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

/** A stop reason of this wire, with the class that the content bears out. */
export function decodeFinish(report: StopReport): Finish {
  return finishOf(classes, report)
}

/** `stopReason`; an answer without a finish reason ended as its content says. */
export function encodeFinish(ending: Ending): string {
  const { finish, own, calledTool } = ending
  if (own && finish?.raw !== undefined) return finish.raw
  switch (toldClass(ending)) {
    case 'length':
      return 'max_tokens'
    case 'tool':
      return 'tool_use'
    case 'filter':
      return 'content_filtered'
    case 'pause':
      // Not a word of this wire, whose clients would not come back for a call that they were not told to answer.
      return calledTool ? 'tool_use' : 'end_turn'
    case 'stop':
    case 'other':
      return finish?.stopSequence === undefined ? 'end_turn' : 'stop_sequence'
  }
}
