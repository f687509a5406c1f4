// A model name to the targets behind it, in the fixed order: route, provider/model, glob route, default provider.
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
}

/** Resolves a model name; undefined where nothing answers to it. A configured route wins over a provider of that name. */
export function matchRoute(model: string, snapshot: Snapshot): RouteMatch | undefined {
  const exact = snapshot.routes.get(model)
  if (exact !== undefined && exact.match === null) return fromRoute(exact, model, 'route')
  const slash = model.indexOf('/')
  if (slash > 0 && slash < model.length - 1) {
    const provider = model.slice(0, slash)
    if (snapshot.providers.has(provider))
      return direct(provider, model.slice(slash + 1), 'provider', !snapshot.models.has(model.slice(slash + 1)))
  }
  const glob = snapshot.globRoutes.find((route) => route.match !== null && matchGlob(route.match, model))
  if (glob !== undefined) return fromRoute(glob, model, 'glob')
  if (snapshot.server.defaultProvider !== null)
    return direct(snapshot.server.defaultProvider, model, 'default_provider', true)
  return undefined
}

function fromRoute(route: RouteRecord, model: string, resolvedBy: ResolvedBy): RouteMatch {
  const prefix = route.match === null ? '' : literalPrefix(route.match)
  const clientModel = route.stripPrefix && model.startsWith(prefix) ? model.slice(prefix.length) : model
  return { resolvedBy, route, targets: route.targets, clientModel, unverified: false }
}

function direct(provider: string, model: string, resolvedBy: ResolvedBy, unverified: boolean): RouteMatch {
  return { resolvedBy, route: null, targets: [directTarget(provider, model)], clientModel: model, unverified }
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

/** The part of a glob before its first wildcard. */
export function literalPrefix(glob: string): string {
  const wildcard = glob.search(/[*?]/)
  return wildcard < 0 ? glob : glob.slice(0, wildcard)
}

/**
 * Whether a name matches a glob: `*` is any run of characters (slashes too), `?` is one.
 * Iterative with one backtrack point, so that no pattern is slow.
 */
export function matchGlob(glob: string, name: string): boolean {
  let g = 0
  let n = 0
  let star = -1
  let resume = 0
  while (n < name.length) {
    if (g < glob.length && (glob[g] === '?' || glob[g] === name[n]) && glob[g] !== '*') {
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
