// Vendors on real sockets, as strict as they have to be: each looks at the key that it gets, and answers as its wire does.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from '../support/loopback.ts'

export interface Seen {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: Record<string, unknown>
}

export interface Vendor {
  /** `http://127.0.0.1:port` */
  readonly url: string
  readonly seen: Seen[]
  close(): Promise<void>
}

type Handler = (seen: Seen, answer: (status: number, body: unknown, type?: string) => void, raw: ServerResponse) => void

/** Starts a vendor on loopback. */
export async function startVendor(handler: Handler): Promise<Vendor> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8')
      const one: Seen = {
        method: request.method ?? '',
        url: new URL(request.url ?? '/', 'http://vendor'),
        headers: request.headers,
        body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
      }
      seen.push(one)
      const answer = (status: number, body: unknown, type = 'application/json'): void =>
        void response
          .writeHead(status, { 'content-type': type })
          .end(typeof body === 'string' ? body : JSON.stringify(body))
      handler(one, answer, response)
    })
  })
  const { url, close } = await listen(server)
  return {
    url,
    seen,
    close,
  }
}

const usage = { prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 }

/** OpenAI's wire for whoever brings the key in the header. https://platform.openai.com/docs/api-reference */
export function openaiLike(header: string, value: string, models: readonly object[]): Handler {
  return ({ method, url, headers, body }, answer) => {
    if (headers[header] !== value)
      return answer(401, {
        error: {
          message: `Incorrect API key provided: ${String(headers[header])}`,
          type: 'invalid_request_error',
          code: 'invalid_api_key',
        },
      })
    if (method === 'GET' && url.pathname === '/v1/models') return answer(200, { object: 'list', data: models })
    const { model } = body
    if (!models.some((known) => 'id' in known && known.id === model))
      return answer(404, { error: { message: `The model '${String(model)}' does not exist`, code: 'model_not_found' } })
    if (url.pathname === '/v1/embeddings')
      return answer(200, {
        object: 'list',
        model,
        data: [{ object: 'embedding', index: 0, embedding: [0.25, -0.5, 1] }],
        usage: { prompt_tokens: 1, total_tokens: 1 },
      })
    if (url.pathname !== '/v1/chat/completions') return answer(404, { error: { message: 'no such path' } })
    const head = { id: 'chatcmpl-1', created: 1_700_000_000, model }
    if (body['stream'] !== true)
      return answer(200, {
        ...head,
        object: 'chat.completion',
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: 'ready', refusal: null },
            logprobs: null,
            finish_reason: 'stop',
          },
        ],
        usage,
      })
    const wantsUsage = (body['stream_options'] as { include_usage?: boolean } | undefined)?.include_usage === true
    const chunk = (choices: readonly object[], more: object = {}): string =>
      `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', choices, ...(wantsUsage && { usage: null }), ...more })}\n\n`
    return answer(
      200,
      [
        chunk([
          { index: 0, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null },
        ]),
        chunk([{ index: 0, delta: { content: 'ready' }, logprobs: null, finish_reason: null }]),
        chunk([{ index: 0, delta: {}, logprobs: null, finish_reason: 'stop' }]),
        ...(wantsUsage ? [chunk([], { usage })] : []),
        'data: [DONE]\n\n',
      ].join(''),
      'text/event-stream',
    )
  }
}

/** Anthropic's list, a model a page. https://platform.claude.com/docs/en/api/models-list */
export function anthropicLike(key: string, ids: readonly string[]): Handler {
  return ({ url, headers }, answer) => {
    if (headers['x-api-key'] !== key)
      return answer(401, {
        type: 'error',
        error: { type: 'authentication_error', message: `invalid x-api-key ${String(headers['x-api-key'])}` },
      })
    if (headers['anthropic-version'] !== '2023-06-01')
      return answer(400, {
        type: 'error',
        error: { type: 'invalid_request_error', message: 'anthropic-version: header is required' },
      })
    if (url.pathname !== '/v1/models')
      return answer(404, { type: 'error', error: { type: 'not_found_error', message: 'Not found' } })
    const after = url.searchParams.get('after_id')
    const at = after === null ? 0 : ids.indexOf(after) + 1
    const id = ids[at]
    return answer(200, {
      data: [{ type: 'model', id, display_name: `The ${id}`, created_at: '2026-01-01T00:00:00Z' }],
      first_id: id,
      last_id: id,
      has_more: at < ids.length - 1,
    })
  }
}

/** Google's list in two pages. https://ai.google.dev/api/models#method:-models.list */
export function geminiLike(key: string): Handler {
  return ({ url, headers }, answer) => {
    if (headers['x-goog-api-key'] !== key)
      return answer(400, {
        error: {
          code: 400,
          message: 'API key not valid. Please pass a valid API key.',
          status: 'INVALID_ARGUMENT',
          details: [{ reason: 'API_KEY_INVALID' }],
        },
      })
    if (url.pathname !== '/v1beta/models') return answer(404, '')
    return url.searchParams.get('pageToken') === 'two'
      ? answer(200, {
          models: [
            {
              name: 'models/gemini-two',
              displayName: 'Gemini Two',
              inputTokenLimit: 2048,
              supportedGenerationMethods: ['generateContent'],
            },
          ],
        })
      : answer(200, {
          models: [
            {
              name: 'models/gemini-one',
              displayName: 'Gemini One',
              inputTokenLimit: 1_048_576,
              supportedGenerationMethods: ['generateContent', 'countTokens'],
            },
            { name: 'models/aqa', supportedGenerationMethods: ['generateAnswer'] },
          ],
          nextPageToken: 'two',
        })
  }
}
