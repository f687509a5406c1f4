// A request of OpenAI's legacy completions, read by the suite: a prompt, and nothing of a conversation.
// https://platform.openai.com/docs/api-reference/completions/create
import { list, says, text, type Json } from '../../../support/json.ts'
import { propertyNames, schemaErrors } from '../../../support/openapi.ts'
import { dropNulls } from '../views.ts'
import type { Item, RequestReader } from '../wire.ts'

export const requests: RequestReader = {
  view,
  asides: () => [],
  intent: (body) => ({
    tools: [],
    toolChoice: 'auto',
    oneCallAtATime: false,
    temperature: body['temperature'],
    topP: body['top_p'],
    topK: body['top_k'],
    seed: body['seed'],
    stop: typeof body['stop'] === 'string' ? [body['stop']] : body['stop'],
    format: undefined,
    maxTokens: body['max_tokens'],
    reasoning: false,
  }),
  parameters: (body) => {
    const { prompt: _prompt, ...rest } = normalise(body)
    return rest
  },
  concepts: {
    limit: ['max_tokens'],
    temperature: ['temperature'],
    topP: ['top_p'],
    topK: [],
    stop: ['stop'],
    seed: ['seed'],
    frequencyPenalty: ['frequency_penalty'],
    presencePenalty: ['presence_penalty'],
    reasoning: [],
    format: [],
    tools: [],
    toolChoice: [],
    user: ['user'],
    choices: ['n'],
  },
  withoutEffect: [
    { path: /^stream_options/ },
    { path: /^(?:n|best_of|temperature|top_p)$/, value: 1 },
    { path: /^(?:frequency_penalty|presence_penalty)$/, value: 0 },
    { path: /^(?:stream|echo)$/, value: false },
  ],
  joinsTexts: true,
  carries: ({ kind, role }) => (kind === 'text' || role === 'assistant' ? 'maybe' : 'no'),
  offers: { choices: 'yes', tools: 'maybe', customTools: 'maybe', format: 'maybe' },
  special: (body) => ({
    choices: Number(body['n']) > 1 ? ['n'] : [],
    // What only this wire can do, and what would change the answer if it were left out.
    bound: ['suffix', 'echo', 'best_of'].filter((key) => says(body[key]) && body[key] !== false && body[key] !== 1),
  }),
  schemaErrors: (body) => schemaErrors('openai', 'CreateCompletionRequest', body),
  problems: (body) => {
    const known = propertyNames('openai', 'CreateCompletionRequest')
    const found = Object.keys(body)
      .filter((key) => !known.has(key))
      .map((key) => `unknown member ${key}`)
    if (list(body['stop']).length > 4) found.push('more than four stop sequences')
    return found
  },
  normalise,
  asks: ({ body }) => ({ model: text(body['model']), stream: body['stream'] === true }),
}

/** What a prompt of token numbers says is known to its model alone. */
function view(body: Json): Item[] {
  const prompt = body['prompt']
  if (typeof prompt === 'string') return [{ role: 'user', kind: 'text', value: prompt, at: 'prompt' }]
  return list(prompt).map((entry, index) => ({
    role: 'user',
    kind: typeof entry === 'string' ? 'text' : 'other',
    value: entry,
    at: `prompt[${index}]`,
  }))
}

/** Absent ≡ null; one prompt ≡ a list of one. */
function normalise(body: Json): Json {
  const prompt = list(body['prompt'])
  const single = prompt.length === 1 && typeof prompt[0] === 'string' ? { prompt: prompt[0] } : {}
  return dropNulls({ ...body, ...single }) as Json
}
