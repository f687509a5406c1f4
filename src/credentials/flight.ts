// One question at a time, however many want the answer. Plain data that everybody may look at: a shared promise would hang
// on Workers, where a request may not wait for what another one started, and where the one who asks may be taken away.
import type { Clock } from '../ports/index.ts'

/** A question under way. */
interface Flight {
  readonly number: number
  /** Monotonic milliseconds of the asker's last sign of life. */
  beatAt: number
}

/** The questions to one source: at most one under way, and what came of the last one. */
export interface FlightLog<T> {
  current: Flight | undefined
  last: { readonly number: number; readonly answer: T } | undefined
  count: number
}

/** How often an asker shows that it is still there. */
export const beatMs = 1000
/** Silent for longer than this, an asker is thought gone, and somebody else asks. */
export const goneMs = 5000
/** The longest that a request waits for what another one asked. */
export const waitMs = 30_000
const firstPauseMs = 5
const longestPauseMs = 100
// A stalled event loop delays beats as well as looks at them: the beat that is due gets its turn before it is missed.
const doubtsNeeded = 3

/** A log of nothing yet. */
export function newFlightLog<T>(): FlightLog<T> {
  return { current: undefined, last: undefined, count: 0 }
}

/**
 * Asks, or takes what comes of the question that is under way. `ask` never rejects. `late` is the answer for somebody who
 * has waited for `waitMs`.
 */
export async function askOnce<T>(log: FlightLog<T>, clock: Clock, ask: () => Promise<T>, late: () => T): Promise<T> {
  const joined = log.current?.number
  if (joined === undefined) return fly(log, clock, ask)
  const began = clock.mono()
  let pause = firstPauseMs
  let doubts = 0
  while (clock.mono() - began < waitMs) {
    await rest(clock, pause)
    if (log.last !== undefined && log.last.number >= joined) return log.last.answer
    const flight = log.current
    if (flight === undefined) return fly(log, clock, ask)
    doubts = clock.mono() - flight.beatAt > goneMs ? doubts + 1 : 0
    if (doubts >= doubtsNeeded) return fly(log, clock, ask)
    pause = Math.min(longestPauseMs, pause * 1.5)
  }
  return late()
}

async function fly<T>(log: FlightLog<T>, clock: Clock, ask: () => Promise<T>): Promise<T> {
  log.count += 1
  const flight: Flight = { number: log.count, beatAt: clock.mono() }
  log.current = flight
  let stop = (): void => {}
  const beat = (): void => {
    flight.beatAt = clock.mono()
    stop = clock.after(beatMs, beat)
  }
  beat()
  try {
    const answer = await ask()
    // Somebody who took over may have been faster; what is newer stays.
    if (log.last === undefined || log.last.number < flight.number) log.last = { number: flight.number, answer }
    return answer
  } finally {
    stop()
    if (log.current === flight) log.current = undefined
  }
}

function rest(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve)
  })
}
