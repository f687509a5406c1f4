// A request of Anthropic Messages, read by the suite.
// https://docs.anthropic.com/en/api/messages
import { list, number, record, says, text, type Json } from '../../../support/json.ts'
import { schemaErrors } from '../../../support/openapi.ts'
import { asidesOf, dropNulls, inCommonOrder, inlineOf, partsOf, placeOf, position } from '../views.ts'
import type { Aside, Carries, Intent, Item, RequestReader } from '../wire.ts'

export const requests: RequestReader = {
  view,
  asides,
  intent,
  parameters,
  concepts: {
    limit: ['max_tokens'],
    temperature: ['temperature'],
    topP: ['top_p'],
    topK: ['top_k'],
    stop: ['stop_sequences'],
    seed: [],
    frequencyPenalty: [],
    presencePenalty: [],
    reasoning: ['thinking', 'output_config'],
    format: ['output_config', 'output_format'],
    tools: ['tools'],
    toolChoice: ['tool_choice'],
    user: ['metadata'],
    choices: [],
  },
  withoutEffect: [
    { path: /^(?:temperature|top_p)$/, value: 1 },
    { path: /^stream$/, value: false },
    { path: /^tool_choice\.disable_parallel_tool_use$/, value: false },
    { path: /^tool_choice(?:\.type)?$/, value: 'auto' },
    { path: /^tools\[\d+\]\.type$/, value: 'custom' },
    { path: /^tools\[\d+\]\.strict$/, value: false },
    { path: /^tools\[\d+\]\.description$/, value: '' },
    { path: /^tools$/ },
  ],
  joinsTexts: false,
  carries,
  offers: { choices: 'no', tools: 'yes', customTools: 'no', format: 'yes' },
  special: (body) => ({
    tools: list(body['tools']).map((_, at) => `tools[${at}]`),
    format: says(record(body['output_config'])['format']) || says(body['output_format']) ? ['output_config'] : [],
  }),
  // For Anthropic's own beta fields the beta schema counts.
  schemaErrors: (body, beta = false) =>
    schemaErrors('anthropic', beta ? 'BetaCreateMessageParams' : 'CreateMessageParams', body),
  problems,
  normalise,
  asks: ({ body }) => ({ model: text(body['model']), stream: body['stream'] === true }),
}

const contentMembers = new Set(
  'role content type text source id tool_use_id name input thinking signature data'.split(' '),
)

function view(body: Json): Item[] {
  const ids = new Map<string, number>()
  const system = partsOf(body['system'], 'system').map(({ part, at }): Item => {
    return { role: 'system', kind: 'text', value: part['text'], at }
  })
  const turns = list(body['messages']).flatMap((entry, index) => {
    const message = record(entry)
    const role = text(message['role']) as Item['role']
    return partsOf(message['content'], `messages[${index}].content`).flatMap(({ part, at }) =>
      itemsOf(part, role, at, ids),
    )
  })
  return inCommonOrder([...system, ...turns])
}

function itemsOf(block: Json, role: Item['role'], at: string, ids: Map<string, number>): Item[] {
  switch (block['type']) {
    case 'text':
      return [{ role, kind: 'text', value: block['text'], at }]
    case 'thinking':
      return says(block['thinking']) ? [{ role, kind: 'reasoning', value: block['thinking'], at }] : []
    case 'image':
      return [{ role, kind: 'image', value: placeIn(record(block['source'])), at }]
    case 'document':
      return [{ role, kind: 'file', value: placeIn(record(block['source'])), at }]
    case 'tool_use': {
      const call = position(ids, text(block['id']))
      return [{ role, kind: 'tool-call', value: { call, name: block['name'], input: block['input'] }, at }]
    }
    case 'tool_result': {
      const content = partsOf(block['content'], `${at}.content`)
      const texts = content.filter(({ part }) => part['type'] === 'text').map(({ part }) => text(part['text']))
      const call = position(ids, text(block['tool_use_id']))
      const media = content.filter(({ part }) => part['type'] !== 'text')
      return [
        { role, kind: 'tool-result', value: { call, text: texts.filter((entry) => entry !== '') }, at },
        ...media.flatMap(({ part, at: inside }) =>
          itemsOf(part, role, inside, ids).map((item) => ({ ...item, inResult: call })),
        ),
      ]
    }
    default:
      return [{ role, kind: 'other', value: block['type'], at }]
  }
}

function placeIn(source: Json): unknown {
  if (source['type'] === 'base64') return inlineOf(text(source['media_type']), text(source['data']))
  if (source['type'] === 'text') return { text: source['data'] }
  return source['type'] === 'url' ? source['url'] : source
}

function asides(body: Json): Aside[] {
  const messages = list(body['messages']).flatMap((entry, index) => {
    const message = record(entry)
    const at = `messages[${index}]`
    const speaker = says(message['name']) ? [{ key: 'name', value: message['name'], at: `${at}.name` }] : []
    return [...asidesOf(message, at, contentMembers), ...speaker, ...asidesIn(message['content'], `${at}.content`)]
  })
  return [...asidesIn(body['system'], 'system'), ...messages]
}

function asidesIn(content: unknown, at: string): Aside[] {
  return list(content).flatMap((part, index) => {
    const block = record(part)
    const place = `${at}[${index}]`
    const inside = block['type'] === 'tool_result' ? asidesIn(block['content'], `${place}.content`) : []
    return [...asidesOf(block, place, contentMembers), ...inside]
  })
}

function intent(body: Json): Intent {
  const choice = record(body['tool_choice'])
  const thinking = record(body['thinking'])['type']
  return {
    tools: list(body['tools'])
      .map(record)
      .map(({ name, description, input_schema: schema }) => ({ name, description, schema })),
    toolChoice: chosen(choice),
    oneCallAtATime: choice['disable_parallel_tool_use'] === true,
    temperature: body['temperature'],
    topP: body['top_p'],
    topK: body['top_k'],
    seed: undefined,
    stop: body['stop_sequences'],
    format: record(record(body['output_config'])['format'])['schema'],
    maxTokens: body['max_tokens'],
    reasoning: thinking !== undefined && thinking !== 'disabled',
  }
}

function chosen(choice: Json): unknown {
  if (choice['type'] === undefined || choice['type'] === 'auto') return 'auto'
  if (choice['type'] === 'tool') return choice['name']
  return choice['type'] === 'any' ? 'required' : choice['type']
}

/** Anthropic's beta `output_format` as output_config.format. */
function parameters(body: Json): Json {
  const { messages: _m, system: _s, output_format: format, ...rest } = normalise(body)
  if (format === undefined) return rest
  return { ...rest, output_config: { ...record(rest['output_config']), format } }
}

function carries({ kind, value }: Item): Carries {
  switch (kind) {
    case 'text':
    case 'tool-call':
    case 'tool-result':
      return 'yes'
    case 'image':
      if (placeOf(value) === 'provider') return 'no'
      return /^(?:http|data:image\/(?:png|jpeg|gif|webp))/.test(text(value)) ? 'yes' : 'maybe'
    case 'file':
      if (record(value)['text'] !== undefined || placeOf(value) === 'link') return 'yes'
      if (placeOf(value) === 'provider') return 'no'
      return text(value).startsWith('data:application/pdf') ? 'yes' : 'maybe'
    case 'audio':
      return 'no'
    case 'reasoning':
    case 'other':
      return 'maybe'
  }
}

function problems(body: Json): string[] {
  const found: string[] = []
  let before: Json = {}
  for (const [index, message] of list(body['messages']).map(record).entries()) {
    const at = `messages[${index}]`
    if (message['role'] === before['role']) found.push(`${at} has the role of the message before`)
    const calls = blocks(before, 'tool_use').map((block) => text(block['id']))
    const results = blocks(message, 'tool_result').map((block) => text(block['tool_use_id']))
    if (calls.toSorted().join() !== results.toSorted().join()) found.push(`${at} does not answer exactly the calls`)
    const kinds = list(message['content']).map((block) => record(block)['type'] === 'tool_result')
    if (kinds.lastIndexOf(true) >= results.length) found.push(`${at} has other content before its results`)
    before = message
  }
  if (record(list(body['messages'])[0])['role'] !== 'user') found.push('does not begin with the user')
  const thinking = record(body['thinking'])
  if (thinking['type'] === 'enabled' && number(thinking['budget_tokens']) >= number(body['max_tokens']))
    found.push('the thinking budget is not below max_tokens')
  if (thinking['type'] === 'enabled') found.push(...thinkingConflicts(body))
  return found
}

// https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking#feature-compatibility
function thinkingConflicts(body: Json): string[] {
  const forced = ['any', 'tool'].includes(text(record(body['tool_choice'])['type']))
  const conflicts = forced ? ['thinking with a forced tool'] : []
  if (body['temperature'] !== undefined && body['temperature'] !== 1) conflicts.push('thinking with a temperature')
  if (body['top_k'] !== undefined) conflicts.push('thinking with top_k')
  if (body['top_p'] !== undefined && number(body['top_p']) < 0.95) conflicts.push('thinking with top_p')
  const last = record(list(body['messages']).findLast((message) => record(message)['role'] === 'assistant'))
  const opensWithThinking = ['thinking', 'redacted_thinking'].includes(text(record(list(last['content'])[0])['type']))
  if (blocks(last, 'tool_use').length > 0 && !opensWithThinking) conflicts.push('thinking after an unsigned tool turn')
  return conflicts
}

function blocks(message: Json, type: string): Json[] {
  return list(message['content'])
    .map(record)
    .filter((block) => block['type'] === type)
}

/** String content ≡ one text part, in messages, in `system` and in a tool result; absent ≡ null. */
function normalise(body: Json): Json {
  const normalised: Json = { ...body }
  if (typeof body['system'] === 'string') normalised['system'] = asParts(body['system'])
  if (Array.isArray(body['messages']))
    normalised['messages'] = list(body['messages']).map((message) => withParts(record(message)))
  return dropNulls(normalised) as Json
}

function withParts(holder: Json): Json {
  if (!('content' in holder)) return holder
  const content = asParts(holder['content'])
  if (!Array.isArray(content)) return { ...holder, content }
  return {
    ...holder,
    content: list(content).map((part) => (record(part)['type'] === 'tool_result' ? withParts(record(part)) : part)),
  }
}

function asParts(content: unknown): unknown {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}
