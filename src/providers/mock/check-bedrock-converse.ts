// What Bedrock Converse refuses.
// @see https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
import { isObject } from '../../wire/json-parse.ts'
import { checkOf, isFilled, isSaid, objectOf, objectsIn, textIn, type Problems } from './check.ts'
import type { Check, Members } from './wire.ts'

// Instructions in the middle of a conversation are taken by some models.
const roles = new Set(['user', 'assistant', 'system'])
const idPattern = /^[a-zA-Z0-9_.:-]{1,64}$/
const namePattern = /^[a-zA-Z0-9_-]{1,64}$/
/** Of these a block holds exactly one. */
const blockMembers = new Set([
  'text',
  'image',
  'document',
  'video',
  'audio',
  'toolUse',
  'toolResult',
  'guardContent',
  'cachePoint',
  'reasoningContent',
  'citationsContent',
  'searchResult',
  'toolAddition',
  'toolRemoval',
])

/** The first rule that a request breaks. */
export const converseCheck: Check = checkOf(function* ({ body }): Problems {
  yield* inputProblems(body)
  const { maxTokens, temperature, topP } = objectOf(body['inferenceConfig'])
  if (isSaid(maxTokens) && !(Number.isInteger(maxTokens) && (maxTokens as number) > 0))
    yield 'inferenceConfig.maxTokens: has to be above zero'
  for (const [key, value] of Object.entries({ temperature, topP }))
    if (isSaid(value) && !(typeof value === 'number' && value >= 0 && value <= 1))
      yield `inferenceConfig.${key}: has to be between 0 and 1`
  for (const key of ['model', 'max_tokens', 'stream', 'tools', 'tool_choice', 'temperature'])
    if (key in body) yield `${key}: extraneous key is not permitted`
})

/** The first rule that a request to count breaks. */
export const countCheck: Check = checkOf(function* ({ body }): Problems {
  const { converse } = objectOf(body['input'])
  if (!isObject(converse)) yield 'input: has to hold converse or invokeModel'
  for (const key of ['inferenceConfig', 'outputConfig'])
    if (key in objectOf(converse)) yield `${key}: extraneous key is not permitted`
  yield* inputProblems(objectOf(converse))
})

function* inputProblems(body: Members): Problems {
  const { messages, system, toolConfig } = body
  if (!isFilled(messages)) yield 'A conversation must have at least one message.'
  for (const [index, block] of objectsIn(system).entries())
    if ('text' in block && textIn(block['text']).trim() === '')
      yield `The text field in the SystemContentBlock object at system.${index} is blank.`
  const turns = objectsIn(messages).map(({ role, content }) => ({ role, blocks: objectsIn(content) }))
  for (const [index, { role, blocks }] of turns.entries()) {
    if (!roles.has(textIn(role))) yield `messages.${index}.role: not a role`
    if (blocks.length === 0) yield `The content field in the Message object at messages.${index} is empty.`
    for (const [position, block] of blocks.entries())
      yield* blockProblems(block, `messages.${index}.content.${position}`, role)
  }
  yield* turnProblems(turns.filter(({ role }) => role !== 'system'))
  const holdsTools = turns.some(({ blocks }) => blocks.some((block) => 'toolUse' in block || 'toolResult' in block))
  if (holdsTools && !isSaid(toolConfig))
    yield 'The toolConfig field must be defined when using toolUse and toolResult content blocks.'
  if (isSaid(toolConfig)) yield* toolProblems(objectOf(toolConfig))
}

function* blockProblems(block: Members, at: string, role: unknown): Problems {
  const kinds = Object.keys(block)
  if (kinds.length !== 1 || !blockMembers.has(kinds[0] ?? '')) yield `${at}: not a content block`
  if ('text' in block && textIn(block['text']).trim() === '')
    yield `The text field in the ContentBlock object at ${at} is blank.`
  const { toolUse, toolResult, reasoningContent, image, document } = block
  if (toolUse !== undefined) {
    const { toolUseId, name, input } = objectOf(toolUse)
    if (role !== 'assistant') yield `${at}.toolUse: only in assistant messages`
    if (!idPattern.test(textIn(toolUseId))) yield `${at}.toolUse.toolUseId: has to match ${idPattern.source}`
    if (!namePattern.test(textIn(name))) yield `${at}.toolUse.name: has to match ${namePattern.source}`
    if (!isObject(input)) yield `The format of the value at ${at}.toolUse.input is invalid. Provide a json object.`
  }
  if (toolResult !== undefined) yield* resultProblems(objectOf(toolResult), at, role)
  const thought = objectOf(reasoningContent)['reasoningText']
  if (reasoningContent !== undefined && role !== 'assistant') yield `${at}.reasoningContent: only in assistant messages`
  if (isSaid(thought) && textIn(objectOf(thought)['signature']) === '')
    yield `${at}.reasoningContent.reasoningText.signature: Field required`
  for (const [key, medium] of Object.entries({ image, document })) {
    if (medium === undefined) continue
    const { source, name } = objectOf(medium)
    if (Object.keys(objectOf(source)).length !== 1) yield `${at}.${key}.source: has to hold one source`
    if (key === 'document' && textIn(name) === '') yield `${at}.document.name: is missing`
  }
}

function* resultProblems({ toolUseId, content, status }: Members, at: string, role: unknown): Problems {
  if (role !== 'user') yield `${at}.toolResult: only in user messages`
  if (!idPattern.test(textIn(toolUseId))) yield `${at}.toolResult.toolUseId: has to match ${idPattern.source}`
  if (!Array.isArray(content)) yield `${at}.toolResult.content: has to be a list`
  if (status === 'error' && !isFilled(content))
    yield `The content field at ${at}.toolResult cannot be empty when status value is error.`
}

/** Roles alternate, the user begins, and each call is answered in the very next turn. */
function* turnProblems(turns: readonly { readonly role: unknown; readonly blocks: readonly Members[] }[]): Problems {
  if (turns[0] !== undefined && turns[0].role !== 'user') yield 'A conversation must start with a user message.'
  for (const [index, { role, blocks }] of turns.entries()) {
    if (turns[index - 1]?.role === role) yield 'A conversation must alternate between user and assistant roles.'
    const asked = idsOf(turns[index - 1]?.blocks ?? [], 'toolUse')
    const answered = idsOf(blocks, 'toolResult')
    if (answered.some((id) => !asked.includes(id)))
      yield `The number of toolResult blocks at messages.${index}.content exceeds the number of toolUse blocks of previous turn.`
    const missing = asked.filter((id) => !answered.includes(id))
    if (missing.length > 0)
      yield `Expected toolResult blocks at messages.${index}.content for the following Ids: ${missing.join(', ')}`
    if (new Set(answered).size < answered.length)
      yield `The toolResult blocks at messages.${index}.content contain duplicate Ids`
  }
  if (idsOf(turns.at(-1)?.blocks ?? [], 'toolUse').length > 0)
    yield 'Expected toolResult blocks behind the last message'
}

function idsOf(blocks: readonly Members[], kind: 'toolUse' | 'toolResult'): string[] {
  // The tools of the server answer themselves.
  return blocks
    .filter((block) => kind in block && objectOf(block[kind])['type'] === undefined)
    .map((block) => textIn(objectOf(block[kind])['toolUseId']))
}

function* toolProblems({ tools, toolChoice }: Members): Problems {
  if (!isFilled(tools)) yield 'toolConfig.tools: has to be a list that is not empty'
  const names = new Set<string>()
  for (const [index, tool] of objectsIn(tools).entries()) {
    const at = `toolConfig.tools.${index}`
    if (Object.keys(tool).length !== 1) yield `${at}: not a tool`
    const { toolSpec } = tool
    if (toolSpec === undefined) continue
    const { name, description, inputSchema } = objectOf(toolSpec)
    names.add(textIn(name))
    if (!namePattern.test(textIn(name))) yield `${at}.toolSpec.name: has to match ${namePattern.source}`
    if (description === '') yield `${at}.toolSpec.description: must have length greater than or equal to 1`
    if (objectOf(objectOf(inputSchema)['json'])['type'] !== 'object')
      yield `The value at ${at}.toolSpec.inputSchema.json.type must be one of the following: object.`
  }
  const chosen = objectOf(objectOf(toolChoice)['tool'])['name']
  if (isSaid(toolChoice) && Object.keys(objectOf(toolChoice)).length !== 1) yield 'toolConfig.toolChoice: not a choice'
  if (chosen !== undefined && !names.has(textIn(chosen))) yield 'toolConfig.toolChoice.tool.name: no tool of this name'
}
