// What OpenAI's Chat wire refuses.
// @see https://platform.openai.com/docs/api-reference/chat/create
import { isObject } from '../../wire/json-parse.ts'
import { checkOf, isFilled, isSaid, objectOf, objectsIn, textIn, type Problems } from './check.ts'
import type { Check, Members } from './wire.ts'

const roles = new Set(['developer', 'system', 'user', 'assistant', 'tool', 'function'])
/** Longer ids are refused, whatever they are made of. */
const maxIdLength = 40
export const openaiName = /^[a-zA-Z0-9_-]{1,64}$/
const maxStops = 4

/** The first rule that a request breaks. */
export const chatCheck: Check = checkOf(function* ({ body }): Problems {
  if (typeof body['model'] !== 'string') yield 'you must provide a model parameter'
  if (!isFilled(body['messages'])) yield 'messages: has to be a list that is not empty'
  yield* messageProblems(objectsIn(body['messages']))
  yield* toolProblems(body)
  yield* parameterProblems(body)
})

function* messageProblems(messages: readonly Members[]): Problems {
  const open = new Set<string>()
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`
    const { role } = message
    if (typeof role !== 'string' || !roles.has(role)) yield `${at}.role: not a role`
    if (role === 'tool') {
      const id = textIn(message['tool_call_id'])
      if (id === '') yield `${at}.tool_call_id: is missing`
      if (!open.delete(id)) yield `${at}: a message of role tool has to follow a message with the tool call it answers`
    } else if (open.size > 0)
      yield `${at}: every tool call has to be answered by a message of role tool, and [${[...open].join(', ')}] is not`
    yield* contentProblems(message, at)
    for (const call of objectsIn(message['tool_calls'])) open.add(textIn(call['id']))
  }
  if (open.size > 0) yield `every tool call has to be answered, and [${[...open].join(', ')}] is not`
}

function* contentProblems(message: Members, at: string): Problems {
  const { role, content, tool_calls: calls } = message
  const says = typeof content === 'string' || isFilled(content)
  const isEmptyHanded = !isSaid(calls) && !['function_call', 'refusal', 'audio'].some((key) => isSaid(message[key]))
  if (!says && (role !== 'assistant' || isSaid(content) || isEmptyHanded))
    yield `${at}.content: has to be text, or a list that is not empty`
  for (const [index, part] of (Array.isArray(content) ? (content as unknown[]) : []).entries()) {
    if (!isObject(part) || typeof part['type'] !== 'string') yield `${at}.content[${index}].type: is missing`
    const { type, text, image_url: image } = objectOf(part)
    if (type === 'text' && typeof text !== 'string') yield `${at}.content[${index}].text: is missing`
    if (type === 'image_url' && typeof objectOf(image)['url'] !== 'string')
      yield `${at}.content[${index}].image_url.url: is missing`
    if (['tool_use', 'tool_result', 'image', 'input_text', 'output_text', 'document'].includes(textIn(type)))
      yield `${at}.content[${index}].type: not a type of this wire`
  }
  if (isSaid(calls)) yield* callProblems(calls, at)
}

function* callProblems(calls: unknown, at: string): Problems {
  if (!isFilled(calls)) yield `${at}.tool_calls: has to be a list that is not empty`
  for (const [index, call] of objectsIn(calls).entries()) {
    const here = `${at}.tool_calls[${index}]`
    const id = textIn(call['id'])
    const { name, arguments: input } = objectOf(call['function'])
    if (id === '') yield `${here}.id: is missing`
    if (id.length > maxIdLength) yield `${here}.id: longer than ${maxIdLength}`
    if (call['type'] === 'custom') continue
    if (call['type'] !== 'function') yield `${here}.type: not a type of call`
    if (!openaiName.test(textIn(name))) yield `${here}.function.name: not a name`
    if (typeof input !== 'string') yield `${here}.function.arguments: has to be text`
  }
}

function* toolProblems(body: Members): Problems {
  const { tools, tool_choice: choice, parallel_tool_calls: parallel } = body
  if (isSaid(tools) && !isFilled(tools)) yield 'tools: has to be a list that is not empty'
  if (!isSaid(tools) && isSaid(choice)) yield 'tool_choice: only allowed where there are tools'
  if (!isSaid(tools) && isSaid(parallel)) yield 'parallel_tool_calls: only allowed where there are tools'
  const names = new Set<string>()
  for (const [index, tool] of objectsIn(tools).entries()) {
    const called = tool['type'] === 'custom' ? tool['custom'] : tool['function']
    const { name, parameters } = objectOf(called)
    names.add(textIn(name))
    if (tool['type'] !== 'function' && tool['type'] !== 'custom') yield `tools[${index}].type: not a type of tool`
    if (!openaiName.test(textIn(name))) yield `tools[${index}].function.name: not a name`
    if (isSaid(parameters) && !isObjectSchema(parameters))
      yield `tools[${index}].function.parameters: has to be a schema of an object`
  }
  const { function: called, custom } = objectOf(choice)
  const chosen = objectOf(called ?? custom)['name']
  if (chosen !== undefined && !names.has(textIn(chosen))) yield 'tool_choice: names no tool of the request'
}

/** An empty schema says nothing, and is taken. */
export function isObjectSchema(schema: unknown): boolean {
  return isObject(schema) && (Object.keys(schema).length === 0 || schema['type'] === 'object')
}

function* parameterProblems(body: Members): Problems {
  const { stop, stream, n, response_format: format } = body
  if (Array.isArray(stop) && stop.length > maxStops) yield `stop: more than ${maxStops}`
  if (isSaid(body['stream_options']) && stream !== true) yield 'stream_options: only allowed in a stream'
  if (isSaid(n) && !isCount(n)) yield 'n: has to be a number above zero'
  for (const key of ['max_tokens', 'max_completion_tokens'])
    if (isSaid(body[key]) && !isCount(body[key])) yield `${key}: has to be a number above zero`
  const { type, json_schema: record } = objectOf(format)
  if (isSaid(format) && !['text', 'json_object', 'json_schema'].includes(textIn(type)))
    yield 'response_format.type: not a format'
  if (type === 'json_schema' && !openaiName.test(textIn(objectOf(record)['name'])))
    yield 'response_format.json_schema.name: is missing or not a name'
}

/** A whole number above zero. */
export function isCount(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0
}
