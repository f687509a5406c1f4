// A stream of OpenAI Responses, read by the suite: put together, and judged.
// https://platform.openai.com/docs/api-reference/responses-streaming
import type { Frame } from '../../../../src/wire/frame.ts'
import { list, record, says, text, type Json } from '../../../support/json.ts'
import { dropNulls, forOwn, isMintedByUs, payloads } from '../views.ts'
import type { StreamReader } from '../wire.ts'
import { problemsOf } from './stream-rules.ts'

const terminals = ['response.completed', 'response.incomplete', 'response.failed']

export const streams: StreamReader = {
  framed: (events) => events.map((event) => ({ event: String(event['type']), data: JSON.stringify(event) })),
  assemble,
  problems: (frames, own = false) => forOwn(problemsOf(frames), own),
  isFinished: (frames) => payloads(frames).some(isEnd),
  hasTerminator: (frames) => payloads(frames).some(isEnd),
  errors: (frames) => {
    // A failure is told twice: as an event of its own, and as the response that failed.
    const events = payloads(frames)
    const own = events.filter((event) => event['type'] === 'error').map((event) => record(event['error'] ?? event))
    const failed = events.filter((event) => event['type'] === 'response.failed')
    return own.length > 0 ? own : failed.map((event) => record(record(event['response'])['error']))
  },
  normalise,
  normaliseSdk: (folded) => {
    const { output_text: _text, output_parsed: _parsed, ...rest } = normalise(folded)
    return { ...rest, output: list(rest['output']).map(withoutParsed) }
  },
}

function isEnd(event: Json): boolean {
  return event['type'] === 'response.completed' || event['type'] === 'response.incomplete'
}

/** The response of the terminal event; what came before it where there is none. */
function assemble(frames: readonly Frame[]): Json {
  let response: Json = {}
  const items = new Map<number, Json>()
  for (const event of payloads(frames)) {
    const type = text(event['type'])
    if (says(event['response'])) response = { ...response, ...record(event['response']) }
    if (type === 'response.output_item.added' || type === 'response.output_item.done')
      items.set(Number(event['output_index']), record(event['item']))
    if (type === 'error') response['error'] = event['error'] ?? event
    if (terminals.includes(type)) break
  }
  if (list(response['output']).length > 0 || items.size === 0) return response
  const output = [...items.entries()].sort(([left], [right]) => left - right).map(([, item]) => item)
  return { ...response, output }
}

/**
 * Absent ≡ null. Item ids are the stream's own business (proxies rotate them, wire-facts 19) unless they name something
 * that the client sends back; where a provider gave none they are minted.
 */
function normalise(assembled: Json): Json {
  const { id, ...rest } = dropNulls(assembled) as Json
  return {
    ...rest,
    id: says(id) && !isMintedByUs(text(id)) ? id : 'minted',
    output: list(rest['output']).map(record),
  }
}

/** The SDK derives members for its callers. */
function withoutParsed(item: unknown): Json {
  const { parsed_arguments: _arguments, content, ...rest } = record(item)
  if (!Array.isArray(content)) return { ...rest, ...(content !== undefined && { content }) }
  return {
    ...rest,
    content: list(content).map((part) => {
      const { parsed: _parsed, ...said } = record(part)
      return said
    }),
  }
}
