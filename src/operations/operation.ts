// What an operator capability is: written once, rendered as HTTP path, CLI verb and MCP tool.
import type { z } from 'zod'
import type { Role, Snapshot, Tier } from '../catalog/snapshot.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import type { GatewayError, Outcome } from '../ir/error.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { Ledger } from '../ir/ledger.ts'
import type { Secret } from '../ir/secret.ts'
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

/** A model that a provider says it has. */
export interface DiscoveredModel {
  readonly id: string
  readonly displayName: string | null
  readonly contextWindow: number | null
}

/** A request to be served as if a client had sent it, pinned to one provider. */
export interface Inference {
  /** The wire that the made-up client speaks. */
  readonly dialect: DialectId
  readonly provider: string
  /** Null: the accounts as the provider selects them. */
  readonly account: string | null
  /** The provider's model id. */
  readonly model: string
  readonly body: Readonly<Record<string, unknown>>
}

export interface Inferred {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** The whole body as text, a stream included. */
  readonly text: string
  readonly durationMs: number
  /** What the trace says of it. */
  readonly errorCode: string | null
}

/** The providers, reached as serving reaches them. */
export interface UpstreamProbe {
  /** The list that the provider publishes. Fails as an attempt does; `unsupported_content` where it publishes none. */
  models(provider: string, account: string | null): Promise<Outcome<readonly DiscoveredModel[]>>
  infer(asked: Inference): Promise<Inferred>
}

/** One change of the configuration document: sets the value at a path of keys and indexes, or removes it (undefined). */
export interface ConfigChange {
  readonly path: readonly (string | number)[]
  readonly value: unknown
}

/** Where the configuration is changed: its file, comments kept, or the store. */
export interface ConfigEditor {
  /** `file /path/to/x.jsonc`, `store`. */
  readonly place: string
  /**
   * Applies all changes or none: the result is compiled first, and takes the place of the old document in one step.
   * Fails with `invalid_value` where it does not compile, `conflict` where somebody changed it meanwhile.
   */
  apply(
    changes: readonly ConfigChange[],
  ): Promise<Outcome<{ readonly revision: string; readonly warnings: readonly string[] }>>
}

/** An account, or a model of one, that is left out for a while. */
export interface LockView {
  readonly provider: string
  readonly account: string
  /** Null: the whole account. */
  readonly model: string | null
  /** Our error code that locked it. */
  readonly reason: string
  /** Unix milliseconds. */
  readonly since: number
  readonly until: number
  /** Failures in a row that led here. */
  readonly failures: number
}

/** The accounts as this gateway has found them. */
export interface AccountsControl {
  locks(): readonly LockView[]
  /** Takes locks and back-off away; null stands for all. Returns how many locks there were. */
  reset(provider: string, account: string | null, model: string | null): number
}

/** The vault of this gateway: see `sealing/`. */
export interface VaultControl {
  /** Names with their dates and key ids; never a value. */
  list(): Promise<readonly VaultEntry[]>
  /** Seals and stores; returns the version. Fails with `not_configured` where there is no key to seal with. */
  set(name: string, value: Secret): Promise<Outcome<number>>
  remove(name: string): Promise<boolean>
  /** Seals everything anew under the first key of the ring. May be stopped and started again. */
  rewrap(): Promise<Outcome<{ readonly rewrapped: number; readonly kept: number }>>
}

export interface VaultEntry {
  readonly name: string
  readonly keyId: string
  readonly version: number
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Whether a key of this gateway opens it. */
  readonly opens: boolean
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
  readonly upstream?: UpstreamProbe | undefined
  readonly editor?: ConfigEditor | undefined
  readonly accounts?: AccountsControl | undefined
  readonly vault?: VaultControl | undefined
  /** Looks whether a credential can be had, and drops what was kept of it. Fails as a lease does. */
  readonly checkCredential?: ((id: string) => Promise<Outcome<true>>) | undefined
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
