// The way out on Node: undici's dispatcher without the fetch on top of it, which costs three times as much.
// A response is pulled straight from the socket's chunks: no ReadableStream stands between the provider and the engine.
import { Client, Pool, type Dispatcher } from 'undici'
import { GatewayError } from '../src/ir/error.ts'
import type { Cancellation, Fetch, FetchRequest, FetchResponse, HeaderSource } from '../src/ports/index.ts'
import { connectTo } from './egress-connect.ts'
import { codeOf, egressError } from './egress-errors.ts'
import { createPools, type Pools } from './egress-pools.ts'
import { systemResolve, type Resolve } from './pinned-lookup.ts'
import { PulledBody } from './pulled-body.ts'

/** A transport with its own connection pools; `close` ends them. */
export interface Transport {
  readonly fetch: Fetch
  close(): Promise<void>
}

export interface TransportOptions {
  readonly resolve?: Resolve
  /** Certificates (PEM) that are trusted instead of the runtime's own; for tests. */
  readonly ca?: string
}

/** Answers of 1xx that are ignored before one of them is too many. */
const maxInformational = 32

/** Undici as a transport. */
export function createUndiciFetch(options: TransportOptions = {}): Transport {
  const pooled = (request: FetchRequest, url: URL): Pool => new Pool(url.origin, poolOptions(request, url, options, 1))
  // Connections that serve one request: where a pooled one turned out to be closed.
  const single = (request: FetchRequest, url: URL): Pool => new Pool(url.origin, poolOptions(request, url, options, 0))
  const pools = createPools(pooled, (pool) => pool.destroy())
  const fresh = createPools(single, (pool) => pool.destroy())
  return {
    fetch: (request) =>
      new Promise((resolve, reject) => {
        const url = new URL(request.url)
        const again = (handler: ResponseHandler): void => send(fresh, url, request, handler)
        send(pools, url, request, new ResponseHandler(request.cancellation, resolve, reject, again))
      }),
    close: async () => {
      await Promise.all([pools.close(), fresh.close()])
    },
  }
}

function poolOptions(request: FetchRequest, url: URL, options: TransportOptions, pipelining: 0 | 1): Pool.Options {
  const { connectTimeoutMs: timeoutMs, allowPrivate, egress: proxy } = request
  const place = new URL(url.origin)
  const resolve = options.resolve ?? systemResolve
  return {
    // Our own timers bound the waiting; undici's would cut a slow model at five minutes.
    headersTimeout: 0,
    bodyTimeout: 0,
    allowH2: false,
    pipelining,
    connect: (_options, callback) => {
      connectTo(place, { timeoutMs, allowPrivate, proxy, resolve, ca: options.ca }).then(
        (socket) => callback(null, socket),
        (cause: Error) => callback(cause, null),
      )
    },
    factory: (origin, opts) => new CountingClient(origin, opts as Client.Options),
  }
}

function send(pools: Pools<Pool>, url: URL, request: FetchRequest, handler: ResponseHandler): void {
  pools.of(request, url).dispatch(
    {
      path: url.pathname + url.search,
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
    },
    handler,
  )
}

// One connection at a time, so it knows whether the one that it has now has answered before.
class CountingClient extends Client {
  answered = 0

  constructor(origin: URL | string, options: Client.Options) {
    super(origin, options)
    this.on('connect', () => void (this.answered = 0))
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (handler instanceof ResponseHandler) handler.client = this
    return super.dispatch(options, handler)
  }
}

// What a connection fails with that its peer had closed, or was closing, when the request was written.
const closedByPeer: ReadonlySet<string> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'ECONNABORTED'])

/** The dispatcher's callbacks for one response, turned into a source that is pulled. Exported for its test. */
export class ResponseHandler extends PulledBody implements Dispatcher.DispatchHandler {
  readonly #cancellation: Cancellation
  readonly #resolve: (response: FetchResponse) => void
  readonly #reject: (cause: unknown) => void
  readonly #again: (handler: ResponseHandler) => void
  #phase: 'first' | 'second' | 'answered' = 'first'
  #informational = 0
  /** Who sends it. */
  client: CountingClient | undefined

  constructor(
    cancellation: Cancellation,
    resolve: (response: FetchResponse) => void,
    reject: (cause: unknown) => void,
    again: (handler: ResponseHandler) => void = () => {},
  ) {
    super()
    this.#cancellation = cancellation
    this.#resolve = resolve
    this.#reject = reject
    this.#again = again
    cancellation.onCancel(() => this.stop())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.attach(controller)
    if (this.#cancellation.cancelled || this.over) controller.abort(new Error('the request was cancelled'))
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // An informational answer is not the answer.
    if (status < 200) {
      if (++this.#informational <= maxInformational) return
      return this.#refuse(controller, new GatewayError('upstream_bad_content', { message: 'too many 1xx answers' }))
    }
    this.#phase = 'answered'
    if (this.client !== undefined) this.client.answered++
    try {
      this.decode(headers['content-encoding'])
    } catch (cause) {
      return this.#refuse(controller, cause as Error)
    }
    this.#resolve({ status, headers: toHeaders(headers), body: this })
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.accept(chunk)
  }

  onResponseEnd(): void {
    this.finish()
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    if (this.#mayRetry(cause)) {
      this.#phase = 'second'
      return this.#again(this)
    }
    this.fail(cause)
  }

  override fail(cause: unknown): void {
    if (this.over) return
    super.fail(cause)
    if (this.#phase !== 'answered') this.#reject(unanswered(cause))
  }

  // A connection that was idle may be closed by its peer at any moment. Where it had answered before and nothing came
  // back now (no 1xx either), the request was not read: https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1
  #mayRetry(cause: unknown): boolean {
    const reused = (this.client?.answered ?? 0) > 0
    const isSilent = this.#phase === 'first' && this.#informational === 0
    return isSilent && reused && !this.over && closedByPeer.has(codeOf(cause) ?? '')
  }

  #refuse(controller: Dispatcher.DispatchController, cause: Error): void {
    this.#phase = 'second'
    this.fail(cause)
    controller.abort(cause)
  }
}

function unanswered(cause: unknown): GatewayError {
  // llhttp's own codes: what came back is not HTTP.
  if (codeOf(cause)?.startsWith('HPE_') === true) return egressError('upstream_bad_content', cause)
  return egressError('upstream_unreachable', cause)
}

// Lower case already, and read a handful of times: a Headers object would cost more than everything that is read from it.
function toHeaders(raw: Record<string, string | string[] | undefined>): HeaderSource {
  const value = (name: string): string | null => {
    const found = raw[name]
    return Array.isArray(found) ? found.join(', ') : (found ?? null)
  }
  return {
    get: value,
    *entries() {
      for (const name of Object.keys(raw)) yield [name, value(name) ?? '']
    },
  }
}
