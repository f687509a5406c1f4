// What Anthropic's Messages wire refuses.
// @see https://platform.claude.com/docs/en/api/messages
import { isObject } from '../../wire/json-parse.ts'
import { checkOf, isFilled, isSaid, objectOf, objectsIn, textIn, type Problems } from './check.ts'
import type { Check, Members } from './wire.ts'

// Instructions in the middle of a conversation are taken by some models.
const roles = new Set(['user', 'assistant', 'system'])
const idPattern = /^[a-zA-Z0-9_-]+$/
const namePattern = /^[a-zA-Z0-9_-]{1,128}$/
const minBudget = 1024
const maxMarkers = 4

/** The first rule that a request breaks. */
export const messagesCheck: Check = checkOf(function* ({ body }): Problems {
  if (!isSaid(body['max_tokens'])) yield 'max_tokens: Field required'
  if (!Number.isInteger(body['max_tokens']) || (body['max_tokens'] as number) < 1)
    yield 'max_tokens: has to be a number above zero'
  yield* inputProblems(body)
  yield* samplingProblems(body)
})

/** The first rule that a request to count breaks: nothing that only an answer needs may be there. */
export const countCheck: Check = checkOf(function* ({ body }): Problems {
  for (const key of ['max_tokens', 'stream', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'metadata'])
    if (key in body) yield `${key}: Extra inputs are not permitted`
  yield* inputProblems(body)
})

function* inputProblems(body: Members): Problems {
  if (typeof body['model'] !== 'string') yield 'model: Field required'
  const { messages, system } = body
  if (!isFilled(messages)) yield 'messages: at least one message is required'
  yield* textProblems(system, 'system')
  const turns = objectsIn(messages)
  if (turns[0]?.['role'] === 'assistant') yield 'messages: the first message must use the user role'
  for (const [index, turn] of turns.entries()) yield* turnProblems(turn, index, index === turns.length - 1)
  yield* pairProblems(turns)
  if (objectOf(body['thinking'])['type'] === 'enabled') yield* thoughtProblems(turns)
  yield* toolProblems(body)
  if (JSON.stringify(body).split('"cache_control":{').length - 1 > maxMarkers)
    yield `a maximum of ${maxMarkers} blocks with cache_control may be provided`
}

function* turnProblems({ role, content }: Members, index: number, isLast: boolean): Problems {
  const at = `messages.${index}`
  if (typeof role !== 'string' || !roles.has(role)) yield `${at}.role: not a role`
  const isEmpty = content === '' || (Array.isArray(content) && content.length === 0)
  if (isEmpty && !(isLast && role === 'assistant')) yield `${at}: all messages must have non-empty content`
  if (typeof content !== 'string' && !Array.isArray(content)) yield `${at}.content: Field required`
  yield* textProblems(content, `${at}.content`)
  for (const [position, block] of objectsIn(content).entries())
    yield* blockProblems(block, `${at}.content.${position}`, role)
  const end = typeof content === 'string' ? content : textIn(objectsIn(content).at(-1)?.['text'])
  if (isLast && role === 'assistant' && end !== end.trimEnd())
    yield 'messages: final assistant content cannot end with trailing whitespace'
}

function* textProblems(content: unknown, at: string): Problems {
  for (const [index, block] of objectsIn(content).entries())
    if (block['type'] === 'text' && textIn(block['text']).trim() === '')
      yield `${at}.${index}: text content blocks must contain non-whitespace text`
}

function* blockProblems(block: Members, at: string, role: unknown): Problems {
  switch (block['type']) {
    case 'tool_use':
      if (role !== 'assistant') yield `${at}: tool_use blocks can only be in assistant messages`
      if (!idPattern.test(textIn(block['id']))) yield `${at}.id: has to match ${idPattern.source}`
      if (!namePattern.test(textIn(block['name']))) yield `${at}.name: has to match ${namePattern.source}`
      if (!isObject(block['input'])) yield `${at}.input: Input should be a valid dictionary`
      break
    case 'tool_result':
      if (role !== 'user') yield `${at}: tool_result blocks can only be in user messages`
      yield* textProblems(block['content'], `${at}.content`)
      break
    case 'thinking':
      if (typeof block['signature'] !== 'string' || block['signature'] === '') yield `${at}.signature: Field required`
      break
    case 'image':
    case 'document':
      if (typeof objectOf(block['source'])['type'] !== 'string') yield `${at}.source: Field required`
      break
    case 'image_url':
    case 'input_text':
    case 'output_text':
    case 'function':
    case undefined:
      yield `${at}: Input tag does not match any of the expected tags`
      break
    default:
  }
}

/** Each call is answered in the very next turn, before anything else is said there. Messages of one role are one turn. */
function* pairProblems(messages: readonly Members[]): Problems {
  const turns: { readonly role: unknown; readonly blocks: Members[] }[] = []
  for (const { role, content } of messages.filter((message) => message['role'] !== 'system')) {
    const last = turns.at(-1)
    if (last?.role === role) last?.blocks.push(...objectsIn(content))
    else turns.push({ role, blocks: [...objectsIn(content)] })
  }
  const used = new Set<string>()
  for (const [index, { role, blocks }] of turns.entries()) {
    const called = idsOf(blocks, 'tool_use', 'id')
    const answered = idsOf(turns[index + 1]?.blocks ?? [], 'tool_result', 'tool_use_id')
    const asked = idsOf(turns[index - 1]?.blocks ?? [], 'tool_use', 'id')
    for (const id of called) if (used.has(id)) yield 'messages: `tool_use` ids must be unique'
    for (const id of called) used.add(id)
    const missing = called.filter((id) => !answered.includes(id))
    if (missing.length > 0)
      yield `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${missing.join(', ')}`
    if (role !== 'user') continue
    const stray = idsOf(blocks, 'tool_result', 'tool_use_id').find((id) => !asked.includes(id))
    if (stray !== undefined)
      yield `messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}`
    const firstOther = blocks.findIndex((block) => block['type'] !== 'tool_result')
    if (
      called.length === 0 &&
      firstOther >= 0 &&
      blocks.slice(firstOther).some((block) => block['type'] === 'tool_result')
    )
      yield `messages.${index}: \`tool_result\` blocks must come first`
  }
}

/** With thinking switched on, the turn whose results come now has to begin with its thinking. */
function* thoughtProblems(messages: readonly Members[]): Problems {
  const turns = messages.filter((message) => message['role'] !== 'system')
  const index = turns.findLastIndex((message) => message['role'] === 'assistant')
  const results = turns.slice(index + 1).flatMap((message) => objectsIn(message['content']))
  const [first] = objectsIn(turns[index]?.['content'])
  if (index < 0 || !results.some((block) => block['type'] === 'tool_result')) return
  if (first?.['type'] !== 'thinking' && first?.['type'] !== 'redacted_thinking')
    yield `messages.${messages.indexOf(turns[index] ?? {})}.content.0.type: Expected \`thinking\` or \`redacted_thinking\`, but found \`${textIn(first?.['type'])}\``
}

function idsOf(blocks: readonly Members[], type: string, key: string): string[] {
  return blocks.filter((block) => block['type'] === type).map((block) => textIn(block[key]))
}

function* toolProblems({ tools, tool_choice: choice, thinking }: Members): Problems {
  const names = new Set<string>()
  for (const [index, tool] of objectsIn(tools).entries()) {
    const at = `tools.${index}`
    const { type, name, input_schema: schema } = tool
    names.add(textIn(name))
    if (isSaid(type) && type !== 'custom') continue
    if (!namePattern.test(textIn(name))) yield `${at}.custom.name: has to match ${namePattern.source}`
    if (!isObject(schema)) yield `${at}.custom.input_schema: Field required`
    if (objectOf(schema)['type'] !== 'object') yield `${at}.custom.input_schema.type: Input should be 'object'`
  }
  if (names.size < objectsIn(tools).length) yield 'tools: Tool names must be unique.'
  if (!isSaid(choice)) return
  const { type, name } = objectOf(choice)
  if (!['auto', 'any', 'tool', 'none'].includes(textIn(type))) yield 'tool_choice.type: not a choice'
  if (!isFilled(tools)) yield 'tool_choice: may only be specified while providing tools'
  if (type === 'tool' && !names.has(textIn(name))) yield `tool_choice.name: no tool of this name`
  if (objectOf(thinking)['type'] === 'enabled' && (type === 'any' || type === 'tool'))
    yield 'Thinking may not be enabled when tool_choice forces tool use.'
}

function* samplingProblems(body: Members): Problems {
  const { temperature, top_p: topP, thinking, stop_sequences: stop, max_tokens: limit } = body
  if (isSaid(temperature) && !isBetween(temperature, 0, 1)) yield 'temperature: range: 0..1'
  if (isSaid(topP) && !isBetween(topP, 0, 1)) yield 'top_p: range: 0..1'
  if (Array.isArray(stop) && stop.some((sequence) => textIn(sequence).trim() === ''))
    yield 'stop_sequences: each stop sequence must contain non-whitespace'
  const { type, budget_tokens: budget } = objectOf(thinking)
  if (type !== 'enabled') return
  if (!isBetween(budget, minBudget, Number.MAX_SAFE_INTEGER))
    yield `thinking.enabled.budget_tokens: Input should be greater than or equal to ${minBudget}`
  if ((budget as number) >= (limit as number)) yield '`max_tokens` must be greater than `thinking.budget_tokens`.'
  if (isSaid(temperature) && temperature !== 1) yield '`temperature` may only be set to 1 when thinking is enabled.'
}

function isBetween(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most
}
