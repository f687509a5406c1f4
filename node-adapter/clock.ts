// Time, randomness and background work of Node, Bun and Deno behind the core's ports.
import type { Clock, Defer, Random } from '../src/ports/index.ts'

/** The machine's clock. Timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, Math.min(ms, 0x7fffffff))
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** The runtime's cryptographic randomness. */
export const systemRandom: Random = {
  next: () => Math.random(),
  id: () => crypto.randomUUID().replaceAll('-', '').slice(0, 24),
}

/** Deferred work that a graceful stop can wait for. */
export function createDefer(): { readonly defer: Defer; settled(): Promise<void> } {
  const pending = new Set<Promise<unknown>>()
  return {
    defer(work) {
      const guarded = work.catch(() => {}).finally(() => pending.delete(guarded))
      pending.add(guarded)
    },
    async settled() {
      while (pending.size > 0) await Promise.all(pending)
    },
  }
}
