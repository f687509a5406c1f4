// The client's side of a stream: pull-based, nothing read ahead, heartbeats only while the client waits between events.
import type { Clock } from '../ports/index.ts'
import type { StreamSource } from './stream.ts'

interface ClientStreamOptions {
  readonly source: StreamSource
  readonly clock: Clock
  /** What is sent meanwhile: bytes that no reader sees. */
  readonly heartbeat: Uint8Array
  /** 0 for none. */
  readonly heartbeatMs: number
}

/**
 * A body for the client. A comment is sent whenever the client has waited `heartbeatMs` for the next event: it keeps
 * proxies and idle timers away, and on runtimes that notice a lost client only when writing, it is how they notice.
 */
export function toClientStream({
  source,
  clock,
  heartbeat,
  heartbeatMs,
}: ClientStreamOptions): ReadableStream<Uint8Array> {
  let open = true
  let waitingSince: number | undefined
  let disarm: (() => void) | undefined

  function watch(controller: ReadableStreamDefaultController<Uint8Array>, delay: number): void {
    disarm = clock.after(delay, () => {
      disarm = undefined
      if (!open) return
      const waited = waitingSince === undefined ? 0 : clock.mono() - waitingSince
      if (waited >= heartbeatMs) {
        waitingSince = clock.mono()
        controller.enqueue(heartbeat)
      }
      watch(controller, waited >= heartbeatMs ? heartbeatMs : heartbeatMs - waited)
    })
  }

  function close(): void {
    open = false
    disarm?.()
    disarm = undefined
  }

  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (heartbeatMs > 0 && disarm === undefined) watch(controller, heartbeatMs)
        waitingSince = clock.mono()
        return source.next().then((bytes) => {
          waitingSince = undefined
          if (!open) return
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
