// Which requests have to be refused for a target, because they hold what its provider cannot be shown and nothing near it
// would be the same, and which ones may be. Read from the wires, independent of the code under test.
import type { GenerativeId } from '../../src/dialects/index.ts'
import type { Json } from '../support/json.ts'
import { wires } from './wires/index.ts'
import type { Carries, Feature } from './wires/wire.ts'

export interface Refusals {
  /** Places of the client's body at which the request has to be refused. */
  readonly must: readonly string[]
  /** Places at which refusing is as good as an approximation with a loss. */
  readonly may: readonly string[]
}

/** What of a request has no place on the target. */
export function refusals(dialect: GenerativeId, target: GenerativeId, body: Json): Refusals {
  const { view, special } = wires[dialect].requests
  const { carries, offers } = wires[target].requests
  // What an assistant said may be dropped, and the loss is listed: the reversible layer asks for that.
  const items = view(body).map((item) => ({ at: item.at, carries: item.role === 'user' ? carries(item) : 'maybe' }))
  const features = Object.entries(special(body)).flatMap(([feature, places]) =>
    places.map((at) => ({ at, carries: feature === 'bound' ? 'no' : offers[feature as Feature] })),
  )
  const at = (wanted: Carries): string[] =>
    [...items, ...features].filter((place) => place.carries === wanted).map((place) => place.at)
  return { must: at('no'), may: at('maybe') }
}

/** Whether a refusal names one of these places: the place itself, what contains it or what stands in it. */
export function namesOneOf(param: string, places: readonly string[]): boolean {
  const isInside = (inner: string, outer: string): boolean =>
    inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`)
  return places.some((place) => isInside(place, param) || isInside(param, place))
}
