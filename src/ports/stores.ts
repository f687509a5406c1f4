// Storage split by the consistency it needs, not by product.
// All text that reaches a store is metadata: names, counts, times, codes. Never a prompt, never a key. The one exception
// is `StateStore`, whose values are sealed before they get here.

/** A published configuration document. */
export interface StoredConfig {
  readonly revision: number
  /** The document's JSON text. */
  readonly document: string
  /** Unix milliseconds. */
  readonly publishedAt: number
}

export type PublishResult =
  | { readonly ok: true; readonly revision: number }
  /** Somebody published since `expected`. */
  | { readonly ok: false; readonly current: number }

export interface ConfigStore {
  /** The newest document, or undefined where none was published. */
  load(): Promise<StoredConfig | undefined>
  /** Which one that is, without reading it where the backend can tell; one that is asked often. */
  revision(): Promise<Pick<StoredConfig, 'revision' | 'publishedAt'> | undefined>
  /**
   * Publishes on top of `expected` (0 for the first). Compare-and-set where the backend can
   * (`exclusive`), else the last writer wins.
   */
  publish(document: string, expected: number, now: number): Promise<PublishResult>
  /** Newest first. */
  history(limit: number): Promise<readonly StoredConfig[]>
  /** Whether `publish` is a true compare-and-set. */
  readonly exclusive: boolean
}

/** What is held for a while by one owner: a slot, a refresh, a probe. */
export interface CoordinationStore {
  /** Takes the lease unless somebody holds it; expires by itself. True where `owner` now holds it. */
  acquire(name: string, owner: string, now: number, ttlMs: number): Promise<boolean>
  /** Gives it back where `owner` still holds it. */
  release(name: string, owner: string): Promise<void>
  /**
   * Adds to a counter unless the sum would pass `limit` (null: no limit), in one atomic step.
   * A counter whose `expiresAt` has passed starts again at 0. Amounts are integers.
   */
  add(name: string, amount: number, limit: number | null, now: number, ttlMs: number): Promise<CounterResult>
  /** Reads without changing anything. */
  peek(name: string, now: number): Promise<number>
}

export interface CounterResult {
  readonly ok: boolean
  /** The value after the step; unchanged where not ok. */
  readonly value: number
}

/** A text that several instances change, each time on top of a version that they have read. */
export interface AgreedRow {
  readonly key: string
  readonly value: string
  readonly version: number
}

export interface AgreedChange {
  readonly key: string
  /** Null: the row goes. */
  readonly value: string | null
  /** 0: it is not there. */
  readonly expected: number
  /** From here on (Unix milliseconds) nobody misses it. */
  readonly forgetAt: number
}

/** What instances of a gateway agree on through a database. Every call is one round trip. */
export interface AgreementStore {
  /** Takes all of the slots for an owner, or none, and reads rows. `refused`: the place of the slot that is full. */
  admit(ask: {
    readonly owner: string
    readonly slots: readonly { readonly name: string; readonly limit: number }[]
    readonly until: number
    readonly keys: readonly string[]
    readonly now: number
  }): Promise<{ readonly refused: number | null; readonly rows: readonly AgreedRow[] }>
  rows(keys: readonly string[]): Promise<readonly AgreedRow[]>
  all(): Promise<readonly AgreedRow[]>
  /** Each for itself: whether it was written, or somebody else came first. */
  write(changes: readonly AgreedChange[], now: number): Promise<readonly boolean[]>
  remove(keys: readonly string[]): Promise<void>
  /** Holds slots for longer, whatever their limit. */
  renew(owner: string, names: readonly string[], until: number): Promise<void>
  release(owner: string, names: readonly string[]): Promise<void>
  /** In use, by name. */
  slots(now: number): Promise<readonly (readonly [name: string, used: number])[]>
  /** Removes what nobody misses, a bounded number of rows. */
  sweep(now: number): Promise<void>
}

/** One request's metadata. Times in Unix milliseconds, durations in milliseconds. */
export interface TraceRow {
  readonly requestId: string
  readonly startedAt: number
  readonly revision: string
  readonly dialect: string
  readonly path: string
  readonly keyId: string | null
  readonly tenant: string | null
  readonly inboundModel: string | null
  readonly route: string | null
  readonly provider: string | null
  readonly account: string | null
  readonly model: string | null
  readonly upstreamDialect: string | null
  readonly streamed: boolean
  readonly status: number
  /** `succeeded`, `failed`, `truncated`, `cancelled`, `rejected`. */
  readonly outcome: string
  readonly errorCode: string | null
  readonly finish: string | null
  readonly durationMs: number
  readonly ttftMs: number | null
  readonly inputTokens: number | null
  readonly cacheReadTokens: number | null
  readonly cacheWriteTokens: number | null
  readonly outputTokens: number | null
  readonly reasoningTokens: number | null
  readonly usageEvidence: string | null
  /** JSON: decision, attempts, losses. */
  readonly detail: string
}

export interface TraceQuery {
  /** At most this many, newest first. */
  readonly limit: number
  /** Only rows that started before this time (Unix milliseconds). */
  readonly before?: number
  readonly route?: string
  readonly provider?: string
  readonly outcome?: string
}

export interface LedgerStore {
  /** Appends in order; a row whose `requestId` is there already is left as it is. */
  appendTraces(rows: readonly TraceRow[]): Promise<void>
  trace(requestId: string): Promise<TraceRow | undefined>
  traces(query: TraceQuery): Promise<readonly TraceRow[]>
  /** Removes traces that started before `before`, at most `batch` of them; returns how many. */
  pruneTraces(before: number, batch: number): Promise<number>
  /** Appends rows of the access audit, in order. */
  appendAccesses(rows: readonly AccessRow[]): Promise<void>
  /** Newest first. */
  accesses(query: AccessQuery): Promise<readonly AccessRow[]>
  /** Removes rows of the access audit from before `before`, the oldest first, at most `batch`; returns how many. */
  pruneAccesses(before: number, batch: number): Promise<number>
  /** Throws where the store cannot be used. */
  check(): Promise<void>
}

/** State that has to come back in a later request and that the client's wire has no room for. */
export interface StateRecord {
  /** A digest; says nothing of what it stands for. At most 64 letters, digits and `_-`. */
  readonly key: string
  /** Ciphertext as text. The store never holds the key to it. */
  readonly sealed: string
  /** Unix milliseconds; from here on the record counts as absent. */
  readonly expiresAt: number
}

/** Sealed records with an end. A record that was put is there for whoever asks next, on every instance. */
export interface StateStore {
  /** All or none of them, where the backend can; a record takes the place of an older one under its key. */
  put(records: readonly StateRecord[], now: number): Promise<void>
  /** What is alive, by key; in one call of the backend where it can. */
  get(keys: readonly string[], now: number): Promise<ReadonlyMap<string, string>>
  /** Removes what has expired, at most `batch` of it; returns how many. A backend that does it by itself returns 0. */
  sweep(now: number, batch: number): Promise<number>
  /**
   * How many of the records that are alive begin with which sixteen characters, looking at the 10,000 that expire first.
   * Absent where the backend cannot look without reading them all.
   */
  heads?(now: number): Promise<ReadonlyMap<string, number>>
}

/** A sealed record of the vault. */
export interface VaultRecord {
  /** At most 128 characters; says what it is, never what is in it. */
  readonly name: string
  /** Ciphertext as text, with the id of the key that opens it. The store never holds that key. */
  readonly sealed: string
  readonly keyId: string
  /** Counts up with each change. */
  readonly version: number
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly updatedAt: number
}

export type VaultPut =
  | { readonly ok: true; readonly version: number }
  /** Somebody changed it since `expected`; 0: it is not there. */
  | { readonly ok: false; readonly current: number }

/** Secrets at rest. Durable before a call returns. */
export interface VaultStore {
  get(name: string): Promise<VaultRecord | undefined>
  /** By name. */
  list(): Promise<readonly VaultRecord[]>
  /**
   * Writes on top of version `expected` (0: it must not be there; null: whatever is there). Compare-and-set where the
   * backend can (`exclusive`), else the last writer wins.
   */
  put(record: Pick<VaultRecord, 'name' | 'sealed' | 'keyId'>, expected: number | null, now: number): Promise<VaultPut>
  /** Whether there was one. */
  remove(name: string): Promise<boolean>
  readonly exclusive: boolean
}

/** One look at a secret at its source: who asked for what, and how it went. Never the value. */
export interface AccessRow {
  /** Unix milliseconds. */
  readonly at: number
  readonly credential: string
  /** `env`, `sealed`, `oauth` … */
  readonly source: string
  /** `first`, `expired`, `refused` (by the provider), `rotation`, `check`, `operator`. */
  readonly reason: string
  /** `ok`, or our error code. */
  readonly outcome: string
  readonly durationMs: number
}

export interface AccessQuery {
  /** At most this many, newest first. */
  readonly limit: number
  readonly credential?: string
}
