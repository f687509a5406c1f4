// What the providers refuse in a request beyond what their schemas say, and which requests must be refused by us.
// Independent of the code under test.
import type { DialectId } from '../../src/ir/dialect-id.ts'
import { propertyNames, schemaErrors } from '../support/openapi.ts'
import { list, number, parse, record, text, type Json } from './json.ts'

/** What the official schema of the wire objects to. For Anthropic's own beta fields the beta schema counts. */
export function requestErrors(dialect: DialectId, body: Json, beta = false): string[] {
  if (dialect === 'anthropic-messages')
    return schemaErrors('anthropic', beta ? 'BetaCreateMessageParams' : 'CreateMessageParams', body)
  return schemaErrors('openai', 'CreateChatCompletionRequest', body)
}

/** What the provider would refuse in a request that we translated: pairing, order, names, budgets, unknown members. */
export function requestProblems(dialect: DialectId, body: Json): string[] {
  return dialect === 'openai-chat' ? chatProblems(body) : anthropicProblems(body)
}

function chatProblems(body: Json): string[] {
  const known = propertyNames('openai', 'CreateChatCompletionRequest')
  // OpenAI answers 400 to a top-level parameter that it does not know, though its schema leaves the object open.
  const problems = Object.keys(body)
    .filter((key) => !known.has(key))
    .map((key) => `unknown member ${key}`)
  let open: string[] = []
  for (const [index, message] of list(body['messages']).map(record).entries()) {
    const at = `messages[${index}]`
    if (message['role'] === 'tool') {
      const id = text(message['tool_call_id'])
      if (!open.includes(id)) problems.push(`${at} answers no call of the message before`)
      open = open.filter((entry) => entry !== id)
      continue
    }
    if (open.length > 0) problems.push(`${at} comes before the answers to ${open.length} calls`)
    const calls = list(message['tool_calls']).map(record)
    open = calls.map((call) => text(call['id']))
    for (const call of calls) {
      const { name, arguments: input } = record(call['function'])
      if (!/^[a-zA-Z0-9_-]{1,64}$/.test(text(name))) problems.push(`${at} calls ${text(name)}`)
      if (parse(text(input)) === undefined) problems.push(`${at} has arguments that are not JSON`)
    }
  }
  for (const tool of list(body['tools']).map(record)) {
    const name = text(record(tool['function'])['name'])
    if (!/^[a-zA-Z0-9_-]{1,64}$/.test(name)) problems.push(`tool name ${name}`)
  }
  if (list(body['stop']).length > 4) problems.push('more than four stop sequences')
  return problems
}

function anthropicProblems(body: Json): string[] {
  const problems: string[] = []
  let before: Json = {}
  for (const [index, message] of list(body['messages']).map(record).entries()) {
    const at = `messages[${index}]`
    if (message['role'] === before['role']) problems.push(`${at} has the role of the message before`)
    const calls = blocks(before, 'tool_use').map((block) => text(block['id']))
    const results = blocks(message, 'tool_result').map((block) => text(block['tool_use_id']))
    if (calls.toSorted().join() !== results.toSorted().join()) problems.push(`${at} does not answer exactly the calls`)
    const kinds = list(message['content']).map((block) => record(block)['type'] === 'tool_result')
    if (kinds.lastIndexOf(true) >= results.length) problems.push(`${at} has other content before its results`)
    before = message
  }
  if (record(list(body['messages'])[0])['role'] !== 'user') problems.push('does not begin with the user')
  const thinking = record(body['thinking'])
  if (thinking['type'] === 'enabled' && number(thinking['budget_tokens']) >= number(body['max_tokens']))
    problems.push('the thinking budget is not below max_tokens')
  if (thinking['type'] === 'enabled') problems.push(...thinkingConflicts(body))
  return problems
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

/** Where a request holds what the other wire cannot carry and may not lose: the path that the refusal has to name. */
export function mustBeRefused(dialect: DialectId, body: Json): string | undefined {
  return dialect === 'openai-chat' ? refusedByAnthropic(body) : refusedByChat(body)
}

function refusedByAnthropic(body: Json): string | undefined {
  if (number(body['n']) > 1) return 'n'
  for (const [index, message] of list(body['messages']).map(record).entries())
    for (const [part, content] of list(message['content']).map(record).entries()) {
      const file = record(content['file'])
      if (content['type'] === 'input_audio' || 'file_id' in file) return `messages[${index}].content[${part}]`
    }
  const custom = list(body['tools']).findIndex((tool) => record(tool)['type'] === 'custom')
  return custom < 0 ? undefined : `tools[${custom}]`
}

function refusedByChat(body: Json): string | undefined {
  for (const [index, message] of list(body['messages']).map(record).entries())
    for (const [part, content] of list(message['content']).map(record).entries()) {
      const source = record(content['source'])
      const link = content['type'] === 'document' && source['type'] === 'url'
      const userContent = message['role'] === 'user' && content['type'] === 'container_upload'
      if (source['type'] === 'file' || link || userContent) return `messages[${index}].content[${part}]`
    }
  return undefined
}
