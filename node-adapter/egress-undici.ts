// The way out on Node: undici's dispatcher without the fetch on top of it, which costs three times as much.
// A response is pulled straight from the socket's chunks: no ReadableStream stands between the provider and the engine.
import type { Readable, Transform } from 'node:stream'
import { Agent, type Dispatcher } from 'undici'
import type { ByteSource, Cancellation, Fetch, FetchRequest, FetchResponse, HeaderSource } from '../src/ports/index.ts'
import { decoderFor } from './content-decoding.ts'
import { createPinnedLookup, screenLiteral } from './pinned-lookup.ts'

/** Bytes that may wait for the reader before the socket is paused. */
const highWaterBytes = 64 * 1024
const maxScreened = 1000

/** A transport with its own connection pools; `close` ends them. */
export function createUndiciFetch(): { readonly fetch: Fetch; close(): Promise<void> } {
  const agents = new Map<string, Agent>()
  // Hosts that passed: the configuration names few, and they do not change their mind.
  const screened = new Set<string>()

  function screen(url: URL, allowPrivate: FetchRequest['allowPrivate']): void {
    const key = `${allowPrivate}:${url.host}`
    if (screened.has(key)) return
    screenLiteral(url, allowPrivate)
    if (screened.size < maxScreened) screened.add(key)
  }

  function agentFor(request: FetchRequest): Agent {
    const key = `${request.connectTimeoutMs}:${request.allowPrivate}`
    let agent = agents.get(key)
    if (agent === undefined) {
      agent = new Agent({
        // Our own timers bound the waiting; undici's would cut a slow model at five minutes.
        headersTimeout: 0,
        bodyTimeout: 0,
        allowH2: false,
        pipelining: 1,
        connect: { timeout: request.connectTimeoutMs, lookup: createPinnedLookup(request.allowPrivate) },
      })
      agents.set(key, agent)
    }
    return agent
  }

  return {
    fetch: (request) =>
      new Promise((resolve, reject) => {
        const url = new URL(request.url)
        screen(url, request.allowPrivate)
        dispatch(agentFor(request), url, request, new ResponseHandler(request.cancellation, resolve, reject))
      }),
    close: async () => {
      await Promise.all([...agents.values()].map((agent) => agent.destroy()))
    },
  }
}

function dispatch(agent: Agent, url: URL, request: FetchRequest, handler: ResponseHandler): void {
  agent.dispatch(
    {
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
    },
    handler,
  )
}

function abortError(): Error {
  return new Error('the request was cancelled')
}

/** The dispatcher's callbacks for one response, turned into a source that is pulled. Exported for its test. */
export class ResponseHandler implements Dispatcher.DispatchHandler, ByteSource {
  readonly #cancellation: Cancellation
  readonly #resolve: (response: FetchResponse) => void
  readonly #reject: (cause: unknown) => void
  #controller: Dispatcher.DispatchController | undefined
  #queue: Uint8Array[] = []
  #queued = 0
  #waiting: { resolve(chunk: Uint8Array | undefined): void; reject(cause: unknown): void } | undefined
  #over = false
  #failure: unknown
  #decoder: Transform | undefined

  constructor(
    cancellation: Cancellation,
    resolve: (response: FetchResponse) => void,
    reject: (cause: unknown) => void,
  ) {
    this.#cancellation = cancellation
    this.#resolve = resolve
    this.#reject = reject
    cancellation.onCancel(() => this.#stop())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#cancellation.cancelled) this.#stop()
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // An informational answer is not the answer.
    if (status < 200) return
    try {
      this.#decoder = decoderFor(headers['content-encoding'])
    } catch (cause) {
      this.#fail(cause)
      controller.abort(abortError())
      return
    }
    if (this.#decoder !== undefined) this.#drain(this.#decoder)
    this.#resolve({ status, headers: toHeaders(headers), body: this })
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    // undici delivers an empty chunk on each resume of a parser that was paused at a buffer's end:
    // handing it on and pausing again would go round for ever.
    if (chunk.length === 0 || this.#over) return
    if (this.#decoder === undefined) this.#push(chunk)
    else this.#decoder.write(chunk)
  }

  onResponseEnd(): void {
    if (this.#decoder === undefined) this.#finish()
    else this.#decoder.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, cause: Error): void {
    this.#fail(cause)
  }

  read(): Promise<Uint8Array | undefined> {
    if (this.#queue.length > 0) {
      // The parser hands over every HTTP chunk by itself, hundreds from one socket read: one answer for all of them.
      const chunk =
        this.#queue.length === 1 && this.#queue[0] !== undefined ? this.#queue[0] : Buffer.concat(this.#queue)
      this.#queue = []
      this.#queued = 0
      if (this.#controller?.paused === true) this.#controller.resume()
      return Promise.resolve(chunk)
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#over) return Promise.resolve(undefined)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      if (this.#controller?.paused === true) this.#controller.resume()
    })
  }

  cancel(): Promise<void> {
    this.#queue = []
    this.#queued = 0
    this.#stop()
    return Promise.resolve()
  }

  #push(chunk: Uint8Array): void {
    const { waiting } = this.#take()
    if (waiting !== undefined) return waiting.resolve(chunk)
    this.#queue.push(chunk)
    this.#queued += chunk.length
    if (this.#queued >= highWaterBytes) this.#controller?.pause()
  }

  #take() {
    const waiting = this.#waiting
    this.#waiting = undefined
    return { waiting }
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#take().waiting?.resolve(undefined)
  }

  #fail(cause: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#failure = cause
    this.#decoder?.destroy()
    this.#reject(cause)
    this.#take().waiting?.reject(cause)
  }

  // Closes the connection whatever phase it is in; a reader that waits is told, a later one finds the end.
  #stop(): void {
    if (this.#over) return
    const cause = abortError()
    this.#fail(cause)
    if (this.#controller?.aborted === false) this.#controller.abort(cause)
  }

  #drain(decoder: Readable): void {
    decoder.on('data', (chunk: Uint8Array) => {
      if (!this.#over) this.#push(chunk)
    })
    decoder.on('end', () => this.#finish())
    decoder.on('error', (cause) => {
      this.#fail(cause)
      this.#controller?.abort(cause)
    })
  }
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
