// The head of an answer: the id, model, time and name that all of its chunks share.
import { textOf } from '../../kit/present.ts'
import type { Members } from '../extras.ts'
import type { AnswerExchange, AnswerState } from './answer-state.ts'
import { withMember } from './change.ts'
import type { Quirk } from './quirk.ts'

/** What was learned of it. */
export interface Head {
  readonly id: string
  readonly model: string
  readonly created: number
}

const chunkObject = 'chat.completion.chunk'
const answerObject = 'chat.completion'

/** Empty members are filled in; a stream's first chunk waits for the second, which knows them (Azure). */
export const headUnsound: Quirk = {
  tells: String.raw`"(?:id|model|object)"\s*:\s*""|"created"\s*:\s*0\b|"object"\s*:\s*"(?!chat\.completion\.chunk")`,
  record: (record, answer) =>
    withMember(
      answer.stream ? record : filledHead(record, headOf({}, answer.exchange)),
      'object',
      answer.stream ? chunkObject : answerObject,
    ),
}

/** The first id is the answer's; the others were another machine's (Avian). */
export const idChanges: Quirk = {
  tells: '"id"',
  record: (record, answer: AnswerState) =>
    answer.stream && answer.id !== undefined ? withMember(record, 'id', answer.id) : record,
}

/** What a record says of the head, filled up from the exchange. */
export function headOf(record: Members, exchange: AnswerExchange): Head {
  return {
    id: textOf(record['id']) ?? `chatcmpl-${exchange.requestId}`,
    model: textOf(record['model']) ?? exchange.model,
    created: timeOf(record['created']) ?? exchange.createdAt,
  }
}

/** Whether a record has a head of its own. */
export function hasHead(record: Members): boolean {
  return textOf(record['id']) !== undefined
}

/** The record with a head where it has none. */
export function filledHead(record: Members, head: Head): Members {
  const id = textOf(record['id']) ?? head.id
  const model = textOf(record['model']) ?? head.model
  const created = timeOf(record['created']) ?? head.created
  return withMember(withMember(withMember(record, 'id', id), 'model', model), 'created', created)
}

function timeOf(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined
}
