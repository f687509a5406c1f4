// The planner: facts, configuration and what is known of accounts and targets in, a decision out. Serving, previewing,
// explaining and replaying call this same function.
import { profileOfName, type ScoreProfile } from '../catalog/score-profiles.ts'
import type { Snapshot, Strategy, TargetRecord } from '../catalog/snapshot.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { CursorStep } from './cursor.ts'
import type { Candidate, Rejection, RouteDecision, TargetScore } from './decision.ts'
import { groupsOf, placeOf, type Group } from './degrade.ts'
import { isSilent, needsOf } from './eligibility.ts'
import { noHealth, type Health } from './health.ts'
import { judgeTarget, namesOf, type Question } from './judge.ts'
import { matchRoute, type RouteMatch } from './match-route.ts'
import { strategies } from './strategies/index.ts'
import type { Contender, Field, Ordering } from './strategies/strategy.ts'
import { byClaim } from './strategies/turn.ts'

/**
 * Decides which targets may take the request with which accounts, in which order, and why the others may not. Reads the
 * cursors of routes and accounts and moves none: where the decision is served, its `cursor` says how they move.
 * @param health what is known at this moment, and which moment it is; by default nothing
 * @param random uniform in [0, 1)
 * @returns undefined where no route, provider or default answers to the model name
 */
export function planRoute(
  facts: RequestFacts,
  snapshot: Snapshot,
  health: Health = noHealth,
  random = 0,
): RouteDecision | undefined {
  const match = matchRoute(facts.model, snapshot)
  if (match === undefined) return undefined
  const plan: Plan = { facts, snapshot, health, random, match, candidates: [], rejected: [], reasons: [] }
  const [own, ...standIns] = groupsOf(match, snapshot)
  const choice = own === undefined ? {} : chooseAmong(own, plan)
  for (const group of standIns) chooseAmong(group, plan)
  const { candidates, rejected } = plan
  const strategy = strategyOf(match)
  const fallback = match.route?.fallback
  return {
    requested: facts.model,
    route: match.route?.name ?? null,
    resolvedBy: match.resolvedBy,
    strategy,
    profile: strategy === 'score' ? profileOf(match) : null,
    candidates,
    rejected,
    reasons: [...reasonsOf(match, facts), ...plan.reasons],
    unverified: match.unverified,
    maxAttempts: fallback?.enabled === false ? 1 : (fallback?.maxAttempts ?? 1),
    scores: choice.scores ?? noScores,
    cursor: choice.cursor ?? null,
    random,
  }
}

const noScores: readonly TargetScore[] = []

/** What one call knows, and what it has found so far. */
interface Plan {
  readonly facts: RequestFacts
  readonly snapshot: Snapshot
  readonly health: Health
  readonly random: number
  readonly match: RouteMatch
  readonly candidates: Candidate[]
  readonly rejected: Rejection[]
  readonly reasons: string[]
}

interface Choice {
  readonly cursor?: CursorStep
  readonly scores?: readonly TargetScore[]
}

/** Judges the targets of a group, orders those that are left, and puts them behind what the plan has already. */
function chooseAmong(group: Group, plan: Plan): Choice {
  const { facts, snapshot, health, match } = plan
  const require = group.route?.require
  const question: Question = {
    facts,
    snapshot,
    health,
    route: group.route?.name ?? null,
    clientModel: match.resolvedBy === 'auto' ? undefined : match.clientModel,
    needs: needsOf(facts, require),
    require,
    policy: isSilent(snapshot.policy) ? undefined : snapshot.policy,
    degraded: group.degraded,
  }
  const contenders: Contender[] = []
  for (const [rank, target] of byPriority(group.targets).entries()) {
    const { contender, rejected } = judgeTarget(target, rank, question)
    if (rejected.length > 0) plan.rejected.push(...rejected)
    if (contender === undefined) continue
    if (group.degraded && isThere(contender, plan.candidates)) plan.rejected.push(duplicate(contender))
    else contenders.push(contender)
  }
  const ordering = ordered(contenders, group, plan)
  for (const { candidate } of ordering.order) plan.candidates.push(candidate)
  if (!group.degraded && ordering.reasons !== undefined) plan.reasons.push(...ordering.reasons)
  return ordering
}

/** Lower numbers first, equals as declared; the list itself where it stands like that, as it nearly always does. */
function byPriority(targets: readonly TargetRecord[]): readonly TargetRecord[] {
  const isSorted = targets.every(
    (target, index) => index === 0 || (targets[index - 1]?.priority ?? 0) <= target.priority,
  )
  return isSorted ? targets : targets.toSorted((left, right) => left.priority - right.priority)
}

function isThere({ candidate }: Contender, candidates: readonly Candidate[]): boolean {
  const place = placeOf(candidate.target, candidate.model)
  return candidates.some(({ target, model }) => placeOf(target, model) === place)
}

function duplicate({ candidate: { target, label } }: Contender): Rejection {
  return { ...namesOf(target, label), code: 'duplicate', reason: 'the same target is there already' }
}

/** Targets of which something is not known go after all others where the policy says so, each kind in its own order. */
function ordered(contenders: readonly Contender[], group: Group, plan: Plan): Ordering {
  const last = contenders.filter(({ penalty }) => penalty !== null)
  if (last.length === 0) return orderedAlike(contenders, group, plan, true)
  const first = contenders.filter(({ penalty }) => penalty === null)
  if (first.length === 0) return orderedAlike(last, group, plan, true)
  const before = orderedAlike(first, group, plan, true)
  const after = orderedAlike(last, group, plan, false)
  return {
    ...before,
    order: [...before.order, ...after.order],
    scores: [...(before.scores ?? []), ...(after.scores ?? [])],
    reasons: [...(before.reasons ?? []), `penalized=${last.map(({ target }) => target.name).join(',')}`],
  }
}

/** By session where the route keeps sessions, else by strategy. */
function orderedAlike(contenders: readonly Contender[], group: Group, plan: Plan, areFirst: boolean): Ordering {
  const { route } = group
  const strategy = group.degraded ? (route?.strategy ?? 'priority') : strategyOf(plan.match)
  if (contenders.length < 2 && strategy !== 'score') return { order: contenders }
  const { sessionKey } = plan.facts
  if (route?.sticky === 'session' && sessionKey !== undefined) {
    const weightOf = ({ target }: Contender): number => (strategy === 'weighted' ? target.weight : 1)
    const order = byClaim(`${route.name}\u0000${sessionKey}`, contenders, weightOf)
    return { order, reasons: ['sticky=session'] }
  }
  const field: Field = {
    route: route?.name ?? '',
    facts: plan.facts,
    policy: plan.snapshot.policy,
    health: plan.health,
    profile: group.degraded ? profileOfRoute(route) : profileOf(plan.match),
    random: plan.random,
    takesTurns: areFirst && route !== null && !group.degraded,
  }
  return strategies[strategy](contenders, field)
}

function strategyOf({ route, resolvedBy }: RouteMatch): Strategy {
  return resolvedBy === 'auto' ? 'score' : (route?.strategy ?? 'priority')
}

function profileOf({ route, profile }: RouteMatch): ScoreProfile {
  return profile ?? profileOfRoute(route)
}

function profileOfRoute(route: RouteMatch['route']): ScoreProfile {
  return route?.profile ?? (route === null ? undefined : profileOfName(route.name)) ?? 'balanced'
}

function reasonsOf(match: RouteMatch, facts: RequestFacts): readonly string[] {
  const reasons = [
    match.route === null ? `provider named by ${match.resolvedBy}` : `route=${match.route.name} (${match.resolvedBy})`,
    `stream_required=${facts.stream}`,
    `tools_required=${facts.needsTools}`,
  ]
  const { streamFailure = 'error' } = match.route ?? {}
  // Its events are written anew on the same wire too: what was said has to be known.
  if (facts.stream && facts.choices === 1 && streamFailure !== 'error') reasons.push(`stream_failure=${streamFailure}`)
  if (match.unverified) reasons.push('the model name is passed on as it is')
  return reasons
}
