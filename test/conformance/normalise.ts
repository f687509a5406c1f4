// The published list of differences that do not count. Nothing else may differ after a trip through the code.
import type { DialectId } from '../../src/ir/dialect-id.ts'
import { list, record, says, text, type Json } from './json.ts'

/** Below these keys stands what a tool, a schema or an end user wrote: data, in which null is a value. */
const opaqueKeys = new Set(['input', 'arguments', 'parameters', 'input_schema', 'schema'])

/** Absent ≡ null: a member that is null says nothing. Data inside tools and schemas is left alone. */
export function dropNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== null && member !== undefined)
      .map(([key, member]) => [key, opaqueKeys.has(key) ? member : dropNulls(member)]),
  )
}

/** String content ≡ one text part: in messages, in `system`, and in a tool result. */
export function contentAsParts(body: Json): Json {
  const normalised: Json = { ...body }
  if (typeof body['system'] === 'string') normalised['system'] = asParts(body['system'])
  if (Array.isArray(body['messages']))
    normalised['messages'] = list(body['messages']).map((message) => withParts(record(message)))
  return normalised
}

function withParts(holder: Json): Json {
  if (!('content' in holder)) return holder
  const content = asParts(holder['content'])
  if (!Array.isArray(content)) return { ...holder, content }
  return {
    ...holder,
    content: list(content).map((part) => (record(part)['type'] === 'tool_result' ? withParts(record(part)) : part)),
  }
}

function asParts(content: unknown): unknown {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

/** A request after the two normalisations that the codecs promise (key order does not count in a deep comparison). */
export function normaliseRequest(body: Json): Json {
  return dropNulls(contentAsParts(body)) as Json
}

/** A response: absent ≡ null. */
export function normaliseResponse(body: unknown): Json {
  return dropNulls(body) as Json
}

/**
 * A streamed answer that was put together: absent ≡ null, and what every encoder has to repair because clients depend on
 * it (field-bugs T09, wire-facts 16 and 29): an id, and a finish reason that the content bears out.
 */
export function normaliseStreamed(dialect: DialectId, assembled: Json): Json {
  const value = dropNulls(assembled) as Json
  if (dialect !== 'openai-chat') return value
  const { id, ...rest } = value
  return {
    ...rest,
    id: says(id) && !isMintedByUs(text(id)) ? id : 'minted',
    choices: list(value['choices']).map((choice) => repaired(record(choice))),
  }
}

/** Where a provider names no answer, its id is made from the request's. */
function isMintedByUs(id: string): boolean {
  return id.endsWith('req_conformance')
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
 * What an SDK folded: as above, padding gone, and no empty fingerprint (the openai SDK leaves it out). That SDK keeps
 * only the last fragment of members it does not know, so these are compared by our own accumulator instead.
 */
export function normaliseSdkFold(dialect: DialectId, folded: Json): Json {
  const value = normaliseStreamed(dialect, folded)
  if (dialect !== 'openai-chat') return value
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

/** Ids that an SDK minted are random: `call_` and a UUID. */
export function isMintedBySdk(id: string): boolean {
  return /^call_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(id)
}

/**
 * The model of a request that names it in its URL (Vertex, Bedrock): the gateway's own wire wants it in the body, so it
 * is put there before the request counts as one of the dialect.
 */
export function withModel(body: Json, model: string): Json {
  return text(body['model']) === '' ? { ...body, model } : body
}

/**
 * A request for the way over the other wire and back, which returns in today's spelling: `functions` as tools,
 * `max_tokens` as max_completion_tokens, Anthropic's beta `output_format` as output_config.format.
 */
export function modernRequest(dialect: DialectId, body: Json): Json {
  const { functions, max_tokens: limit, output_format: format, ...rest } = normaliseRequest(body)
  if (dialect === 'anthropic-messages')
    return {
      ...rest,
      max_tokens: limit,
      ...(format !== undefined && { output_config: { ...record(rest['output_config']), format } }),
    }
  const tools = list(functions).map((called) => ({ type: 'function', function: called }))
  return {
    ...rest,
    ...(limit !== undefined && { max_completion_tokens: limit }),
    ...(tools.length > 0 && { tools: [...list(rest['tools']), ...tools] }),
  }
}
