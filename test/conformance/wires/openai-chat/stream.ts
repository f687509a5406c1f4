// A stream of OpenAI Chat, read by the suite: put together, and judged.
// https://platform.openai.com/docs/api-reference/chat-streaming
import type { Frame } from '../../../../src/wire/frame.ts'
import { list, parse, record, says, text, type Json } from '../../../support/json.ts'
import { beyond, dropNulls, forOwn, isMintedByUs, payloads } from '../views.ts'
import type { StreamReader } from '../wire.ts'

export const streams: StreamReader = {
  framed: (events) => [...events.map((event) => ({ data: JSON.stringify(event) })), { data: '[DONE]' }],
  assemble,
  problems,
  isFinished,
  hasTerminator: (frames) => frames.some((frame) => frame.data === '[DONE]'),
  errors: (frames) =>
    payloads(frames)
      .map((chunk) => chunk['error'])
      .filter((error) => says(error))
      .map(record),
  normalise,
  normaliseSdk,
}

interface Choice {
  readonly message: Json
  readonly calls: Json[]
  readonly rest: Json
}

function assemble(frames: readonly Frame[]): Json {
  const choices = new Map<number, Choice>()
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

function addDelta({ message, calls }: Choice, delta: Json): void {
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
  const { index, function: fragment, custom, ...rest } = entry
  // A free-text tool grows in a member of its own.
  if (says(record(custom)['name']) || says(record(custom)['input']))
    return addCustom(calls, index, record(custom), rest)
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

function addCustom(calls: Json[], index: unknown, { name, input }: Json, rest: Json): void {
  const known = calls.find((call) => call['position'] === index)
  if (known === undefined) calls.push({ ...rest, position: index, custom: { name, input: text(input) } })
  else record(known['custom'])['input'] = text(record(known['custom'])['input']) + text(input)
}

function isFinished(frames: readonly Frame[]): boolean {
  if (streams.hasTerminator(frames)) return true
  const choices = payloads(frames).flatMap((chunk) => list(chunk['choices']).map(record))
  const finished = new Set(choices.filter((choice) => says(choice['finish_reason'])).map((choice) => choice['index']))
  return finished.size > 0 && choices.every((choice) => finished.has(choice['index']))
}

const chunkKeys = new Set(
  'id object created model choices usage service_tier system_fingerprint obfuscation'.split(' '),
)
// The last four are the widespread extensions for reasoning, the citations of search models, and Google's signature.
const deltaKeys = new Set(
  'role content refusal tool_calls function_call reasoning_content reasoning_details annotations extra_content'.split(
    ' ',
  ),
)

function problems(frames: readonly Frame[], own = false): string[] {
  const found: string[] = []
  const done = frames.filter((frame) => frame.data === '[DONE]').length
  if (done !== 1 || frames.at(-1)?.data !== '[DONE]') found.push(`${done} times [DONE], or not at the end`)
  const ids = new Set<unknown>()
  const finished = new Map<number, number>()
  const calls = new Set<string>()
  for (const frame of frames.filter((entry) => entry.data !== '[DONE]')) {
    if (frame.event !== undefined) found.push(`a chunk with an event name: ${frame.event}`)
    const chunk = record(parse(frame.data))
    ids.add(chunk['id'])
    if (chunk['object'] !== 'chat.completion.chunk') found.push(`object is ${String(chunk['object'])}`)
    if (typeof chunk['model'] !== 'string' || typeof chunk['created'] !== 'number') found.push('no model or created')
    for (const key of Object.keys(chunk)) if (!chunkKeys.has(key)) found.push(beyond(`chunk key ${key}`))
    for (const choice of list(chunk['choices']).map(record)) found.push(...choiceProblems(choice, finished, calls))
  }
  if (ids.size !== 1 || text([...ids][0]) === '') found.push(`${ids.size} different ids, or an empty one`)
  for (const [choice, count] of finished) if (count !== 1) found.push(`choice ${choice}: ${count} finish reasons`)
  return forOwn(found, own)
}

function choiceProblems(choice: Json, finished: Map<number, number>, calls: Set<string>): string[] {
  const found: string[] = []
  const index = choice['index'] as number
  const delta = record(choice['delta'])
  if (!Number.isInteger(index)) found.push('a choice without index')
  if ((finished.get(index) ?? 0) > 0) found.push(`choice ${index} goes on after its finish reason`)
  if (!finished.has(index)) {
    finished.set(index, 0)
    if (delta['role'] !== 'assistant') found.push(`choice ${index} does not begin with the role`)
  }
  for (const key of Object.keys(delta)) if (!deltaKeys.has(key)) found.push(beyond(`delta key ${key}`))
  for (const call of list(delta['tool_calls']).map(record)) {
    const key = `${index}/${String(call['index'])}`
    const opening = !calls.has(key)
    if (!Number.isInteger(call['index'])) found.push('a tool call without index')
    const custom = call['type'] === 'custom' || 'custom' in call
    const { name, arguments: args, input } = record(call[custom ? 'custom' : 'function'])
    if (opening && call['index'] !== calls.size) found.push(`tool index ${String(call['index'])} is not the next`)
    if (opening && (text(call['id']) === '' || text(call['type']) === '' || text(name) === ''))
      found.push(beyond('a tool call opens without id, type or name'))
    if (!opening && (call['id'] !== undefined || name !== undefined)) found.push('id or name again in a later delta')
    // What says nothing of the arguments may come by itself: Google's signature does.
    const speaks = opening || 'function' in call || 'custom' in call
    if (speaks && typeof (custom ? input : args) !== 'string') found.push('tool arguments are not text')
    calls.add(key)
  }
  if (choice['finish_reason'] !== null && choice['finish_reason'] !== undefined)
    finished.set(index, (finished.get(index) ?? 0) + 1)
  return found
}

/**
 * Absent ≡ null, and what every encoder has to repair because clients depend on it (field-bugs T09, wire-facts 16 and
 * 29): an id, and a finish reason that the content bears out.
 */
function normalise(assembled: Json): Json {
  const { id, ...rest } = dropNulls(assembled) as Json
  return {
    ...rest,
    id: says(id) && !isMintedByUs(text(id)) ? id : 'minted',
    choices: list(rest['choices']).map((choice) => repaired(record(choice))),
  }
}

function repaired(choice: Json): Json {
  const { content, ...message } = record(choice['message'])
  const called = list(message['tool_calls']).length > 0
  const reason = text(choice['finish_reason'])
  const derived = called && reason === 'stop' ? 'tool_calls' : reason || (called ? 'tool_calls' : 'stop')
  return { ...choice, finish_reason: derived, message: { ...message, ...contentApart(content) } }
}

/** Mistral's parts of thinking and text ≡ the two texts: a stream has them in pieces, a whole answer in one list. */
function contentApart(content: unknown): Json {
  if (!Array.isArray(content)) return content === undefined ? {} : { content }
  const parts = list(content).map(record)
  const textOf = (part: Json): string =>
    part['type'] === 'thinking'
      ? list(part['thinking'])
          .map((piece) => text(record(piece)['text']))
          .join('')
      : text(part['text'])
  const join = (type: string): string =>
    parts
      .filter((part) => part['type'] === type)
      .map(textOf)
      .join('')
  return { content: join('text'), thinking: join('thinking') }
}

/** Random padding that providers put around chunks (wire-facts 10): dropped by anybody who reads the stream. */
const padding = ['obfuscation', 'p']

/**
 * As above, padding gone, and no empty fingerprint (the openai SDK leaves it out). That SDK keeps only the last fragment
 * of members it does not know, so these are compared by our own accumulator instead.
 */
function normaliseSdk(folded: Json): Json {
  const value = normalise(folded)
  for (const key of padding) delete value[key]
  if (value['system_fingerprint'] === '') delete value['system_fingerprint']
  return {
    ...value,
    choices: list(value['choices']).map((entry) => {
      const choice = record(entry)
      const {
        reasoning: _r,
        reasoning_content: _c,
        reasoning_details: _d,
        annotations: _a,
        ...message
      } = record(choice['message'])
      return { ...choice, message }
    }),
  }
}
