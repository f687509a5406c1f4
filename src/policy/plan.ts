// The planner: facts, configuration and what is known of accounts in, a decision out. Serving and previewing call this same
// function.
import type { Snapshot, TargetRecord } from '../catalog/snapshot.ts'
import type { RequestFacts } from '../ir/facts.ts'
import { chooseAccounts } from './accounts.ts'
import { breakerPhase, isProbed, type Breaker } from './breaker.ts'
import type { Candidate, Rejection, RouteDecision } from './decision.ts'
import { chooseDialect, rejectTarget } from './eligibility.ts'
import { noHealth, targetKey, targetLock, type Health } from './health.ts'
import type { Lock } from './locks.ts'
import { matchRoute, type RouteMatch } from './match-route.ts'

/**
 * Decides which targets may take the request with which accounts, in which order, and why the others may not. Reads the
 * cursors of the accounts and moves none.
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
  const candidates: Candidate[] = []
  const rejected: Rejection[] = []
  for (const target of orderByPriority(match.targets)) {
    const judged = judge(target, match, facts, snapshot, health)
    if (judged.candidate !== undefined) candidates.push(judged.candidate)
    rejected.push(...judged.rejected)
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
    scores: [],
    cursor: null,
    random,
  }
}

function orderByPriority(targets: readonly TargetRecord[]): readonly TargetRecord[] {
  return targets.toSorted((left, right) => left.priority - right.priority)
}

interface Judged {
  readonly candidate?: Candidate
  /** The target, or accounts of it. */
  readonly rejected: readonly Rejection[]
}

function judge(
  target: TargetRecord,
  match: RouteMatch,
  facts: RequestFacts,
  snapshot: Snapshot,
  health: Health,
): Judged {
  const model = target.model === '*' ? match.clientModel : target.model
  const label = `${target.provider}/${model}`
  const reject = (code: Rejection['code'], reason: string): Judged => ({ rejected: [{ target: label, code, reason }] })
  const provider = snapshot.providers.get(target.provider)
  if (provider === undefined) return reject('provider_missing', `provider ${target.provider} is not configured`)
  const dialect = chooseDialect(target, provider, facts, model)
  if (dialect === undefined)
    return reject('no_common_dialect', `provider ${provider.id} has no call for ${target.dialect ?? facts.task}`)
  const passthrough = dialect === facts.dialect
  const record = snapshot.models.get(model)
  const failure = rejectTarget(facts, provider, record, dialect)
  if (failure !== undefined) return reject(failure.code, failure.reason)
  const route = match.route?.name ?? null
  const destination = { route, target, model }
  const lock = targetLock(health, destination)
  if (lock !== undefined) return { rejected: [lockedOut(label, null, lock, health)] }
  const { order, by, locked } = chooseAccounts(destination, provider, facts.sessionKey, health)
  const rejected = locked.map((out) => lockedOut(label, out.account, out.lock, health))
  if (order.length === 0) return { rejected }
  const accounts = order.filter((account) => account !== null)
  const breaker = health.breakers.get(targetKey(destination))
  const phase = breakerPhase(breaker, health.now)
  if (breaker !== undefined && (phase === 'open' || (phase === 'half_open' && isProbed(breaker, health.now))))
    return { rejected: [...rejected, openCircuit(label, breaker, health)] }
  const contextWindow = record?.contextWindow ?? provider.capabilities.maxContextTokens ?? null
  return {
    candidate: {
      route,
      target,
      label,
      model,
      dialect,
      passthrough,
      accounts,
      accountBy: by,
      breaker: phase,
      degraded: false,
      contextWindow,
    },
    rejected,
  }
}

function lockedOut(target: string, account: string | null, lock: Lock, { now }: Health): Rejection {
  const retryInMs = Math.ceil(lock.until - now)
  const who = account === null ? '' : `account ${account} `
  return {
    target,
    code: lock.place.on === 'target' ? 'target_locked' : 'account_locked',
    reason: `${who}left out after ${lock.code} for another ${Math.ceil(retryInMs / 1000)} s`,
    ...(account !== null && { account }),
    lockedBy: lock.code,
    retryInMs,
  }
}

function openCircuit(target: string, breaker: Breaker, { now }: Health): Rejection {
  const retryInMs = Math.max(1, Math.ceil((breaker.until > now ? breaker.until : (breaker.probe?.until ?? now)) - now))
  return {
    target,
    code: 'breaker_open',
    reason: `its circuit is open after ${breaker.code ?? 'failures'} for another ${Math.ceil(retryInMs / 1000)} s`,
    ...(breaker.code !== null && { lockedBy: breaker.code }),
    retryInMs,
  }
}

function reasonsOf(match: RouteMatch, facts: RequestFacts): readonly string[] {
  return [
    match.route === null ? `provider named by ${match.resolvedBy}` : `route=${match.route.name} (${match.resolvedBy})`,
    `stream_required=${facts.stream}`,
    `tools_required=${facts.needsTools}`,
    ...(match.unverified ? ['the model name is passed on as it is'] : []),
  ]
}
