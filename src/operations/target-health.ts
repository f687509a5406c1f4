// How every target of every route is doing, for the operations that show it: what serving goes by, read and not touched.
import { didYouMean } from '../catalog/hints.ts'
import { GatewayError } from '../ir/error.ts'
import type { RouteRecord, Snapshot, TargetRecord } from '../catalog/snapshot.ts'
import {
  breakerInUse,
  breakerPhase,
  freshBreaker,
  isProbed,
  type Breaker,
  type BreakerPhase,
} from '../policy/breaker.ts'
import { accountLock, targetKey, targetLock, type Destination, type Health } from '../policy/health.ts'
import type { Lock } from '../policy/locks.ts'
import { directTarget } from '../policy/match-route.ts'
import type { CoordinationSight, LockView, OperationContext } from './operation.ts'
import { missingVariables } from './provider-lookup.ts'

/** Why a target is not tried at the moment. Stable codes, those of the planner where it has one. */
export type TargetTrouble =
  | 'provider_missing'
  | 'missing_credential'
  | 'target_locked'
  | 'account_locked'
  | 'breaker_open'
  | 'breaker_probing'

/** One target with a model. `*` stands for the models that nobody has asked for yet. */
export interface TargetHealth {
  /** Null: a provider that is named directly. */
  readonly route: string | null
  readonly target: TargetRecord
  readonly model: string
  readonly phase: BreakerPhase
  readonly breaker: Breaker
  readonly isProbed: boolean
  /** What keeps requests away from it, or some of them. */
  readonly locks: readonly LockView[]
  readonly accounts: { readonly all: number; readonly ready: number }
  readonly inFlight: number
  readonly firstContentMs: number | null
  readonly totalMs: number | null
  readonly trouble: TargetTrouble | null
  /** The failure behind it. */
  readonly failure: string | null
  /** Unix milliseconds; null where it does not end by itself. */
  readonly until: number | null
}

/**
 * Every target of the configuration, and those of providers named directly that were used; in the order of the file.
 * @param route only those of this route; throws `not_found` where there is none
 */
export function targetsHealth(
  context: OperationContext,
  sight: CoordinationSight,
  route?: string,
): readonly TargetHealth[] {
  const { snapshot } = context
  if (route !== undefined && !snapshot.routes.has(route)) throw noRoute(route, snapshot)
  return destinationsOf(snapshot, sight.health)
    .filter((destination) => route === undefined || destination.route === route)
    .map((destination) => healthOf(destination, context, sight))
}

/** The error of a route that is not there, with the nearest one. */
export function noRoute(name: string, { routes }: Pick<Snapshot, 'routes'>): GatewayError {
  const said = [`no route ${JSON.stringify(name)}`, didYouMean(name, routes.keys())]
  return new GatewayError('not_found', {
    message: said.filter((part) => part !== undefined).join(', '),
    param: 'route',
  })
}

type Place = Destination & { readonly target: TargetRecord }

function destinationsOf(snapshot: Snapshot, health: Health): readonly Place[] {
  const seen = seenModels(health)
  const routes = [...snapshot.routes.values()].flatMap((route) =>
    route.targets.flatMap((target) => placesOfTarget(route, target, seen)),
  )
  const direct = [...snapshot.providers.keys()].flatMap((provider) =>
    [...(seen.get(`\u0000${provider}`) ?? [])].map((model) => ({
      route: null,
      target: directTarget(provider, model),
      model,
    })),
  )
  return [...routes, ...direct]
}

function placesOfTarget({ name: route }: RouteRecord, target: TargetRecord, seen: Seen): readonly Place[] {
  if (target.model !== '*') return [{ route, target, model: target.model }]
  const models = [...(seen.get(`${route}\u0000${target.name}`) ?? []), '*']
  return models.map((model) => ({ route, target, model }))
}

/** Models that were asked for, by route and target. */
type Seen = ReadonlyMap<string, ReadonlySet<string>>

function seenModels({ breakers, loads, speeds }: Health): Seen {
  const seen = new Map<string, Set<string>>()
  for (const map of [breakers, loads, speeds])
    for (const key of map.keys()) {
      const [route = '', target = '', model = ''] = key.split('\u0000')
      const place = `${route}\u0000${target}`
      seen.set(place, (seen.get(place) ?? new Set()).add(model))
    }
  return seen
}

function healthOf(place: Place, context: OperationContext, sight: CoordinationSight): TargetHealth {
  const { health } = sight
  const key = targetKey(place)
  const breaker =
    breakerInUse(health.breakers.get(key), place.target.breaker ?? context.snapshot.policy.direct.breaker) ??
    freshBreaker
  const speed = health.speeds.get(key)
  const accounts = accountsOf(place, context, health)
  const trouble = troubleOf(place, breaker, accounts, context, health)
  return {
    ...place,
    phase: breakerPhase(breaker, health.now),
    breaker,
    isProbed: breaker.isOpen && isProbed(breaker, health.now),
    locks: sight.locks.filter((lock) => concerns(lock, place)),
    accounts: { all: accounts.length, ready: accounts.filter(({ lock, isMissing }) => !lock && !isMissing).length },
    inFlight: health.loads.get(key) ?? 0,
    firstContentMs: speed?.ttft === undefined ? null : Math.round(speed.ttft.ms),
    totalMs: speed?.total === undefined ? null : Math.round(speed.total.ms),
    trouble: trouble?.code ?? null,
    failure: trouble?.failure ?? null,
    until: trouble?.until === undefined ? null : sight.wall(trouble.until),
  }
}

/** Whether a lock keeps requests away from a target, with one of its accounts or with all of them. */
export function concerns(lock: LockView, { target, model }: Pick<Place, 'target' | 'model'>): boolean {
  if (lock.provider !== target.provider) return false
  if (target.account !== null && lock.account !== target.account) return false
  return lock.on === 'account' || ((model === '*' || lock.model === model) && lock.region === target.region)
}

interface AccountHealth {
  readonly lock: Lock | undefined
  /** Its secret is nowhere to be found. */
  readonly isMissing: boolean
}

function accountsOf(place: Place, context: OperationContext, health: Health): readonly AccountHealth[] {
  const provider = context.snapshot.providers.get(place.target.provider)
  if (provider === undefined) return []
  const { account } = place.target
  const ids = account === null ? provider.accounts.map(({ id }) => id) : [account]
  return (ids.length === 0 ? [null] : ids).map((id) => ({
    lock: accountLock(health, place, id),
    isMissing: id !== null && missingVariables(context, provider, id).length > 0,
  }))
}

interface Trouble {
  readonly code: TargetTrouble
  readonly failure?: string
  readonly until?: number
}

// In the order in which the planner asks.
function troubleOf(
  place: Place,
  breaker: Breaker,
  accounts: readonly AccountHealth[],
  { snapshot }: OperationContext,
  health: Health,
): Trouble | undefined {
  if (!snapshot.providers.has(place.target.provider)) return { code: 'provider_missing' }
  const lock = targetLock(health, place)
  if (lock !== undefined) return { code: 'target_locked', failure: lock.code, until: lock.until }
  const usable = accounts.filter(({ isMissing }) => !isMissing)
  if (usable.length === 0) return { code: 'missing_credential' }
  const locks = usable.map((account) => account.lock)
  if (locks.every((held) => held !== undefined)) {
    const soonest = locks.reduce((first, next) => (next.until < first.until ? next : first))
    return { code: 'account_locked', failure: soonest.code, until: soonest.until }
  }
  const failure = breaker.code ?? undefined
  const told = failure === undefined ? {} : { failure }
  if (breakerPhase(breaker, health.now) === 'open') return { code: 'breaker_open', ...told, until: breaker.until }
  if (breaker.isOpen && isProbed(breaker, health.now))
    return { code: 'breaker_probing', ...told, until: breaker.probe?.until ?? breaker.until }
  return undefined
}
