// A provider on a real socket, scripted by the test: it records what it receives and answers what it is told, byte for byte.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from './loopback.ts'

export interface Received {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  /** Resolves when the gateway closed the connection before the answer was complete. */
  readonly aborted: Promise<void>
}

export type Answer = (response: ServerResponse, received: Received) => void | Promise<void>

export interface Upstream {
  /** `http://127.0.0.1:port`, without a path. */
  readonly url: string
  readonly received: Received[]
  /** What a request whose body names this model (or has this key) is answered. */
  on(model: string, answer: Answer): void
  /** The requests that named this model (or have this key). */
  of(model: string): Received[]
  close(): Promise<void>
}

/**
 * Starts a provider on loopback. A model without a script is answered 404.
 * @param keyOf what tells requests apart, for wires that have the model elsewhere than in the body
 */
export async function startUpstream(keyOf: (body: Buffer) => string = modelOf): Promise<Upstream> {
  const answers = new Map<string, Answer>()
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    let over: () => void
    const aborted = new Promise<void>((resolve) => (over = resolve))
    response.on('close', () => {
      if (!response.writableFinished) over()
    })
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const seen: Received = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks), aborted }
      received.push(seen)
      const answer = answers.get(keyOf(seen.body))
      if (answer === undefined) return void response.writeHead(404).end('{"error":{"message":"no such model"}}')
      void Promise.resolve(answer(response, seen)).catch(() => response.destroy())
    })
  })
  const { url, close } = await listen(server)
  return {
    url,
    received,
    on: (model, answer) => void answers.set(model, answer),
    of: (model) => received.filter((seen) => keyOf(seen.body) === model),
    close,
  }
}

function modelOf(body: Buffer): string {
  return /"model"\s*:\s*"([^"]*)"/.exec(body.toString('utf8'))?.[1] ?? ''
}

/** Answers JSON. */
export function json(value: unknown, status = 200, headers: Record<string, string> = {}): Answer {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return (response) => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
}

/** Answers a stream in the given pieces; `hold` keeps the connection open behind them, `cut` breaks it. */
export function stream(pieces: readonly string[], end: 'close' | 'hold' | 'cut' = 'close', gapMs = 0): Answer {
  return async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.flushHeaders()
    for (const piece of pieces) {
      if (gapMs > 0) await new Promise((resolve) => setTimeout(resolve, gapMs))
      response.write(piece)
    }
    if (end === 'close') response.end()
    // Let what was written leave before the connection breaks.
    if (end === 'cut') setTimeout(() => response.destroy(), 30)
  }
}

/** Never answers: not even headers. */
export const silence: Answer = () => {}

/** A whole Chat answer. */
export function chatAnswer(text = 'hi', model = 'up'): Record<string, unknown> {
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model,
    choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 9, completion_tokens: 1, total_tokens: 10 },
  }
}

/** One Chat chunk as an SSE event. */
export function chatChunk(delta: object, finish: string | null = null, extra: object = {}): string {
  const choices = [{ index: 0, delta, finish_reason: finish }]
  return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'up', choices, ...extra })}\n\n`
}

/** One Anthropic event. */
export function messageEvent(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`
}

/** A whole Anthropic text stream: the events before the last two, and those two. */
export function messageStream(texts: readonly string[]): { readonly open: string[]; readonly close: string[] } {
  const message = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'up',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 1 },
  }
  return {
    open: [
      messageEvent('message_start', { message }),
      messageEvent('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
      ...texts.map((text) => messageEvent('content_block_delta', { index: 0, delta: { type: 'text_delta', text } })),
    ],
    close: [
      messageEvent('content_block_stop', { index: 0 }),
      messageEvent('message_delta', {
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: 5 },
      }),
      messageEvent('message_stop'),
    ],
  }
}
