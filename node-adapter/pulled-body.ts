// A body that is pulled out of something that pushes: bytes wait here up to a bound, then their sender is paused.
import type { Transform } from 'node:stream'
import type { ByteSource } from '../src/ports/index.ts'
import { decoderFor } from './content-decoding.ts'

/** Bytes that may wait for the reader before the sender is paused. */
const highWaterBytes = 64 * 1024

/** What pushes: an answer of undici or of `node:http`. */
export interface Flow {
  pause(): void
  resume(): void
  /** Closes the connection. */
  abort(cause: Error): void
}

/** Why an answer ended that nobody wanted any more. */
export function abortError(): Error {
  return new Error('the request was cancelled')
}

/** The pulled side. Its owner calls `accept`, `finish` and `fail`; the engine reads. */
export class PulledBody implements ByteSource {
  #flow: Flow | undefined
  #paused = false
  #queue: Uint8Array[] = []
  #queued = 0
  #waiting: { resolve(chunk: Uint8Array | undefined): void; reject(cause: unknown): void } | undefined
  #over = false
  #failure: unknown
  #decoder: Transform | undefined

  /** Whether nothing more will be handed over but what waits already. */
  get over(): boolean {
    return this.#over
  }

  /** Whom to pause; known once a request is on its way. */
  attach(flow: Flow): void {
    this.#flow = flow
  }

  /** Decodes what follows. Throws where the encoding is not known, or several are named. */
  decode(encoding: string | string[] | undefined): void {
    this.#decoder = decoderFor(encoding)
    if (this.#decoder !== undefined) this.#drain(this.#decoder)
  }

  /** Bytes as they came from the wire. */
  accept(chunk: Uint8Array): void {
    // undici delivers an empty chunk on each resume of a parser that was paused at a buffer's end:
    // handing it on and pausing again would go round for ever.
    if (chunk.length === 0 || this.#over) return
    if (this.#decoder === undefined) this.#push(chunk)
    else if (!this.#decoder.write(chunk)) this.#flow?.pause()
  }

  /** The wire has no more. */
  finish(): void {
    if (this.#decoder === undefined) this.#finish()
    else this.#decoder.end()
  }

  /** The connection broke. */
  fail(cause: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#failure = cause
    this.#decoder?.destroy()
    this.#take()?.reject(cause)
  }

  read(): Promise<Uint8Array | undefined> {
    if (this.#queue.length > 0) {
      // The parser hands over every HTTP chunk by itself, hundreds from one socket read: one answer for all of them.
      const chunk =
        this.#queue.length === 1 && this.#queue[0] !== undefined ? this.#queue[0] : Buffer.concat(this.#queue)
      this.#queue = []
      this.#queued = 0
      if (this.#paused) this.#resume()
      return Promise.resolve(chunk)
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure)
    if (this.#over) return Promise.resolve(undefined)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      if (this.#paused) this.#resume()
    })
  }

  cancel(): Promise<void> {
    this.#queue = []
    this.#queued = 0
    this.stop()
    return Promise.resolve()
  }

  /** Closes the connection whatever phase it is in; a reader that waits is told, a later one finds the failure. */
  stop(): void {
    if (this.#over) return
    const cause = abortError()
    this.fail(cause)
    this.#flow?.abort(cause)
  }

  #push(chunk: Uint8Array): void {
    const waiting = this.#take()
    if (waiting !== undefined) return waiting.resolve(chunk)
    this.#queue.push(chunk)
    this.#queued += chunk.length
    if (this.#queued >= highWaterBytes) this.#pause()
  }

  #pause(): void {
    this.#paused = true
    this.#decoder?.pause()
    this.#flow?.pause()
  }

  #resume(): void {
    this.#paused = false
    this.#decoder?.resume()
    // A decoder with a backlog says itself when it has worked it off.
    if (this.#decoder?.writableNeedDrain !== true) this.#flow?.resume()
  }

  #take() {
    const waiting = this.#waiting
    this.#waiting = undefined
    return waiting
  }

  #finish(): void {
    if (this.#over) return
    this.#over = true
    this.#take()?.resolve(undefined)
  }

  #drain(decoder: Transform): void {
    decoder.on('data', (chunk: Uint8Array) => {
      if (!this.#over) this.#push(chunk)
    })
    decoder.on('drain', () => {
      if (!this.#paused) this.#flow?.resume()
    })
    decoder.on('end', () => this.#finish())
    decoder.on('error', (cause) => {
      this.fail(cause)
      this.#flow?.abort(cause)
    })
  }
}
