// What OpenAI's Responses wire refuses.
// @see https://platform.openai.com/docs/api-reference/responses/create
import { checkOf, isFilled, isSaid, objectOf, objectsIn, textIn, type Problems } from './check.ts'
import { isObjectSchema, openaiName } from './check-openai-chat.ts'
import type { Check, Members } from './wire.ts'

const roles = new Set(['user', 'assistant', 'system', 'developer'])
const maxCallIdLength = 64
/** The wire's own lower limit. */
const minOutputTokens = 16
/** Ids of items are the server's, and begin with what they are ids of. */
const idPrefixes: ReadonlyMap<string, string> = new Map([
  ['message', 'msg'],
  ['function_call', 'fc'],
  ['reasoning', 'rs'],
])
const inputParts = new Set(['input_text', 'input_image', 'input_file', 'input_audio'])
const outputParts = new Set(['output_text', 'refusal'])

/** The first rule that a request breaks. */
export const responsesCheck: Check = checkOf(function* ({ body }): Problems {
  yield* inputProblems(body)
  const { max_output_tokens: limit, stream } = body
  if (isSaid(limit) && !(Number.isInteger(limit) && (limit as number) >= minOutputTokens))
    yield `Invalid 'max_output_tokens': has to be at least ${minOutputTokens}`
  if (isSaid(body['stream_options']) && stream !== true) yield 'stream_options: only allowed in a stream'
  for (const key of ['messages', 'max_tokens', 'max_completion_tokens', 'response_format', 'stop', 'n', 'seed'])
    if (key in body) yield `Unknown parameter: '${key}'.`
})

/** The first rule that a request to count breaks. */
export const responsesCountCheck: Check = checkOf(function* ({ body }): Problems {
  for (const key of ['stream', 'max_output_tokens', 'temperature', 'store'])
    if (key in body) yield `Unknown parameter: '${key}'.`
  yield* inputProblems(body)
})

function* inputProblems(body: Members): Problems {
  if (typeof body['model'] !== 'string') yield "Missing required parameter: 'model'."
  const { input } = body
  const isStored = ['previous_response_id', 'conversation', 'prompt'].some((key) => isSaid(body[key]))
  if (!isSaid(input) && !isStored) yield "Missing required parameter: 'input'."
  if (isSaid(input) && typeof input !== 'string' && !Array.isArray(input))
    yield "Invalid type for 'input': expected text or a list"
  const items = objectsIn(input)
  for (const [index, item] of items.entries()) yield* itemProblems(item, `input[${index}]`)
  yield* pairProblems(items, isStored)
  yield* toolProblems(body)
  const { type, name, schema } = objectOf(objectOf(body['text'])['format'])
  if (type === 'json_schema' && (!openaiName.test(textIn(name)) || !isSaid(schema)))
    yield "Missing required parameter: 'text.format.name' or 'text.format.schema'."
}

function* itemProblems(item: Members, at: string): Problems {
  const type = textIn(item['type'] ?? (isSaid(item['role']) ? 'message' : ''))
  const { id, call_id: callId } = item
  if (type === '') yield `Missing required parameter: '${at}.type'.`
  const prefix = idPrefixes.get(type)
  // A user's message may have any id.
  const isOwn = type !== 'message' || item['role'] === 'assistant'
  if (prefix !== undefined && isOwn && typeof id === 'string' && !id.startsWith(prefix))
    yield `Invalid '${at}.id': '${id}'. Expected an ID that begins with '${prefix}'.`
  if (/^(?:function|custom_tool)_call(?:_output)?$/.test(type)) {
    if (textIn(callId) === '') yield `Missing required parameter: '${at}.call_id'.`
    if (textIn(callId).length > maxCallIdLength)
      yield `Invalid '${at}.call_id': string too long. Expected a string with maximum length ${maxCallIdLength}`
  }
  switch (type) {
    case 'message':
      yield* messageProblems(item, at)
      break
    case 'function_call':
      if (!openaiName.test(textIn(item['name']))) yield `Invalid '${at}.name'`
      if (typeof item['arguments'] !== 'string') yield `Missing required parameter: '${at}.arguments'.`
      break
    case 'function_call_output':
      if (typeof item['output'] !== 'string' && !Array.isArray(item['output']))
        yield `Missing required parameter: '${at}.output'.`
      break
    case 'reasoning':
      if (!Array.isArray(item['summary'])) yield `Missing required parameter: '${at}.summary'.`
      break
    case 'tool_use':
    case 'tool_result':
    case 'text':
      yield `Invalid value: '${type}' at '${at}.type'.`
      break
    default:
  }
}

function* messageProblems({ role, content }: Members, at: string): Problems {
  if (typeof role !== 'string' || !roles.has(role)) yield `Invalid value at '${at}.role'.`
  if (typeof content !== 'string' && !Array.isArray(content)) yield `Missing required parameter: '${at}.content'.`
  const allowed = role === 'assistant' ? outputParts : inputParts
  for (const [index, { type, text }] of objectsIn(content).entries()) {
    if (!allowed.has(textIn(type)))
      yield `Invalid value at '${at}.content[${index}].type'. Supported values are: ${[...allowed].join(', ')}.`
    if ((type === 'input_text' || type === 'output_text') && typeof text !== 'string')
      yield `Missing required parameter: '${at}.content[${index}].text'.`
  }
}

/** Every call has its output, every output its call, and what was thought is followed by what came of it. */
function* pairProblems(items: readonly Members[], isStored: boolean): Problems {
  const called = new Set<string>()
  const answered = new Set<string>()
  for (const [index, item] of items.entries()) {
    const id = textIn(item['call_id'])
    if (item['type'] === 'function_call') called.add(id)
    if (item['type'] === 'function_call_output') {
      if (!called.has(id) && !isStored) yield `No tool call found for function call output with call_id ${id}.`
      answered.add(id)
    }
    const next = items[index + 1]
    const isFollowed = next !== undefined && next['role'] !== 'user' && next['type'] !== 'function_call_output'
    // Only what the server keeps is held together; what was kept by the client may stand alone.
    if (item['type'] === 'reasoning' && typeof item['id'] === 'string' && !isFollowed)
      yield `Item of type 'reasoning' at input[${index}] was provided without its required following item.`
  }
  for (const id of called) if (!answered.has(id)) yield `No tool output found for function call ${id}.`
}

function* toolProblems({ tools, tool_choice: choice }: Members): Problems {
  if (isSaid(tools) && !Array.isArray(tools)) yield "Invalid type for 'tools': expected a list"
  const names = new Set<string>()
  for (const [index, { type, name, parameters, function: nested }] of objectsIn(tools).entries()) {
    if (typeof type !== 'string') yield `Missing required parameter: 'tools[${index}].type'.`
    if (type !== 'function') continue
    if (nested !== undefined) yield `Unknown parameter: 'tools[${index}].function'.`
    if (!openaiName.test(textIn(name))) yield `Missing required parameter: 'tools[${index}].name'.`
    if (isSaid(parameters) && !isObjectSchema(parameters))
      yield `Invalid schema for function '${textIn(name)}': has to be of type object`
    names.add(textIn(name))
  }
  const { type, name } = objectOf(choice)
  if (type === 'function' && !names.has(textIn(name))) yield "Tool choice 'function' not found in 'tools' parameter."
  if (choice === 'required' && !isFilled(tools))
    yield "Tool choice 'required' must be specified with 'tools' parameter."
}
