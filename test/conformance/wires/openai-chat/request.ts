// A request of OpenAI Chat, read by the suite.
// https://platform.openai.com/docs/api-reference/chat/create
import { list, parse, parseArguments, record, says, text, type Json } from '../../../support/json.ts'
import { propertyNames, schemaErrors } from '../../../support/openapi.ts'
import { asidesOf, dropNulls, inCommonOrder, partsOf, placeOf, position } from '../views.ts'
import type { Aside, Carries, Intent, Item, RequestReader } from '../wire.ts'

export const requests: RequestReader = {
  view,
  asides,
  intent,
  parameters,
  concepts: {
    limit: ['max_completion_tokens', 'max_tokens'],
    temperature: ['temperature'],
    topP: ['top_p'],
    topK: ['top_k'],
    stop: ['stop'],
    seed: ['seed'],
    frequencyPenalty: ['frequency_penalty'],
    presencePenalty: ['presence_penalty'],
    reasoning: ['reasoning_effort', 'reasoning'],
    format: ['response_format'],
    tools: ['tools', 'functions'],
    toolChoice: ['tool_choice', 'parallel_tool_calls', 'function_call'],
    user: ['user', 'safety_identifier'],
    choices: ['n'],
  },
  withoutEffect: [
    { path: /^stream_options/ },
    { path: /^(?:n|temperature|top_p)$/, value: 1 },
    { path: /^(?:frequency_penalty|presence_penalty)$/, value: 0 },
    { path: /^stream$/, value: false },
    { path: /^parallel_tool_calls$/, value: true },
    { path: /^tool_choice$/, value: 'auto' },
    { path: /^reasoning_effort$/, value: 'none' },
    // Anthropic's formats are always enforced.
    { path: /^response_format\.json_schema\.strict$/, value: true },
    { path: /^response_format\.type$/, value: 'text' },
    { path: /^tools\[\d+\](?:\.function)?\.strict$/, value: false },
    { path: /^tools\[\d+\](?:\.function)?\.description$/, value: '' },
    { path: /^tools$/ },
    { path: /^response_format\.json_schema\.name$/ },
  ],
  joinsTexts: false,
  carries,
  offers: { choices: 'yes', tools: 'yes', customTools: 'yes', format: 'yes' },
  special: (body) => ({
    choices: Number(body['n']) > 1 ? ['n'] : [],
    tools: [
      ...list(body['tools']).flatMap((tool, at) => (record(tool)['type'] === 'custom' ? [] : [`tools[${at}]`])),
      ...list(body['functions']).map((_, at) => `functions[${at}]`),
    ],
    customTools: list(body['tools']).flatMap((tool, at) => (record(tool)['type'] === 'custom' ? [`tools[${at}]`] : [])),
    format: /json/.test(text(record(body['response_format'])['type'])) ? ['response_format'] : [],
  }),
  schemaErrors: (body) => schemaErrors('openai', 'CreateChatCompletionRequest', body),
  problems,
  normalise,
  asks: ({ body }) => ({ model: text(body['model']), stream: body['stream'] === true }),
}

const contentMembers = new Set(
  'role content type text refusal image_url file data tool_calls id function tool_call_id name reasoning_content input_audio'.split(
    ' ',
  ),
)

function view(body: Json): Item[] {
  const ids = new Map<string, number>()
  const items = list(body['messages']).flatMap((entry, index) => {
    const message = record(entry)
    const at = `messages[${index}]`
    if (message['role'] === 'tool') return [result(message, at, ids)]
    const role = message['role'] === 'user' ? 'user' : message['role'] === 'assistant' ? 'assistant' : 'system'
    const reasoning: Item[] = says(message['reasoning_content'])
      ? [{ role, kind: 'reasoning', value: message['reasoning_content'], at: `${at}.reasoning_content` }]
      : []
    const content = partsOf(message['content'], `${at}.content`).map(({ part, at }): Item => itemOf(part, role, at))
    const refusal: Item[] =
      text(message['refusal']) === '' ? [] : [{ role, kind: 'text', value: message['refusal'], at: `${at}.refusal` }]
    const calls = list(message['tool_calls']).map((entry, call): Item => {
      const { id, function: called } = record(entry)
      const { name, arguments: input } = record(called)
      return {
        role,
        kind: 'tool-call',
        value: { call: position(ids, text(id)), name, input: parseArguments(input) },
        at: `${at}.tool_calls[${call}]`,
      }
    })
    return [...reasoning, ...content, ...refusal, ...calls]
  })
  return inCommonOrder(items)
}

function result(message: Json, at: string, ids: Map<string, number>): Item {
  const content = partsOf(message['content'], `${at}.content`).map(({ part }) => text(part['text']))
  return {
    role: 'user',
    kind: 'tool-result',
    value: { call: position(ids, text(message['tool_call_id'])), text: content.filter((entry) => entry !== '') },
    at,
  }
}

function itemOf(part: Json, role: Item['role'], at: string): Item {
  switch (part['type']) {
    case 'text':
      return { role, kind: 'text', value: part['text'], at }
    case 'refusal':
      return { role, kind: 'text', value: part['refusal'], at }
    case 'image_url': {
      // A bare string is the Mistral spelling.
      const image = part['image_url']
      return { role, kind: 'image', value: typeof image === 'string' ? image : record(image)['url'], at }
    }
    case 'input_audio': {
      const { format, data } = record(part['input_audio'])
      return { role, kind: 'audio', value: { format, data }, at }
    }
    case 'file': {
      const file = record(part['file'])
      return { role, kind: 'file', value: file['file_data'] ?? file, at }
    }
    default:
      return { role, kind: 'other', value: part['type'], at }
  }
}

/** Every member beside the content; `name` counts on messages only, where it is the speaker's. */
function asides(body: Json): Aside[] {
  return list(body['messages']).flatMap((entry, index) => {
    const message = record(entry)
    const at = `messages[${index}]`
    const calls = list(message['tool_calls']).flatMap((call, count) =>
      asidesOf(record(call), `${at}.tool_calls[${count}]`, contentMembers),
    )
    const speaker = says(message['name']) ? [{ key: 'name', value: message['name'], at: `${at}.name` }] : []
    const parts = list(message['content']).flatMap((part, count) => partAsides(record(part), `${at}.content[${count}]`))
    return [...asidesOf(message, at, contentMembers), ...speaker, ...calls, ...parts]
  })
}

function partAsides(part: Json, at: string): Aside[] {
  const detail = record(part['image_url'])['detail']
  const image =
    says(detail) && detail !== 'auto' ? [{ key: 'detail', value: detail, at: `${at}.image_url.detail` }] : []
  return [...asidesOf(part, at, contentMembers), ...image]
}

function intent(body: Json): Intent {
  const choice = body['tool_choice']
  return {
    tools: list(body['tools']).map((tool) => {
      const { name, description, parameters: schema } = record(record(tool)['function'])
      return { name, description, schema }
    }),
    toolChoice:
      choice === undefined || typeof choice === 'string'
        ? (choice ?? 'auto')
        : text(record(record(choice)['function'])['name']),
    oneCallAtATime: body['parallel_tool_calls'] === false,
    temperature: body['temperature'],
    topP: body['top_p'],
    topK: body['top_k'],
    seed: body['seed'],
    stop: typeof body['stop'] === 'string' ? [body['stop']] : body['stop'],
    format: record(record(body['response_format'])['json_schema'])['schema'],
    maxTokens: body['max_completion_tokens'] ?? body['max_tokens'],
    reasoning: body['reasoning_effort'] !== undefined && body['reasoning_effort'] !== 'none',
  }
}

/** `functions` as tools, `max_tokens` as max_completion_tokens. */
function parameters(body: Json): Json {
  const { messages: _m, functions, max_tokens: limit, ...rest } = normalise(body)
  const tools = list(functions).map((called) => ({ type: 'function', function: called }))
  return {
    ...rest,
    ...(limit !== undefined && { max_completion_tokens: limit }),
    ...(tools.length > 0 && { tools: [...list(rest['tools']), ...tools] }),
  }
}

function carries({ kind, value }: Item): Carries {
  switch (kind) {
    case 'text':
    case 'tool-call':
    case 'tool-result':
      return 'yes'
    case 'image':
      return placeOf(value) === 'provider' ? 'no' : 'yes'
    case 'file':
      // There is no member for a link.
      return placeOf(value) === 'inline' || record(value)['text'] !== undefined ? 'yes' : 'no'
    case 'audio':
      return ['wav', 'mp3'].includes(text(record(value)['format'])) ? 'yes' : 'maybe'
    case 'reasoning':
    case 'other':
      return 'maybe'
  }
}

function problems(body: Json): string[] {
  const known = propertyNames('openai', 'CreateChatCompletionRequest')
  // OpenAI answers 400 to a top-level parameter that it does not know, though its schema leaves the object open.
  const found = Object.keys(body)
    .filter((key) => !known.has(key))
    .map((key) => `unknown member ${key}`)
  let open: string[] = []
  for (const [index, message] of list(body['messages']).map(record).entries()) {
    const at = `messages[${index}]`
    if (message['role'] === 'tool') {
      const id = text(message['tool_call_id'])
      if (!open.includes(id)) found.push(`${at} answers no call of the message before`)
      open = open.filter((entry) => entry !== id)
      continue
    }
    if (open.length > 0) found.push(`${at} comes before the answers to ${open.length} calls`)
    const calls = list(message['tool_calls']).map(record)
    open = calls.map((call) => text(call['id']))
    if (new Set(open).size !== open.length) found.push(`${at} has two calls of one id`)
    for (const call of calls) found.push(...callProblems(call, at))
  }
  for (const tool of list(body['tools']).map(record)) {
    const name = text(record(tool[tool['type'] === 'custom' ? 'custom' : 'function'])['name'])
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) found.push(`tool name ${name}`)
  }
  if (list(body['stop']).length > 4) found.push('more than four stop sequences')
  return found
}

function callProblems(call: Json, at: string): string[] {
  if (call['type'] === 'custom') return []
  const { name, arguments: input } = record(call['function'])
  const found = /^[a-zA-Z0-9_-]{1,64}$/.test(text(name)) ? [] : [`${at} calls ${text(name)}`]
  return parse(text(input)) === undefined ? [...found, `${at} has arguments that are not JSON`] : found
}

/** String content ≡ one text part; absent ≡ null. */
function normalise(body: Json): Json {
  const messages = list(body['messages'])
    .map(record)
    .map((message) =>
      typeof message['content'] === 'string'
        ? { ...message, content: [{ type: 'text', text: message['content'] }] }
        : message,
    )
  return dropNulls({ ...body, ...(Array.isArray(body['messages']) && { messages }) }) as Json
}
