// What a try of an account that gave no answer leaves behind: types only.
import type { Use } from '../coordination/event.ts'
import type { Lease } from '../credentials/keeper.ts'
import type { GatewayError } from '../ir/error.ts'
import type { HeaderSource } from '../ports/index.ts'
import type { PrepareOptions } from './prepare.ts'
import type { Joining, Repairs } from './repair/index.ts'

/** An attempt that gave no answer. */
export interface Failure {
  /** As the client may read it. */
  readonly error: GatewayError
  /** As the provider told it; its type and code go into the trace, its words nowhere. */
  readonly cause: GatewayError
  /** HTTP status of the provider; null where none arrived. */
  readonly status: number | null
  readonly headers: HeaderSource | undefined
  /** Whether anything left for the provider. */
  readonly sent: boolean
  /** A further try was due, and there are none left for now. */
  readonly isOutOfBudget?: true
}

/** What was tried again of one target, whichever account it was. */
export interface Spent {
  retries: number
  /** Of those, after the connection broke without an answer. */
  resets: number
}

export interface TryOptions extends PrepareOptions {
  readonly spent: Spent
  /** Whether somebody else is asked, or may be. */
  readonly hasNext: () => boolean
  /** An earlier attempt broke off without an answer, so the provider may have worked for this request before. */
  readonly maybeDuplicate: boolean
  /** This finds out whether the target is well again. */
  readonly isProbe: boolean
  /** How many tries of this account there were before. */
  readonly retry?: number
  /** What was waited before this, in milliseconds. */
  readonly waitedMs?: number
  /** Who may go on where the answer breaks off. */
  readonly repairs?: Repairs | undefined
  /** It goes on where another answer broke off. */
  readonly joining?: Joining | undefined
}

/** A failure that may still be mended or tried again. */
export interface Tried extends Failure {
  readonly options: TryOptions
  readonly use: Use
  readonly durationMs: number
  readonly lease: Lease | undefined
  /** How it ended has been told. */
  readonly isSettled?: true
}
