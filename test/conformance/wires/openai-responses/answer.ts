// A whole answer of OpenAI Responses, read by the suite.
// https://platform.openai.com/docs/api-reference/responses/object
import type { FinishClass } from '../../../../src/ir/response.ts'
import { list, number, parseArguments, record, says, text, type Json } from '../../../support/json.ts'
import { schemaErrors } from '../../../support/openapi.ts'
import { beyond, borneOut, dropNulls, withoutPause } from '../views.ts'
import type { AnswerReader, AnswerView, ToolCallView, UsageView } from '../wire.ts'

export const answers: AnswerReader = {
  view,
  sayable: (said) => ({ ...said, finish: withoutPause(said.finish), saidFinish: withoutPause(said.saidFinish) }),
  count: () => 1,
  problems,
  schemaErrors: (body) => schemaErrors('openai', 'Response', body),
  normalise: (body) => dropNulls(body) as Json,
}

function view(body: Json): AnswerView {
  const items = list(body['output']).map(record)
  const parts = items.filter((item) => item['type'] === 'message').flatMap((item) => list(item['content']).map(record))
  const refused = parts.some((part) => text(part['refusal']) !== '')
  const tools = items.flatMap(callsOf)
  const finish = refused ? 'filter' : borneOut(finishOf(body), tools)
  return {
    text: parts.map((part) => text(part['text']) + text(part['refusal'])).join(''),
    reasoning: items.map(reasoningOf).join(''),
    tools,
    finish,
    // Its clients look for calls in the output: no word says that there are some.
    saidFinish: finish,
    usage: usageOf(body['usage']),
  }
}

/** A call, or the calls that `multi_tool_use.parallel` wraps (wire-facts 33), which only its provider knows. */
function callsOf(item: Json): ToolCallView[] {
  const id = text(item['call_id']) || text(item['id'])
  const name = text(item['name'])
  if (item['type'] === 'custom_tool_call') return [{ id, name, input: item['input'], custom: true }]
  if (item['type'] !== 'function_call') return []
  const input = parseArguments(item['arguments'])
  const wrapped = list(record(input)['tool_uses']).map(record)
  if (name !== 'parallel' || wrapped.length === 0) return [{ id, name, input }]
  return wrapped.map((use) => ({
    id: '',
    name: text(use['recipient_name']).replace(/^functions\./, ''),
    input: use['parameters'],
  }))
}

/** The raw text where the provider shows it, else the summary. */
function reasoningOf(item: Json): string {
  if (item['type'] !== 'reasoning') return ''
  const join = (parts: unknown): string =>
    list(parts)
      .map((part) => text(record(part)['text']))
      .join('')
  return join(item['content']) || join(item['summary'])
}

function finishOf(body: Json): FinishClass {
  if (body['status'] === 'failed') return 'other'
  if (body['status'] !== 'incomplete') return 'stop'
  return record(body['incomplete_details'])['reason'] === 'content_filter' ? 'filter' : 'length'
}

/** input_tokens includes cached ones, output_tokens reasoning (wire-facts 38, 39). */
function usageOf(value: unknown): UsageView | undefined {
  const usage = record(value)
  if (Object.keys(usage).length === 0) return undefined
  return {
    input: number(usage['input_tokens']),
    cached: number(record(usage['input_tokens_details'])['cached_tokens']),
    output: number(usage['output_tokens']),
    reasoning: number(record(usage['output_tokens_details'])['reasoning_tokens']),
  }
}

function problems(body: Json): string[] {
  const found = text(body['id']) === '' || body['object'] !== 'response' ? ['no id or object'] : []
  if (typeof body['created_at'] !== 'number' || text(body['model']) === '') found.push('no created_at or model')
  if (!['completed', 'incomplete'].includes(text(body['status']))) found.push(`status ${String(body['status'])}`)
  if ((body['status'] === 'incomplete') !== says(record(body['incomplete_details'])['reason']))
    found.push('incomplete_details do not go with the status')
  if (!Array.isArray(body['output'])) found.push('no output')
  const ids = list(body['output']).map((item) => text(record(item)['id']))
  if (new Set(ids).size !== ids.length || ids.includes('')) found.push('item ids are absent or repeated')
  for (const item of list(body['output']).map(record)) found.push(...itemProblems(item))
  return found
}

/** What is wrong with a complete item. */
export function itemProblems(item: Json): string[] {
  switch (item['type']) {
    case 'message': {
      const parts = list(item['content']).map(record)
      const found = item['role'] === 'assistant' ? [] : ['a message without role']
      if (parts.length === 0) found.push('an empty message')
      if (parts.some((part) => text(part['text']) + text(part['refusal']) === '')) found.push(beyond('an empty part'))
      return found
    }
    case 'reasoning': {
      if (!Array.isArray(item['summary'])) return ['reasoning without summary']
      const empty = list(item['summary']).length + list(item['content']).length === 0
      return empty && !says(item['encrypted_content']) ? [beyond('an empty reasoning item')] : []
    }
    case 'function_call':
      return ['call_id', 'name'].flatMap((key) => (says(item[key]) ? [] : [`a function_call without ${key}`]))
    default:
      return []
  }
}
