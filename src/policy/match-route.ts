// A model name to the targets behind it, in the fixed order: route, auto, provider/model, glob route, default provider.
import { literalPrefix } from '../catalog/glob.ts'
import { profileOfName, scoreProfiles, type ScoreProfile } from '../catalog/score-profiles.ts'
import type { RouteRecord, Snapshot, TargetRecord } from '../catalog/snapshot.ts'
import type { ResolvedBy } from './decision.ts'

/** The targets behind a model name, before any of them is judged. */
export interface RouteMatch {
  readonly resolvedBy: ResolvedBy
  /** The configured route; null for a provider named directly. */
  readonly route: RouteRecord | null
  readonly targets: readonly TargetRecord[]
  /** What replaces `*` as a target's model. */
  readonly clientModel: string
  readonly unverified: boolean
  /** The name asked for targets by their score; null for any other name. */
  readonly profile: ScoreProfile | null
}

/**
 * Resolves a model name; undefined where nothing answers to it. A configured route wins over a provider of that name, and
 * over what `auto` and `auto/<profile>` mean without one: the targets of the `*` route, by their score.
 */
export function matchRoute(model: string, snapshot: Snapshot): RouteMatch | undefined {
  const exact = snapshot.routes.get(model)
  if (exact !== undefined && exact.match === null) return fromRoute(exact, model, 'route')
  const profile = profileOfName(model)
  if (profile !== undefined) return autoRoute(profile, model, snapshot)
  const slash = model.indexOf('/')
  if (slash > 0 && slash < model.length - 1) {
    const provider = model.slice(0, slash)
    if (snapshot.providers.has(provider))
      return direct(provider, model.slice(slash + 1), 'provider', !snapshot.models.has(model.slice(slash + 1)))
  }
  const glob = globRoute(model, snapshot)
  if (glob !== undefined) return fromRoute(glob, model, 'glob')
  if (snapshot.server.defaultProvider !== null)
    return direct(snapshot.server.defaultProvider, model, 'default_provider', true)
  return undefined
}

/** What to say of a name that nothing answers to; empty where the name says no more than that. */
export function hintOnName(model: string): string {
  if (profileOfName(model) !== undefined)
    return ': it chooses among the targets of a route with "match": {"model": "*"}'
  return model.startsWith('auto/') ? `: the profiles of auto are ${scoreProfiles.join(', ')}` : ''
}

function globRoute(model: string, { globRoutes }: Snapshot): RouteRecord | undefined {
  return globRoutes.length === 0
    ? undefined
    : globRoutes.find((route) => route.match !== null && matchGlob(route.match, model))
}

// A provider could make nothing of the name, so it is passed on only where a route says so.
function autoRoute(profile: ScoreProfile, model: string, snapshot: Snapshot): RouteMatch | undefined {
  const every = everyRoute(snapshot)
  if (every !== undefined) return { ...fromRoute(every, model, 'auto'), profile }
  const glob = globRoute(model, snapshot)
  return glob && fromRoute(glob, model, 'glob')
}

/** The `*` route where it has models to choose from; what `auto` chooses from. */
export function everyRoute({ globRoutes }: Snapshot): RouteRecord | undefined {
  const every = globRoutes.find(({ match }) => match === '*')
  return every?.targets.some((target) => target.model !== '*') ? every : undefined
}

function fromRoute(route: RouteRecord, model: string, resolvedBy: ResolvedBy): RouteMatch {
  const prefix = route.match === null ? '' : literalPrefix(route.match)
  const clientModel =
    route.stripPrefix && model.length > prefix.length && model.startsWith(prefix) ? model.slice(prefix.length) : model
  return { resolvedBy, route, targets: route.targets, clientModel, unverified: false, profile: null }
}

function direct(provider: string, model: string, resolvedBy: ResolvedBy, unverified: boolean): RouteMatch {
  const targets = [directTarget(provider, model)]
  return { resolvedBy, route: null, targets, clientModel: model, unverified, profile: null }
}

/** The target of somebody who names a provider and a model and no route: everything else as by default. */
export function directTarget(provider: string, model: string): TargetRecord {
  return {
    name: provider,
    provider,
    model,
    dialect: null,
    account: null,
    region: null,
    priority: 1,
    weight: 100,
    timeouts: {},
    maxRetries: null,
    onAbort: 'cancel',
  }
}

/**
 * Whether a name matches a glob: `*` is any run of characters (slashes too), everything else stands for itself.
 * Iterative with one backtrack point, so that no pattern is slow.
 */
export function matchGlob(glob: string, name: string): boolean {
  let g = 0
  let n = 0
  let star = -1
  let resume = 0
  while (n < name.length) {
    if (g < glob.length && glob[g] === name[n] && glob[g] !== '*') {
      g++
      n++
    } else if (glob[g] === '*') {
      star = g++
      resume = n
    } else if (star >= 0) {
      g = star + 1
      n = ++resume
    } else return false
  }
  while (glob[g] === '*') g++
  return g === glob.length
}
