// Which entries of what is known a request will look at: named before it is planned, so that they can come with its
// admission.
import type { Snapshot, TargetRecord } from '../catalog/snapshot.ts'
import type { RequestFacts } from '../ir/facts.ts'
import { homeKey, lockKey, placesOf, targetKey } from '../policy/health.ts'
import { groupsOf } from '../policy/degrade.ts'
import { matchRoute } from '../policy/match-route.ts'

/** Keys, by what they are keys of. */
export interface Watch {
  readonly locks: readonly string[]
  /** Of breakers, loads and speeds. */
  readonly targets: readonly string[]
  /** Of turns. */
  readonly providers: readonly string[]
  readonly homes: readonly string[]
  /** Of cursors. */
  readonly routes: readonly string[]
}

/** Everything that planning this request may read. */
export function watchOf(facts: RequestFacts, snapshot: Snapshot): Watch {
  const match = matchRoute(facts.model, snapshot)
  const locks = new Set<string>()
  const targets = new Set<string>()
  const providers = new Set<string>()
  const homes = new Set<string>()
  const route = match?.route?.name ?? null
  const look = (target: TargetRecord, model: string, route: string | null): void => {
    const destination = { route, target, model }
    targets.add(targetKey(destination))
    providers.add(target.provider)
    if (facts.sessionKey !== undefined) homes.add(homeKey(target.provider, facts.sessionKey))
    const accounts = snapshot.providers.get(target.provider)?.accounts.map((account) => account.id) ?? []
    for (const account of accounts.length === 0 ? [null] : accounts)
      for (const place of Object.values(placesOf(destination, account))) locks.add(lockKey(place))
  }
  for (const group of match === undefined ? [] : groupsOf(match, snapshot))
    for (const target of group.targets)
      look(target, target.model === '*' ? (match?.clientModel ?? '') : target.model, group.route?.name ?? null)
  return {
    locks: [...locks],
    targets: [...targets],
    providers: [...providers],
    homes: [...homes],
    routes: route === null ? [] : [route],
  }
}
