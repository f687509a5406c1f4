// What the gateway remembers: where, for how long, and who shares it.

/** Where traces, state and published configurations are kept; `path` is the file of sqlite, null elsewhere. */
export interface StorageSettings {
  readonly kind: 'sqlite' | 'd1' | 'kv' | 'memory'
  readonly path: string | null
}

/** Whether sealed reasoning is kept for clients that cannot carry it, and for how long. */
export interface ReasoningStateSettings {
  readonly enabled: boolean
  readonly ttlMs: number
}

/** What instances agree on, and through whom. */
export interface CoordinationSettings {
  readonly backend: 'auto' | 'memory' | 'store' | 'durable_object'
  /** Durable Objects: one for everybody, or one for each tenant. */
  readonly objects: 'one' | 'per_tenant'
  /** How many slots of a shared limit the object of a tenant leases at once. */
  readonly slice: number
}
