// The client's side of a stream: pull-based, nothing read ahead, heartbeats only while the client waits between events,
// and an end for a client that has stopped reading.
import { GatewayError } from '../ir/error.ts'
import type { Clock } from '../ports/index.ts'
import type { StreamSource } from './stream.ts'

interface ClientStreamOptions {
  readonly source: StreamSource
  readonly clock: Clock
  /** What is sent meanwhile: bytes that no reader sees. */
  readonly heartbeat: Uint8Array
  /** 0 for none. */
  readonly heartbeatMs: number
  /** A client that takes nothing for so long is given up. */
  readonly stallMs: number
  /** Ends the connection of such a client, which then cancels its stream; absent where an error of the stream does. */
  readonly hangUp?: (() => void) | undefined
}

/**
 * A body for the client. A comment is sent whenever the client has waited `heartbeatMs` for the next event: it keeps
 * proxies and idle timers away, and on runtimes that notice a lost client only when writing, it is how they notice.
 */
export function toClientStream(options: ClientStreamOptions): ReadableStream<Uint8Array> {
  const { source, clock, heartbeatMs, stallMs } = options
  let open = true
  // One of the two: the client waits for us, or we for the client.
  let waitingSince: number | undefined
  let handedSince = 0
  let disarm: (() => void) | undefined

  function watch(controller: ReadableStreamDefaultController<Uint8Array>, delay: number): void {
    disarm = clock.after(delay, () => {
      disarm = undefined
      if (!open) return
      const next = waitingSince === undefined ? lookAtClient(controller) : lookAtUpstream(controller, waitingSince)
      if (next !== undefined) watch(controller, next)
    })
  }

  /** Milliseconds until the next look. */
  function lookAtUpstream(controller: ReadableStreamDefaultController<Uint8Array>, since: number): number {
    if (heartbeatMs === 0) return stallMs
    const waited = clock.mono() - since
    if (waited < heartbeatMs) return heartbeatMs - waited
    waitingSince = clock.mono()
    controller.enqueue(options.heartbeat)
    return heartbeatMs
  }

  function lookAtClient(controller: ReadableStreamDefaultController<Uint8Array>): number | undefined {
    const left = stallMs - (clock.mono() - handedSince)
    if (left > 0) return heartbeatMs === 0 ? left : Math.min(left, heartbeatMs)
    const stalled = new GatewayError('client_stalled')
    close()
    void source.cancel(stalled)
    // Whoever reads on after all must not take what came for the whole.
    if (options.hangUp === undefined) controller.error(stalled)
    else options.hangUp()
    return undefined
  }

  function close(): void {
    open = false
    disarm?.()
    disarm = undefined
  }

  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (disarm === undefined) watch(controller, heartbeatMs === 0 ? stallMs : Math.min(heartbeatMs, stallMs))
        waitingSince = clock.mono()
        return source.next().then((bytes) => {
          waitingSince = undefined
          if (!open) return
          handedSince = clock.mono()
          if (bytes !== undefined) return controller.enqueue(bytes)
          close()
          controller.close()
        })
      },
      async cancel() {
        close()
        await source.cancel()
      },
    },
    { highWaterMark: 0 },
  )
}
