// Asking the mock directly, on each of its wires: a smallest request, its path, and reading what comes back.
import { mock } from '../../src/providers/mock/index.ts'
import { createEventStreamDecoder } from '../../src/wire/aws-event-stream.ts'
import { createSseDecoder } from '../../src/wire/sse-decode.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtual-clock.ts'

export type Json = Record<string, unknown>

export interface Answer {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly bytes: Uint8Array
  readonly text: string
  /** The stream broke instead of ending. */
  readonly broke: boolean
}

/** One way to ask for an answer: a wire, whole or streamed. */
export interface Way {
  readonly name: string
  readonly streamed: boolean
  url(model: string): string
  /** A request that says this, offers these tools, and is otherwise as small as the wire allows. */
  body(model: string, said: string, tools?: readonly string[]): Json
}

const schema = { type: 'object', properties: { heard: { type: 'string' } } }
const declared = (names: readonly string[]): Json[] => names.map((name) => ({ name, parameters: schema }))
const openaiTools = (names: readonly string[]): Json[] =>
  declared(names).map((tool) => ({ type: 'function', function: tool }))

function chat(model: string, said: string, tools: readonly string[] = []): Json {
  return { model, messages: [{ role: 'user', content: said }], ...(tools.length > 0 && { tools: openaiTools(tools) }) }
}

function messages(model: string, said: string, tools: readonly string[] = []): Json {
  const offered = tools.map((name) => ({ name, input_schema: schema }))
  return {
    model,
    max_tokens: 100,
    messages: [{ role: 'user', content: said }],
    ...(tools.length > 0 && { tools: offered }),
  }
}

function responses(model: string, said: string, tools: readonly string[] = []): Json {
  const offered = declared(tools).map((tool) => ({ type: 'function', ...tool }))
  return { model, input: said, ...(tools.length > 0 && { tools: offered }) }
}

function gemini(_model: string, said: string, tools: readonly string[] = []): Json {
  return {
    contents: [{ role: 'user', parts: [{ text: said }] }],
    ...(tools.length > 0 && { tools: [{ functionDeclarations: declared(tools) }] }),
  }
}

function converse(_model: string, said: string, tools: readonly string[] = []): Json {
  const offered = tools.map((name) => ({ toolSpec: { name, inputSchema: { json: schema } } }))
  return {
    messages: [{ role: 'user', content: [{ text: said }] }],
    ...(tools.length > 0 && { toolConfig: { tools: offered } }),
  }
}

const completions = (model: string, said: string): Json => ({ model, prompt: said })

function inBody(name: string, path: string, body: Way['body']): Way[] {
  const url = (): string => `mock://mock${path}`
  return [
    { name, streamed: false, url, body },
    { name: `${name}, streamed`, streamed: true, url, body: (...args) => ({ ...body(...args), stream: true }) },
  ]
}

const onPath = (name: string, streamed: boolean, pattern: string, body: Way['body']): Way => ({
  name,
  streamed,
  url: (model) => `mock://mock${pattern.replace('*', encodeURIComponent(model))}`,
  body,
})

/** Every way to ask for an answer. */
export const ways: readonly Way[] = [
  ...inBody('openai-chat', '/v1/chat/completions', chat),
  ...inBody('openai-responses', '/v1/responses', responses),
  ...inBody('openai-completions', '/v1/completions', completions),
  ...inBody('anthropic-messages', '/v1/messages', messages),
  onPath('gemini', false, '/v1beta/models/*:generateContent', gemini),
  onPath('gemini, streamed', true, '/v1beta/models/*:streamGenerateContent?alt=sse', gemini),
  onPath('gemini, as an array', true, '/v1beta/models/*:streamGenerateContent', gemini),
  onPath('bedrock-converse', false, '/model/*/converse', converse),
  onPath('bedrock-converse, streamed', true, '/model/*/converse-stream', converse),
]

/** The ways whose wire has tools. */
export const waysWithTools: readonly Way[] = ways.filter(({ name }) => !name.startsWith('openai-completions'))

/** The request that follows a whole answer: the conversation so far, and a result for every call in it. */
export type FollowUp = (model: string, answer: Json) => Json

const listIn = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : [])
const objectIn = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})
const result = 'the result'

/** Follow-ups on every wire with tools. The tools are offered again. */
export const followUps: readonly (readonly [wire: string, FollowUp])[] = [
  [
    'openai-chat',
    (model, answer) => {
      const message = objectIn(listIn(answer['choices'])[0]?.['message'])
      const calls = listIn(message['tool_calls'])
      const base = chat(model, 'one two', namesIn(calls.map((call) => call['function'])))
      const results = calls.map((call) => ({ role: 'tool', tool_call_id: call['id'], content: result }))
      return { ...base, messages: [...listIn(base['messages']), message, ...results] }
    },
  ],
  [
    'openai-responses',
    (model, answer) => {
      const output = listIn(answer['output'])
      const calls = output.filter((item) => item['type'] === 'function_call')
      const base = responses(model, 'one two', namesIn(calls))
      const results = calls.map((call) => ({
        type: 'function_call_output',
        call_id: call['call_id'],
        output: result,
      }))
      return { ...base, input: [{ role: 'user', content: base['input'] }, ...output, ...results] }
    },
  ],
  [
    'anthropic-messages',
    (model, answer) => {
      const content = listIn(answer['content'])
      const calls = content.filter((block) => block['type'] === 'tool_use')
      const base = messages(model, 'one two', namesIn(calls))
      const results = calls.map((call) => ({ type: 'tool_result', tool_use_id: call['id'], content: result }))
      const turns = [
        { role: 'assistant', content },
        { role: 'user', content: results },
      ]
      return { ...base, messages: [...listIn(base['messages']), ...turns] }
    },
  ],
  [
    'gemini',
    (model, answer) => {
      const content = objectIn(listIn(answer['candidates'])[0]?.['content'])
      const calls = listIn(content['parts']).flatMap((part) => ('functionCall' in part ? [part['functionCall']] : []))
      const base = gemini(model, 'one two', namesIn(calls))
      const parts = calls.map((call) => {
        const { id, name } = objectIn(call)
        return { functionResponse: { ...(id !== undefined && { id }), name, response: { output: result } } }
      })
      return { ...base, contents: [...listIn(base['contents']), content, { role: 'user', parts }] }
    },
  ],
  [
    'bedrock-converse',
    (model, answer) => {
      const message = objectIn(objectIn(answer['output'])['message'])
      const calls = listIn(message['content']).flatMap((block) => ('toolUse' in block ? [block['toolUse']] : []))
      const base = converse(model, 'one two', namesIn(calls))
      const content = calls.map((call) => ({
        toolResult: { toolUseId: objectIn(call)['toolUseId'], content: [{ text: result }] },
      }))
      return { ...base, messages: [...listIn(base['messages']), message, { role: 'user', content }] }
    },
  ],
]

const namesIn = (calls: readonly unknown[]): string[] => calls.map((call) => String(objectIn(call)['name']))

/** The follow-up of one wire. */
export function followUpOn(wire: string): FollowUp {
  const found = followUps.find(([name]) => name === wire)
  if (found === undefined) throw new Error(`no follow-up on ${wire}`)
  return found[1]
}

/** Sends a body to the mock and reads all of the answer. */
export async function send(url: string, body: unknown, clock: VirtualClock = createVirtualClock()): Promise<Answer> {
  const fetch = mock.transport?.({ clock, random: { next: () => 0.5, id: () => 'id' } })
  if (fetch === undefined) throw new Error('the mock has no transport')
  const response = await fetch({
    method: 'POST',
    url,
    headers: {},
    body: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
    cancellation: { cancelled: false, onCancel: () => {} },
    connectTimeoutMs: 1000,
    allowPrivate: false,
    allowHttp: false,
    egress: null,
  })
  const chunks: Uint8Array[] = []
  let broke = false
  try {
    for (let chunk = await response.body.read(); chunk !== undefined; chunk = await response.body.read())
      chunks.push(chunk)
  } catch {
    broke = true
  }
  const bytes = new Uint8Array(Buffer.concat(chunks))
  return { status: response.status, headers: response.headers, bytes, text: new TextDecoder().decode(bytes), broke }
}

/** Asks in one way. */
export function ask(way: Way, model: string, said = 'one two', tools?: readonly string[]): Promise<Answer> {
  return send(way.url(model), way.body(model, said, tools))
}

/** Everything that an answer holds, as JSON values: the events of a stream in order, or the whole. */
export function valuesIn({ headers, bytes, text }: Answer): Json[] {
  const type = headers.get('content-type') ?? ''
  if (type === 'application/vnd.amazon.eventstream')
    return createEventStreamDecoder(1 << 20)
      .push(bytes)
      .flatMap(({ frame }) =>
        frame === undefined ? [] : [{ ...(JSON.parse(frame.data) as Json), ':event': frame.event }],
      )
  if (type !== 'text/event-stream') {
    const value = JSON.parse(text) as Json | Json[]
    return Array.isArray(value) ? value : [value]
  }
  const decoder = createSseDecoder(1 << 20)
  return [...decoder.push(bytes), ...decoder.end()].flatMap(({ frame }) =>
    frame === undefined || frame.data === '[DONE]' ? [] : [JSON.parse(frame.data) as Json],
  )
}

/** All values below a key, wherever they stand, in order. */
export function below(key: string, value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap((entry) => below(key, entry))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) =>
    name === key && typeof member !== 'object' ? [member] : below(key, member),
  )
}
