// A provider of the old Completions. https://platform.openai.com/docs/api-reference/completions
import { schemaErrors } from '../../support/openapi.ts'
import { openaiError } from './openai-error.ts'
import { counts, halve, member, nothingSeen, sse, type Json, type ScriptedAnswer, type Wire } from './wire.ts'

const answering = 'gpt-3.5-turbo-instruct:20230824-v2'
const head = {
  id: 'cmpl-uqkvlQyYK7bGYrRHQ0eXlWi7',
  object: 'text_completion',
  created: 1_589_478_378,
  model: answering,
}
const usage = {
  prompt_tokens: counts.input,
  completion_tokens: counts.output,
  total_tokens: counts.total,
  prompt_tokens_details: { cached_tokens: counts.cached },
}

export const completions: Wire = {
  name: 'completions',
  dialect: 'openai-completions',
  provider: { type: 'openai', api_formats: ['openai_completions'] },
  basePath: '/v1',
  model: 'gpt-3.5-turbo-instruct',
  answering,
  abilities: { converses: false, signs: 'nothing', ids: [] },
  pathOf: () => '/completions',
  requestErrors: ({ body }) => schemaErrors('openai', 'CreateCompletionRequest', body),
  // One prompt holds everything.
  see: (body) => ({ ...nothingSeen, system: [body['prompt']].flat().join('') }),
  whole: ({ text, isCut }) => ({
    ...head,
    choices: [{ text: text ?? '', index: 0, logprobs: null, finish_reason: isCut ? 'length' : 'stop' }],
    usage,
  }),
  events,
  streamType: 'text/event-stream',
  errorOf: openaiError,
  errorEvent: () =>
    sse({ error: { message: 'The server had an error', type: 'server_error', param: null, code: null } }),
}

function events({ text, isCut }: ScriptedAnswer, { body }: { readonly body: Json }): string[] {
  const asksUsage = member(body, 'stream_options')['include_usage'] === true
  const chunk = (piece: string, finish_reason: string | null): string =>
    sse({
      ...head,
      choices: [{ text: piece, index: 0, logprobs: null, finish_reason }],
      ...(asksUsage && { usage: null }),
    })
  return [
    ...halve(text).map((piece) => chunk(piece, null)),
    chunk('', isCut ? 'length' : 'stop'),
    ...(asksUsage ? [sse({ ...head, choices: [], usage })] : []),
    'data: [DONE]\n\n',
  ]
}
