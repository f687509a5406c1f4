// What an operator capability is: written once, rendered as HTTP path, CLI verb and MCP tool.
import type { z } from 'zod'
import type { Role, Snapshot, Tier } from '../catalog/snapshot.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import type { GatewayError, Outcome } from '../ir/error.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { Ledger } from '../ir/ledger.ts'
import type { Clock, Stores } from '../ports/index.ts'

/** What a running gateway says of itself. */
export interface RuntimeStatus {
  readonly version: string
  readonly runtime: string
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly url: string | null
  readonly pid: number | null
  readonly inFlight: number
  readonly traces: { readonly queued: number; readonly dropped: number; readonly failed: number }
}

/** A translation to look at. */
export interface TranslationRequest {
  readonly from: DialectId
  readonly to: DialectId
  readonly model: string
  readonly body: unknown
}

export interface TranslationPreview {
  /** Absent where the request is refused. */
  readonly call?: { readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body: unknown }
  readonly ledger: Ledger
}

/** Everything an operation may use. What a surface cannot give is absent, and the operation says so. */
export interface OperationContext {
  readonly snapshot: Snapshot
  readonly stores: Stores
  readonly clock: Clock
  /** Reads the facts of a request body in a named dialect, exactly as serving does. */
  readonly factsOf: (dialect: string, body: unknown) => Outcome<RequestFacts>
  /** Translates a request body from one named dialect to another, exactly as serving does, and sends nothing. */
  readonly translate: (asked: TranslationRequest) => Outcome<TranslationPreview>
  /** Only inside a running gateway. */
  readonly status: (() => RuntimeStatus) | undefined
  /** Whether a named secret has a value; its value never comes this far. Absent where the surface cannot know. */
  readonly hasSecret?: ((name: string) => boolean) | undefined
}

/**
 * One capability. `verb` is what a person types (`trace list`); the HTTP path is `trace-list`, the MCP tool `trace_list`.
 */
export interface Operation<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly verb: string
  readonly tier: Tier
  /** One sentence for help, tool lists and OpenAPI. */
  readonly summary: string
  /** Command lines to show in help, without the program's name. */
  readonly examples: readonly string[]
  /** `gateway`: only makes sense against a running one. `nowhere`: needs neither a gateway nor a configuration. */
  readonly scope: 'gateway' | 'anywhere' | 'nowhere'
  /** Input fields that may be given by position on a command line, in order. */
  readonly positional: readonly string[]
  /** Reads or writes the stores; without it a command line need not open them. */
  readonly needsStores?: true
  /** For lists: the members that a person wants to see in a table, in order. */
  readonly columns?: readonly string[]
  readonly input: Input
  /** A list answers with an array, and its length becomes the envelope's `count`. */
  readonly output: Output
  /** Throws `GatewayError` for expected failures. A method, so that operations of any input fit into one list. */
  run(context: OperationContext, input: z.output<Input>): Promise<z.input<Output>>
}

/** `trace list` as the last step of an HTTP path: `trace-list`. */
export function pathName(operation: Pick<Operation, 'verb'>): string {
  return operation.verb.replaceAll(' ', '-')
}

/** `trace list` as the name of an MCP tool: `trace_list`. */
export function toolName(operation: Pick<Operation, 'verb'>): string {
  return operation.verb.replaceAll(/[ -]/g, '_')
}

/** Keeps the types of input and output together; does nothing else. */
export function defineOperation<Input extends z.ZodType, Output extends z.ZodType>(
  operation: Operation<Input, Output>,
): Operation<Input, Output> {
  return operation
}

/** The answer of an operation on every surface. */
export type Envelope =
  | {
      readonly ok: true
      readonly command: string
      readonly schema_version: '1'
      readonly data: unknown
      /** The length of a list, and nothing else. */
      readonly count?: number
      readonly warnings?: readonly string[]
    }
  | {
      readonly ok: false
      readonly command: string
      readonly schema_version: '1'
      readonly error: { readonly code: string; readonly message: string; readonly param?: string }
    }

/** Whether a set of roles may run operations of a tier. */
export function mayRun(roles: ReadonlySet<Role>, tier: Tier): boolean {
  if (roles.has('admin')) return true
  return roles.has('operator') && tier !== 'privileged'
}

/** The error as an envelope. */
export function failureEnvelope(command: string, error: GatewayError): Extract<Envelope, { ok: false }> {
  return {
    ok: false,
    command,
    schema_version: '1',
    error: { code: error.code, message: error.message, ...(error.param !== undefined && { param: error.param }) },
  }
}
