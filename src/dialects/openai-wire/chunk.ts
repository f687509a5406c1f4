// What the chunks of Chat and Completions streams have in common.
import type { IrEvent } from '../../ir/event.ts'
import type { Usage } from '../../ir/usage.ts'
import { isObject } from '../../wire/json-parse.ts'
import { textOf } from '../kit/present.ts'
import type { Members } from './members.ts'
import { decodeUsage } from './usage.ts'

/** The terminal of a stream. */
export const doneData = '[DONE]'

/** A frame that nothing can be made of. */
export const malformedChunk: IrEvent = {
  type: 'event-skip',
  kind: 'malformed',
  reason: 'a frame that is no JSON object',
}

/** A JSON object that is no chunk. */
export function notAChunk(record: Members): IrEvent {
  const kind = textOf(record['type']) ?? textOf(record['object']) ?? 'unknown'
  return { type: 'event-skip', kind, reason: 'a record that is no chunk of an answer' }
}

/** Usage on any chunk; Groq has it in a record of its own as well. */
export function usageIn(record: Members): Usage | undefined {
  const groq = record['x_groq']
  return decodeUsage(record['usage']) ?? (isObject(groq) ? decodeUsage(groq['usage']) : undefined)
}
