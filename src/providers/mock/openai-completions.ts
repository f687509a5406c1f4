// Spells the mock's answer on OpenAI's wire for text completions, which can only show its text.
// @see https://platform.openai.com/docs/api-reference/completions
import { words, type MockAnswer } from './answer.ts'
import { checkOf, isFilled, isSaid, objectOf, textIn, type Problems } from './check.ts'
import { isCount } from './check-openai-chat.ts'
import { dataEvent, openaiFailure } from './openai-failure.ts'
import type { Check, Heard, Members, MockRequest, MockWire } from './wire.ts'

const created = 1_700_000_000
const maxStops = 4

const check: Check = checkOf(function* ({ body }): Problems {
  const { model, prompt, max_tokens: limit, n, stop } = body
  if (typeof model !== 'string') yield 'you must provide a model parameter'
  if (isSaid(prompt) && typeof prompt !== 'string' && !isFilled(prompt)) yield 'prompt: has to be text or a list'
  if (isSaid(limit) && limit !== 0 && !isCount(limit)) yield 'max_tokens: has to be a number'
  if (isSaid(n) && !isCount(n)) yield 'n: has to be a number above zero'
  if (Array.isArray(stop) && stop.length > maxStops) yield `stop: more than ${maxStops}`
  if (isSaid(body['stream_options']) && body['stream'] !== true) yield 'stream_options: only allowed in a stream'
  for (const key of [
    'messages',
    'tools',
    'tool_choice',
    'response_format',
    'max_completion_tokens',
    'reasoning_effort',
  ])
    if (key in body) yield `Unrecognized request argument supplied: ${key}`
})

function hear({ body }: MockRequest): Heard {
  const { prompt } = body
  const said = Array.isArray(prompt) ? textIn((prompt as unknown[])[0]) : textIn(prompt)
  return { everything: said, said, tools: [], calls: 0, thoughts: [] }
}

function head(answer: MockAnswer): object {
  return { id: 'cmpl-mock', object: 'text_completion', created, model: answer.model }
}

function usage({ inputTokens, outputTokens }: MockAnswer): object {
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  }
}

function choice(text: string, finish: string | null): Members {
  return { text, index: 0, logprobs: null, finish_reason: finish }
}

function finish(answer: MockAnswer): string {
  return answer.refusal === '' ? 'stop' : 'content_filter'
}

/** The mock on `/completions`. */
export const completionsWire: MockWire = {
  check,
  hear,
  json: (answer) => ({ ...head(answer), choices: [choice(answer.text, finish(answer))], usage: usage(answer) }),
  stream(answer, { body }) {
    const chunk = (text: string, reason: string | null = null): string =>
      dataEvent({ ...head(answer), choices: [choice(text, reason)] })
    const counted = dataEvent({ ...head(answer), choices: [], usage: usage(answer) })
    const last = objectOf(body['stream_options'])['include_usage'] === true ? counted : ''
    return {
      contentType: 'text/event-stream',
      start: '',
      content: words(answer.text).map((word) => chunk(word)),
      end: `${chunk('', finish(answer))}${last}data: [DONE]\n\n`,
      error: () => dataEvent(openaiFailure(500, 'the mock was told to fail').body),
    }
  },
  failure: openaiFailure,
}
