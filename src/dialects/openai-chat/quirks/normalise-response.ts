// Whole answers of a compatible provider, as the wire has them.
import type { QuirkName } from '../../../ir/traits.ts'
import { isObject } from '../../../wire/json-parse.ts'
import { hiddenError } from '../../openai-wire/errors.ts'
import { createAnswerState, type AnswerExchange } from './answer-state.ts'
import { createMender, planOf } from './mender.ts'

/**
 * Mends a whole answer; `same` where there is nothing to mend, and for what is no answer (an error that a 200 hides, no
 * list of choices). Changes nothing in place.
 */
export function normaliseResponse(
  body: unknown,
  quirks: readonly QuirkName[],
  exchange: AnswerExchange,
): Readonly<Record<string, unknown>> | 'same' {
  if (quirks.length === 0 || !isObject(body) || !Array.isArray(body['choices'])) return 'same'
  if (hiddenError(body) !== undefined) return 'same'
  const mended = createMender(planOf(quirks), createAnswerState(exchange, false))(body)
  return mended === body ? 'same' : mended
}
