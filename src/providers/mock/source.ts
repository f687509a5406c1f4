// Bodies that the mock hands out, as they were planned: with their pauses, and with or without an end.
import type { ByteSource, Cancellation, Clock } from '../../ports/index.ts'
import type { BodyPlan } from './plan.ts'

const encoder = new TextEncoder()

/** A body, one piece per read. */
export function sourceOf(plan: BodyPlan, clock: Clock, cancellation: Cancellation): ByteSource {
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
      const piece = plan.pieces[next] ?? plan.again
      if (piece !== undefined) {
        if (plan.delayMs > 0 && next >= plan.slowFrom) await wait(clock, plan.delayMs, stop)
        next++
        return typeof piece === 'string' ? encoder.encode(piece) : piece
      }
      if (plan.ending === 'silence') await forever(stop)
      if (plan.ending === 'break') throw new Error('the mock was told to break the connection')
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
