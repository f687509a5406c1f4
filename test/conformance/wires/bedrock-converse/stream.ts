// A stream of Bedrock Converse, read by the suite: put together, and judged.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
import type { Frame } from '../../../../src/wire/frame.ts'
import { foldBedrock } from '../../../support/fold-bedrock.ts'
import { list, parse, record, says, text, type Json } from '../../../support/json.ts'
import { beyond, forOwn } from '../views.ts'
import type { StreamReader } from '../wire.ts'
import { normalise } from './answer.ts'

export const streams: StreamReader = {
  framed: (events) =>
    events.map((event) => {
      const [name, payload] = Object.entries(event)[0] ?? ['', {}]
      return { event: name, data: JSON.stringify(payload) }
    }),
  assemble: foldBedrock,
  problems: (frames, own = false) => forOwn(problems(frames), own),
  isFinished: (frames) => frames.some((frame) => frame.event === 'messageStop'),
  hasTerminator: (frames) => frames.some((frame) => frame.event === 'messageStop'),
  errors: (frames) =>
    frames
      .filter((frame) => frame.kind !== undefined)
      .map((frame) => ({ type: frame.event, ...record(parse(frame.data)) })),
  normalise: (assembled) => sparse(normalise(assembled)),
  normaliseSdk: (folded) => sparse(normalise(folded)),
}

/** A block that says nothing need not come back (wire-facts 13), and an empty record of counters neither. */
function sparse(body: Json): Json {
  const message = record(record(body['output'])['message'])
  const content = list(message['content'])
    .map(record)
    .filter((block) => !('text' in block && block['text'] === ''))
  return { ...body, output: { message: { ...message, content } } }
}

const known = new Set([
  'messageStart',
  'contentBlockStart',
  'contentBlockDelta',
  'contentBlockStop',
  'messageStop',
  'metadata',
])

function problems(frames: readonly Frame[]): string[] {
  const found: string[] = []
  const names = frames.map((frame) => frame.event ?? '')
  for (const name of ['messageStart', 'messageStop', 'metadata'])
    if (names.filter((entry) => entry === name).length !== 1) found.push(`not one ${name}`)
  if (names[0] !== 'messageStart') found.push(`begins with ${String(names[0])}`)
  if (names.slice(-2).join() !== 'messageStop,metadata') found.push('does not end with messageStop and metadata')
  let open: { readonly index: number; readonly kind: string; said: boolean } | undefined
  let next = 0
  for (const frame of frames) {
    const payload = record(parse(frame.data))
    if (!known.has(frame.event ?? '')) found.push(`event ${String(frame.event)}`)
    if ('p' in payload) found.push(beyond('padding'))
    if (!(frame.event ?? '').startsWith('contentBlock')) continue
    const index = Number(payload['contentBlockIndex'])
    if (frame.event === 'contentBlockStop') {
      if (open?.index !== index) found.push(`block ${index} closes and is not open`)
      if (open?.said === false && open.kind !== 'toolUse' && open.kind !== 'toolResult') found.push('an empty block')
      open = undefined
      continue
    }
    const isStart = frame.event === 'contentBlockStart'
    const kind = Object.keys(record(payload[isStart ? 'start' : 'delta']))[0] ?? ''
    if (open === undefined) {
      if (index !== next++) found.push(`block ${index} is not the next`)
      if (!isStart && kind === 'toolUse') found.push('a call without its start')
      open = { index, kind, said: false }
    } else if (isStart || index !== open.index) found.push(`block ${index} inside block ${open.index}`)
    if (isStart) found.push(...startProblems(record(payload['start'])))
    else open.said ||= saysSomething(record(payload['delta']))
  }
  if (open !== undefined) found.push('a block is never closed')
  return found
}

function startProblems(start: Json): string[] {
  const call = record(start['toolUse'])
  if (!('toolUse' in start)) return []
  return says(call['toolUseId']) && says(call['name']) ? [] : ['a call without id or name']
}

function saysSomething(delta: Json): boolean {
  const { text: shown, signature, redactedContent } = record(delta['reasoningContent'])
  if (says(shown) || says(signature) || says(redactedContent)) return true
  return text(delta['text']) !== '' || 'citation' in delta || 'toolUse' in delta || 'toolResult' in delta
}
