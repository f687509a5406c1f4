// Why an answer ended: this wire's words and the canonical classes, side by side.
// https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons
import type { Finish, FinishClass } from '../../ir/response.ts'
import { finishOf, toldClass, type Ending, type StopReport } from '../kit/block-finish.ts'

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

/** A stop reason of this wire, with the class that the content bears out. */
export function decodeFinish(report: StopReport): Finish {
  return finishOf(classes, report)
}

/** `stop_reason` and `stop_sequence`; an answer without a finish reason ended as its content says. */
export function encodeFinish(ending: Ending): {
  readonly stop_reason: string
  readonly stop_sequence: string | null
} {
  const { finish, own } = ending
  const stopSequence = finish?.stopSequence
  const reason = own && finish?.raw !== undefined ? finish.raw : undefined
  return {
    stop_reason: reason ?? word(toldClass(ending), stopSequence !== undefined),
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
