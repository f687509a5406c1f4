// Further tries of the same account: whether a failure is worth one, after how long, and what others hear of it meanwhile.
import type { RetrySettings } from '../catalog/snapshot.ts'
import { GatewayError } from '../ir/error.ts'
import type { Candidate } from '../policy/decision.ts'
import { accountLock, targetKey, targetLock } from '../policy/health.ts'
import { backoffMs } from '../policy/retry.ts'
import type { RequestContext } from './context.ts'
import { deadlineOf } from './deadline.ts'
import type { Failure, Tried, TryOptions } from './failure.ts'
import { pause } from './pause.ts'
import { phaseOf, settingsOf, settleFailure } from './use.ts'

/** A failure that took longer than this, in milliseconds, is not quick: the next target is a better guess. */
export const quickFailureMs = 10_000

/** What a connection fails with that was never there, so nothing can have been sent on it. */
const neverConnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
])
/** What an answer fails with that had begun. */
const brokeOff: ReadonlySet<string> = new Set([
  'stream_truncated',
  'upstream_error',
  'upstream_timeout',
  'stream_idle_timeout',
])
/** What is no matter of a moment, or took long enough. */
const lasting: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT'])

/** Whether the provider may have worked for the request although no answer came. */
export function mayHaveArrived({ cause, sent, status }: Failure): boolean {
  if (!sent || cause.code === 'upstream_tls' || cause.code === 'blocked_endpoint') return false
  // It had begun to answer, and nothing that it said is why there is no answer.
  if (status !== null) return status < 300 && cause.upstream === undefined && brokeOff.has(cause.code)
  return !neverConnected.has(cause.upstream?.code ?? '')
}

/**
 * Tries an account again after failures that pass by themselves, as often as the target allows. Returns the answer, or the
 * last failure.
 */
export async function retried(
  context: RequestContext,
  first: Tried,
  tryAgain: (context: RequestContext, options: TryOptions) => Promise<Response | Tried>,
): Promise<Response | Tried> {
  const { retry: settings } = context.snapshot.policy
  const { clock } = context.ports
  const max = first.options.candidate.target.maxRetries ?? settings.maxRetries
  const { spent } = first.options
  let tried = first
  for (let retry = 1; spent.retries < max; retry++) {
    const waitMs = retryWait(tried, spent.retries + 1, settings, context.ports.random.next())
    if (waitMs === undefined || clock.mono() + waitMs >= deadlineOf(context, tried.options.candidate)) return tried
    // What may have been worked on already is sent once more, not over and over.
    const maybeDuplicate = mayHaveArrived(tried)
    if (maybeDuplicate && spent.resets > 0) return tried
    if (!context.extraCalls.take(settings, clock.mono())) return { ...tried, isOutOfBudget: true }
    spent.retries++
    if (maybeDuplicate) spent.resets++
    const waited = await waitedFor(context, tried, waitMs)
    if (!waited.mayGoOn) return waited.tried
    const options = { ...tried.options, retry, waitedMs: waitMs }
    const next = await tryAgain(context, maybeDuplicate ? { ...options, maybeDuplicate } : options)
    if (next instanceof Response) return next
    tried = next
  }
  return tried
}

interface Waited {
  readonly mayGoOn: boolean
  readonly tried: Tried
}

/**
 * A server fault is told at once. A rate limit that is waited out is told only where it was not: nobody is kept from the
 * account for longer than the provider asked, and the use stays open meanwhile, so that a probe stays ours.
 */
async function waitedFor(context: RequestContext, tried: Tried, waitMs: number): Promise<Waited> {
  const { candidate } = tried.options
  const isHeld = tried.cause.code === 'upstream_rate_limited'
  if (!isHeld) tell(context, tried)
  const told: Tried = isHeld ? tried : { ...tried, isSettled: true }
  // This very failure may have opened the circuit.
  if (isLocked(context, tried, waitMs) || (!isHeld && phaseOf(context, candidate) !== 'closed'))
    return { mayGoOn: false, tried: told }
  const { clock } = context.ports
  const began = clock.mono()
  const isOver = await pause(clock, waitMs, context.clientSignal)
  if (!isOver) {
    const left = (tried.cause.retryAfterMs ?? 0) - (clock.mono() - began)
    if (isHeld) tell(context, tried, Math.max(0, left))
    const gone = new GatewayError('client_cancelled')
    return { mayGoOn: false, tried: { ...told, error: gone, cause: gone, isSettled: true } }
  }
  if (isHeld) context.session.ended(tried.use, { type: 'neutral' }, settingsOf(context, candidate))
  const mayGoOn = !isLocked(context, tried, 0) && (await mayCall(context, candidate))
  return { mayGoOn, tried: { ...told, isSettled: true } }
}

function tell(
  context: RequestContext,
  { options, use, cause, status, durationMs }: Tried,
  retryAfterMs?: number,
): void {
  const told = retryAfterMs === undefined ? cause : new GatewayError(cause.code, { retryAfterMs })
  settleFailure(context, options.candidate, use, { cause: told, status, totalMs: durationMs, isCommitted: false })
}

/**
 * Whether account or target are left out for longer than `ms` milliseconds: others have found that out, or the failure
 * is one that does not pass. The short lock of an overload is what the wait is for.
 */
function isLocked({ session }: RequestContext, { options, cause }: Tried, ms: number): boolean {
  const { candidate, account } = options
  const health = session.health()
  return [targetLock(health, candidate), accountLock(health, candidate, account)].some(
    (lock) =>
      lock !== undefined &&
      lock.until > health.now + ms &&
      (lock.isPermanent === true || lock.code !== 'upstream_overloaded' || cause.code !== 'upstream_overloaded'),
  )
}

// Others may have opened the circuit during the wait; a probe has to be taken again where it was given back.
function mayCall(context: RequestContext, candidate: Candidate): boolean | Promise<boolean> {
  const phase = phaseOf(context, candidate)
  return phase === 'half_open' ? context.session.claimProbe(targetKey(candidate)) : phase === 'closed'
}

/**
 * Milliseconds until the same account is tried again; undefined where it is not: a target that was silent or slow to fail,
 * a refusal, a provider that wants to be left alone for longer than `policy.retry.max_delay_ms`.
 * @param retry 1 for the first further try
 * @param random uniform in [0, 1)
 */
function retryWait(
  failure: Pick<Tried, 'cause' | 'sent' | 'durationMs'>,
  retry: number,
  settings: RetrySettings,
  random: number,
): number | undefined {
  if (!failure.sent || failure.durationMs > quickFailureMs || !isPassing(failure.cause)) return undefined
  const { code, retryAfterMs } = failure.cause
  if (code === 'upstream_rate_limited' && retryAfterMs === undefined) return undefined
  if (retryAfterMs !== undefined && retryAfterMs > settings.maxMs) return undefined
  return Math.max(retryAfterMs ?? 0, backoffMs(retry, settings, random))
}

function isPassing({ code, upstream }: GatewayError): boolean {
  switch (code) {
    case 'upstream_error':
    case 'upstream_overloaded':
    case 'upstream_rate_limited':
    // Before its first content: the connection broke behind the headers.
    case 'stream_truncated':
      return true
    case 'upstream_unreachable':
      return !lasting.has(upstream?.code ?? '')
    default:
      return false
  }
}
