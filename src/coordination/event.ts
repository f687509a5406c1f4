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

/** How a use ended. Milliseconds. */
export type UseOutcome =
  | {
      readonly type: 'completed'
      readonly totalMs: number
      /** To the first content; null for an answer that came whole. */
      readonly ttftMs: number | null
    }
  | {
      readonly type: 'failed'
      readonly error: UseError
      readonly totalMs: number
      /** Content had been there before it. */
      readonly isCommitted: boolean
    }
  /** It says nothing of the target: the client left, or the request was refused for what it is. */
  | { readonly type: 'neutral' }

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
  | {
      readonly type: 'ended'
      readonly use: Use
      readonly outcome: UseOutcome
      readonly settings: TargetSettings
    }
