// How the gateway itself listens, and what it bounds: limits, timers, headers.

/** Limits, all in bytes, counts or milliseconds. */
export interface Limits {
  readonly maxBodyBytes: number
  readonly maxJsonDepth: number
  readonly maxBufferedResponseBytes: number
  readonly maxConcurrency: number | null
  readonly admissionTimeoutMs: number
  readonly headerTimeoutMs: number
  readonly bodyTimeoutMs: number
  readonly maxHeaderBytes: number
  readonly maxHeaderCount: number
  readonly maxUrlBytes: number
  readonly maxMessages: number
  readonly maxTools: number
  readonly maxKeysPerObject: number
  readonly maxEventBytes: number
  readonly maxStreamBytes: number
  readonly maxRepairChars: number
  readonly clientStallMs: number
}

/** Timers in milliseconds. `headers` and `firstContent` bind streams only. */
export interface Timeouts {
  readonly connectMs: number
  readonly headersMs: number
  readonly firstContentMs: number
  readonly idleMs: number
  readonly totalMs: number
}

/** A system whose headers clients may still read. Those of `switch` have no brand and are always sent. */
export type CompatSystem = 'switchback' | 'switchmaxxer' | 'switch'

export interface ServerSettings {
  readonly host: string
  readonly port: number
  /** Files that change are read again by themselves. */
  readonly watch: boolean
  readonly allowedHosts: readonly string[]
  readonly corsOrigins: readonly string[]
  readonly allowUnauthenticated: boolean | null
  readonly allowOpenAdmin: boolean
  readonly defaultProvider: string | null
  readonly limits: Limits
  readonly timeouts: Timeouts
  readonly heartbeatMs: number
  readonly headers: Readonly<Record<string, string>>
  readonly publicModels: boolean
  /** Earlier systems whose names of our headers are sent too. */
  readonly compatHeaders: readonly CompatSystem[]
}
