// What a vendor needs beyond data. Most need nothing: a preset in the catalog is enough, and no folder here.
import type { ProviderRecord } from '../catalog/snapshot.ts'
import type { DialectId, Task } from '../ir/dialect-id.ts'
import { failed, ok, type Outcome } from '../ir/error.ts'
import type { Loss } from '../ir/loss.ts'
import type { IrRequest } from '../ir/request.ts'
import type { Fetch, Ports } from '../ports/index.ts'

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

/** Whose models are to be listed. */
export interface DiscoveryPlace {
  readonly provider: ProviderRecord
  /** Of the provider, else of the credential. */
  readonly region: string | null
}

/** A request that the vendor takes, with what had to change. */
export interface FittedRequest {
  readonly request: IrRequest
  readonly losses: readonly Loss[]
}

/** What a way out of its own may use. */
export type TransportPorts = Pick<Ports, 'clock' | 'random'>

/** A model of a vendor that lists them itself. */
export interface OwnModel {
  readonly id: string
  readonly displayName: string
}

export interface Provider {
  /** The configuration's `type`. */
  readonly type: string
  /** A way out of its own, for a vendor that is not reached through `ports.fetch`. */
  readonly transport?: (ports: TransportPorts) => Fetch
  /** Its models, where nobody has to be asked for them. */
  readonly models?: () => readonly OwnModel[]
  /** The vendor's own id of a model that people call otherwise (aliases, inference profiles, deployments). */
  readonly modelId?: (place: CallPlace) => string
  /**
   * The whole URL of a call whose dialect path (`/v1/chat/completions`, `/model/x/converse`) is not simply joined to the
   * base URL. Fails with `missing_credential` where a setting is absent that only a request shows to be needed.
   */
  readonly url?: (path: string, place: CallPlace) => Outcome<string>
  /**
   * The whole URLs of the vendor's lists of models, where the preset's kind of list is not simply below the base URL;
   * read one after the other and taken together. Fetched with GET, signed as calls are (the same scheme, the same service).
   * Fails with `missing_credential` where a setting is absent.
   */
  readonly discovery?: (place: DiscoveryPlace) => Outcome<readonly string[]>
  /** What the model family does not take: left out with a loss, or refused. Before the request is encoded. */
  readonly fit?: (request: IrRequest, place: CallPlace) => Outcome<FittedRequest>
}

/**
 * The provider's base URL with the region in the place of `{region}`. Fails with `missing_credential` where it needs one
 * and there is none, or the text is no region.
 */
export function baseUrlAt({ id, baseUrl }: ProviderRecord, region: string | null): Outcome<string> {
  if (baseUrl === null) return failed('missing_credential', { message: `provider ${id} has no address` })
  if (!baseUrl.includes('{region}')) return ok(baseUrl)
  if (region === null)
    return failed('missing_credential', {
      message: `provider ${id} needs a region: set "region" on it or on the target`,
    })
  if (!/^[a-z0-9-]{1,63}$/.test(region))
    return failed('missing_credential', {
      message: `provider ${id}: the region is not a name of letters, digits and "-"`,
    })
  return ok(baseUrl.replaceAll('{region}', region))
}
