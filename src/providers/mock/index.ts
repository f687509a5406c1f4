// A deterministic provider without a network: it echoes, streams word by word, reports usage, and fails on demand.
import type { ByteSource, Cancellation, Clock, Fetch, FetchRequest, FetchResponse } from '../../ports/index.ts'
import { isObject, parseJson } from '../../wire/json-parse.ts'
import type { Provider } from '../provider.ts'
import { messagesWire } from './anthropic-messages.ts'
import { answerOf, type MockAnswer } from './answer.ts'
import { chatWire } from './openai-chat.ts'
import { scriptOf, type Script } from './script.ts'
import type { MockStream, MockWire } from './wire.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The `mock` provider type. */
export const mock: Provider = { type: 'mock', transport: mockFetch }

/** The mock's transport: what it answers depends on the path (the wire) and on the model name (the script). */
function mockFetch(clock: Clock): Fetch {
  return async (request) => {
    const wire = request.url.endsWith('/messages') ? messagesWire : chatWire
    const parsed = request.body === undefined ? undefined : parseJson(decoder.decode(request.body))
    const body = isObject(parsed) ? parsed : {}
    const script = scriptOf(typeof body['model'] === 'string' ? body['model'] : '')
    if (script.type === 'stall' && script.after === 0) await forever(request.cancellation)
    if (script.type === 'slow') await wait(clock, script.delayMs, request.cancellation)
    return respond(script, wire, body, clock, request)
  }
}

function respond(
  script: Script,
  wire: MockWire,
  body: Record<string, unknown>,
  clock: Clock,
  request: FetchRequest,
): FetchResponse {
  if (script.type === 'status')
    return whole(
      script.status,
      JSON.stringify(wire.error(script.status)),
      'application/json',
      retryHeaders(script.status),
    )
  if (script.type === 'html') return whole(200, '<html><body>Please log in</body></html>', 'text/html')
  const answer = answerOf(script, body)
  if (body['stream'] !== true) return whole(200, JSON.stringify(jsonOf(script, wire, answer)), 'application/json')
  const events = eventsOf(script, wire.stream(answer, body))
  const delayMs = script.type === 'slow' ? script.delayMs : 0
  return {
    status: 200,
    headers: new Headers({ 'content-type': 'text/event-stream' }),
    body: eventSource(events, script, clock, delayMs, request.cancellation),
  }
}

function jsonOf(script: Script, wire: MockWire, answer: MockAnswer): object {
  return script.type === 'error' || script.type === 'cut' || script.type === 'reset'
    ? wire.error(500)
    : wire.json(answer)
}

function retryHeaders(status: number): Record<string, string> {
  return status === 429 || status === 503 || status === 529 ? { 'retry-after': '1' } : {}
}

function eventsOf(script: Script, stream: MockStream): readonly string[] {
  switch (script.type) {
    case 'cut':
    case 'reset':
    case 'stall':
      return [stream.start, ...stream.content.slice(0, script.after)]
    case 'error':
      return [stream.start, ...stream.content.slice(0, script.after), stream.error]
    case 'empty':
      return [stream.start, stream.end]
    default:
      return [stream.start, ...stream.content, stream.end]
  }
}

function whole(status: number, text: string, type: string, extra: Record<string, string> = {}): FetchResponse {
  let sent = false
  return {
    status,
    headers: new Headers({ 'content-type': type, ...extra }),
    body: {
      read: async () => {
        if (sent) return undefined
        sent = true
        return encoder.encode(text)
      },
      cancel: async () => {},
    },
  }
}

function eventSource(
  events: readonly string[],
  script: Script,
  clock: Clock,
  delayMs: number,
  cancellation: Cancellation,
): ByteSource {
  let next = 0
  let over = false
  let wake: (() => void) | undefined
  // Whoever waits is woken by the reader's own cancel as well as by the request's.
  const stop: Cancellation = {
    get cancelled() {
      return over || cancellation.cancelled
    },
    onCancel(call) {
      wake = call
      cancellation.onCancel(call)
    },
  }
  return {
    async read() {
      if (stop.cancelled) return undefined
      if (delayMs > 0 && next > 0) await wait(clock, delayMs, stop)
      const event = events[next++]
      if (event !== undefined) return encoder.encode(event)
      if (script.type === 'stall') await forever(stop)
      if (script.type === 'reset') throw new Error('the mock was told to break the connection')
      return undefined
    },
    async cancel() {
      over = true
      wake?.()
    },
  }
}

function wait(clock: Clock, ms: number, cancellation: Cancellation): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = clock.after(ms, resolve)
    cancellation.onCancel(() => {
      stop()
      reject(new Error('cancelled'))
    })
  })
}

function forever(cancellation: Cancellation): Promise<never> {
  return new Promise((_resolve, reject) => cancellation.onCancel(() => reject(new Error('cancelled'))))
}
