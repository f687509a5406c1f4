// Coordination through somebody else: another object, or a database. A request asks once and is answered with what it has to
// know; from then on it goes by a small state of its own, and tells what happens without waiting. Between requests only
// plain data is shared, because on Workers a promise of one request hangs another.
import { failed, GatewayError, ok, type Outcome } from '../ir/error.ts'
import type { Clock, Defer, Log, Random } from '../ports/index.ts'
import { breakersOfView } from './instance-view.ts'
import type { AdmissionAsk, CoordinationView, Coordinator, Guarantee, Session } from './coordinator.ts'
import type { AdmitAnswer, AdmitMessage, CoordinationServer } from './messages.ts'
import { remoteLimits, type Instance, type RemoteLimits } from './remote-instance.ts'
import { openSession, type Link } from './remote-session.ts'
import { refusalOf } from './slots.ts'
import { createState } from './state.ts'
import { createSteadyClock } from './steady-clock.ts'

export interface RemoteOptions {
  /** Who is asked for a request; made anew for each one where a runtime ties connections to requests. */
  readonly serverFor: (ask: Pick<AdmissionAsk, 'tenant' | 'settings'>) => Asked
  /** Who answers operators. */
  readonly operators: () => CoordinationServer
  readonly clock: Clock
  readonly random: Random
  readonly defer: Defer
  readonly log: Log
  readonly guarantee: Guarantee
  readonly limits?: Partial<RemoteLimits>
}

/** A server, and what else it has to be told with an admission. */
export interface Asked {
  readonly server: CoordinationServer
  readonly share?: AdmitMessage['share']
}

/** A coordinator whose instances agree through a server. */
export function createRemoteCoordinator(options: RemoteOptions): Coordinator {
  const limits: RemoteLimits = { ...remoteLimits, ...options.limits }
  const { clock, log } = options
  const instance: Instance = {
    state: createState(),
    now: createSteadyClock(() => clock.now()),
    awayUntil: -Infinity,
    isAway: false,
    lost: 0,
    lostLoggedAt: -Infinity,
  }

  /** Undefined where it does not come in time, or fails. */
  const within = <T>(ms: number, call: () => T | Promise<T>): Promise<T | undefined> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, () => resolve(undefined))
      const give = (value: T | undefined): void => {
        cancel()
        resolve(value)
      }
      promised(call).then(give, () => give(undefined))
    })

  async function admit(ask: AdmissionAsk): Promise<Outcome<Session>> {
    if (ask.slots.length === 0 && clock.mono() < instance.awayUntil) return ok(sessionOf(ask, undefined))
    const { server, share } = options.serverFor(ask)
    const owner = options.random.id()
    const asked = promised(() =>
      server.admit({
        owner,
        slots: ask.slots,
        leaseMs: limits.leaseMs,
        watch: ask.watch(),
        ...(share !== undefined && { share }),
      }),
    )
    const patienceMs = ask.slots.length === 0 ? limits.patienceMs : limits.slotPatienceMs
    const answer = await within(patienceMs, () => asked)
    if (answer === undefined) return unanswered(ask, server, owner, asked)
    if (instance.isAway) log.info('coordinator_is_back', { backend: options.guarantee.backend })
    instance.isAway = false
    instance.awayUntil = -Infinity
    if (answer.refused !== null) return failed(refusalOf(answer.refused), { retryAfterMs: 1000 })
    return ok(sessionOf(ask, { server, owner, answer }))
  }

  // A limit that cannot be asked is not one that may be passed; what is known here is better than nothing.
  function unanswered(
    ask: AdmissionAsk,
    server: CoordinationServer,
    owner: string,
    asked: Promise<AdmitAnswer>,
  ): Outcome<Session> {
    instance.awayUntil = clock.mono() + limits.awayMs
    if (!instance.isAway)
      log.error('coordinator_is_away', {
        backend: options.guarantee.backend,
        hint: 'requests are served by what this instance knows; where a concurrency limit is set, they are refused',
      })
    instance.isAway = true
    if (ask.slots.length === 0) return ok(sessionOf(ask, undefined))
    const release = ask.slots.map(({ name }) => name)
    // It may have been granted all the same, also where the answer was lost.
    options.defer(
      asked
        .then(
          ({ refused }) => refused === null,
          () => true,
        )
        .then((isHeld) => (isHeld ? server.report({ owner, told: [], probes: [], release }) : undefined))
        .catch(() => {}),
    )
    return failed('store_unavailable', {
      message: 'the coordinator that counts the requests in flight does not answer',
      retryAfterMs: 1000,
    })
  }

  function sessionOf(ask: AdmissionAsk, link: Link | undefined): Session {
    return openSession({ ...options, ask, link, instance, limits, within, lose })
  }

  function lose(count: number): void {
    instance.lost += count
    if (clock.mono() - instance.lostLoggedAt < limits.lossLogMs) return
    instance.lostLoggedAt = clock.mono()
    log.error('coordination_reports_lost', { backend: options.guarantee.backend, lost: instance.lost })
  }

  async function operate<T>(call: (server: CoordinationServer) => T | Promise<T>): Promise<T> {
    const answer = await within(limits.backgroundPatienceMs, async () => ({ value: await call(options.operators()) }))
    if (answer !== undefined) return answer.value
    throw new GatewayError('store_unavailable', { message: 'the coordinator does not answer', retryAfterMs: 1000 })
  }

  return {
    guarantee: options.guarantee,
    admit,
    async view(): Promise<CoordinationView> {
      const { keeps, view } = await operate(async (server) => ({ keeps: server.keeps, view: await server.view() }))
      const { known, now } = view
      const own = instance.state.health(now)
      const locks = new Map(known.locks)
      const isAll = keeps === 'everything'
      const breakers = isAll ? new Map(known.breakers) : breakersOfView(own.breakers, known.breakers)
      const agreed = { ...own, locks, breakers }
      const rest = {
        turns: new Map(known.turns),
        homes: new Map(known.homes),
        loads: new Map(known.loads),
        speeds: new Map(known.speeds),
        cursors: new Map(known.cursors),
      }
      return {
        now,
        health: isAll ? { ...agreed, ...rest } : agreed,
        locks: [...locks.values()],
        breakers,
        tallies: isAll ? new Map(view.tallies) : instance.state.tallies,
        slots: new Map(view.slots),
      }
    },
    async resetLocks(selector) {
      instance.state.resetLocks(selector, instance.now())
      return operate((server) => server.resetLocks(selector))
    },
    async resetBreaker(route, target, model) {
      instance.state.resetBreaker(route, target, model)
      return operate((server) => server.resetBreaker(route, target, model))
    },
  }
}

/** A call that may throw at once, as one that fails. */
async function promised<T>(call: () => T | Promise<T>): Promise<T> {
  return call()
}
