// The letters that one request sends to a coordinator somewhere else, in their order.
import type { Clock, Defer } from '../ports/index.ts'
import type { CoordinationServer, ProbeMessage, Told } from './messages.ts'
import type { RemoteLimits } from './remote-instance.ts'

export interface OutboxOptions {
  readonly limits: RemoteLimits
  readonly clock: Clock
  readonly defer: Defer
  /** The answer, or undefined where it does not come in time. */
  within<T>(ms: number, call: () => T | Promise<T>): Promise<T | undefined>
  /** Counts what did not arrive. */
  lose(count: number): void
}

export interface Outbox {
  put(told: Told, isUrgent: boolean): void
  renew(slots: readonly string[]): void
  /** Nothing more is held; what comes after it is still sent. */
  close(slots: readonly string[], probes: readonly ProbeMessage[]): void
}

/** The letters of one request, which `owner` sends: one after the other, and nobody waits for them. */
export function createOutbox(
  { limits, clock, defer, within, lose }: OutboxOptions,
  server: CoordinationServer,
  owner: string,
): Outbox {
  let waiting: Told[] = []
  let probes: readonly ProbeMessage[] = []
  let release: readonly string[] | null = null
  let last: Promise<void> = Promise.resolve()
  let isSoon = false
  let cancelLater: (() => void) | undefined

  /** One letter after the other. */
  function send(count: number, call: () => void | Promise<void>): Promise<void> {
    last = last.then(async () => {
      const taken = await within(limits.backgroundPatienceMs, async () => {
        await call()
        return true
      })
      if (taken === undefined) lose(count)
    })
    return last
  }

  function flush(): Promise<void> {
    isSoon = false
    cancelLater?.()
    cancelLater = undefined
    if (waiting.length === 0 && probes.length === 0 && release === null) return last
    const message = { owner, told: waiting, probes, release }
    waiting = []
    probes = []
    release = null
    return send(Math.max(1, message.told.length), () => server.report(message))
  }

  // What happens in one go travels together.
  function soon(): void {
    if (isSoon) return
    isSoon = true
    defer(Promise.resolve().then(flush))
  }

  return {
    put(told, isUrgent) {
      waiting.push(told)
      if (isUrgent) soon()
      else cancelLater ??= clock.after(limits.reportDelayMs, soon)
    },
    renew: (slots) => defer(send(1, () => server.renew({ owner, slots, leaseMs: limits.leaseMs }))),
    close(slots, idle) {
      probes = idle
      // Where nothing is held and everything was told, there is nobody to tell.
      if (slots.length > 0 || server.keeps === 'everything') release = slots
      soon()
    },
  }
}
