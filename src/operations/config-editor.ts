// Changing the configuration, wherever it is kept: its file on one surface, the store on another.
import type { Outcome } from '../ir/error.ts'

/** One change of the configuration document: sets the value at a path of keys and indexes, or removes it (undefined). */
export interface ConfigChange {
  readonly path: readonly (string | number)[]
  readonly value: unknown
  /**
   * What happens to a value that is there already; absent: it is replaced. `fill` only adds the members that it lacks,
   * `refuse` fails with `conflict`.
   */
  readonly existing?: 'replace' | 'fill' | 'refuse'
}

/** An accepted edit. */
export interface ConfigEdit {
  readonly revision: string
  readonly warnings: readonly string[]
  /** The paths that really changed. */
  readonly changed: readonly ConfigChange['path'][]
  /** The gateways that go by it already, for people; absent: none does, or that is not known. */
  readonly live?: string
}

/** Where the configuration is changed: its file, comments kept, or the store. */
export interface ConfigEditor {
  /** `file /path/to/x.jsonc`, `store`. */
  readonly place: string
  /** When a running gateway goes by what was written, for people; null where none does, or where each edit says it. */
  readonly takesEffect: string | null
  /**
   * Applies all changes or none: the result is compiled first, and takes the place of the old document in one step.
   * Fails with `invalid_value` where it does not compile, `conflict` where somebody changed it meanwhile,
   * `invalid_request` where this configuration is not to be edited here.
   */
  apply(changes: readonly ConfigChange[], options?: { readonly dryRun: boolean }): Promise<Outcome<ConfigEdit>>
}
