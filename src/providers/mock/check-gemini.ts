// What Google's wire refuses.
// @see https://ai.google.dev/api/generate-content and https://ai.google.dev/gemini-api/docs/function-calling
import { isObject } from '../../wire/json-parse.ts'
import { checkOf, isFilled, isSaid, objectOf, objectsIn, textIn, type Problems } from './check.ts'
import type { Check, Members } from './wire.ts'

const requestMembers = new Set([
  'contents',
  'systemInstruction',
  'tools',
  'toolConfig',
  'safetySettings',
  'generationConfig',
  'cachedContent',
  'model',
  'labels',
  'store',
  'serviceTier',
])
const roles = new Set(['user', 'model', 'function'])
/** Of these a part holds exactly one. */
const dataMembers = [
  'text',
  'inlineData',
  'fileData',
  'functionCall',
  'functionResponse',
  'executableCode',
  'codeExecutionResult',
  'toolCall',
  'toolResponse',
]
const namePattern = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/
/** All that a schema of this wire may say: it is a part of OpenAPI, and no JSON Schema. */
const schemaMembers = new Set([
  'type',
  'format',
  'title',
  'description',
  'nullable',
  'enum',
  'items',
  'maxItems',
  'minItems',
  'properties',
  'required',
  'minProperties',
  'maxProperties',
  'minLength',
  'maxLength',
  'pattern',
  'example',
  'anyOf',
  'propertyOrdering',
  'default',
  'minimum',
  'maximum',
])
const types = new Set(['STRING', 'NUMBER', 'INTEGER', 'BOOLEAN', 'ARRAY', 'OBJECT', 'NULL', 'TYPE_UNSPECIFIED'])
const modes = new Set(['AUTO', 'ANY', 'NONE', 'VALIDATED', 'MODE_UNSPECIFIED'])
const maxStops = 5

/** The first rule that a request breaks. Names may be written in either case, as Google reads both. */
export const generateCheck: Check = checkOf(({ body }) => requestProblems(body))

/** The first rule that a request to count breaks. */
export const countCheck: Check = checkOf(function* ({ body }): Problems {
  const { generateContentRequest: inner, ...rest } = body
  for (const key of Object.keys(rest)) if (key !== 'contents') yield unknownName(key, 'the request')
  if (inner === undefined) yield* contentProblems(body['contents'])
  else if (isSaid(body['contents'])) yield 'contents and generate_content_request are mutually exclusive'
  else {
    // Below a counting request the model has to be said again.
    if (textIn(objectOf(inner)['model']) === '') yield 'generate_content_request.model is not specified'
    yield* requestProblems(objectOf(inner))
  }
})

/** The first rule that a request for vectors breaks. */
export const embedCheck: Check = checkOf(function* ({ body }): Problems {
  const { requests } = body
  const isBatch = requests !== undefined
  if (isBatch && !isFilled(requests)) yield 'requests must not be empty'
  for (const [index, one] of (isBatch ? objectsIn(requests) : [body]).entries()) {
    const at = `requests[${index}]`
    if (isBatch && !textIn(one['model']).startsWith('models/')) yield `${at}.model: unexpected model name format`
    if (!isFilled(objectOf(one['content'])['parts'])) yield `${at}.content.parts must not be empty`
  }
})

function unknownName(key: string, at: string): string {
  return `Invalid JSON payload received. Unknown name "${key}" at '${at}': Cannot find field.`
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase())
}

function member(holder: Members, name: string): unknown {
  return holder[name] ?? Object.entries(holder).find(([key]) => camel(key) === name)?.[1]
}

function* requestProblems(body: Members): Problems {
  for (const key of Object.keys(body)) if (!requestMembers.has(camel(key))) yield unknownName(key, 'the request')
  yield* contentProblems(body['contents'])
  const system = objectOf(member(body, 'systemInstruction'))
  yield* partProblems(objectsIn(system['parts']), 'system_instruction')
  yield* toolProblems(body)
  yield* configProblems(objectOf(member(body, 'generationConfig')))
}

function* contentProblems(contents: unknown): Problems {
  if (!isFilled(contents)) yield '* GenerateContentRequest.contents: contents is not specified'
  const turns = objectsIn(contents).map((turn) => ({ role: turn['role'], parts: objectsIn(turn['parts']) }))
  for (const [index, { role, parts }] of turns.entries()) {
    const at = `contents[${index}]`
    if (isSaid(role) && !roles.has(textIn(role))) yield 'Please use a valid role: user, model.'
    if (parts.length === 0) yield `* GenerateContentRequest.${at}.parts: contents.parts must not be empty.`
    yield* partProblems(parts, at)
    const calls = parts.filter((part) => isSaid(member(part, 'functionCall')))
    const results = parts.filter((part) => isSaid(member(part, 'functionResponse')))
    const before = turns[index - 1]
    const asked = (before?.parts ?? []).filter((part) => isSaid(member(part, 'functionCall')))
    if (calls.length > 0 && role !== 'model') yield `${at}: only the model calls functions`
    if (calls.length > 0 && before?.role === 'model')
      yield 'Please ensure that function call turn comes immediately after a user turn or after a function response turn.'
    if (results.length > 0 && asked.length === 0)
      yield 'Please ensure that function response turn comes immediately after a function call turn.'
    if (asked.length > 0 && results.length !== asked.length)
      yield 'Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.'
    const names = (list: readonly Members[], key: string): string[] =>
      list.map((part) => textIn(objectOf(member(part, key))['name'])).sort()
    if (results.length > 0 && names(results, 'functionResponse').join() !== names(asked, 'functionCall').join())
      yield `${at}: a function response names no function that was called`
  }
}

function* partProblems(parts: readonly Members[], at: string): Problems {
  for (const [index, part] of parts.entries()) {
    const here = `${at}.parts[${index}]`
    const data = Object.keys(part).filter((key) => dataMembers.includes(camel(key)))
    if (data.length !== 1) yield `${here}.data: required oneof field 'data' must have one initialized field`
    for (const key of ['type', 'image_url', 'source', 'tool_use', 'cache_control'])
      if (key in part) yield unknownName(key, here)
    const inline = objectOf(member(part, 'inlineData'))
    if ('inlineData' in part && (!isSaid(member(inline, 'mimeType')) || !isSaid(inline['data'])))
      yield `${here}.inline_data: mime_type and data have to be there`
    const called = member(part, 'functionCall')
    if (isSaid(called)) {
      const { name, args } = objectOf(called)
      if (!namePattern.test(textIn(name))) yield `${here}.function_call.name: Invalid function name.`
      if (isSaid(args) && !isObject(args)) yield `${here}.function_call.args: has to be an object`
    }
    const result = member(part, 'functionResponse')
    if (isSaid(result) && !isObject(objectOf(result)['response']))
      yield `${here}.function_response.response: has to be an object`
  }
}

function* toolProblems(body: Members): Problems {
  const names = new Set<string>()
  for (const [index, tool] of objectsIn(body['tools']).entries()) {
    for (const [position, declared] of objectsIn(member(tool, 'functionDeclarations')).entries()) {
      const at = `tools[${index}].function_declarations[${position}]`
      const { name, parameters } = declared
      if (!namePattern.test(textIn(name))) yield `${at}.name: Invalid function name.`
      if (names.has(textIn(name))) yield `Duplicate function declaration found: ${textIn(name)}`
      names.add(textIn(name))
      if (isSaid(parameters) && isSaid(member(declared, 'parametersJsonSchema')))
        yield `${at}: parameters and parameters_json_schema are mutually exclusive`
      if (isSaid(parameters)) yield* schemaProblems(parameters, `${at}.parameters`)
      for (const key of ['input_schema', 'inputSchema', 'strict', 'type'])
        if (key in declared) yield unknownName(key, at)
    }
  }
  const config = objectOf(member(objectOf(member(body, 'toolConfig')), 'functionCallingConfig'))
  const mode = textIn(config['mode']).toUpperCase()
  const allowed = member(config, 'allowedFunctionNames')
  if (mode !== '' && !modes.has(mode)) yield `Invalid value at 'tool_config.function_calling_config.mode': "${mode}"`
  if (isFilled(allowed) && mode !== 'ANY' && mode !== 'VALIDATED')
    yield 'Function calling config is set without function_declarations or with a mode that takes no allowed_function_names.'
  if (isFilled(allowed) && allowed.some((name) => !names.has(textIn(name))))
    yield 'allowed_function_names holds a function that is not declared'
  if (mode === 'ANY' && names.size === 0) yield 'Function calling mode is ANY but no function is declared'
}

/** Only where a schema stands: a property may be called anything. */
function* schemaProblems(schema: unknown, at: string): Problems {
  if (!isObject(schema)) return yield `Invalid value at '${at}'`
  for (const key of Object.keys(schema)) if (!schemaMembers.has(camel(key))) yield unknownName(key, at)
  const { type, properties, items, enum: values } = schema
  if (isSaid(type) && !types.has(textIn(type).toUpperCase())) yield `Invalid value at '${at}.type'`
  if (isSaid(values) && !(Array.isArray(values) && values.every((value) => typeof value === 'string')))
    yield `Invalid value at '${at}.enum'`
  for (const [name, property] of Object.entries(objectOf(properties)))
    yield* schemaProblems(property, `${at}.properties[${name}]`)
  if (isSaid(items)) yield* schemaProblems(items, `${at}.items`)
  else if (textIn(type).toUpperCase() === 'ARRAY') yield `${at}.items: missing field.`
  for (const [index, option] of objectsIn(member(schema, 'anyOf')).entries())
    yield* schemaProblems(option, `${at}.any_of[${index}]`)
}

function* configProblems(config: Members): Problems {
  const schema = member(config, 'responseSchema')
  const jsonSchema = member(config, 'responseJsonSchema')
  const stops = member(config, 'stopSequences')
  if (isSaid(schema)) yield* schemaProblems(schema, 'generation_config.response_schema')
  if (isSaid(schema) && isSaid(jsonSchema)) yield 'response_schema and response_json_schema are mutually exclusive'
  const isJson = ['application/json', 'text/x.enum'].includes(textIn(member(config, 'responseMimeType')))
  if ((isSaid(schema) || isSaid(jsonSchema)) && !isJson)
    yield 'Function calling or schema with response mime type: has to be application/json'
  if (Array.isArray(stops) && stops.length > maxStops) yield `stop_sequences: at most ${maxStops}`
  const { temperature } = config
  if (isSaid(temperature) && !(typeof temperature === 'number' && temperature >= 0 && temperature <= 2))
    yield 'generation_config.temperature: has to be in the range [0, 2]'
}
