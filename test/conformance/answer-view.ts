// What an answer means, read from its wire without the code under test: the invariants that a translation must keep.
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { FinishClass } from '../../src/ir/response.ts'
import { list, number, parseArguments, record, text, type Json } from './json.ts'

export interface ToolCallView {
  readonly id: string
  readonly name: string
  readonly input: unknown
}

/** Tokens under one algebra: `input` and `output` are totals, `cached` and `reasoning` are parts of them. */
export interface UsageView {
  readonly input: number
  readonly cached: number
  readonly output: number
  readonly reasoning: number
}

export interface AnswerView {
  readonly text: string
  /** The reasoning that a client may read, of whatever spelling. */
  readonly reasoning: string
  readonly tools: readonly ToolCallView[]
  /** Why it ended, as the content bears it out. */
  readonly finish: FinishClass
  /** Why it ended, by the wire's word alone: what a client acts on. */
  readonly saidFinish: FinishClass
  /** Absent where the provider reported none. */
  readonly usage: UsageView | undefined
}

/** The first answer of a response in its wire's JSON. */
export function viewAnswer(dialect: DialectId, body: unknown): AnswerView {
  return dialect === 'openai-chat' ? viewChat(record(body)) : viewAnthropic(record(body))
}

function viewChat(body: Json): AnswerView {
  const choice = record(list(body['choices'])[0])
  const message = record(choice['message'])
  const refusal = text(message['refusal'])
  const tools = chatCalls(message)
  return {
    text: chatText(message['content']) + refusal,
    reasoning: chatReasoning(message),
    tools,
    finish: refusal !== '' ? 'filter' : borneOut(chatFinish(choice['finish_reason']), tools),
    saidFinish: refusal !== '' ? 'filter' : chatFinish(choice['finish_reason']),
    usage: chatUsage(body['usage']),
  }
}

function chatText(content: unknown): string {
  if (typeof content === 'string') return content
  return list(content)
    .map(record)
    .filter((part) => part['type'] === 'text')
    .map((part) => text(part['text']))
    .join('')
}

/** Five spellings of the same thing (wire-facts 35); where there are several, they say it twice. */
function chatReasoning(message: Json): string {
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
function chatCalls(message: Json): ToolCallView[] {
  const calls = list(message['tool_calls'])
    .map(record)
    .map((call) => ({ id: text(call['id']), ...record(call['function']) }) as Json)
  const legacy = record(message['function_call'])
  return [...calls, { id: '', ...legacy }]
    .filter((call) => text(call['name']) !== '')
    .map((call) => ({ id: text(call['id']), name: text(call['name']), input: parseArguments(call['arguments']) }))
}

function chatFinish(raw: unknown): FinishClass {
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

/** An answer calls tools exactly when there are calls, whatever the provider says; one cut off or withheld stays that. */
function borneOut(finish: FinishClass, tools: readonly unknown[]): FinishClass {
  if (finish !== 'stop' && finish !== 'tool') return finish
  return tools.length > 0 ? 'tool' : 'stop'
}

/**
 * prompt_tokens includes cached ones (wire-facts 38). A total above prompt + completion counts what completion leaves
 * out: reasoning (39, xAI and Gemini's compatible endpoint). Nonsense is clamped.
 */
function chatUsage(value: unknown): UsageView | undefined {
  const usage = record(value)
  if (Object.keys(usage).length === 0) return undefined
  const input = number(usage['prompt_tokens'])
  const completion = number(usage['completion_tokens'])
  const output = Math.max(completion, number(usage['total_tokens']) - input)
  const cached = record(usage['prompt_tokens_details'])['cached_tokens']
  const reasoning = number(record(usage['completion_tokens_details'])['reasoning_tokens'])
  return {
    input,
    cached: Math.min(number(cached ?? usage['prompt_cache_hit_tokens']), input),
    output,
    reasoning: Math.min(reasoning, output),
  }
}

function viewAnthropic(body: Json): AnswerView {
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
    finish: borneOut(anthropicFinish(body['stop_reason']), tools),
    saidFinish: anthropicFinish(body['stop_reason']),
    usage: anthropicUsage(body['usage']),
  }
}

function anthropicFinish(raw: unknown): FinishClass {
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

/** input_tokens excludes cache reads and writes (wire-facts 38). */
function anthropicUsage(value: unknown): UsageView | undefined {
  const usage = record(value)
  if (Object.keys(usage).length === 0) return undefined
  const cached = number(usage['cache_read_input_tokens'])
  return {
    input: number(usage['input_tokens']) + cached + number(usage['cache_creation_input_tokens']),
    cached,
    output: number(usage['output_tokens']),
    reasoning: number(record(usage['output_tokens_details'])['thinking_tokens']),
  }
}

/** The class as the other wire can say it: Chat has no word for a paused turn and ends it. */
export function finishOn(dialect: DialectId, finish: FinishClass): FinishClass {
  return dialect === 'openai-chat' && finish === 'pause' ? 'stop' : finish
}
