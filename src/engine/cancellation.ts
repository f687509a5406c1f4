// One attempt's cancellation. A value of two fields instead of an AbortSignal: those cost microseconds per listener.
import type { Cancellation } from '../ports/index.ts'

export interface CancellationSource extends Cancellation {
  /** Tells the transport; a second call does nothing. */
  cancel(): void
}

/** A cancellation with room for the one listener that a transport needs. */
export function createCancellation(): CancellationSource {
  let cancelled = false
  let listener: (() => void) | undefined
  return {
    get cancelled() {
      return cancelled
    },
    onCancel(call) {
      if (cancelled) call()
      else listener = call
    },
    cancel() {
      if (cancelled) return
      cancelled = true
      listener?.()
      listener = undefined
    },
  }
}
