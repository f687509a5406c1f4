// One request at a coordinator that is somewhere else: what it knows, and the letters it sends, in their order.
import { closed, isHealthy, type Breaker } from '../policy/breaker.ts'
import type { Health } from '../policy/health.ts'
import type { Random } from '../ports/index.ts'
import type { AdmissionAsk, Session } from './coordinator.ts'
import type { CoordinationEvent } from './event.ts'
import { nothingKnown, shifted, touchedBy } from './known.ts'
import type { AdmitAnswer, CoordinationServer, ProbeMessage, Told } from './messages.ts'
import { createOutbox, type OutboxOptions } from './outbox.ts'
import type { Instance } from './remote-instance.ts'
import { localSession, randomFor, sessionOf } from './session.ts'
import { createState, type CoordinationState } from './state.ts'

/** The way to the server; without one a request goes by what its instance knows. */
export interface Link {
  readonly server: CoordinationServer
  readonly owner: string
  readonly answer: AdmitAnswer
}

export interface SessionOptions extends OutboxOptions {
  readonly ask: AdmissionAsk
  readonly link: Link | undefined
  readonly instance: Instance
  readonly random: Random
}

/** A session that tells a server, or goes by what its instance knows. */
export function openSession(options: SessionOptions): Session {
  const { ask, link, instance, random } = options
  if (link !== undefined) return linkedSession(options, link)
  const { state, now } = instance
  return localSession({ state, now, random, requestId: ask.requestId })
}

function linkedSession(options: SessionOptions, { server, owner, answer }: Link): Session {
  const { ask, instance, limits, clock, random } = options
  const startedMono = clock.mono()
  const now = (): number => answer.now + (clock.mono() - startedMono)
  const ahead = answer.now - instance.now()
  const own = createState()
  own.learn(answer.known)
  const health = (): Health => healthOf(server, own, instance.state, now())
  const outbox = createOutbox(options, server, owner)
  const slots = ask.slots.map(({ name }) => name)
  const probes: string[] = []
  let isSettled = false
  // Where nothing is held and nothing counted, there is nothing to renew.
  const isHeld = slots.length > 0 || server.keeps === 'everything'
  const cancelRenewal = isHeld ? repeat(options, () => outbox.renew(slots)) : (): void => {}
  return sessionOf({
    now,
    health,
    tell(event) {
      const told: Told = { event, random: randomFor(event, random) }
      const before = health()
      const isNews = (server.concerns?.(event, before) ?? true) || endsRowOfFailures(event, instance.state)
      const urgent = isNews && isUrgent(event, before)
      own.apply(event, now(), told.random)
      const here = shifted(event, -ahead)
      instance.state.apply(here, instance.now(), told.random)
      closeStale(here, own, instance.state)
      if (isNews) outbox.put(told, urgent || isSettled)
    },
    async claimProbe(target) {
      const probe = { target, prober: ask.requestId }
      const asked = Promise.resolve().then(() => server.claimProbe(probe))
      const claimed = await options.within(limits.patienceMs, () => asked)
      if (claimed === undefined) options.defer(givenBackLate(asked, probe, { server, owner }))
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

/** Every `renewMs`, until the returned function is called. */
function repeat({ clock, limits }: Pick<SessionOptions, 'clock' | 'limits'>, call: () => void): () => void {
  const again = (): (() => void) =>
    clock.after(limits.renewMs, () => {
      call()
      cancel = again()
    })
  let cancel = again()
  return () => cancel()
}

/** Gives back a probe whose answer was not waited for: it may have been granted all the same, also where that was lost. */
async function givenBackLate(
  asked: Promise<Breaker | null>,
  probe: ProbeMessage,
  { server, owner }: Pick<Link, 'server' | 'owner'>,
): Promise<void> {
  const isHeld = await asked.then(
    (claimed) => claimed !== null,
    () => true,
  )
  try {
    if (isHeld) await server.report({ owner, told: [], probes: [probe], release: null })
  } catch {
    // Its lease ends by itself.
  }
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

/**
 * An answer of a target that has failed since the request was let in, as far as this instance knows: what the request was
 * told says that nobody would miss it, and the failures would seem to come one after the other.
 */
function endsRowOfFailures(event: CoordinationEvent, { breakers }: Pick<CoordinationState, 'breakers'>): boolean {
  if (event.type !== 'ended' || event.outcome.type !== 'completed') return false
  const seen = breakers.get(touchedBy(event.use).breaker)
  return seen !== undefined && !seen.isOpen && !isHealthy(seen)
}

/**
 * Closes what this instance still thinks is open after an answer of a target that is open to nobody: its probe was given by
 * the server, to whomever, and the instance heard nothing of that. It goes by its own breakers where the server is away.
 */
function closeStale(event: CoordinationEvent, shared: CoordinationState, instance: CoordinationState): void {
  if (event.type !== 'ended' || event.outcome.type !== 'completed') return
  const key = touchedBy(event.use).breaker
  const stale = instance.breakers.get(key)
  if (stale?.isOpen !== true || event.use.startedAt < stale.since || shared.breakers.get(key)?.isOpen === true) return
  instance.learn({ ...nothingKnown, breakers: [[key, closed(stale)]] })
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
