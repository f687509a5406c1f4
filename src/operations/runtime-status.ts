// What a running gateway says of itself and of its configuration.
import type { EgressAbilities } from '../ports/index.ts'

/** Which configuration is in use, and what came of the last one that was to take its place. */
export interface ConfigStatus {
  readonly revision: string
  /** Unix milliseconds. */
  readonly loadedAt: number
  /** Where it lies; `name` is the path of a file or the name of a variable. */
  readonly source: { readonly kind: 'file' | 'variable' | 'store'; readonly name: string | null }
  /** What was changed and takes another start to go by, as `server.port`. */
  readonly needsRestart: readonly string[]
  /** The last one that was refused, until a good one is there. Problems as lines for people, without secrets. */
  readonly rejected: { readonly at: number; readonly problems: readonly string[] } | null
}

/** What came of going by the configuration as it is now. */
export interface ConfigReload {
  readonly revision: string
  /** The same where nothing changed that the revision tells. */
  readonly previous: string
  /** By the names of the file, as `routes.fast`. */
  readonly changed: readonly string[]
  readonly warnings: readonly string[]
  readonly needsRestart: readonly string[]
}

/** What a running gateway says of itself. */
export interface RuntimeStatus {
  readonly version: string
  readonly runtime: string
  /** Unix milliseconds. */
  readonly startedAt: number
  readonly url: string | null
  readonly pid: number | null
  readonly inFlight: number
  /** What the rows are really kept in; undefined where that is what the configuration says. */
  readonly storeKind?: 'd1' | 'kv' | 'memory'
  readonly traces: { readonly queued: number; readonly dropped: number; readonly failed: number }
  /** The same of the audit of looks at secrets; absent where nobody counts. */
  readonly accesses?: { readonly queued: number; readonly dropped: number; readonly failed: number }
  /** What the way out can do on this runtime. */
  readonly egress?: EgressAbilities
  /** Absent where nobody keeps it. */
  readonly config?: ConfigStatus
}
