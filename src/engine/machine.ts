// What stands between an upstream's events and the client's bytes. Two of them: passthrough and translate.
import type { GatewayError } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { Finish } from '../ir/response.ts'
import type { Usage } from '../ir/usage.ts'
import type { Block } from '../wire/block.ts'

/** What one event came to. */
export interface StreamStep {
  /** For the client; nothing where the event is hidden or not yet due. */
  readonly bytes?: Uint8Array
  /** `content` commits the answer; `end` is the wire's own success terminal; `idle` does not count as progress. */
  readonly kind: 'idle' | 'content' | 'end'
  /** The stream failed here: what follows is not read. */
  readonly error?: GatewayError
}

/** What was learned of the answer so far. */
export interface MachineReport {
  /** A finish reason or terminal was seen: the answer is whole. */
  readonly complete: boolean
  readonly usage?: Usage
  readonly finish?: Finish
  readonly model?: string
  readonly losses: readonly Loss[]
}

export interface StreamMachine {
  /** A promise where something has to be sealed first; the next step waits for it. */
  step(block: Block): StreamStep | Promise<StreamStep>
  /** Whether events may go by unread; see `Skim`. A translation never says so. */
  skim(text: string): boolean | undefined
  /** The upstream ended cleanly: what is still due, or the error that makes of it. */
  finish(): StreamStep | Promise<StreamStep>
  /** The error event of the client's dialect; never a success terminator. */
  fail(error: GatewayError): Uint8Array
  /** Nothing more is read although the upstream did not end: what was kept back for the next event counts all the same. */
  settle(): void
  report(): MachineReport
}
