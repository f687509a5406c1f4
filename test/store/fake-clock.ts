// A clock that moves only when told, and lets promises settle between timers.
import type { Clock } from '../../src/ports/index.ts'

export interface FakeClock extends Clock {
  /** Moves on by `ms`, firing timers in order. */
  advance(ms: number): Promise<void>
  /** Lets everything that waits on promises alone run. */
  settle(): Promise<void>
  /** Timers that are set. */
  pending(): number
}

interface Timer {
  readonly at: number
  readonly order: number
  readonly call: () => void
}

export function createFakeClock(): FakeClock {
  let time = 0
  let order = 0
  const timers = new Set<Timer>()

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done))
  }

  function due(until: number): Timer | undefined {
    return [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0]
  }

  return {
    now: () => 1_790_000_000_000 + time,
    mono: () => time,
    after: (ms, call) => {
      order += 1
      const timer: Timer = { at: time + ms, order, call }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance: async (ms) => {
      const until = time + ms
      await settle()
      for (let timer = due(until); timer !== undefined; timer = due(until)) {
        timers.delete(timer)
        time = Math.max(time, timer.at)
        timer.call()
        await settle()
      }
      time = until
    },
    settle,
    pending: () => timers.size,
  }
}
