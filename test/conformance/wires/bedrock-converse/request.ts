// A request of Bedrock Converse, read by the suite.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
import { list, parse, record, says, text, type Json } from '../../../support/json.ts'
import { asidesOf, dropNulls, inCommonOrder, inlineOf, placeOf, position, withoutEmpty } from '../views.ts'
import type { Aside, Carries, Intent, Item, RequestReader } from '../wire.ts'
import { modelErrors } from './model.ts'

export const requests: RequestReader = {
  view,
  asides,
  intent,
  parameters,
  concepts: {
    limit: ['inferenceConfig.maxTokens'],
    temperature: ['inferenceConfig.temperature'],
    topP: ['inferenceConfig.topP'],
    topK: ['additionalModelRequestFields'],
    stop: ['inferenceConfig.stopSequences'],
    seed: [],
    frequencyPenalty: [],
    presencePenalty: [],
    reasoning: ['additionalModelRequestFields', 'outputConfig.effort'],
    format: ['outputConfig'],
    tools: ['toolConfig.tools'],
    toolChoice: ['toolConfig.toolChoice'],
    user: ['requestMetadata'],
    choices: [],
  },
  withoutEffect: [
    { path: /^inferenceConfig\.(?:temperature|topP)$/, value: 1 },
    { path: /^toolConfig\.toolChoice(?:\.auto)?$/ },
    { path: /^toolConfig\.tools\[\d+\]\.toolSpec\.strict$/, value: false },
    { path: /^serviceTier\.type$/, value: 'default' },
    { path: /^toolConfig(?:\.tools)?$/ },
    { path: /jsonSchema\.name$/ },
  ],
  joinsTexts: false,
  carries,
  offers: { choices: 'no', tools: 'yes', customTools: 'maybe', format: 'yes' },
  special: (body) => ({
    tools: list(record(body['toolConfig'])['tools']).map((_, at) => `toolConfig.tools[${at}]`),
    format: says(record(body['outputConfig'])['textFormat']) ? ['outputConfig'] : [],
    bound: says(body['promptVariables']) ? ['promptVariables'] : [],
  }),
  schemaErrors: (body) => modelErrors('ConverseRequest', body),
  problems,
  normalise,
  asks: ({ path }) => {
    const [, model = '', method = ''] = /\/model\/(.+)\/(converse(?:-stream)?)(?:\?|$)/.exec(path) ?? []
    return { model: decodeURIComponent(model), stream: method === 'converse-stream' }
  },
}

const contentMembers = new Set(
  'role content text image document audio video toolUse toolResult reasoningContent citationsContent guardContent'.split(
    ' ',
  ),
)

function view(body: Json): Item[] {
  const ids = new Map<string, number>()
  const system = list(body['system']).flatMap((block, index): Item[] => {
    const { text: said } = record(block)
    return says(said) ? [{ role: 'system', kind: 'text', value: said, at: `system[${index}]` }] : []
  })
  const turns = list(body['messages']).flatMap((entry, index) => {
    const message = record(entry)
    const role = text(message['role']) as Item['role']
    return list(message['content']).flatMap((block, count) =>
      itemsOf(record(block), role, `messages[${index}].content[${count}]`, ids),
    )
  })
  return inCommonOrder([...system, ...turns])
}

function itemsOf(block: Json, role: Item['role'], at: string, ids: Map<string, number>): Item[] {
  const [kind = ''] = Object.keys(block)
  switch (kind) {
    case 'text':
      return [{ role, kind: 'text', value: block['text'], at }]
    case 'reasoningContent': {
      const shown = record(record(block[kind])['reasoningText'])['text']
      return says(shown) ? [{ role, kind: 'reasoning', value: shown, at }] : []
    }
    case 'image':
    case 'document':
    case 'audio':
      return [mediumOf(kind, record(block[kind]), role, at)]
    case 'toolUse': {
      const { toolUseId, name, input } = record(block[kind])
      return [{ role, kind: 'tool-call', value: { call: position(ids, text(toolUseId)), name, input }, at }]
    }
    case 'toolResult': {
      const { toolUseId, content } = record(block[kind])
      const call = position(ids, text(toolUseId))
      const parts = list(content).map(record)
      const texts = parts.flatMap((part) => ('json' in part ? [JSON.stringify(part['json'])] : [text(part['text'])]))
      const media = parts.flatMap((part, index) =>
        'text' in part || 'json' in part ? [] : itemsOf(part, role, `${at}.toolResult.content[${index}]`, ids),
      )
      return [
        { role, kind: 'tool-result', value: { call, text: texts.filter((entry) => entry !== '') }, at },
        ...media.map((item) => ({ ...item, inResult: call })),
      ]
    }
    case 'cachePoint':
      return []
    default:
      return [{ role, kind: 'other', value: kind, at }]
  }
}

const documentTypes: Readonly<Record<string, string>> = { pdf: 'application/pdf', txt: 'text/plain', html: 'text/html' }

function mediumOf(kind: 'image' | 'document' | 'audio', medium: Json, role: Item['role'], at: string): Item {
  const { bytes, text: plain } = record(medium['source'])
  const format = text(medium['format'])
  if (kind === 'audio') return { role, kind, value: { format, data: bytes }, at }
  if (plain !== undefined) return { role, kind: 'file', value: { text: plain }, at }
  const type = kind === 'image' ? `image/${format}` : (documentTypes[format] ?? format)
  const value = bytes === undefined ? medium['source'] : inlineOf(type, text(bytes))
  return { role, kind: kind === 'image' ? 'image' : 'file', value, at }
}

/** A cache point is a block of its own here, and a mark on the block before it elsewhere. */
function asides(body: Json): Aside[] {
  const points = (blocks: unknown, at: string): Aside[] =>
    list(blocks).flatMap((block, index) => asidesOf(record(block), `${at}[${index}]`, contentMembers))
  const messages = list(body['messages']).flatMap((entry, index) => {
    const message = record(entry)
    return [
      ...asidesOf(message, `messages[${index}]`, contentMembers),
      ...points(message['content'], `messages[${index}].content`),
    ]
  })
  return [...points(body['system'], 'system'), ...messages]
}

function intent(body: Json): Intent {
  const { maxTokens, temperature, topP, stopSequences: stop } = record(body['inferenceConfig'])
  const { tools, toolChoice } = record(body['toolConfig'])
  const choice = record(toolChoice)
  const json = record(record(record(record(body['outputConfig'])['textFormat'])['structure'])['jsonSchema'])
  const extra = record(body['additionalModelRequestFields'])
  const thinking = record(extra['thinking'] ?? extra['reasoning_config'])['type']
  return {
    tools: list(tools)
      .map((tool) => record(record(tool)['toolSpec']))
      .filter((tool) => says(tool['name']))
      .map(({ name, description, inputSchema }) => ({ name, description, schema: record(inputSchema)['json'] })),
    toolChoice: 'tool' in choice ? record(choice['tool'])['name'] : 'any' in choice ? 'required' : 'auto',
    oneCallAtATime: record(extra['tool_choice'])['disable_parallel_tool_use'] === true,
    temperature,
    topP,
    topK: extra['top_k'],
    seed: undefined,
    stop,
    format: typeof json['schema'] === 'string' ? parse(json['schema']) : undefined,
    maxTokens,
    reasoning: thinking !== undefined && thinking !== 'disabled',
  }
}

/** A schema that is written as text is the schema, and Claude's older name for thinking is its name of today. */
function parameters(body: Json): Json {
  const { messages: _m, system: _s, additionalModelRequestFields: fields, outputConfig, ...rest } = normalise(body)
  const { reasoning_config: older, ...more } = record(fields)
  return {
    ...rest,
    ...(fields !== undefined && {
      additionalModelRequestFields: { ...more, ...(older !== undefined && { thinking: older }) },
    }),
    ...(outputConfig !== undefined && { outputConfig: parsed(outputConfig) }),
  }
}

function parsed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === 'schema' && typeof member === 'string' ? parse(member) : parsed(member),
    ]),
  )
}

const imageFormats = /^data:image\/(?:png|jpeg|gif|webp)/
const documentFormats = /^data:(?:application\/pdf|text\/(?:plain|csv|html|markdown))/

function carries({ kind, value }: Item): Carries {
  switch (kind) {
    case 'text':
    case 'tool-call':
    case 'tool-result':
      return 'yes'
    case 'image':
      if (placeOf(value) !== 'inline') return 'no'
      return imageFormats.test(text(value)) ? 'yes' : 'maybe'
    case 'file':
      if (record(value)['text'] !== undefined) return 'yes'
      if (placeOf(value) !== 'inline') return 'no'
      return documentFormats.test(text(value)) ? 'yes' : 'maybe'
    case 'audio':
      return 'maybe'
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
    if (list(message['content']).length === 0) found.push(`${at} is empty`)
    const calls = blocks(before, 'toolUse').map((call) => text(call['toolUseId']))
    const results = blocks(message, 'toolResult').map((result) => text(result['toolUseId']))
    if (calls.toSorted().join() !== results.toSorted().join()) found.push(`${at} does not answer exactly the calls`)
    if (new Set(calls).size !== calls.length) found.push(`${at} has two calls of one id`)
    for (const block of list(message['content']).map(record))
      if (block['text'] === '') found.push(`${at} has empty text`)
    before = message
  }
  if (record(list(body['messages'])[0])['role'] !== 'user') found.push('does not begin with the user')
  const used = list(body['messages']).some((message) =>
    list(record(message)['content']).some((block) => 'toolUse' in record(block) || 'toolResult' in record(block)),
  )
  if (used && list(record(body['toolConfig'])['tools']).length === 0) found.push('tool blocks without a toolConfig')
  return found
}

function blocks(message: Json, kind: string): Json[] {
  return list(message['content'])
    .map(record)
    .filter((block) => kind in block)
    .map((block) => record(block[kind]))
}

/** Absent ≡ null ≡ an empty record of settings; the SDK puts the model beside the body. */
function normalise(body: Json): Json {
  const { modelId: _model, ...rest } = dropNulls(body) as Json
  return withoutEmpty(rest, ['system', 'inferenceConfig', 'toolConfig', 'additionalModelRequestFields'])
}
