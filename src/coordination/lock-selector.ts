// Which locks an operator means.
import type { ErrorCode } from '../ir/error.ts'
import type { Lock, LockPlace } from '../policy/locks.ts'

/** Which locks are meant; null stands for all. */
export interface LockSelector {
  readonly provider: string | null
  readonly account: string | null
  readonly model: string | null
  /** Absent: every reason. */
  readonly code?: ErrorCode
  /** Absent: every kind of place. */
  readonly on?: LockPlace['on']
  /** Absent: every region; for those that have one. */
  readonly region?: string | null
}

/** Whether a lock is one of those. */
export function isMeant(
  { place, code: reason }: Lock,
  { provider, account, model, code, on, region }: LockSelector,
): boolean {
  return (
    (provider === null || place.provider === provider) &&
    (code === undefined || reason === code) &&
    (on === undefined || place.on === on) &&
    (region === undefined || place.on === 'account' || place.region === region) &&
    (account === null || place.account === account) &&
    (model === null || (place.on !== 'account' && place.model === model))
  )
}
