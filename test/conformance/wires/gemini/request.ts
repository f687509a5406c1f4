// A request of Gemini, read by the suite.
// https://ai.google.dev/api/generate-content#request-body
import { discoveryErrors } from '../../../support/discovery.ts'
import { list, record, says, text, type Json } from '../../../support/json.ts'
import { asidesOf, dropNulls, inCommonOrder, inlineOf, placeOf, position, withoutEmpty } from '../views.ts'
import type { Aside, Carries, Intent, Item, RequestReader } from '../wire.ts'
import { camelCased, plainSchema } from './spelling.ts'

const config = 'generationConfig'

export const requests: RequestReader = {
  view,
  asides,
  intent,
  parameters,
  concepts: {
    limit: [`${config}.maxOutputTokens`],
    temperature: [`${config}.temperature`],
    topP: [`${config}.topP`],
    topK: [`${config}.topK`],
    stop: [`${config}.stopSequences`],
    seed: [`${config}.seed`],
    frequencyPenalty: [`${config}.frequencyPenalty`],
    presencePenalty: [`${config}.presencePenalty`],
    reasoning: [`${config}.thinkingConfig`],
    format: [`${config}.response`],
    tools: ['tools'],
    toolChoice: ['toolConfig'],
    user: [],
    choices: [`${config}.candidateCount`],
  },
  withoutEffect: [
    { path: /^generationConfig\.(?:temperature|topP|candidateCount)$/, value: 1 },
    { path: /^generationConfig\.(?:frequencyPenalty|presencePenalty)$/, value: 0 },
    { path: /^generationConfig\.responseMimeType$/, value: 'text/plain' },
    { path: /^generationConfig\.responseModalities/ },
    { path: /^toolConfig\.functionCallingConfig\.mode$/, value: 'AUTO' },
    { path: /^toolConfig(?:\.functionCallingConfig)?$/ },
    { path: /^generationConfig$/ },
    { path: /^tools$/ },
    { path: /\.description$/, value: '' },
  ],
  joinsTexts: false,
  carries,
  offers: { choices: 'maybe', tools: 'yes', customTools: 'maybe', format: 'yes' },
  special: (original) => {
    const body = normalise(original)
    const said = record(body[config])
    return {
      choices: Number(said['candidateCount']) > 1 ? [`${config}.candidateCount`] : [],
      tools: list(body['tools']).map((_, at) => `tools[${at}]`),
      format: said['responseMimeType'] === 'application/json' ? [config] : [],
      bound: says(body['cachedContent']) ? ['cachedContent'] : [],
    }
  },
  schemaErrors: (body) => discoveryErrors('GenerateContentRequest', body),
  problems,
  normalise,
  asks: ({ path }) => {
    const [, model = '', method = ''] = /models\/([^?]+):(\w+)(?:\?|$)/.exec(path) ?? []
    return { model: decodeURIComponent(model), stream: method === 'streamGenerateContent' }
  },
}

const contentMembers = new Set(
  (
    'role parts text inlineData fileData functionCall functionResponse executableCode codeExecutionResult ' +
    'toolCall toolResponse thought thoughtSignature'
  ).split(' '),
)

/** Calls have no ids on this wire, or may have: a result belongs to the oldest open call of its name. */
interface Calls {
  readonly ids: Map<string, number>
  readonly open: { readonly name: string; readonly id: string; readonly call: number }[]
}

function view(original: Json): Item[] {
  const body = normalise(original)
  const calls: Calls = { ids: new Map(), open: [] }
  const system = list(record(body['systemInstruction'])['parts']).map((part, index): Item => {
    return { role: 'system', kind: 'text', value: record(part)['text'], at: `systemInstruction.parts[${index}]` }
  })
  const turns = list(body['contents']).flatMap((entry, index) => {
    const { role, parts } = record(entry)
    return list(parts).flatMap((part, count) =>
      itemsOf(record(part), role === 'model' ? 'assistant' : 'user', `contents[${index}].parts[${count}]`, calls),
    )
  })
  return inCommonOrder([...system, ...turns])
}

function itemsOf(part: Json, role: Item['role'], at: string, calls: Calls): Item[] {
  if ('functionCall' in part) {
    const { id, name, args } = record(part['functionCall'])
    const call = position(calls.ids, text(id) || `minted ${calls.ids.size}`)
    calls.open.push({ name: text(name), id: text(id), call })
    return [{ role: 'assistant', kind: 'tool-call', value: { call, name, input: args ?? {} }, at }]
  }
  if ('functionResponse' in part) return resultOf(record(part['functionResponse']), at, calls)
  if ('text' in part) {
    if (part['text'] === '') return []
    return [{ role, kind: part['thought'] === true ? 'reasoning' : 'text', value: part['text'], at }]
  }
  if ('inlineData' in part) return [mediumOf(record(part['inlineData']), role, at)]
  if ('fileData' in part) {
    const { fileUri, mimeType } = record(part['fileData'])
    return [{ role, kind: text(mimeType).startsWith('image/') ? 'image' : 'file', value: fileUri, at }]
  }
  const [kind] = Object.keys(part).filter((key) => key !== 'thoughtSignature')
  return [{ role, kind: 'other', value: kind, at }]
}

function mediumOf({ mimeType, data }: Json, role: Item['role'], at: string): Item {
  const type = text(mimeType)
  if (type.startsWith('audio/')) {
    const format = type.slice('audio/'.length).replace('mpeg', 'mp3')
    // Google's SDKs write base64 in the alphabet for URLs.
    const plain = text(data).replaceAll('-', '+').replaceAll('_', '/')
    return { role, kind: 'audio', value: { format, data: plain }, at }
  }
  return { role, kind: type.startsWith('image/') ? 'image' : 'file', value: inlineOf(type, text(data)), at }
}

function resultOf({ id, name, response, parts }: Json, at: string, calls: Calls): Item[] {
  const found = calls.open.findIndex((call) => (says(id) ? call.id === id : call.name === name))
  const call = calls.open.splice(Math.max(found, 0), 1)[0]?.call ?? -1
  const shown = resultText(record(response))
  return [
    { role: 'user', kind: 'tool-result', value: { call, text: shown === '' ? [] : [shown] }, at },
    ...list(parts).map((part, index) => ({
      ...mediumOf(record(record(part)['inlineData']), 'user', `${at}.functionResponse.parts[${index}]`),
      inResult: call,
    })),
  ]
}

/** A result is a record here and text elsewhere: a single `output` or `result` of text stands for that text. */
function resultText(response: Json): string {
  const entries = Object.entries(response)
  const [key, value] = entries[0] ?? []
  if (entries.length === 0) return ''
  const isText = entries.length === 1 && typeof value === 'string' && (key === 'output' || key === 'result')
  return isText ? text(value) : JSON.stringify(response)
}

function asides(original: Json): Aside[] {
  return list(normalise(original)['contents']).flatMap((entry, index) => {
    const content = record(entry)
    const parts = list(content['parts']).flatMap((part, count) =>
      asidesOf(record(part), `contents[${index}].parts[${count}]`, contentMembers),
    )
    return [...asidesOf(content, `contents[${index}]`, contentMembers), ...parts]
  })
}

function intent(original: Json): Intent {
  const body = normalise(original)
  const said = record(body[config])
  const { mode, allowedFunctionNames: names } = record(record(body['toolConfig'])['functionCallingConfig'])
  const single = list(names).length === 1 ? list(names)[0] : undefined
  const thinking = record(said['thinkingConfig'])
  return {
    tools: list(body['tools'])
      .flatMap((tool) => list(record(tool)['functionDeclarations']).map(record))
      .map(({ name, description, parameters, parametersJsonSchema }) => ({
        name,
        description,
        schema: plainSchema(parametersJsonSchema ?? parameters),
      })),
    toolChoice: mode === 'ANY' ? (single ?? 'required') : mode === 'NONE' ? 'none' : 'auto',
    oneCallAtATime: false,
    temperature: said['temperature'],
    topP: said['topP'],
    topK: said['topK'],
    seed: said['seed'],
    stop: said['stopSequences'],
    format: plainSchema(said['responseJsonSchema'] ?? said['responseSchema']),
    maxTokens: said['maxOutputTokens'],
    reasoning:
      (says(thinking['thinkingBudget']) && thinking['thinkingBudget'] !== 0) || says(thinking['thinkingLevel']),
  }
}

/** A schema may be said in Google's words or in those of JSON Schema, under one name or the other. */
function parameters(body: Json): Json {
  const { contents: _c, systemInstruction: _s, model: _m, tools, [config]: said, ...rest } = normalise(body)
  const { responseSchema, responseJsonSchema = responseSchema, ...others } = record(said)
  const named = list(tools)
    .map(record)
    .map((tool) => ({ ...tool, functionDeclarations: list(tool['functionDeclarations']).map(declared) }))
  return {
    ...rest,
    ...(said !== undefined && {
      [config]: {
        ...others,
        ...(responseJsonSchema !== undefined && { responseJsonSchema: plainSchema(responseJsonSchema) }),
      },
    }),
    ...(tools !== undefined && { tools: named }),
  }
}

function declared(value: unknown): Json {
  const { parameters, parametersJsonSchema = parameters, ...rest } = record(value)
  return {
    ...rest,
    ...(parametersJsonSchema !== undefined && { parametersJsonSchema: plainSchema(parametersJsonSchema) }),
  }
}

function carries({ kind, value, role }: Item): Carries {
  switch (kind) {
    case 'text':
    case 'tool-call':
    case 'tool-result':
      return 'yes'
    case 'image':
    case 'file':
      if (record(value)['text'] !== undefined) return 'yes'
      return placeOf(value) === 'inline' ? 'yes' : placeOf(value) === 'link' ? 'maybe' : 'no'
    case 'audio':
      return role === 'user' ? 'yes' : 'maybe'
    case 'reasoning':
    case 'other':
      return 'maybe'
  }
}

function problems(body: Json): string[] {
  const found: string[] = []
  let open: string[] = []
  for (const [index, content] of list(body['contents']).map(record).entries()) {
    const at = `contents[${index}]`
    const parts = list(content['parts']).map(record)
    if (content['role'] !== 'user' && content['role'] !== 'model')
      found.push(`${at} has role ${String(content['role'])}`)
    if (parts.length === 0) found.push(`${at} is empty`)
    const answered = parts.filter((part) => 'functionResponse' in part)
    const names = answered.map((part) => text(record(part['functionResponse'])['name']))
    if (names.toSorted().join() !== open.toSorted().join()) found.push(`${at} does not answer exactly the calls`)
    const calls = parts.filter((part) => 'functionCall' in part).map((part) => record(part['functionCall']))
    open = calls.map((call) => text(call['name']))
    for (const name of open) if (!isName(name)) found.push(`${at} calls ${name}`)
  }
  if (record(list(body['contents'])[0])['role'] !== 'user') found.push('does not begin with the user')
  for (const tool of list(body['tools']).map(record))
    for (const declared of list(tool['functionDeclarations']).map(record))
      if (!isName(text(declared['name']))) found.push(`tool name ${String(declared['name'])}`)
  if (list(record(body[config])['stopSequences']).length > 5) found.push('more than five stop sequences')
  return found
}

function isName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/.test(name)
}

/**
 * The API takes snake_case for camelCase and any case of its modes and types (wire-facts 48), and nothing for an empty
 * record. The role of an instruction says nothing.
 */
function normalise(body: Json): Json {
  const spelled = withoutEmpty(camelCased(dropNulls(body) as Json), [config, 'toolConfig', 'tools', 'safetySettings'])
  const { role: _role, ...system } = record(spelled['systemInstruction'])
  return { ...spelled, ...('systemInstruction' in spelled && { systemInstruction: system }) }
}
