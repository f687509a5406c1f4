// Spells the mock's vectors on OpenAI's wire for embeddings.
// @see https://platform.openai.com/docs/api-reference/embeddings
import { base64Of } from './base64.ts'
import { checkOf, isFilled, isSaid, type Problems } from './check.ts'
import { isCount } from './check-openai-chat.ts'
import { openaiFailure } from './openai-failure.ts'
import type { Check, MockEmbedder } from './wire.ts'

const maxInputs = 2048

const check: Check = checkOf(function* ({ body }): Problems {
  const { model, input, dimensions, encoding_format: format } = body
  if (typeof model !== 'string') yield 'you must provide a model parameter'
  if (typeof input !== 'string' && !isFilled(input)) yield "'$.input' is invalid."
  const list = Array.isArray(input) ? (input as unknown[]) : [input]
  if (list.length > maxInputs) yield `'$.input' is invalid: more than ${maxInputs} entries`
  if (list.some((entry) => entry === '' || (Array.isArray(entry) && entry.length === 0)))
    yield "'$.input' is invalid: an input cannot be empty"
  if (new Set(list.map((entry) => typeof entry)).size > 1) yield "'$.input' is invalid: entries of several kinds"
  if (isSaid(dimensions) && !isCount(dimensions)) yield 'dimensions: has to be a number above zero'
  if (isSaid(format) && format !== 'float' && format !== 'base64') yield 'encoding_format: has to be float or base64'
  for (const key of ['contents', 'content', 'outputDimensionality', 'requests'])
    if (key in body) yield `Unrecognized request argument supplied: ${key}`
})

/** The mock on `/embeddings`. */
export const embeddingsWire: MockEmbedder = {
  check,
  inputs({ body: { input } }) {
    if (!Array.isArray(input)) return [String(input)]
    const list = input as unknown[]
    // A list of numbers is one input in tokens.
    return typeof list[0] === 'number' ? [list.join(' ')] : list.map((entry) => textOf(entry))
  },
  dimensions({ body: { dimensions } }) {
    return typeof dimensions === 'number' ? dimensions : undefined
  },
  json: (vectors, tokens, { model, body }) => ({
    object: 'list',
    data: vectors.map((vector, index) => ({
      object: 'embedding',
      index,
      embedding: body['encoding_format'] === 'base64' ? base64Of(vector) : vector,
    })),
    model,
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  }),
  failure: openaiFailure,
}

function textOf(entry: unknown): string {
  return Array.isArray(entry) ? (entry as unknown[]).join(' ') : String(entry)
}
