// The planner: facts and configuration in, a decision out. Serving and previewing call this same function.
import type { ProviderRecord, Snapshot, TargetRecord } from '../catalog/snapshot.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { Candidate, Rejection, RouteDecision } from './decision.ts'
import { chooseDialect, rejectTarget } from './eligibility.ts'
import { matchRoute, type RouteMatch } from './match-route.ts'

/**
 * Decides which targets may take the request, in which order, and why the others may not.
 * @returns undefined where no route, provider or default answers to the model name
 */
export function planRoute(facts: RequestFacts, snapshot: Snapshot): RouteDecision | undefined {
  const match = matchRoute(facts.model, snapshot)
  if (match === undefined) return undefined
  const candidates: Candidate[] = []
  const rejected: Rejection[] = []
  for (const target of orderByPriority(match.targets)) {
    const judged = judge(target, match, facts, snapshot)
    if ('candidate' in judged) candidates.push(judged.candidate)
    else rejected.push(judged.rejection)
  }
  const fallback = match.route?.fallback
  return {
    requested: facts.model,
    route: match.route?.name ?? null,
    resolvedBy: match.resolvedBy,
    strategy: 'priority',
    candidates,
    rejected,
    reasons: reasonsOf(match, facts),
    unverified: match.unverified,
    maxAttempts: fallback?.enabled === false ? 1 : (fallback?.maxAttempts ?? 1),
  }
}

function orderByPriority(targets: readonly TargetRecord[]): readonly TargetRecord[] {
  return targets.toSorted((left, right) => left.priority - right.priority)
}

function judge(
  target: TargetRecord,
  match: RouteMatch,
  facts: RequestFacts,
  snapshot: Snapshot,
): { readonly candidate: Candidate } | { readonly rejection: Rejection } {
  const model = target.model === '*' ? match.clientModel : target.model
  const label = `${target.provider}/${model}`
  const reject = (code: Rejection['code'], reason: string) => ({ rejection: { target: label, code, reason } })
  const provider = snapshot.providers.get(target.provider)
  if (provider === undefined) return reject('provider_missing', `provider ${target.provider} is not configured`)
  const dialect = chooseDialect(target, provider, facts)
  if (dialect === undefined)
    return reject('no_common_dialect', `provider ${provider.id} has no call for ${target.dialect ?? facts.task}`)
  const passthrough = dialect === facts.dialect
  const failure = rejectTarget(facts, provider, snapshot.models.get(model), dialect)
  if (failure !== undefined) return reject(failure.code, failure.reason)
  return { candidate: { target, label, model, dialect, passthrough, accounts: accountOrder(target, provider) } }
}

// fill_first: the lowest priority number first, in order of declaration.
function accountOrder(target: TargetRecord, provider: ProviderRecord): readonly string[] {
  if (target.account !== null) return [target.account]
  return provider.accounts.toSorted((left, right) => left.priority - right.priority).map((account) => account.id)
}

function reasonsOf(match: RouteMatch, facts: RequestFacts): readonly string[] {
  return [
    match.route === null ? `provider named by ${match.resolvedBy}` : `route=${match.route.name} (${match.resolvedBy})`,
    `stream_required=${facts.stream}`,
    `tools_required=${facts.needsTools}`,
    ...(match.unverified ? ['the model name is passed on as it is'] : []),
  ]
}
