// What a vendor needs beyond data. Most need nothing: a preset in the catalog is enough, and no folder here.
import type { ProviderRecord } from '../catalog/snapshot.ts'
import type { DialectId, Task } from '../ir/dialect-id.ts'
import type { Outcome } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { IrRequest } from '../ir/request.ts'
import type { Clock, Fetch } from '../ports/index.ts'

/** Where a call of one target is going. */
export interface CallPlace {
  readonly provider: ProviderRecord
  readonly dialect: DialectId
  readonly task: Task
  readonly stream: boolean
  /** The provider's model id, as `modelId` gave it. */
  readonly model: string
  /** Of the target, else of the provider. */
  readonly region: string | null
}

/** A model id with the region that belongs to it. */
export interface FittedRequest {
  readonly request: IrRequest
  readonly losses: readonly Loss[]
}

export interface Provider {
  /** The configuration's `type`. */
  readonly type: string
  /** A way out of its own, for a vendor that is not reached through `ports.fetch`. */
  readonly transport?: (clock: Clock) => Fetch
  /** The vendor's own id of a model that people call otherwise (aliases, inference profiles, deployments). */
  readonly modelId?: (place: CallPlace) => string
  /**
   * The whole URL of a call whose dialect path (`/v1/chat/completions`, `/model/x/converse`) is not simply joined to the
   * base URL. Fails with `missing_credential` where a setting is absent that only a request shows to be needed.
   */
  readonly url?: (path: string, place: CallPlace) => Outcome<string>
  /** What the model family does not take: left out with a loss, or refused. Before the request is encoded. */
  readonly fit?: (request: IrRequest, place: CallPlace) => Outcome<FittedRequest>
}
