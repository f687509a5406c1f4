// A request of OpenAI Responses, read by the suite.
// https://platform.openai.com/docs/api-reference/responses/create
import { list, parse, parseArguments, record, says, text, type Json } from '../../../support/json.ts'
import { propertyNames, schemaErrors } from '../../../support/openapi.ts'
import { asidesOf, dropNulls, inCommonOrder, placeOf, position } from '../views.ts'
import type { Aside, Carries, Intent, Item, RequestReader } from '../wire.ts'

export const requests: RequestReader = {
  view,
  asides,
  intent,
  parameters: (body) => {
    const { input: _i, instructions: _s, text: format, ...rest } = normalise(body)
    // A format of plain text is none.
    const isPlain = record(record(format)['format'])['type'] === 'text' && Object.keys(record(format)).length === 1
    return { ...rest, ...(format !== undefined && !isPlain && { text: format }) }
  },
  concepts: {
    limit: ['max_output_tokens'],
    temperature: ['temperature'],
    topP: ['top_p'],
    topK: [],
    stop: [],
    seed: [],
    frequencyPenalty: [],
    presencePenalty: [],
    reasoning: ['reasoning', 'include'],
    format: ['text'],
    tools: ['tools'],
    toolChoice: ['tool_choice', 'parallel_tool_calls'],
    user: ['user', 'safety_identifier'],
    choices: [],
  },
  withoutEffect: [
    { path: /^stream_options/ },
    { path: /^(?:temperature|top_p)$/, value: 1 },
    { path: /^(?:stream|background)$/, value: false },
    { path: /^parallel_tool_calls$/, value: true },
    { path: /^tool_choice$/, value: 'auto' },
    { path: /^reasoning\.effort$/, value: 'none' },
    { path: /^text\.format\.type$/, value: 'text' },
    { path: /^text\.format\.strict$/, value: true },
    { path: /^text\.format\.name$/ },
    { path: /^tools\[\d+\]\.strict$/, value: false },
    { path: /^tools\[\d+\]\.description$/, value: '' },
    { path: /^tools$/ },
    { path: /^truncation$/, value: 'disabled' },
    { path: /^service_tier$/, value: 'default' },
  ],
  joinsTexts: false,
  carries,
  offers: { choices: 'no', tools: 'yes', customTools: 'yes', format: 'yes' },
  special: (body) => ({
    tools: list(body['tools']).flatMap((tool, at) => (record(tool)['type'] === 'custom' ? [] : [`tools[${at}]`])),
    format: /json/.test(text(record(record(body['text'])['format'])['type'])) ? ['text'] : [],
    customTools: list(body['tools']).flatMap((tool, at) => (record(tool)['type'] === 'custom' ? [`tools[${at}]`] : [])),
    bound: ['previous_response_id', 'conversation', 'prompt'].filter((key) => says(body[key])),
  }),
  schemaErrors: (body) => schemaErrors('openai', 'CreateResponse', { ...body, input: withItemIds(body['input']) }),
  problems,
  normalise,
  asks: ({ body }) => ({ model: text(body['model']), stream: body['stream'] === true }),
}

/** The specification wants an id of every reasoning item, the provider does not (it refuses ids that it did not give). */
function withItemIds(input: unknown): unknown {
  if (!Array.isArray(input)) return input
  return input.map((item) =>
    record(item)['type'] === 'reasoning' ? { id: 'rs_1', ...record(item) } : (item as unknown),
  )
}

const contentMembers = new Set(
  (
    'role content type text refusal image_url file_data file_url file_id filename call_id name arguments output input ' +
    'summary encrypted_content id status'
  ).split(' '),
)

function itemsIn(body: Json): { item: Json; at: string }[] {
  if (typeof body['input'] === 'string') return [{ item: { role: 'user', content: body['input'] }, at: 'input' }]
  return list(body['input']).map((item, index) => ({ item: record(item), at: `input[${index}]` }))
}

function view(body: Json): Item[] {
  const ids = new Map<string, number>()
  const system: Item[] = says(body['instructions'])
    ? [{ role: 'system', kind: 'text', value: body['instructions'], at: 'instructions' }]
    : []
  return inCommonOrder([...system, ...itemsIn(body).flatMap(({ item, at }) => itemsOf(item, at, ids))])
}

function itemsOf(item: Json, at: string, ids: Map<string, number>): Item[] {
  const call = position(ids, text(item['call_id']))
  switch (item['type'] ?? 'message') {
    case 'message': {
      const role = item['role'] === 'user' || item['role'] === 'assistant' ? item['role'] : 'system'
      return partsIn(item['content'], at === 'input' ? at : `${at}.content`).map(({ part, at: place }) =>
        itemOf(part, role, place),
      )
    }
    case 'reasoning': {
      const shown = [...list(item['summary']), ...list(item['content'])].map((part) => text(record(part)['text']))
      return shown.join('') === '' ? [] : [{ role: 'assistant', kind: 'reasoning', value: shown.join(''), at }]
    }
    case 'function_call': {
      const value = { call, name: item['name'], input: parseArguments(item['arguments']) }
      return [{ role: 'assistant', kind: 'tool-call', value, at }]
    }
    case 'custom_tool_call': {
      const value = { call, name: item['name'], input: item['input'] }
      return [{ role: 'assistant', kind: 'tool-call', value, at }]
    }
    case 'function_call_output':
    case 'custom_tool_call_output': {
      const parts = partsIn(item['output'], `${at}.output`)
      const texts = parts.map(({ part }) => text(part['text'])).filter((entry) => entry !== '')
      const media = parts.filter(({ part }) => !('text' in part))
      return [
        { role: 'user', kind: 'tool-result', value: { call, text: texts }, at },
        ...media.map(({ part, at: inside }) => ({ ...itemOf(part, 'user', inside), inResult: call })),
      ]
    }
    default:
      return [{ role: 'assistant', kind: 'other', value: item['type'], at }]
  }
}

function partsIn(content: unknown, at: string): { part: Json; at: string }[] {
  if (typeof content === 'string') return content === '' ? [] : [{ part: { type: 'input_text', text: content }, at }]
  return list(content).map((part, index) => ({ part: record(part), at: `${at}[${index}]` }))
}

function itemOf(part: Json, role: Item['role'], at: string): Item {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
    case 'text':
      return { role, kind: 'text', value: part['text'], at }
    case 'refusal':
      return { role, kind: 'text', value: part['refusal'], at }
    case 'input_image':
      return { role, kind: 'image', value: part['image_url'] ?? { file_id: part['file_id'] }, at }
    case 'input_file':
      return { role, kind: 'file', value: part['file_data'] ?? part['file_url'] ?? { file_id: part['file_id'] }, at }
    case 'input_audio':
      return { role, kind: 'audio', value: part['input_audio'], at }
    default:
      return { role, kind: 'other', value: part['type'], at }
  }
}

function asides(body: Json): Aside[] {
  return itemsIn(body).flatMap(({ item, at }) => {
    const content = [...list(item['content']), ...list(item['output'])]
    const parts = content.flatMap((part, index) => {
      const detail = record(part)['detail']
      const place = `${at}.${Array.isArray(item['content']) ? 'content' : 'output'}[${index}]`
      return asidesOf(record(part), place, contentMembers)
        .filter(({ key }) => key !== 'detail' || detail !== 'auto')
        .filter(({ key }) => key !== 'annotations' && key !== 'logprobs')
    })
    return [...asidesOf(item, at, contentMembers), ...parts]
  })
}

function intent(body: Json): Intent {
  const choice = body['tool_choice']
  const effort = record(body['reasoning'])['effort']
  return {
    tools: list(body['tools'])
      .map(record)
      .filter((tool) => tool['type'] === 'function')
      .map(({ name, description, parameters: schema }) => ({ name, description, schema })),
    toolChoice: choice === undefined || typeof choice === 'string' ? (choice ?? 'auto') : record(choice)['name'],
    oneCallAtATime: body['parallel_tool_calls'] === false,
    temperature: body['temperature'],
    topP: body['top_p'],
    topK: undefined,
    seed: undefined,
    stop: undefined,
    format: record(record(body['text'])['format'])['schema'],
    maxTokens: body['max_output_tokens'],
    reasoning: effort !== undefined && effort !== 'none',
  }
}

function carries({ kind, value, inResult }: Item): Carries {
  switch (kind) {
    case 'text':
    case 'tool-call':
    case 'tool-result':
      return 'yes'
    case 'image':
      return placeOf(value) === 'provider' ? 'no' : inResult === undefined ? 'yes' : 'maybe'
    case 'file':
      return placeOf(value) === 'provider' && record(value)['text'] === undefined ? 'no' : 'yes'
    case 'audio':
    case 'reasoning':
    case 'other':
      return 'maybe'
  }
}

function problems(body: Json): string[] {
  const known = propertyNames('openai', 'CreateResponse')
  const found = Object.keys(body)
    .filter((key) => !known.has(key))
    .map((key) => `unknown member ${key}`)
  const items = itemsIn(body)
  const calls = new Set(items.filter(({ item }) => 'arguments' in item).map(({ item }) => text(item['call_id'])))
  const answered = items.filter(({ item }) => item['type'] === 'function_call_output')
  for (const { item, at } of items) {
    if (item['type'] === 'function_call' && !/^[a-zA-Z0-9_-]{1,64}$/.test(text(item['name'])))
      found.push(`${at} calls ${text(item['name'])}`)
    if (item['type'] === 'function_call' && parse(text(item['arguments'])) === undefined)
      found.push(`${at} has arguments that are not JSON`)
    // An id that the provider did not give is looked up in its store and not found.
    if (says(item['id']) && item['type'] !== 'message') found.push(`${at} names an item of another provider`)
  }
  for (const { item, at } of answered)
    if (!calls.has(text(item['call_id']))) found.push(`${at} answers no call of this request`)
  if (answered.length !== calls.size) found.push(`${calls.size} calls have ${answered.length} answers`)
  for (const tool of list(body['tools']).map(record))
    if ('name' in tool && !/^[a-zA-Z0-9_-]{1,64}$/.test(text(tool['name'])))
      found.push(`tool name ${String(tool['name'])}`)
  return found
}

/** A prompt ≡ one message; string content ≡ one part of text; `type: message` need not be said; absent ≡ null. */
function normalise(body: Json): Json {
  const input = itemsIn(body).map(({ item }) => {
    if ((item['type'] ?? 'message') !== 'message') return item
    const { type: _type, content, ...rest } = item
    const type = item['role'] === 'assistant' ? 'output_text' : 'input_text'
    return { ...rest, content: typeof content === 'string' ? [{ type, text: content }] : content }
  })
  return dropNulls({ ...body, ...('input' in body && { input }) }) as Json
}
