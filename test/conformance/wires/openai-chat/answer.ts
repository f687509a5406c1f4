// A whole answer of OpenAI Chat, read by the suite.
// https://platform.openai.com/docs/api-reference/chat/object
import type { FinishClass } from '../../../../src/ir/response.ts'
import { list, parseArguments, record, says, text, type Json } from '../../../support/json.ts'
import { schemaErrors } from '../../../support/openapi.ts'
import { borneOut, dropNulls, openaiUsage, withoutPause } from '../views.ts'
import type { AnswerReader, AnswerView, ToolCallView } from '../wire.ts'

export const answers: AnswerReader = {
  view,
  sayable: (said) => ({ ...said, finish: withoutPause(said.finish), saidFinish: withoutPause(said.saidFinish) }),
  count: (body) => list(body['choices']).length,
  problems,
  schemaErrors: (body) => schemaErrors('openai', 'CreateChatCompletionResponse', body),
  normalise: (body) => dropNulls(body) as Json,
}

function view(body: Json): AnswerView {
  const choice = record(list(body['choices'])[0])
  const message = record(choice['message'])
  const refusal = text(message['refusal'])
  const tools = callsOf(message)
  return {
    text: textOf(message['content']) + refusal,
    reasoning: reasoningOf(message),
    tools,
    finish: refusal !== '' ? 'filter' : borneOut(finishOf(choice['finish_reason']), tools),
    saidFinish: refusal !== '' ? 'filter' : finishOf(choice['finish_reason']),
    usage: openaiUsage(body['usage']),
  }
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  return list(content)
    .map(record)
    .filter((part) => part['type'] === 'text')
    .map((part) => text(part['text']))
    .join('')
}

/** Five spellings of the same thing (wire-facts 35); where there are several, they say it twice. */
function reasoningOf(message: Json): string {
  const details = list(message['reasoning_details'])
    .map(record)
    .map((detail) => text(detail['text']) + text(detail['summary']))
  const thinking = list(message['content'])
    .map(record)
    .flatMap((part) => list(part['thinking']).map((piece) => text(record(piece)['text'])))
  return (
    text(message['reasoning_content']) ||
    text(message['reasoning']) ||
    details.join('') ||
    text(message['thinking']) ||
    thinking.join('')
  )
}

/** Placeholders without a name are no calls (wire-facts 32); the legacy `function_call` is one (34). */
function callsOf(message: Json): ToolCallView[] {
  const calls = list(message['tool_calls'])
    .map(record)
    .map((call): ToolCallView => {
      const { name, input } = record(call['custom'])
      const id = text(call['id'])
      if (says(name)) return { id, name: text(name), input, custom: true }
      const called = record(call['function'])
      return { id, name: text(called['name']), input: parseArguments(called['arguments']) }
    })
  const legacy = record(message['function_call'])
  const old = { id: '', name: text(legacy['name']), input: parseArguments(legacy['arguments']) }
  return [...calls, old].filter((call) => call.name !== '')
}

function finishOf(raw: unknown): FinishClass {
  switch (raw) {
    case 'length':
      return 'length'
    case 'content_filter':
      return 'filter'
    case 'tool_calls':
    case 'function_call':
      return 'tool'
    default:
      // `eos`, '' and null: the model was done (wire-facts 29).
      return 'stop'
  }
}

function problems(body: Json): string[] {
  const choices = list(body['choices']).map(record)
  const found = text(body['id']) === '' || body['object'] !== 'chat.completion' ? ['no id or object'] : []
  if (typeof body['created'] !== 'number' || text(body['model']) === '') found.push('no created or model')
  if (choices.length === 0) found.push('no choices')
  for (const choice of choices) {
    if (record(choice['message'])['role'] !== 'assistant') found.push('no role')
    if (!['stop', 'length', 'tool_calls', 'content_filter'].includes(text(choice['finish_reason'])))
      found.push(`finish_reason ${String(choice['finish_reason'])}`)
  }
  return found
}
