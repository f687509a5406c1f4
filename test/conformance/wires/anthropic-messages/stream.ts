// A stream of Anthropic Messages, read by the suite: put together, and judged.
// https://docs.anthropic.com/en/docs/build-with-claude/streaming
import type { Frame } from '../../../../src/wire/frame.ts'
import { list, parse, parseArguments, record, says, text, type Json } from '../../../support/json.ts'
import { beyond, dropNulls, forOwn, payloads } from '../views.ts'
import type { StreamReader } from '../wire.ts'

export const streams: StreamReader = {
  framed: (events) => events.map((event) => ({ event: String(event['type']), data: JSON.stringify(event) })),
  assemble,
  problems: (frames, own = false) => forOwn(problems(frames), own),
  isFinished: (frames) =>
    streams.hasTerminator(frames) ||
    payloads(frames).some((event) => event['type'] === 'message_delta' && says(record(event['delta'])['stop_reason'])),
  hasTerminator: (frames) => payloads(frames).some((event) => event['type'] === 'message_stop'),
  errors: (frames) =>
    frames.filter((frame) => frame.event === 'error').map((frame) => record(record(parse(frame.data))['error'])),
  normalise: (assembled) => dropNulls(assembled) as Json,
  normaliseSdk: (folded) => dropNulls(folded) as Json,
}

function assemble(frames: readonly Frame[]): Json {
  let message: Json = {}
  const blocks = new Map<number, { block: Json; json: string[] }>()
  for (const event of payloads(frames)) {
    const index = Number(event['index'])
    switch (event['type']) {
      case 'message_start':
        message = structuredClone(record(event['message']))
        break
      case 'content_block_start':
        blocks.set(index, { block: structuredClone(record(event['content_block'])), json: [] })
        // Another model took over: the message is its own.
        if (record(event['content_block'])['type'] === 'fallback')
          message['model'] = record(record(event['content_block'])['to'])['model']
        break
      case 'content_block_delta': {
        const open = blocks.get(index)
        if (open !== undefined) addDelta(open, record(event['delta']))
        break
      }
      case 'message_delta': {
        const { delta, usage, type: _type, ...rest } = event
        const counted = Object.fromEntries(Object.entries(record(usage)).filter(([, value]) => says(value)))
        message = { ...message, ...record(delta), ...rest, usage: { ...record(message['usage']), ...counted } }
        break
      }
      case 'error':
        message['error'] = event['error']
        break
      default:
    }
  }
  const content = [...blocks.values()].map(({ block, json }) =>
    json.length === 0 ? block : { ...block, input: parseArguments(json.join('')) },
  )
  return { ...message, content }
}

function addDelta({ block, json }: { block: Json; json: string[] }, delta: Json): void {
  switch (delta['type']) {
    case 'text_delta':
      block['text'] = text(block['text']) + text(delta['text'])
      break
    case 'thinking_delta':
      block['thinking'] = text(block['thinking']) + text(delta['thinking'])
      break
    case 'signature_delta':
      block['signature'] = delta['signature']
      break
    case 'citations_delta':
      block['citations'] = [...list(block['citations']), delta['citation']]
      break
    case 'input_json_delta':
      json.push(text(delta['partial_json']))
      break
    default: {
      const { type: _type, ...rest } = delta
      Object.assign(block, rest)
    }
  }
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

function problems(frames: readonly Frame[]): string[] {
  const found: string[] = []
  const types = frames.map((frame) => text(record(parse(frame.data))['type']))
  const count = (type: string): number => types.filter((entry) => entry === type).length
  if (types[0] !== 'message_start') found.push(`begins with ${types[0]}`)
  if (types.at(-1) !== 'message_stop') found.push(`ends with ${types.at(-1)}`)
  for (const type of ['message_start', 'message_delta', 'message_stop'])
    if (count(type) !== 1) found.push(`${count(type)} times ${type}`)
  let next = 0
  let open: OpenBlock | undefined
  for (const [at, frame] of frames.entries()) {
    const event = record(parse(frame.data))
    const type = types[at] ?? ''
    if (!eventTypes.has(type)) found.push(`event type ${type}`)
    if (frame.event !== type) found.push(`event name ${String(frame.event)} on ${type}`)
    if (type.startsWith('content_block') && event['index'] !== (type === 'content_block_start' ? next : next - 1))
      found.push(`${type} has index ${String(event['index'])}, expected the ${next}th block`)
    if (type === 'content_block_start') {
      if (open !== undefined) found.push('a block opens inside another')
      next++
      const block = record(event['content_block'])
      open = { type: text(block['type']), content: [] }
      found.push(...blockStartProblems(block))
    } else if (type === 'content_block_delta') {
      found.push(...deltaProblems(record(event['delta']), open))
    } else if (type === 'content_block_stop') {
      if (open === undefined) found.push('a block closes that is not open')
      else found.push(...closedBlockProblems(open))
      open = undefined
    } else if (type === 'message_delta') {
      if (open !== undefined) found.push('message_delta inside a block')
      if (text(record(event['delta'])['stop_reason']) === '') found.push('message_delta without stop_reason')
      if (typeof record(event['usage'])['output_tokens'] !== 'number') found.push('message_delta without usage')
    }
  }
  return found
}

/** What is wrong with a block as it opens. */
export function blockStartProblems(block: Json): string[] {
  const type = text(block['type'])
  if (deltasOf[type] === undefined) return [beyond(`block type ${type}`)]
  if (type !== 'tool_use') return []
  const found = JSON.stringify(block['input']) === '{}' ? [] : ['a tool_use opens with input']
  if (!/^[a-zA-Z0-9_-]+$/.test(text(block['id']))) found.push(`the tool id ${text(block['id'])} is outside the pattern`)
  return text(block['name']) === '' ? [...found, 'a tool_use without name'] : found
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

/** What is wrong with a block that is complete: an empty one, or a tool's input that is no object. */
export function closedBlockProblems({ type, content }: OpenBlock): string[] {
  const joined = content.join('')
  if ((type === 'text' || type === 'thinking') && joined === '') return [`an empty ${type} block`]
  if (type !== 'tool_use' || joined === '') return []
  const input = parse(joined)
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? [] : ['tool input is not an object']
}
