// One target and one request: a candidate with its accounts, or why it is none. Configuration first, then what is known of
// its health, then what the policy says.
import type { PolicySettings, Requirements, Snapshot, TargetRecord } from '../catalog/snapshot.ts'
import type { RequestFacts } from '../ir/facts.ts'
import { chooseAccounts, type AccountBy } from './accounts.ts'
import { breakerInUse, breakerPhase, isProbed, type Breaker, type BreakerPhase } from './breaker.ts'
import type { Candidate, Rejection } from './decision.ts'
import {
  chooseDialect,
  contextWindowOf,
  judgeByPolicy,
  refuseAbility,
  type Applicant,
  type Need,
  type Refusal,
} from './eligibility.ts'
import { targetKey, targetLock, type Health } from './health.ts'
import type { Lock } from './locks.ts'
import type { Contender } from './strategies/strategy.ts'

/** What all targets of a group are judged by. */
export interface Question {
  readonly facts: RequestFacts
  readonly snapshot: Snapshot
  readonly health: Health
  /** The name of the route; null for a provider named directly. */
  readonly route: string | null
  /** What replaces `*` as a target's model; undefined where nothing can. */
  readonly clientModel: string | undefined
  readonly needs: readonly Need[]
  readonly require: Requirements | undefined
  /** Undefined where it has nothing to say. */
  readonly policy: PolicySettings | undefined
  readonly degraded: boolean
}

/** A contender, or none; rejected are the target, or accounts of it. */
export interface Judged {
  readonly contender?: Contender
  readonly rejected: readonly Rejection[]
}

const none: readonly Rejection[] = []
/** When it is worth looking again whether somebody else's probe was well, in milliseconds. */
const probeAnswerMs = 1000

/**
 * Judges one target.
 * @param rank its place among the targets of its group
 */
export function judgeTarget(target: TargetRecord, rank: number, question: Question): Judged {
  const { facts, route, policy } = question
  const model = target.model === '*' ? (question.clientModel ?? '*') : target.model
  const label = `${target.provider}/${model}`
  const reject = (refusal: Refusal): Judged => ({ rejected: [{ ...namesOf(target, label), ...refusal }] })
  const applicant = applicantOf(target, model, question)
  if ('code' in applicant) return reject(applicant)
  const refusal = refuseAbility(applicant, facts, question.needs, question.require)
  if (refusal !== undefined) return reject(refusal)
  const { access, rejected } = accessTo(applicant, label, question)
  if (access === undefined) return { rejected }
  const verdict = policy === undefined ? {} : judgeByPolicy(applicant, facts, policy)
  if (verdict.refusal !== undefined) return reject(verdict.refusal)
  const { provider, record, dialect, contextWindow } = applicant
  const candidate: Candidate = {
    route,
    target,
    label,
    model,
    dialect,
    passthrough: dialect === facts.dialect,
    accounts: access.accounts,
    accountBy: access.by,
    breaker: access.breaker,
    degraded: question.degraded,
    contextWindow,
  }
  const penalty = verdict.penalty ?? null
  return { contender: { candidate, provider, record, rank, target, penalty, locked: access.locked }, rejected }
}

/** What the configuration says of a target, or why that is not enough. */
function applicantOf(target: TargetRecord, model: string, { facts, snapshot }: Question): Applicant | Refusal {
  const provider = snapshot.providers.get(target.provider)
  if (provider === undefined)
    return { code: 'provider_missing', reason: `provider ${target.provider} is not configured` }
  if (model === '*')
    return { code: 'no_model', reason: `it passes the client's model on, and ${facts.model} names none` }
  const dialect = chooseDialect(target, provider, facts, model)
  if (dialect === undefined) {
    const reason = `provider ${provider.id} has no call for ${target.dialect ?? facts.task}`
    return { code: 'no_common_dialect', reason }
  }
  const record = snapshot.models.get(model)
  return { target, provider, record, model, dialect, contextWindow: contextWindowOf(record, provider) }
}

/** With which accounts a target can be had now, and how its breaker stands. */
interface Access {
  readonly accounts: readonly string[]
  readonly by: AccountBy
  readonly breaker: BreakerPhase
  /** How many accounts are left out. */
  readonly locked: number
}

function accessTo(
  { target, provider, model }: Applicant,
  label: string,
  { facts, snapshot, health, route }: Question,
): { readonly access?: Access; readonly rejected: readonly Rejection[] } {
  const destination = { route, target, model }
  const lock = targetLock(health, destination)
  if (lock !== undefined) return { rejected: [lockedOut(target, label, null, lock, health)] }
  const { order, by, locked } = chooseAccounts(destination, provider, facts.sessionKey, health)
  const rejected =
    locked.length === 0 ? none : locked.map((out) => lockedOut(target, label, out.account, out.lock, health))
  if (order.length === 0) return { rejected }
  const settings = target.breaker ?? snapshot.policy.direct.breaker
  const found =
    health.breakers.size === 0 ? undefined : breakerInUse(health.breakers.get(targetKey(destination)), settings)
  const breaker = breakerPhase(found, health.now)
  if (found !== undefined && (breaker === 'open' || (breaker === 'half_open' && isProbed(found, health.now))))
    return { rejected: [...rejected, openCircuit(target, label, found, health)] }
  const accounts = order.filter((account) => account !== null)
  return { access: { accounts, by, breaker, locked: locked.length }, rejected }
}

/** What a rejection calls a target. */
export function namesOf({ name }: TargetRecord, label: string): Pick<Rejection, 'target' | 'name'> {
  return name === label ? { target: label } : { target: label, name }
}

function lockedOut(
  target: TargetRecord,
  label: string,
  account: string | null,
  lock: Lock,
  { now }: Health,
): Rejection {
  const retryInMs = Math.ceil(lock.until - now)
  const who = account === null ? '' : `account ${account} `
  return {
    ...namesOf(target, label),
    code: lock.place.on === 'target' ? 'target_locked' : 'account_locked',
    reason: `${who}left out after ${lock.code} for another ${Math.ceil(retryInMs / 1000)} s`,
    ...(account !== null && { account }),
    lockedBy: lock.code,
    retryInMs,
  }
}

function openCircuit(target: TargetRecord, label: string, breaker: Breaker, { now }: Health): Rejection {
  const isOpen = breaker.until > now
  // A probe mostly knows long before its lease ends.
  const wait = isOpen ? breaker.until - now : Math.min(probeAnswerMs, (breaker.probe?.until ?? now) - now)
  const retryInMs = Math.max(1, Math.ceil(wait))
  const after = `its circuit is open after ${breaker.code ?? 'failures'}`
  return {
    ...namesOf(target, label),
    code: 'breaker_open',
    reason: isOpen
      ? `${after} for another ${Math.ceil(retryInMs / 1000)} s`
      : `${after}, and another request finds out whether it is well`,
    ...(breaker.code !== null && { lockedBy: breaker.code }),
    retryInMs,
  }
}
