// A whole answer of Anthropic Messages, read by the suite.
// https://docs.anthropic.com/en/api/messages
import type { FinishClass } from '../../../../src/ir/response.ts'
import { list, number, parseArguments, record, text, type Json } from '../../../support/json.ts'
import { schemaErrors } from '../../../support/openapi.ts'
import { borneOut, dropNulls, withoutCustom } from '../views.ts'
import type { AnswerReader, AnswerView, UsageView } from '../wire.ts'
import { blockStartProblems, closedBlockProblems } from './stream.ts'

export const answers: AnswerReader = {
  view,
  sayable: withoutCustom,
  count: () => 1,
  problems,
  schemaErrors: (body) => schemaErrors('anthropic', 'BetaMessage', body),
  normalise: (body) => dropNulls(body) as Json,
}

function view(body: Json): AnswerView {
  const content = list(body['content']).map(record)
  const tools = content
    .filter((block) => block['type'] === 'tool_use')
    .map((block) => ({ id: text(block['id']), name: text(block['name']), input: parseArguments(block['input']) }))
  return {
    text: content
      .filter((block) => block['type'] === 'text')
      .map((block) => text(block['text']))
      .join(''),
    reasoning: content.map((block) => text(block['thinking'])).join(''),
    tools,
    finish: borneOut(finishOf(body['stop_reason']), tools),
    saidFinish: finishOf(body['stop_reason']),
    usage: usageOf(body['usage']),
  }
}

function finishOf(raw: unknown): FinishClass {
  switch (raw) {
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length'
    case 'refusal':
      return 'filter'
    case 'pause_turn':
      return 'pause'
    case 'tool_use':
      return 'tool'
    default:
      return 'stop'
  }
}

/** What a compaction before the answer took is told apart from it (wire-facts 40), and billed with it. */
function usageOf(value: unknown): UsageView | undefined {
  const usage = record(value)
  if (Object.keys(usage).length === 0) return undefined
  const compactions = list(usage['iterations'])
    .map(record)
    .filter((round) => round['type'] === 'compaction')
  const counts = [usage, ...compactions].map(countOf)
  const sum = (key: keyof UsageView): number => counts.reduce((total, count) => total + count[key], 0)
  return { input: sum('input'), cached: sum('cached'), output: sum('output'), reasoning: sum('reasoning') }
}

/** input_tokens excludes cache reads and writes (wire-facts 38). */
function countOf(usage: Json): UsageView {
  const cached = number(usage['cache_read_input_tokens'])
  return {
    input: number(usage['input_tokens']) + cached + number(usage['cache_creation_input_tokens']),
    cached,
    output: number(usage['output_tokens']),
    reasoning: number(record(usage['output_tokens_details'])['thinking_tokens']),
  }
}

function problems(body: Json): string[] {
  const found = text(body['id']) === '' || body['type'] !== 'message' ? ['no id or type'] : []
  if (body['role'] !== 'assistant' || text(body['model']) === '') found.push('no role or model')
  if (text(body['stop_reason']) === '') found.push('no stop_reason')
  for (const block of list(body['content']).map(record)) {
    const { input, ...start } = block
    found.push(...blockStartProblems(block['type'] === 'tool_use' ? { ...start, input: {} } : block))
    const content = text(block['text']) + text(block['thinking']) + text(block['signature'])
    const json = input === undefined ? '' : JSON.stringify(input)
    found.push(...closedBlockProblems({ type: text(block['type']), content: [content, json] }))
  }
  return found
}
