// A whole answer of Bedrock Converse, read by the suite.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
import type { FinishClass } from '../../../../src/ir/response.ts'
import { list, number, record, says, text, type Json } from '../../../support/json.ts'
import { borneOut, dropNulls, withoutCustom, withoutPause } from '../views.ts'
import type { AnswerReader, AnswerView, UsageView } from '../wire.ts'

export const answers: AnswerReader = {
  view,
  sayable: (all) => {
    const said = withoutCustom(all)
    return {
      ...said,
      finish: withoutPause(said.finish),
      saidFinish: withoutPause(said.saidFinish),
      // There is no counter for reasoning.
      usage: said.usage && { ...said.usage, reasoning: 0 },
    }
  },
  count: () => 1,
  problems,
  schemaErrors: () => [],
  normalise,
}

function view(body: Json): AnswerView {
  const content = list(record(record(body['output'])['message'])['content']).map(record)
  // A tool of the provider's own is no call of the client's (wire-facts 29).
  const tools = content
    .map((block) => record(block['toolUse']))
    .filter((call) => says(call['name']) && call['type'] !== 'server_tool_use')
    .map((call) => ({ id: text(call['toolUseId']), name: text(call['name']), input: call['input'] }))
  return {
    text: content.map(textOf).join(''),
    reasoning: content
      .map((block) => text(record(record(block['reasoningContent'])['reasoningText'])['text']))
      .join(''),
    tools,
    finish: borneOut(finishOf(body['stopReason']), tools),
    saidFinish: finishOf(body['stopReason']),
    usage: usageOf(body['usage']),
  }
}

function textOf(block: Json): string {
  const cited = list(record(block['citationsContent'])['content']).map((part) => text(record(part)['text']))
  return text(block['text']) + cited.join('')
}

function finishOf(raw: unknown): FinishClass {
  switch (raw) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length'
    case 'guardrail_intervened':
    case 'content_filtered':
      return 'filter'
    case 'tool_use':
      return 'tool'
    default:
      return 'stop'
  }
}

/** inputTokens excludes cache reads and writes (wire-facts 38); keys are said twice, with and without `Count`. */
function usageOf(value: unknown): UsageView | undefined {
  const usage = record(value)
  if (Object.keys(usage).length === 0) return undefined
  const cached = number(usage['cacheReadInputTokens'])
  return {
    input: number(usage['inputTokens']) + cached + number(usage['cacheWriteInputTokens']),
    cached,
    output: number(usage['outputTokens']),
    reasoning: 0,
  }
}

function problems(body: Json): string[] {
  const message = record(record(body['output'])['message'])
  const found = message['role'] === 'assistant' ? [] : ['no role']
  if (!says(body['stopReason'])) found.push('no stopReason')
  for (const key of ['usage', 'metrics']) if (!says(body[key])) found.push(`no ${key}`)
  const usage = record(body['usage'])
  for (const key of ['inputTokens', 'outputTokens', 'totalTokens'])
    if (typeof usage[key] !== 'number') found.push(`no usage.${key}`)
  for (const block of list(message['content']).map(record)) {
    if (Object.keys(block).length !== 1) found.push('a block of several kinds')
    if (block['text'] === '') found.push('an empty text block')
    const call = record(block['toolUse'])
    if ('toolUse' in block && (!says(call['toolUseId']) || !says(call['name']))) found.push('a call without id or name')
  }
  return found
}

/** Absent ≡ null, and what the SDK adds about the transport. */
export function normalise(body: Json): Json {
  const { $metadata: _transport, ...rest } = body
  return dropNulls(rest) as Json
}
