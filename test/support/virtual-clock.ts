// A clock that stands still until a test moves it, so that no test sleeps.
import type { Clock } from '../../src/ports/index.ts'

interface Entry {
  readonly at: number
  readonly call: () => void
}

export interface VirtualClock extends Clock {
  /** Moves time forward, calling what falls due in order, and lets promises settle in between. */
  advance(ms: number): Promise<void>
  /** Somebody sets the wall clock, forward or back; no time passes. */
  jump(ms: number): void
  /** Entries that are still armed. */
  pending(): number
}

/** Starts at a fixed wall time; monotonic time starts at 0. */
export function createVirtualClock(start = 1_790_000_000_000): VirtualClock {
  let elapsed = 0
  let skew = 0
  const entries = new Set<Entry>()
  return {
    now: () => start + elapsed + skew,
    mono: () => elapsed,
    after(ms, call) {
      const entry = { at: elapsed + Math.max(0, ms), call }
      entries.add(entry)
      return () => void entries.delete(entry)
    },
    jump: (ms) => void (skew += ms),
    pending: () => entries.size,
    async advance(ms) {
      const target = elapsed + ms
      for (;;) {
        await drainMicrotasks()
        const due = [...entries].filter((entry) => entry.at <= target).sort((a, b) => a.at - b.at)[0]
        if (due === undefined) break
        entries.delete(due)
        elapsed = Math.max(elapsed, due.at)
        due.call()
      }
      elapsed = target
      await drainMicrotasks()
    },
  }
}

/** Lets everything that is ready run; the number is far above any chain of awaits in the gateway. */
export async function drainMicrotasks(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve()
  // Streams settle in macrotasks on some runtimes.
  await new Promise((resolve) => setImmediate(resolve))
}
