// The way out on Bun and Deno, whose own fetch lets nobody choose the address: `node:http` over connections of our own.
import {
  Agent,
  request as startRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { GatewayError } from '../src/ir/error.ts'
import type { FetchRequest, FetchResponse, HeaderSource } from '../src/ports/index.ts'
import { connectTo } from './egress-connect.ts'
import { codeOf, egressError } from './egress-errors.ts'
import { createPools } from './egress-pools.ts'
import type { Transport, TransportOptions } from './egress-undici.ts'
import { systemResolve } from './pinned-lookup.ts'
import { abortError, PulledBody, type Flow } from './pulled-body.ts'

/** How long an idle connection is kept, in milliseconds; servers seldom close theirs sooner. */
const idleMs = 4000
const maxIdle = 64
const maxInformational = 32

/** `node:http` as a transport. */
export function createNodeHttpFetch(options: TransportOptions = {}): Transport {
  const pools = createPools(
    (request, url) => new PinnedAgent(connectorOf(request, url, options), true),
    (agent) => agent.destroy(),
  )
  return {
    fetch: (request) =>
      new Promise((resolve, reject) => {
        const url = new URL(request.url)
        new Exchange(request, url, pools.of(request, url), { resolve, reject }).start()
      }),
    close: () => pools.close(),
  }
}

/** Connections to one host, each made by `connectTo`. */
class PinnedAgent extends Agent {
  /** Connections that have answered a request. */
  readonly answered = new WeakSet<object>()
  readonly #connect: () => Promise<Socket>

  constructor(connect: () => Promise<Socket>, keepAlive: boolean) {
    // An empty environment: some runtimes let variables put a proxy in front of any agent.
    const options = { keepAlive, maxFreeSockets: maxIdle, timeout: idleMs, scheduling: 'lifo', proxyEnv: {} } as const
    super(options)
    this.#connect = connect
  }

  override createConnection(
    _options: unknown,
    callback?: (cause: Error | null, socket: Duplex) => void,
  ): Duplex | null | undefined {
    this.#connect().then(
      (socket) => callback?.(null, socket),
      (cause: Error) => callback?.(cause, undefined as unknown as Duplex),
    )
    return undefined
  }

  /** Connections to the same place that serve one request each. */
  single(): PinnedAgent {
    return new PinnedAgent(this.#connect, false)
  }
}

function connectorOf(request: FetchRequest, url: URL, { resolve = systemResolve, ca }: TransportOptions) {
  const place = new URL(url.origin)
  const { connectTimeoutMs: timeoutMs, allowPrivate, egress: proxy } = request
  return (): Promise<Socket> => connectTo(place, { timeoutMs, allowPrivate, proxy, resolve, ca })
}

interface Settle {
  resolve(response: FetchResponse): void
  reject(cause: unknown): void
}

const closedByPeer: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/** One request and its answer. */
class Exchange extends PulledBody {
  readonly #asked: FetchRequest
  readonly #url: URL
  readonly #agent: PinnedAgent
  readonly #settle: Settle
  #sent: ClientRequest | undefined
  #informational = 0
  #answered = false

  constructor(asked: FetchRequest, url: URL, agent: PinnedAgent, settle: Settle) {
    super()
    this.#asked = asked
    this.#url = url
    this.#agent = agent
    this.#settle = settle
    asked.cancellation.onCancel(() => this.stop())
  }

  /** Sends it; once more on a connection of its own where the pooled one was closed by its peer meanwhile. */
  start(): void {
    if (this.over) return
    this.#send(this.#agent, () => this.#send(this.#agent.single(), undefined))
  }

  override fail(cause: unknown): void {
    if (this.over) return
    super.fail(cause)
    if (!this.#answered) this.#settle.reject(unanswered(cause))
  }

  #send(agent: PinnedAgent, again: (() => void) | undefined): void {
    const { method, headers, body } = this.#asked
    const options: RequestOptions = {
      method,
      // The connection is encrypted or not; what is written on it is the same.
      protocol: 'http:',
      host: this.#url.hostname,
      port: this.#url.port || (this.#url.protocol === 'https:' ? 443 : 80),
      path: this.#url.pathname + this.#url.search,
      headers: {
        ...headers,
        host: this.#url.host,
        ...(body !== undefined && { 'content-length': String(body.length) }),
      },
      agent,
    }
    const sent = startRequest(options)
    this.#sent = sent
    let socket: Duplex | undefined
    const abort = (cause: Error): void => void sent.destroy(cause)
    this.attach({ pause() {}, resume() {}, abort })
    sent.once('socket', (given: Duplex) => {
      socket = given
      // Deno would send it again by itself, even where we closed it: https://github.com/denoland/deno/issues/36786
      sent.reusedSocket = false
    })
    sent.on('information', () => {
      if (++this.#informational > maxInformational)
        this.#refuse(new GatewayError('upstream_bad_content', { message: 'too many 1xx answers' }))
    })
    sent.once('response', (answer) => {
      if (socket !== undefined) this.#agent.answered.add(socket)
      this.#receive(answer, abort)
    })
    sent.on('error', (cause) => {
      const reused = socket !== undefined && this.#agent.answered.has(socket)
      // Nothing came back (no 1xx either) on a connection that had answered before, so the request was not read:
      // https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1
      const isSilent = !this.#answered && this.#informational === 0
      const unread = isSilent && reused && !this.over && closedByPeer.has(codeOf(cause) ?? '')
      if (unread && again !== undefined) again()
      else if (this.#sent === sent) this.fail(cause)
    })
    sent.end(body)
  }

  #receive(answer: IncomingMessage, abort: Flow['abort']): void {
    if (this.over) return void answer.destroy()
    this.#answered = true
    try {
      this.decode(answer.headers['content-encoding'])
    } catch (cause) {
      this.#answered = false
      return this.#refuse(cause as Error)
    }
    this.attach({
      pause: () => void answer.pause(),
      resume: () => void answer.resume(),
      abort: (cause) => {
        answer.destroy()
        abort(cause)
      },
    })
    let complete = false
    answer.on('data', (chunk: Uint8Array) => this.accept(chunk))
    answer.once('end', () => {
      complete = true
      this.finish()
    })
    answer.on('error', (cause) => this.fail(cause))
    answer.once('close', () => {
      if (!complete) this.fail(abortedByPeer())
    })
    this.#settle.resolve({ status: answer.statusCode ?? 0, headers: toHeaders(answer), body: this })
  }

  #refuse(cause: Error): void {
    this.fail(cause)
    this.#sent?.destroy(abortError())
  }
}

function abortedByPeer(): Error {
  return Object.assign(new Error('the connection closed before the answer was complete'), { code: 'ECONNRESET' })
}

function unanswered(cause: unknown): GatewayError {
  if (codeOf(cause)?.startsWith('HPE_') === true) return egressError('upstream_bad_content', cause)
  return egressError('upstream_unreachable', cause)
}

function toHeaders({ headers }: IncomingMessage): HeaderSource {
  const value = (name: string): string | null => {
    const found = headers[name]
    return Array.isArray(found) ? found.join(', ') : (found ?? null)
  }
  return {
    get: value,
    *entries() {
      for (const name of Object.keys(headers)) yield [name, value(name) ?? '']
    },
  }
}
