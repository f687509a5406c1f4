// A provider that says everything it was told back, in every way that a careless or hostile one could.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from '../support/loopback.ts'

/** What the provider does with the credentials that it was sent; the model's name chooses. */
export const echoes = [
  'ok',
  'ok-quotes',
  '400-raw',
  '400-base64',
  '400-percent',
  '400-json',
  '400-html',
  '400-details',
  '400-param',
  '400-halves',
  '401-raw',
  '401-headers',
  '403-raw',
  '404-raw',
  '422-hex',
  '429-raw',
  '500-raw',
  '529-raw',
  '200-error',
  '200-html',
  '200-garbage',
  '200-empty',
  'redirect',
  'reset',
  'sse-error-first',
  'sse-error-event',
  'sse-error-middle',
  'sse-unknown-event',
  'sse-comment',
  'sse-garbage',
  'sse-cut',
] as const

export type Echo = (typeof echoes)[number]

export interface EchoProvider {
  readonly url: string
  /** Everything secret that arrived, once each. */
  readonly seen: ReadonlySet<string>
  /** How often each was played since the last look. */
  played(): ReadonlyMap<string, number>
  /** What its token endpoint and its secret store hand out, by name. */
  readonly gives: Map<string, string>
  close(): Promise<void>
}

export async function startEchoProvider(): Promise<EchoProvider> {
  const seen = new Set<string>()
  const gives = new Map<string, string>()
  let counts = new Map<string, number>()
  const count = (echo: Echo): void => void counts.set(echo, (counts.get(echo) ?? 0) + 1)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => answer({ request, body: Buffer.concat(chunks).toString(), response, seen, gives, count }))
  })
  // As a proxy it refuses, in the words that it was asked in.
  server.on('connect', (request, socket) => {
    const shown = request.headers['proxy-authorization'] ?? ''
    const told = Buffer.from(shown.replace(/^Basic /, ''), 'base64').toString()
    seen.add(told.slice(told.indexOf(':') + 1))
    const body = `refused: ${shown} ${told} ${request.url}`
    const head = `HTTP/1.1 407 ${told.replaceAll(/[^ -~]/g, '')}\r\nx-shown: ${shown}\r\ncontent-length: ${body.length}\r\n\r\n`
    socket.on('error', () => {})
    socket.end(head + body)
  })
  const { url, close } = await listen(server)
  return {
    url,
    seen,
    gives,
    played() {
      const before = counts
      counts = new Map()
      return before
    },
    close,
  }
}

interface Call {
  readonly request: IncomingMessage
  readonly body: string
  readonly response: ServerResponse
  readonly seen: Set<string>
  readonly gives: ReadonlyMap<string, string>
  readonly count: (echo: Echo) => void
}

function answer(call: Call): void {
  const { request, body, response, seen } = call
  const url = new URL(request.url ?? '/', 'http://provider')
  if (url.pathname.startsWith('/token')) return token(url.pathname, call)
  if (url.pathname.startsWith('/vault/')) return vault(url.pathname, call)
  const secrets = secretsOf(request, url)
  for (const secret of secrets) seen.add(secret)
  const text = `Incorrect credentials: ${secrets.join(' and ')}`
  const model = decodeURIComponent(url.pathname) + body
  const echo = [...echoes]
    .sort((left, right) => right.length - left.length)
    .find((name) => model.includes(`do-${name}.`))
  const isArray = url.pathname.includes('streamGenerateContent') && url.searchParams.get('alt') !== 'sse'
  const isStream = /"stream":\s*true|streamGenerate|converse-stream/.test(body + url.pathname)
  call.count(echo ?? 'ok')
  play({ echo: echo ?? 'ok', text, secrets, response, isStream, isArray, path: url.pathname })
}

function secretsOf(request: IncomingMessage, url: URL): string[] {
  const { headers } = request
  const named = ['x-api-key', 'x-goog-api-key', 'api-key', 'x-amz-security-token', 'x-extra-token']
  const found = [
    headers.authorization?.replace(/^Bearer /, ''),
    ...named.map((name) => headers[name]),
    ...url.searchParams.values(),
  ]
  return found.flatMap((value) => (typeof value === 'string' && value.length > 7 ? [value] : []))
}

// A token endpoint: gives the canary that the path names, and on refusal quotes the form.
function token(path: string, { body, response, seen, gives }: Call): void {
  for (const value of new URLSearchParams(body).values()) seen.add(value)
  const given = gives.get(path.split('/')[2] ?? '')
  if (given === undefined) {
    const error = { error: 'invalid_grant', error_description: `cannot use ${body}` }
    return void response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(error))
  }
  const answered = { access_token: given, token_type: 'Bearer', expires_in: 3600 }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answered))
}

function vault(path: string, { request, response, seen, gives }: Call): void {
  const given = String(request.headers['x-vault-token'])
  seen.add(given)
  const value = gives.get(path.split('/').at(-1) ?? '')
  const body = { data: { data: { value }, metadata: { version: 1 } } }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

interface Play {
  readonly echo: Echo
  readonly text: string
  readonly secrets: readonly string[]
  readonly response: ServerResponse
  readonly isStream: boolean
  /** Google's framing without `alt=sse`: one JSON array. */
  readonly isArray: boolean
  readonly path: string
}

function play({ echo, text, secrets, response, isStream, isArray, path }: Play): void {
  const json = (status: number, body: unknown, headers: Record<string, string> = {}): void =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  const error = (message: string, extra: object = {}): object => ({
    type: 'error',
    error: { message, type: 'invalid_request_error', code: 'bad', status: 'INVALID_ARGUMENT', ...extra },
  })
  const sse = (events: readonly string[], end: 'close' | 'cut' = 'close'): void => {
    const pieces = isArray ? arrayOf(events) : events
    response.writeHead(200, { 'content-type': isArray ? 'application/json' : 'text/event-stream' })
    for (const piece of pieces) response.write(piece)
    if (end === 'close') response.end()
    else setTimeout(() => response.destroy(), 20)
  }
  const first = secrets[0] ?? 'none'
  switch (echo) {
    case 'ok':
      return isStream ? sse([...streamOf(path), ...endOf(path)]) : json(200, wholeOf(path))
    case 'ok-quotes': {
      const quoting = (said: string): string => said.replaceAll('"hi"', JSON.stringify(text))
      if (isStream) return sse([...streamOf(path), ...endOf(path)].map(quoting))
      response.writeHead(200, { 'content-type': 'application/json' }).end(quoting(JSON.stringify(wholeOf(path))))
      return
    }
    case '400-base64':
      return json(400, error(`bad: ${Buffer.from(text).toString('base64')} ${Buffer.from(first).toString('base64')}`))
    case '400-percent':
      return json(400, error(`bad: ?key=${encodeURIComponent(first)} ${encodeURIComponent(text)}`))
    case '400-json':
      return json(400, error(`bad: ${JSON.stringify({ authorization: `Bearer ${first}` })}`))
    case '400-html':
      return void response
        .writeHead(400, { 'content-type': 'text/html' })
        .end(`<html><body>${text.replaceAll('&', '&amp;')}</body></html>`)
    case '400-details': {
      const quoted = { reason: first, metadata: { key: first }, fieldViolations: [{ field: first, description: text }] }
      // Anthropic's are an object, Google's a list.
      const details = path.includes('messages') ? quoted : [quoted]
      return json(400, error('bad', { details, metadata: { raw: text } }))
    }
    case '400-param':
      return json(400, error('bad', { param: first, code: first, type: first, status: first }))
    case '400-halves':
      return json(
        400,
        error(`bad: ${first.slice(0, 14)}... ...${first.slice(-14)} ${first.slice(15)}${first.slice(0, 15)}`),
      )
    case '422-hex':
      return json(422, error(`bad: ${Buffer.from(first).toString('hex')}`))
    case '401-headers':
      return json(401, error(text), {
        'x-request-id': first,
        'request-id': first,
        'retry-after': first,
        'x-ratelimit-key': first,
        'anthropic-ratelimit-key': first,
        'openai-version': encodeURIComponent(first),
        'www-authenticate': `Bearer realm="${first}"`,
        'set-cookie': `k=${encodeURIComponent(first)}`,
      })
    case '200-error':
      return json(200, error(text, { code: 401, type: first }))
    case '200-html':
      return void response.writeHead(200, { 'content-type': 'text/html' }).end(`<p>${text}</p>`)
    case '200-garbage':
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(`{"a": ${text}`)
    case '200-empty':
      return json(200, { id: 'x', object: 'chat.completion', choices: [], note: 1 })
    case 'redirect':
      return void response
        .writeHead(307, { location: `http://127.0.0.1:9/?key=${encodeURIComponent(first)}` })
        .end(text)
    case 'reset':
      return void response.destroy()
    case 'sse-error-first':
      return sse([`event: error\ndata: ${JSON.stringify(error(text))}\n\n`])
    case 'sse-error-event':
      return sse([...streamOf(path), `event: error\ndata: ${text}\n\n`])
    case 'sse-error-middle':
      return sse([...streamOf(path), `event: error\ndata: ${JSON.stringify(error(text))}\n\n`, ...endOf(path)])
    case 'sse-unknown-event':
      return sse([
        ...streamOf(path),
        `event: notice\ndata: ${JSON.stringify({ type: 'notice', text })}\n\n`,
        ...endOf(path),
      ])
    case 'sse-comment':
      return sse([`: ${text}\n\n`, ...streamOf(path), ...endOf(path)])
    case 'sse-garbage':
      return sse([...streamOf(path), `data: {"broken": ${text}\n\n`, `${text}\n\n`])
    case 'sse-cut':
      return sse([...streamOf(path), `data: {"error": {"message": "${text}`], 'cut')
    default:
      return json(Number(echo.slice(0, 3)), error(text))
  }
}

function arrayOf(events: readonly string[]): string[] {
  const values = events.flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? [])
  return ['[', ...values.map((value, index) => (index === 0 ? value : `,\n${value}`)), ']']
}

const usage = { input_tokens: 1, output_tokens: 1 }

const item = {
  id: 'msg_1',
  type: 'message',
  status: 'completed',
  role: 'assistant',
  content: [{ type: 'output_text', text: 'hi', annotations: [] }],
}
const at = { item_id: 'msg_1', output_index: 0, content_index: 0 }

function response(status: string): object {
  const output = status === 'completed' ? [item] : []
  return {
    id: 'resp_1',
    object: 'response',
    created_at: 1,
    status,
    model: 'up',
    error: null,
    output,
    usage: { ...usage, total_tokens: 2 },
  }
}

function wholeOf(path: string): object {
  if (path.includes('responses')) return response('completed')
  if (path.includes('messages'))
    return {
      id: 'm',
      type: 'message',
      role: 'assistant',
      model: 'up',
      content: [{ type: 'text', text: 'hi' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage,
    }
  if (path.includes(':generateContent'))
    return {
      candidates: [{ content: { role: 'model', parts: [{ text: 'hi' }] }, finishReason: 'STOP', index: 0 }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 },
      modelVersion: 'up',
    }
  if (path.includes('converse'))
    return {
      output: { message: { role: 'assistant', content: [{ text: 'hi' }] } },
      stopReason: 'end_turn',
      usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
      metrics: { latencyMs: 1 },
    }
  if (path.includes('models') && !path.includes(':'))
    return { object: 'list', data: [{ id: 'up', object: 'model' }], models: [] }
  return {
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'up',
    choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  }
}

const named = (type: string, fields: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
const data = (value: object): string => `data: ${JSON.stringify(value)}\n\n`
const chunk = (delta: object, finish: string | null): string =>
  data({
    id: 'c',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'up',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })

function streamOf(path: string): string[] {
  if (path.includes('responses'))
    return [
      named('response.created', { sequence_number: 0, response: response('in_progress') }),
      named('response.output_item.added', { sequence_number: 1, output_index: 0, item: { ...item, content: [] } }),
      named('response.content_part.added', {
        sequence_number: 2,
        ...at,
        part: { type: 'output_text', text: '', annotations: [] },
      }),
      named('response.output_text.delta', { sequence_number: 3, ...at, delta: 'hi' }),
    ]
  if (path.includes('messages'))
    return [
      named('message_start', {
        message: {
          id: 'm',
          type: 'message',
          role: 'assistant',
          model: 'up',
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage,
        },
      }),
      named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'hi' } }),
    ]
  if (path.includes('GenerateContent') || path.includes('generateContent'))
    return [
      data({ candidates: [{ content: { role: 'model', parts: [{ text: 'hi' }] }, index: 0 }], modelVersion: 'up' }),
    ]
  return [chunk({ role: 'assistant', content: 'hi' }, null)]
}

function endOf(path: string): string[] {
  if (path.includes('responses'))
    return [named('response.completed', { sequence_number: 4, response: response('completed') })]
  if (path.includes('messages'))
    return [
      named('content_block_stop', { index: 0 }),
      named('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage }),
      named('message_stop', {}),
    ]
  if (path.includes('enerateContent'))
    return [
      data({
        candidates: [{ content: { role: 'model', parts: [{ text: '.' }] }, finishReason: 'STOP', index: 0 }],
        usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1 },
      }),
    ]
  return [chunk({}, 'stop'), 'data: [DONE]\n\n']
}
