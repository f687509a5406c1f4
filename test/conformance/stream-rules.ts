// What a legal stream of each wire is, as a list of what is wrong with one. Independent of the code under test.
// Sources: https://platform.openai.com/docs/api-reference/chat-streaming and
// https://docs.anthropic.com/en/docs/build-with-claude/streaming
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { list, parse, record, text, type Json } from './json.ts'

/**
 * What is wrong with a complete stream; empty for a legal one.
 * @param own the answer came from this same wire, so members and blocks that only its provider knows are no fault
 */
export function streamProblems(dialect: DialectId, frames: readonly Frame[], own = false): string[] {
  const problems = dialect === 'openai-chat' ? chatProblems(frames) : anthropicProblems(frames)
  return own ? problems.filter((problem) => !problem.startsWith(vendor)) : problems
}

// What a provider leaves out or adds on its own wire.
const vendor = 'beyond the specification: '

/** Whether a stream says that it was completed: `[DONE]` or `message_stop`. */
export function hasSuccessTerminator(dialect: DialectId, frames: readonly Frame[]): boolean {
  return frames.some((frame) =>
    dialect === 'openai-chat' ? frame.data === '[DONE]' : record(parse(frame.data))['type'] === 'message_stop',
  )
}

/** The error objects that a stream carries, as its clients look for them. */
export function errorsIn(dialect: DialectId, frames: readonly Frame[]): Json[] {
  return frames
    .filter((frame) => dialect === 'openai-chat' || frame.event === 'error')
    .map((frame) => record(parse(frame.data))['error'])
    .filter((error) => error !== undefined && error !== null)
    .map(record)
}

const chunkKeys = new Set(
  'id object created model choices usage service_tier system_fingerprint obfuscation'.split(' '),
)
// The last three are the widespread extension for reasoning and the citations of search models.
const deltaKeys = new Set(
  'role content refusal tool_calls function_call reasoning_content reasoning_details annotations'.split(' '),
)

function chatProblems(frames: readonly Frame[]): string[] {
  const problems: string[] = []
  const done = frames.filter((frame) => frame.data === '[DONE]').length
  if (done !== 1 || frames.at(-1)?.data !== '[DONE]') problems.push(`${done} times [DONE], or not at the end`)
  const ids = new Set<unknown>()
  const finished = new Map<number, number>()
  const calls = new Set<string>()
  for (const frame of frames.filter((entry) => entry.data !== '[DONE]')) {
    if (frame.event !== undefined) problems.push(`a chunk with an event name: ${frame.event}`)
    const chunk = record(parse(frame.data))
    ids.add(chunk['id'])
    if (chunk['object'] !== 'chat.completion.chunk') problems.push(`object is ${String(chunk['object'])}`)
    if (typeof chunk['model'] !== 'string' || typeof chunk['created'] !== 'number') problems.push('no model or created')
    for (const key of Object.keys(chunk)) if (!chunkKeys.has(key)) problems.push(`${vendor}chunk key ${key}`)
    for (const choice of list(chunk['choices']).map(record))
      problems.push(...chatChoiceProblems(choice, finished, calls))
  }
  if (ids.size !== 1 || text([...ids][0]) === '') problems.push(`${ids.size} different ids, or an empty one`)
  for (const [choice, count] of finished) if (count !== 1) problems.push(`choice ${choice}: ${count} finish reasons`)
  return problems
}

function chatChoiceProblems(choice: Json, finished: Map<number, number>, calls: Set<string>): string[] {
  const problems: string[] = []
  const index = choice['index'] as number
  const delta = record(choice['delta'])
  if (!Number.isInteger(index)) problems.push('a choice without index')
  if ((finished.get(index) ?? 0) > 0) problems.push(`choice ${index} goes on after its finish reason`)
  if (!finished.has(index)) {
    finished.set(index, 0)
    if (delta['role'] !== 'assistant') problems.push(`choice ${index} does not begin with the role`)
  }
  for (const key of Object.keys(delta)) if (!deltaKeys.has(key)) problems.push(`${vendor}delta key ${key}`)
  for (const call of list(delta['tool_calls']).map(record)) {
    const key = `${index}/${String(call['index'])}`
    const opening = !calls.has(key)
    if (!Number.isInteger(call['index'])) problems.push('a tool call without index')
    const { name, arguments: input } = record(call['function'])
    if (opening && call['index'] !== calls.size) problems.push(`tool index ${String(call['index'])} is not the next`)
    if (opening && (text(call['id']) === '' || call['type'] !== 'function' || text(name) === ''))
      problems.push(`${vendor}a tool call opens without id, type or name`)
    if (!opening && (call['id'] !== undefined || name !== undefined)) problems.push('id or name again in a later delta')
    if (typeof input !== 'string') problems.push('tool arguments are not text')
    calls.add(key)
  }
  if (choice['finish_reason'] !== null && choice['finish_reason'] !== undefined)
    finished.set(index, (finished.get(index) ?? 0) + 1)
  return problems
}

const eventTypes = new Set([
  'message_start',
  'ping',
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
  'message_stop',
  'error',
])
const deltasOf: Readonly<Record<string, readonly string[]>> = {
  text: ['text_delta', 'citations_delta'],
  thinking: ['thinking_delta', 'signature_delta'],
  redacted_thinking: [],
  tool_use: ['input_json_delta'],
}

interface OpenBlock {
  readonly type: string
  readonly content: string[]
}

function anthropicProblems(frames: readonly Frame[]): string[] {
  const problems: string[] = []
  const types = frames.map((frame) => text(record(parse(frame.data))['type']))
  const count = (type: string): number => types.filter((entry) => entry === type).length
  if (types[0] !== 'message_start') problems.push(`begins with ${types[0]}`)
  if (types.at(-1) !== 'message_stop') problems.push(`ends with ${types.at(-1)}`)
  for (const type of ['message_start', 'message_delta', 'message_stop'])
    if (count(type) !== 1) problems.push(`${count(type)} times ${type}`)
  let next = 0
  let open: OpenBlock | undefined
  for (const [at, frame] of frames.entries()) {
    const event = record(parse(frame.data))
    const type = types[at] ?? ''
    if (!eventTypes.has(type)) problems.push(`event type ${type}`)
    if (frame.event !== type) problems.push(`event name ${String(frame.event)} on ${type}`)
    if (type.startsWith('content_block') && event['index'] !== (type === 'content_block_start' ? next : next - 1))
      problems.push(`${type} has index ${String(event['index'])}, expected the ${next}th block`)
    if (type === 'content_block_start') {
      if (open !== undefined) problems.push('a block opens inside another')
      next++
      const block = record(event['content_block'])
      open = { type: text(block['type']), content: [] }
      problems.push(...blockStartProblems(block))
    } else if (type === 'content_block_delta') {
      problems.push(...deltaProblems(record(event['delta']), open))
    } else if (type === 'content_block_stop') {
      if (open === undefined) problems.push('a block closes that is not open')
      else problems.push(...closedBlockProblems(open))
      open = undefined
    } else if (type === 'message_delta') {
      if (open !== undefined) problems.push('message_delta inside a block')
      if (text(record(event['delta'])['stop_reason']) === '') problems.push('message_delta without stop_reason')
      if (typeof record(event['usage'])['output_tokens'] !== 'number') problems.push('message_delta without usage')
    }
  }
  return problems
}

function blockStartProblems(block: Json): string[] {
  const type = text(block['type'])
  if (deltasOf[type] === undefined) return [`${vendor}block type ${type}`]
  if (type !== 'tool_use') return []
  const problems = JSON.stringify(block['input']) === '{}' ? [] : ['a tool_use opens with input']
  if (!/^[a-zA-Z0-9_-]+$/.test(text(block['id'])))
    problems.push(`the tool id ${text(block['id'])} is outside the pattern`)
  return text(block['name']) === '' ? [...problems, 'a tool_use without name'] : problems
}

function deltaProblems(delta: Json, open: OpenBlock | undefined): string[] {
  const type = text(delta['type'])
  if (open === undefined) return [`${type} outside a block`]
  if (deltasOf[open.type]?.includes(type) === false) return [`${type} in a ${open.type} block`]
  open.content.push(
    text(delta['text']) + text(delta['thinking']) + text(delta['signature']) + text(delta['partial_json']),
  )
  if (type === 'citations_delta') open.content.push('citation')
  return []
}

function closedBlockProblems({ type, content }: OpenBlock): string[] {
  const joined = content.join('')
  if ((type === 'text' || type === 'thinking') && joined === '') return [`an empty ${type} block`]
  if (type !== 'tool_use' || joined === '') return []
  const input = parse(joined)
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? [] : ['tool input is not an object']
}

/** What is wrong with a whole answer that was translated: empty blocks, illegal ids, a missing envelope. */
export function bodyProblems(dialect: DialectId, body: Json): string[] {
  if (dialect === 'openai-chat') {
    const choices = list(body['choices']).map(record)
    const problems = text(body['id']) === '' || body['object'] !== 'chat.completion' ? ['no id or object'] : []
    if (typeof body['created'] !== 'number' || text(body['model']) === '') problems.push('no created or model')
    if (choices.length === 0) problems.push('no choices')
    for (const choice of choices) {
      if (record(choice['message'])['role'] !== 'assistant') problems.push('no role')
      if (!['stop', 'length', 'tool_calls', 'content_filter'].includes(text(choice['finish_reason'])))
        problems.push(`finish_reason ${String(choice['finish_reason'])}`)
    }
    return problems
  }
  const problems = text(body['id']) === '' || body['type'] !== 'message' ? ['no id or type'] : []
  if (body['role'] !== 'assistant' || text(body['model']) === '') problems.push('no role or model')
  if (text(body['stop_reason']) === '') problems.push('no stop_reason')
  for (const block of list(body['content']).map(record)) {
    const { input, ...start } = block
    problems.push(...blockStartProblems(block['type'] === 'tool_use' ? { ...start, input: {} } : block))
    const content = text(block['text']) + text(block['thinking']) + text(block['signature'])
    const json = input === undefined ? '' : JSON.stringify(input)
    problems.push(...closedBlockProblems({ type: text(block['type']), content: [content, json] }))
  }
  return problems
}
