// What of a foreign answer a text cannot show, as losses. Shared by the whole answer and the stream.
import type { Finish } from '../../ir/response.ts'
import type { AnswerLosses } from '../kit/answer-losses.ts'

/** Why a part of an answer is not there. */
export const hidden = 'a text completion can only show text'

/** Why the links of a text are not there. */
export const unlinked = 'a text completion has no citations'

/** What became of a refusal. */
export const plainRefusal = 'a refusal goes as plain text'

/** An end that waits for something which a text completion cannot ask for. */
export function judgeCall(finish: Finish | undefined, position: number, losses: AnswerLosses): void {
  if (finish?.class === 'tool')
    losses.approximate(losses.place('finish', position), 'a text completion has no tool calls')
}
