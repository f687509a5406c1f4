// What may be said of a credential: when it was looked at and when it changed, never what it is.
import type { CredentialRecord } from '../catalog/snapshot.ts'
import type { Clock } from '../ports/index.ts'
import type { Entry } from './cache.ts'

export interface CredentialState {
  readonly id: string
  /** A value is there and may be used. */
  readonly cached: boolean
  /** Unix milliseconds until which the value may be used before its source is asked again; null: no such moment. */
  readonly expiresAt: number | null
  readonly readAt: number | null
  /** When a value was seen for the first time that differs from the one before it. */
  readonly changedAt: number | null
  /** The owner meant to have changed it by now. */
  readonly rotationDue: boolean
  /** Our error code where the last look failed. */
  readonly problem: string | null
}

/** The state of an entry of the cache. */
export function stateOf(entry: Entry, clock: Clock): CredentialState {
  const { record, kept, readAt, changedAt, problem } = entry
  const now = clock.now()
  const left = kept === undefined ? 0 : Math.min(kept.freshUntil - clock.mono(), kept.endsAt - now)
  return {
    id: record.id,
    cached: left > 0,
    expiresAt: left > 0 ? Math.floor(now + left) : null,
    readAt,
    changedAt,
    rotationDue: rotationDue(record, changedAt, now),
    problem,
  }
}

/** Whether the value is older than its owner meant it to be, as far as this gateway has watched it. */
export function rotationDue({ rotationMs }: CredentialRecord, changedAt: number | null, now: number): boolean {
  return rotationMs !== null && changedAt !== null && now - changedAt > rotationMs
}
