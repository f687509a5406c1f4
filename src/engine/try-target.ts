// The accounts of one target: who may be asked now, and whether another one is worth asking after a failure.
import { breakerInUse, breakerPhase, lastFailed } from '../policy/breaker.ts'
import type { Candidate } from '../policy/decision.ts'
import { accountLock, lockKey, placesOf, targetKey, targetLock, type Health } from '../policy/health.ts'
import type { RequestContext } from './context.ts'
import type { Failure, Spent } from './failure.ts'
import type { Joining, Repairs } from './repair/index.ts'
import { toTell } from './refusal.ts'
import { mayHaveArrived } from './retry.ts'
import { tryAccount } from './try-account.ts'
import { phaseOf, settingsOf } from './use.ts'

/** What one request has used up. */
export interface Progress extends Spent {
  /** Accounts, each with the model it was asked for. */
  readonly used: Set<string>
  /** Providers whose accounts have moved on for this request. */
  readonly turns: Set<string>
  /** Something left for a provider. */
  hasCalled: boolean
  /** An attempt broke off without an answer. */
  maybeDuplicate: boolean
  /** A further call was due, and there are none left for now. */
  isOutOfBudget: boolean
  /** What was waited for a target to come back, in milliseconds, until an attempt has told it. */
  waitedMs: number | undefined
  /** The largest context window that was too small for the request. */
  tooSmall: number | undefined
  /** Who may go on where a stream breaks off. */
  repairs?: Repairs
  /** It is to go on where a stream broke off. */
  joining?: Joining
}

/** Nothing has been tried. */
export function freshProgress(): Progress {
  return {
    used: new Set(),
    turns: new Set(),
    hasCalled: false,
    retries: 0,
    resets: 0,
    maybeDuplicate: false,
    isOutOfBudget: false,
    waitedMs: undefined,
    tooSmall: undefined,
  }
}

const noAccount: readonly null[] = [null]

/** The accounts of one target; undefined where none of them may be asked now. */
export async function tryTarget(
  context: RequestContext,
  candidate: Candidate,
  hasNext: () => boolean,
  progress: Progress,
): Promise<Response | Failure | undefined> {
  takeTurn(context, candidate, progress)
  progress.retries = 0
  progress.resets = 0
  let last: Failure | undefined
  let serverFaults = 0
  for (const account of accountsOf(candidate)) {
    const found = permitOf(context, candidate, account, progress)
    const permit = found instanceof Promise ? await found : found
    if (permit === 'skip') continue
    if (permit === 'stop') break
    const { maybeDuplicate, waitedMs } = progress
    const { repairs, joining } = progress
    const options = {
      candidate,
      account,
      hasNext,
      maybeDuplicate,
      isProbe: permit === 'probe',
      spent: progress,
      repairs,
      joining,
    }
    // Others may turn to it while it is asked.
    if (context.contender !== undefined) progress.used.add(useKey(candidate, account))
    const tried = await tryAccount(context, waitedMs === undefined ? options : { ...options, waitedMs })
    if (tried instanceof Response) return tried
    learn(progress, candidate, account, tried)
    last = toTell(last, tried)
    if (tried.error.retry === 'never' || context.clientSignal.aborted) return tried
    const why = reasonForAnother(tried)
    if (why === 'server') serverFaults++
    if (why === 'none' || serverFaults > 1) break
  }
  return last
}

// At once and before anything is awaited, so that the next request is planned on the next turn.
function takeTurn(context: RequestContext, { target, accountBy }: Candidate, { turns }: Progress): void {
  if (accountBy !== 'turn' || turns.has(target.provider)) return
  turns.add(target.provider)
  context.session.takeTurn(target.provider)
}

function learn(progress: Progress, candidate: Candidate, account: string | null, tried: Failure): void {
  progress.used.add(useKey(candidate, account))
  progress.hasCalled ||= tried.sent
  progress.maybeDuplicate ||= mayHaveArrived(tried)
  progress.isOutOfBudget ||= tried.isOutOfBudget === true
  progress.waitedMs = undefined
}

function accountsOf({ accounts }: Candidate): readonly (string | null)[] {
  return accounts.length === 0 ? noAccount : accounts
}

/** Whether a target may be asked although nobody has failed: it is well, and so is the account that it has first. */
export function isWell(context: RequestContext, candidate: Candidate, { used }: Progress): boolean {
  const health = context.session.health()
  if (phaseOf(context, candidate) !== 'closed' || targetLock(health, candidate) !== undefined) return false
  const first = accountsOf(candidate).find(
    (account) => accountLock(health, candidate, account) === undefined && !used.has(useKey(candidate, account)),
  )
  return first !== undefined && !hasFailed(health, candidate, first)
}

function useKey(candidate: Candidate, account: string | null): string {
  return lockKey(placesOf(candidate, account).model)
}

/** `skip`: not this account; `stop`: not this target; `probe`: it may be asked, and the answer is waited for by others. */
type Permit = 'go' | 'probe' | 'skip' | 'stop'

// What was known when the request was planned may be over: others have locked or opened meanwhile.
function permitOf(
  context: RequestContext,
  candidate: Candidate,
  account: string | null,
  progress: Progress,
): Permit | Promise<Permit> {
  const health = context.session.health()
  if (accountLock(health, candidate, account) !== undefined) return 'skip'
  if (progress.used.size > 0 && progress.used.has(useKey(candidate, account))) return 'skip'
  // The first call of a request, planned in this very moment.
  if (!progress.hasCalled && candidate.breaker === 'closed') return 'go'
  if (targetLock(health, candidate) !== undefined) return 'stop'
  const key = targetKey(candidate)
  const phase = breakerPhase(breakerInUse(health.breakers.get(key), settingsOf(context, candidate).breaker), health.now)
  if (phase === 'open') return 'stop'
  if (progress.hasCalled && hasFailed(health, candidate, account) && !takeExtra(context)) {
    progress.isOutOfBudget = true
    return 'stop'
  }
  if (phase === 'closed') return 'go'
  const claimed = context.session.claimProbe(key)
  return claimed instanceof Promise ? claimed.then(probe) : probe(claimed)
}

function probe(isClaimed: boolean): Permit {
  return isClaimed ? 'probe' : 'stop'
}

/** Whether there may be one call more than one for this request; it is counted where there may. */
export function takeExtra({ extraCalls, snapshot, ports }: RequestContext): boolean {
  return extraCalls.take(snapshot.policy.retry, ports.clock.mono())
}

/** Whether the last that was heard of a target with this account was a failure. */
function hasFailed({ breakers, locks }: Health, candidate: Candidate, account: string | null): boolean {
  if (lastFailed(breakers.get(targetKey(candidate)))) return true
  return locks.size > 0 && Object.values(placesOf(candidate, account)).some((place) => locks.has(lockKey(place)))
}

/**
 * Whether another account of the same target may fare better: `account` where this one is at fault, `server` where the
 * provider stumbled, which is worth one more try, `none` where the target or the request is what fails.
 */
function reasonForAnother({ cause, sent }: Failure): 'account' | 'server' | 'none' {
  switch (cause.code) {
    case 'upstream_auth':
    case 'upstream_forbidden':
    case 'upstream_quota':
    case 'upstream_rate_limited':
    case 'missing_credential':
      return 'account'
    case 'upstream_overloaded':
      return 'server'
    case 'upstream_error':
      return sent ? 'server' : 'account'
    default:
      // Before anything was sent, it is the account's token endpoint, store or proxy that fails.
      return !sent && cause.origin === 'upstream' ? 'account' : 'none'
  }
}
