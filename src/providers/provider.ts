// What a vendor needs beyond data. Most need nothing: a preset in the catalog is enough, and no folder here.
import type { Clock, Fetch } from '../ports/index.ts'

export interface Provider {
  /** The configuration's `type`. */
  readonly type: string
  /** A way out of its own, for a vendor that is not reached through `ports.fetch`. */
  readonly transport?: (clock: Clock) => Fetch
}
