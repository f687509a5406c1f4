// The one end of a request: whatever path it took, exactly one terminal record is written, off the hot path.
import type { GatewayError } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { Finish } from '../ir/response.ts'
import type { Usage } from '../ir/usage.ts'

export type Terminal = 'succeeded' | 'failed' | 'truncated' | 'cancelled' | 'rejected'

/** One try at one target, as the trace keeps it. */
export interface AttemptRecord {
  readonly target: string
  readonly provider: string
  readonly model: string
  readonly account: string | null
  readonly dialect: string
  readonly durationMs: number
  /** HTTP status of the provider; null where none arrived. */
  readonly status: number | null
  /** Our error code, or `hedge_lost`: somebody else's answer came first. Null where it answered. */
  readonly error: string | null
  /** How many tries of this account there were before. */
  readonly retry?: number
  /** What was waited before it, in milliseconds. */
  readonly wait_ms?: number
  /** It found out whether a target is well again. */
  readonly probe?: true
  /** It was asked although nobody had failed: others took long. */
  readonly hedge?: true
  /** Its target stands in for those of the route. */
  readonly degraded?: true
  /** The provider may have worked for this request before: an earlier attempt broke off without an answer. */
  readonly maybe_duplicate?: true
  /** It went on with an answer that broke off: from there, or by saying it once more. */
  readonly repaired?: 'continue' | 'restart'
}

/** How a request ended. */
export interface Ending {
  readonly terminal: Terminal
  /** What the client saw as HTTP status. */
  readonly status: number
  readonly error?: GatewayError
  readonly usage?: Usage
  readonly finish?: Finish
  /** The model that answered, as the provider named it. */
  readonly model?: string
  /** Losses of the answer; those of the request are in the attempts. */
  readonly losses?: readonly Loss[]
}

/** Collects what the trace needs while the request runs; `end` works once and ignores later calls. */
export interface Finale {
  attempt(record: AttemptRecord): void
  /** The last attempt had answered, and broke off after its first content. */
  brokeOff(error: string): void
  requestLosses(losses: readonly Loss[]): void
  /** Marks the moment of the first answer content. */
  firstContent(): void
  readonly attempts: readonly AttemptRecord[]
  end(ending: Ending): void
}
