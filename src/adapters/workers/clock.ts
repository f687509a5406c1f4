// Time of an isolate behind the core's port.
import type { Clock } from '../../ports/index.ts'

/** The isolate's clock; it stands still while nothing is awaited. */
export const isolateClock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, Math.min(ms, 0x7fffffff))
    return () => clearTimeout(timer)
  },
}
