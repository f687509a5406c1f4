// A whole answer of OpenAI's legacy completions, read by the suite.
// https://platform.openai.com/docs/api-reference/completions/object
import type { FinishClass } from '../../../../src/ir/response.ts'
import { list, record, text, type Json } from '../../../support/json.ts'
import { schemaErrors } from '../../../support/openapi.ts'
import { dropNulls, openaiUsage } from '../views.ts'
import type { AnswerReader, AnswerView } from '../wire.ts'

export const answers: AnswerReader = {
  view,
  sayable: (said) => ({
    ...said,
    reasoning: '',
    tools: [],
    finish: sayableFinish(said.finish),
    saidFinish: sayableFinish(said.saidFinish),
  }),
  count: (body) => list(body['choices']).length,
  problems,
  schemaErrors: (body) => schemaErrors('openai', 'CreateCompletionResponse', body),
  normalise: (body) => dropNulls(body) as Json,
}

/** There are no tools, and nothing pauses: such an answer ends. */
function sayableFinish(finish: FinishClass): FinishClass {
  return finish === 'length' || finish === 'filter' ? finish : 'stop'
}

function view(body: Json): AnswerView {
  const choice = record(list(body['choices'])[0])
  const finish = finishOf(choice['finish_reason'])
  return {
    text: text(choice['text']),
    reasoning: '',
    tools: [],
    finish,
    saidFinish: finish,
    usage: openaiUsage(body['usage']),
  }
}

function finishOf(raw: unknown): FinishClass {
  if (raw === 'length') return 'length'
  return raw === 'content_filter' ? 'filter' : 'stop'
}

function problems(body: Json): string[] {
  const choices = list(body['choices']).map(record)
  const found = text(body['id']) === '' || body['object'] !== 'text_completion' ? ['no id or object'] : []
  if (typeof body['created'] !== 'number' || text(body['model']) === '') found.push('no created or model')
  if (choices.length === 0) found.push('no choices')
  for (const choice of choices) {
    if (typeof choice['text'] !== 'string') found.push('no text')
    if (!('logprobs' in choice)) found.push('no logprobs, not even null')
    if (!['stop', 'length', 'content_filter'].includes(text(choice['finish_reason'])))
      found.push(`finish_reason ${String(choice['finish_reason'])}`)
  }
  return found
}
