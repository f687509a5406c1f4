// What requests tell a coordinator, as plain data: it may travel to another process.
import type { BreakerSettings, TargetRecord } from '../catalog/snapshot.ts'
import type { Task } from '../ir/dialect-id.ts'
import type { ErrorCode, ErrorOrigin } from '../ir/error.ts'
import type { CursorStep } from '../policy/cursor.ts'
import type { LockSettings } from '../policy/locks.ts'

/** One try of an account (null: a provider that needs none) for a target. */
export interface Use {
  readonly requestId: string
  readonly route: string | null
  readonly target: Pick<TargetRecord, 'name' | 'provider' | 'account' | 'region'>
  readonly model: string
  readonly account: string | null
  readonly task: Task
  /** The key of the session at the provider, where there is one to keep. */
  readonly home: string | undefined
  /** On the clock of the coordinator: `Health.now`. */
  readonly startedAt: number
}

/** A failure without its words. */
export interface UseError {
  readonly code: ErrorCode
  readonly origin: ErrorOrigin
  /** What the provider asked for. */
  readonly retryAfterMs: number | undefined
  /** It matches one of the patterns of failures that do not pass by themselves. */
  readonly isPermanent: boolean
}

/** What a failure may lead to. */
export interface TargetSettings extends LockSettings {
  readonly breaker: BreakerSettings
}

/** An answer that came to its end. Milliseconds. */
export interface Completed {
  readonly type: 'completed'
  readonly totalMs: number
  /** To the first content; null for an answer that came whole. */
  readonly ttftMs: number | null
}

/** No answer, or one that broke off. */
export interface Failed {
  readonly type: 'failed'
  readonly error: UseError
  readonly totalMs: number
  /** Content had been there before it. */
  readonly isCommitted: boolean
}

/** How a use ended. Neutral says nothing of the target: the client left, or the request was refused for what it is. */
export type UseOutcome = Completed | Failed | { readonly type: 'neutral' }

/** A use that is over, and what its end may lead to. */
export interface EndedUse<O extends UseOutcome = UseOutcome> {
  readonly use: Use
  readonly outcome: O
  readonly settings: TargetSettings
}

export type CompletedUse = EndedUse<Completed>
export type FailedUse = EndedUse<Failed>

/** Something that happened. `began` and `ended` come in pairs, `accepted` at most once between them. */
export type CoordinationEvent =
  /** A decision is being served: the cursor of its route moves on. */
  | { readonly type: 'planned'; readonly step: CursorStep }
  /** A request turns to a provider whose accounts take turns: the next one will see the next turn. */
  | { readonly type: 'turn'; readonly provider: string }
  /** An attempt begins: a session without a home finds one here. */
  | { readonly type: 'began'; readonly use: Use }
  /** The provider took the request: locks of this account, model and target are over, unless they are newer. */
  | { readonly type: 'accepted'; readonly use: Use }
  | ({ readonly type: 'ended' } & EndedUse)
