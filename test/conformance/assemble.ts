// An accumulator of our own for both wires, independent of the code under test and of the SDKs: it keeps every field,
// reads the quirks of wire-facts 14 to 35, and gives the answer in the shape of the wire's own JSON.
import type { DialectId } from '../../src/ir/dialect-id.ts'
import type { Frame } from '../../src/wire/frame.ts'
import { list, parse, parseArguments, record, says, text, type Json } from './json.ts'

/** A stream as one answer in its own wire's shape. */
export function assemble(dialect: DialectId, frames: readonly Frame[]): Json {
  return dialect === 'openai-chat' ? assembleChat(frames) : assembleAnthropic(frames)
}

/** The parsed data of the frames, `[DONE]` and unreadable ones left out. */
export function payloads(frames: readonly Frame[]): Json[] {
  return frames.flatMap((frame) => {
    const value = parse(frame.data)
    return typeof value === 'object' && value !== null ? [value as Json] : []
  })
}

interface ChatChoice {
  readonly message: Json
  readonly calls: Json[]
  readonly rest: Json
}

function assembleChat(frames: readonly Frame[]): Json {
  const choices = new Map<number, ChatChoice>()
  const head: Json = {}
  for (const chunk of payloads(frames)) {
    const { choices: deltas, obfuscation: _padding, p: _alsoPadding, ...rest } = chunk
    for (const [key, value] of Object.entries(rest)) if (says(value) || !(key in head)) head[key] = value
    for (const entry of list(deltas)) {
      const { index, delta, ...other } = record(entry)
      const choice = choices.get(Number(index)) ?? { message: {}, calls: [], rest: {} }
      choices.set(Number(index), choice)
      for (const [key, value] of Object.entries(other)) if (says(value)) choice.rest[key] = value
      addDelta(choice, record(delta))
    }
  }
  return {
    ...head,
    object: 'chat.completion',
    choices: [...choices.entries()]
      .sort(([left], [right]) => left - right)
      .map(([index, { message, calls, rest }]) => ({
        ...rest,
        index,
        message:
          calls.length === 0
            ? message
            : { ...message, tool_calls: calls.map(({ position: _position, ...call }) => call) },
      })),
  }
}

const growing = ['content', 'refusal', 'reasoning_content', 'reasoning']

function addDelta({ message, calls }: ChatChoice, delta: Json): void {
  for (const [key, value] of Object.entries(delta)) {
    if (key === 'tool_calls') list(value).forEach((call) => addCall(calls, record(call)))
    else if (growing.includes(key) && typeof value === 'string') message[key] = text(message[key]) + value
    else if (key === 'content') addContentParts(message, list(value))
    else if (key === 'reasoning_details') message[key] = list(value).reduce(addDetail, list(message[key]))
    else if (key === 'annotations') message[key] = [...list(message[key]), ...list(value)]
    else if (key === 'function_call') addFunctionCall(message, record(value))
    else if (says(value)) message[key] = value
  }
}

/** Mistral sends text and thinking as parts of one delta. */
function addContentParts(message: Json, parts: readonly unknown[]): void {
  for (const part of parts.map(record)) {
    if (part['type'] === 'text') message['content'] = text(message['content']) + text(part['text'])
    if (part['type'] !== 'thinking') continue
    const thinking = list(part['thinking']).map((piece) => text(record(piece)['text']))
    message['thinking'] = text(message['thinking']) + thinking.join('')
  }
}

function addDetail(details: unknown[], entry: unknown): unknown[] {
  const detail = record(entry)
  const last = record(details.at(-1))
  if (last['type'] !== detail['type'] || last['index'] !== detail['index'] || 'data' in detail)
    return [...details, detail]
  const merged: Json = { ...last, ...detail }
  for (const key of ['text', 'summary'])
    if (key in last || key in detail) merged[key] = text(last[key]) + text(detail[key])
  return [...details.slice(0, -1), merged]
}

function addFunctionCall(message: Json, call: Json): void {
  const known = record(message['function_call'])
  message['function_call'] = {
    name: text(known['name']) || text(call['name']),
    arguments: text(known['arguments']) + text(call['arguments']),
  }
}

/** By `index` where there is one; without, a name opens a call and anything else continues the last. */
function addCall(calls: Json[], entry: Json): void {
  const { index, function: fragment, ...rest } = entry
  const { name, arguments: input } = record(fragment)
  const known =
    typeof index === 'number' ? calls.find((call) => call['position'] === index) : says(name) ? undefined : calls.at(-1)
  if (known === undefined) {
    calls.push({ ...rest, position: index, function: { name, arguments: text(input) } })
    return
  }
  for (const [key, value] of Object.entries(rest)) if (says(value)) known[key] = value
  const target = record(known['function'])
  if (says(name)) target['name'] = name
  target['arguments'] = text(target['arguments']) + text(input)
}

function assembleAnthropic(frames: readonly Frame[]): Json {
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
        break
      case 'content_block_delta': {
        const open = blocks.get(index)
        if (open !== undefined) addBlockDelta(open, record(event['delta']))
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

function addBlockDelta({ block, json }: { block: Json; json: string[] }, delta: Json): void {
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
