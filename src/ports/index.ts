// Every effect of Signalbox as an interface, so that the whole gateway runs in a simulator.
// An adapter builds these once; nothing in the core reaches around them.
import type { EgressRecord } from '../catalog/snapshot.ts'
import type { Outcome } from '../ir/error.ts'
import type { Secret } from '../ir/secret.ts'
import type { LedgerStore, ConfigStore, CoordinationStore, StateStore, TraceRow, VaultStore } from './stores.ts'

export type * from './stores.ts'

export interface Clock {
  /** Wall clock, Unix milliseconds. */
  now(): number
  /** Monotonic milliseconds, for durations. */
  mono(): number
  /** Calls once after `ms`; the returned function cancels. Does not keep a process alive. */
  after(ms: number, call: () => void): () => void
}

export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A fresh unguessable id of lower-case letters and digits, 24 characters. */
  id(): string
}

/** A body that is pulled: nothing is read ahead of the reader, and cancelling closes the connection. */
export interface ByteSource {
  /** The next chunk, never empty; undefined at the end. Rejects where the connection broke. */
  read(): Promise<Uint8Array | undefined>
  /** Stops the sender. Safe to call twice, after the end, and while a read is pending, which then settles. */
  cancel(): Promise<void>
}

/** Tells a transport that its answer is no longer wanted. */
export interface Cancellation {
  readonly cancelled: boolean
  /** Calls once, at once where it is cancelled already. One listener: a later one takes the place of an earlier. */
  onCancel(call: () => void): void
}

/** The part of a response's headers that is read; `Headers` fits, and so does something lighter. */
export interface HeaderSource {
  /** The value of a header by its lower-case name; several are joined by a comma. */
  get(name: string): string | null
  entries(): Iterable<[name: string, value: string]>
}

export interface FetchRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  readonly cancellation: Cancellation
  /** Bounds name resolution, connect and TLS, where the runtime lets us see them apart. */
  readonly connectTimeoutMs: number
  /** Private addresses that may be connected to: none, all, or those in these CIDR blocks. */
  readonly allowPrivate: boolean | readonly string[]
  /** `http:` may be used; it still needs `allowPrivate`. */
  readonly allowHttp: boolean
  /** The proxy to take; null goes there directly. */
  readonly egress: EgressRoute | null
}

/** A proxy with its address as it is known now: one that came from a variable may hold a password. */
export interface EgressRoute extends Pick<EgressRecord, 'id' | 'headers' | 'userAgent'> {
  readonly url: Secret
}

export interface FetchResponse {
  readonly status: number
  readonly headers: HeaderSource
  readonly body: ByteSource
}

/** The only way out. Never follows a redirect, never sends a cookie, hands over decoded bytes. */
export type Fetch = (request: FetchRequest) => Promise<FetchResponse>

/** What a runtime can do for the way out; said in the status, and asked before a configuration is accepted. */
export interface EgressAbilities {
  /** Connections go to an address that was screened; elsewhere a name is only screened as text. */
  readonly dnsPinning: boolean
  /** HTTP CONNECT proxies. */
  readonly proxies: boolean
}

/** Work that may outlive the answer (`waitUntil`). Never rejects outwards. */
export type Defer = (work: Promise<unknown>) => void

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Structured log lines: metadata only, never a body, never a key. */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** Values by name (environment variables, Worker secrets). */
export interface Secrets {
  get(name: string): string | undefined
}

/** An access token with the moment (Unix milliseconds) from which on it is not to be used; null: not known. */
export interface MachineToken {
  readonly secret: Secret
  readonly expiresAt: number | null
}

/** AWS keys of a role. */
export interface MachineAwsKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: Secret
  readonly sessionToken: Secret | null
  readonly expiresAt: number | null
}

/**
 * The machine that the gateway runs on, and who it is there. Absent on Workers. Everything fails with
 * `missing_credential` and says what is not there; nothing is cached here.
 */
export interface Machine {
  /** The text of a file that belongs to this user alone; others are refused with the mode and the command to run. */
  readOwnFile(path: string): Promise<Outcome<string>>
  /**
   * The text of a file that the platform laid out for this workload (a Kubernetes volume): links are followed, and its
   * owner is the system or this user; refused where anybody else could have written it.
   */
  readProjectedFile?(path: string): Promise<Outcome<string>>
  /** The folder of this user. */
  readonly home: string | null
  /** Instance metadata, version 2. */
  awsInstanceProfile(): Promise<Outcome<MachineAwsKeys>>
  /** Azure's instance metadata, or App Service's identity endpoint. */
  azureManagedIdentity(resource: string, clientId: string | null): Promise<Outcome<MachineToken>>
}

export interface Stores {
  readonly config: ConfigStore
  /** Absent where the backend has no compare-and-set (KV). */
  readonly coordination: CoordinationStore | undefined
  readonly ledger: LedgerStore
  readonly state: StateStore
  readonly vault: VaultStore
}

/** Takes trace rows off the hot path; synchronous and never throws. */
export interface TraceSink {
  write(row: TraceRow): void
}

export interface Ports {
  readonly clock: Clock
  readonly random: Random
  readonly fetch: Fetch
  readonly egress: EgressAbilities
  readonly machine: Machine | undefined
  readonly defer: Defer
  readonly log: Log
  readonly secrets: Secrets
  readonly stores: Stores
  readonly traces: TraceSink
}
