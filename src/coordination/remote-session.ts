// One request at a coordinator that is somewhere else: what it knows, and the letters it sends, in their order.
import type { Health } from '../policy/health.ts'
import type { Clock, Defer, Random } from '../ports/index.ts'
import type { AdmissionAsk, Session } from './coordinator.ts'
import type { CoordinationEvent } from './event.ts'
import { nothingKnown, shifted, touchedBy } from './known.ts'
import type { AdmitAnswer, CoordinationServer, ProbeMessage, Told } from './messages.ts'
import type { Instance, RemoteLimits } from './remote-instance.ts'
import { createState, stateLimits, type CoordinationState } from './state.ts'

/** The way to the server; without one a request goes by what its instance knows. */
export interface Link {
  readonly server: CoordinationServer
  readonly owner: string
  readonly answer: AdmitAnswer
}

export interface SessionOptions {
  readonly ask: AdmissionAsk
  readonly link: Link | undefined
  readonly instance: Instance
  readonly limits: RemoteLimits
  readonly clock: Clock
  readonly random: Random
  readonly defer: Defer
  /** The answer, or undefined where it does not come in time. */
  within<T>(ms: number, call: () => T | Promise<T>): Promise<T | undefined>
  /** Counts what did not arrive. */
  lose(count: number): void
}

/** A session that tells a server. */
export function openSession(options: SessionOptions): Session {
  const { link } = options
  return link === undefined ? ownSession(options) : linkedSession(options, link)
}

function ownSession({ ask, instance, random }: SessionOptions): Session {
  const { state, now } = instance
  const probes: string[] = []
  return sessionOf({
    now,
    health: () => state.health(now()),
    tell: (event) => state.apply(event, now(), random.next()),
    claimProbe(target) {
      const isMine = state.claimProbe(target, ask.requestId, now())
      if (isMine) probes.push(target)
      return isMine
    },
    settle() {
      for (const target of probes.splice(0)) state.releaseProbe(target, ask.requestId)
    },
  })
}

function linkedSession(options: SessionOptions, { server, owner, answer }: Link): Session {
  const { ask, instance, limits, clock, random } = options
  const startedMono = clock.mono()
  const now = (): number => answer.now + (clock.mono() - startedMono)
  const ahead = answer.now - instance.now()
  const own = createState(stateLimits)
  own.learn(answer.known)
  const health = (): Health => healthOf(server, own, instance.state, now())
  const outbox = createOutbox(options, server, owner)
  const slots = ask.slots.map(({ name }) => name)
  const probes: string[] = []
  let isSettled = false
  let cancelRenewal = (): void => {}
  const renewLater = (): void => {
    if (slots.length === 0 && server.keeps !== 'everything') return
    cancelRenewal = clock.after(limits.renewMs, () => {
      outbox.renew(slots)
      renewLater()
    })
  }
  renewLater()
  return sessionOf({
    now,
    health,
    tell(event) {
      const told: Told = { event, random: event.type === 'ended' ? random.next() : 0 }
      const before = health()
      const isNews = server.concerns?.(event, before) ?? true
      const urgent = isNews && isUrgent(event, before)
      own.apply(event, now(), told.random)
      instance.state.apply(shifted(event, -ahead), instance.now(), told.random)
      if (isNews) outbox.put(told, urgent || isSettled)
    },
    async claimProbe(target) {
      const claimed = await options.within(limits.patienceMs, () =>
        server.claimProbe({ target, prober: ask.requestId }),
      )
      if (claimed === undefined || claimed === null) return false
      own.learn({ ...nothingKnown, breakers: [[target, claimed]] })
      probes.push(target)
      return true
    },
    settle() {
      if (isSettled) return
      isSettled = true
      cancelRenewal()
      // One that led to no call would keep the others out until its lease ends.
      const idle = probes.filter((target) => own.breakers.get(target)?.probe?.owner === ask.requestId)
      outbox.close(
        slots,
        idle.map((target) => ({ target, prober: ask.requestId })),
      )
    },
  })
}

function healthOf(
  server: CoordinationServer,
  own: CoordinationState,
  instance: CoordinationState,
  now: number,
): Health {
  const health = own.health(now)
  if (server.keeps === 'everything') return health
  return { ...instance.health(now), locks: health.locks, breakers: health.breakers }
}

/** What others route by while this request is still under way; the rest can wait. */
function isUrgent(event: CoordinationEvent, { breakers }: Health): boolean {
  switch (event.type) {
    case 'planned':
    case 'turn':
      return true
    case 'began':
      return false
    case 'accepted':
      return breakers.get(touchedBy(event.use).breaker)?.probe?.owner === event.use.requestId
    case 'ended':
      return event.outcome.type === 'failed'
  }
}

interface Teller {
  now(): number
  health(): Health
  tell(event: CoordinationEvent): void
  claimProbe: Session['claimProbe']
  settle(): void
}

function sessionOf({ tell, ...rest }: Teller): Session {
  return {
    ...rest,
    planned: (step) => tell({ type: 'planned', step }),
    takeTurn: (provider) => tell({ type: 'turn', provider }),
    began: (use) => tell({ type: 'began', use }),
    accepted: (use) => tell({ type: 'accepted', use }),
    ended: (use, outcome, settings) => tell({ type: 'ended', use, outcome, settings }),
  }
}

interface Outbox {
  put(told: Told, isUrgent: boolean): void
  renew(slots: readonly string[]): void
  /** Nothing more is held; what comes after it is still sent. */
  close(slots: readonly string[], probes: readonly ProbeMessage[]): void
}

function createOutbox(
  { limits, clock, defer, within, lose }: SessionOptions,
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
