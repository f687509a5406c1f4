// What an operator capability is: written once, rendered as HTTP path, CLI verb and MCP tool.
import type { z } from 'zod'
import type { Role, Snapshot, Tier } from '../catalog/snapshot.ts'
import type { Guarantee } from '../coordination/coordinator.ts'
import type { LockSelector } from '../coordination/lock-selector.ts'
import type { AccountTally } from '../coordination/tally.ts'
import type { DialectId } from '../ir/dialect-id.ts'
import type { GatewayError, Outcome } from '../ir/error.ts'
import type { RequestFacts } from '../ir/facts.ts'
import type { Ledger } from '../ir/ledger.ts'
import type { Health } from '../policy/health.ts'
import type { Clock, Stores } from '../ports/index.ts'
import type { CredentialState } from '../credentials/state.ts'
import type { VaultControl } from '../sealing/vault-control.ts'
import type { ConfigEditor } from './config-editor.ts'
import type { ConfigReload, RuntimeStatus } from './runtime-status.ts'

export type { CredentialState } from '../credentials/state.ts'
export type { VaultControl, VaultEntry } from '../sealing/vault-control.ts'
export type { ConfigChange, ConfigEdit, ConfigEditor } from './config-editor.ts'
export type { ConfigReload, ConfigStatus, RuntimeStatus } from './runtime-status.ts'

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
  /** Where the body cannot say it itself (Gemini, whose path does). */
  readonly stream?: boolean
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
  /** The trace's own id. */
  readonly requestId: string
  /** The account that was asked last; null where none was. */
  readonly account: string | null
  /** The HTTP status of the provider itself; null where none arrived. */
  readonly providerStatus: number | null
}

/** The providers, reached as serving reaches them. */
export interface UpstreamProbe {
  /** The list that the provider publishes. Fails as an attempt does; `unsupported_content` where it publishes none. */
  models(provider: string, account: string | null): Promise<Outcome<readonly DiscoveredModel[]>>
  infer(asked: Inference): Promise<Inferred>
}

/** An account, a model of one, or a target that is left out for a while. */
export interface LockView {
  readonly on: 'account' | 'model' | 'target'
  readonly provider: string
  /** Null: a provider that needs none, or a target of any account. */
  readonly account: string | null
  /** Null: the whole account. */
  readonly model: string | null
  readonly region: string | null
  /** Our error code that locked it. */
  readonly reason: string
  /** Unix milliseconds. */
  readonly since: number
  readonly until: number
  /** Failures in a row that led here. */
  readonly failures: number
  /** It does not pass by itself. */
  readonly isPermanent?: true
}

/** What a gateway has found out about accounts and targets, at one moment. */
export interface CoordinationSight {
  readonly locks: readonly LockView[]
  /** `lastUsedAt` in Unix milliseconds. */
  tally(provider: string, account: string): AccountTally | undefined
  /** What the planner goes by. Times on the clock of the coordinator. */
  readonly health: Health
  /** Concurrency slots in use, by name. */
  readonly slots: ReadonlyMap<string, number>
  /** A time of `health` in Unix milliseconds. */
  wall(time: number): number
}

/** What instances agree on, as operators may see and mend it. */
export interface CoordinationControl {
  readonly guarantee: Guarantee
  look(): Promise<CoordinationSight>
  /** Takes locks and back-off away; returns how many locks held. */
  resetLocks(selector: LockSelector): Promise<number>
  /** Closes the breaker of a target of a route (null: of a provider named directly), for one model or all; whether it was open. */
  resetBreaker(route: string | null, target: string, model?: string | null): Promise<boolean>
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
  /** Takes the secrets that this surface knows out of a text. */
  readonly hide?: ((text: string) => string) | undefined
  readonly upstream?: UpstreamProbe | undefined
  readonly editor?: ConfigEditor | undefined
  /** Reads the configuration again and goes by it where it is good: `invalid_configuration` with all problems where not. */
  readonly reload?: (() => Promise<Outcome<ConfigReload>>) | undefined
  /** The caller may run operations of every tier: then one of a lower tier need not hold back either. Absent: no. */
  readonly isPrivileged?: boolean | undefined
  readonly coordination?: CoordinationControl | undefined
  readonly vault?: VaultControl | undefined
  /** Asks the source of a credential now, and keeps what comes of it. Fails as a lease does, and with `not_found`. */
  readonly checkCredential?: ((id: string) => Promise<Outcome<true>>) | undefined
  /** Forgets what a running gateway kept of a credential, so that its next request asks the source. */
  readonly dropCredential?: ((id: string) => void) | undefined
  /** What a running gateway knows of the credentials that it has used. */
  readonly credentialStates?: (() => readonly CredentialState[]) | undefined
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
  /** Reaches providers: a command line then opens the stores and the way out, and waits longer for a gateway. */
  readonly needsUpstream?: true
  /** Whether an answer says that what was asked about is not well: a command line then ends with 1. */
  isBad?(data: unknown): boolean
  /** The answer for a person at a terminal, where its members one below the other are not the best text. */
  lines?(data: z.output<Output>): readonly string[]
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
