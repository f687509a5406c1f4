// Bodies that the mock hands out: whole ones, and streams that stall, break or take their time.
import type { ByteSource, Cancellation, Clock } from '../../ports/index.ts'
import type { Script } from './script.ts'
import type { MockStream, Piece } from './wire.ts'

const encoder = new TextEncoder()

/** A body in one piece. */
export function wholeSource(text: string): ByteSource {
  let sent = false
  return {
    read: async () => {
      if (sent) return undefined
      sent = true
      return encoder.encode(text)
    },
    cancel: async () => {},
  }
}

/** The pieces of a stream as the script wants them: all, or some and then a fault. */
function piecesOf(script: Script, stream: MockStream): readonly Piece[] {
  switch (script.type) {
    case 'cut':
    case 'reset':
    case 'stall':
      return [stream.start, ...stream.content.slice(0, script.after)]
    case 'error':
      return [stream.start, ...stream.content.slice(0, script.after), stream.error(script.after)]
    default:
      return [stream.start, ...stream.content, stream.end]
  }
}

/** A stream, one piece per read. */
export function streamSource(stream: MockStream, script: Script, clock: Clock, cancellation: Cancellation): ByteSource {
  const pieces = piecesOf(script, stream).filter((piece) => piece.length > 0)
  const delayMs = script.type === 'slow' ? script.delayMs : 0
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
      const piece = pieces[next++]
      if (piece !== undefined) return typeof piece === 'string' ? encoder.encode(piece) : piece
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

/** Resolves after so many milliseconds; rejects where the request is cancelled. */
export function wait(clock: Clock, ms: number, cancellation: Cancellation): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = clock.after(ms, resolve)
    cancellation.onCancel(() => {
      stop()
      reject(new Error('cancelled'))
    })
  })
}

/** Never resolves; rejects where the request is cancelled. */
export function forever(cancellation: Cancellation): Promise<never> {
  return new Promise((_resolve, reject) => cancellation.onCancel(() => reject(new Error('cancelled'))))
}
