// Waiting that costs nobody anything: it ends at once when the client leaves.
import type { Clock } from '../ports/index.ts'

/** Waits `ms` milliseconds. Resolves to false where the client left meanwhile (or had left before). */
export function pause(clock: Clock, ms: number, clientSignal: AbortSignal): Promise<boolean> {
  if (clientSignal.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const leave = (): void => {
      disarm()
      resolve(false)
    }
    const disarm = clock.after(ms, () => {
      clientSignal.removeEventListener('abort', leave)
      resolve(true)
    })
    clientSignal.addEventListener('abort', leave, { once: true })
  })
}
