// What a legal stream of OpenAI Responses is, as a list of what is wrong with one.
// https://platform.openai.com/docs/api-reference/responses-streaming
import type { Frame } from '../../../../src/wire/frame.ts'
import { list, parse, record, says, text, type Json } from '../../../support/json.ts'
import { discriminators } from '../../../support/openapi.ts'
import { beyond } from '../views.ts'
import { itemProblems } from './answer.ts'

const statusOf: Readonly<Record<string, string>> = {
  'response.created': 'in_progress',
  'response.in_progress': 'in_progress',
  'response.completed': 'completed',
  'response.incomplete': 'incomplete',
}

/** What grows under an item, by the event that makes it grow: `[index member, list of the item, member of the part]`. */
const grows: Readonly<Record<string, readonly [string, string, string]>> = {
  'response.output_text': ['content_index', 'content', 'text'],
  'response.refusal': ['content_index', 'content', 'refusal'],
  'response.reasoning_text': ['content_index', 'content', 'text'],
  'response.reasoning_summary_text': ['summary_index', 'summary', 'text'],
}
const inputs: Readonly<Record<string, string>> = {
  'response.function_call_arguments': 'arguments',
  'response.custom_tool_call_input': 'input',
}

interface OpenItem {
  readonly type: string
  readonly id: string
  done: Json | undefined
  /** What the deltas said, by `content[0]` or by the name of the input. */
  readonly said: Map<string, string[]>
  readonly opened: Set<string>
  readonly closed: Set<string>
}

/** Every rule that a complete stream breaks. */
export function problemsOf(frames: readonly Frame[]): string[] {
  const events = frames.map((frame) => record(parse(frame.data)))
  const known = discriminators('openai', 'ResponseStreamEvent', 'type')
  const found: string[] = []
  const items = new Map<number, OpenItem>()
  const ids = new Set<string>()
  for (const [at, frame] of frames.entries()) {
    const event = events[at] ?? {}
    const type = text(event['type'])
    if (!known.has(type)) found.push(beyond(`event type ${type}`))
    if (frame.event !== type) found.push(`event name ${String(frame.event)} on ${type}`)
    if (event['sequence_number'] !== at) found.push(`sequence_number ${String(event['sequence_number'])} at ${at}`)
    if (says(event['response'])) {
      const response = record(event['response'])
      ids.add(text(response['id']))
      if (response['status'] !== statusOf[type]) found.push(`${type} with status ${String(response['status'])}`)
    }
    found.push(...itemEventProblems(event, type, items))
  }
  const order = events.map((event) => text(event['type']))
  const ends = order.filter((type) => type === 'response.completed' || type === 'response.incomplete').length
  if (order[0] !== 'response.created') found.push(`begins with ${String(order[0])}`)
  if (ends !== 1 || !/completed|incomplete/.test(order.at(-1) ?? '')) found.push(`${ends} ends, or not the last event`)
  if (order.filter((type) => type === 'response.created').length !== 1) found.push('not one response.created')
  if (ids.size !== 1 || ids.has('')) found.push(`${ids.size} different response ids, or an empty one`)
  return [...found, ...outputProblems(items, record(record(events.at(-1))['response']))]
}

function itemEventProblems(event: Json, type: string, items: Map<number, OpenItem>): string[] {
  if (event['output_index'] === undefined) return []
  const index = Number(event['output_index'])
  const item = items.get(index)
  if (type === 'response.output_item.added') {
    const { type: kind, id } = record(event['item'])
    items.set(index, {
      type: text(kind),
      id: text(id),
      done: undefined,
      said: new Map(),
      opened: new Set(),
      closed: new Set(),
    })
    if (item !== undefined) return [`item ${index} is added twice`]
    return index === items.size - 1 ? [] : [`item ${index} is not the next`]
  }
  if (item === undefined) return [`${type} of an item that was not added`]
  if (item.done !== undefined) return [`${type} after its item was done`]
  const found = says(event['item_id']) && event['item_id'] !== item.id ? [`${type} names another item`] : []
  if (type === 'response.output_item.done') {
    item.done = record(event['item'])
    if (text(item.done['id']) !== item.id) found.push('an item changes its id')
    return [...found, ...itemProblems(item.done), ...openParts(item)]
  }
  return [...found, ...partEventProblems(event, type, item)]
}

function openParts(item: OpenItem): string[] {
  return [...item.opened].filter((key) => !item.closed.has(key)).map((key) => `${key} is still open in a done item`)
}

function partEventProblems(event: Json, type: string, item: OpenItem): string[] {
  const base = type.replace(/\.(?:delta|done|added)$/, '')
  const isDelta = type.endsWith('.delta')
  if (base === 'response.content_part' || base === 'response.reasoning_summary_part') {
    const list = base === 'response.content_part' ? 'content' : 'summary'
    const key = `${list}[${String(event[list === 'content' ? 'content_index' : 'summary_index'])}]`
    if (type.endsWith('.added')) {
      item.opened.add(key)
      return []
    }
    item.closed.add(key)
    return item.opened.has(key) ? [] : [`${type} of a part that was not added`]
  }
  const input = inputs[base]
  const grown = grows[base]
  if (input === undefined && grown === undefined) return []
  const key = input ?? `${grown?.[1] ?? ''}[${String(event[grown?.[0] ?? ''])}]`
  if (isDelta) {
    item.said.set(key, [...(item.said.get(key) ?? []), text(event['delta'])])
    const needsPart = grown !== undefined && item.type !== 'reasoning'
    return needsPart && !item.opened.has(key) ? [`${type} before its part was added`] : []
  }
  const whole = text(event[input ?? grown?.[2] ?? ''])
  return whole === (item.said.get(key) ?? []).join('') ? [] : [`${type} differs from its deltas`]
}

/** The finished items are the output of the terminal event, and hold what the deltas said. */
function outputProblems(items: ReadonlyMap<number, OpenItem>, response: Json): string[] {
  const found: string[] = []
  const done = [...items.entries()].sort(([left], [right]) => left - right).map(([, item]) => item)
  for (const [index, item] of done.entries()) {
    if (item.done === undefined) found.push(`item ${index} is never done`)
    for (const [key, pieces] of item.said) {
      const [, name, at] = /^(\w+)\[(\d+)\]$/.exec(key) ?? []
      const part = record(list(record(item.done)[name ?? ''])[Number(at)])
      const whole = name === undefined ? record(item.done)[key] : (part['text'] ?? part['refusal'])
      if (whole !== pieces.join('')) found.push(`item ${index} does not hold what its deltas said in ${key}`)
    }
  }
  const output = list(response['output']).map((item) => text(record(item)['id']))
  if (output.join() !== done.map((item) => item.id).join()) found.push(beyond('the output differs from the items'))
  return found
}
