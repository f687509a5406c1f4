// Requests that wait for a slot: in the order in which they came to this process, each by a timer of its own. They share
// plain data and wake nobody: on Workers no request may settle what another one waits for.
import type { AdmissionAsk, Coordinator, Session, Soon } from '../coordination/coordinator.ts'
import { pause } from '../engine/pause.ts'
import { failed, type Outcome } from '../ir/error.ts'
import type { Clock, Random } from '../ports/index.ts'

/** How many may wait, and how often they look, in milliseconds. */
export const queueLimits = {
  maxWaiting: 1000,
  /** The first in the line looks this often; those behind it less so. */
  pollMs: 10,
  maxPollMs: 200,
  /** Where the coordinator is far away: at first, and half as long again each time, to the last. */
  remotePollMs: 50,
  maxRemotePollMs: 500,
  /** Who should have left the line so long ago is gone. */
  goneMs: 5000,
} as const

/** Who waits, first come first, and until when (monotonic milliseconds). Entries are compared by identity. */
export type AdmissionQueue = { readonly until: number }[]

export interface AdmissionOptions {
  readonly coordinator: Coordinator
  readonly queue: AdmissionQueue
  readonly clock: Clock
  readonly random: Random
  readonly clientSignal: AbortSignal
  /** How long a request may wait; 0 for not at all. */
  readonly timeoutMs: number
  /** Told how long a request waited, in milliseconds, where it did. */
  readonly onWaited: (ms: number) => void
}

/**
 * Lets a request in, after a wait where every slot is taken. Fails with `overloaded` where the line is full or the time is
 * up, with `client_cancelled` where the client left: nothing is held then.
 */
export function admit(ask: AdmissionAsk, options: AdmissionOptions): Soon<Outcome<Session>> {
  const { coordinator, queue } = options
  forgetGone(queue, options.clock.mono())
  // Nobody overtakes those who wait already.
  if (queue.length > 0 && ask.slots.length > 0) return waitInLine(ask, options, false)
  const admitted = coordinator.admit(ask)
  if (admitted instanceof Promise)
    return admitted.then((answer) => (isFull(answer) ? waitInLine(ask, options, true) : answer))
  return isFull(admitted) ? waitInLine(ask, options, false) : admitted
}

// A tenant at its own limit is told at once: it would keep the others waiting.
function isFull(admitted: Outcome<Session>): boolean {
  return !admitted.ok && admitted.error.code === 'overloaded'
}

async function waitInLine(ask: AdmissionAsk, options: AdmissionOptions, isFarAway: boolean): Promise<Outcome<Session>> {
  const { queue, clock, timeoutMs } = options
  if (timeoutMs <= 0) return failed('overloaded', { retryAfterMs: 1000 })
  if (queue.length >= queueLimits.maxWaiting)
    return failed('overloaded', { message: 'too many requests wait for a slot already', retryAfterMs: 1000 })
  const began = clock.mono()
  const ticket = { until: began + timeoutMs }
  queue.push(ticket)
  try {
    return await untilAdmitted(ask, options, ticket, isFarAway)
  } finally {
    const place = queue.indexOf(ticket)
    if (place >= 0) queue.splice(place, 1)
    options.onWaited(clock.mono() - began)
  }
}

// A runtime may end a request in the middle of its wait, with nothing run after it: it must not keep the others for ever.
function forgetGone(queue: AdmissionQueue, now: number): void {
  for (let first = queue[0]; first !== undefined && first.until + queueLimits.goneMs < now; first = queue[0])
    queue.shift()
}

async function untilAdmitted(
  ask: AdmissionAsk,
  { coordinator, queue, clock, random, clientSignal }: AdmissionOptions,
  ticket: AdmissionQueue[number],
  isFarAway: boolean,
): Promise<Outcome<Session>> {
  let far = isFarAway
  for (let asked = 0; ;) {
    const left = ticket.until - clock.mono()
    if (left <= 0)
      return failed('overloaded', {
        message: 'no slot was free within limits.admission_timeout_ms',
        retryAfterMs: 1000,
      })
    const poll = meanPollMs(queue.indexOf(ticket), far ? asked : undefined) * (0.75 + random.next() / 2)
    if (!(await pause(clock, Math.min(left, poll), clientSignal))) return failed('client_cancelled')
    forgetGone(queue, clock.mono())
    if (queue[0] !== ticket) continue
    const answer = coordinator.admit(ask)
    asked++
    far = answer instanceof Promise
    const admitted = far ? await answer : (answer as Outcome<Session>)
    if (isFull(admitted)) continue
    if (!admitted.ok || !clientSignal.aborted) return admitted
    admitted.value.settle()
    return failed('client_cancelled')
  }
}

// Of one in the line; `farAsked`: how often a coordinator that is far away was asked already. Spread around this, so that
// instances that wait for one slot do not ask in step.
function meanPollMs(place: number, farAsked: number | undefined): number {
  const { pollMs, maxPollMs, remotePollMs, maxRemotePollMs } = queueLimits
  if (place > 0) return Math.min(pollMs + 2 * place, maxPollMs)
  return farAsked === undefined ? pollMs : Math.min(remotePollMs * 1.5 ** farAsked, maxRemotePollMs)
}
