// The timers of one attempt behind a single clock entry, re-armed only when it fires: progress costs one assignment.
import type { Timeouts } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import type { Clock } from '../ports/index.ts'

/** What an attempt is waiting for; `refusal` is the body of an answer whose status says already that it is none. */
export type Phase = 'headers' | 'first-content' | 'idle' | 'body' | 'refusal'

/** How long the words of a refusal are waited for, in milliseconds. */
export const refusalMs = 5000

export interface Watchdog {
  /** Begins another phase. */
  enter(phase: Phase): void
  /** Something arrived that counts. */
  progress(): void
  stop(): void
  /** The timeout as an error, once it fired. */
  fired(): GatewayError | undefined
}

/**
 * Watches one attempt.
 * @param deadline monotonic milliseconds at which the whole request has to end, whatever the phase
 * @param bark called once, when a phase or the deadline has run out
 */
export function createWatchdog(clock: Clock, timeouts: Timeouts, deadline: number, bark: () => void): Watchdog {
  let phase: Phase = 'body'
  let due = deadline
  let failure: GatewayError | undefined
  let disarm: (() => void) | undefined
  let armedFor = Infinity

  function budget(of: Phase): number {
    switch (of) {
      case 'headers':
        return timeouts.headersMs
      case 'first-content':
        return timeouts.firstContentMs
      case 'idle':
        return timeouts.idleMs
      case 'body':
        return Infinity
      case 'refusal':
        return refusalMs
    }
  }

  function arm(): void {
    // An entry that fires earlier than needed re-arms itself, so progress never touches the clock.
    if (disarm !== undefined && armedFor <= due) return
    disarm?.()
    armedFor = due
    disarm = clock.after(Math.max(0, due - clock.mono()), check)
  }

  function check(): void {
    disarm = undefined
    armedFor = Infinity
    if (clock.mono() < due) return arm()
    failure = timeoutError(phase, due >= deadline)
    bark()
  }

  return {
    enter(next) {
      phase = next
      failure = undefined
      due = Math.min(deadline, clock.mono() + budget(next))
      arm()
    },
    progress() {
      due = Math.min(deadline, clock.mono() + budget(phase))
    },
    stop() {
      disarm?.()
      disarm = undefined
      due = Infinity
    },
    fired: () => failure,
  }
}

function timeoutError(phase: Phase, deadlinePassed: boolean): GatewayError {
  if (deadlinePassed)
    return new GatewayError('limit_exceeded', { message: 'the request took longer than timeouts.total_ms' })
  switch (phase) {
    case 'headers':
      return new GatewayError('upstream_timeout', { message: 'no answer within timeouts.headers_ms' })
    case 'first-content':
      return new GatewayError('upstream_timeout', { message: 'no content within timeouts.first_content_ms' })
    case 'idle':
    case 'body':
    case 'refusal':
      return new GatewayError('stream_idle_timeout', { message: 'the stream was silent for timeouts.idle_ms' })
  }
}
